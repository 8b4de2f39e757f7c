//! OpenSSH's own form of private keys (`PROTOCOL.key`), its forerunner of SSH 1, dropbear's, and public keys as SSH
//! writes them (RFC 4253, section 6.6).

use base64ct::{Base64Unpadded, Encoding};
use ring::digest::{SHA256, digest};

use super::Key;
use super::wire::{Wire, bits};
use crate::image::text;

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The private key that `decoded`, the inside of an armour, is.
pub(super) fn private_key(decoded: &[u8]) -> Option<Key> {
    let mut wire = Wire(decoded.strip_prefix(MAGIC)?);
    let cipher = wire.string()?;
    wire.string()?;
    wire.string()?;
    (wire.u32()? >= 1).then_some(())?;
    let public = wire.string()?;
    let what = public_key(public)?;
    let private = wire.string().filter(|private| private.len() >= 16)?;
    let protected = cipher != b"none";
    if !protected {
        let mut private = Wire(private);
        (private.u32()? == private.u32()?).then_some(())?;
        (private.string()? == Wire(public).string()?).then_some(())?;
    }
    Some(Key { fingerprint: Some(fingerprint(public)), ..Key::new(format!("OpenSSH {what}"), protected) })
}

/// What sort of key `blob` is, a public key as SSH writes it: `RSA 3072 bits`.
pub(super) fn public_key(blob: &[u8]) -> Option<String> {
    let mut wire = Wire(blob);
    let name = str::from_utf8(wire.string()?).ok()?;
    let first = wire.string()?;
    Some(match name {
        "ssh-rsa" => format!("RSA {} bits", bits(wire.string()?)),
        "ssh-dss" => format!("DSA {} bits", bits(first)),
        "ssh-ed25519" => (first.len() == 32).then(|| "Ed25519".to_owned())?,
        "ssh-ed448" => "Ed448".to_owned(),
        "ecdsa-sha2-nistp256" => "ECDSA P-256".to_owned(),
        "ecdsa-sha2-nistp384" => "ECDSA P-384".to_owned(),
        "ecdsa-sha2-nistp521" => "ECDSA P-521".to_owned(),
        "sk-ssh-ed25519@openssh.com" => "Ed25519 of a hardware token".to_owned(),
        "sk-ecdsa-sha2-nistp256@openssh.com" => "ECDSA P-256 of a hardware token".to_owned(),
        _ if !name.is_empty() && name.len() <= 64 => text::visible(name),
        _ => return None,
    })
}

/// As `ssh-keygen -l` prints it: no secret, and what leads to the places where the key is trusted.
pub(super) fn fingerprint(public: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(digest(&SHA256, public).as_ref()))
}

/// A key of SSH 1 (sshd(8) of OpenSSH up to 7.5).
pub(super) fn ssh1(head: &[u8]) -> Option<Key> {
    let rest = head.strip_prefix(b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0")?;
    let cipher = rest.first()?;
    Some(Key::new("SSH 1 RSA", *cipher != 0))
}

/// A key of dropbear (`signkey.c`): a public key with the private numbers behind it. `whole` is the whole file.
pub(super) fn dropbear(whole: &[u8]) -> Option<Key> {
    let mut wire = Wire(whole);
    let mut numbers = |more: usize| {
        for _ in 0..more {
            wire.string().filter(|number| !number.is_empty())?;
        }
        wire.0.is_empty().then_some(())
    };
    let what = match whole.get(4..)? {
        // After the name: e, n, d, p, q.
        rest if rest.starts_with(b"ssh-rsa\0") => {
            numbers(6)?;
            public_key(whole)?
        }
        // p, q, g, y, x.
        rest if rest.starts_with(b"ssh-dss\0") => {
            numbers(6)?;
            public_key(whole)?
        }
        // The curve, the point, the number.
        rest if rest.starts_with(b"ecdsa-sha2-nistp") => {
            numbers(4)?;
            public_key(whole)?
        }
        // Both halves in one string of 64 bytes.
        rest if rest.starts_with(b"ssh-ed25519\0\0\0\x40") => {
            numbers(2)?;
            "Ed25519".to_owned()
        }
        _ => return None,
    };
    Some(Key::new(format!("dropbear {what}"), false))
}
