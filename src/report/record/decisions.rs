//! What was decided, and what people confirmed, as the report and the journal both write it down.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::make::ReportInput;
use super::{Attestation, Choice, DecisionRecord, GuidelineRecord};
use crate::catalogue::{Catalogue, Guideline, Phase};
use crate::change::decisions::{DecisionEvent, Told};
use crate::check::{Finding, Findings};
use crate::playbook::{Decision, Playbook};
use crate::report::verdict::{self, Decided, counting};

/// The decision that counts for `guideline`, given how it stands. `person` made it where it names nobody.
pub(super) fn decision(
    guideline: &Guideline,
    playbook: &Playbook,
    finding: Option<&Finding>,
    person: &str,
) -> Option<DecisionEvent> {
    DecisionEvent::new(guideline, &counting(playbook.decisions.get(&guideline.id), finding)?, person)
}

/// Every decision of `playbook` that counts for `catalogue` and its `findings`, by guideline: what the journal must tell
/// of before a report is made.
pub fn decisions(
    catalogue: &Catalogue,
    playbook: &Playbook,
    findings: &Findings,
    person: &str,
) -> BTreeMap<String, DecisionEvent> {
    let findings: BTreeMap<&str, &Finding> = findings.iter().map(|(id, finding)| (id.as_str(), finding)).collect();
    let counts =
        |guideline: &Guideline| decision(guideline, playbook, findings.get(guideline.id.as_str()).copied(), person);
    catalogue.guidelines.iter().filter_map(counts).map(|decision| (decision.guideline.clone(), decision)).collect()
}

impl DecisionRecord {
    /// When it was made, and by whom where it does not say so itself, is as the journal tells; `None` where that tells
    /// otherwise of it.
    pub(super) fn of(decision: DecisionEvent, told: &BTreeMap<String, Told>) -> Self {
        let told = told.get(&decision.guideline).filter(|told| told.decision.is(&decision));
        Self {
            choice: decision.choice,
            by: told.map_or(decision.by, |told| told.decision.by.clone()),
            at: told.and_then(|told| told.at.parse().ok()),
            reason: decision.reason,
            until: decision.until,
            journal_seq: told.map(|told| told.seq),
        }
    }

    /// The decision it records; `None` when it lacks what such a decision must have.
    pub fn decision(&self) -> Option<Decision> {
        let by = || self.by.clone().filter(|by| !by.trim().is_empty());
        match self.choice {
            Choice::Apply => Some(Decision::Apply),
            Choice::ByHand => Some(Decision::ByHand),
            Choice::Later => Some(Decision::Later),
            Choice::Attest => Some(Decision::Attest { by: by()?, note: String::new() }),
            Choice::Waive => Some(Decision::Waive { reason: self.reason.clone()?, until: self.until?, by: by()? }),
        }
    }
}

/// What `decision` comes to for a guideline of `phase` on `today`.
pub(super) fn decided(decision: Option<&DecisionRecord>, phase: Phase, live: bool, today: Date) -> Decided {
    let decision = decision.and_then(DecisionRecord::decision);
    verdict::decided(decision.as_ref(), phase, live, today)
}

impl GuidelineRecord {
    /// What the decision comes to on `today`.
    pub fn decided(&self, live: bool, today: Date) -> Decided {
        decided(self.decision.as_ref(), self.phase, live, today)
    }
}

/// The attestation that was decided for `record`.
pub(super) fn attestation(
    input: &ReportInput<'_>,
    record: &GuidelineRecord,
    told: &BTreeMap<String, Told>,
) -> Option<Attestation> {
    let made = record.decision.as_ref().filter(|made| made.choice == Choice::Attest)?;
    let guideline = input.catalogue.get(&record.id)?;
    let decision = input.playbook.decisions.get(&record.id)?;
    let DecisionEvent { statement, by, note, .. } = DecisionEvent::new(guideline, decision, input.publisher)?;
    let told = told.get(&record.id).filter(|told| Some(told.seq) == made.journal_seq);
    Some(Attestation {
        guideline: record.id.clone(),
        statement: statement?,
        by: by?,
        at: told.and_then(|told| told.at.parse().ok()),
        note,
        journal_seq: told.map(|told| told.seq),
    })
}
