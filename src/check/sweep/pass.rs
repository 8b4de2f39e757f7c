//! The way through one file, which is handed over piece by piece: every place is judged once, with what is around it, and
//! its line is counted.

use zeroize::Zeroizing;

use super::encoding::{Converter, Form};
use super::files::FileKind;
use super::keys;
use super::rules::Find;
use super::scan::{LINE, OVERLAP, Owner, Place, Scanner, Secret, newlines};

/// The most finds of one rule that are kept of one file.
pub(super) const PER_FILE: usize = 16;

/// How much of a text is put into UTF-8 in one go.
const STEP: usize = 128 << 10;

/// The way through one file, piece by piece.
pub(super) struct Pass {
    scanner: &'static Scanner,
    /// What sort of text it is; `None` leaves out what counts in settings alone.
    pub(super) kind: Option<FileKind>,
    /// Where the file ends, as far as that is known.
    pub(super) size: u64,
    /// Where the pieces so far end.
    seen: u64,
    /// Up to where every word has been judged.
    judged: u64,
    /// How many lines end before `lines_at`.
    lines: u32,
    lines_at: u64,
    /// What was not judged yet of the last piece, and what stands before it on the line; where it stands. Judged when the
    /// next piece does not show it again.
    held: Zeroizing<Vec<u8>>,
    held_at: u64,
    found: Vec<Secret>,
    readable: Option<Box<Readable>>,
}

/// The same text as the rules can read it.
struct Readable {
    pass: Pass,
    is_wide: bool,
    converter: Converter,
    /// What was put into UTF-8 last, and where it stands in all of that.
    text: Zeroizing<Vec<u8>>,
    text_at: u64,
}

impl Pass {
    pub(super) fn new(scanner: &'static Scanner, size: u64) -> Self {
        Self {
            scanner,
            kind: None,
            size,
            seen: 0,
            judged: 0,
            lines: 0,
            lines_at: 0,
            held: Zeroizing::default(),
            held_at: 0,
            found: Vec::new(),
            readable: None,
        }
    }

    /// Looks at `piece`, which stands at `offset` and begins with the last [`OVERLAP`] bytes of the piece before, unless
    /// something was left out in between.
    pub(super) fn piece(&mut self, offset: u64, piece: &[u8]) {
        if offset == 0 {
            let readable = Form::of(piece).map(|form| Readable::new(form, self.scanner, self.kind));
            self.readable = readable.map(Box::new);
        }
        if let Some(readable) = &mut self.readable {
            readable.piece(self.seen, offset, piece);
            if !readable.is_wide {
                self.seen = offset + piece.len() as u64;
                return;
            }
        }
        self.look(offset, piece);
    }

    fn look(&mut self, offset: u64, piece: &[u8]) {
        if offset > self.judged {
            self.release();
            self.lines_at = self.lines_at.max(offset);
        }
        let end = offset + piece.len() as u64;
        let from = within(self.judged.max(offset), offset);
        let until = if end >= self.size { piece.len() } else { piece.len().saturating_sub(keys::LONGEST) };
        self.judge(offset, piece, from, until);
        self.judged = self.judged.max(offset + until as u64);
        self.seen = end;
        self.held.clear();
        if until < piece.len() || offset > 0 {
            self.count_lines(offset, piece);
        }
        if until < piece.len() {
            let start = within(self.judged, offset).saturating_sub(LINE);
            self.held.reserve_exact(OVERLAP);
            self.held.extend_from_slice(piece.get(start..).unwrap_or_default());
            self.held_at = offset + start as u64;
        }
    }

    /// Judges what was held back.
    fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.judge(self.held_at, &held, within(self.judged, self.held_at), held.len());
            self.judged = self.seen;
            self.count_lines(self.held_at, &held);
        }
    }

    /// Counts the lines up to where everything has been judged.
    fn count_lines(&mut self, offset: u64, piece: &[u8]) {
        let (from, until) = (within(self.lines_at, offset), within(self.judged, offset));
        self.lines = self.lines.saturating_add(newlines(piece.get(from..until).unwrap_or_default()));
        self.lines_at = self.lines_at.max(self.judged);
    }

    /// Judges the words that begin at `piece[from..until]`.
    fn judge(&mut self, offset: u64, piece: &[u8], from: usize, until: usize) {
        let scanner = self.scanner;
        let end = until.saturating_add(scanner.longest).min(piece.len());
        let first = within(self.lines_at, offset);
        let mut place = Place { piece, kind: self.kind, script: None };
        // The line of the last find; the finds come in ascending rows.
        let (mut line, mut line_at) = (self.lines, first);
        let found = &mut self.found;
        scanner.each(piece.get(from..end).unwrap_or_default(), place.kind.is_some(), &mut |at, owner: Owner| {
            let at = from + at;
            if at >= until {
                return;
            }
            let mut line_of = |at: usize| {
                if at < line_at {
                    (line, line_at) = (self.lines, first);
                }
                line = line.saturating_add(newlines(piece.get(line_at..at).unwrap_or_default()));
                line_at = line_at.max(at);
                Some(line.saturating_add(1))
            };
            if let Some(rule) = scanner.rule(owner)
                && !has_room(found, rule, &mut || line_of(at))
            {
                return;
            }
            if let Some(Find { kind, rule, text, .. }) = scanner.judge(&mut place, at, owner)
                && has_room(found, rule, &mut || line_of(at))
            {
                found.push(Secret { kind, rule, line: line_of(at), text });
            }
        });
    }

    /// What was found, at most [`PER_FILE`] of each rule and one of each on a line; in order.
    pub(super) fn finish(mut self) -> Vec<Secret> {
        self.release();
        let mut found = self.found;
        if let Some(readable) = self.readable {
            found.extend(readable.pass.finish());
        }
        found.sort_by_key(|secret| secret.line);
        found
    }
}

/// Whether another find of `rule` on `line` is to be kept.
fn has_room(found: &[Secret], rule: &str, line: &mut dyn FnMut() -> Option<u32>) -> bool {
    let mut of_rule = found.iter().filter(|secret| secret.rule == rule).peekable();
    if of_rule.peek().is_none() {
        return true;
    }
    let line = line();
    let mut count = 0;
    of_rule.all(|secret| {
        count += 1;
        secret.line != line
    }) && count < PER_FILE
}

/// Where in a piece at `offset` the place `at` of the file is.
fn within(at: u64, offset: u64) -> usize {
    usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX)
}

impl Readable {
    fn new(form: Form, scanner: &'static Scanner, kind: Option<FileKind>) -> Self {
        let mut pass = Pass::new(scanner, u64::MAX);
        pass.kind = kind;
        let text = Zeroizing::new(Vec::with_capacity(OVERLAP + Converter::most(STEP)));
        Self { pass, is_wide: form.is_wide(), converter: Converter::new(form), text, text_at: 0 }
    }

    /// Looks at what is new in `piece`, which stands at `offset`; the pieces so far end at `seen`.
    fn piece(&mut self, seen: u64, offset: u64, piece: &[u8]) {
        if offset > seen {
            self.converter.begin_at(offset);
            // A hole of its own, so that what stands on its two sides is not taken for one line.
            self.text_at += self.text.len() as u64 + 1;
            self.text.clear();
        }
        for step in piece.get(within(seen, offset)..).unwrap_or_default().chunks(STEP) {
            let drop = self.text.len().saturating_sub(OVERLAP);
            self.text.drain(..drop);
            self.text_at += drop as u64;
            self.converter.convert(step, &mut self.text);
            self.pass.look(self.text_at, &self.text);
        }
    }
}
