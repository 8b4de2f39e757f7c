//! What a report says of the one it goes on from, and whether it goes on from the one that the reviewer has.

use std::collections::BTreeSet;

use super::output::Judgement::{self, Failed, Holds, NotChecked, Warning};
use crate::change::journal::{Event, JournalLine};
use crate::image::text::visible;
use crate::report::compare::{Comparison, Drift, Side, compare};
use crate::report::{Previous, Report, parse, sha256_hex};

/// What it says is different since the report it goes on from follows from the two.
pub(super) fn comparison(report: &Report, baseline: Option<&[u8]>) -> Judgement {
    let told = journaled(report);
    let Some(previous) = &report.previous else {
        return match told {
            None => NotChecked("It goes on from no other report.".to_owned()),
            Some((id, ..)) => {
                Failed(format!("By its journal it goes on from report {}, which it does not say.", visible(&id)))
            }
        };
    };
    let id = visible(&previous.report_id);
    if told != Some((previous.report_id.clone(), previous.sha256.clone(), previous.signer.clone())) {
        return Failed(format!("It says that it goes on from report {id}, but its journal does not tell so."));
    }
    let Some(told) = &previous.comparison else {
        return NotChecked(format!("It does not tell what is different since report {id}."));
    };
    if told.new != Side::of(report) || told.old.report_id != previous.report_id {
        return Failed(format!("What it tells to be different since report {id} is of another pair of reports."));
    }
    let Some(baseline) = baseline.filter(|baseline| sha256_hex(baseline) == previous.sha256) else {
        return NotChecked(format!(
            "What it tells to be different since report {id} was not worked out again; --baseline FILE does that."
        ));
    };
    let old = match parse(baseline) {
        Ok(old) => old,
        Err(error) => return Failed(format!("What it goes on from is no report: {error}")),
    };
    let ours = env!("CARGO_PKG_VERSION");
    match fault(told, &old, report) {
        None => Holds(format!("What it tells to be different since report {id} follows from the two.")),
        Some(_) if report.tool.version != ours => Warning(format!(
            "What it tells to be different since report {id} is not what this version finds; it was worked out by {}, this is {ours}.",
            visible(&report.tool.version)
        )),
        Some(what) => {
            Failed(format!("What it tells to be different since report {id} does not follow from the two: {what}."))
        }
    }
}

/// The last that the journal tells of an earlier report: its id, digest and signer.
fn journaled(report: &Report) -> Option<(String, String, Option<String>)> {
    let lines = report.journal.lines.iter().rev();
    let mut events = lines.filter_map(|line| serde_json::from_str::<JournalLine>(line).ok()).map(|line| line.event);
    events.find_map(|event| match event {
        Event::Previous { report_id, sha256, signer } => Some((report_id, sha256, signer)),
        _ => None,
    })
}

/// What of `told` does not follow from the two reports.
fn fault(told: &Comparison, old: &Report, new: &Report) -> Option<&'static str> {
    let found = compare(old, new);
    let parts = [
        (told.old == found.old, "the particulars of the older one"),
        (told.regressed == found.regressed, "what regressed"),
        (told.fixed == found.fixed, "what was fixed"),
        (told.newly_applicable == found.newly_applicable, "what newly applies"),
        (told.otherwise == found.otherwise, "what changed otherwise"),
        (told.added == found.added, "what is new in the catalogue"),
        (told.gone == found.gone, "what is gone from the catalogue"),
        (told.waivers == found.waivers, "the waivers"),
        (told.drift.as_ref().is_none_or(|drift| speaks_of(drift, old)), "the files that changed"),
        (*told == Comparison { drift: told.drift.clone(), ..found }, "whether something regressed"),
    ];
    parts.into_iter().find(|(same, _)| !same).map(|(_, what)| what)
}

/// Whether the drift speaks of files that the older report changed, each once, and of no fewer unless it says so.
fn speaks_of(drift: &Drift, old: &Report) -> bool {
    let changed: BTreeSet<&str> = old.changes.iter().map(|change| change.path.as_str()).collect();
    let shown: BTreeSet<String> = changed.iter().map(|path| visible(path)).collect();
    let listed: BTreeSet<String> = drift.files.iter().map(|file| file.path.clone()).collect();
    let told = drift.same.saturating_add(drift.files.len()).saturating_add(drift.unlisted);
    listed.len() == drift.files.len() && listed.is_subset(&shown) && told == changed.len()
}

/// It goes on from the report that the reviewer has, in time and in guidelines.
pub(super) fn baseline(report: &Report, baseline: Option<&[u8]>) -> Judgement {
    match (&report.previous, baseline) {
        (None, None) => NotChecked("No earlier report was given that it should go on from.".to_owned()),
        (None, Some(_)) => Failed(
            "It goes on from no other report, so not from the one that was given. It may hide what came back since."
                .to_owned(),
        ),
        (Some(previous), None) => {
            let Previous { report_id, sha256, signer, .. } = previous;
            let (id, sha256) = (visible(report_id), visible(sha256));
            match signer {
                Some(signer) => NotChecked(format!(
                    "It goes on from report {id} (SHA-256 {sha256}), which it says was signed with {}; that one was not given (--baseline FILE).",
                    visible(signer)
                )),
                None => Warning(format!(
                    "It goes on from report {id} (SHA-256 {sha256}), whose signature nobody verified when this one was made."
                )),
            }
        }
        (Some(previous), Some(bytes)) => continues(report, previous, bytes),
    }
}

fn continues(report: &Report, previous: &Previous, baseline: &[u8]) -> Judgement {
    let sha256 = sha256_hex(baseline);
    let id = visible(&previous.report_id);
    if sha256 != previous.sha256 {
        return Failed(format!(
            "It goes on from report {id} (SHA-256 {}), not from the one that was given (SHA-256 {sha256}).",
            visible(&previous.sha256)
        ));
    }
    let old = match parse(baseline) {
        Ok(old) => old,
        Err(error) => return Failed(format!("What it goes on from is no report: {error}")),
    };
    if visible(&old.report_id) != previous.report_id {
        return Failed(format!("It calls the report it goes on from {id}; that is {}.", visible(&old.report_id)));
    }
    if report.generated_at < old.generated_at {
        return Failed(format!(
            "It was written at {}, before the report it goes on from ({}).",
            report.generated_at, old.generated_at
        ));
    }
    let (version, earlier) = (&report.catalogue.version, &old.catalogue.version);
    if is_older(version, earlier) {
        return Failed(format!(
            "It goes by catalogue {}, older than that of the report it goes on from ({}).",
            visible(version),
            visible(earlier)
        ));
    }
    if previous.signer.is_none() {
        return Warning(format!(
            "It goes on from report {id}, whose signature nobody verified when this one was made."
        ));
    }
    Holds(format!("It goes on from report {id}, and neither its time nor its catalogue goes back."))
}

/// Whether catalogue `version` is older than `other`: number by number, as `2026.11` is written.
fn is_older(version: &str, other: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    match (numbers(version), numbers(other)) {
        (Some(version), Some(other)) => version < other,
        _ => version < other,
    }
}
