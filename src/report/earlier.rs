//! A report that is there already: the one that a new report goes on from, or one of two that are held against each other.

use std::path::Path;

use jiff::Timestamp;

use super::verify::{CheckStatus, VerifyFiles, verify_files};
use super::{Previous, REPORT_LIMIT, Report, parse, read_file, sha256_hex};
use crate::catalogue::Catalogue;
use crate::image::text;

/// A report that was read from a file, and who signed it, where that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// What it says.
    pub report: Report,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Fingerprint of the key that signed it; `None`: nobody asked, so anybody can have written it.
    pub signer: Option<String>,
}

/// Whose signature makes an earlier report trustworthy, and what it is verified with.
#[derive(Debug, Clone, Copy)]
pub struct SignedBy<'a> {
    /// `allowed_signers`.
    pub signers: &'a Path,
    /// Whose signature is wanted; `None`: anybody's who is listed.
    pub signer: Option<&'a str>,
    /// The guidelines this program knows.
    pub catalogue: &'a Catalogue,
    /// Now.
    pub now: Timestamp,
}

impl Earlier {
    /// Reads the report at `path`; with `trust`, verifies it first as `verify` does. Whatever its verdict is.
    ///
    /// # Errors
    /// When it cannot be read, is no report, or was not signed by whom `trust` names; one line.
    pub fn read(path: &Path, trust: Option<SignedBy<'_>>) -> Result<Self, String> {
        let shown = text::path(path);
        let signed = trust.map(|trust| verified(path, trust)).transpose()?;
        let bytes = read_file(path, REPORT_LIMIT).map_err(|error| error.to_string())?;
        let sha256 = sha256_hex(&bytes);
        if signed.as_ref().is_some_and(|(verified, _)| *verified != sha256) {
            return Err(format!("{shown} was changed while it was read; try again"));
        }
        let report = parse(&bytes).map_err(|error| format!("{shown}: {error}"))?;
        Ok(Self { report, sha256, signer: signed.map(|(_, signer)| signer) })
    }

    /// As the report that goes on from it names it.
    pub fn previous(&self) -> Previous {
        Previous {
            report_id: text::visible(&self.report.report_id),
            sha256: self.sha256.clone(),
            signer: self.signer.clone(),
            comparison: None,
        }
    }
}

/// SHA-256 of the report at `path` and the fingerprint of its signer, if it is authentic and agrees with itself.
fn verified(path: &Path, trust: SignedBy<'_>) -> Result<(String, String), String> {
    let verification = verify_files(&VerifyFiles {
        signer: trust.signer,
        catalogue: Some(trust.catalogue),
        ..VerifyFiles::new(path, trust.signers, trust.now)
    });
    match (verification.code, verification.signer) {
        // One that is not seaworthy is authentic all the same.
        (0 | 1, Some(signer)) => Ok((verification.sha256, signer.fingerprint)),
        (code, _) => {
            let failed = verification.checks.iter().find(|check| check.status == CheckStatus::Failed);
            let why = failed.map_or("it could not be verified.", |check| check.sentence.as_str());
            Err(format!("{} was not accepted (as verify, code {code}): {why}", text::path(path)))
        }
    }
}
