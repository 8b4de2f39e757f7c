//! The revert timer: a run on a running machine that touched a way in is taken back by itself, unless somebody confirms
//! in time that a second login works (as `netplan try` does).
//!
//! The timer is a process of its own that outlives the session. It is armed before the first write, so that a connection
//! that drops in the middle is covered too, and anew after the last. All it needs is the state directory.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Standing, read_file, remove_file, write_file};
use super::undo::{self, UndoError, Undone, What};
use super::ways_in::{Access, By, concerns, own_session};
use super::{ApplyStep, Change, Plan, State};
use crate::image::live::Live;
use crate::image::live::sessions::{Door, Session};
use crate::image::program::{self, Detached};
use crate::image::{Error, Image, Mode};

/// How long a second login may take: two minutes, as with `netplan try`.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A run that waits for somebody to confirm that a second login works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The run.
    pub run: String,
    /// When it is taken back.
    pub until: Timestamp,
    /// What takes it back.
    pub detached: Detached,
    /// The sessions that were open when the run ended: leader, and when that began. None of them proves anything.
    sessions: Vec<(i32, u64)>,
    /// How long it waits after its end.
    seconds: u64,
}

/// What the session that confirms is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It began over the network after the run: logins work.
    NewLogin,
    /// It was open already when the run ended.
    OldSession,
    /// It did not come over the network, or how it came cannot be told.
    NotTold,
}

impl Pending {
    /// `14:03:20 UTC`.
    pub fn at(&self) -> String {
        self.until.strftime("%H:%M:%S UTC").to_string()
    }

    /// What the session of this program proves.
    pub fn proof(&self, image: &Image) -> Proof {
        match own_session(image) {
            Some(session) if self.sessions.contains(&(session.leader, session.started)) => Proof::OldSession,
            Some(Session { door: Door::Ssh { .. } | Door::SessionManager, .. }) => Proof::NewLogin,
            _ => Proof::NotTold,
        }
    }
}

impl State {
    /// The run that waits to be confirmed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pending(&self) -> Result<Option<Pending>, Error> {
        let path = self.directory().join(PENDING);
        let Some(bytes) = read_file(&path)? else { return Ok(None) };
        let bad = |error: serde_json::Error| Error::malformed("read", &path, format!("{error}; remove it"));
        serde_json::from_slice(&bytes).map(Some).map_err(bad)
    }

    /// What happened since somebody was last here: sentences, each told once.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub fn take_news(&self) -> Result<Vec<String>, Error> {
        let path = self.directory().join(NEWS);
        let Some(bytes) = read_file(&path)? else { return Ok(Vec::new()) };
        remove_file(&path)?;
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}

const PENDING: &str = "pending.json";
const NEWS: &str = "news";

/// How long a plan that leads to `access` waits for a second login; `None` where no timer is needed: it touches no way in,
/// or nobody comes to the machine over the network.
pub(super) fn limit(image: &Image, plan: &Plan) -> Option<Duration> {
    let mut paths = plan.steps.iter().flat_map(|step| &step.changes).filter_map(|change| match change {
        Change::Path { path, .. } => Some(path.as_path()),
        Change::Command { .. } => None,
    });
    let is_needed = is_remote(image, &plan.access) && paths.any(|path: &Path| concerns(image, &plan.access, path));
    is_needed.then_some(LIMIT)
}

/// Whether people come to this machine over the network.
fn is_remote(image: &Image, access: &Access) -> bool {
    let Some(live) = image.live().filter(|_| image.mode() == Mode::Live) else { return false };
    let came = access.own.as_ref().is_some_and(|own| own.way.by.is_ssh() || own.way.by == By::SessionManager);
    let port = image.sshd().ok().and_then(|sshd| sshd.effective(None).value("port").parse().ok()).unwrap_or(22);
    came || live.sockets().is_ok_and(|sockets| {
        sockets.iter().filter(|socket| socket.protocol == "tcp").any(|socket| match socket.program.as_deref() {
            Some("sshd") => true,
            Some("systemd") => socket.address.port() == port,
            _ => false,
        })
    })
}

/// Arms the timer for a run that is about to begin. Whoever calls holds the lock, and the timer waits for that too.
///
/// # Errors
/// When no process can be started that outlives this session; then nothing may be written.
pub(super) fn arm(image: &Image, state: &State, run: &str, limit: Duration) -> Result<(), Error> {
    start(image, state, run, &format!("seaworthy-revert-{run}-begin"), limit.as_secs())
}

/// To be called when a run has ended, well or not: the timer starts anew where the run is in force, or was left half
/// done, and is called off where nothing of it is left. What is pending then.
///
/// # Errors
/// When the state cannot be read. A timer that cannot be started anew is left as it was armed.
pub(super) fn settle(image: &Image, state: &State, run: &str) -> Result<Option<Pending>, Error> {
    let Some(armed) = state.pending()?.filter(|pending| pending.run == run) else { return Ok(None) };
    let is_there = state.runs()?.iter().any(|known| known.id == run && known.standing != Standing::Undone);
    if !is_there {
        call_off(image, state, &armed)?;
        return Ok(None);
    }
    let name = format!("seaworthy-revert-{run}");
    if start(image, state, run, &name, armed.seconds).is_ok() {
        // What was armed first waits for the lock at most; should it live on, it takes back no more than the new one.
        let _ = program::call_off(image, &armed.detached);
    }
    state.pending()
}

fn start(image: &Image, state: &State, run: &str, name: &str, seconds: u64) -> Result<(), Error> {
    let argv = ["/proc/self/exe", "undo", run, "--yes", "--quiet", "--unconfirmed"].map(str::to_owned);
    let sessions = image.live().map_or_else(|| Ok(Vec::new()), Live::sessions).unwrap_or_default();
    let until = Timestamp::now().saturating_add(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
    let pending = Pending {
        run: run.to_owned(),
        until: until.unwrap_or_default(),
        detached: program::detach(image, name, &argv, Some(Duration::from_secs(seconds)))?,
        sessions: sessions.iter().map(|session| (session.leader, session.started)).collect(),
        seconds,
    };
    write_pending(state, &pending).inspect_err(|_| {
        let _ = program::call_off(image, &pending.detached);
    })
}

fn write_pending(state: &State, pending: &Pending) -> Result<(), Error> {
    let path = state.directory().join(PENDING);
    let text = serde_json::to_vec(pending).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
    write_file(&path, &text)
}

fn call_off(image: &Image, state: &State, pending: &Pending) -> Result<(), Error> {
    remove_file(&state.directory().join(PENDING))?;
    program::call_off(image, &pending.detached)
}

/// Calls the timer off where its run has been taken back by somebody. Whoever calls holds the lock.
pub(super) fn forget_undone(image: &Image, state: &State) -> Result<(), Error> {
    let Some(pending) = state.pending()? else { return Ok(()) };
    let is_there = state.runs()?.iter().any(|run| run.id == pending.run && run.standing != Standing::Undone);
    if is_there { Ok(()) } else { call_off(image, state, &pending) }
}

/// Keeps the run that waits: logins work. Which run it was.
///
/// # Errors
/// [`UndoError::Nothing`] when none waits, [`UndoError::Busy`] when it is being taken back at this moment.
pub fn confirm(image: &Image, state: &State) -> Result<String, UndoError> {
    let _lock = undo::lock(state)?;
    let pending = state.pending()?.ok_or_else(|| UndoError::Nothing("no run waits to be confirmed".to_owned()))?;
    call_off(image, state, &pending)?;
    Ok(pending.run)
}

/// How often the timer looks whether the lock is free.
const PAUSE: Duration = Duration::from_millis(200);

/// What the timer does when its time has come: waits until nobody else is at work, and takes `run` back if it still waits
/// to be confirmed. `None`: somebody confirmed it, or took it back.
///
/// # Errors
/// As [`undo::undo`]; what went wrong is left for the next start to tell.
pub fn take_back(
    image: &Image,
    state: &State,
    run: &str,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Option<Undone>, UndoError> {
    let _lock = loop {
        match undo::lock(state) {
            Err(UndoError::Busy { .. }) => std::thread::sleep(PAUSE),
            other => break other?,
        }
    };
    if state.pending()?.is_none_or(|pending| pending.run != run) {
        return Ok(None);
    }
    let at = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC");
    let is_known = state.runs()?.iter().any(|known| known.id == run && known.standing != Standing::Undone);
    if !is_known {
        remove_file(&state.directory().join(PENDING))?;
        return Ok(None);
    }
    match undo::locked(image, state, &What::Run(run.to_owned()), progress) {
        Ok(undone) => {
            tell(state, &format!("Run {run} was taken back at {at}: nobody confirmed that a second login works."))?;
            remove_file(&state.directory().join(PENDING))?;
            Ok(Some(undone))
        }
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default();
            tell(state, &format!("Nobody confirmed run {run}, and it could not be taken back at {at}: {why}."))?;
            Err(error)
        }
    }
}

/// Leaves a line for the next start.
fn tell(state: &State, line: &str) -> Result<(), Error> {
    let path = state.directory().join(NEWS);
    let mut bytes = read_file(&path)?.unwrap_or_default();
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    write_file(&path, &bytes)
}
