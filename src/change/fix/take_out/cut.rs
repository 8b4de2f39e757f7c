//! A text without the lines that hold a secret.

use std::path::Path;

use super::advice;
use super::lines::{self, Shape};
use crate::check::sweep::{Hit, found_in};
use crate::image::Image;

/// What is left of a text.
pub(super) struct Cut {
    pub(super) bytes: Vec<u8>,
    /// Lines, numbered as before, that hold a secret still, and why.
    pub(super) left: Vec<(u32, String)>,
    /// Nothing is left but comments, and what went was no setting: the file was the secret.
    pub(super) is_nothing: bool,
}

/// How often the text is looked through anew: each time shows a few more where one file is full of them.
const ROUNDS: usize = 64;

/// `bytes`, the text at `path`, without every line that may go and holds a secret that `counts`.
pub(super) fn cut(image: &Image, path: &Path, bytes: &[u8], counts: &dyn Fn(&Hit) -> bool) -> Cut {
    let text = String::from_utf8_lossy(bytes);
    let layout = lines::layout(path, &text);
    let is_program = lines::is_structured(path, &text);
    let mut rest: Vec<(u32, &[u8])> = (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')).collect();
    let mut left: Vec<(u32, String)> = Vec::new();
    let mut settings = 0;
    for _ in 0..ROUNDS {
        let now = rest.iter().map(|(_, line)| *line).collect::<Vec<_>>().concat();
        let found = found_in(image, path, &now);
        let found = found.iter().filter(|hit| counts(hit)).filter_map(|hit| hit.line);
        let places = found.filter_map(|line| usize::try_from(line).ok()?.checked_sub(1));
        let texts: Vec<String> = rest.iter().map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect();
        let mut going = vec![false; rest.len()];
        for place in places {
            let Some((number, _)) = rest.get(place) else { continue };
            match lines::shape(&texts, place, layout) {
                Shape::Block(end) if !is_program => {
                    going.iter_mut().take(end + 1).skip(place).for_each(|goes| *goes = true);
                }
                Shape::Bare if !is_program => mark(&mut going, place),
                Shape::Setting => {
                    settings += 1;
                    mark(&mut going, place);
                }
                _ => {
                    let why = if layout.is_none() { advice::FORMAT } else { advice::LINE };
                    if !left.iter().any(|(known, _)| known == number) {
                        left.push((*number, why.to_owned()));
                    }
                }
            }
        }
        if !going.contains(&true) {
            break;
        }
        let mut goes = going.into_iter();
        rest.retain(|_| !goes.next().unwrap_or(false));
    }
    let nothing = |line: &&[u8]| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line.starts_with(b";")
    };
    let is_nothing = settings == 0 && left.is_empty() && rest.iter().map(|(_, line)| line).all(nothing);
    left.sort();
    Cut { bytes: rest.into_iter().map(|(_, line)| line).collect::<Vec<_>>().concat(), left, is_nothing }
}

fn mark(going: &mut [bool], place: usize) {
    if let Some(goes) = going.get_mut(place) {
        *goes = true;
    }
}
