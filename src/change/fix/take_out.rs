//! Takes out the secrets that the sweep found: a file that is nothing but a secret goes, from settings written line by
//! line the line goes, and for everything else a person is told what to do.
//!
//! Nothing goes that a service's configuration names: without it the service would not start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{real, remove};
use crate::catalogue::{Check, SweptKind};
use crate::change::remedy::Left;
use crate::change::{Change, Remedy, links};
use crate::check::kinds::swept::is_allowed;
use crate::check::places::Excused;
use crate::check::sweep::{Hit, found_in, without_aws_keys};
use crate::check::{Context, Finding, OBSERVATION_LIMIT};
use crate::image::{Error, Image, Kind, Node, text};

mod advice;
mod cut;
pub(in crate::change) mod lines;
mod named;
#[cfg(test)]
mod tests;

/// What a guideline says of its secrets.
#[derive(Debug, Clone, Copy)]
pub(in crate::change) struct Wanted<'a> {
    /// Patterns of paths that are for a person.
    pub(in crate::change) keep: &'a [String],
    /// Why, in a sentence or two.
    pub(in crate::change) why: &'a str,
    /// Patterns of paths that hold nothing but a secret.
    pub(in crate::change) whole: &'a [String],
}

/// What is done about one file.
enum Done {
    Change(Node),
    Remove,
    /// What of it stays and why, each the end of a sentence that begins with the place.
    Part(Option<Node>, Vec<(Option<u32>, String)>),
}

pub(in crate::change) fn remedy(
    image: &Image,
    check: &Check,
    wanted: Wanted<'_>,
    finding: &Finding,
    context: &Context,
) -> Result<Remedy, Error> {
    let Check::Swept { kind, .. } = check else { return remove::remedy(image, finding) };
    let keep = Excused::new(image, wanted.keep)?;
    let whole = Excused::new(image, wanted.whole)?;
    let mut seen: BTreeMap<PathBuf, BTreeSet<Option<u32>>> = BTreeMap::new();
    for observation in &finding.observations {
        if let Some(path) = &observation.path {
            seen.entry(real(image, path)?).or_default().insert(observation.line);
        }
    }
    let mut members: BTreeMap<&Path, &str> = BTreeMap::new();
    let hits = context.sweep.as_deref().into_iter().flat_map(|sweep| sweep.hits(*kind, image));
    for hit in hits {
        if let Some(member) = &hit.inside {
            members.entry(&hit.path).or_insert(member);
        }
    }

    let users = named::by(image, &seen.keys().cloned().collect::<Vec<_>>());
    let reader = |path: &Path| match &users {
        Ok(users) => users.get(path).map(advice::in_use),
        // Nobody knows who reads it.
        Err(error) => Some(error.to_string()),
    };
    let unfound = links::unfound(image, seen.keys().map(PathBuf::as_path))?;
    let (mut changes, mut left) = (Vec::new(), Vec::new());
    let mut gone = Vec::new();
    for (path, lines) in &seen {
        let stays =
            |line: Option<u32>, why: String| Left { path: path.clone(), what: advice::of(*kind, path, line, &why) };
        if keep.has(path) {
            left.push(Left { path: path.clone(), what: format!("{}: {}", text::path(path), wanted.why) });
            continue;
        }
        if advice::keeps_reachable(path) {
            left.push(stays(None, advice::REACHED.to_owned()));
            continue;
        }
        let done = match members.get(path.as_path()) {
            Some(member) => Done::Part(None, vec![(None, advice::archive(member))]),
            None if unfound.contains_key(path) => {
                let why = unfound.get(path).map(|why| advice::links(why)).unwrap_or_default();
                Done::Part(None, lines.iter().map(|line| (*line, why.clone())).collect())
            }
            None => file(image, *kind, path, lines, whole.has(path), context)?,
        };
        // What goes whole, and a key: what reads it would not start.
        if is_needed(&done, *kind)
            && let Some(why) = reader(path)
        {
            left.push(stays(None, why));
            continue;
        }
        match done {
            Done::Change(after) => changes.extend(edit(image, path, after)?),
            Done::Remove => gone.push(path.clone()),
            Done::Part(after, rest) => {
                if let Some(after) = after {
                    changes.extend(edit(image, path, after)?);
                }
                left.extend(rest.into_iter().map(|(line, why)| stays(line, why)));
            }
        }
    }
    match remove::all(image, &gone)? {
        Remedy::Changes(removals) => changes.extend(removals),
        by_hand => return Ok(by_hand),
    }
    if finding.observations.len() >= OBSERVATION_LIMIT {
        // Whatever is not listed may be anywhere.
        let what = "More places were found than are listed: choose this again when these are done.".to_owned();
        left.push(Left { path: PathBuf::from("/"), what });
    }
    Ok(if left.is_empty() {
        Remedy::Changes(changes)
    } else if changes.is_empty() {
        Remedy::ByHand(advice::joined(&left))
    } else {
        Remedy::Part { changes, left }
    })
}

/// Whether a service that names the file would miss what goes.
fn is_needed(done: &Done, kind: SweptKind) -> bool {
    match done {
        Done::Remove => true,
        Done::Change(_) | Done::Part(Some(_), _) => kind == SweptKind::PrivateKey,
        Done::Part(None, _) => false,
    }
}

fn edit(image: &Image, path: &Path, after: Node) -> Result<Option<Change>, Error> {
    let before = image.node(path)?;
    let differs = before.as_ref() != Some(&after);
    Ok(differs.then(|| Change::Path { path: path.to_owned(), before, after: Some(after), secret: true }))
}

/// What to do about the file at `path`, in which a secret of sort `kind` was seen on `lines`.
fn file(
    image: &Image,
    kind: SweptKind,
    path: &Path,
    lines: &BTreeSet<Option<u32>>,
    is_whole: bool,
    context: &Context,
) -> Result<Done, Error> {
    let told = |why: &str| Ok(Done::Part(None, lines.iter().map(|line| (*line, why.to_owned())).collect()));
    let Some(meta) = image.lstat(path)? else { return Ok(Done::Part(None, Vec::new())) };
    if meta.kind != Kind::File {
        return Ok(Done::Remove);
    }
    if advice::is_layer(path) {
        return told(advice::LAYER);
    }
    if is_whole {
        return Ok(Done::Remove);
    }
    let Some(before) = image.node(path)? else { return Ok(Done::Part(None, Vec::new())) };
    let Some(bytes) = before.bytes() else { return told(advice::LARGE) };
    // A place known for what it holds, a key store, a file of memory: nothing in it is of use without the secret.
    if lines.iter().all(Option::is_none) || is_core_dump(bytes) {
        return Ok(Done::Remove);
    }
    if memchr::memchr(0, bytes).is_some() {
        return told(advice::BINARY);
    }
    let counts = |hit: &Hit| hit.kind == kind && !is_allowed(context, hit);
    let cut::Cut { mut bytes, left, is_nothing } = cut::cut(image, path, bytes, &counts);
    if is_nothing {
        return Ok(Done::Remove);
    }
    let mut left: Vec<_> = left.into_iter().map(|(line, why)| (Some(line), why)).collect();
    if kind == SweptKind::AwsKey && !left.is_empty() {
        // In quotes or not, a word in the place of another leaves every format whole.
        bytes = without_aws_keys(&bytes).unwrap_or(bytes);
        left.retain(|_| found_in(image, path, &bytes).iter().any(counts));
    }
    let after = before.with_bytes(bytes);
    Ok(if left.is_empty() { Done::Change(after) } else { Done::Part(Some(after), left) })
}

/// An ELF file that is the memory of a program that broke down (elf(5), `ET_CORE`).
fn is_core_dump(bytes: &[u8]) -> bool {
    let kind = match (bytes.get(5), bytes.get(16), bytes.get(17)) {
        (Some(1), Some(low), Some(high)) => u16::from_le_bytes([*low, *high]),
        (Some(2), Some(high), Some(low)) => u16::from_be_bytes([*high, *low]),
        _ => return false,
    };
    bytes.starts_with(b"\x7fELF") && kind == 4
}
