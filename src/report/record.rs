//! `report.json`: every field typed, every object closed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::catalogue::Catalogue;
use crate::change::Plan;
use crate::check::Findings;
use crate::image::Image;
use crate::playbook::Playbook;

/// What a report is made from.
#[derive(Debug)]
pub struct ReportInput<'a> {
    /// The image, for its description only.
    pub image: &'a Image,
    /// The guidelines.
    pub catalogue: &'a Catalogue,
    /// How they stood before the first run of this preparation, where that is known; else as `after`.
    pub before: &'a Findings,
    /// How they stand now.
    pub after: &'a Findings,
    /// What was decided.
    pub playbook: &'a Playbook,
    /// Every change carried out, as planned: run id and plan (masked diffs and digests are made from these).
    pub runs: &'a [(String, Plan)],
    /// Every journal line of this preparation.
    pub journal: &'a [String],
    /// This is a practice image: never seaworthy.
    pub practice: bool,
    /// When the preparation began and now.
    pub started_at: Timestamp,
    /// Now; frozen in tests.
    pub now: Timestamp,
    /// A word from the reviewer that must appear in the report.
    pub challenge: Option<&'a str>,
    /// The name the publisher typed.
    pub publisher: &'a str,
}

/// The record. The owner of this room gives it its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// `seaworthy.report/1`.
    pub format: String,
    /// The verdict.
    pub verdict: Verdict,
    /// To be replaced by the typed record.
    pub rest: BTreeMap<String, String>,
}

/// Makes the record. Pure but for random bits in the report id.
pub fn record(input: &ReportInput<'_>) -> Report {
    let _ = input;
    todo!("helper F")
}
