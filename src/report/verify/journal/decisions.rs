//! Every decision, waiver and attestation of the report has its line in the journal with the same values, and the other
//! way round.

use std::collections::BTreeSet;

use crate::change::decisions::{Told, told};
use crate::change::journal::JournalLine;
use crate::image::text::visible;
use crate::report::{Attestation, Choice, DecisionRecord, Report};

/// Where report and journal differ about what was decided.
pub(super) fn differ(report: &Report, lines: &[JournalLine]) -> Option<String> {
    let told = told(lines);
    let mut decided = BTreeSet::new();
    for record in &report.guidelines {
        let Some(decision) = &record.decision else { continue };
        decided.insert(record.id.as_str());
        let id = visible(&record.id);
        let Some(told) = told.get(&record.id) else {
            return Some(format!("{id} is {}, but the journal does not tell of that decision.", word(decision.choice)));
        };
        if let Some(what) = differs(decision, told) {
            return Some(format!("{id} is {}, but the journal tells of {what}.", word(decision.choice)));
        }
        let attestation = report.attestations.iter().find(|attestation| attestation.guideline == record.id);
        if let Some(what) = attestation.and_then(|attestation| confirms_otherwise(attestation, told)) {
            return Some(format!("{id} is attested, but the journal tells of {what}."));
        }
    }
    let left_out = told.keys().find(|id| !decided.contains(id.as_str()))?;
    Some(format!("The journal tells of a decision about {}, which the report leaves out.", visible(left_out)))
}

fn word(choice: Choice) -> &'static str {
    match choice {
        Choice::Apply => "to be carried out",
        Choice::Waive => "waived",
        Choice::Attest => "attested",
        Choice::ByHand => "to be done by hand",
        Choice::Later => "put off",
    }
}

/// What the journal tells otherwise of a decision.
fn differs(decision: &DecisionRecord, told: &Told) -> Option<&'static str> {
    let line = &told.decision;
    [
        (decision.choice != line.choice, "another decision"),
        (decision.by != line.by, "another person"),
        (decision.reason != line.reason, "another reason"),
        (decision.until != line.until, "another end"),
        (!is_at(decision.at, told), "another time"),
        (decision.journal_seq != Some(told.seq), "it in another line"),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

/// What the journal tells otherwise of an attestation.
fn confirms_otherwise(attestation: &Attestation, told: &Told) -> Option<&'static str> {
    let line = &told.decision;
    [
        (Some(&attestation.by) != line.by.as_ref(), "another person"),
        (Some(&attestation.statement) != line.statement.as_ref(), "another statement"),
        (attestation.note != line.note, "another note"),
        (!is_at(attestation.at, told), "another time"),
        (attestation.journal_seq != Some(told.seq), "it in another line"),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

fn is_at(at: Option<jiff::Timestamp>, told: &Told) -> bool {
    at.is_some_and(|at| at.to_string() == told.at)
}
