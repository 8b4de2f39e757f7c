//! systemd units: which exist, which are enabled, which are masked (systemd.unit(5), systemctl(1) `is-enabled`).
//!
//! Worked out from the unit directories and their links alone, the same live and offline. What units do when they run
//! does not belong here.

use std::collections::HashSet;
use std::path::PathBuf;

use super::{Error, Image, Mode};

mod directory;
mod install;
mod presets;
mod state;
mod sysv;

pub use presets::{Decided, Preset, Presets};

use directory::Directory;

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
    /// Indirect, linked, or changed for this boot only (`enabled-runtime`, `masked-runtime`): not to be judged by
    /// links alone.
    Other,
    /// There is no such unit.
    Missing,
}

/// One unit file, or one instance of a template that a link names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Full name with its suffix: `ssh.service`.
    pub name: String,
    /// The file that counts (`/etc/systemd/system` beats `/run` beats `/usr/lib`).
    pub path: PathBuf,
    /// Enabled, masked …
    pub state: State,
    /// The links that enable it, those the vendor put in place included.
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
    /// What a first boot does with units that are disabled.
    pub presets: Presets,
}

/// Where unit files lie, the strongest first (systemd.unit(5), "System Unit Search Path").
const SEARCH_PATH: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

impl Units {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let live = image.mode() == Mode::Live;
        let mut directories: Vec<Directory> = Vec::new();
        let mut seen = Vec::new();
        for path in SEARCH_PATH.iter().filter(|path| live || !path.starts_with("/run/")) {
            let real = image.real_path(path.as_ref())?;
            if !seen.contains(&real) {
                directories.push(Directory::read(image, path.as_ref())?);
                seen.push(real);
            }
        }
        let mut units = state::judge(&directories);
        let mut scripts = sysv::scripts(image)?;
        let native: HashSet<&String> =
            units.units.iter().flat_map(|unit| std::iter::once(&unit.name).chain(&unit.aliases)).collect();
        scripts.retain(|script| !native.contains(&script.name));
        units.units.extend(scripts);
        units.units.sort_by(|one, other| one.name.cmp(&other.name));
        units.presets = Presets::read(image)?;
        Ok(units)
    }

    /// The unit called `name` (full name or alias; `.service` may be left off). An alias that several units claim is
    /// the enabled one's.
    pub fn unit(&self, name: &str) -> Option<&Unit> {
        let name = full_name(name);
        let exact = || self.units.binary_search_by(|unit| unit.name.as_str().cmp(&name)).ok();
        let alias = |unit: &&Unit| unit.aliases.contains(&name);
        exact()
            .and_then(|at| self.units.get(at))
            .or_else(|| self.units.iter().filter(|unit| unit.state == State::Enabled).find(alias))
            .or_else(|| self.units.iter().find(alias))
    }

    /// What `systemctl is-enabled name` would say; for an alias, what it says of the unit behind it; for an instance
    /// that no link names, what its template allows.
    pub fn state(&self, name: &str) -> State {
        if let Some(unit) = self.unit(name) {
            return unit.state;
        }
        let template = template_of(&full_name(name)).and_then(|template| self.unit(&template));
        match template.map(|unit| unit.state) {
            Some(State::Enabled | State::Other) => State::Disabled,
            Some(state) => state,
            None => State::Missing,
        }
    }
}

/// The suffixes of systemd.unit(5).
const SUFFIXES: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

fn is_unit_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, suffix)| !stem.is_empty() && SUFFIXES.contains(&suffix))
}

fn full_name(name: &str) -> String {
    if is_unit_name(name) { name.to_owned() } else { format!("{name}.service") }
}

/// `getty@.service` for `getty@tty1.service`; `None` for a template or a unit without `@`.
fn template_of(name: &str) -> Option<String> {
    let (stem, suffix) = name.rsplit_once('.')?;
    let (prefix, instance) = stem.split_once('@')?;
    (!instance.is_empty()).then(|| format!("{prefix}@.{suffix}"))
}

#[cfg(test)]
mod tests;
