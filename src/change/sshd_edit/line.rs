//! One line of `sshd_config` with another value: indent, keyword, comment and line ending stay as they are.

use std::ops::Range;

/// Where the arguments of a line are: from the first to the end of the last, the comment left out. `old` is the lexer
/// before OpenSSH 8.7. `None` when there are none.
pub(super) fn arguments(line: &[u8], old: bool) -> Option<Range<usize>> {
    let is_blank = |byte: &u8| b" \t\r\n".contains(byte);
    let skip = |from: usize| from + line.iter().skip(from).take_while(|byte| is_blank(byte)).count();
    let comment = if old { line.iter().position(|byte| *byte == b'#') } else { None };
    let limit = line.get(..comment.unwrap_or(line.len()))?.iter().rposition(|byte| !b" \t\r\n\x0c".contains(byte))? + 1;

    let mut at = skip(0);
    at += line.iter().skip(at).position(|byte| is_blank(byte) || *byte == b'"' || *byte == b'=')?;
    let separator = *line.get(at)?;
    at += 1;
    if separator == b'"' {
        at += line.iter().skip(at).position(|byte| *byte == b'"')? + 1;
        at = skip(at);
    } else {
        at = skip(at);
        if separator != b'=' && line.get(at) == Some(&b'=') {
            at = skip(at + 1);
        }
    }
    let end = if old { limit } else { end_of_words(line.get(..limit)?, at) };
    (at < end).then_some(at..end)
}

/// The end of the last word from `start` on; a `#` where a word could start ends the line.
fn end_of_words(line: &[u8], start: usize) -> usize {
    let (mut end, mut quote, mut in_word) = (start, None, false);
    let mut escaped = false;
    for (at, byte) in line.iter().copied().enumerate().skip(start) {
        if !in_word && byte == b'#' {
            break;
        }
        if quote.is_none() && !escaped && (byte == b' ' || byte == b'\t') {
            in_word = false;
            continue;
        }
        in_word = true;
        end = at + 1;
        match quote {
            _ if escaped => escaped = false,
            _ if byte == b'\\' => {
                escaped = matches!(line.get(at + 1), Some(b'\\' | b'"' | b'\''))
                    || (quote.is_none() && line.get(at + 1) == Some(&b' '));
            }
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ => {}
        }
    }
    end
}

/// The value a line gives, unquoted, in lower case; the old name of `prohibit-password` becomes the new one.
pub(super) fn value(line: &[u8], old: bool) -> Option<String> {
    let text = line.get(arguments(line, old)?)?;
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let text = text.trim_matches(['"', '\'']);
    Some(if text == "without-password" { "prohibit-password".to_owned() } else { text.to_owned() })
}

/// The whole `file` with `value` as the value of its line `number` (from 1). `None` when there is no such line or it
/// has no arguments.
pub(super) fn replaced(file: &[u8], number: u32, value: &str, old: bool) -> Option<Vec<u8>> {
    let wanted = usize::try_from(number).ok()?.checked_sub(1)?;
    let before: usize = file.split_inclusive(|byte| *byte == b'\n').take(wanted).map(<[u8]>::len).sum();
    let line = file.get(before..)?.split_inclusive(|byte| *byte == b'\n').next()?;
    let range = arguments(line, old)?;
    let mut text = file.get(..before + range.start)?.to_vec();
    text.extend_from_slice(value.as_bytes());
    text.extend_from_slice(file.get(before + range.end..)?);
    Some(text)
}

/// The whole `file` with `lines` inserted before its line `number` (from 1), or at its end when it has fewer lines.
/// New lines end as the file's first line does.
pub(super) fn inserted(file: &[u8], number: usize, lines: &[String]) -> Vec<u8> {
    let first = file.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let ending = if first.ends_with(b"\r\n") { "\r\n" } else { "\n" };
    let at: usize = file.split_inclusive(|byte| *byte == b'\n').take(number.saturating_sub(1)).map(<[u8]>::len).sum();
    let (head, tail) = file.split_at_checked(at).unwrap_or((file, &[]));
    let mut text = head.to_vec();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.extend_from_slice(ending.as_bytes());
    }
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(ending.as_bytes());
    }
    text.extend_from_slice(tail);
    text
}
