//! Verifying a build report and the image audit that closes it. Each is verified as ever; then whether they belong
//! together, and what both come to: the seal's work is still to come in the first and must be done in the second.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

use super::files::identity_file;
use super::output::Judgement::{self, Failed, Holds, NotChecked, Warning};
use super::{Check, CheckStatus, Expectations, IdentityFile, Verification, VerifyFiles, verify_files};
use crate::catalogue::Severity;
use crate::check::Status;
use crate::image::text::{visible, visible_json};
use crate::report::verdict::{Decided, verdict};
use crate::report::{
    GuidelineRecord, Mode, Outcome, REPORT_LIMIT, Report, Verdict, audit, parse, read_file, sha256_hex,
};

/// What verifying both comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PairVerification {
    format: &'static str,
    /// The exit code; see [`super`].
    pub code: u8,
    /// What both reports together come to; `None` when that is not certain.
    pub verdict: Option<Verdict>,
    /// The build report.
    pub build: Verification,
    /// The image audit.
    pub audit: Verification,
    /// Whether they belong together, and what they come to.
    pub checks: Vec<Check>,
}

/// Every check of the pair, in order, with the exit code of its failure.
const CHECKS: [(&str, u8); 6] = [("reports", 6), ("pair", 6), ("disk", 6), ("seal", 1), ("drift", 6), ("verdict", 1)];

/// Verifies the build report that `files` name and `audit`, whose signature has the same name with `.sig` at its end.
/// What is expected, AWS's certificate and the views are for the audit, whose instance was started from the AMI; the baseline
/// is that of the build.
pub fn verify_pair_files(files: &VerifyFiles<'_>, audit: &Path) -> PairVerification {
    let build = verify_files(&VerifyFiles {
        signature: None,
        expect: Expectations::default(),
        aws: None,
        identity_file: None,
        dsse: None,
        html: None,
        markdown: None,
        ..*files
    });
    let audited = verify_files(&VerifyFiles { report: audit, signature: None, baseline: Some(files.report), ..*files });
    let both = (read(files.report, &build), read(audit, &audited).and_then(|report| Audited::of(report, files)));
    judge(build, audited, both, files)
}

/// The image audit, and what it leaves out of its identity.
struct Audited {
    report: Report,
    apart: Option<IdentityFile>,
}

impl Audited {
    fn of(report: Report, files: &VerifyFiles<'_>) -> Result<Self, Judgement> {
        let apart = files.identity_file.map(identity_file).transpose();
        Ok(Self { report, apart: apart.map_err(|(_, sentence)| Failed(format!("{sentence}.")))? })
    }
}

/// The report at `path`, if it is the one that was verified.
fn read(path: &Path, verified: &Verification) -> Result<Report, Judgement> {
    if !matches!(verified.code, 0 | 1) {
        let why = verified.checks.iter().find(|check| check.status == CheckStatus::Failed);
        return Err(Failed(why.map_or_else(String::new, |check| check.sentence.clone())));
    }
    let bytes = read_file(path, REPORT_LIMIT).map_err(|error| Failed(format!("{error}.")))?;
    if sha256_hex(&bytes) != verified.sha256 {
        return Err(Failed("A report was changed while it was verified; try again.".to_owned()));
    }
    parse(&bytes).map_err(|error| Failed(error.to_string()))
}

fn judge(
    build: Verification,
    audited: Verification,
    both: (Result<Report, Judgement>, Result<Audited, Judgement>),
    files: &VerifyFiles<'_>,
) -> PairVerification {
    let today = files.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let code = |verified: &Verification| if verified.code == 1 { 0 } else { verified.code };
    let first = if code(&build) == 0 { code(&audited) } else { code(&build) };
    let (sha256, mut result) = (
        build.sha256.clone(),
        PairVerification {
            format: "seaworthy.verify-pair/1",
            code: 0,
            verdict: None,
            build,
            audit: audited,
            checks: Vec::new(),
        },
    );
    let (build, Audited { report: audit, apart }) = match both {
        (Ok(build), Ok(audited)) => (build, audited),
        (Err(judgement), _) | (_, Err(judgement)) => {
            let code = if first == 0 { 7 } else { first };
            result.push("reports", code, judgement);
            return result;
        }
    };
    for (name, code) in CHECKS {
        let judgement = match name {
            "reports" => Holds("Each of the two is authentic and agrees with itself.".to_owned()),
            "pair" => pair(&build, (&audit, apart.as_ref()), &sha256),
            "disk" => disk(&build, &audit, files.expect.ami.is_some() || files.binding.is_some()),
            "seal" => seal(&build, &audit, today),
            "drift" => drift(&audit),
            _ => {
                let compared = is_compared(&result.build) && is_compared(&result.audit);
                together(&build, &audit, (today, compared), &mut result.verdict)
            }
        };
        if result.push(name, code, judgement) {
            break;
        }
    }
    result
}

/// The audit is of this build.
fn pair(build: &Report, (audit, apart): (&Report, Option<&IdentityFile>), sha256: &str) -> Judgement {
    if let Err(sentence) = audit::belongs(build, audit, apart) {
        return Failed(sentence);
    }
    match &audit.previous {
        Some(previous) if previous.sha256 == sha256 => {
            Holds(format!("The audit is of the image that report {} tells of.", visible(&build.report_id)))
        }
        _ => Failed("The audit is of another build: it does not name this report.".to_owned()),
    }
}

/// Both looked at the same disk, as far as its UUID tells, and the copy made an identity of its own. `named`: the reviewer,
/// or a binding, says which AMI it must be.
fn disk(build: &Report, audit: &Report, named: bool) -> Judgement {
    let id = |report: &Report| report.image.machine_id.as_ref().and_then(|id| id.sha256.clone());
    if audit.image.mode == Mode::Live && id(build).is_some() && id(build) == id(audit) {
        return Failed(
            "The audited instance has the machine id of the build machine: every copy of the image has it.".to_owned(),
        );
    }
    let uuid = build.image.filesystem_uuid.as_ref().and(audit.image.filesystem_uuid.as_ref());
    let told = uuid.map_or_else(
        || "Whether both looked at the same disk cannot be told: one of them does not know the UUID of its root file system.".to_owned(),
        |uuid| format!(
            "Both looked at the root file system {}; the UUID comes from the base image, as in everything else that was made of it, and proves little.",
            visible(uuid)
        ),
    );
    if audit.image.mode == Mode::Live && !named {
        return Warning(format!(
            "{told} Neither --expect-ami nor --binding says which AMI the audited instance must be of, so it may be of another."
        ));
    }
    if uuid.is_some() { Holds(told) } else { Warning(told) }
}

fn find<'a>(report: &'a Report, id: &str) -> Option<&'a GuidelineRecord> {
    report.guidelines.iter().find(|record| record.id == id)
}

/// What was left for the seal is done.
fn seal(build: &Report, audit: &Report, today: Date) -> Judgement {
    let left: Vec<&GuidelineRecord> =
        build.guidelines.iter().filter(|record| record.result == Outcome::Deferred).collect();
    if left.is_empty() {
        return Holds("Nothing was left for the seal.".to_owned());
    }
    let mut untold = Vec::new();
    for record in &left {
        let id = visible(&record.id);
        let Some(now) = find(audit, &record.id) else {
            return Failed(format!("{id} was left for the seal, and the audit does not speak of it."));
        };
        match now.after.status {
            Status::Pass | Status::NotApplicable => {}
            _ if now.decided(false, today) == Decided::Waived => {}
            Status::Fail => {
                let said = visible(&now.after.summary);
                return Failed(format!("{id} was left for the seal, and the finished image fails it: {said}"));
            }
            Status::Unknown | Status::Attest if record.severity == Severity::Required => {
                let said = visible(&now.after.summary);
                return Failed(format!("{id} was left for the seal, and the audit could not close it: {said}"));
            }
            Status::Unknown | Status::Attest => untold.push(id),
        }
    }
    let done = format!("Of what was left for the seal, {} of {} is done", left.len() - untold.len(), left.len());
    if untold.is_empty() {
        Holds(format!("{done}."))
    } else {
        Warning(format!("{done}; the audit could not tell of {}, which is only recommended.", untold.join(", ")))
    }
}

/// Files that are not as the build left them. They are named and never fail the pair: a first boot changes files too, and
/// what it comes to for the guidelines the audit has judged itself.
fn drift(audit: &Report) -> Judgement {
    let told = audit.previous.as_ref().and_then(|previous| previous.comparison.as_ref()?.drift.as_ref());
    let Some(drift) = told else {
        return NotChecked("The audit does not tell what became of the files that were changed.".to_owned());
    };
    if drift.files.is_empty() && drift.unlisted == 0 {
        return Holds(format!("Every file that was changed is as the build left it: {}.", drift.same));
    }
    let named: Vec<String> = drift
        .files
        .iter()
        .take(10)
        .map(|file| format!("{} ({})", visible(&file.path), visible(&file.detail)))
        .collect();
    let more = drift.files.len() - named.len() + drift.unlisted;
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Warning(format!("Not as the build left them, or not to be told: {}{more}.", named.join(", ")))
}

/// Whether the guidelines that the report goes by are known here.
fn is_compared(verified: &Verification) -> bool {
    verified.checks.iter().any(|check| check.name == "catalogue" && check.status == CheckStatus::Ok)
}

/// What both come to: the audit's word counts, and where it could not tell, that of the build.
fn together(build: &Report, audit: &Report, (today, compared): (Date, bool), all: &mut Option<Verdict>) -> Judgement {
    let added = audit.guidelines.iter().filter(|record| find(build, &record.id).is_none());
    let of_audit = added.map(|record| (record, (record.severity, record.after.status, record.decided(false, today))));
    let of_build = build.guidelines.iter().map(|record| {
        let now = find(audit, &record.id);
        (now.unwrap_or(record), standing(record, now, build.leaves_for_seal(), today))
    });
    let standing: Vec<_> = of_build.chain(of_audit).collect();
    let counted = verdict(standing.iter().map(|(_, standing)| *standing));
    *all = compared.then_some(counted);
    let word = counted.word();
    let open: Vec<String> = standing
        .iter()
        .filter(|(_, standing)| matches!(verdict([*standing]), Verdict::Undecided | Verdict::NotSeaworthy))
        .map(|(record, _)| visible(&record.id))
        .collect();
    match counted {
        Verdict::Seaworthy | Verdict::SeaworthyWithWaivers if !compared => Failed(
            "Both together cannot be called seaworthy: one of them goes by guidelines that were not compared, so nobody can say that nothing was left out."
                .to_owned(),
        ),
        Verdict::Seaworthy | Verdict::SeaworthyWithWaivers => Holds(format!("The verdict of both together: {word}.")),
        Verdict::Undecided | Verdict::NotSeaworthy => {
            Failed(format!("The verdict of both together: {word}. Open: {}.", open.join(", ")))
        }
    }
}

fn standing(
    build: &GuidelineRecord,
    audit: Option<&GuidelineRecord>,
    live: bool,
    today: Date,
) -> (Severity, Status, Decided) {
    let before = (build.severity, build.after.status, build.decided(live, today));
    let Some(audit) = audit else { return before };
    let now = (audit.severity, audit.after.status, audit.decided(false, today));
    let is_waived = before.2 == Decided::Waived && now.2 == Decided::Nothing;
    // The seal's work is the audit's to tell.
    let is_untold = now.2 == Decided::Nothing && build.result != Outcome::Deferred;
    match audit.after.status {
        Status::Fail if is_waived => (now.0, now.1, Decided::Waived),
        Status::Unknown | Status::Attest if is_untold => before,
        _ => now,
    }
}

impl PairVerification {
    fn push(&mut self, name: &'static str, code: u8, judgement: Judgement) -> bool {
        let check = Check::of(name, judgement);
        let failed = check.status == CheckStatus::Failed;
        self.checks.push(check);
        if failed {
            self.code = code;
        }
        failed
    }

    /// For people. Holds no control character but line breaks.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (title, one) in [("THE BUILD", &self.build), ("THE IMAGE AUDIT", &self.audit)] {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{title}\n{}", one.text());
        }
        let _ = writeln!(out, "BOTH TOGETHER");
        for check in &self.checks {
            let mark = match check.status {
                CheckStatus::Ok => "ok",
                CheckStatus::Failed => "FAILED",
                CheckStatus::Warning => "warning",
                CheckStatus::NotChecked => "-",
            };
            let _ = writeln!(out, "{mark:<8} {:<10} {}", check.name, check.sentence);
        }
        out
    }

    /// For programs: `seaworthy.verify-pair/1`, indented, with a newline at its end.
    pub fn json(&self) -> String {
        // Strings and numbers only: this cannot fail.
        let mut out = serde_json::to_string_pretty(self).unwrap_or_default();
        out.push('\n');
        visible_json(&out)
    }
}

#[cfg(test)]
mod tests;
