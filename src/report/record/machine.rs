//! The machine, the person in front of it, and what this program left there, in the report's words.

use std::fmt::Write as _;
use std::path::Path;

use super::{Clock, ImageInfo, MachineId, Operator, OwnTrace, Packages};
use crate::change::{State, created};
use crate::image::live::Live;
use crate::image::live::clock::clock;
use crate::image::live::sessions::Door;
use crate::image::packages::Database;
use crate::image::text::{path, visible};
use crate::image::{Error, Image};
use crate::report::sha256_hex;

impl ImageInfo {
    /// The same with what the kernel, the disk and the package database say.
    pub(super) fn with_facts(self, image: &Image) -> Self {
        let (live, disk) = (image.live(), image.disk());
        Self {
            boot_id: live.and_then(Live::boot_id),
            machine_id: machine_id(image),
            filesystem_uuid: disk.filesystem,
            partition_uuid: disk.partition,
            virtualization: live.and_then(Live::virtualization),
            security: live.map_or_else(|| configured(image), Live::security),
            fips: live.and_then(Live::fips),
            packages: packages(image),
            ..self
        }
    }
}

/// The state of machine-id(5).
fn machine_id(image: &Image) -> Option<MachineId> {
    let text = image.read_text(Path::new("/etc/machine-id")).ok()?;
    let (state, sha256) = match text.as_deref().map(str::trim) {
        None => ("missing", None),
        Some("") => ("empty", None),
        Some("uninitialized") => ("uninitialized", None),
        Some(id) => ("set", Some(sha256_hex(id.as_bytes()))),
    };
    Some(MachineId { state: state.to_owned(), sha256 })
}

/// The mode that selinux(8) is to start in.
fn configured(image: &Image) -> Option<String> {
    let config = image.read_text(Path::new("/etc/selinux/config")).ok()??;
    let mut modes = config.lines().filter_map(|line| line.trim().strip_prefix("SELINUX="));
    let mode = modes.next_back()?.trim().to_ascii_lowercase();
    ["enforcing", "permissive", "disabled"].contains(&mode.as_str()).then(|| format!("selinux: {mode}"))
}

fn packages(image: &Image) -> Option<Packages> {
    let installed = image.packages().ok().filter(|installed| installed.database != Database::None)?;
    let mut list = String::new();
    for package in &installed.packages {
        // Writing to a string cannot fail.
        let _ = writeln!(list, "{} {} {}", package.name, package.version, package.arch);
    }
    Some(Packages { count: installed.packages.len(), sha256: sha256_hex(list.as_bytes()) })
}

impl Clock {
    /// The clock of the machine this program runs on, which may be `image`.
    pub fn of_this_machine(image: &Image) -> Self {
        let found = clock(image);
        Self { synchronised: found.synchronised, source: found.source }
    }
}

impl Operator {
    /// Whoever runs this program: the account, `named` where the machine has no name for it, and how they are connected to
    /// `image`, where that is the running machine.
    pub fn of(image: &Image, named: Option<&str>, sudo_user: Option<&str>) -> Self {
        let uid = nix::unistd::geteuid();
        let account = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
        let sessions = image.live().and_then(|live| live.sessions().ok()).unwrap_or_default();
        let own = sessions.into_iter().find(|session| session.is_own);
        let (session, client) = match own.map(|session| session.door) {
            Some(Door::Ssh { from, .. }) => (Some("ssh"), from.map(|from| from.to_string())),
            Some(Door::SessionManager) => (Some("session-manager"), None),
            Some(Door::SerialConsole) => (Some("serial-console"), None),
            Some(Door::Console) => (Some("console"), None),
            Some(Door::Unknown) | None => (None, None),
        };
        Self {
            user: account.as_deref().or(named).map(visible),
            sudo_user: sudo_user.map(visible),
            uid: Some(uid.as_raw()),
            session: session.map(str::to_owned),
            client,
        }
    }
}

impl OwnTrace {
    /// What this program made on the running machine that `image` is; a mounted image bears nothing of ours.
    ///
    /// # Errors
    /// When the list of it cannot be read.
    pub(in crate::report) fn of(image: &Image, state: &State) -> Result<Vec<Self>, Error> {
        let Some(live) = image.live() else { return Ok(Vec::new()) };
        let trace = |at: &Path, removed_by: &str| Self { path: path(at), removed_by: removed_by.to_owned() };
        let mut traces: Vec<Self> =
            created(image)?.iter().map(|at| trace(at, "the seal (seaworthy seal, FIN-01)")).collect();
        if live.is_in_memory(state.directory()) {
            traces.push(trace(state.directory(), "switching the machine off: it is kept in memory"));
        }
        Ok(traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_machine_id_itself_is_never_told() {
        let fixture = Fixture::debian();
        let state = |content: Option<&str>| {
            if let Some(content) = content {
                fixture.file("/etc/machine-id", content);
            }
            machine_id(&fixture.image()).unwrap()
        };
        let bare = |state: &str| MachineId { state: state.to_owned(), sha256: None };
        assert_eq!(state(None), bare("missing"));
        assert_eq!(state(Some("\n")), bare("empty"));
        assert_eq!(state(Some("uninitialized\n")), bare("uninitialized"));
        let id = "0123456789abcdef0123456789abcdef";
        let set = state(Some(&format!("{id}\n")));
        assert_eq!((set.state.as_str(), set.sha256), ("set", Some(sha256_hex(id.as_bytes()))));
    }

    #[test]
    fn packages_are_counted_and_their_list_is_digested() {
        let fixture = Fixture::debian();
        let entry = |name: &str| {
            format!("Package: {name}\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n\n")
        };
        fixture.file("/var/lib/dpkg/status", entry("zlib") + &entry("bash"));
        let found = packages(&fixture.image()).unwrap();
        assert_eq!(found.count, 2);
        assert_eq!(found.sha256, sha256_hex(b"bash 1.2-3 amd64\nzlib 1.2-3 amd64\n"));
    }

    #[test]
    fn the_running_machine_is_described() {
        let image = Image::open(Path::new("/")).unwrap();
        image.live().unwrap().forbid_metadata();
        let facts = ImageInfo::of(&image);
        assert_eq!(facts.boot_id.map(|id| id.len()), Some(36));
        assert!(facts.fips.is_some() && facts.machine_id.is_some());
        let clock = Clock::of_this_machine(&image);
        assert!(clock.source.is_some() || clock.synchronised.is_none(), "nobody else says so");
    }

    #[test]
    fn the_mode_of_selinux_is_as_configured_where_it_does_not_run() {
        let fixture = Fixture::debian();
        assert_eq!(configured(&fixture.image()), None);
        fixture.file("/etc/selinux/config", "# SELINUX=x\nSELINUX=Permissive\nSELINUXTYPE=targeted\n");
        assert_eq!(configured(&fixture.image()).as_deref(), Some("selinux: permissive"));
    }

    #[test]
    fn a_mounted_image_bears_no_trace_and_the_operator_is_known_by_number() {
        let (fixture, place) = (Fixture::debian(), tempfile::tempdir().unwrap());
        let state = State::at(place.path()).unwrap();
        assert!(OwnTrace::of(&fixture.image(), &state).unwrap().is_empty());
        let operator = Operator::of(&fixture.image(), Some("x"), Some("ann\u{202e}"));
        assert_eq!(operator.uid, Some(nix::unistd::geteuid().as_raw()));
        assert_eq!(operator.sudo_user.as_deref(), Some("ann\\u{202e}"));
        assert_eq!((operator.session, operator.client), (None, None));
    }
}
