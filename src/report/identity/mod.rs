//! The instance identity document of EC2 and its signature by AWS, checked without a network.
//!
//! A document proves that its holder could once ask the metadata service of that instance, no more: it is the same for
//! the life of the instance, readable by each of its processes, and nobody can ask for a new one. What may enter here
//! is the document, the message that signs it, and the certificate the reader brings; no file is opened.
//!
//! Of the signatures that the metadata service offers only `rsa2048` is taken (EC2 user guide, "Instance identity
//! documents for Amazon EC2 instances"): the key of `signature` has 1024 bits and serves many Regions, `pkcs7` is DSA
//! with SHA-1.

use base64ct::{Base64, Encoding};
use jiff::Timestamp;
use serde::Deserialize;
use x509_cert::der::Decode;

use super::sha256_hex;

mod kept;
mod pkcs7;
mod recipe;
mod seen;
#[cfg(test)]
mod tests;

pub use kept::{FILE_LIMIT, IdentityFile, withhold};
pub use pkcs7::LIMIT as SIGNATURE_LIMIT;
pub use recipe::recipe;
pub use seen::{Seen, instance, seen};

/// The largest certificate file that is read: 64 KiB. AWS's certificates have 1.1 to 1.5 KiB.
pub const CERTIFICATE_LIMIT: u64 = 64 << 10;

/// SHA-256 of the certificates (DER) with which AWS signs `rsa2048`, by Region: EC2 user guide, "AWS public certificates
/// for instance identity document signatures". Listings on AWS Marketplace are made from us-east-1; its certificate is
/// valid until 2195.
const PINNED: [(&str, &str); 1] = [("us-east-1", "70923c22dd074172d0e5d27ea1ca865412525fccd8bc2cd0ff40660e275f0b30")];

/// The fingerprint of the certificate that AWS signs with in `region`: SHA-256 in lower-case hexadecimal. `None` for a
/// Region whose certificate this program does not know.
pub fn pinned(region: &str) -> Option<&'static str> {
    PINNED.iter().find(|(name, _)| *name == region).map(|(_, fingerprint)| *fingerprint)
}

/// Why a certificate, a signature or a document is not accepted: one sentence or two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

impl Fault {
    fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// A certificate that the reader brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    fingerprint: String,
    /// `RSAPublicKey` in DER.
    key: Vec<u8>,
}

impl Certificate {
    /// Reads the one certificate in `bytes`, PEM or DER. Neither who it names nor its dates are looked at: it is trusted
    /// for its fingerprint, or because the reader says so.
    ///
    /// # Errors
    /// When there is none, or several, or its key is no RSA key of 2048 bits or more.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let der = if bytes.first() == Some(&0x30) { bytes.to_vec() } else { one_pem(bytes)? };
        let parsed = x509_cert::Certificate::from_der(&der)
            .map_err(|_| Fault::new("It is no certificate that can be understood."))?;
        let info = parsed.tbs_certificate().subject_public_key_info();
        let key = info.subject_public_key.raw_bytes().to_vec();
        // An RSA modulus that is a whole number of bytes long has a zero before it.
        let bits = pkcs7::first_integer(&key).map_or(0, |modulus| {
            let digits = modulus.iter().skip_while(|byte| **byte == 0);
            let unused = digits.clone().next().map_or(0, |first| first.leading_zeros() as usize);
            digits.count() * 8 - unused
        });
        let rsa = info.algorithm.oid.to_string() == "1.2.840.113549.1.1.1";
        if !rsa || bits < 2048 {
            let found = if rsa { format!("RSA with {bits} bits") } else { "another sort than RSA".to_owned() };
            return Err(Fault::new(format!(
                "Its key is {found}. Take the certificate under the heading RSA-2048 of the Region."
            )));
        }
        Ok(Self { fingerprint: sha256_hex(&der), key })
    }

    /// SHA-256 of the certificate (DER) in lower-case hexadecimal; what `openssl x509 -fingerprint -sha256` prints with
    /// colons.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// The bytes of the one certificate in a PEM file (RFC 7468).
fn one_pem(text: &[u8]) -> Result<Vec<u8>, Fault> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let none = || Fault::new("There is no certificate in it: \"-----BEGIN CERTIFICATE-----\" was expected.");
    let start = memchr::memmem::find(text, BEGIN).ok_or_else(none)? + BEGIN.len();
    let body = text.get(start..).ok_or_else(none)?;
    let (body, rest) = body.split_at_checked(memchr::memmem::find(body, END).ok_or_else(none)?).ok_or_else(none)?;
    if memchr::memmem::find(rest, BEGIN).is_some() {
        return Err(Fault::new("There are several certificates in it. Give the one of the instance's Region alone."));
    }
    let base64: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = str::from_utf8(&base64).ok().and_then(|base64| Base64::decode_vec(base64).ok());
    decoded.ok_or_else(|| Fault::new("The certificate in it is not valid base64."))
}

/// How far a certificate is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Only if its fingerprint is the pinned one of the Region that the document names.
    Pinned(Certificate),
    /// As it is: the reader answers for it.
    Given(Certificate),
}

impl Trust {
    /// The certificate, if it may vouch for a document of `region`.
    ///
    /// # Errors
    /// When its fingerprint is not the pinned one, or none is pinned for `region`.
    pub fn certificate(&self, region: &str) -> Result<&Certificate, Fault> {
        let certificate = match self {
            Self::Given(certificate) => return Ok(certificate),
            Self::Pinned(certificate) => certificate,
        };
        let shown = crate::image::text::visible(region);
        match pinned(region) {
            None => Err(Fault::new(format!(
                "The document is from {shown}, and this program does not know the fingerprint of AWS's certificate there. Compare the SHA-256 of your certificate ({}) with one you trust and give it as --aws-cert-unpinned.",
                certificate.fingerprint
            ))),
            Some(fingerprint) if fingerprint == certificate.fingerprint => Ok(certificate),
            Some(fingerprint) => Err(Fault::new(format!(
                "The certificate is not AWS's for {shown}: its SHA-256 is {}, wanted is {fingerprint}. Take the one under RSA-2048 for that Region from the AWS page of certificates for instance identity documents.",
                certificate.fingerprint
            ))),
        }
    }
}

/// The content of a PKCS #7 message that is signed with the key of `certificate`: its exact bytes.
///
/// # Errors
/// When the message is malformed, has not exactly one signer with SHA-256 and RSA, or was not signed with that key.
pub fn verify(pkcs7: &[u8], certificate: &Certificate) -> Result<Vec<u8>, Fault> {
    pkcs7::verify(pkcs7, &certificate.key)
}

/// The fields of an instance identity document that are held against a report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The instance.
    pub instance_id: Option<String>,
    /// The image it was started from.
    pub image_id: Option<String>,
    /// Its Region.
    pub region: Option<String>,
    /// The account it belongs to.
    pub account_id: Option<String>,
    /// When it was last started.
    pub pending_time: Option<Timestamp>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no JSON object, or one of these fields is twice in it or no text.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(bytes).map_err(|_| Fault::new("It is no instance identity document."))
    }
}
