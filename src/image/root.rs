//! The root directory and the resolution of every path inside it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// An open root directory.
#[derive(Debug)]
pub(super) struct Root {
    mount_point: PathBuf,
    #[expect(dead_code, reason = "helper A")]
    directory: OwnedFd,
}

impl Root {
    pub(super) fn mount_point(&self) -> &Path {
        &self.mount_point
    }
}
