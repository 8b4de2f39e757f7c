//! Lines and words of `sshd_config`, as the program cuts them (`sshd_config(5)` does not say; `servconf.c` does).
//!
//! There are two lexers. Before OpenSSH 8.7 a `#` ends a line wherever it stands and `=` separates words; since 8.7
//! words are split as a shell would, and a comment starts only where a word could.

use std::collections::VecDeque;

use super::release::Release;

const BLANK: &[u8] = b" \t\r\n";

/// One line that says something: where it is, and its text within [`Text::bytes`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Line number in the file, from 1.
    pub(super) number: u32,
    start: usize,
    end: usize,
}

/// A configuration file as the program holds it after loading.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    bytes: Vec<u8>,
    /// Every line that is neither blank nor a comment.
    pub(super) lines: Vec<Span>,
}

impl Text {
    /// Cuts `file` into lines. A NUL takes the rest of its line away, the line break included, so that the next line
    /// is joined to it: that is what the program makes of it.
    pub(super) fn load(file: &[u8], release: Release) -> Self {
        let mut text = Self::default();
        let (mut start, mut number) = (0, 1);
        for (raw, count) in file.split_inclusive(|byte| *byte == b'\n').zip(1u32..) {
            let cut = raw.iter().position(|byte| *byte == 0);
            let mut line = cut.and_then(|at| raw.get(..at)).unwrap_or(raw);
            let mut ends = cut.is_none() && line.ends_with(b"\n");
            if release.old_lexer()
                && let Some(at) = line.iter().position(|byte| *byte == b'#')
            {
                line = line.get(..at).unwrap_or(line);
                ends = true;
            }
            let blanks = line.iter().take_while(|byte| b" \t\r".contains(byte)).count();
            text.bytes.extend_from_slice(line.get(blanks..).unwrap_or_default());
            if ends {
                text.end_line(start, number);
                (start, number) = (text.bytes.len(), count + 1);
            }
        }
        text.end_line(start, number);
        text
    }

    fn end_line(&mut self, start: usize, number: u32) {
        let line = self.bytes.get(start..).unwrap_or_default();
        // The first byte is never trimmed: a lone form feed is a bad keyword, not a blank line.
        let trimmed = line.iter().rposition(|byte| !b" \t\r\n\x0c".contains(byte)).map_or(0, |last| last + 1);
        let end = start + trimmed.max(usize::from(!line.is_empty()));
        let says_something = line.first().is_some_and(|first| *first != b'#' && !BLANK.contains(first));
        if says_something {
            self.lines.push(Span { number, start, end });
        } else {
            self.bytes.truncate(start);
        }
    }

    /// The bytes of a line, trimmed.
    pub(super) fn line(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }
}

/// Takes the next word off `rest`: words end at a blank, at one `=` (when `equals`), or at a closing quote. `None` when
/// nothing is left or a quote is never closed. An empty word is possible and means the line starts with a separator.
pub(super) fn word(rest: &mut Option<&[u8]>, equals: bool) -> Option<Vec<u8>> {
    let text = (*rest)?;
    let is_end = |byte: &u8| BLANK.contains(byte) || *byte == b'"' || (equals && *byte == b'=');
    let Some(at) = text.iter().position(is_end) else {
        *rest = None;
        return Some(text.to_vec());
    };
    let (head, tail) = text.split_at_checked(at)?;
    let (separator, tail) = tail.split_first()?;
    if *separator == b'"' {
        let Some(close) = tail.iter().position(|byte| *byte == b'"') else {
            *rest = None;
            return None;
        };
        let mut quoted = head.to_vec();
        quoted.extend_from_slice(tail.get(..close).unwrap_or_default());
        *rest = Some(skip_blanks(tail.get(close + 1..).unwrap_or_default()));
        return Some(quoted);
    }
    let mut tail = skip_blanks(tail);
    if equals
        && *separator != b'='
        && let Some(after) = tail.strip_prefix(b"=")
    {
        tail = skip_blanks(after);
    }
    *rest = Some(tail);
    Some(head.to_vec())
}

pub(super) fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| BLANK.contains(byte)).count();
    text.get(blanks..).unwrap_or_default()
}

/// The keyword of a line and what follows it (`None`: nothing follows); no keyword on a line that says nothing.
pub(super) fn keyword(line: &[u8]) -> Option<(String, Option<&[u8]>)> {
    let mut rest = Some(line);
    let mut keyword = word(&mut rest, true)?;
    if keyword.is_empty() {
        keyword = word(&mut rest, true)?;
    }
    (!keyword.is_empty() && !keyword.starts_with(b"#")).then(|| (lossy(&keyword), rest))
}

/// Splits as a shell would: `"` and `'` quote and may start within a word, `\` escapes quotes, itself, and a blank
/// outside quotes; `#` at the start of a word ends the line. `None` when a quote is never closed.
pub(super) fn split(text: &[u8]) -> Option<VecDeque<String>> {
    let mut words = VecDeque::new();
    let mut bytes = text.iter().copied().peekable();
    while let Some(first) = bytes.peek().copied() {
        if first == b' ' || first == b'\t' {
            bytes.next();
            continue;
        }
        if first == b'#' {
            break;
        }
        let (mut word, mut quote) = (Vec::new(), None);
        while let Some(byte) = bytes.next() {
            match (byte, quote) {
                (b'\\', _) => match bytes.peek().copied() {
                    Some(next @ (b'\'' | b'"' | b'\\')) => {
                        word.push(next);
                        bytes.next();
                    }
                    Some(b' ') if quote.is_none() => {
                        word.push(b' ');
                        bytes.next();
                    }
                    _ => word.push(byte),
                },
                (b' ' | b'\t', None) => break,
                (b'"' | b'\'', None) => quote = Some(byte),
                (_, Some(open)) if byte == open => quote = None,
                _ => word.push(byte),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push_back(lossy(&word));
    }
    Some(words)
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The arguments of a keyword, taken one by one.
#[derive(Debug)]
pub(super) struct Args<'a> {
    rest: Option<&'a [u8]>,
    words: Option<VecDeque<String>>,
}

impl<'a> Args<'a> {
    /// The arguments in `rest` by the lexer of `release`.
    ///
    /// # Errors
    /// When there are none at all, or a quote is never closed (both since 8.7 only).
    pub(super) fn new(rest: Option<&'a [u8]>, release: Release) -> Result<Self, String> {
        if release.old_lexer() {
            return Ok(Self { rest, words: None });
        }
        let text = rest.filter(|text| !text.is_empty()).ok_or("has no argument")?;
        let words = split(text).ok_or("has a quote that is never closed")?;
        Ok(Self { rest, words: Some(words) })
    }

    /// The next argument. The old lexer's lists end at an empty word, so there an empty word is none.
    pub(super) fn next(&mut self) -> Option<String> {
        match &mut self.words {
            Some(words) => words.pop_front(),
            None => word(&mut self.rest, true).map(|word| lossy(&word)).filter(|word| !word.is_empty()),
        }
    }

    /// As [`Args::next`], with `=` an ordinary character in the old lexer too.
    pub(super) fn next_with_equals(&mut self) -> Option<String> {
        match &mut self.words {
            Some(words) => words.pop_front(),
            None => word(&mut self.rest, false).map(|word| lossy(&word)).filter(|word| !word.is_empty()),
        }
    }

    /// The one argument that must be there.
    ///
    /// # Errors
    /// When there is none, or it is empty.
    pub(super) fn one(&mut self) -> Result<String, String> {
        self.next().filter(|word| !word.is_empty()).ok_or_else(|| "has no argument".to_owned())
    }

    /// The next argument without taking it.
    pub(super) fn peek(&self) -> Option<String> {
        match &self.words {
            Some(words) => words.front().cloned(),
            None => self.rest.map(lossy),
        }
    }

    /// Everything after the keyword, as written.
    pub(super) fn text(&self) -> String {
        lossy(skip_blanks(self.rest.unwrap_or_default()))
    }

    /// What follows the keyword, as bytes.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        self.rest
    }

    /// Leaves nothing.
    pub(super) fn clear(&mut self) {
        self.rest = None;
        if let Some(words) = &mut self.words {
            words.clear();
        }
    }

    /// Whether something is left that nobody took.
    pub(super) fn is_finished(&mut self) -> bool {
        match &self.words {
            Some(words) => words.is_empty(),
            None => self.next().is_none(),
        }
    }
}
