//! Private keys in their text armours: PEM (RFC 7468, RFC 1421 headers), OpenSSH (`PROTOCOL.key`), `OpenPGP` (RFC 9580,
//! section 6), ssh.com (RFC 4716 style) and `PuTTY` (`PPK` file format).
//!
//! The words alone are no key: programs, manuals and this very file hold them. A block counts when its body is there and
//! decodes to what the armour promises.

use base64ct::{Base64, Encoding};

/// The longest armour looked at, from its first word to its last: an RSA key of 16384 bits takes 13 KiB.
pub(super) const LONGEST: usize = 32 << 10;

/// How far before the words `PRIVATE KEY` the armour begins at most.
pub(super) const BEFORE: usize = 64;

/// Fewer base64 characters than this are no key: Ed25519 in PKCS #8, the shortest, takes 64.
const SHORTEST: usize = 64;

/// The words between `-----BEGIN ` and `-----` when a private key's armour stands at `bytes[at..]`, where `at` is the
/// place of the words `PRIVATE KEY`.
pub(super) fn private_key(bytes: &[u8], at: usize) -> Option<String> {
    let (before, rest) = bytes.split_at_checked(at)?;
    let before = before.get(before.len().saturating_sub(BEFORE)..)?;
    let start = before.iter().rposition(|byte| !matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' '))? + 1;
    let (opening, words) = before.split_at_checked(start)?;
    let ssh_com = opening.ends_with(b"----") && words.starts_with(b" BEGIN ");
    let kind = words.strip_prefix(b"BEGIN ").or_else(|| words.strip_prefix(b" BEGIN "))?;
    if !opening.ends_with(b"----") || kind.len() > 40 {
        return None;
    }
    let rest = rest.strip_prefix(b"PRIVATE KEY")?;
    let (label, rest) = match rest.strip_prefix(b" BLOCK") {
        Some(rest) => ("PRIVATE KEY BLOCK", rest),
        None => ("PRIVATE KEY", rest),
    };
    let rest = rest.strip_prefix(b" ----").or_else(|| rest.strip_prefix(b"-----"))?;
    let body = Body::read(rest.get(..LONGEST).unwrap_or(rest))?;
    let promised = match (kind, label) {
        _ if ssh_com => body.decoded.starts_with(&[0x3f, 0x6f, 0xf9, 0xeb]),
        (_, "PRIVATE KEY BLOCK") => body.is_openpgp_secret_key(),
        (b"OPENSSH ", _) => body.decoded.starts_with(b"openssh-key-v1\0"),
        _ => body.encrypted || body.is_der_sequence(),
    };
    promised.then(|| format!("{}{label}", String::from_utf8_lossy(kind)))
}

/// Whether a `PuTTY` key file with a private part stands at the start of `bytes`.
pub(super) fn putty(bytes: &[u8]) -> bool {
    let head = bytes.get(..LONGEST).unwrap_or(bytes);
    let Some(place) = memchr::memmem::find(head, b"Private-Lines: ") else { return false };
    let lines = head.get(place + b"Private-Lines: ".len()..).unwrap_or_default();
    let mut lines = lines.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let some = lines.next().is_some_and(|count| count.first().is_some_and(|digit| matches!(digit, b'1'..=b'9')));
    some && lines.next().is_some_and(|line| line.len() >= 24 && line.iter().all(|&byte| is_base64(byte)))
}

/// Base64 between the armour's lines.
struct Body {
    /// How many base64 characters there are.
    length: usize,
    /// The first bytes, decoded.
    decoded: Vec<u8>,
    /// `Proc-Type: 4,ENCRYPTED`: the body is no DER.
    encrypted: bool,
}

impl Body {
    /// Reads up to `-----END`. Keys that were pasted into a string of another language, with `\n` for line ends, with
    /// quotes and indentation, are still keys.
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = memchr::memmem::find(bytes, b"-----END").or_else(|| memchr::memmem::find(bytes, b"---- END"))?;
        let mut body = Self { length: 0, decoded: Vec::new(), encrypted: false };
        let mut first = Vec::with_capacity(32);
        for line in lines(bytes.get(..end)?) {
            let line = trimmed(line);
            if line.contains(&b':') && memchr::memmem::find(line, b"----").is_none() {
                body.encrypted |= line.starts_with(b"Proc-Type:");
            } else if line.starts_with(b"=") && line.len() <= 5 {
                // OpenPGP's checksum.
            } else if line.iter().all(|&byte| is_base64(byte) || byte == b'=') {
                body.length += line.len();
                first.extend(line.iter().take(32 - first.len().min(32)));
            } else {
                return None;
            }
        }
        first.truncate(28);
        first.truncate(first.len() / 4 * 4);
        body.decoded = Base64::decode_vec(str::from_utf8(&first).ok()?).ok()?;
        (body.length >= SHORTEST).then_some(body)
    }

    /// A DER SEQUENCE no longer than what is there (X.690, 8.1.3): placeholders such as `MIIEpAIBAAKCAQEA…` are longer.
    fn is_der_sequence(&self) -> bool {
        let length = match self.decoded.as_slice() {
            [0x30, length @ 0..=0x7f, ..] => 2 + usize::from(*length),
            [0x30, 0x81, length, ..] => 3 + usize::from(*length),
            [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return false,
        };
        length <= self.length / 4 * 3
    }

    /// The first packet is a secret key or subkey (RFC 9580, sections 4.2 and 5.5.1).
    fn is_openpgp_secret_key(&self) -> bool {
        self.decoded.first().is_some_and(|&byte| {
            let tag = if byte & 0x40 == 0 { (byte & 0x3c) >> 2 } else { byte & 0x3f };
            byte & 0x80 != 0 && matches!(tag, 5 | 7)
        })
    }
}

/// Lines that end at a newline or at a backslash and `n` (or `r`), as in JSON.
fn lines(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let mut end = bytes.len();
        let mut next = bytes.len();
        for place in memchr::memchr2_iter(b'\n', b'\\', bytes) {
            let newline = bytes.get(place) == Some(&b'\n');
            let escaped = !newline && matches!(bytes.get(place + 1), Some(b'n' | b'r'));
            if newline || escaped {
                (end, next) = (place, place + 1 + usize::from(escaped));
                break;
            }
        }
        let line = bytes.get(..end)?;
        bytes = bytes.get(next..).unwrap_or_default();
        Some(line)
    })
}

/// Without indentation, quotes and what joins strings at the ends of a line.
fn trimmed(line: &[u8]) -> &[u8] {
    let glue = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'\\' | b'`');
    let start = line.iter().position(|byte| !glue(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !glue(byte)).map_or(start, |end| end + 1);
    let line = line.get(start..end).unwrap_or_default();
    // "…" + and "…" . join strings in many languages.
    match line {
        b"+" | b"." => &[],
        [inner @ .., b'"' | b'\'', b' ', b'+' | b'.'] => inner,
        _ => line,
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
