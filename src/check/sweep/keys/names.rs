//! Names that say that a file holds a private key, for files whose form nobody here knows.

use std::collections::BTreeSet;
use std::path::Path;

use super::body::is_base64;
use super::der::is_public;

/// Endings of such names.
const ENDINGS: [&str; 9] = ["key", "pem", "p12", "pfx", "jks", "keystore", "ppk", "pk8", "kdbx"];

/// Directories of private keys, whatever the names in them.
const PLACES: [&str; 3] = ["/etc/ssl/private", "/etc/pki/tls/private", "/etc/letsencrypt/keys"];

/// Whether the file at `path`, which begins with `head` and is `size` bytes long, says by its name that it is a private
/// key, and is neither text for people nor anything public: a certificate, a public key, a store of certificates.
pub(in crate::check::sweep) fn says_key(path: &Path, head: &[u8], size: u64) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let named = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    let placed = || PLACES.iter().any(|place| path.starts_with(place));
    // What is larger is data that happens to have such a name.
    if head.is_empty() || size > 1 << 20 || !(named || placed()) {
        return false;
    }
    if is_text(head) { is_one_secret(head) } else { !is_known(head) }
}

fn is_text(head: &[u8]) -> bool {
    !head.iter().any(|&byte| byte < 0x20 && !byte.is_ascii_whitespace()) && {
        let end = head.len() - head.len().min(4);
        // The last letter may be cut in two.
        str::from_utf8(head).map_or_else(|error| error.valid_up_to() >= end, |_| true)
    }
}

/// A single word of digits and letters, too long and too even for a name: a key in hexadecimal or base64.
fn is_one_secret(text: &[u8]) -> bool {
    let word = text.trim_ascii();
    (32..=1024).contains(&word.len())
        && word.iter().all(|&byte| is_base64(byte) || matches!(byte, b'-' | b'_' | b'='))
        && word.iter().any(u8::is_ascii_digit)
        && word.iter().collect::<BTreeSet<_>>().len() >= 10
}

/// Forms that hold nothing private: DER of what is public, `OpenPGP`'s public key rings, stores of certificates that were
/// looked at already, databases and programs.
fn is_known(head: &[u8]) -> bool {
    let is_openpgp = matches!(head, [0x98 | 0x99 | 0x9a | 0xc6, ..]) || head.get(8..12) == Some(b"KBXf");
    let magic: [&[u8]; 8] = [
        b"\x7fELF",
        b"SQLite format 3\0",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"\x89PNG",
        b"\xfe\xed\xfe\xed",
        b"\xce\xce\xce\xce",
        b"\xfd7zXZ",
    ];
    is_openpgp || is_public(head) || magic.iter().any(|magic| head.starts_with(magic))
}
