//! The text between the lines of an armour, as it stands in a file of its own and in strings of many languages.

use base64ct::{Base64, Encoding};
use zeroize::Zeroize;

/// Bytes that are overwritten when they are needed no more.
#[derive(Debug, Default)]
pub(super) struct Wiped(pub(super) Vec<u8>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What stands between the lines.
pub(super) struct Body {
    pub(super) decoded: Wiped,
    /// `Proc-Type: 4,ENCRYPTED` and `DEK-Info` (RFC 1421, 4.6.1): what is decoded is no DER.
    pub(super) encrypted: bool,
}

impl Body {
    /// Reads `text`, which stands between the lines of an armour whose first line begins with `prefix`, the sign of a
    /// comment for instance. `None` when it is anything but headers and base64.
    pub(super) fn read(text: &[u8], prefix: &[u8]) -> Option<Self> {
        let text = unescaped(text);
        let mut digits = Wiped(Vec::with_capacity(text.0.len()));
        let (mut proc_type, mut dek_info, mut goes_on) = (false, false, false);
        for line in text.0.split(|&byte| byte == b'\n') {
            let line = line.strip_prefix(prefix).unwrap_or(line).trim_ascii();
            let is_header = goes_on || (digits.0.is_empty() && line.contains(&b':'));
            if is_header {
                proc_type |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
                dek_info |= line.starts_with(b"DEK-Info:");
                goes_on = line.ends_with(b"\\");
                continue;
            }
            for token in line.split(|&byte| is_glue(byte)).filter(|token| !is_joint(token)) {
                // OpenPGP's checksum.
                if token.len() == 5 && token.first() == Some(&b'=') {
                    continue;
                }
                if !token.iter().all(|&byte| is_base64(byte) || byte == b'=') {
                    return None;
                }
                digits.0.extend_from_slice(token);
            }
        }
        Some(Self { decoded: decoded(&digits.0)?, encrypted: proc_type && dek_info })
    }
}

/// The bytes that stand in base64 in `digits`, padded or not.
pub(super) fn decoded(digits: &[u8]) -> Option<Wiped> {
    let end = digits.iter().rposition(|&digit| digit != b'=').map_or(0, |last| last + 1);
    let digits = digits.get(..end)?;
    let whole = digits.len() / 4 * 4;
    let (whole, rest) = digits.split_at_checked(whole)?;
    let mut bytes = Wiped(vec![0; digits.len() / 4 * 3 + 3]);
    let mut length = Base64::decode(whole, &mut bytes.0).ok()?.len();
    if !rest.is_empty() {
        let mut last = *b"====";
        last.iter_mut().zip(rest).for_each(|(digit, &given)| *digit = given);
        length += Base64::decode(last, bytes.0.get_mut(length..)?).ok()?.len();
    }
    bytes.0.truncate(length);
    Some(bytes)
}

/// `text` without the escapes of JSON, of most programming languages, and of XML for line ends.
pub(super) fn unescaped(text: &[u8]) -> Wiped {
    let mut plain = Wiped(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => {
                // Each string inside a string doubles them.
                let more = rest.iter().take_while(|&&byte| byte == b'\\').count();
                let (escaped, known) = match rest.get(more..) {
                    Some([b'n' | b'r', ..]) => (b'\n', 1),
                    Some([b't', ..]) => (b' ', 1),
                    Some([b'/', ..]) => (b'/', 1),
                    Some([b'u', b'0', b'0', high, low, ..]) => match (hex(*high), hex(*low)) {
                        (Some(high), Some(low)) => (high << 4 | low, 5),
                        _ => (b'\\', 0),
                    },
                    _ => (b'\\', 0),
                };
                plain.0.push(escaped);
                rest = rest.get(more + known..).unwrap_or_default();
            }
            b'&' => {
                let entity = [&b"#10;"[..], b"#13;", b"#xA;", b"#xa;", b"#xD;", b"#xd;"];
                let known = entity.iter().find(|entity| rest.starts_with(entity));
                plain.0.push(if known.is_some() { b'\n' } else { b'&' });
                rest = rest.get(known.map_or(0, |entity| entity.len())..).unwrap_or_default();
            }
            _ => plain.0.push(byte),
        }
    }
    plain
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What stands around the parts of a string, and between them.
fn is_glue(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b'"' | b'\'' | b',' | b';' | b'\\' | b'`' | b'(' | b')' | b'[' | b']' | 0)
}

/// What joins strings in one language or another: `"…" + "…"`.
fn is_joint(token: &[u8]) -> bool {
    matches!(token, b"" | b"+" | b"." | b".." | b"&" | b"~" | b"<<" | b"<>" | b"++" | b"||" | b"+=" | b".=")
}

pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The base64 that `bytes` begin with, its padding included.
pub(super) fn run(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take_while(|&&byte| is_base64(byte)).count();
    let padding = bytes.iter().skip(digits).take(2).take_while(|&&byte| byte == b'=').count();
    bytes.get(..digits + padding).unwrap_or_default()
}
