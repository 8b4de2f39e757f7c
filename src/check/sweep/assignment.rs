//! Where a setting is given a secret: `DB_PASSWORD=…`, `password: "…"`, `<password>…</password>`, `scheme://user:…@host`.
//!
//! A name is no secret, nor is what stands for one: a variable, a command, a placeholder of a manual.

use std::ops::Range;

use serde::Deserialize;

use super::files::FileKind;
use super::scan::line_of;
use super::token::is_example;

/// A setting and its value.
pub(super) struct Assigned {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) in_comment: bool,
}

/// The longest value looked at.
const LONGEST: usize = 500;

/// The longest name of a setting.
const LONGEST_NAME: usize = 100;

/// A value shorter than this is none.
const SHORTEST: usize = 4;

/// The setting whose name ends with the `length` bytes at `bytes[at..]`, when its value is written out.
pub(super) fn assigned(bytes: &[u8], at: usize, length: usize, kind: FileKind, no: &Placeholders) -> Option<Assigned> {
    let line = line_of(bytes, at);
    let text = bytes.get(line.place.clone())?;
    let within = at - line.place.start;
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let begin = text.get(..within)?.iter().rposition(|byte| !named(byte)).map_or(0, |before| before + 1);
    let end = within + text.get(within..)?.iter().take_while(|byte| named(byte)).count();
    if end != within + length || end - begin > LONGEST_NAME {
        return None;
    }
    let before = text.get(..begin)?;
    let is_reference = before.ends_with(b"${") || before.ends_with(b"$") && kind == FileKind::Settings;
    if is_reference {
        return None;
    }
    let (value, quoted) = value(before, text, end)?;
    let content = text.get(value.clone())?;
    let place = |range: Range<usize>| line.place.start + range.start..line.place.start + range.end;
    let counts = (quoted || kind == FileKind::Settings) && no.is_written_out(content, quoted);
    counts.then(|| Assigned { key: place(begin..end), value: place(value), in_comment: line.in_comment })
}

/// Where the value stands that a name ending before `text[end]` is given, and whether it is in quotes.
fn value(before: &[u8], text: &[u8], end: usize) -> Option<(Range<usize>, bool)> {
    let mut at = end;
    let peek = |at: usize| text.get(at).copied();
    let skip = |mut at: usize| {
        while matches!(peek(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    };
    // In JSON that is a string, a quote has a backslash before it.
    let escaped = peek(at) == Some(b'\\');
    at += usize::from(escaped);
    let key_quoted = matches!(peek(at), Some(b'"' | b'\'' | b']'));
    if key_quoted {
        at += 1;
        at += usize::from(matches!(peek(at), Some(b']')));
    }
    at = skip(at);
    let define = before.trim_ascii_end().strip_suffix(b"'").or_else(|| before.trim_ascii_end().strip_suffix(b"\""));
    let define = define.is_some_and(|before| before.trim_ascii_end().to_ascii_lowercase().ends_with(b"define("));
    let sign = peek(at)?;
    match sign {
        b'=' | b':' => {
            at += 1;
            at += usize::from(matches!((sign, peek(at)), (b'=', Some(b'>')) | (b':', Some(b'='))));
        }
        b'>' if before.ends_with(b"<") => at += 1,
        b',' if define => at += 1,
        _ => return None,
    }
    at = skip(at);
    at += usize::from(escaped && peek(at) == Some(b'\\'));
    let quote = peek(at).filter(|byte| matches!(byte, b'"' | b'\''));
    let start = at + usize::from(quote.is_some());
    let rest = text.get(start..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let ends = |byte: u8| {
        byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'&' | b'"' | b'\'' | b'<' | b')' | b'}' | b']')
    };
    let length = match quote {
        Some(quote) => rest.iter().position(|&byte| byte == quote || byte == b'\\')?,
        None => rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len()),
    };
    // `,` goes between two strings, and nothing else.
    let fits = sign != b',' || quote.is_some();
    fits.then_some((start..start + length, quote.is_some()))
}

/// Where the secret stands that follows the words at `bytes[at..]`, which are `length` long: after a blank, or after
/// `option` somewhere on the line; with `after`, what comes after that sign.
pub(super) fn following(
    bytes: &[u8],
    at: usize,
    length: usize,
    option: Option<&str>,
    after: Option<char>,
    no: &Placeholders,
) -> Option<Range<usize>> {
    let line = line_of(bytes, at);
    let start = at + length;
    let rest = bytes.get(start..line.place.end)?;
    let skipped = match option {
        Some(option) => memchr::memmem::find(rest, option.as_bytes())? + option.len(),
        None => usize::from(rest.first()?.is_ascii_whitespace()).checked_sub(1)?,
    };
    let signs = rest.get(skipped..)?;
    let blanks = signs.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'')).count();
    let value = signs.get(blanks..)?;
    let value = value.get(..LONGEST).unwrap_or(value);
    let value = value.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b';' | b'|')).next()?;
    let lead = match after {
        Some(sign) => value.iter().position(|&byte| char::from(byte) == sign)? + 1,
        None => 0,
    };
    let secret = value.get(lead..)?;
    let from = start + skipped + blanks + lead;
    (!line.in_comment && no.is_written_out(secret, false)).then(|| from..from + secret.len())
}

/// What is no secret although it stands where one might, as `rules.toml` has it; in lower case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placeholders {
    beginnings: Vec<String>,
    values: Vec<String>,
    within: Vec<String>,
    in_urls: Vec<String>,
}

impl Placeholders {
    /// Whether `value` is a secret written out, be it a bad one.
    fn is_written_out(&self, value: &[u8], quoted: bool) -> bool {
        let Ok(text) = str::from_utf8(value) else { return false };
        let lower = text.to_lowercase();
        let opaque = text.chars().all(|sign| matches!(sign, 'x' | 'X' | '*' | '.' | '-' | '_' | '?' | '#' | '•' | '…'));
        let worked_out = !quoted && text.contains(['(', '[', '{']);
        // The label of a field, `password: "Password"`; `Passw0rd!` is none.
        let label = text.starts_with("Pass") && value.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b':');
        value.len() >= SHORTEST
            && !opaque
            && !worked_out
            && !label
            && !text.chars().any(|sign| sign.is_whitespace() || sign.is_control())
            && !self.beginnings.iter().any(|beginning| lower.starts_with(beginning))
            && !self.values.contains(&lower)
            && !self.within.iter().any(|word| lower.contains(word))
    }
}

/// Where the password stands in the URL whose scheme with `://` ends the `length` bytes at `bytes[at..]`.
pub(super) fn url_password(bytes: &[u8], at: usize, length: usize, no: &Placeholders) -> Option<Range<usize>> {
    let start = at + length;
    let scheme = bytes.get(..start.checked_sub(3)?)?.last()?;
    let rest = bytes.get(start..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&*+=%:,;()".contains(&byte);
    let length = rest.iter().take_while(|&&byte| part(byte)).count();
    let user = rest.get(..length)?;
    let colon = user.iter().position(|&byte| byte == b':')?;
    let password = user.get(colon + 1..)?;
    if !scheme.is_ascii_alphanumeric() || rest.get(length) != Some(&b'@') || !no.is_written_out(password, false) {
        return None;
    }
    let host = rest.get(length + 1..)?;
    let host = host.split(|&byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-')).next()?;
    let invented = no.in_urls.iter().any(|word| password.eq_ignore_ascii_case(word.as_bytes()));
    let in_comment = line_of(bytes, at).in_comment;
    let plain = in_comment && !(password.len() >= 8 && super::token::is_mixed(password));
    (!invented && !plain && !is_example(host) && !host.is_empty()).then(|| start + colon + 1..start + length)
}
