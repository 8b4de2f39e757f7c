//! Diffs, drawn from the very bytes that will be written: for screens, as a patch, and for the report.

use std::path::PathBuf;

use super::{Change, Plan};

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
    let _ = (change, context);
    todo!("helper D")
}

/// The whole plan as one patch that `git apply` and `patch -p1` accept in the image's root. Several changes of one file
/// appear as one. Secret content, removals and commands appear as `#` comment lines between the hunks.
pub fn patch(plan: &Plan) -> String {
    let _ = plan;
    todo!("helper D")
}
