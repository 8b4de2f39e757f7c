//! What a shell pattern says: braces, components, and which names fit them.

/// The most alternatives that `{a,b}` may lead to.
pub(super) const ALTERNATIVES: usize = 256;

/// One component of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// This name and no other.
    Name(Vec<u8>),
    /// Names that this pattern fits.
    Pattern(Vec<u8>),
    /// `**`: any number of directories, and in the last place everything in them.
    Any,
}

/// The components of a pattern without braces.
pub(super) fn parts(pattern: &[u8]) -> Vec<Part> {
    pattern.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).map(part).collect()
}

fn part(text: &[u8]) -> Part {
    if text == b"**" {
        Part::Any
    } else if text.iter().any(|byte| b"*?[".contains(byte)) {
        Part::Pattern(text.to_vec())
    } else {
        Part::Name(unescaped(text))
    }
}

/// `text` without the backslashes that make the next character stand for itself.
pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    plain
}

/// Every way to choose among the `{a,b}` of `pattern`, up to [`ALTERNATIVES`]. Braces without a comma or without their
/// partner stand for themselves, as in a shell.
pub(super) fn alternatives(pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_vec()];
    while let Some(text) = open.pop() {
        if done.len() + open.len() >= ALTERNATIVES {
            break;
        }
        match braces(&text) {
            None => done.push(text),
            Some((before, choices, after)) => {
                open.extend(choices.iter().rev().map(|choice| [before, choice, after].concat()));
            }
        }
    }
    done
}

/// What is before a pair of braces, the choices in it, and what is after.
type Braces<'t> = (&'t [u8], Vec<&'t [u8]>, &'t [u8]);

/// The first pair of braces with a comma in it.
fn braces(text: &[u8]) -> Option<Braces<'_>> {
    let mut from = 0;
    while let Some(start) = find_plain(text, from, |byte| byte == b'{') {
        let (before, rest) = text.split_at_checked(start)?;
        let inner = rest.get(1..)?;
        let mut depth = 0u32;
        let mut commas = Vec::new();
        let mut end = None;
        let mut at = 0;
        while let Some(place) = find_plain(inner, at, |byte| matches!(byte, b'{' | b'}' | b',')) {
            match inner.get(place)? {
                b'{' => depth += 1,
                b'}' if depth == 0 => {
                    end = Some(place);
                    break;
                }
                b'}' => depth -= 1,
                _ if depth == 0 => commas.push(place),
                _ => {}
            }
            at = place + 1;
        }
        if let Some(end) = end
            && !commas.is_empty()
        {
            let mut choices = Vec::new();
            let mut begin = 0;
            for stop in commas.into_iter().chain([end]) {
                choices.push(inner.get(begin..stop)?);
                begin = stop + 1;
            }
            return Some((before, choices, inner.get(end + 1..)?));
        }
        from = start + 1;
    }
    None
}

/// The first place from `from` on, not behind a backslash, where the byte is `wanted`.
fn find_plain(text: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = from;
    loop {
        let byte = *text.get(at)?;
        if wanted(byte) {
            return Some(at);
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
}

/// Whether `name` fits the pattern of one component.
pub(in crate::image) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go back to when the last star must take one character more.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n..)) {
            (Some(b'*'), _) => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            (None, Some([]) | None) => return true,
            (Some(_), Some(rest)) if !rest.is_empty() => one(pattern.get(p..).unwrap_or_default(), rest),
            _ => None,
        };
        if let Some((pattern_length, name_length)) = step {
            p += pattern_length;
            n += name_length;
        } else if let Some((after, taken)) = star
            && taken < name.len()
        {
            star = Some((after, taken + 1));
            p = after;
            n = taken + 1;
        } else {
            return false;
        }
    }
}

/// Fits one character of `name` to the head of `pattern`: how long each of them is.
fn one(pattern: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let (character, length) = first(name)?;
    match pattern {
        [b'?', ..] => Some((1, length)),
        [b'[', rest @ ..] => match set(rest, character) {
            Some((true, end)) => Some((end + 1, length)),
            Some((false, _)) => None,
            // No closing bracket: it stands for itself.
            None => name.starts_with(b"[").then_some((1, 1)),
        },
        [b'\\', escaped, ..] => name.starts_with(&[*escaped]).then_some((2, 1)),
        [byte, ..] => name.starts_with(&[*byte]).then_some((1, 1)),
        [] => None,
    }
}

/// Whether the bracket set that begins `set` (after its `[`) has `character`, and how long the set is with its `]`.
fn set(set: &[u8], character: u32) -> Option<(bool, usize)> {
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    let begin = usize::from(negated);
    let mut at = begin;
    let mut has = false;
    loop {
        match set.get(at..)? {
            [b']', ..] if at > begin => return Some((has != negated, at + 1)),
            [b'[', b':', rest @ ..] if class(rest, character).is_some() => {
                let (holds, length) = class(rest, character)?;
                has |= holds;
                at += 2 + length;
            }
            rest => {
                let (low, length) = member(rest)?;
                at += length;
                let high = match set.get(at..)? {
                    [b'-', after @ ..] if !after.is_empty() && !after.starts_with(b"]") => {
                        let (high, length) = member(after)?;
                        at += 1 + length;
                        high
                    }
                    _ => low,
                };
                has |= (low..=high).contains(&character);
            }
        }
    }
}

/// Whether `character` is of the class that `text` names up to its `:]`, and how long that is. ASCII alone, as in the C
/// locale.
fn class(text: &[u8], character: u32) -> Option<(bool, usize)> {
    let end = text.windows(2).position(|two| two == b":]")?;
    let byte = u8::try_from(character).unwrap_or(u8::MAX);
    let holds = match text.get(..end)? {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    };
    Some((holds, end + 2))
}

/// One member of a bracket set: a character, or what a backslash makes one.
fn member(text: &[u8]) -> Option<(u32, usize)> {
    match text {
        [b'\\', rest @ ..] if !rest.is_empty() => first(rest).map(|(character, length)| (character, length + 1)),
        _ => first(text),
    }
}

/// The first character of `text` and its length; a byte that is not UTF-8 counts as a character beyond Unicode.
fn first(text: &[u8]) -> Option<(u32, usize)> {
    let byte = *text.first()?;
    let length = match byte {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let character =
        text.get(..length).and_then(|head| std::str::from_utf8(head).ok()).and_then(|head| head.chars().next());
    Some(character.map_or((0x0020_0000 + u32::from(byte), 1), |character| (u32::from(character), length)))
}
