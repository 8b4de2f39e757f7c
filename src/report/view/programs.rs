//! What the views for programs share.

use serde::Serialize;

use crate::catalogue::Phase;
use crate::image::text::{visible, visible_json};
use crate::report::{FindingRecord, GuidelineRecord, Report};

/// The guidelines by phase, in the order of the report.
pub(super) fn phases(report: &Report) -> impl Iterator<Item = (Phase, Vec<&GuidelineRecord>)> {
    let mut phases: Vec<(Phase, Vec<&GuidelineRecord>)> = Vec::new();
    for record in &report.guidelines {
        match phases.iter_mut().find(|(phase, _)| *phase == record.phase) {
            Some((_, records)) => records.push(record),
            None => phases.push((record.phase, vec![record])),
        }
    }
    phases.into_iter()
}

/// Where a finding was seen and what was there, a line each (made visible).
pub(super) fn places(finding: &FindingRecord) -> Vec<String> {
    let mut places: Vec<String> = finding
        .observations
        .iter()
        .map(|seen| {
            let line = seen.line.map(|line| format!(":{line}")).unwrap_or_default();
            let place = seen.path.as_ref().map(|path| format!("{path}{line}"));
            let parts: Vec<&str> = place.as_deref().into_iter().chain(seen.text.as_deref()).collect();
            visible(&parts.join(" "))
        })
        .collect();
    if finding.unlisted > 0 {
        places.push(format!("and {} more places", finding.unlisted));
    }
    places
}

/// Who asks for a guideline, in a sentence.
pub(super) fn asked_by(record: &GuidelineRecord) -> String {
    let sources: Vec<String> =
        record.sources.iter().map(|source| format!("{}, {}", source.page, source.section)).collect();
    visible(&format!("Asked for by: {}.", sources.join("; ")))
}

/// JSON, indented, with a newline at its end; hidden characters, should there be any, as escapes.
pub(super) fn json(value: &impl Serialize) -> String {
    // Strings, numbers and lists only: this cannot fail.
    let mut out = serde_json::to_string_pretty(value).unwrap_or_default();
    out.push('\n');
    visible_json(&out)
}

#[cfg(test)]
mod tests;
