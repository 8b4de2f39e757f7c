//! The verdict, by one pure function used by every command, screen and reader.

use serde::{Deserialize, Serialize};

use crate::catalogue::Severity;
use crate::check::Status;

/// What all findings and decisions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
            (Status::Fail, _) => failed = true,
            (Status::Unknown | Status::Attest, _) => open = true,
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
