//! Certificates (RFC 5280) in PEM files (RFC 7468).

use std::fmt::Write as _;

use base64ct::{Base64, Encoding};
use jiff::civil::Date;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::image::text;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END";

/// The most certificates of one file that are looked at: chains are shorter, stores of authorities longer.
const MOST: usize = 16;

/// The longest name that is shown, in characters.
const LONGEST_NAME: usize = 120;

/// What counts of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The name of its subject, fit to be shown.
    pub(super) name: String,
    /// The first day it is valid.
    pub(super) begin: Date,
    /// The last.
    pub(super) end: Date,
    /// Whether subject and issuer are the same.
    pub(super) signed_by_itself: bool,
}

/// The certificates of a PEM file in their order, at most [`MOST`]; `None` for one that cannot be understood.
pub(super) fn certificates(bytes: &[u8]) -> impl Iterator<Item = Option<Certificate>> {
    let mut rest = bytes;
    let blocks = std::iter::from_fn(move || {
        let start = memchr::memmem::find(rest, BEGIN)? + BEGIN.len();
        let body = rest.get(start..)?;
        let end = memchr::memmem::find(body, END).unwrap_or(body.len());
        rest = body.get(end..)?;
        body.get(..end)
    });
    blocks.take(MOST).map(certificate)
}

fn certificate(body: &[u8]) -> Option<Certificate> {
    let body: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let der = Base64::decode_vec(str::from_utf8(&body).ok()?).ok()?;
    let certificate = x509_cert::Certificate::from_der(&der).ok()?;
    let certificate = certificate.tbs_certificate();
    let mut name = String::new();
    // A name that cannot be written is no reason to doubt the dates.
    if write!(name, "{}", certificate.subject()).is_err() || name.is_empty() {
        "a certificate without a name".clone_into(&mut name);
    }
    let name: String = name.chars().take(LONGEST_NAME).collect();
    Some(Certificate {
        name: text::visible(&name),
        begin: day(certificate.validity().not_before),
        end: day(certificate.validity().not_after),
        signed_by_itself: certificate.issuer() == certificate.subject(),
    })
}

fn day(time: Time) -> Date {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}
