//! What only a running machine knows: listening sockets, the running kernel, and the instance metadata service.

use std::sync::OnceLock;

pub mod metadata;
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

    /// The running kernel's release, as `uname -r` prints it.
    pub fn kernel_release(&self) -> String {
        nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Instance metadata; asked for once, within one second. [`Live::forbid_metadata`] first means it is never asked.
    pub fn metadata(&self) -> &metadata::Answer {
        self.metadata.get_or_init(metadata::ask)
    }

    /// Keeps the metadata service from being asked (`--no-imds`).
    pub fn forbid_metadata(&self) {
        let _ = self.metadata.set(metadata::Answer::Forbidden);
    }
}
