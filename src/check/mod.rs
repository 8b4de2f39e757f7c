//! Judges one guideline on one image. Reads only; never writes, never decides what to do.
//!
//! A check that could not look says [`Status::Unknown`] with the reason. It never says pass.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Check, Guideline, OwnCheck};
use crate::image::Image;

pub(crate) mod cloud_lines;
pub(crate) mod kinds;
pub(crate) mod own;
pub(crate) mod places;
mod survey;
pub mod sweep;
#[cfg(test)]
pub(crate) mod trial;

pub use survey::{Progress, survey};

/// How a guideline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The image satisfies it.
    Pass,
    /// It does not.
    Fail,
    /// It could not be decided here; the summary says why.
    Unknown,
    /// It does not apply; the summary says why.
    NotApplicable,
    /// A person must confirm; the summary says what was seen.
    Attest,
}

impl Status {
    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
            Self::Attest => "attest",
        }
    }
}

/// Where something was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Path inside the image; `None` for facts that have none. Kept as text, for people to read.
    #[serde(serialize_with = "path_as_text")]
    pub path: Option<PathBuf>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// What was seen, masked where it may be secret.
    pub text: Option<String>,
}

/// A path that is not UTF-8 could not be kept otherwise.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn path_as_text<S: serde::Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(crate::image::text::path).serialize(to)
}

impl Observation {
    /// Something at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), line: None, text: None }
    }

    /// A fact that has no path.
    pub fn fact(text: impl Into<String>) -> Self {
        Self { path: None, line: None, text: Some(text.into()) }
    }

    /// With the line it was seen on.
    #[must_use]
    pub fn line(self, line: u32) -> Self {
        Self { line: Some(line), ..self }
    }

    /// With what was seen there (already masked).
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}

/// The most observations a finding holds; the summary says how many more there were.
pub const OBSERVATION_LIMIT: usize = 1000;

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How it stands.
    pub status: Status,
    /// One sentence.
    pub summary: String,
    /// Every place it was seen, up to [`OBSERVATION_LIMIT`].
    pub observations: Vec<Observation>,
}

impl Finding {
    /// A finding of `status` with its sentence and nothing observed.
    pub fn new(status: Status, summary: impl Into<String>) -> Self {
        Self { status, summary: summary.into(), observations: Vec::new() }
    }

    /// With what was observed; cut to [`OBSERVATION_LIMIT`], and the summary says so.
    #[must_use]
    pub fn seen(mut self, observations: impl IntoIterator<Item = Observation>) -> Self {
        self.observations.extend(observations);
        if self.observations.len() > OBSERVATION_LIMIT {
            let more = self.observations.len() - OBSERVATION_LIMIT;
            self.observations.truncate(OBSERVATION_LIMIT);
            // Writing to a string does not fail.
            let _ = write!(self.summary, " ({more} more places are not listed.)");
        }
        self
    }
}

/// An error while looking makes the guideline unknown.
impl From<crate::image::Error> for Finding {
    fn from(error: crate::image::Error) -> Self {
        let path = error.path.clone();
        Self::new(Status::Unknown, format!("Not decided: {error}.")).seen([Observation::at(path)])
    }
}

/// What a check needs besides the image.
#[derive(Debug, Clone)]
pub struct Context {
    /// Today, for life-cycle dates and certificates; frozen in tests.
    pub today: Date,
    /// What the walk over every file found; `None` until it has run (checks that need it then say unknown).
    pub sweep: Option<std::sync::Arc<sweep::Sweep>>,
}

/// Judges `guideline` on `image`. A look that fails makes it unknown.
pub fn judge(image: &Image, guideline: &Guideline, context: &Context) -> Finding {
    let finding = match &guideline.check {
        Check::Sshd { keyword, pass, tolerated } => kinds::sshd::check(image, keyword, pass, tolerated),
        Check::Absent { paths, except, empty_is_fine } => kinds::absent::check(image, paths, except, *empty_is_fine),
        Check::UnitsOff { units } => kinds::units_off::check(image, units),
        Check::PackagesAbsent { packages } => kinds::packages_absent::check(image, packages),
        Check::Swept { kind, places, below, except } => {
            kinds::swept::check(image, context, *kind, places, below, except)
        }
        Check::Metadata { field, pass } => Ok(kinds::metadata::check(image, field, pass)),
        Check::Attest => Ok(Finding::new(Status::Attest, "Only a person can confirm this.")),
        Check::NotApplicable { reason } => Ok(Finding::new(Status::NotApplicable, reason)),
        Check::Own(own) => own::check(*own, image, context),
    };
    finding.unwrap_or_else(Finding::from)
}

/// Whether `guideline` can only be judged once the sweep has run.
pub fn needs_sweep(guideline: &Guideline) -> bool {
    matches!(guideline.check, Check::Swept { .. } | Check::Own(OwnCheck::OwnTraces))
}

/// The guidelines of `catalogue` with a finding for each, in catalogue order.
pub type Findings = Vec<(String, Finding)>;

/// Judges every guideline of `catalogue`, without progress.
pub fn judge_all(image: &Image, catalogue: &Catalogue, context: &Context) -> Findings {
    catalogue.guidelines.iter().map(|guideline| (guideline.id.clone(), judge(image, guideline, context))).collect()
}
