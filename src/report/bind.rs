//! The binding: which reports belong to which AMI. It is made after the AMI exists, when the reports can no longer say so
//! themselves, and signed like a report, under a namespace of its own.
//!
//! It is a statement of whoever signs it. That an instance was really started from the AMI, only the identity document in
//! the image audit says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::{Document, instance};
use super::{Kind, Report, parse as parse_report, sha256_hex};
use crate::image::text::visible;

/// The format's name and version.
pub const BINDING_FORMAT: &str = "seaworthy.binding/1";

/// The largest binding that is read: many times what one has.
pub const BINDING_LIMIT: u64 = 64 << 10;

/// Which reports belong to which AMI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// [`BINDING_FORMAT`].
    pub format: String,
    /// The AMI's id.
    pub ami: String,
    /// The Region it is in.
    pub region: Option<String>,
    /// The account that owns it.
    pub account: Option<String>,
    /// SHA-256 of the build report's bytes.
    pub build_sha256: String,
    /// SHA-256 of the image audit's bytes.
    pub audit_sha256: Option<String>,
    /// When it was made, in whole seconds.
    pub bound_at: Timestamp,
}

/// What is bound to what.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The AMI's id.
    pub ami: &'a str,
    /// The Region; `None`: what the image audit says, when it ran on an instance of this AMI.
    pub region: Option<&'a str>,
    /// The account that owns the AMI.
    pub account: Option<&'a str>,
    /// The bytes of the build report.
    pub build: &'a [u8],
    /// The bytes of the image audit.
    pub audit: Option<&'a [u8]>,
    /// Now.
    pub now: Timestamp,
}

/// Makes the binding.
///
/// # Errors
/// In a sentence: when an id is malformed, a file is no report of its kind, the two are no pair, or the audit ran on an
/// instance of another AMI or in another Region.
pub fn bind(bound: &Bound<'_>) -> Result<Binding, String> {
    if !is_ami(bound.ami) {
        return Err(format!("{} is no AMI id: one is ami- and 8 or 17 hexadecimal digits", visible(bound.ami)));
    }
    if let Some(account) = bound.account.filter(|account| !is_number(account, 12)) {
        return Err(format!("{} is no AWS account: one has 12 digits", visible(account)));
    }
    if let Some(region) = bound.region.filter(|region| !is_region(region)) {
        return Err(format!("{} is no AWS Region: one is written like us-east-1", visible(region)));
    }
    let build_sha256 = sha256_hex(bound.build);
    of_kind(bound.build, Kind::Build, "build report")?;
    let audit = bound.audit.map(|bytes| of_kind(bytes, Kind::ImageAudit, "image audit")).transpose()?;
    if let Some(audit) = &audit {
        let of = audit.previous.as_ref().map(|previous| previous.sha256.as_str());
        if of != Some(build_sha256.as_str()) {
            return Err("the image audit is of another build report; give the one that it was made of".to_owned());
        }
    }
    let document = audit.as_ref().map(|audit| instance(audit, None)).transpose();
    let document = document.map_err(|why| format!("the image audit cannot be bound: {why}"))?.flatten();
    let region = document.as_ref().and_then(|document| document.region.clone());
    let region = bound.region.map(str::to_owned).or(region);
    if let Some(why) = document.and_then(|document| another(&document, bound.ami, region.as_deref())) {
        return Err(format!("the image audit {why}; bind the reports to the AMI that was audited"));
    }
    Ok(Binding {
        format: BINDING_FORMAT.to_owned(),
        ami: bound.ami.to_owned(),
        region,
        account: bound.account.map(str::to_owned),
        build_sha256,
        audit_sha256: bound.audit.map(sha256_hex),
        bound_at: Timestamp::from_second(bound.now.as_second()).unwrap_or(bound.now),
    })
}

/// Where an audit ran instead, if its instance's `document` does not name `ami` and `region`: an AMI is in one Region, and
/// its instances are too.
pub(super) fn another(document: &Document, ami: &str, region: Option<&str>) -> Option<String> {
    let found = |field: &Option<String>| field.as_deref().map_or_else(|| "one that is not named".to_owned(), visible);
    if document.image_id.as_deref() != Some(ami) {
        return Some(format!("ran on an instance of {}, not of {}", found(&document.image_id), visible(ami)));
    }
    let region = region.filter(|region| document.region.as_deref() != Some(region))?;
    Some(format!("ran in the Region {}, not in {}", found(&document.region), visible(region)))
}

fn of_kind(bytes: &[u8], kind: Kind, name: &str) -> Result<Report, String> {
    let report = parse_report(bytes).map_err(|error| format!("the {name} cannot be bound: {error}"))?;
    if report.kind == kind {
        return Ok(report);
    }
    Err(match report.kind {
        Kind::Practice => "a practice report belongs to no AMI".to_owned(),
        Kind::Build => {
            format!("the {name} is a report of the build; give the build report first, then the image audit")
        }
        Kind::ImageAudit => format!("the {name} is an image audit; give the build report first, then the image audit"),
    })
}

fn is_ami(text: &str) -> bool {
    let digits = text.strip_prefix("ami-").unwrap_or_default();
    matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let is_word =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    words.len() >= 3 && text.len() <= 32 && words.iter().all(is_word)
}

/// The bytes that are signed, in the form of a report's.
pub fn to_bytes(binding: &Binding) -> Vec<u8> {
    // Strings and nothing else: this cannot fail, and should it, what is written does not parse.
    let mut bytes = serde_json::to_vec_pretty(binding).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads a binding that is written the way [`to_bytes`] writes it.
///
/// # Errors
/// In a sentence, when it is none.
pub fn parse(bytes: &[u8]) -> Result<Binding, String> {
    let binding: Binding = serde_json::from_slice(bytes)
        .map_err(|error| format!("The binding is not well formed: {}.", visible(&error.to_string())))?;
    if binding.format != BINDING_FORMAT {
        return Err(format!(
            "It is no binding of the format \"{BINDING_FORMAT}\" but \"{}\".",
            visible(&binding.format)
        ));
    }
    if to_bytes(&binding) != bytes {
        return Err("The binding is not written the way Seaworthy writes it: another program changed it.".to_owned());
    }
    Ok(binding)
}

#[cfg(test)]
mod tests;
