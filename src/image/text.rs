//! Untrusted text made safe to show, and secrets made safe to keep.
//!
//! File names, file contents and configuration come from the image and may be crafted. Whatever goes to a screen, a
//! log or a report goes through [`visible`] first. Whatever may hold a secret goes through [`masked`] where it is read.

use std::fmt::Write as _;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `text` with every character that cannot be seen, or that moves what is around it, written as `\u{…}`: controls (tabs
/// and line breaks too), bidirectional marks, zero-width and filler characters, variation selectors, tags, and every
/// space but the plain one. What is shown is what is there.
///
/// Text that already says `\u{…}` is left as it is: the result is for people, not to be read back.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        push_visible(&mut shown, character);
    }
    shown
}

/// [`visible`], at most `limit` characters of it, with a mark where it was cut.
pub fn cut(text: &str, limit: usize) -> String {
    let shown = visible(text);
    match shown.char_indices().nth(limit) {
        None => shown,
        Some((end, _)) => format!("{} […]", shown.get(..end).unwrap_or_default()),
    }
}

/// A path for people to read: [`visible`], with bytes that are not UTF-8 as `\x..`.
pub fn path(path: &Path) -> String {
    let mut shown = String::with_capacity(path.as_os_str().len());
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            push_visible(&mut shown, character);
        }
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// JSON text with every character that [`visible`] would write otherwise as an escape of JSON (RFC 8259, section 7): for
/// programs it says the same, and a terminal that it is shown on acts on none of it.
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        // Outside of strings there is no other than the line break; inside, that one is escaped already.
        if character != '\n' && is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The places in `line` that hold `user:password@` of a URL, the `@` included, as byte offsets (RFC 3986, section 3.2.1).
pub fn url_passwords(line: &str) -> Vec<Range<usize>> {
    let starts = line.match_indices("://").map(|(at, _)| at + 3);
    let in_url = |start: usize| {
        let authority = line.get(start..)?.split(['/', ' ', '\t', '"', '\'', '?', '#']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        let (_, password) = user.split_once(':')?;
        (!password.is_empty()).then(|| start..start + user.len() + 1)
    };
    starts.filter_map(in_url).collect()
}

/// The first characters of a secret, never more than four nor more than a third of it, then how many more there are:
/// `AKIA… (16 more characters)`.
pub fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let kept = (length / 3).min(4);
    let mut shown = String::new();
    for character in secret.chars().take(kept) {
        push_visible(&mut shown, character);
    }
    let left = length - kept;
    let more = if kept > 0 { "more " } else { "" };
    let plural = if left == 1 { "" } else { "s" };
    let _ = write!(shown, "… ({left} {more}character{plural})");
    shown
}

fn push_visible(shown: &mut String, character: char) {
    if is_hidden(character) {
        let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
    } else {
        shown.push(character);
    }
}

/// Whether `character` leaves no mark of its own: Unicode's Cc, Zl, Zp, Zs (but the plain space) and
/// `Default_Ignorable_Code_Point` (`DerivedCoreProperties.txt`), and the interlinear and musical format characters.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || (character.is_whitespace() && character != ' ')
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests;
