//! What only a running machine knows: listening sockets, programs, the running kernel, and the instance metadata
//! service.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

mod disks;
mod memory;
pub mod metadata;
mod processes;
pub mod sockets;

/// Live facts, each found on first use.
#[derive(Debug, Default)]
pub struct Live {
    sockets: OnceLock<Result<Vec<sockets::Listener>, super::Error>>,
    metadata: OnceLock<metadata::Answer>,
}

impl Live {
    /// TCP and UDP sockets that listen, with the program behind each where it may be seen.
    ///
    /// # Errors
    /// When `/proc/net` cannot be read.
    pub fn sockets(&self) -> Result<&[sockets::Listener], super::Error> {
        self.sockets.get_or_init(sockets::listening).as_deref().map_err(Clone::clone)
    }

    /// File systems and disks of the machine that are encrypted, each in words.
    ///
    /// # Errors
    /// When the tables of the kernel cannot be read.
    pub fn encrypted(&self) -> Result<Vec<String>, super::Error> {
        disks::encrypted()
    }

    /// Whether what lies at `path` is kept in a tmpfs: gone when the machine stops, and in no image made from its disk.
    pub fn is_in_memory(&self, path: &Path) -> bool {
        memory::is_in_memory(path)
    }

    /// The files and devices that memory is swapped out to now; compressed memory is none.
    ///
    /// # Errors
    /// When `/proc/swaps` cannot be read.
    pub fn swaps(&self) -> Result<Vec<PathBuf>, super::Error> {
        memory::swaps()
    }

    /// Files that were removed while a program of theirs runs on: replaced by an update, or hidden on purpose.
    pub fn deleted_programs(&self) -> Vec<PathBuf> {
        processes::deleted()
    }

    /// The running kernel's release, as `uname -r` prints it.
    pub fn kernel_release(&self) -> String {
        nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Instance metadata; asked for once, within one second. [`Live::forbid_metadata`] first means it is never asked.
    pub fn metadata(&self) -> &metadata::Answer {
        self.metadata.get_or_init(metadata::ask)
    }

    /// The same machine with its sockets not yet looked at. What the metadata service said stays, and so does the word
    /// that it must not be asked.
    #[must_use]
    pub(super) fn refreshed(&self) -> Self {
        Self { sockets: OnceLock::new(), metadata: self.metadata.clone() }
    }

    /// Keeps the metadata service from being asked (`--no-imds`).
    pub fn forbid_metadata(&self) {
        let _ = self.metadata.set(metadata::Answer::Forbidden);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::image::{Image, Overlay};

    use super::metadata::Answer;

    #[test]
    fn forbidden_stays_forbidden() {
        let image = Image::open(Path::new("/")).unwrap();
        image.live().unwrap().forbid_metadata();
        for again in [image.refreshed(), image.drafted(Overlay::default()), image.refreshed().refreshed()] {
            assert_eq!(again.live().unwrap().metadata(), &Answer::Forbidden);
        }
    }
}
