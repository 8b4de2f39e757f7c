//! The journal inside a report: an unbroken chain that tells of the same runs as the report.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::{Report, sha256_hex};
use super::output::Judgement::{self, Failed, Holds};
use crate::change::journal::{Event, JournalLine};
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

/// Every change belongs to a run the journal tells of.
fn runs(report: &Report, lines: &[JournalLine]) -> Option<String> {
    let mut begun: BTreeMap<&str, &[String]> = BTreeMap::new();
    for line in lines {
        if let Event::Begin { run, guidelines } = &line.event {
            begun.insert(run, guidelines);
        }
    }
    let changes = report.changes.iter().map(|change| (&change.id, &change.run, &change.guideline));
    let commands = report.commands.iter().map(|command| (&command.id, &command.run, &command.guideline));
    changes.chain(commands).find_map(|(id, run, guideline)| {
        let told = begun.get(run.as_str()).is_some_and(|guidelines| guidelines.contains(guideline));
        (!told).then(|| format!("The journal does not tell of the change {} for {}.", visible(id), visible(guideline)))
    })
}
