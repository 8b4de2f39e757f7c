//! The runs as the journal tells of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::journal::{Event, JournalLine, Trace};
use crate::image::text::visible;

/// One run.
#[derive(Default)]
pub(in crate::report) struct Run<'a> {
    pub(in crate::report) changes: Vec<Move<'a>>,
    pub(in crate::report) commands: Vec<Ran<'a>>,
    pub(in crate::report) ended: bool,
    /// Some of it was taken back later.
    undone: bool,
}

/// One change.
pub(in crate::report) struct Move<'a> {
    pub(in crate::report) seq: u64,
    pub(in crate::report) guideline: &'a str,
    pub(in crate::report) path: &'a str,
    pub(in crate::report) before: Option<&'a Trace>,
    pub(in crate::report) after: Option<&'a Trace>,
    pub(in crate::report) taken_back: bool,
}

/// One command that was started.
#[derive(PartialEq, Eq)]
pub(in crate::report) struct Ran<'a> {
    pub(in crate::report) seq: u64,
    pub(in crate::report) guideline: &'a str,
    /// Program and arguments in one line, visible.
    pub(in crate::report) line: String,
    /// How it ended; `None`: not, as far as is known.
    pub(in crate::report) outcome: Option<&'a str>,
    /// The guideline it was run for was taken back in this run; what it did was not.
    taken_back: bool,
    number: usize,
}

/// The runs that were not given up, by id.
///
/// # Errors
/// With the number of the first line that cannot come after those before it: no run and no undo goes that way.
pub(in crate::report) fn runs(lines: &[JournalLine]) -> Result<BTreeMap<&str, Run<'_>>, u64> {
    let mut course = Course::default();
    for line in lines {
        course.hear(line).ok_or(line.seq)?;
    }
    Ok(course.runs)
}

/// What is under way.
#[derive(Default)]
enum Stage<'a> {
    #[default]
    Nothing,
    Run(&'a str),
    Undo {
        runs: &'a [String],
        guidelines: &'a [String],
    },
}

/// The journal as far as it was heard.
#[derive(Default)]
struct Course<'a> {
    runs: BTreeMap<&'a str, Run<'a>>,
    /// Runs and undos that began; each name is given once.
    known: BTreeSet<&'a str>,
    stage: Stage<'a>,
    /// How many changes were told, until the first is made: all are told before.
    intended: Option<usize>,
    /// Commands that were started and did not end.
    started: BTreeSet<usize>,
}

impl<'a> Course<'a> {
    /// `None`: the line cannot come here.
    fn hear(&mut self, line: &'a JournalLine) -> Option<()> {
        match (&line.event, &self.stage) {
            // Written by whoever decides or reports, and between the two parts of a run that was interrupted too.
            (Event::Decision(_) | Event::Withdrawn { .. } | Event::Previous { .. } | Event::Export { .. }, _) => {}
            (Event::Begin { run, .. }, Stage::Nothing) => {
                self.begin(run, Stage::Run(run))?;
                self.runs.insert(run, Run::default());
            }
            (Event::UndoBegin { undo, runs, guidelines }, stage) => {
                // An interrupted run may be taken back by an undo of it, in its place.
                match stage {
                    Stage::Nothing => {}
                    Stage::Run(open) => drop(runs.iter().find(|run| run == open)?),
                    Stage::Undo { .. } => return None,
                }
                self.begin(undo, Stage::Undo { runs, guidelines })?;
            }
            (Event::Change { number, .. }, Stage::Run(_) | Stage::Undo { .. }) => {
                (*number == self.intended?).then(|| self.intended = Some(number + 1))?;
                self.note(line);
            }
            (Event::CommandStart { number, .. }, Stage::Run(_) | Stage::Undo { .. }) => {
                self.intended = None;
                self.started.insert(*number);
                self.note(line);
            }
            (Event::CommandDone { number, .. }, Stage::Run(_) | Stage::Undo { .. }) => {
                self.started.remove(number).then(|| self.note(line))?;
            }
            (Event::Done { .. } | Event::Stopped { .. }, Stage::Run(_) | Stage::Undo { .. }) => self.intended = None,
            (Event::End, Stage::Run(_)) => {
                self.note(line);
                self.stage = Stage::Nothing;
            }
            (Event::TakenBack { .. }, Stage::Run(run)) => {
                self.runs.remove(run);
                self.stage = Stage::Nothing;
            }
            (Event::UndoEnd, Stage::Undo { runs, guidelines }) => {
                for (_, told) in self.runs.iter_mut().filter(|(id, _)| runs.iter().any(|run| run == *id)) {
                    told.take_back(guidelines);
                }
                self.stage = Stage::Nothing;
            }
            (Event::UndoTakenBack { .. }, Stage::Undo { .. }) => self.stage = Stage::Nothing,
            _ => return None,
        }
        Some(())
    }

    fn begin(&mut self, name: &'a str, stage: Stage<'a>) -> Option<()> {
        (self.stage, self.intended) = (stage, Some(0));
        self.started.clear();
        self.known.insert(name).then_some(())
    }

    /// Notes the line for the run that is under way, if it is one.
    fn note(&mut self, line: &'a JournalLine) {
        if let Stage::Run(run) = &self.stage
            && let Some(run) = self.runs.get_mut(run)
        {
            run.note(line.seq, &line.event);
        }
    }
}

impl<'a> Run<'a> {
    /// Whether an undo took back every guideline of it: then it is no longer in force.
    pub(in crate::report) fn is_undone(&self) -> bool {
        let mut taken = self.changes.iter().map(|told| told.taken_back);
        self.undone && taken.all(|taken| taken) && self.commands.iter().all(|told| told.taken_back)
    }

    fn take_back(&mut self, guidelines: &[String]) {
        let is_taken = |guideline: &str| guidelines.iter().any(|id| id == guideline);
        self.undone = true;
        self.changes.iter_mut().for_each(|told| told.taken_back |= is_taken(told.guideline));
        self.commands.iter_mut().for_each(|told| told.taken_back |= is_taken(told.guideline));
    }

    fn note(&mut self, seq: u64, event: &'a Event) {
        match event {
            Event::Change { guideline, path, before, after, .. } => self.changes.push(Move {
                seq,
                guideline,
                path,
                before: before.as_ref(),
                after: after.as_ref(),
                taken_back: false,
            }),
            Event::CommandStart { number, guideline, argv } => {
                // One that was interrupted is started again.
                self.commands.retain(|command| command.number != *number);
                let line = visible(&argv.join(" "));
                self.commands.push(Ran { seq, guideline, line, outcome: None, taken_back: false, number: *number });
            }
            Event::CommandDone { number, outcome, .. } => {
                if let Some(command) = self.commands.iter_mut().find(|command| command.number == *number) {
                    command.outcome = Some(outcome);
                }
            }
            Event::End => self.ended = true,
            _ => {}
        }
    }
}
