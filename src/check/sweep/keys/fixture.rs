//! Private keys for tests: whole in their form, made of numbers that are none.

use base64ct::{Base64, Encoding};

/// A value of DER.
pub(in crate::check::sweep) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}

/// A positive INTEGER of `length` bytes.
fn number(length: u16) -> Vec<u8> {
    let digits = (0..length).map(|at| at.wrapping_mul(0x9e37).to_be_bytes()[0]);
    let mut digits: Vec<u8> = digits.collect();
    digits[0] = 0xa5;
    der(2, &[&[0], digits.as_slice()].concat())
}

/// An RSA key in PKCS #1 with a modulus of `bytes` bytes.
pub(in crate::check::sweep) fn pkcs1(bytes: u16) -> Vec<u8> {
    let half = number(bytes / 2);
    let parts = [vec![2, 1, 0], number(bytes), vec![2, 3, 1, 0, 1], number(bytes), half.repeat(5)];
    der(0x30, &parts.concat())
}

/// The same in PKCS #8.
pub(in crate::check::sweep) fn pkcs8(bytes: u16) -> Vec<u8> {
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    der(0x30, &[&[2, 1, 0], &algorithm[..], &der(4, &pkcs1(bytes))].concat())
}

/// An EC key on P-256 in SEC 1.
pub(in crate::check::sweep) fn sec1() -> Vec<u8> {
    let curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let public = der(0xa1, &der(3, &[&[0, 4], &[0x5a; 64][..]].concat()));
    der(0x30, &[&[2, 1, 1], &der(4, &[0x77; 32])[..], &curve, &public].concat())
}

/// An Ed25519 key in PKCS #8, the shortest there is.
pub(in crate::check::sweep) fn ed25519() -> Vec<u8> {
    [&[0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32][..], &[0x33; 32]].concat()
}

/// An `EncryptedPrivateKeyInfo`.
pub(in crate::check::sweep) fn encrypted() -> Vec<u8> {
    let scheme = der(0x30, &der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13]));
    der(0x30, &[scheme, der(4, &[0x99; 304])].concat())
}

/// A string after its length, as SSH writes it.
pub(in crate::check::sweep) fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// An Ed25519 key in OpenSSH's form.
pub(in crate::check::sweep) fn openssh(cipher: &str) -> Vec<u8> {
    let public = [string(b"ssh-ed25519"), string(&[0x44; 32])].concat();
    let private = [&[1, 2, 3, 4, 1, 2, 3, 4], &public[..], &string(&[0x55; 64]), &string(b"c"), &[1, 2, 3, 4]].concat();
    let parts = [
        b"openssh-key-v1\0".to_vec(),
        string(cipher.as_bytes()),
        string(b"none"),
        string(b""),
        vec![0, 0, 0, 1],
        string(&public),
        string(&private),
    ];
    parts.concat()
}

/// An RSA key as an `OpenPGP` packet of version 4, without a passphrase.
pub(in crate::check::sweep) fn openpgp() -> Vec<u8> {
    let digits = |bytes: u16| [&(bytes * 8).to_be_bytes()[..], &vec![0xa5; usize::from(bytes)]].concat();
    let body = [vec![4, 0x60, 0, 0, 0, 1], digits(256), vec![0, 17, 1, 0, 1, 0], digits(256), digits(128).repeat(3)];
    let body = body.concat();
    [&[0x95], &u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

/// `body` in an armour.
pub(in crate::check::sweep) fn pem(label: &str, body: &[u8]) -> String {
    let text = Base64::encode_string(body);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
