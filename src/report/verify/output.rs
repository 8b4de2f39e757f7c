//! What `verify` says, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::super::{Kind, Report};
use crate::image::text::{visible, visible_json};

const NOT_REACHED: &str = "A check before it failed.";

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// It holds.
    Ok,
    /// It does not.
    Failed,
    /// It holds as far as can be said, with a remark.
    Warning,
    /// It was not looked at; the sentence says why.
    NotChecked,
}

/// What a check comes to, with its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    Holds(String),
    Failed(String),
    Warning(String),
    NotChecked(String),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Its name; the same in every version.
    pub name: &'static str,
    /// How it came out.
    pub status: CheckStatus,
    /// Why, and what to do.
    pub sentence: String,
}

impl Check {
    /// What `judgement` comes to.
    pub(super) fn of(name: &'static str, judgement: Judgement) -> Self {
        let (status, sentence) = match judgement {
            Judgement::Holds(sentence) => (CheckStatus::Ok, sentence),
            Judgement::Failed(sentence) => (CheckStatus::Failed, sentence),
            Judgement::Warning(sentence) => (CheckStatus::Warning, sentence),
            Judgement::NotChecked(sentence) => (CheckStatus::NotChecked, sentence),
        };
        Self { name, status, sentence }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignerSeen {
    /// The name that was wanted, else those listed for the key.
    pub name: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// `ssh-ed25519` and so on.
    pub key_type: String,
}

/// What the report says of itself; known only once the signature holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReportSeen {
    /// Its id.
    pub report_id: String,
    /// `build` or `practice`.
    pub kind: Kind,
    /// When it was written.
    pub generated_at: String,
    /// Who prepared the image, as they typed it.
    pub publisher: String,
    /// Its verdict.
    #[cfg_attr(test, schemars(with = "crate::report::Verdict"))]
    pub verdict: &'static str,
    /// What it says was not checked when it was made.
    pub limits: Vec<String>,
}

impl ReportSeen {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            report_id: visible(&report.report_id),
            kind: report.kind,
            generated_at: report.generated_at.to_string(),
            publisher: visible(&report.publisher),
            verdict: report.summary.verdict.word(),
            limits: report.limits.iter().map(|limit| visible(limit)).collect(),
        }
    }
}

/// The result of verifying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verification {
    format: &'static str,
    /// The exit code; see [`super`].
    pub code: u8,
    /// SHA-256 of `report.json`; empty when it was not read.
    pub sha256: String,
    /// Who signed, once that is certain.
    pub signer: Option<SignerSeen>,
    /// What the report says of itself, once it is certain who signed.
    pub report: Option<ReportSeen>,
    /// Every check in order; those after a failure are not checked.
    pub checks: Vec<Check>,
}

impl Verification {
    pub(super) fn new(sha256: String) -> Self {
        Self { format: "seaworthy.verify/1", code: 0, sha256, signer: None, report: None, checks: Vec::new() }
    }

    /// Nothing could be checked.
    pub(super) fn failed_at(name: &'static str, code: u8, sentence: String) -> Self {
        let mut result = Self::new(String::new());
        result.push(name, code, Judgement::Failed(sentence));
        result.not_reached(super::CHECKS.iter().map(|(name, _)| *name));
        result
    }

    /// Notes a check; whether it failed.
    pub(super) fn push(&mut self, name: &'static str, code: u8, judgement: Judgement) -> bool {
        let check = Check::of(name, judgement);
        let status = check.status;
        self.checks.push(check);
        if status == CheckStatus::Failed {
            self.code = code;
        }
        status == CheckStatus::Failed
    }

    /// Notes those of `names` that no check has been noted for.
    pub(super) fn not_reached(&mut self, names: impl Iterator<Item = &'static str>) {
        for name in names.chain(["verdict"]) {
            if !self.checks.iter().any(|check| check.name == name) {
                let sentence = NOT_REACHED.to_owned();
                self.checks.push(Check { name, status: CheckStatus::NotChecked, sentence });
            }
        }
    }

    /// For people: one line a check, then what was not checked. Holds no control character but line breaks.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        if let Some(report) = &self.report {
            line(format!("Report {}, written {} by {}", report.report_id, report.generated_at, report.publisher));
        }
        if !self.sha256.is_empty() {
            line(format!("SHA-256 {}", self.sha256));
        }
        if let Some(signer) = &self.signer {
            line(format!("Signed by {} with {} {}", signer.name, signer.key_type, signer.fingerprint));
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        for check in &self.checks {
            let mark = match check.status {
                CheckStatus::Ok => "ok",
                CheckStatus::Failed => "FAILED",
                CheckStatus::Warning => "warning",
                CheckStatus::NotChecked => continue,
            };
            line(format!("{mark:<8} {:<10} {}", check.name, check.sentence));
        }
        let not_checked = self.checks.iter().filter(|check| check.status == CheckStatus::NotChecked);
        let (not_reached, not_asked): (Vec<&Check>, Vec<&Check>) =
            not_checked.partition(|check| check.sentence == NOT_REACHED);
        if !not_asked.is_empty() {
            line("\nNot checked:".to_owned());
        }
        for check in not_asked {
            line(format!("         {:<10} {}", check.name, check.sentence));
        }
        if !not_reached.is_empty() {
            let names: Vec<&str> = not_reached.iter().map(|check| check.name).collect();
            line(format!("\nNot checked, because a check before failed: {}.", names.join(", ")));
        }
        if let Some(report) = self.report.as_ref().filter(|report| !report.limits.is_empty()) {
            line("\nThe report says that these were not checked when it was made:".to_owned());
            report.limits.iter().for_each(|limit| line(format!("         {limit}")));
        }
        if let Some(failed) = self.checks.iter().find(|check| check.status == CheckStatus::Failed) {
            line(format!("\n{}", failed.sentence));
        } else if let Some(report) = &self.report {
            line(format!("\nThe report is authentic and agrees with itself. Its verdict: {}.", report.verdict));
        }
        out
    }

    /// For programs: `seaworthy.verify/1`, indented, with a newline at its end.
    pub fn json(&self) -> String {
        // Strings and numbers only: this cannot fail.
        let mut out = serde_json::to_string_pretty(self).unwrap_or_default();
        out.push('\n');
        visible_json(&out)
    }
}
