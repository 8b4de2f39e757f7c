//! Two reports held against each other: what was fixed, what came back, which waivers were renewed or ended, and which
//! files are no longer as the older report left them.
//!
//! [`compare`] looks at the two reports alone, so that whoever has both can do it again; [`drift()`] looks at the image,
//! and runs when a report is made.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Kind, Outcome, Report, Verdict};
use crate::catalogue::Severity;
use crate::image::text::visible;

mod drift;
mod judge;
mod pair;
mod renew;
#[cfg(test)]
mod tests;
mod text;

pub use drift::drift;
pub use judge::compare;
pub use pair::{Pair, Source};
pub use renew::{Renewable, renewable};
pub(super) use text::told;
pub use text::{conclusion, text};

/// What is different between two reports. Their texts are as [`visible`] shows them, whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The older report.
    pub old: Side,
    /// The newer one.
    pub new: Side,
    /// Something regressed: a guideline or the verdict got worse, or a waiver ended and what it waived is still there.
    pub regression: bool,
    /// Guidelines that were in order or waived, and now fail, are unknown or not attested.
    pub regressed: Vec<Turn>,
    /// Guidelines that were not in order, or only waived, and now are.
    pub fixed: Vec<Turn>,
    /// Guidelines that did not apply and now do, however they came out.
    pub newly_applicable: Vec<Turn>,
    /// Guidelines whose result changed in another way.
    pub otherwise: Vec<Turn>,
    /// Guidelines that only the newer catalogue has.
    pub added: Vec<Entry>,
    /// Guidelines that only the older catalogue has.
    pub gone: Vec<Entry>,
    /// What became of each waiver.
    pub waivers: Vec<WaiverTurn>,
    /// What became of the files that the older report changed; `None` where no image was looked at.
    pub drift: Option<Drift>,
}

/// One of the two reports, as far as the comparison depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Its id.
    pub report_id: String,
    /// What it is about.
    pub kind: Kind,
    /// When it was written.
    pub generated_at: Timestamp,
    /// Its verdict.
    pub verdict: Verdict,
    /// Version of the program that wrote it.
    pub tool: String,
    /// Version of the catalogue it goes by.
    pub catalogue: String,
    /// SHA-256 of that catalogue.
    pub catalogue_sha256: String,
    /// The operating system's name.
    pub os: Option<String>,
}

impl Side {
    /// What `report` says of itself.
    pub fn of(report: &Report) -> Self {
        Self {
            report_id: visible(&report.report_id),
            kind: report.kind,
            generated_at: report.generated_at,
            verdict: report.summary.verdict,
            tool: visible(&report.tool.version),
            catalogue: visible(&report.catalogue.version),
            catalogue_sha256: visible(&report.catalogue.sha256),
            os: report.image.os.as_ref().map(|os| visible(&os.pretty_name)),
        }
    }
}

/// A guideline that came out otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Its id.
    pub id: String,
    /// Its title in the newer report.
    pub title: String,
    /// How much it matters, by the newer report.
    pub severity: Severity,
    /// What came of it in the older report.
    pub old: Outcome,
    /// What came of it in the newer one.
    pub new: Outcome,
    /// The newer report's sentence on how it stands.
    pub summary: String,
}

/// A guideline that one of the two reports does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How much it matters.
    pub severity: Severity,
    /// What came of it in the report that has it.
    pub result: Outcome,
}

/// The terms of a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Who decided.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last day it holds.
    pub until: Option<Date>,
}

/// What became of a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaiverTurn {
    /// The guideline.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
    /// What came of the guideline in the newer report; `None` where its catalogue does not have it.
    pub result: Option<Outcome>,
    /// The waiver in the older report.
    pub old: Option<Waiver>,
    /// The waiver in the newer one.
    pub new: Option<Waiver>,
}

/// What became of a waiver between two reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Only the newer report has it.
    Granted,
    /// It stands as it stood.
    Kept,
    /// It has another last day.
    Renewed,
    /// Another person or another reason stands behind it, whatever its last day.
    Changed,
    /// Its last day was before the newer report.
    Ended,
    /// The newer report does not have it any more, although it would still hold.
    Dropped,
}

/// What became of the files that an older report changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// How many are exactly as that report left them.
    pub same: usize,
    /// The others, in the order of that report.
    pub files: Vec<Drifted>,
    /// How many more there are than are listed here.
    pub unlisted: usize,
}

/// A path that is not, or not surely, as an older report left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Drifted {
    /// The path inside the image.
    pub path: String,
    /// The guideline it was changed for.
    pub guideline: String,
    /// The id of that change in the older report.
    pub change: String,
    /// How it is now.
    pub state: DriftState,
    /// The same in a few words.
    pub detail: String,
    /// From what the older report left to what is there now, as unified text; only where the older report's diff shows the
    /// whole file, and nothing in it may be secret.
    pub diff: Option<String>,
    /// The diff was cut or left out for its length.
    pub diff_truncated: bool,
}

/// How a path is, beside how an older report left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DriftState {
    /// Other content, another target, or another sort of thing.
    Changed,
    /// As it was before that report changed it.
    Reverted,
    /// The same content with another mode or owner.
    Attributes,
    /// It was left there and is gone.
    Gone,
    /// It was removed and something is there again.
    Back,
    /// It cannot be told; never taken for the same.
    Unknown,
}
