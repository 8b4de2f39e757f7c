//! PKCS #12 (RFC 7292) by content, whatever the name, and the DER key store of Bouncy Castle (BCFKS).

use super::der::{Der, INTEGER, OCTET_STRING, SEQUENCE};
use super::{Found, Held};

const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENCRYPTED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// `keyBag` and `pkcs8ShroudedKeyBag` but for the last byte (section 4.2).
const BAG: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const PBES2: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

/// The store that begins with `head`. Its keys lie in the open as bags; what is encrypted whole is usually certificates,
/// but cannot be seen.
pub(super) fn store(head: &[u8]) -> Option<Held> {
    if !is_pfx(head) {
        return None;
    }
    let mut bags = memchr::memmem::find_iter(head, BAG).filter_map(|at| head.get(at + BAG.len()));
    let said =
        |what: &str, protection: &str| Found::new("pkcs12-key-store", format!("{what} (PKCS #12, {protection})"));
    if let Some(bag) = bags.find(|bag| matches!(bag, 1 | 2)) {
        let protection = if *bag == 1 { "the key itself not encrypted" } else { "protected by a password" };
        return Some(Held::Key(said("private key in a key store", protection)));
    }
    if memchr::memmem::find(head, ENCRYPTED).is_some() {
        return Some(Held::Perhaps(said("key store that may hold a private key", "all of it encrypted by a password")));
    }
    Some(Held::Nothing)
}

/// SEQUENCE { version 3, `ContentInfo` of data or signed data …}; the lengths may be left open, as BER allows.
fn is_pfx(head: &[u8]) -> bool {
    let Some(rest) = opened(head) else { return false };
    let Some(rest) = rest.strip_prefix(&[INTEGER, 1, 3]).and_then(opened) else { return false };
    rest.starts_with(DATA) || rest.starts_with(SIGNED)
}

/// What is inside the SEQUENCE that `bytes` begin with, and what follows it.
fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[SEQUENCE])?;
    let (&length, rest) = rest.split_first()?;
    match length {
        0..=0x80 => Some(rest),
        0x81..=0x84 => rest.get(usize::from(length & 0x7f)..),
        _ => None,
    }
}

/// A store of Bouncy Castle's FIPS provider: an encrypted part, then what proves that it is whole.
pub(super) fn bcfks(whole: &[u8]) -> Option<Held> {
    let mut outer = Der(whole);
    let mut inside = Der(outer.expect(SEQUENCE)?);
    let mut encrypted = Der(inside.expect(SEQUENCE)?);
    encrypted.expect(SEQUENCE).filter(|algorithm| algorithm.starts_with(PBES2))?;
    encrypted.expect(OCTET_STRING)?;
    inside.expect(SEQUENCE)?;
    let text = "key store that may hold a private key (BCFKS, all of it encrypted by a password)";
    inside.0.is_empty().then(|| Held::Perhaps(Found::new("java-key-store", text)))
}
