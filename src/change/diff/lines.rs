//! Lines of two texts compared.

use std::time::{Duration, Instant};

use similar::{DiffOp, DiffTag, diff_ratio, group_diff_ops};

use super::{Line, Sign};
use crate::change::compare::operations;

/// Files crafted to be hard to compare get a coarser diff after this long, never a wrong one.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much of two lines must be the same words for the others to be marked.
const ALIKE: f32 = 0.5;

/// A line is what ends in a newline: a lone carriage return is part of its line, as for git and patch.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compared(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    fn bytes<'a>(texts: &[&'a str]) -> Vec<&'a [u8]> {
        texts.iter().map(|text| text.as_bytes()).collect()
    }
    operations(&bytes(old), &bytes(new), Some(Instant::now() + PATIENCE))
}

/// Hunks with `context` lines around what differs.
pub(super) fn hunks(old: &str, new: &str, context: usize) -> Vec<Vec<Line>> {
    let (old, new) = (split(old), split(new));
    let groups = group_diff_ops(compared(&old, &new), context);
    groups.into_iter().map(|group| group.into_iter().flat_map(|op| lines(&old, &new, op)).collect()).collect()
}

/// The lines of one operation.
fn lines(old: &[&str], new: &[&str], op: DiffOp) -> Vec<Line> {
    let (tag, removed, added) = op.as_tag_tuple();
    let (old_lines, new_lines) =
        (old.get(removed.clone()).unwrap_or_default(), new.get(added.clone()).unwrap_or_default());
    if tag == DiffTag::Equal {
        let both = old_lines.iter().zip(removed).zip(added);
        return both.map(|((text, old), new)| line(Sign::Same, (Some(old), Some(new)), text, Vec::new())).collect();
    }
    let (mut before, mut after) = match tag {
        DiffTag::Replace => differing(old_lines, new_lines),
        _ => (Vec::new(), Vec::new()),
    };
    before.resize_with(old_lines.len(), Vec::new);
    after.resize_with(new_lines.len(), Vec::new);
    let removals = old_lines.iter().zip(removed).zip(before);
    let additions = new_lines.iter().zip(added).zip(after);
    removals
        .map(|((text, old), pieces)| line(Sign::Removed, (Some(old), None), text, pieces))
        .chain(additions.map(|((text, new), pieces)| line(Sign::Added, (None, Some(new)), text, pieces)))
        .collect()
}

/// One line; `pieces` of its text as they were compared, or none.
fn line(sign: Sign, (old, new): (Option<usize>, Option<usize>), text: &str, mut pieces: Pieces) -> Line {
    // A line that differs from end to end is not marked: its sign says that already.
    if pieces.iter().all(|(differs, _)| *differs) {
        let whole = without_newline(text);
        pieces = if whole.is_empty() { Vec::new() } else { vec![(false, whole.to_owned())] };
    }
    let from_one = |index: Option<usize>| index.map(|index| index + 1);
    Line { sign, old: from_one(old), new: from_one(new), pieces, no_newline: !text.ends_with('\n') }
}

fn without_newline(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

/// The pieces of one line; `true` where it differs.
type Pieces = Vec<(bool, String)>;

/// Which words differ between lines that replace each other, for each line; nothing where they have little in common.
fn differing(old: &[&str], new: &[&str]) -> (Vec<Pieces>, Vec<Pieces>) {
    let (old, new) = (words(old), words(new));
    let (old_texts, new_texts): (Vec<_>, Vec<_>) =
        (old.iter().map(|(_, text)| *text).collect(), new.iter().map(|(_, text)| *text).collect());
    let ops = compared(&old_texts, &new_texts);
    if diff_ratio(&ops, old.len(), new.len()) < ALIKE {
        return (Vec::new(), Vec::new());
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for op in ops {
        let (tag, removed, added) = op.as_tag_tuple();
        let differs = tag != DiffTag::Equal;
        mark(&mut before, old.get(removed).unwrap_or_default(), differs);
        mark(&mut after, new.get(added).unwrap_or_default(), differs);
    }
    (before, after)
}

/// Adds `words` to the pieces of their lines.
fn mark(lines: &mut Vec<Pieces>, words: &[(usize, &str)], differs: bool) {
    for (line, word) in words {
        if lines.len() <= *line {
            lines.resize_with(line + 1, Vec::new);
        }
        let Some(pieces) = lines.last_mut() else { continue };
        match pieces.last_mut() {
            Some((last, piece)) if *last == differs => piece.push_str(word),
            _ => pieces.push((differs, (*word).to_owned())),
        }
    }
}

/// The words of lines and what is blank between them, each with the number of its line.
fn words<'a>(lines: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut words = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut rest = without_newline(line);
        while let Some(first) = rest.chars().next() {
            let is_blank = first.is_whitespace();
            let end = rest.find(|sign: char| sign.is_whitespace() != is_blank).unwrap_or(rest.len());
            let (word, more) = rest.split_at(end);
            words.push((number, word));
            rest = more;
        }
    }
    words
}

/// How many lines are added and removed.
pub(super) fn count(old: &str, new: &str) -> (usize, usize) {
    compared(&split(old), &split(new)).into_iter().fold((0, 0), |(added, removed), op| match op.tag() {
        DiffTag::Equal => (added, removed),
        _ => (added + op.new_range().len(), removed + op.old_range().len()),
    })
}
