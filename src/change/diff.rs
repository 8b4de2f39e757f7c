//! Diffs, drawn from the very bytes that will be written: for screens, as a patch, and for the report.

use std::path::{Path, PathBuf};

use super::Change;
use super::secret::is_secret;
use crate::image::{Body, Node, text};

mod lines;
mod mask;
mod patch;

pub use patch::patch;

/// The sign of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// In both.
    Same,
    /// Only before.
    Removed,
    /// Only after.
    Added,
}

/// One line of a diff. The text is as it is in the file (or masked): escape it before showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Same, removed or added.
    pub sign: Sign,
    /// Line number before, from 1.
    pub old: Option<usize>,
    /// Line number after, from 1.
    pub new: Option<usize>,
    /// The text in pieces; `true` where it differs from its partner line.
    pub pieces: Vec<(bool, String)>,
    /// The file's last line, without a newline at its end.
    pub no_newline: bool,
}

/// What one change does to one path, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// The path inside the image; empty for a command.
    pub path: PathBuf,
    /// What happens in a few words: `edited`, `new file, mode 0644`, `removed, 112 bytes`, `link to /dev/null`,
    /// `mode 0644 to 0600`, or the command line.
    pub headline: String,
    /// Hunks of lines with three lines of context; empty for what has no text to show.
    pub hunks: Vec<Vec<Line>>,
    /// The content is masked.
    pub masked: bool,
    /// Lines added and removed.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

/// The diff of one change, with `context` lines around each hunk.
pub fn of(change: &Change, context: usize) -> FileDiff {
    let (path, before, after, secret) = match change {
        Change::Path { path, before, after, secret } => (path, before.as_ref(), after.as_ref(), *secret),
        Change::Command { argv, .. } => {
            let headline = argv.iter().map(|word| text::visible(word)).collect::<Vec<_>>().join(" ");
            return FileDiff { path: PathBuf::new(), headline, hunks: vec![], masked: false, added: 0, removed: 0 };
        }
    };
    let mut diff = FileDiff {
        path: path.clone(),
        headline: headline(before, after),
        hunks: vec![],
        masked: secret,
        added: 0,
        removed: 0,
    };
    let Some((old, new)) = texts(before, after) else { return diff };
    let masked = secret.then(|| mask::masked(path, &old).zip(mask::masked(path, &new)));
    let (old, new) = match masked {
        None => (old, new),
        Some(Some(masked)) => masked,
        Some(None) => {
            (diff.added, diff.removed) = lines::count(&old, &new);
            diff.headline.push_str(&not_shown(&diff));
            return diff;
        }
    };
    diff.hunks = lines::hunks(&old, &new, context);
    let count = |sign| diff.hunks.iter().flatten().filter(|line| line.sign == sign).count();
    (diff.added, diff.removed) = (count(Sign::Added), count(Sign::Removed));
    diff
}

/// What differs between two files at `path`, three lines around each hunk; `None` when either may hold a secret.
pub fn between(path: &Path, before: &Node, after: &Node) -> Option<FileDiff> {
    if is_secret(path, Some(before), Some(after)) {
        return None;
    }
    let (before, after) = (Some(before.clone()), Some(after.clone()));
    Some(of(&Change::Path { path: path.to_owned(), before, after, secret: false }, 3))
}

fn not_shown(diff: &FileDiff) -> String {
    match (diff.added, diff.removed) {
        (0, 0) => String::new(),
        (0, 1) => ", 1 line, content not shown".to_owned(),
        (0, removed) => format!(", {removed} lines, content not shown"),
        (added, removed) => format!(", +{added} -{removed} lines, content not shown"),
    }
}

/// Both sides as text, where there is text to compare: not for links, directories and binary files, nor where the
/// content stays.
fn texts(before: Option<&Node>, after: Option<&Node>) -> Option<(String, String)> {
    let side = |node: Option<&Node>| match node {
        None => Some(String::new()),
        Some(node) => {
            let bytes = node.bytes()?;
            (!is_binary(bytes)).then(|| String::from_utf8_lossy(bytes).into_owned())
        }
    };
    let (old, new) = (side(before)?, side(after)?);
    (old != new).then_some((old, new))
}

/// As git decides it: a NUL among the first 8000 bytes.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(8000).any(|byte| *byte == 0)
}

/// What happens, in a few words.
fn headline(before: Option<&Node>, after: Option<&Node>) -> String {
    match (before, after) {
        (None, None) => "nothing".to_owned(),
        (Some(Node::Symlink { target, .. }), None) => format!("removed, a link to {}", text::path(target)),
        (Some(Node::Directory { .. }), None) => "removed, an empty directory".to_owned(),
        (Some(Node::File(file)), None) => format!("removed, {} bytes", size(&file.body)),
        (_, Some(Node::Symlink { target, .. })) => format!("link to {}", text::path(target)),
        (None, Some(Node::Directory { mode, .. })) => format!("new directory, mode {mode:04o}"),
        (None, Some(Node::File(file))) => format!("new file, mode {:04o}", file.mode),
        (Some(before), Some(after)) => edited(before, after),
    }
}

fn edited(before: &Node, after: &Node) -> String {
    let mut words = Vec::new();
    match (before, after) {
        (Node::File(old), Node::File(new)) if old.body != new.body => {
            words.push(match (&old.body, &new.body) {
                (_, Body::Bytes(bytes)) if bytes.is_empty() => format!("emptied, {} bytes", size(&old.body)),
                (Body::Bytes(old), Body::Bytes(new)) if is_binary(old) || is_binary(new) => {
                    format!("edited, binary, {} to {} bytes", old.len(), new.len())
                }
                _ => "edited".to_owned(),
            });
        }
        (Node::File(_), Node::File(_)) | (Node::Directory { .. }, Node::Directory { .. }) => {}
        (before, after) => words.push(format!("{} becomes {}", before.kind(), after.kind())),
    }
    if let (Some((mode, owner)), Some((new_mode, new_owner))) = (rights(before), rights(after)) {
        if mode != new_mode {
            words.push(format!("mode {mode:04o} to {new_mode:04o}"));
        }
        if owner != new_owner {
            words.push(format!("owner {}:{} to {}:{}", owner.0, owner.1, new_owner.0, new_owner.1));
        }
    }
    words.join(", ")
}

fn rights(node: &Node) -> Option<(u32, (u32, u32))> {
    match node {
        Node::File(file) => Some((file.mode, (file.uid, file.gid))),
        Node::Directory { mode, uid, gid } => Some((*mode, (*uid, *gid))),
        Node::Symlink { .. } => None,
    }
}

fn size(body: &Body) -> u64 {
    match body {
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::OnDisk { size, .. } => *size,
    }
}

#[cfg(test)]
mod tests;
