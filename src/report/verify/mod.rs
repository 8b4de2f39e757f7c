//! Verifying a report: bytes, signer, contents, expectations, views. In that order; the first failure ends it and gives
//! the exit code, and nothing of the report is shown before its signature holds.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | authentic, consistent, as expected, and seaworthy (or with waivers that hold) |
//! | 1 | authentic, but not seaworthy, undecided, a practice report, or a waiver has ended since |
//! | 2 | wrong use, or the list of trusted signers is unreadable or faulty |
//! | 3 | the signature does not fit the bytes, is malformed, is for something else, or is too weak |
//! | 4 | the signer is not listed, not for this name, too early or late, revoked, or did not touch the token |
//! | 5 | the contents do not agree with themselves, or a view is not the report's |
//! | 6 | something expected is different: digest, challenge, age |
//! | 7 | a file is missing or cannot be read |

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::sshsig::{NAMESPACE, SIGNATURE_LIMIT, SshSig};
use super::{REPORT_LIMIT, Report, parse, read_file, sha256_hex, view};
use crate::catalogue::Catalogue;
use crate::image::text::visible;

mod contents;
mod journal;
mod output;
mod signers;
#[cfg(test)]
mod tests;

use output::Judgement::{self, Failed, Holds, NotChecked, Warning};
pub use output::{Check, CheckStatus, ReportSeen, SignerSeen, Verification};
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
    /// What else is expected.
    pub expect: Expectations<'a>,
    /// `report.html`.
    pub html: Option<&'a Path>,
    /// `report.md`.
    pub markdown: Option<&'a Path>,
    /// The guidelines this program knows.
    pub catalogue: Option<&'a Catalogue>,
    /// Now.
    pub now: Timestamp,
}

/// Every check, in order, with the exit code of its failure.
const CHECKS: [(&str, u8); 15] = [
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
    ("digest", 6),
    ("challenge", 6),
    ("age", 6),
    ("html", 5),
    ("markdown", 5),
];

/// Reads the files and verifies.
pub fn verify_files(files: &VerifyFiles<'_>) -> Verification {
    let failed = |code, sentence: String| Verification::failed_at("files", code, format!("{sentence}."));
    let beside = || {
        let mut name = files.report.as_os_str().to_owned();
        name.push(".sig");
        PathBuf::from(name)
    };
    let signature_path = files.signature.map_or_else(beside, Path::to_owned);
    let signers = match load_signers(files) {
        Ok(signers) => signers,
        Err(sentence) => return failed(2, sentence),
    };
    let optional = |path: Option<&Path>| path.map(|path| read_file(path, REPORT_LIMIT * 2)).transpose();
    let read = || {
        Ok::<_, super::BundleError>((
            read_file(files.report, REPORT_LIMIT)?,
            read_file(&signature_path, SIGNATURE_LIMIT)?,
            optional(files.html)?,
            optional(files.markdown)?,
        ))
    };
    match read() {
        // Too large to be a report at all, whoever signed it.
        Err(error @ super::BundleError::TooLarge { .. }) => failed(5, error.to_string()),
        Err(error) => failed(7, error.to_string()),
        Ok((report, signature, html, markdown)) => verify(&VerifyInput {
            report: &report,
            signature: &signature,
            signers: &signers,
            signer: files.signer,
            expect: files.expect,
            html: html.as_deref(),
            markdown: markdown.as_deref(),
            catalogue: files.catalogue,
            now: files.now,
        }),
    }
}

fn load_signers(files: &VerifyFiles<'_>) -> Result<Signers, String> {
    let text = |path: &Path| -> Result<String, String> {
        let bytes = read_file(path, SIGNERS_LIMIT).map_err(|error| error.to_string())?;
        if bytes.starts_with(b"SSHKRL") {
            return Ok("SSHKRL".to_owned());
        }
        String::from_utf8(bytes).map_err(|_| format!("{}: it is not text", crate::image::text::path(path)))
    };
    let mut signers = Signers::parse(&text(files.signers)?, &files.signers.to_string_lossy())?;
    if let Some(path) = files.revoked {
        signers.revoke(&text(path)?, &path.to_string_lossy())?;
    }
    Ok(signers)
}

/// Verifies.
pub fn verify(input: &VerifyInput<'_>) -> Verification {
    let mut result = Verification::new(sha256_hex(input.report));
    let mut report: Option<Report> = None;
    for (name, code) in CHECKS {
        let judgement = match (name, report.as_ref()) {
            ("files", _) => Holds(format!("The report has {} bytes.", input.report.len())),
            ("signature", _) => signature(input),
            ("signer", _) => signer(input, &mut result),
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
            ("times", Some(report)) => times(report, input.now),
            ("digest", Some(_)) => digest(input.expect.sha256, &result.sha256),
            ("challenge", Some(report)) => challenge(report, input.expect.challenge),
            ("age", Some(report)) => age(report, input),
            ("html", Some(report)) => rendered(report, &result.sha256, input.html, view::html),
            (_, Some(report)) => rendered(report, &result.sha256, input.markdown, view::markdown),
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

fn signature(input: &VerifyInput<'_>) -> Judgement {
    let made = match SshSig::parse(input.signature) {
        Ok(made) => made,
        Err(fault) => return Failed(fault.to_string()),
    };
    let Err(fault) = made.verify(NAMESPACE, input.report) else {
        return Holds(format!(
            "It fits these bytes; made with the {} key {}.",
            made.key.kind(),
            made.key.fingerprint()
        ));
    };
    let fits = |bytes: &[u8]| fault.is_mismatch() && made.verify(NAMESPACE, bytes).is_ok();
    if input.report.contains(&b'\r') && fits(&without_carriage_returns(input.report)) {
        return Failed(
            "The signature does not match this file. With LF line ends it does: the file was converted to Windows line ends on the way. Get it again in binary mode."
                .to_owned(),
        );
    }
    if let Some(shorter) = input.report.strip_suffix(b"\n")
        && fits(shorter)
    {
        return Failed("The signature does not match this file. Without the empty line at its end it does: an editor added it. Get the file again.".to_owned());
    }
    if fits(&[input.report, b"\n"].concat()) {
        return Failed("The signature does not match this file. With a newline at its end it does: an editor removed it. Get the file again.".to_owned());
    }
    if let Some(rest) = input.report.strip_prefix(b"\xef\xbb\xbf")
        && fits(rest)
    {
        return Failed("The signature does not match this file. Without the byte order mark at its start it does: an editor added it. Get the file again.".to_owned());
    }
    if fault.is_mismatch() {
        Failed("The signature does not match this file. The file was changed after signing, or the signature belongs to another report.".to_owned())
    } else {
        Failed(fault.to_string())
    }
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (place, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(place + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

fn signer(input: &VerifyInput<'_>, result: &mut Verification) -> Judgement {
    let verified = SshSig::parse(input.signature).and_then(|made| {
        let presence = made.verify(NAMESPACE, input.report)?;
        Ok((made, presence))
    });
    let (made, presence) = match verified {
        Ok(verified) => verified,
        Err(fault) => return Failed(fault.to_string()),
    };
    if presence.is_some_and(|presence| !presence.touched) {
        return Failed("The security key signed without being touched, so a program alone may have done it. Sign again with a touch.".to_owned());
    }
    let token = match presence {
        Some(presence) if presence.verified => " A security key was touched and its PIN or fingerprint given.",
        Some(_) => " A security key was touched.",
        None => "",
    };
    match input.signers.vouch(made.key.blob(), input.signer, NAMESPACE, input.now) {
        Err(sentence) => Failed(sentence),
        Ok(listed) => {
            let name = visible(input.signer.unwrap_or(listed));
            result.signer = Some(SignerSeen {
                name: name.clone(),
                fingerprint: made.key.fingerprint(),
                key_type: made.key.kind().to_owned(),
            });
            let anybody = " Anybody on your list would have been accepted; give a name to accept one signer only.";
            Holds(format!("{name} vouches for it.{token}{}", if input.signer.is_none() { anybody } else { "" }))
        }
    }
}

fn times(report: &Report, now: Timestamp) -> Judgement {
    let latest = now.checked_add(SignedDuration::from_mins(5)).unwrap_or(Timestamp::MAX);
    if report.generated_at > latest {
        Failed(format!("The report says it was written at {}, which has not come yet.", report.generated_at))
    } else if report.started_at > report.generated_at {
        Failed(format!("The preparation began at {}, after the report was written.", report.started_at))
    } else {
        Holds(format!("Written at {}, by the clock of the machine that wrote it.", report.generated_at))
    }
}

fn digest(expected: Option<&str>, actual: &str) -> Judgement {
    let Some(expected) = expected else {
        return NotChecked("No SHA-256 was given to compare with.".to_owned());
    };
    let expected: String =
        expected.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect();
    if expected == actual {
        Holds("The SHA-256 is the expected one.".to_owned())
    } else {
        Failed(format!("The SHA-256 of the report is {actual}, which is not the expected one. It is another report."))
    }
}

fn challenge(report: &Report, expected: Option<&str>) -> Judgement {
    match (expected.map(visible), &report.challenge) {
        (None, None) => {
            NotChecked("No challenge was given, so it could be an older report that is shown again.".to_owned())
        }
        (None, Some(_)) => NotChecked("The report answers a challenge, but none was given to compare with.".to_owned()),
        (Some(expected), Some(found)) if expected == *found => Holds("It answers the challenge.".to_owned()),
        (Some(_), Some(found)) => Failed(format!("It answers another challenge: \"{}\".", visible(found))),
        (Some(_), None) => Failed("It answers no challenge. It may be an older report that is shown again.".to_owned()),
    }
}

fn age(report: &Report, input: &VerifyInput<'_>) -> Judgement {
    let Some(limit) = input.expect.max_age else {
        return NotChecked("No limit was given for its age.".to_owned());
    };
    let age = input.now.duration_since(report.generated_at);
    let hours = age.as_hours();
    if age > limit {
        Failed(format!("It is {hours} hours old; {} are allowed. Ask for a new one.", limit.as_hours()))
    } else {
        Holds(format!("It is {hours} hours old."))
    }
}

fn rendered(report: &Report, sha256: &str, given: Option<&[u8]>, render: fn(&Report, &str) -> String) -> Judgement {
    let Some(given) = given else {
        return NotChecked("No such view was given.".to_owned());
    };
    if given == render(report, sha256).as_bytes() {
        return Holds("It is exactly the view of this report.".to_owned());
    }
    let ours = env!("CARGO_PKG_VERSION");
    let grouped = view::grouped(sha256);
    let names_it = memchr::memmem::find(given, grouped.as_bytes()).is_some();
    if names_it && report.tool.version != ours {
        return Warning(format!(
            "It names this report, but was rendered by {}; this is {ours}, so its text was not compared. Do not rely on it.",
            visible(&report.tool.version)
        ));
    }
    if names_it {
        Failed("It names this report, but its text is not the report's: it was edited. Render it anew, and do not rely on it.".to_owned())
    } else {
        Failed("It is the view of another report.".to_owned())
    }
}

fn seaworthy(report: &Report, now: Timestamp) -> Judgement {
    use super::{Kind, Outcome, Verdict};
    let word = report.summary.verdict.word();
    if report.kind == Kind::Practice {
        return Failed(format!("It is authentic, but about a practice image ({word}). It vouches for nothing."));
    }
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let ended = report.guidelines.iter().find_map(|record| {
        let until = record.decision.as_ref()?.until?;
        (record.result == Outcome::Waived && until < today).then(|| (visible(&record.id), until))
    });
    match (report.summary.verdict, ended) {
        (Verdict::NotSeaworthy | Verdict::Undecided, _) => {
            Failed(format!("It is authentic, but its verdict is {word}."))
        }
        (_, Some((id, until))) => Failed(format!(
            "It is authentic, but the waiver of {id} ended on {until}, so its verdict ({word}) no longer holds."
        )),
        _ => Holds(format!("Its verdict is {word}.")),
    }
}
