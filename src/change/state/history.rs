//! What the journal and the runs' files together say has happened, in order.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::{How, Interrupted, RunSummary, Standing, State, read_file};
use crate::change::journal::{Event, JournalLine};
use crate::change::run::{DirectoryTimes, Held, HeldBody, Run};
use crate::change::{Change, Plan, PlanStep, services};
use crate::image::{BODY_LIMIT, Body, Error, FileNode, Node};

/// How a run or an undo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::change) enum Ending {
    /// It did not.
    Open,
    /// Well.
    Done,
    /// It was given up, and all it had done was taken back.
    TakenBack,
}

/// One run or undo, as far as it came.
#[derive(Debug, Clone)]
pub(in crate::change) struct Record {
    pub(in crate::change) run: Run,
    pub(in crate::change) at: String,
    pub(in crate::change) is_undo: bool,
    pub(in crate::change) ending: Ending,
    /// Moves that the journal says are done.
    pub(in crate::change) done: usize,
    /// Why it stopped, where it said so.
    pub(in crate::change) stopped: Option<String>,
    /// Commands that were started.
    pub(in crate::change) started: BTreeSet<usize>,
    /// Commands that ended.
    pub(in crate::change) ended: BTreeSet<usize>,
    /// The times of what it changed and of the directories that holds, when it had ended.
    pub(in crate::change) settled: DirectoryTimes,
}

/// Every run and undo, oldest first.
#[derive(Debug, Clone, Default)]
pub(in crate::change) struct History {
    pub(in crate::change) records: Vec<Record>,
}

impl History {
    pub(super) fn read(state: &State) -> Result<Self, Error> {
        let mut records: Vec<Record> = Vec::new();
        for (line, event) in state.events()? {
            let (id, is_undo) = match &event {
                Event::Begin { run, .. } => (run, false),
                Event::UndoBegin { undo, .. } => (undo, true),
                _ => {
                    if let Some(record) = records.last_mut() {
                        record.note(&event);
                    }
                    continue;
                }
            };
            // An undo of an interrupted run takes its place.
            if let Some(open) = records.last_mut().filter(|record| record.ending == Ending::Open) {
                open.ending = Ending::Done;
            }
            let at = serde_json::from_str::<JournalLine>(&line).map(|line| line.at).unwrap_or_default();
            let directory = state.run_directory(id);
            let path = directory.join("run.json");
            let bad = |error: serde_json::Error| Error::malformed("read", &path, error.to_string());
            let bytes = read_file(&path)?.ok_or_else(|| Error::malformed("read", &path, "it is missing"))?;
            let run = serde_json::from_slice(&bytes).map_err(bad)?;
            let settled = match read_file(&directory.join("settled.json"))? {
                Some(bytes) => serde_json::from_slice(&bytes).map_err(bad)?,
                None => DirectoryTimes::new(),
            };
            let (started, ended) = (BTreeSet::new(), BTreeSet::new());
            let ending = Ending::Open;
            records.push(Record { run, at, is_undo, ending, done: 0, stopped: None, started, ended, settled });
        }
        Ok(Self { records })
    }

    /// The ids of all of them.
    pub(in crate::change) fn known(&self) -> BTreeSet<&str> {
        self.records.iter().map(|record| record.run.id.as_str()).collect()
    }

    /// What was interrupted, if anything: always the last.
    pub(in crate::change) fn open(&self) -> Option<&Record> {
        self.records.last().filter(|record| record.ending == Ending::Open)
    }

    /// The runs that an interrupted run or undo is about.
    pub(in crate::change) fn open_runs(&self) -> Vec<&str> {
        match self.open() {
            Some(record) if record.is_undo => record.run.runs(),
            Some(record) => vec![&record.run.id],
            None => Vec::new(),
        }
    }

    /// The moves that were taken back: run and number.
    pub(in crate::change) fn taken(&self) -> BTreeSet<(&str, usize)> {
        let undone = self.records.iter().filter(|record| record.is_undo && record.ending == Ending::Done);
        undone.flat_map(|record| record.run.takes_back.iter().map(|(run, number)| (run.as_str(), *number))).collect()
    }

    /// The runs that have something left that was not taken back, oldest first.
    pub(in crate::change) fn in_force(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| !record.is_undo && self.standing(record) == Standing::Done)
    }

    pub(in crate::change) fn summaries(&self) -> Vec<RunSummary> {
        let runs = self.records.iter().filter(|record| !record.is_undo);
        runs.map(|record| RunSummary {
            id: record.run.id.clone(),
            at: record.at.clone(),
            guidelines: record.run.guidelines.clone(),
            standing: self.standing(record),
            interrupted: self.interrupted(record),
        })
        .collect()
    }

    fn interrupted(&self, record: &Record) -> Option<Interrupted> {
        let open = self.open().filter(|_| self.standing(record) == Standing::Unfinished)?;
        Some(Interrupted {
            how: open.stopped.clone().map_or(How::Ended, How::Failed),
            is_undo: open.is_undo,
            done: open.done.min(open.run.moves.len()),
            of: open.run.moves.len(),
            can_finish: true,
            can_take_back: true,
        })
    }

    fn standing(&self, record: &Record) -> Standing {
        if self.open_runs().contains(&record.run.id.as_str()) {
            return Standing::Unfinished;
        }
        if record.ending == Ending::TakenBack {
            return Standing::Undone;
        }
        let taken = self.taken();
        let undone = self.records.iter().filter(|undo| undo.is_undo && undo.ending == Ending::Done);
        let whole = undone.flat_map(|undo| &undo.run.whole_runs).any(|run| *run == record.run.id);
        let all = || (0..record.run.moves.len()).all(|number| taken.contains(&(record.run.id.as_str(), number)));
        if whole || (!record.run.moves.is_empty() && record.run.commands.is_empty() && all()) {
            Standing::Undone
        } else {
            Standing::Done
        }
    }
}

impl Record {
    fn note(&mut self, event: &Event) {
        match event {
            Event::End | Event::UndoEnd => self.ending = Ending::Done,
            Event::TakenBack { .. } | Event::UndoTakenBack { .. } => self.ending = Ending::TakenBack,
            Event::Done { .. } => {
                self.done += 1;
                self.stopped = None;
            }
            Event::Stopped { reason } => self.stopped = Some(reason.clone()),
            Event::CommandStart { number, .. } => {
                self.started.insert(*number);
            }
            Event::CommandDone { number, .. } => {
                self.ended.insert(*number);
            }
            _ => {}
        }
    }
}

/// What `record` did and nobody took back, as a plan.
pub(super) fn plan(state: &State, history: &History, record: &Record) -> Result<Plan, Error> {
    let taken = history.taken();
    let mut plan = Plan::default();
    let mut add = |guideline: &str, change: Change| match plan.steps.last_mut() {
        Some(step) if step.guideline == guideline => step.changes.push(change),
        _ => plan.steps.push(PlanStep { guideline: guideline.to_owned(), changes: vec![change] }),
    };
    for (number, step) in record.run.moves.iter().enumerate() {
        if taken.contains(&(record.run.id.as_str(), number)) {
            continue;
        }
        let node = |held: &Option<Held>| held.as_ref().map(|held| state.node(held)).transpose();
        let (before, after) = (node(&step.from)?, node(&step.to)?);
        plan_path(&mut add, step, before, after);
    }
    for (number, command) in record.run.commands.iter().enumerate() {
        if record.started.contains(&number) {
            let (argv, purpose) = (command.argv.clone(), command.purpose.clone());
            add(&command.guideline, Change::Command { argv, purpose });
        }
    }
    for (place, step) in record.run.services.iter().enumerate() {
        if record.started.contains(&(record.run.commands.len() + place)) {
            let purpose = format!("Stops {}, which is not to run any more.", step.unit);
            add(&step.guideline, Change::Command { argv: services::argv(step), purpose });
        }
    }
    Ok(plan)
}

fn plan_path(
    add: &mut impl FnMut(&str, Change),
    step: &crate::change::run::Move,
    before: Option<Node>,
    after: Option<Node>,
) {
    add(&step.guideline, Change::Path { path: step.path.to_path(), before, after, secret: step.secret });
}

impl State {
    /// The bytes of a file that is held.
    pub(in crate::change) fn content(&self, body: &HeldBody) -> Result<Box<dyn std::io::Read>, Error> {
        use std::io::{Seek as _, SeekFrom};
        let HeldBody::File { size, run, at, .. } = body else { return Ok(Box::new(std::io::empty())) };
        let path = self.run_directory(run).join("contents");
        let mut file = super::open_file(&path)?;
        file.seek(SeekFrom::Start(*at)).map_err(|error| super::disk_error("read", &path, &error))?;
        Ok(Box::new(file.take(*size)))
    }

    /// The same in memory.
    pub(in crate::change) fn bytes(&self, body: &HeldBody) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let path = self.directory();
        self.content(body)?.read_to_end(&mut bytes).map_err(|error| super::disk_error("read", path, &error))?;
        Ok(bytes)
    }

    fn node(&self, held: &Held) -> Result<Node, Error> {
        let (mode, uid, gid) = (held.mode, held.uid, held.gid);
        Ok(match &held.body {
            HeldBody::File { size, .. } => {
                let body = if *size > BODY_LIMIT {
                    Body::OnDisk { size: *size, stamp: held.stamp.unwrap_or_default() }
                } else {
                    Body::Bytes(self.bytes(&held.body)?.into())
                };
                Node::File(FileNode { body, mode, uid, gid })
            }
            HeldBody::Symlink(target) => Node::Symlink { target: target.to_path(), uid, gid },
            HeldBody::Directory => Node::Directory { mode, uid, gid },
        })
    }
}
