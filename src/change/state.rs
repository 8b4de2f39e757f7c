//! Where runs, their journals and what undo needs are kept: never on the image.
//!
//! Live: `/run/seaworthy` (tmpfs). Offline: `$XDG_STATE_HOME/seaworthy/<image>` on the machine that does the work.

use std::path::{Path, PathBuf};

use crate::image::{Error, Image};

/// The directory that keeps one image's runs and session.
#[derive(Debug, Clone)]
pub struct State {
    directory: PathBuf,
}

/// One run as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id, sortable by time: `20261122T154139Z-1`.
    pub id: String,
    /// When it began, RFC 3339.
    pub at: String,
    /// The guidelines it carried out.
    pub guidelines: Vec<String>,
    /// How it stands.
    pub standing: Standing,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Carried out.
    Done,
    /// Taken back.
    Undone,
    /// Interrupted: to be finished or taken back.
    Unfinished,
}

impl State {
    /// The state directory of `image`, made if need be (mode 0700).
    ///
    /// # Errors
    /// When it cannot be made, or would lie on the image.
    pub fn of(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper D")
    }

    /// A state directory at a given place (practice and tests).
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(directory: &Path) -> Result<Self, Error> {
        let _ = directory;
        todo!("helper D")
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every run, oldest first.
    ///
    /// # Errors
    /// When the directory or a journal cannot be read.
    pub fn runs(&self) -> Result<Vec<RunSummary>, Error> {
        todo!("helper D")
    }

    /// The session file kept for the wizard: a playbook with the place where the publisher was; `None` when new.
    ///
    /// # Errors
    /// When it exists but cannot be read.
    pub fn load_session(&self) -> Result<Option<String>, Error> {
        todo!("helper D")
    }

    /// Saves the session file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_session(&self, text: &str) -> Result<(), Error> {
        let _ = text;
        todo!("helper D")
    }

    /// The lines of every run's journal, for the report.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn journal_lines(&self) -> Result<Vec<String>, Error> {
        todo!("helper D")
    }
}
