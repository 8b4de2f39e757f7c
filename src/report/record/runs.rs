//! The runs as the journal tells of them.

use std::collections::BTreeMap;

use crate::change::journal::{Event, JournalLine, Trace};
use crate::image::text::visible;

/// One run.
#[derive(Default)]
pub(in crate::report) struct Run<'a> {
    pub(in crate::report) changes: Vec<Move<'a>>,
    pub(in crate::report) commands: Vec<Ran<'a>>,
    pub(in crate::report) ended: bool,
    /// Some of it was taken back later.
    pub(in crate::report) undone: bool,
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
    number: usize,
}

/// The runs that were not given up, by id.
pub(in crate::report) fn runs(lines: &[JournalLine]) -> BTreeMap<&str, Run<'_>> {
    let mut runs: BTreeMap<&str, Run<'_>> = BTreeMap::new();
    let mut run: Option<&str> = None;
    let mut undo: Option<(&[String], &[String])> = None;
    for line in lines {
        match (&line.event, run.and_then(|run| runs.get_mut(run))) {
            (Event::Begin { run: id, .. }, _) => {
                (run, undo) = (Some(id.as_str()), None);
                runs.insert(id, Run::default());
            }
            (Event::UndoBegin { runs, guidelines, .. }, _) => {
                (run, undo) = (None, Some((runs.as_slice(), guidelines.as_slice())));
            }
            (Event::TakenBack { .. }, _) => {
                run.map(|run| runs.remove(run));
            }
            (Event::UndoEnd, _) => {
                let (undone, guidelines) = undo.unwrap_or_default();
                for (_, told) in runs.iter_mut().filter(|(id, _)| undone.iter().any(|run| run == *id)) {
                    told.undone = true;
                    let taken = |told: &&mut Move<'_>| guidelines.iter().any(|id| id == told.guideline);
                    told.changes.iter_mut().filter(taken).for_each(|told| told.taken_back = true);
                }
            }
            (event, Some(run)) => run.note(line.seq, event),
            _ => {}
        }
    }
    runs
}

impl<'a> Run<'a> {
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
                self.commands.push(Ran { seq, guideline, line, outcome: None, number: *number });
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
