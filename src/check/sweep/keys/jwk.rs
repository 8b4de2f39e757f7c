//! JSON Web Keys (RFC 7517) with their private part, as ACME clients keep their accounts.

use super::{Found, Key};

/// How far the parts of one key stand from its type: RSA of 4096 bits takes 3 KiB.
const NEAR: usize = 4 << 10;

/// The private key whose type is named at `bytes[at..]`.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<Found> {
    let (before, after) = bytes.split_at_checked(at)?;
    let sort = after.strip_prefix(b"\"kty\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let sort = sort.strip_prefix(b"\"")?.get(..4)?;
    let (name, length) = match sort {
        b"RSA\"" => ("RSA", 80),
        [b'E', b'C', b'"', _] => ("EC", 40),
        b"OKP\"" => ("Ed25519 or X25519", 40),
        _ => return None,
    };
    let before = before.get(before.len().saturating_sub(NEAR)..)?;
    let opening = memchr::memrchr2(b'{', b'}', before).filter(|&brace| before.get(brace) == Some(&b'{'))?;
    let after = after.get(..NEAR).unwrap_or(after);
    let closing = memchr::memchr2(b'{', b'}', after).filter(|&brace| after.get(brace) == Some(&b'}'))?;
    let of = |part: &[u8]| {
        let rest = part.get(memchr::memmem::find(part, b"\"d\"")? + 3..)?;
        let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        let digits =
            value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
        (digits >= length && matches!(value.get(digits), Some(b'"' | b'='))).then_some(())
    };
    of(before.get(opening..)?).or_else(|| of(after.get(..closing)?))?;
    Some(Found::key("jwk-private-key", &Key::new(format!("JSON Web Key {name}"), false)))
}
