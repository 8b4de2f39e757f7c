//! systemd units: which exist, which are enabled, which are masked (systemd.unit(5), systemctl(1) `is-enabled`).
//!
//! Worked out from the unit directories and their links alone, the same live and offline.

use std::path::PathBuf;

use super::{Error, Image};

/// What `systemctl is-enabled` would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A `.wants`, `.requires` or alias link starts it at boot.
    Enabled,
    /// It has an `[Install]` section and no link.
    Disabled,
    /// It is a link to `/dev/null` (or empty): nothing can start it.
    Masked,
    /// No `[Install]` section; started by others.
    Static,
    /// Made by a generator, transient, an alias or indirect: not to be judged by links alone.
    Other,
    /// There is no such unit.
    Missing,
}

/// One unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Full name with its suffix: `ssh.service`.
    pub name: String,
    /// The file that counts (`/etc/systemd/system` beats `/run` beats `/usr/lib`).
    pub path: PathBuf,
    /// Enabled, masked …
    pub state: State,
    /// The links that enable it.
    pub enabled_by: Vec<PathBuf>,
    /// Other names of it (links to it, `Alias=`).
    pub aliases: Vec<String>,
}

/// Every unit of the image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// Sorted by name. SysV scripts without a native unit appear as `name.service`.
    pub units: Vec<Unit>,
    /// The target reached at boot, such as `multi-user.target`.
    pub default_target: Option<String>,
}

impl Units {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper C")
    }

    /// The unit called `name` (full name or alias; `.service` may be left off).
    pub fn unit(&self, name: &str) -> Option<&Unit> {
        let _ = name;
        todo!("helper C")
    }

    /// What `systemctl is-enabled name` would say.
    pub fn state(&self, name: &str) -> State {
        self.unit(name).map_or(State::Missing, |unit| unit.state)
    }
}
