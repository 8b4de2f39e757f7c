//! Whether characters look like a token: chosen by chance, standing alone, and no example out of a manual.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

/// Whether something that stands alone may begin at `bytes[at..]`: what stands before it belongs to no word, or is how a
/// sign is written in a string (`\\n`) or a URL (`%3D`).
pub(super) fn begins_at(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at.saturating_sub(3)..at) {
        Some([.., b'\\', b'n' | b'r' | b't']) => true,
        Some([b'%', high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        Some([.., byte]) => !byte.is_ascii_alphanumeric() && *byte != b'_',
        _ => true,
    }
}

/// Whether something that stands alone may end before `bytes[at]`.
pub(super) fn ends_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|&byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-'))
}

/// Whether some run of at least eight letters and digits has two of each: names made of words have none.
pub(super) fn is_mixed(value: &[u8]) -> bool {
    value.split(|byte| !byte.is_ascii_alphanumeric()).any(|run| {
        let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
        run.len() >= 8 && digits >= 2 && run.len() - digits >= 2
    })
}

/// Whether one in four letters and digits is of another sort (digit, capital, small letter) than that before it.
pub(super) fn is_jumbled(value: &[u8]) -> bool {
    let sort = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let changes = value
        .iter()
        .zip(value.iter().skip(1))
        .filter(|(one, two)| one.is_ascii_alphanumeric() && two.is_ascii_alphanumeric() && sort(one) != sort(two));
    value.len() >= 16 && changes.count() * 4 >= value.len()
}

/// The Shannon entropy of `value` in bits a byte: chance gives text of 30 letters and digits more than four, 16 hexadecimal
/// digits about three, and words and placeholders less.
pub(super) fn bits(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / total).map(|p| -p * p.log2()).sum()
}

/// Account ids that AWS's manuals use.
const ACCOUNTS: [&[u8]; 6] =
    [b"123456789012", b"111122223333", b"444455556666", b"000000000000", b"111111111111", b"999999999999"];

/// What gives an example away, in lower case.
const EXAMPLES: [&[u8]; 10] = [
    b"example",
    b"xxxx",
    b"your",
    b"0000000",
    b"placeholder",
    b"12345678",
    b"abcdefgh",
    b"01234567",
    b"redacted",
    b"sample",
];

/// Whether `value` is what a manual would write.
pub(super) fn is_example(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    EXAMPLES.iter().chain(&ACCOUNTS).any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// The JSON web token at `bytes[at..]`, which begins with `eyJ`: three parts of base64url with dots between; the first is
/// a JSON object whose `alg` says how it is signed, the second one with claims, the last is long enough for a signature
/// (RFC 7519). And whether its time is over.
pub(super) fn web_token(bytes: &[u8], at: usize) -> Option<(Range<usize>, bool)> {
    if !begins_at(bytes, at) {
        return None;
    }
    let rest = bytes.get(at..)?;
    let rest = rest.get(..8192).unwrap_or(rest);
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = rest.iter().take_while(|byte| sign(byte)).count();
    let token = rest.get(..length)?;
    let token = token.strip_suffix(b".").unwrap_or(token);
    let mut parts = token.split(|&byte| byte == b'.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.len() < 32 || parts.next().is_some() {
        return None;
    }
    let header = object(header)?;
    let signed = header.get("alg")?.as_str().is_some_and(|how| !how.eq_ignore_ascii_case("none"));
    let claims = object(payload)?;
    let text = Base64UrlUnpadded::decode_vec(str::from_utf8(payload).ok()?).ok()?;
    // The one of jwt.io and of most manuals is John Doe's; that of PyJWT's has some payload.
    let of_manual = |name: &[u8]| memchr::memmem::find(&text, name).is_some();
    let example = is_example(&text) || of_manual(b"John Doe") || of_manual(b"\"some\":\"payload\"");
    let expired = claims.get("exp").and_then(Value::as_f64).is_some_and(|end| end < now());
    (signed && !example).then_some((at..at + token.len(), expired))
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let json = Base64UrlUnpadded::decode_vec(str::from_utf8(part).ok()?).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
