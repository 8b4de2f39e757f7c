//! PKCS #7 signed data (RFC 2315, RFC 5652 section 5) as far as AWS writes it: one signer, SHA-256, the content inside.
//!
//! The encoding is BER (X.690): DER, and the indefinite lengths and strings in pieces that AWS sends. Certificates in
//! the message are passed over, whatever they are: who signed is decided by the certificate the reader brings.

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::Fault;
use crate::report::sha256;

/// The largest message that is read: 64 KiB. AWS's have about 1.3 KiB.
pub const LIMIT: usize = 64 << 10;
/// How deep values of unknown length may lie in each other.
const DEPTH: usize = 16;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
/// A string of octets in pieces.
const PIECES: u8 = 0x24;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]` and `[1]`, with values inside.
const FIRST: u8 = 0xa0;
const SECOND: u8 = 0xa1;

/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.7.1
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// 1.2.840.113549.1.1.1 (`rsaEncryption`) and 1.2.840.113549.1.1.11 (`sha256WithRSAEncryption`): signers write either.
const RSA: [&[u8]; 2] = [b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"];
/// 1.2.840.113549.1.9.3
const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";

/// The content of `pkcs7`, if it is signed with `key` (`RSAPublicKey` in DER).
pub(super) fn verify(pkcs7: &[u8], key: &[u8]) -> Result<Vec<u8>, Fault> {
    let message = Message::parse(pkcs7)?;
    let attributes =
        message.attributes.map(|attributes| signed_attributes(attributes, &message.content)).transpose()?;
    let signed = attributes.as_deref().unwrap_or(&message.content);
    match UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed, &message.signature) {
        Ok(()) => Ok(message.content),
        Err(_) => Err(Fault::new("It was not signed with the key of this certificate.")),
    }
}

/// What counts of a message.
struct Message<'a> {
    content: Vec<u8>,
    /// The signed attributes, one after the other; `None`: the content itself is signed.
    attributes: Option<&'a [u8]>,
    signature: Vec<u8>,
}

impl<'a> Message<'a> {
    fn parse(pkcs7: &'a [u8]) -> Result<Self, Fault> {
        if pkcs7.len() > LIMIT {
            return Err(Fault::new("It is longer than any signature that AWS makes."));
        }
        let mut whole = Values(pkcs7);
        let mut info = whole.inside(SEQUENCE)?;
        whole.end()?;
        info.named(SIGNED_DATA)?;
        let mut tagged = info.inside(FIRST)?;
        info.end()?;
        let mut data = tagged.inside(SEQUENCE)?;
        tagged.end()?;

        data.next(INTEGER)?;
        data.next(SET)?;
        let mut content = data.inside(SEQUENCE)?;
        content.named(DATA)?;
        let mut tagged = content.inside(FIRST).map_err(|_| Fault::new("It does not hold what it signs."))?;
        content.end()?;
        let content = tagged.octets()?;
        tagged.end()?;
        data.optional(FIRST)?;
        data.optional(SECOND)?;
        let mut signers = data.inside(SET)?;
        data.end()?;

        let mut signer = signers.inside(SEQUENCE)?;
        signers.end().map_err(|_| Fault::new("It has more than one signer."))?;
        signer.next(INTEGER)?;
        signer.any()?;
        let sha256 = signer.inside(SEQUENCE)?.named(SHA256);
        sha256.map_err(|_| Fault::new("It uses another digest than SHA-256."))?;
        let attributes = signer.optional(FIRST)?;
        let algorithm = signer.inside(SEQUENCE)?.next(OID)?;
        if !RSA.contains(&algorithm) {
            return Err(Fault::new("It is signed with another algorithm than RSA."));
        }
        let signature = signer.octets()?;
        signer.optional(SECOND)?;
        signer.end()?;
        Ok(Self { content, attributes, signature })
    }
}

/// The attributes as they are signed, if they speak of `content`: not with the tag they have in the message, but as the
/// set they are (RFC 5652 section 5.4).
fn signed_attributes(attributes: &[u8], content: &[u8]) -> Result<Vec<u8>, Fault> {
    let (mut kind, mut digest) = (None, None);
    let mut all = Values(attributes);
    while !all.0.is_empty() {
        let mut attribute = all.inside(SEQUENCE)?;
        let name = attribute.next(OID)?;
        let mut values = attribute.inside(SET)?;
        attribute.end()?;
        let (place, tag) = match name {
            CONTENT_TYPE => (&mut kind, OID),
            MESSAGE_DIGEST => (&mut digest, OCTETS),
            _ => continue,
        };
        let value = values.next(tag)?;
        values.end()?;
        if place.replace(value).is_some() {
            return Err(Fault::new("It says twice what it signs."));
        }
    }
    if kind != Some(DATA) {
        return Err(Fault::new("It does not say that plain data is signed."));
    }
    if digest != Some(&sha256(content)[..]) {
        return Err(Fault::new("What it holds is not what was signed: the digest differs."));
    }
    let mut set = vec![SET];
    match attributes.len() {
        short @ 0..0x80 => set.extend(u8::try_from(short)),
        long => {
            let bytes = long.to_be_bytes();
            let digits = bytes.iter().skip_while(|byte| **byte == 0);
            set.push(0x80 | u8::try_from(digits.clone().count()).unwrap_or_default());
            set.extend(digits);
        }
    }
    set.extend_from_slice(attributes);
    Ok(set)
}

/// The first integer of a DER sequence: the modulus of an `RSAPublicKey`.
pub(super) fn first_integer(sequence: &[u8]) -> Option<&[u8]> {
    Values(sequence).inside(SEQUENCE).and_then(|mut values| values.next(INTEGER)).ok()
}

/// Values one after the other.
struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    /// What is in the next value, which must have `tag`.
    fn next(&mut self, tag: u8) -> Result<&'a [u8], Fault> {
        let (found, content, rest) = value(self.0, DEPTH)?;
        if found != tag {
            return Err(malformed());
        }
        self.0 = rest;
        Ok(content)
    }

    fn inside(&mut self, tag: u8) -> Result<Self, Fault> {
        self.next(tag).map(Self)
    }

    fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Fault> {
        if self.0.first() == Some(&tag) { self.next(tag).map(Some) } else { Ok(None) }
    }

    fn any(&mut self) -> Result<(), Fault> {
        self.0 = value(self.0, DEPTH)?.2;
        Ok(())
    }

    fn named(&mut self, oid: &[u8]) -> Result<(), Fault> {
        if self.next(OID)? == oid { Ok(()) } else { Err(Fault::new("It is no signed data in PKCS #7.")) }
    }

    /// A string of octets, whole or in pieces.
    fn octets(&mut self) -> Result<Vec<u8>, Fault> {
        let Some(pieces) = self.optional(PIECES)? else { return self.next(OCTETS).map(<[u8]>::to_vec) };
        let (mut pieces, mut out) = (Self(pieces), Vec::new());
        while !pieces.0.is_empty() {
            out.extend_from_slice(pieces.next(OCTETS)?);
        }
        Ok(out)
    }

    /// Nothing may be left.
    fn end(&self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed()) }
    }
}

fn malformed() -> Fault {
    Fault::new("It is not well formed.")
}

/// The tag of the first value in `bytes`, what is in it, and what comes after it. A value of unknown length ends with
/// two zeros where its next inner value would begin; such values lie at most `depth` deep in each other.
fn value(bytes: &[u8], depth: usize) -> Result<(u8, &[u8], &[u8]), Fault> {
    let (&tag, rest) = bytes.split_first().ok_or_else(malformed)?;
    // No tag here needs a second byte, and 0 is the end of a value of unknown length.
    if tag & 0x1f == 0x1f || tag == 0 {
        return Err(malformed());
    }
    let (&first, rest) = rest.split_first().ok_or_else(malformed)?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x80 => {
            let depth = depth.checked_sub(1).filter(|_| tag & 0x20 != 0).ok_or_else(malformed)?;
            let mut inner = rest;
            loop {
                if let Some(after) = inner.strip_prefix(&[0, 0]) {
                    let (content, _) = rest.split_at_checked(rest.len() - inner.len()).ok_or_else(malformed)?;
                    return Ok((tag, content, after));
                }
                inner = value(inner, depth)?.2;
            }
        }
        0x81..=0x84 => {
            let (digits, _) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or_else(malformed)?;
            digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
        }
        _ => return Err(malformed()),
    };
    let rest = if first > 0x80 { rest.get(usize::from(first & 0x7f)..).unwrap_or_default() } else { rest };
    let (content, rest) = rest.split_at_checked(length).ok_or_else(malformed)?;
    Ok((tag, content, rest))
}
