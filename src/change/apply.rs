//! Carries out a plan, journal first.

use std::path::Path;
use std::time::Duration;

use super::carry::{self, Stop, Why};
use super::journal::{Event, Journal};
use super::prepare::{self, NotReady};
use super::revert::{self, Pending};
use super::run::Run;
use super::state::{Lock, Record, is_off};
use super::{Change, Plan, State, services, sshd};
use crate::image::{Body, Error, Image, Node, program};

/// Progress of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A guideline's changes begin: its place, how many there are, its id.
    Guideline {
        /// From 1.
        number: usize,
        /// How many in the plan.
        of: usize,
        /// The guideline's id.
        id: String,
    },
    /// One change is done; what it was, for the log.
    Done {
        /// `edited /etc/ssh/sshd_config`.
        what: String,
    },
    /// A line a command printed, masked.
    Output {
        /// The line.
        line: String,
    },
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The run's id, for undo.
    pub run: String,
    /// The guidelines carried out.
    pub guidelines: Vec<String>,
    /// It is taken back by itself unless somebody confirms that a second login works.
    pub pending: Option<Pending>,
    /// What did not work and undoes nothing: a unit that was not stopped.
    pub warnings: Vec<String>,
}

/// Why a run stopped. Unless it says otherwise, everything it had done has been taken back.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A file is not what the preview was made from.
    #[error("{} changed since the preview; nothing of this run was kept. Look at the new diff and apply again", crate::image::text::path(.path))]
    Changed {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The new sshd configuration would not start.
    #[error("sshd refuses the new configuration: {message}; nothing was changed")]
    Sshd {
        /// What sshd said.
        message: String,
    },
    /// An earlier run was interrupted and must be dealt with first.
    #[error(
        "run {run} was interrupted; finish it with `seaworthy apply --resume` or take it back with `seaworthy undo {run}` first"
    )]
    Unfinished {
        /// The run's id.
        run: String,
    },
    /// A run waits for a second login.
    #[error(
        "run {run} waits until {until} for somebody to confirm that a second login works: confirm it from a new login with `seaworthy apply --confirm`, or take it back with `seaworthy undo {run}`; then come again"
    )]
    Pending {
        /// The run's id.
        run: String,
        /// When it is taken back.
        until: String,
    },
    /// Another Seaworthy works on this image.
    #[error("another seaworthy is at work on this image (process {pid}); wait for it or end it")]
    Busy {
        /// Its process id.
        pid: i32,
    },
    /// Not everything could be made ready.
    #[error("{0}; nothing was changed")]
    NotBegun(#[source] Error),
    /// Reading or writing failed.
    #[error("{0}; everything this run had changed was taken back")]
    Failed(#[source] Error),
    /// Everything is in its place, but old content lies beside it still.
    #[error(
        "{failure}; every change of run {run} is made, but what it replaced lies beside it still. Once the cause is mended, finish it with `seaworthy apply --resume`, or take it back with `seaworthy undo {run}`"
    )]
    Untidy {
        /// The run's id.
        run: String,
        /// What failed.
        failure: Error,
    },
    /// Reading or writing failed, and so did taking back: what is left to do is in the journal.
    #[error("{failure}; and taking back failed too: {left}. Run `seaworthy undo {run}` once the cause is mended")]
    Stuck {
        /// The run's id.
        run: String,
        /// What failed first.
        failure: Box<Error>,
        /// What failed while taking back.
        left: Box<Error>,
    },
    /// Whether the run is taken back by itself could not be kept.
    #[error("{0}; whether the run is kept is not known. Look at `seaworthy undo --list`")]
    Unsettled(#[source] Error),
    /// A command failed.
    #[error("`{command}` ended with {code}; the file changes before it were kept")]
    Command {
        /// Its command line.
        command: String,
        /// Its exit code or signal.
        code: String,
    },
}

/// Carries out `plan` on `image`. Every change is checked against the bytes it was made from when its turn comes.
///
/// # Errors
/// See [`ApplyError`]; each leaves the image as it was unless its text says otherwise.
pub fn apply(image: &Image, plan: &Plan, state: &State, progress: &mut dyn FnMut(Step)) -> Result<Applied, ApplyError> {
    let _lock = lock(state)?;
    is_off(image, state.directory()).map_err(ApplyError::Failed)?;
    let history = state.history().map_err(ApplyError::Failed)?;
    if let Some(run) = history.open_runs().first() {
        return Err(ApplyError::Unfinished { run: (*run).to_owned() });
    }
    if let Some(pending) = state.pending().map_err(ApplyError::Failed)? {
        return Err(ApplyError::Pending { until: pending.at(), run: pending.run });
    }
    if let Some(found) = state.found(image, &history).map_err(ApplyError::Failed)? {
        return Err(ApplyError::Unfinished { run: found.run().to_owned() });
    }
    prepare::sweep_up(image, state, &history.known()).map_err(ApplyError::Failed)?;
    let image = image.refreshed();
    sshd::would_start(&image, plan).map_err(|message| ApplyError::Sshd { message })?;
    if let Some(live) = image.live() {
        // Where there is none to be made, preparing says what is missing, before anything is written.
        let _ = live.make_room(state.directory(), kept_bytes(plan));
    }

    let mut tries = 1;
    loop {
        let id = prepare::new_id(state);
        if let Some(limit) = plan.revert {
            revert::arm(&image, state, &id, limit).map_err(ApplyError::NotBegun)?;
        }
        let outcome = begin(&image, plan, state, &id, progress);
        let pending = revert::settle(&image, state, &id).map_err(ApplyError::Unsettled);
        match outcome {
            Err(ApplyError::Changed { path }) if tries < TRIES && is_log(&image, plan, &path) => tries += 1,
            outcome => return Ok(Applied { pending: pending?, ..outcome? }),
        }
    }
}

/// The bytes of all files that `plan` replaces or removes, which are kept for undo.
fn kept_bytes(plan: &Plan) -> u64 {
    let size = |change: &Change| match change {
        Change::Path { before: Some(Node::File(file)), .. } => match &file.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::OnDisk { size, .. } => *size,
        },
        _ => 0,
    };
    plan.steps.iter().flat_map(|step| &step.changes).map(size).fold(0, u64::saturating_add)
}

/// How often a run is begun anew when a service wrote to a log in the middle of it.
const TRIES: usize = 5;

/// Whether all that `plan` does at and below `path` is to remove or empty logs that services write to.
fn is_log(image: &Image, plan: &Plan, path: &Path) -> bool {
    let is_there = |change: &&Change| matches!(change, Change::Path { path: at, .. } if at.starts_with(path));
    let mut changes = plan.steps.iter().flat_map(|step| &step.changes).filter(is_there).peekable();
    changes.peek().is_some() && changes.all(|change| prepare::is_log_that_goes(image, change))
}

fn begin(
    image: &Image,
    plan: &Plan,
    state: &State,
    id: &str,
    progress: &mut dyn FnMut(Step),
) -> Result<Applied, ApplyError> {
    let prepared = prepare::prepare(image, state, plan, id).and_then(|run| {
        let mut journal = Journal::open(&state.journal())?;
        journal.write(beginning(&run))?;
        Ok((run, journal))
    });
    let (run, mut journal) = prepared.map_err(|error| {
        state.forget(id);
        match error {
            NotReady::Changed(path) => ApplyError::Changed { path },
            NotReady::Failed(error) => ApplyError::Failed(error),
        }
    })?;
    carry_out(image, state, &run, &mut journal, None, progress)
}

/// Carries out a run whose beginning is in the journal; `resumed` is what was seen of it before.
pub(super) fn carry_out(
    image: &Image,
    state: &State,
    run: &Run,
    journal: &mut Journal,
    resumed: Option<&Record>,
    progress: &mut dyn FnMut(Step),
) -> Result<Applied, ApplyError> {
    match carry::forward(image, state, run, journal, resumed.is_some(), super::describe, progress) {
        Ok(()) => {}
        // What was done before stays, and both ways stay open.
        Err(Stop::Midway { why: Why::Failed(error), legs: 0 }) if resumed.is_some() => {
            let _ = journal.write([Event::Stopped { reason: error.to_string() }]);
            return Err(ApplyError::NotBegun(error));
        }
        // After a resume, anything may have been done.
        Err(Stop::Midway { why, .. }) if resumed.is_some() => {
            return Err(give_up(image, state, run, journal, why, usize::MAX));
        }
        Err(Stop::Midway { why, legs }) => return Err(give_up(image, state, run, journal, why, legs)),
        Err(Stop::Untidy(failure)) => {
            // The journal may lie on the very disk that fails; the error is told in any case.
            let _ = journal.write([Event::Stopped { reason: failure.to_string() }]);
            return Err(ApplyError::Untidy { run: run.id.clone(), failure });
        }
    }
    let failed = |error: Error| {
        let failure = Box::new(error);
        ApplyError::Stuck { run: run.id.clone(), left: failure.clone(), failure }
    };
    let outcome = run_commands(image, run, journal, resumed, progress);
    let warnings = services::carry_out(image, run, journal, resumed, progress).map_err(failed)?;
    journal.write([Event::End]).map_err(failed)?;
    sshd::reload(image, run, progress);
    outcome?;
    Ok(Applied { run: run.id.clone(), guidelines: run.guidelines.clone(), warnings, pending: None })
}

/// Takes back the first `legs` legs and says why.
fn give_up(image: &Image, state: &State, run: &Run, journal: &mut Journal, why: Why, legs: usize) -> ApplyError {
    let reason = match &why {
        Why::Failed(error) => error.to_string(),
        Why::Changed(path) => format!("{} changed since the preview", crate::image::text::path(path)),
    };
    let left = match carry::back(image, state, run, legs) {
        Ok(()) => journal.write([Event::TakenBack { reason }]).err(),
        Err(Why::Failed(error)) => Some(error),
        Err(Why::Changed(path)) => Some(Error::malformed("take back", path, "somebody edited it since")),
    };
    match (left, why) {
        (None, Why::Changed(path)) => ApplyError::Changed { path },
        (None, Why::Failed(error)) if legs == 0 => ApplyError::NotBegun(error),
        (None, Why::Failed(error)) => ApplyError::Failed(error),
        (Some(left), why) => {
            let _ = journal.write([Event::Stopped { reason: left.to_string() }]);
            let failure = match why {
                Why::Failed(error) => error,
                Why::Changed(path) => Error::malformed("change", path, "it changed since the preview"),
            };
            ApplyError::Stuck { run: run.id.clone(), failure: Box::new(failure), left: Box::new(left) }
        }
    }
}

/// What the journal says before the first write.
fn beginning(run: &Run) -> Vec<Event> {
    let mut events = vec![Event::Begin { run: run.id.clone(), guidelines: run.guidelines.clone() }];
    events.extend(intentions(run));
    events
}

/// One line for each move.
pub(super) fn intentions(run: &Run) -> impl Iterator<Item = Event> {
    run.moves.iter().enumerate().map(|(number, step)| Event::Change {
        number,
        guideline: step.guideline.clone(),
        path: crate::image::text::path(&step.path.to_path()),
        before: step.from.as_ref().map(|held| held.trace(step.secret)),
        after: step.to.as_ref().map(|held| held.trace(step.secret)),
    })
}

/// Package work may take long; half an hour is what the slowest mirror needs.
const COMMAND_LIMIT: Duration = Duration::from_secs(30 * 60);

fn run_commands(
    image: &Image,
    run: &Run,
    journal: &mut Journal,
    resumed: Option<&Record>,
    progress: &mut dyn FnMut(Step),
) -> Result<(), ApplyError> {
    let mut shown = run.moves.last().map(|step| step.guideline.clone());
    for (number, step) in run.commands.iter().enumerate() {
        if resumed.is_some_and(|record| record.ended.contains(&number)) {
            continue;
        }
        carry::announce(run, &step.guideline, &mut shown, progress);
        let (argv, guideline) = (step.argv.clone(), step.guideline.clone());
        journal.write([Event::CommandStart { number, guideline, argv }]).map_err(ApplyError::Failed)?;
        let command = step.argv.join(" ");
        let mut show = |line: &str| progress(Step::Output { line: super::secret::printable(line) });
        let (outcome, success) = match program::run(image, &step.argv, COMMAND_LIMIT, &mut show) {
            Ok(ended) => (ended.to_string(), ended.success()),
            Err(error) => (error.to_string(), false),
        };
        let done = Event::CommandDone { number, outcome: outcome.clone(), success };
        journal.write([done]).map_err(ApplyError::Failed)?;
        if !success {
            return Err(ApplyError::Command { command, code: outcome });
        }
        progress(Step::Done { what: format!("ran {command}") });
    }
    Ok(())
}

pub(super) fn lock(state: &State) -> Result<Lock, ApplyError> {
    state.lock().map_err(|held| match held {
        Ok(pid) => ApplyError::Busy { pid },
        Err(error) => ApplyError::Failed(error),
    })
}
