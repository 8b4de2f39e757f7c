//! Keys of DNS servers: BIND's private key files for DNSSEC and keys that sign transactions (TSIG, RFC 8945).

use std::collections::BTreeSet;

use super::body::{decoded, run};
use super::wire::bits;
use super::{Found, Key};
use crate::catalogue::SweptKind as Kind;

/// The longest key file: RSA of 4096 bits.
const FILE: usize = 8 << 10;

/// How far a TSIG key's secret stands from its algorithm.
const NEAR: usize = 200;

/// The private key in BIND's file that begins at `bytes[at..]` (`lib/dns/dst_parse.c`).
pub(super) fn dnssec(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?.strip_prefix(b"Private-key-format: v1.")?;
    let text = rest.get(..FILE).unwrap_or(rest);
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.next()?;
    let name = lines.next()?.strip_prefix(b"Algorithm: ")?;
    let name = name.iter().filter(|byte| byte.is_ascii_alphanumeric()).skip_while(|byte| byte.is_ascii_digit());
    let name: String = name.take(20).map(|&byte| char::from(byte)).collect();
    let mut size = String::new();
    for line in lines.take_while(|line| line.contains(&b':')) {
        let colon = memchr::memchr(b':', line)?;
        let (field, value) = line.split_at_checked(colon)?;
        let value = value.get(1..)?.trim_ascii();
        match field {
            b"Modulus" => size = format!(" {} bits", bits(&decoded(value)?.0)),
            b"PrivateExponent" | b"PrivateKey" | b"Private_value(x)" | b"Key" => {
                let is_whole = decoded(value)?.0.len() >= 16;
                let key = Key::new(format!("DNSSEC {name}{size}"), false);
                return is_whole.then(|| Found::key("dnssec-private-key", &key));
            }
            _ => {}
        }
    }
    None
}

/// A TSIG key, whose algorithm is named at `bytes[at..]` (named.conf(5), `key`).
pub(super) fn tsig(bytes: &[u8], at: usize) -> Option<Found> {
    let (before, after) = bytes.split_at_checked(at)?;
    let before = before.get(before.len().saturating_sub(NEAR)..)?;
    let opening = memchr::memrchr2(b'{', b'}', before).filter(|&brace| before.get(brace) == Some(&b'{'))?;
    let after = after.get(..NEAR).unwrap_or(after);
    let closing = memchr::memchr2(b'{', b'}', after).filter(|&brace| after.get(brace) == Some(&b'}'))?;
    let of = |part: &[u8]| {
        let word = memchr::memmem::find(part, b"secret")?;
        let value = part.get(word + 6..)?.trim_ascii_start();
        let digits = run(value.strip_prefix(b"\"").unwrap_or(value));
        let secret = decoded(digits)?;
        let has_chance = secret.0.iter().collect::<BTreeSet<_>>().len() >= 8;
        (digits.len().is_multiple_of(4) && has_chance).then_some(secret.0.len() * 8)
    };
    let bits = of(before.get(opening..)?).or_else(|| of(after.get(..closing)?))?;
    let text = format!("key for DNS transactions (TSIG, {bits} bits, not encrypted)");
    Some(Found { kind: Kind::Secret, ..Found::new("tsig-key", text) })
}
