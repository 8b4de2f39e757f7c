//! Where runs, their journals and what undo needs are kept: never on the image.
//!
//! Live: `/run/seaworthy` (tmpfs). Offline: `$XDG_STATE_HOME/seaworthy/<image>` on the machine that does the work.
//! One directory holds `lock`, `journal`, `session.toml`, the last `report.json` and `runs/<id>/` for each run and undo.
#![expect(clippy::disallowed_methods, reason = "the named door to the state directory, which is never on the image")]

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::journal::{self, Event, Journal};
use super::manifest::{self, Found};
use crate::check::Findings;
use crate::image::write::fault;
use crate::image::{Error, Image, Mode};

mod history;
mod identity;
mod interrupted;

pub(super) use history::{Ending, History, Record};
pub use interrupted::{How, Interrupted};

/// The directory that keeps one image's runs and session.
#[derive(Debug, Clone)]
pub struct State {
    directory: PathBuf,
    /// Where the image is mounted, on which a run may have left its manifest; `None`: there is none to look for.
    disk: Option<PathBuf>,
    /// It does not outlive a power loss: a run leaves a manifest on the image for as long as it lasts.
    volatile: bool,
    /// It was kept for this image under another path or on another machine.
    is_elsewhere: bool,
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
    /// For one that is unfinished: what happened, and what can be done about it.
    pub interrupted: Option<Interrupted>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Carried out.
    Done,
    /// Taken back.
    Undone,
    /// Interrupted, or its undo was: to be finished or taken back.
    Unfinished,
}

/// The report that was made last, and its signature.
const REPORT: &str = "report.json";
const SIGNATURE: &str = "report.json.sig";

/// Where everything is kept for a live image.
const LIVE: &str = "/run/seaworthy";

impl State {
    /// The state directory of `image`, made if need be (mode 0700). `home` is the user's state home
    /// (`$XDG_STATE_HOME`, or `~/.local/state`), used offline only: there the image is known by what earlier runs left on
    /// it, wherever it is mounted.
    ///
    /// # Errors
    /// When it cannot be made, or would lie on the image.
    pub fn of(image: &Image, home: &Path) -> Result<Self, Error> {
        let (own, directory) = Self::place(image, home)?;
        if image.mode() == Mode::Live && !nix::unistd::geteuid().is_root() {
            return Err(disk_error("make", &directory, &Errno::EACCES.into()));
        }
        is_off(image, &directory)?;
        let is_elsewhere = !directory
            .file_name()
            .unwrap_or_default()
            .as_bytes()
            .starts_with(own.file_name().unwrap_or_default().as_bytes());
        let state = Self { is_elsewhere, ..Self::at(&directory)? };
        Ok(state.with_disk(image.mount_point(), image.mode() == Mode::Live))
    }

    /// Whether it was kept for this image when that was mounted elsewhere, perhaps on another machine: what the runs in
    /// it wrote is on the image.
    pub fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// The same, with the image mounted at `disk`.
    pub(super) fn with_disk(self, disk: &Path, volatile: bool) -> Self {
        Self { disk: Some(disk.to_owned()), volatile, ..self }
    }

    /// Whether a run must leave a manifest on the image for as long as it lasts.
    pub(super) fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// Whether a manifest may be on the image.
    pub(super) fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// The run that was at work on `image` when the power went, and the journal with it.
    pub(super) fn found(&self, image: &Image, history: &History) -> Result<Option<Found>, Error> {
        if self.has_disk() { manifest::find(image, history) } else { Ok(None) }
    }

    /// That of the running machine, where there is one already and it may be used.
    pub(super) fn of_running_machine() -> Option<Self> {
        let directory = Path::new(LIVE);
        let is_there = std::fs::symlink_metadata(directory).is_ok_and(|meta| meta.is_dir());
        is_there.then(|| Self::at(directory).ok()).flatten()
    }

    /// The run on `image` that was interrupted, if any; nothing is made for that. `home` as in [`State::of`].
    ///
    /// # Errors
    /// When the state or the image's disk cannot be read.
    pub fn interrupted(image: &Image, home: &Path) -> Result<Option<RunSummary>, Error> {
        let (_, directory) = Self::place(image, home)?;
        let (disk, volatile) = (Some(image.mount_point().to_owned()), image.mode() == Mode::Live);
        let runs = Self { disk, volatile, ..Self::read_only(&directory) }.runs()?;
        Ok(runs.into_iter().find(|run| run.standing == Standing::Unfinished))
    }

    /// The directory that bears the image's own name, and the one that knows its runs.
    fn place(image: &Image, home: &Path) -> Result<(PathBuf, PathBuf), Error> {
        Ok(match image.mode() {
            Mode::Live => (PathBuf::from(LIVE), PathBuf::from(LIVE)),
            Mode::Offline => {
                let states = home.join("seaworthy");
                let own = states.join(name_of(image.mount_point())?);
                let directory = identity::choose(image, &own, &states);
                (own, directory)
            }
        })
    }

    /// A state directory at a given place (practice and tests).
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(directory: &Path) -> Result<Self, Error> {
        let make = |path: &Path| std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        make(directory).map_err(|error| disk_error("make", directory, &error))?;
        let meta = std::fs::symlink_metadata(directory).map_err(|error| disk_error("read", directory, &error))?;
        if !meta.is_dir() || meta.uid() != nix::unistd::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
            let why = "it is not a directory that belongs to you and that only you can write to; look who made it, then remove it";
            return Err(Error::malformed("use", directory, why));
        }
        let runs = directory.join("runs");
        make(&runs).map_err(|error| disk_error("make", &runs, &error))?;
        Ok(Self::read_only(directory))
    }

    /// One that is only looked into, whoever made it.
    fn read_only(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), disk: None, volatile: false, is_elsewhere: false }
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
        let history = self.history()?;
        let mut runs = history.summaries();
        if let Some(disk) = &self.disk {
            runs.extend(self.found(&Image::open(disk)?, &history)?.map(|found| found.summary()));
        }
        Ok(runs)
    }

    /// Every run that is in force, oldest first, with what it did as a plan: for the report of a later session.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn plans(&self) -> Result<Vec<(String, super::Plan)>, Error> {
        let history = self.history()?;
        history.in_force().map(|record| Ok((record.run.id.clone(), history::plan(self, &history, record)?))).collect()
    }

    /// The session file kept for the wizard: a playbook with the place where the publisher was; `None` when new.
    ///
    /// # Errors
    /// When it exists but cannot be read.
    pub fn load_session(&self) -> Result<Option<String>, Error> {
        let path = self.directory.join("session.toml");
        let Some(bytes) = read_file(&path)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| Error::malformed("read", &path, "it is not UTF-8; remove it"))
    }

    /// How every guideline stood before the first run of this preparation; `None` when that was never kept.
    ///
    /// # Errors
    /// When it exists but cannot be read.
    pub fn before(&self) -> Result<Option<Findings>, Error> {
        let path = self.directory.join("before.json");
        let Some(bytes) = read_file(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::malformed("read", &path, format!("{error}; remove it")))
    }

    /// Keeps how every guideline stands, unless a run is in force already: then what was kept before it stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_before(&self, findings: &Findings) -> Result<(), Error> {
        if self.runs()?.iter().any(|run| run.standing != Standing::Undone) {
            return Ok(());
        }
        let path = self.directory.join("before.json");
        let text = serde_json::to_vec(findings).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
        write_file(&path, &text)
    }

    /// Saves the session file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_session(&self, text: &str) -> Result<(), Error> {
        write_file(&self.directory.join("session.toml"), text.as_bytes())
    }

    /// Keeps the bytes of the report that was made last, in place of the one before and its signature.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_report(&self, bytes: &[u8]) -> Result<(), Error> {
        // In this order: a signature never stands beside a report that it was not made for.
        remove_file(&self.directory.join(SIGNATURE))?;
        write_file(&self.directory.join(REPORT), bytes)
    }

    /// Keeps the signature of the report that is kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_signature(&self, armoured: &str) -> Result<(), Error> {
        write_file(&self.directory.join(SIGNATURE), armoured.as_bytes())
    }

    /// The report that is kept; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn kept_report(&self) -> Result<Option<Vec<u8>>, Error> {
        read_file(&self.directory.join(REPORT))
    }

    /// The signature of the report that is kept; `None` where it was not signed here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn kept_signature(&self) -> Result<Option<Vec<u8>>, Error> {
        read_file(&self.directory.join(SIGNATURE))
    }

    /// The lines of every run's journal, for the report.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn journal_lines(&self) -> Result<Vec<String>, Error> {
        let path = self.journal();
        let bytes = read_file(&path)?.unwrap_or_default();
        Ok(journal::parse(&bytes, &path)?.0.into_iter().map(|(line, _)| line).collect())
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    pub(super) fn run_directory(&self, id: &str) -> PathBuf {
        self.directory.join("runs").join(id)
    }

    pub(super) fn events(&self) -> Result<Vec<(String, Event)>, Error> {
        let path = self.journal();
        Ok(journal::parse(&read_file(&path)?.unwrap_or_default(), &path)?.0)
    }

    /// Adds to the journal what `events` says is missing, given the events that are in it; nothing is written, and nobody
    /// is kept out, where nothing is.
    pub(super) fn add_to_journal(&self, events: impl Fn(&[(String, Event)]) -> Vec<Event>) -> Result<(), Error> {
        if events(&self.events()?).is_empty() {
            return Ok(());
        }
        let _lock = self.lock().map_err(|held| match held {
            Ok(pid) => {
                let why = format!("another seaworthy is at work on this image (process {pid}); wait for it or end it");
                Error::malformed("write", self.journal(), why)
            }
            Err(error) => error,
        })?;
        // Somebody else may have written meanwhile.
        let missing = events(&self.events()?);
        Journal::open(&self.journal())?.write(missing)
    }

    /// Removes what was kept for a run that did not begin. One that the journal names is left.
    pub(super) fn forget(&self, id: &str) {
        let is_named = |event: &Event| match event {
            Event::Begin { run, .. } => run == id,
            Event::UndoBegin { undo, .. } => undo == id,
            _ => false,
        };
        if self.events().is_ok_and(|events| !events.iter().any(|(_, event)| is_named(event))) {
            // What cannot be removed now is removed before the next run.
            let _ = remove_run(&self.run_directory(id));
        }
    }

    pub(super) fn history(&self) -> Result<History, Error> {
        History::read(self)
    }

    /// Keeps every other Seaworthy away from this image until the lock is dropped; `Err(Ok(pid))` when one is at work.
    pub(super) fn lock(&self) -> Result<Lock, Result<i32, Error>> {
        let path = self.directory.join("lock");
        let fail = |error: &std::io::Error| Err(disk_error("lock", &path, error));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
        let file = options.open(&path).map_err(|error| fail(&error))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                written.map_err(|error| fail(&error))?;
                Ok(Lock { _file: file })
            }
            Err((mut file, Errno::EWOULDBLOCK)) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Err(Ok(text.trim().parse().unwrap_or(0)))
            }
            Err((_, errno)) => Err(fail(&errno.into())),
        }
    }
}

/// Held while the image is being changed.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Flock<File>,
}

/// 16 hexadecimal digits that stand for the image mounted at `mount_point`.
fn name_of(mount_point: &Path) -> Result<String, Error> {
    let fail = |error: std::io::Error| disk_error("open", mount_point, &error);
    let real = mount_point.canonicalize().map_err(fail)?;
    let meta = std::fs::metadata(&real).map_err(fail)?;
    let mut name = format!("{}:{}:", meta.dev(), meta.ino()).into_bytes();
    name.extend(std::os::unix::ffi::OsStrExt::as_bytes(real.as_os_str()));
    Ok(journal::digest(&name).chars().take(16).collect())
}

/// Whether `directory` of this machine lies on the image, or would if it were made.
///
/// # Errors
/// When that cannot be found out.
pub fn is_on(image: &Image, directory: &Path) -> Result<bool, Error> {
    // The nearest directory on the way that exists already, with links followed.
    let directory = std::path::absolute(directory).map_err(|error| disk_error("find", directory, &error))?;
    let existing = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let fail = |error: std::io::Error| disk_error("make", &directory, &error);
    let existing = existing.canonicalize().map_err(fail)?;
    let root = std::fs::metadata(image.mount_point()).map_err(fail)?;
    Ok(match image.mode() {
        // On a running machine everything is below `/`, and an AMI may be made of each of its disks.
        Mode::Live => {
            std::fs::metadata(&existing).map_err(fail)?.dev() == root.dev()
                || image.live().is_none_or(|live| !live.is_in_memory(&existing))
        }
        Mode::Offline => existing
            .ancestors()
            .filter_map(|path| std::fs::metadata(path).ok())
            .any(|meta| (meta.dev(), meta.ino()) == (root.dev(), root.ino())),
    })
}

/// Refuses a state directory that would lie on the image.
pub(super) fn is_off(image: &Image, directory: &Path) -> Result<(), Error> {
    if is_on(image, directory)? {
        let why = match image.mode() {
            Mode::Live => "it would lie on the image's own disk; mount a tmpfs at /run first",
            Mode::Offline => "it would lie inside the image; set XDG_STATE_HOME to a directory outside it",
        };
        return Err(Error::malformed("keep the state in", directory, why));
    }
    Ok(())
}

/// The whole of a file of the state; `None` when there is none.
pub(super) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk_error("read", path, &error)),
    }
}

/// Removes a file of the state, if it is there.
pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk_error("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Writes a file of the state, whole or not at all.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> std::io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("/"));
        fault::point()?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        fault::point()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_directory(directory)
    };
    write().map_err(|error| disk_error("write", path, &error))
}

pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

pub(super) fn make_directory(path: &Path) -> Result<(), Error> {
    let make =
        fault::point().map_err(std::io::Error::from).and_then(|()| std::fs::DirBuilder::new().mode(0o700).create(path));
    make.map_err(|error| disk_error("make", path, &error))
}

/// Every directory above `path`.
pub(super) fn make_parents(path: &Path) -> Result<(), Error> {
    let above = path.parent().unwrap_or(path);
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(above);
    made.map_err(|error| disk_error("make", above, &error))
}

/// A file of the state, opened to add to it and read from it.
pub(super) fn new_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
    options.open(path).map_err(|error| disk_error("make", path, &error))
}

pub(super) fn open_file(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| disk_error("read", path, &error))
}

/// Removes the files of a run that never began: its directory is ours, flat, and named in no journal.
pub(super) fn remove_run(path: &Path) -> Result<(), Error> {
    let remove = || -> std::io::Result<()> {
        for entry in std::fs::read_dir(path)? {
            std::fs::remove_file(entry?.path())?;
        }
        std::fs::remove_dir(path)
    };
    remove().map_err(|error| disk_error("clean up", path, &error))
}

/// The names in `runs`.
pub(super) fn run_names(state: &State) -> Result<Vec<String>, Error> {
    let path = state.directory.join("runs");
    let read = || -> std::io::Result<Vec<String>> {
        std::fs::read_dir(&path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    read().map_err(|error| disk_error("list", &path, &error))
}

pub(super) fn disk_error(action: &'static str, path: &Path, error: &std::io::Error) -> Error {
    const ELSEWHERE: &str = "for a mounted image, XDG_STATE_HOME may name another place";
    // An error of tempfile has a kind, but no number.
    match (error.kind(), error.raw_os_error().map(Errno::from_raw)) {
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => Error::malformed(
            action,
            path,
            format!("no room is left for the journal and undo data; make room there ({ELSEWHERE})"),
        ),
        (ErrorKind::ReadOnlyFilesystem, _) => {
            Error::malformed(action, path, format!("it is on a read-only file system; {ELSEWHERE}"))
        }
        (ErrorKind::NotADirectory, _) => {
            Error::malformed(action, path, format!("something on this path is no directory; {ELSEWHERE}"))
        }
        (ErrorKind::PermissionDenied, _) => Error::io(action, path, Errno::EACCES),
        (_, Some(errno)) => Error::io(action, path, errno),
        (_, None) => Error::malformed(action, path, error.to_string()),
    }
}

#[cfg(test)]
mod tests;
