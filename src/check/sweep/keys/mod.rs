//! Private keys in every form in which programs keep them: one file for each form or family.
//!
//! Words and names alone are no key. What counts is what decodes: a certificate, a public key, the first line in a manual
//! or a body cut short is none. Whether a passphrase protects the key is said with it; a protected key still counts, for
//! whoever has the file can guess as long as they like. Nothing here holds on to what it decoded.

use std::path::{Path, PathBuf};

use super::rules::Find;
use super::{Hit, Kind};

mod body;
mod der;
mod dns;
#[cfg(test)]
pub(super) mod fixture;
mod java;
mod jwk;
mod kerberos;
mod names;
mod openpgp;
mod openssh;
mod pem;
mod pkcs12;
mod putty;
#[cfg(test)]
mod tests;
mod token;
mod wire;
mod wrapped;

pub(super) use names::says_key;

/// The longest armour looked at, from its first word to its last: an RSA key of 16384 bits takes 13 KiB.
pub(super) const LONGEST: usize = 32 << 10;

/// The ids of the rules for keys.
pub(super) const RULES: [&str; 19] = [
    "private-key",
    "openssh-private-key",
    "ssh1-private-key",
    "ssh2-private-key",
    "putty-private-key",
    "dropbear-private-key",
    "pgp-private-key",
    "der-private-key",
    "jwk-private-key",
    "dnssec-private-key",
    "tsig-key",
    "age-secret-key",
    "signify-secret-key",
    "openvpn-static-key",
    "pkcs12-key-store",
    "java-key-store",
    "keepass-store",
    "kerberos-keytab",
    UNKNOWN,
];

/// For what only its name says is a key.
const UNKNOWN: &str = "unknown-key";

/// The words at which [`armoured`] looks.
pub(super) const WORDS: [&str; 15] = [
    "PRIVATE KEY",
    "PuTTY-User-Key-File-",
    // `PRIVATE KEY` in base64, from its first whole digit to its last: from the first, third and fourth of a group.
    "UFJJVkFURSBLRV",
    "BSSVZBVEUgS0VZ",
    "QUklWQVRFIEtFW",
    "AGE-SECRET-KEY-",
    "RWRTY0Iy",
    "RWQAAEIy",
    "RWRCSwAA",
    "IBADANBgkqhkiG9w0BAQEFAASC",
    "Private-key-format: v1.",
    "algorithm hmac-",
    "algorithm \"hmac-",
    "\"kty\"",
    "-----BEGIN OpenVPN ",
];

/// The key that the word `WORDS[word]` at `piece[at..]` belongs to, when it is really there.
///
/// Looks at no more than [`LONGEST`] bytes after the word and 4 KiB before it.
pub(super) fn armoured(piece: &[u8], at: usize, word: usize) -> Option<Find> {
    let Found { kind, rule, text } = match word {
        0 => pem::private_key(piece, at),
        1 => putty::private_key(piece, at),
        2 => wrapped::private_key(piece, at, 0),
        3 => wrapped::private_key(piece, at, 2),
        4 => wrapped::private_key(piece, at, 3),
        5 => token::age(piece, at),
        6..=8 => token::signify(piece, at),
        9 => token::bare(piece, at),
        10 => dns::dnssec(piece, at),
        11 | 12 => dns::tsig(piece, at),
        13 => jwk::private_key(piece, at),
        _ => pem::openvpn(piece, at),
    }?;
    let length = WORDS.get(word).map_or(0, |word| word.len());
    Some(Find { kind, rule, place: at..at + length, text })
}

/// The key or key store that the file at `path` is, which begins with `head` and is `size` bytes long, in a form without
/// armour. Only where a store shows nothing of what it holds does its name count.
pub(super) fn store(path: &Path, head: &[u8], size: u64) -> Option<Find> {
    let Found { kind, rule, text } = match held(head, size)? {
        Held::Key(found) => found,
        Held::Perhaps(found) if !holds_certificates_by_name(path) => found,
        Held::Perhaps(_) | Held::Nothing => return None,
    };
    Some(Find { kind, rule, place: 0..head.len(), text })
}

/// What there is to say of a file of which [`says_key`].
pub(super) fn unknown(path: PathBuf) -> Hit {
    let text = "named as private keys are, in a form that is not known here".to_owned();
    Hit { path, inside: None, line: None, kind: Kind::PrivateKey, rule: UNKNOWN, text }
}

fn held(head: &[u8], size: u64) -> Option<Held> {
    let whole = (head.len() as u64 == size).then_some(head);
    let key = |rule, key: Key| Held::Key(Found::key(rule, &key));
    match head.get(..4)? {
        [0x30, ..] => match pkcs12::store(head) {
            Some(store) => Some(store),
            None => der_key(whole?).or_else(|| pkcs12::bcfks(whole?)),
        },
        [0xfe, 0xed, 0xfe, 0xed] | [0xce, 0xce, 0xce, 0xce] | [0, 0, 0, 1 | 2] => java::store(head, size),
        // Version 1 ends in 65, version 2 in 67, what came before that in 66 (KeePass' file formats).
        [0x03, 0xd9, 0xa2, 0x9a] => matches!(head.get(4..8)?, [0x65..=0x67, 0xfb, 0x4b, 0xb5]).then(|| {
            Held::Key(Found::new("keepass-store", "password store (KeePass, protected by a master password or key)"))
        }),
        [5, 2, ..] => kerberos::key_table(head).map(Held::Key),
        [0, 0, 0, 7 | 11 | 19] => openssh::dropbear(whole?).map(|found| key("dropbear-private-key", found)),
        [0x94..=0x96 | 0xc5, ..] => openpgp::secret_key(head).map(|found| key("pgp-private-key", found)),
        b"(11:" | b"(21:" | b"Key:" | b"Crea" | b"Desc" => {
            openpgp::of_agent(head).map(|found| key("pgp-private-key", found))
        }
        b"SSH " => openssh::ssh1(head).map(|found| key("ssh1-private-key", found)),
        _ => None,
    }
}

fn der_key(whole: &[u8]) -> Option<Held> {
    let mut outer = der::Der(whole);
    outer.expect(der::SEQUENCE)?;
    // One line end after it does no harm.
    let is_all = outer.0.trim_ascii().is_empty();
    let key = der::private_key(whole).filter(|_| is_all)?;
    Some(Held::Key(Found::key("der-private-key", &key)))
}

/// Whether the name says that a store is one of authorities' certificates.
fn holds_certificates_by_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["trust", "cacert"].iter().any(|word| name.contains(word))
}

/// What a store holds.
#[derive(Debug)]
enum Held {
    /// A key.
    Key(Found),
    /// It shows nothing of what it holds.
    Perhaps(Found),
    /// Certificates alone.
    Nothing,
}

/// A key that was seen, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    kind: Kind,
    rule: &'static str,
    text: String,
}

impl Found {
    fn new(rule: &'static str, text: impl Into<String>) -> Self {
        Self { kind: Kind::PrivateKey, rule, text: text.into() }
    }

    fn key(rule: &'static str, key: &Key) -> Self {
        let protection = if key.protected { "protected by a passphrase" } else { "not encrypted" };
        let fingerprint = key.fingerprint.as_ref().map(|print| format!(", {print}")).unwrap_or_default();
        Self::new(rule, format!("private key ({}, {protection}{fingerprint})", key.what))
    }
}

/// What the encoding tells of a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    /// Its form, where that says something, its algorithm and size.
    what: String,
    /// Whether a passphrase protects it.
    protected: bool,
    /// The digest of its public half.
    fingerprint: Option<String>,
}

impl Key {
    fn new(what: impl Into<String>, protected: bool) -> Self {
        Self { what: what.into(), protected, fingerprint: None }
    }
}
