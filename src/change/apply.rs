//! Carries out a plan, journal first.

use super::{Plan, State};
use crate::image::{Error, Image};

/// Progress of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A guideline's changes begin: its place, how many there are, its id.
    Guideline {
        /// From 1.
        number: usize,
        /// How many in the plan.
        of: usize,
        /// The guideline's id.
        id: String,
    },
    /// One change is done; what it was, for the log.
    Done {
        /// `edited /etc/ssh/sshd_config`.
        what: String,
    },
    /// A line a command printed, masked.
    Output {
        /// The line.
        line: String,
    },
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The run's id, for undo.
    pub run: String,
    /// The guidelines carried out.
    pub guidelines: Vec<String>,
}

/// Why a run stopped. Unless it says otherwise, everything it had done has been taken back.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A file is not what the preview was made from.
    #[error("{} changed since the preview; nothing of this run was kept. Look at the new diff and apply again", crate::image::text::path(.path))]
    Changed {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The new sshd configuration would not start.
    #[error("sshd refuses the new configuration: {message}; nothing was changed")]
    Sshd {
        /// What sshd said.
        message: String,
    },
    /// An earlier run was interrupted and must be dealt with first.
    #[error(
        "run {run} was interrupted; finish it with `seaworthy apply --resume` or take it back with `seaworthy undo {run}` first"
    )]
    Unfinished {
        /// The run's id.
        run: String,
    },
    /// Another Seaworthy works on this image.
    #[error("another seaworthy is at work on this image (process {pid}); wait for it or end it")]
    Busy {
        /// Its process id.
        pid: i32,
    },
    /// Reading or writing failed.
    #[error("{0}; everything this run had changed was taken back")]
    Failed(#[source] Error),
    /// Reading or writing failed, and so did taking back: what is left to do is in the journal.
    #[error("{failure}; and taking back failed too: {left}. Run `seaworthy undo {run}` once the cause is mended")]
    Stuck {
        /// The run's id.
        run: String,
        /// What failed first.
        failure: Error,
        /// What failed while taking back.
        left: Error,
    },
    /// A command failed.
    #[error("`{command}` ended with {code}; the file changes before it were kept")]
    Command {
        /// Its command line.
        command: String,
        /// Its exit code or signal.
        code: String,
    },
}

/// Carries out `plan` on `image`. Every change is checked against the bytes it was made from when its turn comes.
///
/// # Errors
/// See [`ApplyError`]; each leaves the image as it was unless its text says otherwise.
pub fn apply(image: &Image, plan: &Plan, state: &State, progress: &mut dyn FnMut(Step)) -> Result<Applied, ApplyError> {
    let _ = (image, plan, state, progress);
    todo!("helper D")
}
