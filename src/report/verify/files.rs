//! The files that are verified, read one by one; which code it gives when one cannot be what it should be.

use std::path::{Path, PathBuf};

use super::{AwsCertificate, Expectations, SIGNERS_LIMIT, Signed, Signers, VerifyFiles, VerifyInput};
use crate::report::bind::BINDING_LIMIT;
use crate::report::dsse::ENVELOPE_LIMIT;
use crate::report::identity::{CERTIFICATE_LIMIT, Certificate, FILE_LIMIT, IdentityFile, Trust};
use crate::report::sshsig::SIGNATURE_LIMIT;
use crate::report::{BundleError, REPORT_LIMIT, read_file};

/// An exit code and its sentence, without a full stop.
pub(super) type Fault = (u8, String);

/// What was read.
#[derive(Debug)]
pub(super) struct Given {
    report: Vec<u8>,
    signature: Vec<u8>,
    signers: Signers,
    aws: Option<Trust>,
    identity_file: Option<IdentityFile>,
    html: Option<Vec<u8>>,
    markdown: Option<Vec<u8>>,
    /// The binding and its signature.
    binding: Option<(Vec<u8>, Vec<u8>)>,
    baseline: Option<Vec<u8>>,
    dsse: Option<Vec<u8>>,
}

impl Given {
    /// Reads all that `files` names.
    pub(super) fn read(files: &VerifyFiles<'_>) -> Result<Self, Fault> {
        let optional = |path: Option<&Path>, limit, code| path.map(|path| read(path, limit, code)).transpose();
        let signature = files.signature.map_or_else(|| beside(files.report), Path::to_owned);
        Ok(Self {
            signers: load_signers(files).map_err(|sentence| (2, sentence))?,
            aws: files.aws.map(load_certificate).transpose().map_err(|sentence| (2, sentence))?,
            identity_file: files.identity_file.map(identity_file).transpose()?,
            report: read(files.report, REPORT_LIMIT, 5)?,
            signature: read(&signature, SIGNATURE_LIMIT, 3)?,
            html: optional(files.html, REPORT_LIMIT * 2, 5)?,
            markdown: optional(files.markdown, REPORT_LIMIT * 2, 5)?,
            binding: files.binding.map(signed_binding).transpose()?,
            baseline: optional(files.baseline, REPORT_LIMIT, 6)?,
            dsse: optional(files.dsse, ENVELOPE_LIMIT, 3)?,
        })
    }

    /// The same as what is verified.
    pub(super) fn input<'a>(&'a self, files: &VerifyFiles<'a>) -> VerifyInput<'a> {
        VerifyInput {
            report: &self.report,
            signature: &self.signature,
            signers: &self.signers,
            signer: files.signer,
            expect: Expectations {
                aws: self.aws.as_ref(),
                identity_file: self.identity_file.as_ref(),
                binding: self.binding.as_ref().map(|(bytes, signature)| Signed { bytes, signature }),
                baseline: self.baseline.as_deref(),
                dsse: self.dsse.as_deref(),
                ..files.expect
            },
            html: self.html.as_deref(),
            markdown: self.markdown.as_deref(),
            catalogue: files.catalogue,
            now: files.now,
        }
    }
}

/// The bytes at `path`; `code` is for a file that is too large to be what it should be, whoever made it.
fn read(path: &Path, limit: u64, code: u8) -> Result<Vec<u8>, Fault> {
    read_file(path, limit).map_err(|error| match error {
        BundleError::TooLarge { .. } => (code, error.to_string()),
        _ => (7, error.to_string()),
    })
}

/// Where the signature of `file` lies.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

fn signed_binding(path: &Path) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    Ok((read(path, BINDING_LIMIT, 3)?, read(&beside(path), SIGNATURE_LIMIT, 3)?))
}

/// The `identity.json` at `path`.
pub(super) fn identity_file(path: &Path) -> Result<IdentityFile, Fault> {
    IdentityFile::parse(&read(path, FILE_LIMIT, 6)?)
        .map_err(|fault| (6, format!("identity.json: {}", fault.to_string().trim_end_matches('.'))))
}

fn load_certificate(file: AwsCertificate<'_>) -> Result<Trust, String> {
    let (AwsCertificate::Pinned(path) | AwsCertificate::Given(path)) = file;
    let bytes = read_file(path, CERTIFICATE_LIMIT).map_err(|error| error.to_string())?;
    let parsed = Certificate::parse(&bytes)
        .map_err(|fault| format!("{}: {}", crate::image::text::path(path), fault.to_string().trim_end_matches('.')))?;
    Ok(match file {
        AwsCertificate::Pinned(_) => Trust::Pinned(parsed),
        AwsCertificate::Given(_) => Trust::Given(parsed),
    })
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
