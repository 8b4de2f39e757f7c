//! What a reader is told, and in which order: guidelines in groups, worst first, each with what belongs to it.

use std::collections::BTreeMap;

use super::super::Report;
use super::super::record::Choice;
use super::super::{Attestation, ChangeRecord, CommandRecord, DecisionRecord, FinishStep, GuidelineRecord, Outcome};
use crate::catalogue::Severity;
use crate::check::Status;

/// Guidelines that are read together.
pub(super) struct Group {
    /// Its anchor in the page.
    pub(super) anchor: &'static str,
    /// Its heading.
    pub(super) title: &'static str,
    /// What the guidelines in it have in common, in a sentence.
    pub(super) note: &'static str,
    /// What came of them.
    pub(super) outcomes: &'static [Outcome],
    /// There is nothing to tell of them but that they are so: a line each.
    pub(super) quiet: bool,
}

/// Every group, worst first; every outcome is in one of them.
pub(super) const GROUPS: [Group; 8] = [
    Group {
        anchor: "fails",
        title: "Fails",
        note: "The image does not satisfy these guidelines.",
        outcomes: &[Outcome::Fail],
        quiet: false,
    },
    Group {
        anchor: "not-decided",
        title: "Not decided",
        note: "These could not be judged, or need the word of a person that nobody gave.",
        outcomes: &[Outcome::Unknown, Outcome::NotAttested],
        quiet: false,
    },
    Group {
        anchor: "for-the-seal",
        title: "Left for the seal",
        note: "These are done after this report has left the machine, as the last thing before it is switched off. Whether they were done must be checked on the finished image.",
        outcomes: &[Outcome::Deferred],
        quiet: false,
    },
    Group {
        anchor: "waived",
        title: "Waived",
        note: "These are not satisfied; a named person answers for leaving them so until a day.",
        outcomes: &[Outcome::Waived],
        quiet: false,
    },
    Group {
        anchor: "put-right",
        title: "Put right",
        note: "These were not satisfied at first and are now: by the changes listed, or by hand.",
        outcomes: &[Outcome::Fixed, Outcome::ByHand],
        quiet: false,
    },
    Group {
        anchor: "attested",
        title: "Attested",
        note: "No program can judge these; a named person confirmed them, in the words given above.",
        outcomes: &[Outcome::Attested],
        quiet: true,
    },
    Group {
        anchor: "passes",
        title: "Passes",
        note: "These were in order without a change.",
        outcomes: &[Outcome::Pass],
        quiet: true,
    },
    Group {
        anchor: "not-applicable",
        title: "Not applicable",
        note: "These ask for something that this image does not have.",
        outcomes: &[Outcome::NotApplicable],
        quiet: true,
    },
];

/// Every severity, the gravest first.
pub(super) const SEVERITIES: [Severity; 3] = [Severity::Required, Severity::Recommended, Severity::Optional];

/// What was carried out for a guideline.
#[derive(Clone, Copy)]
pub(super) enum Carried<'a> {
    Change(&'a ChangeRecord),
    Command(&'a CommandRecord),
}

/// A report, with what belongs to each guideline at hand.
pub(super) struct Outline<'a> {
    pub(super) report: &'a Report,
    carried: BTreeMap<&'a str, Carried<'a>>,
    attestations: BTreeMap<&'a str, &'a Attestation>,
    steps: BTreeMap<&'a str, &'a FinishStep>,
}

impl<'a> Outline<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let changes = report.changes.iter().map(|change| (change.id.as_str(), Carried::Change(change)));
        let commands = report.commands.iter().map(|command| (command.id.as_str(), Carried::Command(command)));
        let attestations = report.attestations.iter().map(|said| (said.guideline.as_str(), said));
        let steps = report.finish_plan.iter().map(|step| (step.guideline.as_str(), step));
        Self {
            report,
            carried: changes.chain(commands).collect(),
            attestations: attestations.collect(),
            steps: steps.collect(),
        }
    }

    /// What was carried out for `record`, in its order.
    pub(super) fn carried(&self, record: &GuidelineRecord) -> Vec<Carried<'a>> {
        record.changes.iter().filter_map(|id| self.carried.get(id.as_str()).copied()).collect()
    }

    /// What a person confirmed of `record`.
    pub(super) fn attestation(&self, record: &GuidelineRecord) -> Option<&'a Attestation> {
        self.attestations.get(record.id.as_str()).copied()
    }

    /// The guideline of that id.
    pub(super) fn find(&self, id: &str) -> Option<&'a GuidelineRecord> {
        self.report.guidelines.iter().find(|record| record.id == id)
    }

    /// How what `record` asks for is done by the seal.
    pub(super) fn step(&self, record: &GuidelineRecord) -> Option<&'a FinishStep> {
        self.steps.get(record.id.as_str()).copied()
    }

    /// The guidelines of `group`: required ones first, then as in the catalogue.
    pub(super) fn group(&self, group: &Group) -> Vec<&'a GuidelineRecord> {
        let mut records: Vec<&GuidelineRecord> =
            self.report.guidelines.iter().filter(|record| group.outcomes.contains(&record.result)).collect();
        records.sort_by_key(|record| record.severity);
        records
    }

    /// What a reader must look at first: required guidelines that are not in order, worst first.
    pub(super) fn open(&self) -> Vec<&'a GuidelineRecord> {
        let groups = GROUPS.iter().take_while(|group| group.anchor != "waived");
        let records = groups.flat_map(|group| self.group(group));
        records.filter(|record| record.severity == Severity::Required).collect()
    }

    /// Guidelines that fail and do not decide the verdict.
    pub(super) fn failing_besides(&self) -> Vec<&'a GuidelineRecord> {
        let failing = self.report.guidelines.iter().filter(|record| record.result == Outcome::Fail);
        failing.filter(|record| record.severity != Severity::Required).collect()
    }

    /// Every waiver with its guideline.
    pub(super) fn waivers(&self) -> Vec<(&'a GuidelineRecord, &'a DecisionRecord)> {
        let decided = self.report.guidelines.iter().filter_map(|record| Some((record, record.decision.as_ref()?)));
        decided.filter(|(_, decision)| decision.choice == Choice::Waive).collect()
    }

    /// How many guidelines of `severity` came to one of `outcomes`.
    pub(super) fn count(&self, severity: Severity, outcomes: &[Outcome]) -> usize {
        let records = self.report.guidelines.iter().filter(|record| record.severity == severity);
        records.filter(|record| outcomes.contains(&record.result)).count()
    }
}

/// Whether its story is more than one finding: it stood otherwise at first.
pub(super) fn moved(record: &GuidelineRecord) -> bool {
    record.before.status != record.after.status || !record.changes.is_empty()
}

/// Whether the decision says something that the result does not: to apply a remedy to what was in order does not.
pub(super) fn worth_telling(record: &GuidelineRecord, decision: &DecisionRecord) -> bool {
    decision.choice != Choice::Apply || record.before.status != Status::Pass || !record.changes.is_empty()
}
