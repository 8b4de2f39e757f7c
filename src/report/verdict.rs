//! The verdict, by one pure function used by every command, screen and reader.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Guideline, Phase, Severity};
use crate::change::seal::Stage;
use crate::check::{Finding, Findings, Status};
use crate::playbook::{Decision, Playbook};

/// What all findings and decisions come to; the better one is the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every required guideline passes, is attested or does not apply.
    Seaworthy,
    /// As above, but for required guidelines that were waived and whose waiver holds.
    SeaworthyWithWaivers,
    /// No required guideline fails, but some are unknown, not attested, or left for the seal.
    Undecided,
    /// A required guideline fails.
    NotSeaworthy,
}

impl Verdict {
    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seaworthy => "seaworthy",
            Self::SeaworthyWithWaivers => "seaworthy-with-waivers",
            Self::Undecided => "undecided",
            Self::NotSeaworthy => "not-seaworthy",
        }
    }
}

/// How many findings there are of each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// [`Status::Pass`].
    pub pass: usize,
    /// [`Status::Fail`].
    pub fail: usize,
    /// [`Status::Unknown`].
    pub unknown: usize,
    /// [`Status::NotApplicable`].
    pub not_applicable: usize,
    /// [`Status::Attest`].
    pub attest: usize,
}

impl Counts {
    /// Counts `statuses`.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            *match status {
                Status::Pass => &mut counts.pass,
                Status::Fail => &mut counts.fail,
                Status::Unknown => &mut counts.unknown,
                Status::NotApplicable => &mut counts.not_applicable,
                Status::Attest => &mut counts.attest,
            } += 1;
        }
        counts
    }
}

/// What was decided about a guideline, as far as the verdict cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// Nothing that changes the finding.
    Nothing,
    /// A waiver that holds today.
    Waived,
    /// The statement was confirmed.
    Attested,
    /// On a running machine it can only be done by the seal, after the report.
    LeftForSeal,
}

/// The decision that counts for a guideline: what was decided, unless everything that was found is allowed by the
/// playbook, which waives it.
pub fn counting(decision: Option<&Decision>, finding: Option<&Finding>) -> Option<Decision> {
    match decision {
        Some(Decision::Waive { .. }) => decision.cloned(),
        _ => finding.and_then(Finding::waiver).or_else(|| decision.cloned()),
    }
}

/// What `decision` comes to for a guideline of `phase`, on `today`. `live`: the image is the running machine, where
/// what belongs to the seal cannot be done yet.
pub fn decided(decision: Option<&Decision>, phase: Phase, live: bool, today: Date) -> Decided {
    match decision {
        Some(Decision::Waive { until, .. }) if *until >= today => Decided::Waived,
        Some(Decision::Attest { .. }) => Decided::Attested,
        _ if live && phase == Phase::Seal => Decided::LeftForSeal,
        _ => Decided::Nothing,
    }
}

/// The verdict over every guideline: severity, how it stands now, what was decided. Only required ones count.
pub fn verdict(guidelines: impl IntoIterator<Item = (Severity, Status, Decided)>) -> Verdict {
    let (mut waived, mut open, mut failed) = (false, false, false);
    for (severity, status, decided) in guidelines {
        if severity != Severity::Required {
            continue;
        }
        match (status, decided) {
            (Status::Pass | Status::NotApplicable, _) | (Status::Attest, Decided::Attested) => {}
            (_, Decided::Waived) => waived = true,
            (Status::Fail, Decided::LeftForSeal) | (Status::Unknown | Status::Attest, _) => open = true,
            (Status::Fail, _) => failed = true,
        }
    }
    if failed {
        Verdict::NotSeaworthy
    } else if open {
        Verdict::Undecided
    } else if waived {
        Verdict::SeaworthyWithWaivers
    } else {
        Verdict::Seaworthy
    }
}

/// The required guidelines of the seal's phases that keep the image from being sealed, in catalogue order: they fail or
/// could not be judged, and no waiver holds. A statement that nobody confirmed yet is none: some can be confirmed only
/// afterwards.
pub fn unsealed<'c>(
    catalogue: &'c Catalogue,
    findings: &'c Findings,
    playbook: &Playbook,
    today: Date,
) -> Vec<(&'c Guideline, &'c Finding)> {
    let open = |guideline: &Guideline, finding: &Finding| {
        let decision = counting(playbook.decisions.get(&guideline.id), Some(finding));
        matches!(finding.status, Status::Fail | Status::Unknown)
            && decided(decision.as_ref(), guideline.phase, false, today) != Decided::Waived
    };
    let found = findings.iter().filter_map(|(id, finding)| Some((catalogue.get(id)?, finding)));
    found
        .filter(|(guideline, _)| Stage::of(guideline.phase).is_some() && guideline.severity == Severity::Required)
        .filter(|(guideline, finding)| open(guideline, finding))
        .collect()
}

/// What came of one guideline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It passed, or passes now without a change of ours.
    Pass,
    /// A change of ours made it pass.
    Fixed,
    /// A person made it pass.
    ByHand,
    /// Its statement was confirmed.
    Attested,
    /// It was waived, and the waiver holds.
    Waived,
    /// It is left for the seal.
    Deferred,
    /// Nobody has confirmed its statement.
    NotAttested,
    /// It could not be decided.
    Unknown,
    /// It fails.
    Fail,
    /// It does not apply.
    NotApplicable,
}

impl Outcome {
    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fixed => "fixed",
            Self::ByHand => "by-hand",
            Self::Attested => "attested",
            Self::Waived => "waived",
            Self::Deferred => "deferred",
            Self::NotAttested => "not-attested",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What came of a guideline that stood at `before` and stands at `after`. `by_hand`: a person said they would do it;
/// `changed`: changes of ours were carried out for it.
pub fn outcome(before: Status, after: Status, decided: Decided, by_hand: bool, changed: bool) -> Outcome {
    match (after, decided) {
        (Status::Pass, _) if before == Status::Pass => Outcome::Pass,
        (Status::Pass, _) if changed => Outcome::Fixed,
        (Status::Pass, _) if by_hand => Outcome::ByHand,
        (Status::Pass, _) => Outcome::Pass,
        (Status::NotApplicable, _) => Outcome::NotApplicable,
        (Status::Attest, Decided::Attested) => Outcome::Attested,
        (_, Decided::Waived) => Outcome::Waived,
        (Status::Fail, Decided::LeftForSeal) => Outcome::Deferred,
        (Status::Fail, _) => Outcome::Fail,
        (Status::Unknown, _) => Outcome::Unknown,
        (Status::Attest, _) => Outcome::NotAttested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_required_guidelines_count_and_the_worst_decides() {
        use Severity::{Recommended, Required};
        let passes = (Required, Status::Pass, Decided::Nothing);
        for (guidelines, wanted) in [
            (vec![passes], Verdict::Seaworthy),
            (vec![passes, (Recommended, Status::Fail, Decided::Nothing)], Verdict::Seaworthy),
            (vec![(Required, Status::Attest, Decided::Attested)], Verdict::Seaworthy),
            (vec![(Required, Status::NotApplicable, Decided::Nothing)], Verdict::Seaworthy),
            (vec![passes, (Required, Status::Fail, Decided::Waived)], Verdict::SeaworthyWithWaivers),
            (vec![(Required, Status::Unknown, Decided::Waived)], Verdict::SeaworthyWithWaivers),
            (vec![(Required, Status::Unknown, Decided::Attested)], Verdict::Undecided),
            (vec![(Required, Status::Attest, Decided::Nothing)], Verdict::Undecided),
            (vec![(Required, Status::Fail, Decided::LeftForSeal)], Verdict::Undecided),
            (vec![(Required, Status::Fail, Decided::Attested)], Verdict::NotSeaworthy),
            (
                vec![(Required, Status::Unknown, Decided::Nothing), (Required, Status::Fail, Decided::Nothing)],
                Verdict::NotSeaworthy,
            ),
        ] {
            assert_eq!(verdict(guidelines.clone()), wanted, "{guidelines:?}");
        }
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let until: Date = "2027-01-31".parse().unwrap();
        let waiver = Decision::Waive { reason: "until the vendor ships".into(), until, by: "Ann".into() };
        let on = |day: &str, live| decided(Some(&waiver), Phase::Seal, live, day.parse().unwrap());
        assert_eq!(on("2027-01-31", false), Decided::Waived);
        assert_eq!(on("2027-02-01", false), Decided::Nothing);
        assert_eq!(on("2027-02-01", true), Decided::LeftForSeal);
    }

    #[test]
    fn fixed_needs_a_change() {
        let fail_to_pass = |by_hand, changed| outcome(Status::Fail, Status::Pass, Decided::Nothing, by_hand, changed);
        assert_eq!(fail_to_pass(false, true), Outcome::Fixed);
        assert_eq!(fail_to_pass(true, false), Outcome::ByHand);
        assert_eq!(fail_to_pass(false, false), Outcome::Pass);
        assert_eq!(outcome(Status::Fail, Status::Fail, Decided::Nothing, true, true), Outcome::Fail);
    }
}
