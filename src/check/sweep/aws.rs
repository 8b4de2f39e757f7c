//! AWS access key ids and secrets (IAM user guide, "IAM identifiers"): judged by hand at each place where the words that
//! go before them were found.

use std::ops::Range;

/// Where the access key id at `bytes[at..]` is, which begins with `AKIA` (long-lived) or `ASIA` (of a session), when it stands
/// alone and is no example.
pub(super) fn key_id(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let id = bytes.get(at..at.checked_add(20)?)?;
    let alone = |neighbour: Option<&u8>| neighbour.is_none_or(|&byte| !byte.is_ascii_alphanumeric() && byte != b'_');
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let digits = id.get(4..)?;
    let fits = digits.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    (fits && alone(before) && alone(bytes.get(at + 20)) && !is_example(digits)).then_some(at..at + 20)
}

/// Where the secret is that is given after the words at `bytes[at..]`, which end in an `access_key` of some spelling: 40
/// characters that stand alone after a `=`, `:` or `>`.
pub(super) fn secret(bytes: &[u8], at: usize, words: usize) -> Option<Range<usize>> {
    let before = bytes.get(at.checked_sub(5)?..at)?;
    if !before.eq_ignore_ascii_case(b"ecret") {
        return None;
    }
    let rest = bytes.get(at + words..)?;
    let gap = rest.iter().take(24).position(|&byte| is_secret(byte))?;
    let sign =
        rest.get(..gap)?.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'=' | b':' | b'>' | b'\\'));
    let value = rest.get(gap..gap + 40)?;
    let whole = value.iter().all(|&byte| is_secret(byte)) && !rest.get(gap + 40).is_some_and(|&byte| is_secret(byte));
    (gap > 0 && sign && whole && !is_example(value)).then_some(at + words + gap..at + words + gap + 40)
}

fn is_secret(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The values of AWS's own documentation all hold the word, and placeholders repeat few characters or the alphabet.
fn is_example(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in value {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    let distinct = seen.iter().filter(|&&seen| seen).count();
    distinct < 6 || memchr::memmem::find(value, b"EXAMPLE").is_some() || value.starts_with(b"ABCDEFGHIJ")
}
