//! Armours that begin with a line of dashes and `BEGIN`: PEM (RFC 7468, headers of RFC 1421), OpenSSH (`PROTOCOL.key`),
//! `OpenPGP` (RFC 9580, section 6), ssh.com (as RFC 4716) and `OpenVPN`'s static keys.
//!
//! The words alone are no key: programs, manuals and this very file hold them. A block counts when its body is there and
//! decodes to what the armour promises. What is read ends at the first dashes after the words, so that no two words read
//! the same bytes.

use super::body::{Body, unescaped};
use super::wire::Wire;
use super::{Found, Key, LONGEST, der, openpgp, openssh};

/// How far before the words `PRIVATE KEY` the armour begins at most.
pub(super) const BEFORE: usize = 64;

/// The private key whose armour stands around `bytes[at..]`, where `at` is the place of the words `PRIVATE KEY`.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<Found> {
    let (before, rest) = bytes.split_at_checked(at)?;
    let line = before.get(before.len().saturating_sub(BEFORE)..)?;
    let start = line.iter().rposition(|byte| !matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' '))? + 1;
    let (opening, words) = line.split_at_checked(start)?;
    let opening = opening.strip_suffix(b"----")?;
    let is_ssh_com = words.starts_with(b" BEGIN ");
    let label = words.strip_prefix(b"BEGIN ").or_else(|| words.strip_prefix(b" BEGIN "))?.trim_ascii_end();
    let rest = rest.strip_prefix(b"PRIVATE KEY")?;
    let (is_block, rest) = match rest.strip_prefix(b" BLOCK") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.strip_prefix(b" ----").or_else(|| rest.strip_prefix(b"-----"))?;
    let text = rest.get(..LONGEST).unwrap_or(rest);
    let end = memchr::memmem::find(text, b"----");
    let prefix = prefix(opening);
    if is_block {
        // What says that it is a private key stands at the beginning of what may be long.
        let text = end.map_or(text, |end| text.get(..end).unwrap_or(text));
        let body = Body::read(text, prefix)?;
        return openpgp::secret_key(&body.decoded.0).map(|key| Found::key("pgp-private-key", &key));
    }
    let body = Body::read(text.get(..end?)?, prefix)?;
    let decoded = body.decoded.0.as_slice();
    if is_ssh_com {
        return ssh_com(decoded).map(|key| Found::key("ssh2-private-key", &key));
    }
    if label == b"OPENSSH" {
        return openssh::private_key(decoded).map(|key| Found::key("openssh-private-key", &key));
    }
    let key = if body.encrypted { encrypted(label, decoded) } else { plain(label, decoded) }?;
    Some(Found::key("private-key", &key))
}

/// What stands before the dashes on their line, without what stands for a string's beginning.
fn prefix(opening: &[u8]) -> &[u8] {
    let opening = opening.strip_suffix(b"-").unwrap_or(opening);
    let start = memchr::memrchr(b'\n', opening).map_or(0, |newline| newline + 1);
    opening.get(start..).unwrap_or_default().trim_ascii_end()
}

fn plain(label: &[u8], decoded: &[u8]) -> Option<Key> {
    if let Some(key) = der::private_key(decoded) {
        return Some(key);
    }
    let has = |word: &[u8]| memchr::memmem::find(label, word).is_some();
    if has(b"COSIGN") || has(b"SIGSTORE") {
        return decoded.starts_with(b"{\"kdf\"").then(|| Key::new("Sigstore", true));
    }
    if label.starts_with(b"NEBULA") {
        let is_protected = has(b"ENCRYPTED");
        return (is_protected || matches!(decoded.len(), 32 | 64)).then(|| Key::new("Nebula", is_protected));
    }
    // A form that nobody knows here, but whole: not of those whose form is known.
    let is_known = matches!(label, b"" | b"RSA" | b"EC" | b"DSA" | b"ENCRYPTED" | b"ANY");
    let mut outer = der::Der(decoded);
    let is_whole = outer.expect(der::SEQUENCE).is_some_and(|inside| inside.len() >= 32) && outer.0.is_empty();
    (!is_known && is_whole).then(|| Key::new(String::from_utf8_lossy(label), has(b"ENCRYPTED")))
}

/// A body that only the passphrase opens: what it is stands in the label.
fn encrypted(label: &[u8], decoded: &[u8]) -> Option<Key> {
    let name = if label.is_empty() { "PEM".into() } else { String::from_utf8_lossy(label) };
    (decoded.len() >= 48).then(|| Key::new(name, true))
}

/// The magic number, the length of all, the sort of key, the cipher, the key.
fn ssh_com(decoded: &[u8]) -> Option<Key> {
    let mut wire = Wire(decoded);
    (wire.u32()? == 0x3f6f_f9eb).then_some(())?;
    (wire.u32()? <= decoded.len()).then_some(())?;
    let sort = wire.string()?;
    let cipher = wire.string()?;
    wire.string().filter(|key| key.len() >= 32)?;
    let has = |word: &[u8]| memchr::memmem::find(sort, word).is_some();
    let name = if has(b"rsa") {
        "SSH2 RSA"
    } else if has(b"dsa") {
        "SSH2 DSA"
    } else {
        "SSH2"
    };
    Some(Key::new(name, cipher != b"none"))
}

/// A static key of `OpenVPN`, or a client's or server's key for `--tls-crypt-v2`, when its armour begins at `bytes[at..]`
/// (openvpn(8), `--secret` and `--genkey`).
pub(super) fn openvpn(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?.strip_prefix(b"-----BEGIN OpenVPN ")?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let (label, rest) = rest.split_at_checked(memchr::memmem::find(rest.get(..64).unwrap_or(rest), b"-----")?)?;
    let text = rest.strip_prefix(b"-----")?;
    let text = text.get(..memchr::memmem::find(text, b"-----END")?)?;
    let is_key = match label {
        b"Static key V1" => {
            let text = unescaped(text);
            let lines = text.0.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
            lines.filter(|line| line.len() == 32 && line.iter().all(u8::is_ascii_hexdigit)).count() == 16
        }
        b"tls-crypt-v2 client key" | b"tls-crypt-v2 server key" => Body::read(text, &[])?.decoded.0.len() >= 128,
        _ => false,
    };
    is_key.then(|| Found::new("openvpn-static-key", "shared key (OpenVPN, not encrypted)"))
}
