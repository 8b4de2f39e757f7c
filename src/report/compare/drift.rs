//! Drift: what is there now, beside what an older report left there.
//!
//! The older report may be anybody's: its paths are followed within the image only, and what may be secret is neither
//! compared nor shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use super::{Drift, DriftState, Drifted};
use crate::change::diff::between;
use crate::change::{Change, Plan};
use crate::image::{Body, FileNode, Image, Node, text};
use crate::report::record::unified;
use crate::report::{ChangeRecord, NodeKind, NodeRecord, Report, sha256_hex};

/// The most characters of all diffs together: 512 KiB.
const DIFFS: usize = 512 << 10;
/// The most files that are listed.
const FILES: usize = 500;

/// What became of the files that `old` changed. For a file that this preparation has changed since, by one of `runs` that
/// `old` does not know, what it was made from counts, not what it became.
pub fn drift(image: &Image, runs: &[(String, Plan)], old: &Report) -> Drift {
    let known: BTreeSet<&str> = old.changes.iter().map(|change| change.run.as_str()).collect();
    let found = found(runs.iter().filter(|(run, _)| !known.contains(run.as_str())));
    let mut first: BTreeMap<&str, &ChangeRecord> = BTreeMap::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, change) in old.changes.iter().enumerate() {
        first.entry(&change.path).or_insert(change);
        last.insert(&change.path, number);
    }
    let places: BTreeSet<usize> = last.into_values().collect();
    let mut drift = Drift::default();
    let mut room = DIFFS;
    for change in places.into_iter().filter_map(|number| old.changes.get(number)) {
        let now = match found.get(change.path.as_str()) {
            Some(node) => Ok(node.cloned()),
            None => present(image, change),
        };
        let earlier = first.get(change.path.as_str()).and_then(|first| first.before.as_ref());
        let Some(mut drifted) = one(change, earlier, now) else {
            drift.same += 1;
            continue;
        };
        if let Some(left) = room.checked_sub(drifted.diff.as_ref().map_or(0, String::len)) {
            room = left;
        } else {
            (drifted.diff, drifted.diff_truncated) = (None, true);
        }
        if drift.files.len() < FILES {
            drift.files.push(drifted);
        } else {
            drift.unlisted += 1;
        }
    }
    drift
}

/// What each path was that `runs` changed, before its first change.
fn found<'a>(runs: impl Iterator<Item = &'a (String, Plan)>) -> BTreeMap<String, Option<&'a Node>> {
    let mut found = BTreeMap::new();
    for change in runs.flat_map(|(_, plan)| &plan.steps).flat_map(|step| &step.changes) {
        if let Change::Path { path, before, .. } = change {
            found.entry(text::path(path)).or_insert(before.as_ref());
        }
    }
    found
}

/// What is there now; why it cannot be told.
fn present(image: &Image, change: &ChangeRecord) -> Result<Option<Node>, String> {
    let path = Path::new(&change.path);
    let plain = path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
    // A backslash may stand for itself or for a character that was made visible.
    if !plain || change.path.contains('\\') {
        return Err("the report does not tell its exact name".to_owned());
    }
    image.node(path).map_err(|error| error.to_string())
}

/// How the path of `change` differs from what it was left as; `None` when it does not. `earlier` is what was there before
/// the report's first change of it.
fn one(change: &ChangeRecord, earlier: Option<&NodeRecord>, now: Result<Option<Node>, String>) -> Option<Drifted> {
    let drifted = |state, detail: String| Drifted {
        path: text::visible(&change.path),
        guideline: text::visible(&change.guideline),
        change: text::visible(&change.id),
        state,
        detail,
        diff: None,
        diff_truncated: false,
    };
    let now = match now {
        Ok(now) => now,
        Err(why) => return Some(drifted(DriftState::Unknown, why)),
    };
    let (left, now) = match (&change.after, now) {
        (None, None) => return None,
        (Some(left), None) => return Some(drifted(DriftState::Gone, format!("the {} is gone", word(left.kind)))),
        (None, Some(now)) => {
            return Some(drifted(DriftState::Back, format!("it was removed, and a {} is there", kind_of(&now))));
        }
        (Some(left), Some(now)) => (left, now),
    };
    match content(change, left, &now) {
        Content::Unknown(why) => Some(drifted(DriftState::Unknown, why)),
        Content::Same => rights(left, &now).map(|detail| drifted(DriftState::Attributes, detail)),
        Content::Other(detail) => {
            let reverted = earlier.is_some_and(|earlier| matches!(content(change, earlier, &now), Content::Same));
            if reverted {
                return Some(drifted(DriftState::Reverted, "as it was before that report".to_owned()));
            }
            let (diff, diff_truncated) = shown(change, left, &now);
            Some(Drifted { diff, diff_truncated, ..drifted(DriftState::Changed, detail) })
        }
    }
}

enum Content {
    Same,
    Other(String),
    Unknown(String),
}

/// Whether `now` has the content that `left` speaks of.
fn content(change: &ChangeRecord, left: &NodeRecord, now: &Node) -> Content {
    let kind = kind_of(now);
    if word(left.kind) != kind {
        return Content::Other(format!("a {} was left, and a {kind} is there", word(left.kind)));
    }
    match now {
        Node::Directory { .. } => Content::Same,
        Node::Symlink { target, .. } if left.target.as_deref() == Some(text::path(target).as_str()) => Content::Same,
        Node::Symlink { target, .. } => Content::Other(format!("it points to {}", text::path(target))),
        Node::File(_) if change.secret => {
            Content::Unknown("it may hold secrets, so no digest was kept to compare with".to_owned())
        }
        Node::File(FileNode { body: Body::OnDisk { size, .. }, .. }) => match left.size {
            Some(left) if left != *size => Content::Other(format!("{left} bytes were left, {size} are there")),
            _ => Content::Unknown("it is too large to compare".to_owned()),
        },
        Node::File(FileNode { body: Body::Bytes(bytes), .. }) => match &left.sha256 {
            None => Content::Unknown("no digest of it was kept to compare with".to_owned()),
            Some(digest) if *digest == sha256_hex(bytes) => Content::Same,
            Some(_) => Content::Other("its content is another".to_owned()),
        },
    }
}

/// How mode or owner differ.
fn rights(left: &NodeRecord, now: &Node) -> Option<String> {
    let meta = now.meta();
    let mut words = Vec::new();
    let mode = format!("{:04o}", meta.mode);
    if let Some(left) = left.mode.as_ref().filter(|left| **left != mode) {
        words.push(format!("mode {} was left, {mode} is there", text::visible(left)));
    }
    if (left.uid, left.gid) != (meta.uid, meta.gid) {
        words.push(format!("owner {}:{} was left, {}:{} is there", left.uid, left.gid, meta.uid, meta.gid));
    }
    (!words.is_empty()).then(|| words.join("; "))
}

fn shown(change: &ChangeRecord, left: &NodeRecord, now: &Node) -> (Option<String>, bool) {
    let Some(text) = whole(change, left) else { return (None, false) };
    let before = Node::new_file(text.into_bytes(), 0);
    between(Path::new(&change.path), &before, now).map_or((None, false), |diff| unified(&diff, true, true))
}

/// The content that was left, where the diff shows all of it: what its lines come to has the digest that was kept.
fn whole(change: &ChangeRecord, left: &NodeRecord) -> Option<String> {
    let (diff, digest) = (change.diff.as_deref()?, left.sha256.as_deref()?);
    let mut text = String::new();
    let mut is_of_new = false;
    for line in diff.lines().skip(2) {
        if line.starts_with("\\ ") {
            if is_of_new {
                text.pop();
            }
            continue;
        }
        is_of_new = line.starts_with([' ', '+']);
        if let Some(line) = line.get(1..).filter(|_| is_of_new) {
            text.push_str(line);
            text.push('\n');
        }
    }
    (sha256_hex(text.as_bytes()) == digest).then_some(text)
}

fn word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::File => "file",
        NodeKind::Link => "link",
        NodeKind::Directory => "directory",
    }
}

fn kind_of(node: &Node) -> &'static str {
    match node {
        Node::File(_) => "file",
        Node::Symlink { .. } => "link",
        Node::Directory { .. } => "directory",
    }
}
