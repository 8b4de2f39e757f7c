//! The journal inside a report: an unbroken chain that tells of the same runs as the report.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::{ChangeRecord, NodeKind, NodeRecord, Report, Withheld, sha256_hex};
use super::output::Judgement::{self, Failed, Holds};
use crate::change::journal::{Event, JournalLine, Trace};
use crate::image::text::visible;

/// The chain holds, and what was changed is what the journal tells of.
pub(super) fn journal(report: &Report) -> Judgement {
    let lines = &report.journal.lines;
    let head = lines.last().map(|line| sha256_hex(line.as_bytes()));
    let parsed = match chain(lines) {
        Ok(parsed) => parsed,
        Err(sentence) => return Failed(sentence),
    };
    if report.journal.count != lines.len() || report.journal.head != head {
        return Failed("Journal: lines are missing at its end, or its count or head was changed.".to_owned());
    }
    let mut last = None;
    for (number, line) in parsed.iter().enumerate() {
        let Ok(at) = line.at.parse::<Timestamp>() else {
            return Failed(format!("Journal: line {} has no time.", number + 1));
        };
        if last.is_some_and(|last| at < last) {
            return Failed(format!("Journal: at line {} the clock goes back.", number + 1));
        }
        last = Some(at);
    }
    if last.is_some_and(|last| last > report.generated_at) {
        return Failed("Journal: its last line is later than the report.".to_owned());
    }
    match runs(report, &parsed) {
        Some(sentence) => Failed(sentence),
        None => Holds(format!("Lines: {}, an unbroken chain.", lines.len())),
    }
}

/// Reads the lines; each holds the digest of the one before, the first that of `genesis`.
fn chain(lines: &[String]) -> Result<Vec<JournalLine>, String> {
    let genesis = sha256_hex(b"genesis");
    let mut parsed: Vec<JournalLine> = Vec::new();
    let mut previous: Option<(u64, String)> = None;
    for (number, text) in lines.iter().enumerate() {
        let number = number + 1;
        let line: JournalLine = serde_json::from_str(text)
            .map_err(|error| format!("Journal: line {number} is not well formed: {}.", visible(&error.to_string())))?;
        let follows = match &previous {
            None => line.seq == 0 && line.prev == genesis,
            Some((seq, digest)) => line.seq == seq.saturating_add(1) && line.prev == *digest,
        };
        if !follows {
            return Err(format!(
                "Journal is broken before line {number}: the line before it was changed, removed or moved after it was written."
            ));
        }
        previous = Some((line.seq, sha256_hex(text.as_bytes())));
        parsed.push(line);
    }
    Ok(parsed)
}

/// One run as the journal tells it.
#[derive(Default)]
struct Told<'a> {
    changes: Vec<Move<'a>>,
    /// Guideline and command line.
    commands: Vec<(&'a str, String)>,
    ended: bool,
    /// Some of it was taken back later.
    undone: bool,
}

/// One change as the journal tells it.
struct Move<'a> {
    guideline: &'a str,
    path: &'a str,
    before: Option<&'a Trace>,
    after: Option<&'a Trace>,
    taken_back: bool,
}

/// The runs, by id.
fn told(lines: &[JournalLine]) -> BTreeMap<&str, Told<'_>> {
    let mut runs: BTreeMap<&str, Told<'_>> = BTreeMap::new();
    let mut run: Option<&str> = None;
    let mut undo: Option<(&[String], &[String])> = None;
    for line in lines {
        match (&line.event, run.and_then(|run| runs.get_mut(run))) {
            (Event::Begin { run: id, .. }, _) => {
                (run, undo) = (Some(id.as_str()), None);
                runs.insert(id, Told::default());
            }
            (Event::UndoBegin { runs, guidelines, .. }, _) => {
                (run, undo) = (None, Some((runs.as_slice(), guidelines.as_slice())));
            }
            (Event::Change { guideline, path, before, after, .. }, Some(told)) => told.changes.push(Move {
                guideline,
                path,
                before: before.as_ref(),
                after: after.as_ref(),
                taken_back: false,
            }),
            (Event::CommandStart { guideline, argv, .. }, Some(told)) => {
                told.commands.push((guideline, visible(&argv.join(" "))));
            }
            (Event::End, Some(told)) => told.ended = true,
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
            _ => {}
        }
    }
    runs
}

/// What is changed by the journal is what is changed by the report, run by run and in the same order.
fn runs(report: &Report, lines: &[JournalLine]) -> Option<String> {
    let told = told(lines);
    let changes = report.changes.iter().map(|change| (&change.run, &change.id));
    let commands = report.commands.iter().map(|command| (&command.run, &command.id));
    for (run, id) in changes.chain(commands) {
        if !told.contains_key(run.as_str()) {
            return Some(format!("The journal does not tell of the run of the change {}.", visible(id)));
        }
    }
    told.iter().find_map(|(run, told)| differs(report, run, told))
}

/// Where the report and the journal differ about one run.
fn differs(report: &Report, run: &str, told: &Told<'_>) -> Option<String> {
    let mut listed = report.changes.iter().filter(|change| change.run == run);
    for told in told.changes.iter().filter(|told| !told.taken_back) {
        match listed.next() {
            Some(change) if same(change, told) => {}
            Some(change) => {
                return Some(format!(
                    "The journal tells otherwise of the change {} of {}.",
                    visible(&change.id),
                    visible(&change.path)
                ));
            }
            None => {
                return Some(format!(
                    "The journal tells of a change of {} for {}, which the report leaves out.",
                    visible(told.path),
                    visible(told.guideline)
                ));
            }
        }
    }
    if let Some(change) = listed.next() {
        return Some(format!(
            "The journal does not tell of the change {} of {}.",
            visible(&change.id),
            visible(&change.path)
        ));
    }
    let ran = report.commands.iter().filter(|command| command.run == run);
    let ran: Vec<(&str, String)> =
        ran.map(|command| (command.guideline.as_str(), visible(&command.argv.join(" ")))).collect();
    let alike = ran == told.commands || (told.undone && ran.is_empty()) || !told.ended;
    (!alike).then(|| format!("The commands of run {} are not those that the journal tells of.", visible(run)))
}

fn same(change: &ChangeRecord, told: &Move<'_>) -> bool {
    let side = |node: Option<&NodeRecord>, trace: Option<&Trace>| match (node, trace) {
        (None, None) => true,
        (Some(node), Some(trace)) => is(node, trace),
        _ => false,
    };
    visible(&change.guideline) == visible(told.guideline)
        && visible(&change.path) == visible(told.path)
        && side(change.before.as_ref(), told.before)
        && side(change.after.as_ref(), told.after)
}

/// Whether a node of the report is what the journal tells of.
fn is(node: &NodeRecord, trace: &Trace) -> bool {
    let kind = match node.kind {
        NodeKind::File => "file",
        NodeKind::Link => "link",
        NodeKind::Directory => "directory",
    };
    let content = match (node.kind, node.withheld) {
        (NodeKind::File, Some(Withheld::Secret)) => trace.sha256.as_deref() == Some("withheld"),
        // The journal was written with the file before it.
        (NodeKind::File, Some(Withheld::TooLarge)) => node.size == trace.size,
        (NodeKind::File, None) => node.sha256 == trace.sha256 && node.size == trace.size,
        _ => node.target == trace.target,
    };
    let mode = node.mode.as_ref().is_none_or(|mode| *mode == trace.mode);
    kind == trace.what && content && mode && (node.uid, node.gid) == (trace.uid, trace.gid)
}
