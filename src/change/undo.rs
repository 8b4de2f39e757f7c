//! Takes runs back: exactly where nobody edited since, by three-way merge where somebody did.

use std::path::PathBuf;

use super::{ApplyError, ApplyStep, State};
use crate::image::{Error, Image};

/// What to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The last run that is not undone yet.
    Last,
    /// One run.
    Run(String),
    /// The changes one guideline made, in whichever run.
    Guideline(String),
    /// Everything, newest first.
    Everything,
}

/// What undo did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// Runs taken back (in part, for [`What::Guideline`]).
    pub runs: Vec<String>,
    /// Guidelines taken back.
    pub guidelines: Vec<String>,
    /// Files whose later edits by hand were kept.
    pub merged: Vec<PathBuf>,
    /// Commands that cannot be taken back.
    pub left: Vec<String>,
}

/// Why undo stopped; nothing was changed by it.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// Nothing to take back.
    #[error("nothing to take back: {0}")]
    Nothing(String),
    /// Somebody edited the same lines since.
    #[error("{} was edited since, at the same lines; nothing was taken back. Undo the edit, or put the file right by hand:\n{conflict}", crate::image::text::path(.path))]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The merge with its conflict marks (masked where secret).
        conflict: String,
    },
    /// Another Seaworthy works on this image.
    #[error("another seaworthy is at work on this image (process {pid}); wait for it or end it")]
    Busy {
        /// Its process id.
        pid: i32,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Takes back `what`.
///
/// # Errors
/// See [`UndoError`].
pub fn undo(
    image: &Image,
    state: &State,
    what: &What,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Undone, UndoError> {
    let _ = (image, state, what, progress);
    todo!("helper D")
}

/// Finishes an interrupted run: carries out what its journal says is left.
///
/// # Errors
/// As [`super::apply`].
pub fn finish(
    image: &Image,
    state: &State,
    run: &str,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<super::Applied, ApplyError> {
    let _ = (image, state, run, progress);
    todo!("helper D")
}
