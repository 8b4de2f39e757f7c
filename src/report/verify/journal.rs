//! The journal inside a report: an unbroken chain that tells of the same runs as the report.

use jiff::Timestamp;

use super::super::record::{EXACT, largest_number, runs};
use super::super::{ChangeRecord, CommandRecord, NodeKind, NodeRecord, Report, Withheld, sha256_hex};
use super::output::Judgement::{self, Failed, Holds};
use crate::change::journal::{JournalLine, Trace};
use crate::image::text::visible;

mod decisions;

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
    match times(report, &parsed).or_else(|| decisions::differ(report, &parsed)).or_else(|| carried_out(report, &parsed))
    {
        Some(sentence) => Failed(sentence),
        None => Holds(format!(
            "Lines: {}, an unbroken chain that tells of the same decisions and changes as the report.",
            lines.len()
        )),
    }
}

/// The preparation began, the lines were written one after the other, then the report.
fn times(report: &Report, lines: &[JournalLine]) -> Option<String> {
    let mut last = None;
    for (number, line) in (1..).zip(lines) {
        let at = line.at.parse::<Timestamp>().ok().filter(|at| at.to_string() == line.at);
        let Some(at) = at else { return Some(format!("Journal: line {number} has no time, or none in UTC.")) };
        if last.is_none() && at < report.started_at {
            return Some("Journal: its first line is earlier than the beginning of the preparation.".to_owned());
        }
        if last.is_some_and(|last| at < last) {
            return Some(format!("Journal: at line {number} the clock goes back."));
        }
        last = Some(at);
    }
    (last > Some(report.generated_at)).then(|| "Journal: its last line is later than the report.".to_owned())
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
        if serde_json::to_string(&line).is_ok_and(|written| written != *text) {
            return Err(format!("Journal: line {number} is not written the way Seaworthy writes it."));
        }
        if largest_number(text.as_bytes()) >= EXACT {
            return Err(format!("Journal: line {number} has a number that not every program reads alike."));
        }
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

/// What is changed by the journal is what is changed by the report, run by run and in the same order.
fn carried_out(report: &Report, lines: &[JournalLine]) -> Option<String> {
    let told = match runs::runs(lines) {
        Ok(told) => told,
        Err(seq) => {
            let number = seq.saturating_add(1);
            return Some(format!("Journal: line {number} cannot follow those before it: no run is told of like that."));
        }
    };
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
fn differs(report: &Report, run: &str, told: &runs::Run<'_>) -> Option<String> {
    if !told.ended && !told.is_undone() {
        return Some(format!(
            "By the journal run {} was interrupted, and neither finished nor taken back.",
            visible(run)
        ));
    }
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
    let ran: Vec<&CommandRecord> = report.commands.iter().filter(|command| command.run == run).collect();
    let alike = |(ran, told): (&&CommandRecord, &runs::Ran<'_>)| {
        ran.guideline == told.guideline
            && visible(&ran.argv.join(" ")) == told.line
            && ran.outcome == told.outcome.map(visible)
            && ran.journal_seq == Some(told.seq)
    };
    let all_alike = ran.len() == told.commands.len() && ran.iter().zip(&told.commands).all(alike);
    // What a command did is not taken back; only with all else of its run it is not told of any more.
    (!(all_alike || told.is_undone() && ran.is_empty()))
        .then(|| format!("The commands of run {}, or how they ended, are not what the journal tells of.", visible(run)))
}

fn same(change: &ChangeRecord, told: &runs::Move<'_>) -> bool {
    let side = |node: Option<&NodeRecord>, trace: Option<&Trace>| match (node, trace) {
        (None, None) => true,
        (Some(node), Some(trace)) => is(node, trace, change.secret),
        _ => false,
    };
    change.journal_seq == Some(told.seq)
        && visible(&change.guideline) == visible(told.guideline)
        && visible(&change.path) == visible(told.path)
        && side(change.before.as_ref(), told.before)
        && side(change.after.as_ref(), told.after)
}

/// Whether a node of the report is what the journal tells of, in each of its parts.
fn is(node: &NodeRecord, trace: &Trace, secret: bool) -> bool {
    let kind = match node.kind {
        NodeKind::File => "file",
        NodeKind::Link => "link",
        NodeKind::Directory => "directory",
    };
    let content = match node.withheld {
        Some(Withheld::Secret) => {
            secret && trace.sha256.as_deref() == Some("withheld") && (&node.sha256, node.size) == (&None, None)
        }
        // The journal was written with the file before it, and tells of its digest too.
        Some(Withheld::TooLarge) => node.sha256.is_none() && node.size == trace.size,
        None => node.sha256 == trace.sha256 && node.size == trace.size,
    };
    let mode = match node.kind {
        NodeKind::Link => node.mode.is_none(),
        NodeKind::File | NodeKind::Directory => node.mode.as_ref() == Some(&trace.mode),
    };
    kind == trace.what
        && content
        && mode
        && node.target == trace.target
        && (node.uid, node.gid) == (trace.uid, trace.gid)
}
