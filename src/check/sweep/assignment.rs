//! Where a setting is given a secret: `DB_PASSWORD=…`, `password: "…"`, `<password>…</password>`, `scheme://user:…@host`.
//!
//! A name is no secret, nor is what stands for one: a variable, a command, a placeholder of a manual.

use std::ops::Range;

use super::files::FileKind;
pub(super) use super::placeholders::Placeholders;
use super::scan::line_of;
use super::token::{is_example, is_mixed};

/// A setting and its value.
pub(super) struct Assigned {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) in_comment: bool,
}

/// What begins text in XML that is taken as it stands (XML 1.0, section 2.7).
const CDATA: &[u8] = b"<![CDATA[";

/// The longest value looked at.
const LONGEST: usize = 500;

/// The longest name of a setting.
const LONGEST_NAME: usize = 100;

/// The setting whose name ends with the `length` bytes at `bytes[at..]`, when its value is written out, if that is asked. With `apart`, no
/// letter may stand before them but where a capital begins another word: `dbPass` and `db_pass`, not `bypass`.
pub(super) fn assigned(
    bytes: &[u8],
    at: usize,
    length: usize,
    apart: bool,
    kind: FileKind,
    no: Option<&Placeholders>,
) -> Option<Assigned> {
    let end = at.checked_add(length)?;
    if bytes.get(end).copied().is_some_and(is_named) {
        return None;
    }
    let line = line_of(bytes, at);
    let before = bytes.get(line.place.start..at)?;
    let named = before.iter().rev().take_while(|&&byte| is_named(byte)).count();
    let key = at - named..end;
    if key.len() > LONGEST_NAME || apart && !is_apart(bytes.get(key.clone())?, length) {
        return None;
    }
    let before = bytes.get(line.place.start..key.start)?;
    if before.ends_with(b"${") || before.ends_with(b"$") && kind == FileKind::Settings {
        return None;
    }
    let Value { place, quoted } = value(bytes, before, &key, line.place.end)?;
    let in_settings = kind == FileKind::Settings;
    let content = bytes.get(place.clone())?;
    let counts =
        (quoted || in_settings) && no.is_none_or(|no| no.is_written_out(content, quoted && in_settings, quoted));
    counts.then_some(Assigned { key, value: place, in_comment: line.in_comment })
}

/// What names of settings consist of.
fn is_named(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_apart(key: &[u8], length: usize) -> bool {
    let Some((before, word)) = key.len().checked_sub(length).and_then(|at| key.split_at_checked(at)) else {
        return false;
    };
    let capital = word.first().is_some_and(u8::is_ascii_uppercase);
    let begins = word.first().is_some_and(|byte| !byte.is_ascii_alphabetic());
    begins || before.last().is_none_or(|byte| !byte.is_ascii_alphabetic() || capital && byte.is_ascii_lowercase())
}

/// Where a value stands.
struct Value {
    place: Range<usize>,
    quoted: bool,
}

/// What goes between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `=` and `=>`.
    Equals,
    /// `:` and `:=`.
    Colon,
    /// The end of a tag.
    Tag,
    /// The comma of `define('NAME', 'value')`: what follows is a string.
    Comma,
    /// A blank, after an option of a command or after `ENV`.
    Blank,
}

/// The value that the name at `key` is given, which `before` stands before on its line; the line ends at `line`.
fn value(bytes: &[u8], before: &[u8], key: &Range<usize>, line: usize) -> Option<Value> {
    let peek = |at: usize| bytes.get(at).copied();
    let blanks = |at: usize| {
        at + bytes.get(at..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    };
    // In JSON that is a string, a quote has a backslash before it.
    let mut at = key.end;
    let escaped = peek(at) == Some(b'\\') && matches!(peek(at + 1), Some(b'"' | b'\''));
    at += usize::from(escaped);
    let key_quoted = matches!(peek(at), Some(b'"' | b'\'' | b'`'));
    at += usize::from(key_quoted);
    at += usize::from(peek(at) == Some(b']'));
    let close = at;
    at = blanks(at);
    let (sign, after) = sign(bytes, before, key, (close, at), key_quoted)?;
    at = blanks(after);
    if let Some(below) = next_line(bytes, at, line, sign) {
        at = below;
    } else if matches!(peek(at), None | Some(b'\r' | b'\n')) {
        return None;
    }
    at += usize::from(escaped && peek(at) == Some(b'\\'));
    let quote = peek(at).filter(|byte| matches!(byte, b'"' | b'\'') || *byte == b'`' && sign == Sign::Colon);
    if let Some(quote) = quote {
        let triple = [quote; 3];
        let start = at + if bytes.get(at..)?.starts_with(&triple) { 3 } else { 1 };
        // After three quotes the text may begin on the next line.
        let start = if start > at + 1 && peek(start) == Some(b'\n') { blanks(start + 1) } else { start };
        let length = quoted_length(bytes.get(start..)?, quote, escaped)?;
        return Some(Value { place: start..start + length, quoted: true });
    }
    if let Some(literal) = bytes.get(at..)?.strip_prefix(CDATA).filter(|_| sign == Sign::Tag) {
        let literal = literal.get(..LONGEST).unwrap_or(literal);
        let length = memchr::memmem::find(literal, b"]]>")?;
        return Some(Value { place: at + CDATA.len()..at + CDATA.len() + length, quoted: true });
    }
    let enclosed = before.last().copied().filter(|byte| matches!(byte, b'"' | b'\'') && !key_quoted);
    let first = before.iter().all(u8::is_ascii_whitespace) || is_word(before, b"export") || is_word(before, b"set");
    let rest = bytes.get(at..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let ends = |byte: u8| match (enclosed, sign) {
        (Some(quote), _) => byte == quote || byte == b'\n',
        (None, Sign::Tag) => matches!(byte, b'<' | b'\n' | b'\r'),
        (None, Sign::Comma) => true,
        (None, _) if first => byte.is_ascii_whitespace(),
        (None, _) => {
            byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'&' | b'"' | b'\'' | b'<' | b')' | b'}' | b']')
        }
    };
    // A bracket that closes one of the value's own does not end it.
    let mut open = 0_usize;
    let length = rest.iter().position(|&byte| {
        let own = matches!(byte, b')' | b']' | b'}') && open > 0;
        open += usize::from(matches!(byte, b'(' | b'[' | b'{'));
        open -= usize::from(own);
        !own && ends(byte)
    });
    let length = length.unwrap_or(rest.len());
    let text = rest.get(..length)?.trim_ascii_end();
    let text = text.strip_suffix(b"/>").or_else(|| text.strip_suffix(b";")).or_else(|| text.strip_suffix(b","));
    let length = text.map_or(rest.get(..length)?.trim_ascii_end().len(), <[u8]>::len);
    Some(Value { place: at..at + length, quoted: false })
}

/// The sign after a name that ends, with its quote, before `close`, the next that is no blank standing at `at`; and what
/// comes after it.
fn sign(
    bytes: &[u8],
    before: &[u8],
    key: &Range<usize>,
    (close, at): (usize, usize),
    key_quoted: bool,
) -> Option<(Sign, usize)> {
    let next = bytes.get(at..)?;
    let option = bytes.get(key.start) == Some(&b'-');
    let in_tag = || memchr::memrchr(b'<', before) > memchr::memrchr(b'>', before);
    Some(match next {
        // `<add key="password" value="…"/>`
        [b'v' | b'V', b'a' | b'A', b'l' | b'L', b'u' | b'U', b'e' | b'E', b'=', ..] if key_quoted && at > close => {
            (Sign::Equals, at + 6)
        }
        [b'=', b'>', ..] | [b':', b'=', ..] => (Sign::Equals, at + 2),
        [b'=', ..] => (Sign::Equals, at + 1),
        [b':', ..] => (Sign::Colon, at + 1),
        [b'>', ..] if before.ends_with(b"<") || key_quoted && in_tag() => (Sign::Tag, at + 1),
        [b',', ..] if key_quoted && is_defined(before) => (Sign::Comma, at + 1),
        [byte, ..]
            if at > close
                && !key_quoted
                && *byte != b'-'
                && (option || is_word(before, b"ENV") || is_word(before, b"setenv")) =>
        {
            (Sign::Blank, at)
        }
        _ => return None,
    })
}

/// Whether `define(` and a quote stand at the end of `before`.
fn is_defined(before: &[u8]) -> bool {
    let before = before.strip_suffix(b"'").or_else(|| before.strip_suffix(b"\"")).unwrap_or_default().trim_ascii_end();
    before.len() >= 7 && before.get(before.len() - 7..).is_some_and(|end| end.eq_ignore_ascii_case(b"define("))
}

/// Whether `before` ends with `word`, which stands alone, and a blank.
fn is_word(before: &[u8], word: &[u8]) -> bool {
    let trimmed = before.trim_ascii_end();
    let at = trimmed.len().checked_sub(word.len());
    let found = at.and_then(|at| trimmed.split_at_checked(at)).is_some_and(|(rest, end)| {
        end.eq_ignore_ascii_case(word) && rest.last().is_none_or(|byte| !byte.is_ascii_alphanumeric())
    });
    found && trimmed.len() < before.len()
}

/// Where the value stands on the line after the one that ends at `line`, when nothing of it follows the sign at `at`: a block of
/// YAML, a value of JSON or XML on a line of its own.
fn next_line(bytes: &[u8], at: usize, line: usize, sign: Sign) -> Option<usize> {
    let rest = bytes.get(at..line)?.trim_ascii();
    let block = match rest {
        [b'|' | b'>', more @ ..] => more.iter().all(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9')),
        _ => false,
    };
    let goes_on = match sign {
        Sign::Colon => rest.is_empty() || block,
        Sign::Tag => rest.is_empty(),
        Sign::Equals => rest == b"\\" || rest == b"(",
        Sign::Comma | Sign::Blank => false,
    };
    let below = bytes.get(line..).filter(|_| goes_on)?;
    let below = below.get(..LONGEST).unwrap_or(below);
    let start = below.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let text = below.get(start..)?;
    let text = text.get(..memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len()))?.trim_ascii_end();
    let quoted = matches!(text.first(), Some(b'"' | b'\''));
    // Another setting, a list, or the end of the element.
    let other = matches!(text.first(), Some(b'-' | b'{' | b'[' | b'}' | b']' | b'#' | b'<'))
        || text.ends_with(b":")
        || memchr::memmem::find(text, b": ").is_some()
        || text.iter().take_while(|&&byte| is_named(byte)).count() + 1 < text.len()
            && text.get(text.iter().take_while(|&&byte| is_named(byte)).count()) == Some(&b'=');
    // What is not indented belongs to no block above it.
    let indented = below.get(..start)?.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count() > 0;
    (quoted || !other && indented).then_some(line + start)
}

/// How long the text is before its closing quote; a backslash takes the sign after it along.
fn quoted_length(rest: &[u8], quote: u8, escaped: bool) -> Option<usize> {
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'\\' if escaped => return Some(at),
            b'\\' => at += 2,
            &byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// Where the secret stands that follows the words at `bytes[at..]`, which are `length` long: after a blank, or after
/// `option` somewhere on the line or on those it goes on with; with `after`, what comes after that sign.
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
    let rest = bytes.get(start..continued(bytes, line.place.end))?;
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
    (!line.in_comment && no.is_written_out(secret, false, false)).then(|| from..from + secret.len())
}

/// Where the command ends whose line ends at `end`: a line that ends with a backslash goes on.
fn continued(bytes: &[u8], mut end: usize) -> usize {
    for _ in 0..10 {
        let line = bytes.get(..end).unwrap_or_default();
        if !line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\") {
            break;
        }
        let below = bytes.get(end + 1..).unwrap_or_default();
        let below = below.get(..LONGEST).unwrap_or(below);
        end += 1 + memchr::memchr(b'\n', below).unwrap_or(below.len());
    }
    end.min(bytes.len())
}

/// How long the scheme is that ends before `bytes[at..]`.
pub(super) fn scheme_before(bytes: &[u8], at: usize) -> usize {
    let sign = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    bytes.get(..at).unwrap_or_default().iter().rev().take(30).take_while(sign).count()
}

/// Where the password stands in the URL whose scheme with `://` ends the `length` bytes at `bytes[at..]`.
pub(super) fn url_password(bytes: &[u8], at: usize, length: usize, no: &Placeholders) -> Option<Range<usize>> {
    let start = at + length;
    let scheme = bytes.get(..start.checked_sub(3)?)?.last()?;
    let rest = bytes.get(start..)?;
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&*+=%:,;()#^".contains(&byte);
    let length = rest.iter().take_while(|&&byte| part(byte)).count();
    let user = rest.get(..length)?;
    let colon = user.iter().position(|&byte| byte == b':')?;
    let password = user.get(colon + 1..)?;
    if !scheme.is_ascii_alphanumeric() || rest.get(length) != Some(&b'@') || !no.is_written_out(password, false, false)
    {
        return None;
    }
    let host = rest.get(length + 1..)?;
    let host = host.split(|&byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-')).next()?;
    let plain = line_of(bytes, at).in_comment && !(password.len() >= 8 && is_mixed(password));
    let counts = !no.is_invented(password) && !plain && !is_example(host) && !host.is_empty();
    counts.then(|| start + colon + 1..start + length)
}
