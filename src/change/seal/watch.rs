//! The seal of a running machine as others see it: what the process that carries it out has written down so far, one
//! JSON line each, in the state directory; and starting that process.
//!
//! The file is locked by whoever carries the seal out, so that one look says whether it is under way, also after that
//! process was killed.
#![expect(
    clippy::disallowed_methods,
    reason = "the named door to the seal's progress, which lies in the state directory"
)]

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::Stage;
use crate::change::State;
use crate::change::state::disk_error;
use crate::image::{Error, Image, program};

/// The unit that carries the seal out.
const UNIT: &str = "seaworthy-seal";
/// How long that process has to begin.
const BEGINNING: Duration = Duration::from_secs(60);
/// How often it is looked whether it has, or has written more.
pub const PAUSE: Duration = Duration::from_millis(100);
/// The most that is read of the progress: 16 MiB, some 100,000 lines.
const LARGEST: u64 = 16 << 20;

/// One line of the progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    /// A step begins.
    Step {
        /// Counted from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// Its stage.
        stage: Stage,
        /// What it does, in a sentence.
        what: String,
    },
    /// Something that was done for the step, or is being done.
    Note {
        /// `removed /root/.bash_history`.
        what: String,
    },
    /// These units do not start by themselves from now on.
    Held {
        /// Their names.
        units: Vec<String>,
    },
    /// This unit was stopped.
    Stopped {
        /// Its name.
        unit: String,
    },
    /// The changes of a stage are made.
    Run {
        /// What `seaworthy undo` calls them.
        run: String,
    },
    /// The seal could not go on.
    Failed {
        /// Why, in a sentence.
        why: String,
    },
    /// What was taken back after that, or is left as it is.
    After {
        /// In a sentence.
        what: String,
    },
    /// The last line.
    End {
        /// How the seal ended.
        ending: Ending,
    },
}

/// How a seal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Everything was done; the machine is being switched off.
    Off,
    /// It stopped before that; what could be taken back was.
    GivenUp,
    /// Whoever carried it out was ended in the middle.
    Interrupted,
}

fn path(state: &State) -> PathBuf {
    state.directory().join("seal-progress")
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
    options
}

/// Where the process that carries the seal out writes what it does; nobody else does meanwhile.
#[derive(Debug)]
pub(super) struct Progress {
    file: Flock<File>,
    path: PathBuf,
}

impl Progress {
    /// Begins a new one. `None`: a seal is under way.
    pub(super) fn begin(state: &State) -> Result<Option<Self>, Error> {
        let path = path(state);
        let fail = |error: &std::io::Error| disk_error("write", &path, error);
        let file = options().write(true).create(true).truncate(false).open(&path).map_err(|error| fail(&error))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => {
                file.set_len(0).map_err(|error| fail(&error))?;
                Ok(Some(Self { file, path }))
            }
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(fail(&errno.into())),
        }
    }

    /// Adds a line.
    pub(super) fn tell(&mut self, line: &Line) -> Result<(), Error> {
        let mut text =
            serde_json::to_vec(line).map_err(|error| Error::malformed("write", &self.path, error.to_string()))?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|error| disk_error("write", &self.path, &error))
    }
}

/// A look at the progress of the seal that is under way, or was the last.
#[derive(Debug)]
pub struct Watch {
    file: File,
    path: PathBuf,
    read: u64,
    /// The start of a line whose end is not written yet.
    rest: Vec<u8>,
    ending: Option<Ending>,
}

impl Watch {
    /// Begins with the first line; `None` when there was no seal since the machine was started.
    ///
    /// # Errors
    /// When the progress cannot be read.
    pub fn of(state: &State) -> Result<Option<Self>, Error> {
        let path = path(state);
        match options().open(&path) {
            Ok(file) => Ok(Some(Self { file, path, read: 0, rest: Vec::new(), ending: None })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk_error("read", &path, &error)),
        }
    }

    /// Whether somebody carries it out now.
    pub fn is_under_way(&self) -> bool {
        let Ok(file) = options().open(&self.path) else { return false };
        matches!(Flock::lock(file, FlockArg::LockSharedNonblock), Err((_, Errno::EWOULDBLOCK)))
    }

    /// The lines that were added since the last call.
    ///
    /// # Errors
    /// When the progress cannot be read, or is not of this program's writing.
    pub fn lines(&mut self) -> Result<Vec<Line>, Error> {
        let fail = |error: &std::io::Error| disk_error("read", &self.path, error);
        self.file.seek(SeekFrom::Start(self.read)).map_err(|error| fail(&error))?;
        let mut bytes = std::mem::take(&mut self.rest);
        let most = LARGEST.saturating_sub(self.read);
        let read = (&self.file).take(most).read_to_end(&mut bytes).map_err(|error| fail(&error))?;
        self.read += read as u64;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.rest = bytes.split_off(whole);
        let mut lines = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line = serde_json::from_slice(line)
                .map_err(|error| Error::malformed("read", &self.path, format!("{error}; remove it")))?;
            if let Line::End { ending } = line {
                self.ending = Some(ending);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// How it ended; `None`: it is under way. To be asked before [`Watch::lines`], so that no line is missed.
    pub fn ending(&self) -> Option<Ending> {
        match self.ending {
            None if !self.is_under_way() => Some(Ending::Interrupted),
            ending => ending,
        }
    }

    /// Hands every line to `tell` as it is written, until the seal has ended or this session is.
    ///
    /// # Errors
    /// As [`Watch::lines`].
    pub fn follow(&mut self, tell: &mut dyn FnMut(&Line)) -> Result<Ending, Error> {
        loop {
            let ending = self.ending();
            self.lines()?.iter().for_each(&mut *tell);
            if let Some(ending) = self.ending.or(ending) {
                return Ok(ending);
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Starts carrying out the request that was kept last, in a process that outlives this session, or attaches to the seal
/// that is under way.
///
/// # Errors
/// When that process cannot be started, or does not begin.
pub fn start(image: &Image, state: &State) -> Result<Watch, Error> {
    let refuse = |why: &str| Error::malformed("start", "the seal", why);
    if let Some(watch) = Watch::of(state)?.filter(Watch::is_under_way) {
        return Ok(watch);
    }
    // What an earlier one has written is no beginning of this one.
    if let Some(last) = Progress::begin(state)? {
        drop(last);
    }
    let own = program::own_file().ok_or_else(|| refuse("this program's own file was removed or replaced"))?;
    let own = own.into_os_string().into_string().map_err(|_| refuse("this program's path is not UTF-8; move it"))?;
    let argv = [own, "seal".to_owned(), "--carry-out".to_owned()];
    let detached = program::detach(image, UNIT, &argv, None)?;
    let deadline = Instant::now() + BEGINNING;
    while Instant::now() < deadline {
        if let Some(mut watch) = Watch::of(state)?
            && (watch.is_under_way() || !watch.lines()?.is_empty())
        {
            return Watch::of(state)?.ok_or_else(|| refuse("its progress is gone"));
        }
        if !program::is_running(image, &detached) {
            return Err(refuse(
                "the process that was to carry it out ended at once; look at the journal of the machine",
            ));
        }
        thread::sleep(PAUSE);
    }
    let _ = program::call_off(image, &detached);
    Err(refuse("the process that was to carry it out did not begin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(&directory.path().join("state")).unwrap();
        (directory, state)
    }

    fn note(what: &str) -> Line {
        Line::Note { what: what.to_owned() }
    }

    #[test]
    fn lines_are_seen_as_they_are_written_and_only_whole() {
        let (_keep, state) = state();
        assert!(Watch::of(&state).unwrap().is_none());
        let mut progress = Progress::begin(&state).unwrap().unwrap();
        let mut watch = Watch::of(&state).unwrap().unwrap();
        assert!(watch.is_under_way() && watch.ending().is_none() && watch.lines().unwrap().is_empty());
        progress.tell(&note("one")).unwrap();
        progress.file.write_all(b"{\"kind\":\"note\",").unwrap();
        assert_eq!(watch.lines().unwrap(), [note("one")]);
        progress.file.write_all(b"\"what\":\"two\"}\n").unwrap();
        assert_eq!(watch.lines().unwrap(), [note("two")]);
        progress.tell(&Line::End { ending: Ending::GivenUp }).unwrap();
        let mut all = Vec::new();
        let ending = Watch::of(&state).unwrap().unwrap().follow(&mut |line| all.push(line.clone())).unwrap();
        assert_eq!((ending, all.len()), (Ending::GivenUp, 3));
    }

    #[test]
    fn only_one_carries_it_out_and_one_that_was_killed_is_told() {
        let (_keep, state) = state();
        let mut progress = Progress::begin(&state).unwrap().unwrap();
        progress.tell(&note("one")).unwrap();
        assert!(Progress::begin(&state).unwrap().is_none());
        let mut watch = Watch::of(&state).unwrap().unwrap();
        drop(progress);
        assert_eq!(watch.follow(&mut |_| {}).unwrap(), Ending::Interrupted);
        drop(Progress::begin(&state).unwrap().unwrap());
        assert!(Watch::of(&state).unwrap().unwrap().lines().unwrap().is_empty(), "a new one begins anew");
    }

    #[test]
    fn what_is_no_progress_is_an_error() {
        let (_keep, state) = state();
        std::fs::write(path(&state), "{\"kind\":\"other\"}\n").unwrap();
        assert!(Watch::of(&state).unwrap().unwrap().lines().is_err());
    }
}
