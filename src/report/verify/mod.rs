//! Verifying a report: bytes, signer, contents, expectations, views. In that order; the first failure ends it and gives
//! the exit code, and nothing of the report is shown before its signature holds.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | authentic, consistent, as expected, and seaworthy (or with waivers that hold) |
//! | 1 | authentic, but not seaworthy, undecided, a practice report, or a waiver has ended since |
//! | 2 | wrong use, or the list of trusted signers or the AWS certificate is unreadable or faulty |
//! | 3 | the signature does not fit the bytes, is malformed, is for something else, or is too weak |
//! | 4 | the signer is not listed, not for this name, too early or late, revoked, or did not touch the token |
//! | 5 | the contents do not agree with themselves, or a view is not the report's |
//! | 6 | something expected is different: digest, challenge, age, the machine (or AWS's signature of it), the report it goes on from |
//! | 7 | a file is missing or cannot be read |

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::identity::{IdentityFile, Trust};
use super::{Report, parse, sha256_hex, unchecked_beside, view};
use crate::catalogue::{Catalogue, Severity};
use crate::image::text::visible;

mod binding;
mod contents;
mod dsse;
mod expect;
mod files;
mod identity;
mod journal;
mod output;
mod pair;
mod previous;
mod signature;
mod signers;
#[cfg(test)]
mod tests;
mod views;

use files::Given;
use output::Judgement::{self, Failed, Holds, NotChecked};
pub use output::{Check, CheckStatus, ReportSeen, SignerSeen, Verification};
pub use pair::{PairVerification, verify_pair_files};
pub use signers::{SIGNERS_LIMIT, Signers};

/// What the reviewer expects of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expectations<'a> {
    /// SHA-256 of `report.json`, in hexadecimal; spaces and case do not matter.
    pub sha256: Option<&'a str>,
    /// The challenge they gave.
    pub challenge: Option<&'a str>,
    /// How old it may be.
    pub max_age: Option<SignedDuration>,
    /// The report's id; case does not matter.
    pub report: Option<&'a str>,
    /// The instance it was made on.
    pub instance: Option<&'a str>,
    /// The image that instance was started from.
    pub ami: Option<&'a str>,
    /// The account that instance belongs to.
    pub account: Option<&'a str>,
    /// The Region of that instance.
    pub region: Option<&'a str>,
    /// AWS's certificate, to check its signature of the identity document with.
    pub aws: Option<&'a Trust>,
    /// `identity.json`, where the report holds only the document's digest.
    pub identity_file: Option<&'a IdentityFile>,
    /// The statement to which AMI it belongs.
    pub binding: Option<Signed<'a>>,
    /// The bytes of the report that it must go on from.
    pub baseline: Option<&'a [u8]>,
    /// The bytes of a DSSE envelope that vouches for it.
    pub dsse: Option<&'a [u8]>,
}

/// A file and its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The file's bytes.
    pub bytes: &'a [u8],
    /// Those of its signature.
    pub signature: &'a [u8],
}

/// What is verified, and against what.
#[derive(Debug, Clone, Copy)]
pub struct VerifyInput<'a> {
    /// The bytes of `report.json`.
    pub report: &'a [u8],
    /// The bytes of `report.json.sig`.
    pub signature: &'a [u8],
    /// Who is trusted; never from the bundle.
    pub signers: &'a Signers,
    /// Whose signature is wanted; `None`: anybody's who is listed.
    pub signer: Option<&'a str>,
    /// What else is expected.
    pub expect: Expectations<'a>,
    /// The bytes of `report.html`.
    pub html: Option<&'a [u8]>,
    /// The bytes of `report.md`.
    pub markdown: Option<&'a [u8]>,
    /// The guidelines this program knows: the built-in catalogue.
    pub catalogue: Option<&'a Catalogue>,
    /// Now; fixed in tests.
    pub now: Timestamp,
}

impl<'a> VerifyInput<'a> {
    /// The bytes of a report and of its signature by `signers`, at `now`; nothing more is asked.
    pub fn new(report: &'a [u8], signature: &'a [u8], signers: &'a Signers, now: Timestamp) -> Self {
        Self {
            report,
            signature,
            signers,
            signer: None,
            expect: Expectations::default(),
            html: None,
            markdown: None,
            catalogue: None,
            now,
        }
    }
}

/// The same by file names: what the command line has.
#[derive(Debug, Clone, Copy)]
pub struct VerifyFiles<'a> {
    /// `report.json`.
    pub report: &'a Path,
    /// Its signature; `None`: the same name with `.sig` at its end.
    pub signature: Option<&'a Path>,
    /// `allowed_signers`.
    pub signers: &'a Path,
    /// Revoked public keys.
    pub revoked: Option<&'a Path>,
    /// Whose signature is wanted.
    pub signer: Option<&'a str>,
    /// What else is expected; its files are read from the fields below.
    pub expect: Expectations<'a>,
    /// The binding to an AMI; its signature has the same name with `.sig` at its end.
    pub binding: Option<&'a Path>,
    /// The report that it must go on from.
    pub baseline: Option<&'a Path>,
    /// AWS's certificate.
    pub aws: Option<AwsCertificate<'a>>,
    /// `identity.json`.
    pub identity_file: Option<&'a Path>,
    /// The DSSE envelope.
    pub dsse: Option<&'a Path>,
    /// `report.html`.
    pub html: Option<&'a Path>,
    /// `report.md`.
    pub markdown: Option<&'a Path>,
    /// The guidelines this program knows.
    pub catalogue: Option<&'a Catalogue>,
    /// Now.
    pub now: Timestamp,
}

impl<'a> VerifyFiles<'a> {
    /// The report at `report` by the list at `signers`, at `now`; its signature is beside it, and nothing more is asked.
    pub fn new(report: &'a Path, signers: &'a Path, now: Timestamp) -> Self {
        Self {
            report,
            signature: None,
            signers,
            revoked: None,
            signer: None,
            expect: Expectations::default(),
            binding: None,
            baseline: None,
            aws: None,
            identity_file: None,
            dsse: None,
            html: None,
            markdown: None,
            catalogue: None,
            now,
        }
    }
}

/// The file of an AWS certificate, and how far it is trusted.
#[derive(Debug, Clone, Copy)]
pub enum AwsCertificate<'a> {
    /// Only if its fingerprint is the pinned one.
    Pinned(&'a Path),
    /// As it is.
    Given(&'a Path),
}

/// Every check, in order, with the exit code of its failure.
const CHECKS: &[(&str, u8)] = &[
    ("files", 7),
    ("signature", 3),
    ("signer", 4),
    ("form", 5),
    ("catalogue", 5),
    ("decisions", 5),
    ("results", 5),
    ("changes", 5),
    ("journal", 5),
    ("times", 5),
    ("comparison", 5),
    ("digest", 6),
    ("challenge", 6),
    ("age", 6),
    ("identity", 6),
    ("expected", 6),
    ("binding-signature", 3),
    ("binding-signer", 4),
    ("binding", 6),
    ("baseline", 6),
    ("dsse", 3),
    ("dsse-signer", 4),
    ("dsse-statement", 5),
    ("html", 5),
    ("markdown", 5),
];

/// Reads the files and verifies.
pub fn verify_files(files: &VerifyFiles<'_>) -> Verification {
    match Given::read(files) {
        Err((code, sentence)) => Verification::failed_at("files", code, format!("{sentence}.")),
        Ok(given) => {
            let mut result = verify(&given.input(files));
            let beside: Vec<String> = unchecked_beside(files.report).iter().map(|name| visible(name)).collect();
            if !beside.is_empty() {
                let names = beside.join(", ");
                let sentence = format!("These files lie beside the report and were not looked into: {names}.");
                result.push("beside", 0, NotChecked(sentence));
            }
            result
        }
    }
}

/// Verifies.
pub fn verify(input: &VerifyInput<'_>) -> Verification {
    let mut result = Verification::new(sha256_hex(input.report));
    let mut report: Option<Report> = None;
    for &(name, code) in CHECKS {
        let judgement = match (name, report.as_ref()) {
            ("files", _) => Holds(format!("The report has {} bytes.", input.report.len())),
            ("signature", _) => signature::signature(input),
            ("signer", _) => signature::signer(input, &mut result),
            ("form", _) => match parse(input.report) {
                Err(error) => Failed(error.to_string()),
                Ok(parsed) => {
                    result.report = Some(ReportSeen::of(&parsed));
                    report = Some(parsed);
                    Holds("It is a report, written the way Seaworthy writes it.".to_owned())
                }
            },
            (_, None) => NotChecked("There is no report to look at.".to_owned()),
            ("catalogue", Some(report)) => contents::catalogue(report, input.catalogue),
            ("decisions", Some(report)) => contents::decisions(report, input.catalogue),
            ("results", Some(report)) => contents::results(report),
            ("changes", Some(report)) => contents::changes(report),
            ("journal", Some(report)) => journal::journal(report),
            ("times", Some(report)) => expect::times(report, input.now),
            ("comparison", Some(report)) => previous::comparison(report, input.expect.baseline),
            ("digest", Some(_)) => expect::digest(input.expect.sha256, &result.sha256),
            ("challenge", Some(report)) => expect::challenge(report, input.expect.challenge),
            ("age", Some(report)) => expect::age(report, input),
            ("identity", Some(report)) => identity::identity(report, input),
            ("expected", Some(report)) => identity::expected(report, input),
            ("binding-signature" | "binding-signer", _) if input.expect.binding.is_none() => continue,
            ("binding-signature", _) => binding::signature(input),
            ("binding-signer", _) => binding::signer(input),
            ("binding", Some(report)) => binding::binding(report, &result.sha256, input),
            ("baseline", Some(report)) => previous::baseline(report, input.expect.baseline),
            ("dsse", _) => dsse::signature(input),
            ("dsse-signer" | "dsse-statement", _) if input.expect.dsse.is_none() => continue,
            ("dsse-signer", _) => dsse::signer(input),
            ("dsse-statement", Some(report)) => dsse::statement(report, &result.sha256, input),
            ("html", Some(report)) => views::rendered(report, &result.sha256, input.html, view::html),
            (_, Some(report)) => views::rendered(report, &result.sha256, input.markdown, view::markdown),
        };
        if result.push(name, code, judgement) {
            result.not_reached(CHECKS.iter().map(|(name, _)| *name));
            return result;
        }
    }
    if let Some(report) = &report {
        let judgement = seaworthy(report, input.now);
        result.push("verdict", 1, judgement);
    }
    result
}

fn seaworthy(report: &Report, now: Timestamp) -> Judgement {
    use super::{Kind, Outcome, Verdict};
    let word = report.summary.verdict.word();
    if report.kind == Kind::Practice {
        return Failed(format!("It is authentic, but about a practice image ({word}). It vouches for nothing."));
    }
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    // The verdict is about the required ones.
    let ended = report.guidelines.iter().filter(|record| record.severity == Severity::Required).find_map(|record| {
        let until = record.decision.as_ref()?.until?;
        (record.result == Outcome::Waived && until < today).then(|| (visible(&record.id), until))
    });
    match (report.summary.verdict, ended) {
        (Verdict::NotSeaworthy | Verdict::Undecided, _) => {
            Failed(format!("It is authentic, but its verdict is {word}.{}", left_for_seal(report)))
        }
        (_, Some((id, until))) => Failed(format!(
            "It is authentic, but the waiver of {id} ended on {until}, so its verdict ({word}) no longer holds."
        )),
        _ => Holds(format!("Its verdict is {word}.")),
    }
}

/// What closes the guidelines that were left for the seal.
fn left_for_seal(report: &Report) -> String {
    let left = report.guidelines.iter().filter(|record| record.result == super::Outcome::Deferred);
    let ids: Vec<String> = left.map(|record| visible(&record.id)).collect();
    if ids.is_empty() {
        return String::new();
    }
    format!(
        " Left for the seal, after this report: {}. Audit the finished image (seaworthy report --audit-of) and verify both reports together.",
        ids.join(", ")
    )
}
