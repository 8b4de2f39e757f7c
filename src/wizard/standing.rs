//! How a guideline stands for the publisher: what was found and what was decided about it, as one word.

use jiff::civil::Date;

use super::page::Role;
use crate::check::{Finding, Status};
use crate::playbook::Decision;

/// One guideline's finding and decision taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Not judged yet.
    Waiting,
    /// Passes.
    Pass,
    /// Fails, and nothing is decided.
    Fail,
    /// Could not be decided here, and nothing is decided.
    Unknown,
    /// Does not apply.
    NotApplicable,
    /// A person must confirm, and nobody has.
    Attest,
    /// Its remedy is chosen.
    Chosen,
    /// Waived, and the waiver holds today.
    Waived,
    /// Confirmed by a person.
    Attested,
    /// To be done by hand.
    ByHand,
    /// Put off.
    Later,
    /// Fails, and only the last steps on a running machine can deal with it.
    ForSeal,
}

/// Every standing, in the order the legend shows them.
pub const STANDINGS: [Standing; 12] = [
    Standing::Pass,
    Standing::Fail,
    Standing::Unknown,
    Standing::NotApplicable,
    Standing::Attest,
    Standing::Chosen,
    Standing::Waived,
    Standing::Attested,
    Standing::ByHand,
    Standing::Later,
    Standing::ForSeal,
    Standing::Waiting,
];

impl Standing {
    /// What a finding and a decision come to on the day `today`. A decision never hides a pass.
    pub fn of(finding: Option<&Finding>, decision: Option<&Decision>, today: Date) -> Self {
        let Some(finding) = finding else { return Self::Waiting };
        let open = match finding.status {
            Status::Pass => return Self::Pass,
            Status::NotApplicable => return Self::NotApplicable,
            Status::Fail => Self::Fail,
            Status::Unknown => Self::Unknown,
            Status::Attest => Self::Attest,
        };
        match decision {
            Some(Decision::Apply) if open == Self::Fail => Self::Chosen,
            Some(Decision::Attest { .. }) if open == Self::Attest => Self::Attested,
            Some(Decision::Waive { until, .. }) if *until >= today => Self::Waived,
            Some(Decision::ByHand) => Self::ByHand,
            Some(Decision::Later) => Self::Later,
            _ => open,
        }
    }

    /// Three characters that differ for each standing.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Waiting => "[ ]",
            Self::Pass => "[x]",
            Self::Fail => "[!]",
            Self::Unknown => "[?]",
            Self::NotApplicable => "[-]",
            Self::Attest => "[a]",
            Self::Chosen => "[~]",
            Self::Waived => "[w]",
            Self::Attested => "[A]",
            Self::ByHand => "[h]",
            Self::Later => "[>]",
            Self::ForSeal => "[s]",
        }
    }

    /// The word, at most eight characters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "n/a",
            Self::Attest => "attest",
            Self::Chosen => "chosen",
            Self::Waived => "waived",
            Self::Attested => "attested",
            Self::ByHand => "by hand",
            Self::Later => "later",
            Self::ForSeal => "for seal",
        }
    }

    /// What it means, for the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "not judged yet",
            Self::Pass => "the image satisfies it",
            Self::Fail => "it does not",
            Self::Unknown => "could not be decided here",
            Self::NotApplicable => "does not apply to this image",
            Self::Attest => "only a person can confirm it",
            Self::Chosen => "its changes are in the plan",
            Self::Waived => "left as it is, with a reason and an end date",
            Self::Attested => "a person has confirmed it",
            Self::ByHand => "you will do it yourself",
            Self::Later => "put off",
            Self::ForSeal => "dealt with by the last steps on this machine",
        }
    }

    /// The role its glyph and word are drawn in.
    pub fn role(self) -> Role {
        match self {
            Self::Waiting | Self::NotApplicable | Self::Later => Role::Dim,
            Self::Pass | Self::Attested => Role::Pass,
            Self::Fail => Role::Fail,
            Self::Unknown => Role::Unknown,
            Self::Attest | Self::ByHand | Self::ForSeal => Role::Attest,
            Self::Chosen => Role::Chosen,
            Self::Waived => Role::Waived,
        }
    }

    /// Whether the publisher still has to decide.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Fail | Self::Unknown | Self::Attest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn standing(status: Status, decision: Option<&Decision>) -> Standing {
        Standing::of(Some(&Finding::new(status, "")), decision, jiff::civil::date(2026, 11, 22))
    }

    fn waiver(until: Date) -> Decision {
        Decision::Waive { reason: "long enough".into(), until, by: "R".into() }
    }

    #[test]
    fn a_decision_never_hides_a_pass() {
        for decision in [Decision::Apply, Decision::Later, Decision::ByHand, waiver(jiff::civil::date(2027, 1, 1))] {
            assert_eq!(standing(Status::Pass, Some(&decision)), Standing::Pass);
            assert_eq!(standing(Status::NotApplicable, Some(&decision)), Standing::NotApplicable);
        }
    }

    #[test]
    fn decisions_count_only_where_they_fit() {
        let attest = Decision::Attest { by: "R".into(), note: String::new() };
        assert_eq!(standing(Status::Fail, Some(&Decision::Apply)), Standing::Chosen);
        assert_eq!(standing(Status::Unknown, Some(&Decision::Apply)), Standing::Unknown);
        assert_eq!(standing(Status::Attest, Some(&attest)), Standing::Attested);
        assert_eq!(standing(Status::Fail, Some(&attest)), Standing::Fail);
        assert_eq!(standing(Status::Fail, None), Standing::Fail);
    }

    #[test]
    fn a_waiver_holds_to_its_last_day() {
        assert_eq!(standing(Status::Fail, Some(&waiver(jiff::civil::date(2026, 11, 22)))), Standing::Waived);
        assert_eq!(standing(Status::Fail, Some(&waiver(jiff::civil::date(2026, 11, 21)))), Standing::Fail);
    }

    #[test]
    fn every_standing_differs_in_glyph_and_in_word() {
        let glyphs: BTreeSet<_> = STANDINGS.iter().map(|standing| standing.glyph()).collect();
        let words: BTreeSet<_> = STANDINGS.iter().map(|standing| standing.word()).collect();
        assert_eq!((glyphs.len(), words.len()), (STANDINGS.len(), STANDINGS.len()));
        assert!(words.iter().all(|word| word.len() <= 8));
    }
}
