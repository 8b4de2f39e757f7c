//! The machine image: a root directory, live (`/`) or mounted somewhere (offline).
//!
//! This is the only room that touches the image's files, processes, sockets and metadata. Everything else asks an
//! [`Image`]. Every path is a path *inside* the image and is resolved inside it, so that no link, `..` or mount in a
//! hostile image leads out. What is read here is masked here: no password hash leaves this room.
//!
//! Judging (what is good or bad) does not belong here, nor does anything that knows of guidelines.

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub mod accounts;
pub mod ami;
pub mod archive;
pub mod cloud_init;
mod disk;
mod error;
mod file_system;
pub mod first_boot;
#[cfg(test)]
pub(crate) mod fixture;
mod glob;
pub mod initramfs;
pub mod kernel;
pub mod labels;
pub mod live;
mod look;
pub mod mounts;
pub mod network;
mod node;
pub mod os;
mod overlay;
pub mod packages;
pub mod program;
pub mod repositories;
mod resolve;
mod root;
pub mod sshd;
pub mod text;
pub mod units;
pub mod updates;
pub mod vulnerabilities;
pub mod walk;
pub mod write;

pub use disk::Disk;
pub use error::{Error, Reason};
pub use file_system::FileSystem;
pub use glob::PathPattern;
pub use look::{BODY_LIMIT, ENTRY_LIMIT, READ_LIMIT, TABLE_LIMIT, TABLE_LINES};
pub use node::{Body, Entry, FileNode, Kind, Meta, Node, Stamp};
pub use overlay::Overlay;

/// Whether the image is the machine we run on or a directory where one is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The image is `/`, and it is running.
    Live,
    /// The image is a directory; nothing from it is ever executed.
    Offline,
}

/// One machine image and what has been found out about it.
///
/// Facts are worked out on first use and kept; an `Image` shows one moment. After a change, open it anew (or call
/// [`Image::refreshed`]). Cheap to share between threads.
#[derive(Debug)]
pub struct Image {
    root: Arc<root::Root>,
    overlay: Overlay,
    mode: Mode,
    facts: Facts,
}

/// What has been found out so far; each is worked out once, on first use.
#[derive(Debug, Default)]
struct Facts {
    os: OnceLock<Result<os::Os, Error>>,
    arch: OnceLock<Option<&'static str>>,
    accounts: OnceLock<Result<accounts::Accounts, Error>>,
    sshd: OnceLock<Result<sshd::Sshd, Error>>,
    cloud_init: OnceLock<Result<cloud_init::CloudInit, Error>>,
    units: OnceLock<Result<units::Units, Error>>,
    packages: OnceLock<Result<packages::Packages, Error>>,
    repositories: OnceLock<Result<repositories::Repositories, Error>>,
    network: OnceLock<Result<network::Network, Error>>,
    live: Arc<OnceLock<live::Live>>,
}

impl Image {
    /// Opens the directory `root` as an image. `/` is live, everything else offline.
    ///
    /// # Errors
    /// When the directory cannot be opened, or holds nothing that looks like a Linux root (`/etc` and `/usr` or `/bin`).
    pub fn open(root: &Path) -> Result<Self, Error> {
        Self::of(root::Root::open(root)?)
    }

    fn of(root: root::Root) -> Result<Self, Error> {
        let mode = if root.mount_point() == Path::new("/") { Mode::Live } else { Mode::Offline };
        let image = Self { root: Arc::new(root), overlay: Overlay::default(), mode, facts: Facts::default() };
        let has =
            |path: &str| image.stat(Path::new(path)).map(|meta| meta.is_some_and(|meta| meta.kind == Kind::Directory));
        if has("/etc")? && (has("/usr")? || has("/bin")?) {
            return Ok(image);
        }
        let what = "it does not look like a Linux root: it has no /etc, or neither /usr nor /bin; \
                    give the directory the image's root file system is mounted on";
        Err(Error::malformed("open", image.mount_point(), what))
    }

    /// The same image, taken for the running machine.
    #[cfg(test)]
    pub(crate) fn taken_for_live(self) -> Self {
        Self { mode: Mode::Live, ..self }
    }

    /// Has everything that was written to the file system of the root put on its disk (syncfs(2)).
    ///
    /// # Errors
    /// When the disk reports that something could not be written.
    pub fn sync(&self) -> Result<(), Error> {
        self.root.sync()
    }

    /// Live or offline.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Where the image is mounted on this machine, for people to read; never joined with paths from the image.
    pub fn mount_point(&self) -> &Path {
        self.root.mount_point()
    }

    /// The same image with no fact remembered: what is on the disk now.
    #[must_use]
    pub fn refreshed(&self) -> Self {
        let live = self.facts.live.get().map(live::Live::refreshed).map_or_else(OnceLock::new, OnceLock::from);
        let facts = Facts { live: Arc::new(live), ..Facts::default() };
        Self { root: Arc::clone(&self.root), overlay: self.overlay.clone(), mode: self.mode, facts }
    }

    /// The image as it would be after `overlay`: reads see the overlay first. Nothing is written.
    /// This is how a plan is tried before it is carried out. Live facts (sockets, kernel, metadata) are shared.
    #[must_use]
    pub fn drafted(&self, overlay: Overlay) -> Self {
        let facts = Facts { live: Arc::clone(&self.facts.live), ..Facts::default() };
        Self { root: Arc::clone(&self.root), overlay, mode: self.mode, facts }
    }

    /// The overlay this image is seen through; empty for the image as it is.
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// What `os-release` says.
    ///
    /// # Errors
    /// When there is none or it cannot be read.
    pub fn os(&self) -> Result<&os::Os, Error> {
        fact(&self.facts.os, || os::Os::read(self))
    }

    /// The CPU architecture of the image's own programs (`x86_64`, `aarch64` …), read from their ELF header.
    pub fn arch(&self) -> Option<&'static str> {
        *self.facts.arch.get_or_init(|| os::arch(self))
    }

    /// Users, groups and homes, from the image's own `passwd`, `shadow`, `group` and `gshadow`.
    ///
    /// # Errors
    /// When `passwd` cannot be read. An unreadable `shadow` is kept as an error inside.
    pub fn accounts(&self) -> Result<&accounts::Accounts, Error> {
        fact(&self.facts.accounts, || accounts::Accounts::read(self))
    }

    /// The SSH server's configuration.
    ///
    /// # Errors
    /// When a configuration file exists but cannot be read.
    pub fn sshd(&self) -> Result<&sshd::Sshd, Error> {
        fact(&self.facts.sshd, || sshd::Sshd::read(self))
    }

    /// cloud-init's merged configuration and whether it will run.
    ///
    /// # Errors
    /// When a configuration file exists but cannot be read.
    pub fn cloud_init(&self) -> Result<&cloud_init::CloudInit, Error> {
        fact(&self.facts.cloud_init, || cloud_init::CloudInit::read(self))
    }

    /// systemd units: what exists, what is enabled, what is masked.
    ///
    /// # Errors
    /// When a unit directory cannot be read.
    pub fn units(&self) -> Result<&units::Units, Error> {
        fact(&self.facts.units, || units::Units::read(self))
    }

    /// Installed packages, from the dpkg or rpm database.
    ///
    /// # Errors
    /// When a database is there but cannot be read or understood.
    pub fn packages(&self) -> Result<&packages::Packages, Error> {
        fact(&self.facts.packages, || packages::Packages::read(self))
    }

    /// Where packages come from, and whether their signatures are checked.
    ///
    /// # Errors
    /// When a file of them cannot be read or understood.
    pub fn repositories(&self) -> Result<&repositories::Repositories, Error> {
        fact(&self.facts.repositories, || repositories::Repositories::read(self))
    }

    /// How network cards are configured at boot.
    ///
    /// # Errors
    /// When a file that configures them is there but cannot be read.
    pub fn network(&self) -> Result<&network::Network, Error> {
        fact(&self.facts.network, || network::Network::read(self))
    }

    /// Sockets, kernel and instance metadata; `None` offline.
    pub fn live(&self) -> Option<&live::Live> {
        (self.mode == Mode::Live).then(|| self.facts.live.get_or_init(live::Live::default))
    }
}

fn fact<T>(cell: &OnceLock<Result<T, Error>>, find: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
    cell.get_or_init(find).as_ref().map_err(Clone::clone)
}
