//! Takes runs back: exactly where nobody edited since, by three-way merge where somebody did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::carry::{self, Stop, Why};
use super::journal::{Event, Journal};
use super::run::Run;
use super::state::{History, Lock, Record};
use super::{Applied, ApplyError, ApplyStep, State, apply, links, prepare, revert, services, sshd};
use crate::image::{Error, Image};

mod draft;
mod merge;

use draft::Picked;

/// What to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The last run that is not undone yet.
    Last,
    /// One run.
    Run(String),
    /// The changes one guideline made, in whichever run.
    Guideline(String),
    /// Everything, newest first.
    Everything,
}

/// What undo did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// Runs taken back (in part, for [`What::Guideline`]).
    pub runs: Vec<String>,
    /// Guidelines taken back.
    pub guidelines: Vec<String>,
    /// What was put back as it was before.
    pub restored: Vec<PathBuf>,
    /// What did not exist before and is gone again.
    pub removed: Vec<PathBuf>,
    /// Files whose later edits by hand were kept.
    pub merged: Vec<PathBuf>,
    /// What a run had changed and somebody removed since: it stays removed.
    pub gone: Vec<PathBuf>,
    /// Files restored that had other names (hard links), which hold something else by now: they are files of their own.
    pub apart: Vec<PathBuf>,
    /// Commands that cannot be taken back, and units that did not start again.
    pub left: Vec<String>,
}

/// Why undo stopped; nothing was changed by it unless its text says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// Nothing to take back.
    #[error("nothing to take back: {0}")]
    Nothing(String),
    /// Somebody edited the same lines since.
    #[error("{} was edited since, at the same lines; nothing was taken back. Undo the edit, or put the file right by hand:\n{conflict}", crate::image::text::path(.path))]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The merge with its conflict marks (masked where secret).
        conflict: String,
    },
    /// Another Seaworthy works on this image.
    #[error("another seaworthy is at work on this image (process {pid}); wait for it or end it")]
    Busy {
        /// Its process id.
        pid: i32,
    },
    /// Everything is taken back, but what was there before lies beside it still.
    #[error(
        "{0}; everything is taken back, but what it replaced lies beside it still. Once the cause is mended, run `seaworthy undo` again"
    )]
    Untidy(#[source] Error),
    /// Reading or writing failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Takes back `what`.
///
/// # Errors
/// See [`UndoError`].
pub fn undo(
    image: &Image,
    state: &State,
    what: &What,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Undone, UndoError> {
    let _lock = lock(state)?;
    let undone = locked(image, state, what, progress)?;
    revert::forget_undone(image, state)?;
    Ok(undone)
}

/// As [`undo`], for whoever holds the lock.
pub(super) fn locked(
    image: &Image,
    state: &State,
    what: &What,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Undone, UndoError> {
    let image = image.refreshed();
    let mut undone = Undone::default();
    if let Some((run, guidelines)) = found(&image, state, what)? {
        return Ok(Undone { runs: vec![run], guidelines, ..undone });
    }
    let history = state.history()?;
    if let Some(open) = history.open() {
        if !is_about(&history, what) {
            let run = history.open_runs().first().map_or_else(String::new, |run| (*run).to_owned());
            return Err(UndoError::Nothing(format!("run {run} was interrupted; finish it or take it back first")));
        }
        match take_back_open(&image, state, open, &mut undone, progress) {
            // Somebody edited what the interrupted run had touched: what they wrote is kept, where that can be.
            Err(UndoError::Conflict { .. }) if !open.is_undo => {
                let picked = Picked { record: open, guideline: None };
                take_back(&image, state, &history, &[picked], &mut undone, progress)?;
            }
            other => other?,
        }
        if *what != What::Everything {
            return Ok(undone);
        }
    }

    let history = state.history()?;
    let picked = pick(&history, what);
    if picked.is_empty() {
        return if undone.runs.is_empty() { Err(UndoError::Nothing(nothing(&history, what))) } else { Ok(undone) };
    }
    take_back(&image, state, &history, &picked, &mut undone, progress)?;
    Ok(undone)
}

/// Deals with a run whose journal went with the power: into the journal with it, or taken back here and now where that is
/// the only way that is open; then the run and its guidelines.
fn found(image: &Image, state: &State, what: &What) -> Result<Option<(String, Vec<String>)>, UndoError> {
    let history = state.history()?;
    let Some(found) = state.found(image, &history)? else { return Ok(None) };
    let run = found.run().to_owned();
    let is_about = match what {
        What::Last | What::Everything => true,
        What::Run(id) => *id == run,
        What::Guideline(_) => false,
    };
    if !is_about {
        return Err(UndoError::Nothing(format!("run {run} was interrupted; finish it or take it back first")));
    }
    prepare::sweep_up(image, state, &history.known())?;
    if found.adopt(image, state)? {
        return Ok(None);
    }
    if found.take_back(image, state)? {
        return Ok(Some((run, found.guidelines().to_vec())));
    }
    Err(UndoError::Nothing(found.why_not_back()))
}

/// Drafts an undo of what was picked and carries it out.
fn take_back(
    image: &Image,
    state: &State,
    history: &History,
    picked: &[Picked<'_>],
    undone: &mut Undone,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), UndoError> {
    prepare::sweep_up(image, state, &history.known())?;
    let id = prepare::new_id(state);
    let drafted = draft::draft(image, state, history, picked, &id, undone).and_then(|run| {
        let mut journal = Journal::open(&state.journal())?;
        let (runs, guidelines) = (run.runs().into_iter().map(str::to_owned).collect(), run.guidelines.clone());
        let begin = Event::UndoBegin { undo: id.clone(), runs, guidelines };
        journal.write(std::iter::once(begin).chain(apply::intentions(&run)))?;
        Ok((run, journal))
    });
    let (run, mut journal) = drafted.inspect_err(|_| {
        state.forget(&id);
    })?;
    undone.runs.extend(run.runs().into_iter().map(str::to_owned));
    undone.guidelines.extend(run.guidelines.iter().cloned());
    carry_out(image, state, &run, &mut journal, false, undone, progress)?;
    undone.apart = links::apart(image, history, &run)?;
    let net: BTreeMap<PathBuf, bool> = run.moves.iter().map(|step| (step.path.to_path(), step.to.is_some())).collect();
    for (path, is_there) in net {
        if is_there { undone.restored.push(path) } else { undone.removed.push(path) }
    }
    Ok(())
}

/// Carries out an undo whose beginning is in the journal.
fn carry_out(
    image: &Image,
    state: &State,
    run: &Run,
    journal: &mut Journal,
    resume: bool,
    undone: &mut Undone,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), UndoError> {
    let Err(stop) = carry::forward(image, state, run, journal, resume, super::describe_back, progress) else {
        undone.left.extend(services::carry_out(image, run, journal, None, progress)?);
        journal.write([Event::UndoEnd])?;
        sshd::reload(image, run, progress);
        return Ok(());
    };
    let (why, legs) = match stop {
        Stop::Midway { why: Why::Failed(error), legs: 0 } if resume => {
            let _ = journal.write([Event::Stopped { reason: error.to_string() }]);
            return Err(UndoError::Failed(error));
        }
        Stop::Midway { why, legs } => (why, if resume { usize::MAX } else { legs }),
        // What is left is to remove what lies beside: the next undo does that first.
        Stop::Untidy(error) => {
            let _ = journal.write([Event::Stopped { reason: error.to_string() }]);
            return Err(UndoError::Untidy(error));
        }
    };
    let failure = UndoError::from(why);
    carry::back(image, state, run, legs)?;
    journal.write([Event::UndoTakenBack { reason: failure.to_string() }])?;
    Err(failure)
}

impl From<Why> for UndoError {
    fn from(why: Why) -> Self {
        match why {
            Why::Failed(error) => Self::Failed(error),
            Why::Changed(path) => conflict(path),
        }
    }
}

fn conflict(path: PathBuf) -> UndoError {
    let conflict = "somebody else is changing it at this moment".to_owned();
    UndoError::Conflict { path, conflict }
}

/// Ends what was interrupted in such a way that the runs it is about are taken back.
fn take_back_open(
    image: &Image,
    state: &State,
    open: &Record,
    undone: &mut Undone,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), UndoError> {
    let mut journal = Journal::open(&state.journal())?;
    if open.is_undo {
        undone.runs = open.run.runs().into_iter().map(str::to_owned).collect();
        undone.guidelines.clone_from(&open.run.guidelines);
        return carry_out(image, state, &open.run, &mut journal, true, undone, progress);
    }
    let _locks = carry::locked(image, &open.run, progress)?;
    carry::back(image, state, &open.run, usize::MAX)?;
    let starts = Run { services: services::to_start(open, None), ..open.run.clone() };
    let failed = services::carry_out(image, &starts, &mut journal, None, progress)?;
    journal.write([Event::TakenBack { reason: "it was interrupted and then taken back".to_owned() }])?;
    sshd::reload(image, &open.run, progress);
    undone.runs.push(open.run.id.clone());
    undone.guidelines.clone_from(&open.run.guidelines);
    let commands = open.run.commands.iter().enumerate().filter(|(number, _)| open.started.contains(number));
    undone.left = commands.map(|(_, step)| step.argv.join(" ")).chain(failed).collect();
    Ok(())
}

/// Whether `what` takes in what was interrupted.
fn is_about(history: &History, what: &What) -> bool {
    match what {
        What::Last | What::Everything => true,
        What::Run(run) => history.open_runs().contains(&run.as_str()),
        What::Guideline(_) => false,
    }
}

/// The runs that `what` takes back, newest first, each with the one guideline it is about, if only one.
fn pick<'a>(history: &'a History, what: &'a What) -> Vec<Picked<'a>> {
    let mut runs: Vec<&Record> = history.in_force().collect();
    runs.reverse();
    match what {
        What::Last => runs.truncate(1),
        What::Run(run) => runs.retain(|record| record.run.id == *run),
        What::Guideline(id) => {
            let taken = history.taken();
            runs.retain(|record| {
                let left = |number: usize| !taken.contains(&(record.run.id.as_str(), number));
                let mut moves = record.run.moves.iter().enumerate();
                moves.any(|(number, step)| left(number) && step.guideline.eq_ignore_ascii_case(id))
            });
        }
        What::Everything => {}
    }
    let guideline = if let What::Guideline(id) = what { Some(id.as_str()) } else { None };
    runs.into_iter().map(|record| Picked { record, guideline }).collect()
}

fn nothing(history: &History, what: &What) -> String {
    match what {
        What::Run(run) if history.records.iter().any(|record| record.run.id == *run) => {
            format!("run {run} has been taken back already")
        }
        What::Run(run) => format!("there is no run {run}"),
        What::Guideline(id) => format!("no run that is in force changed a file for {id}"),
        What::Last | What::Everything => "no run is in force".to_owned(),
    }
}

pub(super) fn lock(state: &State) -> Result<Lock, UndoError> {
    state.lock().map_err(|held| match held {
        Ok(pid) => UndoError::Busy { pid },
        Err(error) => UndoError::Failed(error),
    })
}

/// Finishes an interrupted run: carries out what its journal says is left. A run whose undo was interrupted is put in
/// force again.
///
/// # Errors
/// As [`super::apply()`].
pub fn finish(
    image: &Image,
    state: &State,
    run: &str,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<Applied, ApplyError> {
    let _lock = apply::lock(state)?;
    let image = image.refreshed();
    let failed = ApplyError::Failed;
    let history = state.history().map_err(failed)?;
    if let Some(found) = state.found(&image, &history).map_err(failed)?
        && found.run() == run
    {
        prepare::sweep_up(&image, state, &history.known()).map_err(failed)?;
        if !found.adopt(&image, state).map_err(failed)? {
            if found.finish(&image, state).map_err(failed)? {
                let guidelines = found.guidelines().to_vec();
                return Ok(Applied { run: run.to_owned(), guidelines, warnings: Vec::new(), pending: None });
            }
            let why = found.why_not_on();
            return Err(ApplyError::NotBegun(Error::malformed("finish", state.directory(), why)));
        }
    }
    let history = state.history().map_err(ApplyError::Failed)?;
    let open = history.open().filter(|_| history.open_runs().contains(&run));
    let missing = || Error::malformed("finish", state.directory(), format!("run {run} was not interrupted"));
    let open = open.ok_or_else(|| ApplyError::Failed(missing()))?;
    let mut journal = Journal::open(&state.journal()).map_err(ApplyError::Failed)?;
    if !open.is_undo {
        let outcome = apply::carry_out(&image, state, &open.run, &mut journal, Some(open), progress);
        let pending = revert::settle(&image, state, run).map_err(ApplyError::Unsettled);
        return Ok(Applied { pending: pending?, ..outcome? });
    }
    let _locks = carry::locked(&image, &open.run, progress).map_err(failed)?;
    carry::back(&image, state, &open.run, usize::MAX).map_err(|why| match why {
        Why::Failed(error) => ApplyError::Failed(error),
        Why::Changed(path) => ApplyError::Changed { path },
    })?;
    let stops = Run { services: services::to_stop_again(open), ..open.run.clone() };
    let warnings = services::carry_out(&image, &stops, &mut journal, None, progress).map_err(ApplyError::Failed)?;
    let reason = "it was interrupted, and its run was put in force again".to_owned();
    journal.write([Event::UndoTakenBack { reason }]).map_err(ApplyError::Failed)?;
    sshd::reload(&image, &open.run, progress);
    let record = history.records.iter().find(|record| record.run.id == run);
    let guidelines = record.map(|record| record.run.guidelines.clone()).unwrap_or_default();
    Ok(Applied { run: run.to_owned(), guidelines, warnings, pending: None })
}
