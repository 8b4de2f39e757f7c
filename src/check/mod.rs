//! Judges one guideline on one image. Reads only; never writes, never decides what to do.
//!
//! A check that could not look says [`Status::Unknown`] with the reason. It never says pass.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Check, Guideline, OwnCheck};
use crate::image::{Error, Image, text};
use crate::playbook::{Allow, Decision};

pub mod audit;
pub(crate) mod cloud_lines;
pub(crate) mod kinds;
pub(crate) mod next_boot;
pub(crate) mod own;
pub(crate) mod pam;
pub(crate) mod places;
mod survey;
pub mod sweep;
#[cfg(test)]
pub(crate) mod trial;

pub use own::security_groups::{SecurityGroupRule, security_group_rules};
pub use survey::{Progress, TOLD_LIMIT, search, survey};

/// How a guideline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The rule of the search for secrets that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why it may stay, where the publisher's playbook allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Allowed>,
}

/// Why something that was found may stay, and how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The publisher's reason.
    pub reason: String,
    /// The last day.
    pub until: Date,
    /// Who decided; `None` where the playbook does not say.
    pub by: Option<String>,
}

/// A path that is not UTF-8 could not be kept otherwise.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn path_as_text<S: serde::Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(crate::image::text::path).serialize(to)
}

impl Observation {
    /// Something at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), line: None, text: None, rule: None, allowed: None }
    }

    /// A fact that has no path.
    pub fn fact(text: impl Into<String>) -> Self {
        Self { path: None, line: None, text: Some(text.into()), rule: None, allowed: None }
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
    /// What stands where none of these places counts; [`judge`] takes it out.
    #[serde(skip)]
    otherwise: Option<Box<Finding>>,
}

impl Finding {
    /// A finding of `status` with its sentence and nothing observed.
    pub fn new(status: Status, summary: impl Into<String>) -> Self {
        Self { status, summary: summary.into(), observations: Vec::new(), otherwise: None }
    }

    /// With what the same look would have said, had it found none of these places: not a pass where something was not
    /// looked at.
    #[must_use]
    fn otherwise(self, clean: Self) -> Self {
        Self { otherwise: Some(Box::new(clean)), ..self }
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

    /// The waiver that a failing finding comes to when the publisher allows each place it lists; it lasts as long as the
    /// first of them. `None` where anything else was found, or more than is listed.
    pub fn waiver(&self) -> Option<Decision> {
        if self.status != Status::Fail || self.observations.len() >= OBSERVATION_LIMIT {
            return None;
        }
        let allowed: Vec<&Allowed> =
            self.observations.iter().map(|seen| seen.allowed.as_ref()).collect::<Option<_>>()?;
        let until = allowed.iter().map(|allowed| allowed.until).min()?;
        let joined = |texts: BTreeSet<&str>| texts.into_iter().collect::<Vec<_>>().join("; ");
        let reason = joined(allowed.iter().map(|allowed| allowed.reason.as_str()).collect());
        let by = joined(allowed.iter().filter_map(|allowed| allowed.by.as_deref()).collect());
        Some(Decision::Waive { reason, until, by })
    }

    /// Without the places the publisher allows: what a remedy is made for.
    #[must_use]
    pub fn without_allowed(&self) -> Self {
        let mut left = self.clone();
        left.observations.retain(|seen| seen.allowed.is_none());
        left
    }

    /// With every hidden character of its texts written out ([`text::visible`]).
    fn made_visible(mut self) -> Self {
        self.summary = text::visible(&self.summary);
        for said in self.observations.iter_mut().filter_map(|seen| seen.text.as_mut()) {
            *said = text::visible(said);
        }
        self
    }
}

/// An error while looking makes the guideline unknown.
impl From<Error> for Finding {
    fn from(error: Error) -> Self {
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
    /// What the AWS interface says of the finished AMI, where the publisher handed it in.
    pub ami: Option<std::sync::Arc<crate::image::ami::Ami>>,
    /// What vulnerability scanners said; empty when the publisher handed nothing in.
    pub scans: std::sync::Arc<[crate::image::vulnerabilities::Scan]>,
    /// Which secrets may stay, by the publisher's playbook.
    pub allow: std::sync::Arc<[Allow]>,
    /// What this program put on the disks of the running machine, itself included, whether or not it is still there.
    pub created: std::sync::Arc<[PathBuf]>,
    /// The image is finished and audited; `None` while it is being prepared.
    pub audit: Option<std::sync::Arc<audit::Audit>>,
}

impl Context {
    /// On this day, with nothing swept yet and nothing handed in.
    pub fn on(today: Date) -> Self {
        Self {
            today,
            sweep: None,
            ami: None,
            scans: std::sync::Arc::default(),
            allow: std::sync::Arc::default(),
            created: std::sync::Arc::default(),
            audit: None,
        }
    }
}

/// Judges `guideline` on `image`. A look that fails makes it unknown, and so does a defect of the check itself. Nothing
/// in the finding moves a cursor or hides: it may quote what the image holds.
pub fn judge(image: &Image, guideline: &Guideline, context: &Context) -> Finding {
    let finding = contained(&guideline.id, || look(image, guideline, context)).unwrap_or_else(Finding::from);
    let finding = match &context.audit {
        Some(audit) => audit.view(image, &guideline.id, finding),
        None => finding,
    };
    Finding { otherwise: None, ..finding }.made_visible()
}

/// What `look` finds. One that panics on a file nobody thought of must neither end the program nor pass; the panic's own
/// words may quote that file, so they are not repeated.
fn contained(id: &str, look: impl FnOnce() -> Result<Finding, Error>) -> Result<Finding, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).unwrap_or_else(|_| {
        let what = format!("Not decided: the check of {id} broke down on this image, which is a defect of Seaworthy.");
        Ok(Finding::new(Status::Unknown, format!("{what} Please report it.")))
    })
}

fn look(image: &Image, guideline: &Guideline, context: &Context) -> Result<Finding, Error> {
    match &guideline.check {
        Check::Sshd { keyword, pass, tolerated } => kinds::sshd::check(image, keyword, pass, tolerated),
        Check::Absent(wanted) => kinds::absent::check(image, wanted),
        Check::Lines { files, forbid, allow, generated, places } => {
            let wanted = kinds::lines::Wanted { files, forbid, allow, generated, passwords_in_urls: false };
            kinds::lines::check(image, &wanted, places)
        }
        Check::CloudInit { key, pass, unset_is_fine } => kinds::cloud_init::check(image, key, pass, *unset_is_fine),
        Check::UnitsOff { units } => kinds::units_off::check(image, units),
        Check::PackagesAbsent { packages } => kinds::packages_absent::check(image, packages),
        Check::Swept { kind, places, below, except } => {
            kinds::swept::check(image, context, *kind, places, below, except)
        }
        Check::Ami { attribute, pass } => Ok(kinds::ami::check(image, context, *attribute, pass)),
        Check::Attest => Ok(Finding::new(Status::Attest, "Only a person can confirm this.")),
        Check::Evidence { summary, places, files, lines, units, packages, otherwise } => {
            let wanted = kinds::evidence::Wanted { places, files, lines, units, packages };
            kinds::evidence::check(image, summary, &wanted, otherwise.as_deref())
        }
        Check::NotApplicable { reason } => Ok(Finding::new(Status::NotApplicable, reason)),
        Check::Own(own) => own::check(*own, image, context),
    }
}

/// Whether `guideline` can only be judged once the sweep has run.
pub fn needs_sweep(guideline: &Guideline) -> bool {
    matches!(guideline.check, Check::Swept { .. } | Check::Own(OwnCheck::Malware | OwnCheck::OwnTraces))
}

/// The guidelines of `catalogue` with a finding for each, in catalogue order.
pub type Findings = Vec<(String, Finding)>;

/// Judges every guideline of `catalogue`, without progress.
pub fn judge_all(image: &Image, catalogue: &Catalogue, context: &Context) -> Findings {
    catalogue.guidelines.iter().map(|guideline| (guideline.id.clone(), judge(image, guideline, context))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_panics_is_unknown_and_does_not_repeat_the_panic() {
        let found = contained("ACC-01", || panic!("hunter22")).unwrap();
        assert_eq!(found.status, Status::Unknown);
        assert!(found.summary.contains("ACC-01") && found.summary.contains("defect"), "{}", found.summary);
        assert!(!found.summary.contains("hunter22"));
    }

    #[test]
    fn a_finding_quotes_the_image_without_its_escapes() {
        let fixture = crate::image::fixture::Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "PermitRootLogin \x1b[2Jno\n\x1b]0;x\x07 yes\n");
        for id in ["SSH-04", "SSH-01", "SSH-09"] {
            let found = trial::judged(&fixture.image(), id);
            let texts = found.observations.iter().filter_map(|seen| seen.text.as_deref());
            let mut texts = texts.chain([found.summary.as_str()]);
            assert!(!texts.any(|text| text.contains('\x1b')), "{found:?}");
        }
    }
}
