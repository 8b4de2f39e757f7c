//! Throw-away practice images, full of realistic mistakes, for training.

use std::path::{Path, PathBuf};

/// A practice image on disk; removed when dropped.
#[derive(Debug)]
pub struct PracticeImage {
    directory: tempfile::TempDir,
}

impl PracticeImage {
    /// Builds the lesson called `lesson` (the default one for `None`) in a new temporary directory. Needs no root.
    ///
    /// # Errors
    /// When there is no such lesson, or the directory cannot be written.
    pub fn build(lesson: Option<&str>) -> anyhow::Result<Self> {
        let _ = lesson;
        todo!("helper H")
    }

    /// The image's root.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Where its runs and session are kept.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The whole temporary directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}
