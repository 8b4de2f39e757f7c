//! Private keys that are one line of text: age (its specification, "Native X25519 recipients"), minisign and signify
//! (their file formats), and PKCS #8 in base64 without an armour.

use super::body::{decoded, is_base64, run};
use super::{Found, Key, LONGEST, der};

/// The digits of Bech32 (BIP 173).
const BECH32: &[u8] = b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

/// An identity of age, which begins at `bytes[at..]`, with its checksum.
pub(super) fn age(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?;
    let prefix =
        [&b"AGE-SECRET-KEY-PQ-1"[..], b"AGE-SECRET-KEY-1"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let digits = rest.get(prefix.len()..)?.iter().take(256);
    let values: Vec<u8> = digits
        .map_while(|digit| BECH32.iter().position(|known| known == digit).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let human = prefix.strip_suffix(b"1")?.to_ascii_lowercase();
    let expanded = human.iter().map(|letter| letter >> 5).chain([0]).chain(human.iter().map(|letter| letter & 31));
    let is_whole = values.len() >= 50 && checksum(expanded.chain(values.iter().copied())) == 1;
    is_whole.then(|| Found::key("age-secret-key", &Key::new("age", false)))
}

fn checksum(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum: u32, value| {
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let top = sum >> 25;
        GENERATOR.iter().enumerate().fold(
            shifted,
            |sum, (bit, factor)| {
                if top >> bit & 1 == 1 { sum ^ factor } else { sum }
            },
        )
    })
}

/// A secret key of minisign or of OpenBSD's signify, whose base64 begins at `bytes[at..]`.
pub(super) fn signify(bytes: &[u8], at: usize) -> Option<Found> {
    let stands_alone = at.checked_sub(1).and_then(|before| bytes.get(before)).is_none_or(|&byte| !is_base64(byte));
    let rest = bytes.get(at..)?;
    let digits = run(rest.get(..256).unwrap_or(rest));
    if !stands_alone || !matches!(digits.len(), 140 | 212) {
        return None;
    }
    let key = decoded(digits)?;
    let key = match (key.0.len(), key.0.as_slice()) {
        // Algorithm, key derivation, checksum's algorithm, salt, limits, key.
        (158, [b'E', b'd', b'S', b'c', b'B', b'2', ..]) => Key::new("minisign Ed25519", true),
        (158, [b'E', b'd', 0, 0, b'B', b'2', ..]) => Key::new("minisign Ed25519", false),
        // Algorithm, key derivation, its rounds, salt, checksum, number, key.
        (104, [b'E', b'd', b'B', b'K', rounds @ ..]) => Key::new("signify Ed25519", !rounds.starts_with(&[0; 4])),
        _ => return None,
    };
    Some(Found::key("signify-secret-key", &key))
}

/// An RSA key in PKCS #8 that stands in base64 without the lines of an armour, around `bytes[at..]`: the place of what
/// such keys have in common, from the seventh digit on.
pub(super) fn bare(bytes: &[u8], at: usize) -> Option<Found> {
    let start = at.checked_sub(6)?;
    let rest = bytes.get(start..)?.get(..LONGEST).or_else(|| bytes.get(start..))?;
    let before = bytes.get(..start)?.last().copied();
    // Inside an armour it has been seen already, and lines follow.
    let stands_alone = before.is_none_or(|before| !is_base64(before) && before != b'\n');
    let digits = run(rest);
    if !rest.starts_with(b"MII") || !stands_alone || is_after_dashes(bytes, start) {
        return None;
    }
    let key = der::private_key(&decoded(digits)?.0)?;
    Some(Found::key("private-key", &key))
}

/// Whether an armour's first line ends shortly before.
fn is_after_dashes(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(start.saturating_sub(32)..start).unwrap_or_default();
    memchr::memmem::find(before, b"-----").is_some()
}
