//! What is searched for, and what is a secret where it is found.
//!
//! A search for the words of all rules finds the few places worth a look; each is then judged by code that looks at its
//! neighbours. No allocation for a file without a secret.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::files::FileKind;
use super::pass::Pass;
use super::rules::{Find, Rules, Scope};
use super::search::Search;
use super::{Kind, keys};
use crate::image::text;

/// How much of a piece must come again at the beginning of the next: the longest secret, and what is looked at before
/// its first word.
pub(super) const OVERLAP: usize = keys::LONGEST + LINE;

/// What is looked at of a line, before and after the word.
pub(super) const LINE: usize = 1000;

/// What a word that was found belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The word of [`keys::WORDS`] at this place.
    Key(usize),
    Metadata,
    /// The rules' word at this place.
    Rule(usize),
}

/// The word of what is judged neither by the rules nor as a key.
const METADATA: (&str, Owner) = ("169.254.169.254", Owner::Metadata);

/// A secret in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) kind: Kind,
    pub(super) rule: &'static str,
    pub(super) line: Option<u32>,
    pub(super) text: String,
}

impl Secret {
    /// What the file is as a whole.
    pub(super) fn of_file(find: Find) -> Self {
        Self { kind: find.kind, rule: find.rule, line: None, text: find.text }
    }
}

/// The search, made once and shared by every thread.
#[derive(Debug)]
pub(super) struct Scanner {
    rules: &'static Rules,
    /// For the words that count in every byte of every file, and whose they are.
    anywhere: Search,
    owners: Vec<Owner>,
    /// For those that count in settings alone.
    settings: AhoCorasick,
    settings_owners: Vec<Owner>,
    /// The length of the longest word.
    pub(super) longest: usize,
}

/// So much of a word that counts in settings is searched for; the rules look at the rest. The automaton is made in half the time,
/// and fits into the processor's caches.
const SETTINGS_WORD: usize = 6;

impl Scanner {
    /// The search for what the built-in rules look for. `None` never happens: a test makes it.
    pub(super) fn built_in() -> Option<&'static Self> {
        static SCANNER: OnceLock<Option<Scanner>> = OnceLock::new();
        SCANNER.get_or_init(|| Self::new(Rules::built_in()?)).as_ref()
    }

    fn new(rules: &'static Rules) -> Option<Self> {
        let of = |scope: Scope| {
            let words = rules.words().iter().enumerate().filter(move |(_, word)| word.scope == scope);
            words.map(|(at, word)| (word.text.as_str(), Owner::Rule(at)))
        };
        let keys = keys::WORDS.into_iter().enumerate().map(|(at, word)| (word, Owner::Key(at)));
        let (anywhere, owners): (Vec<_>, Vec<_>) = keys.chain([METADATA]).chain(of(Scope::Anywhere)).unzip();
        let (settings, settings_owners): (Vec<_>, Vec<_>) = of(Scope::Settings).unzip();
        let longest = anywhere.iter().chain(&settings).map(|text| text.len()).max()?;
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::DFA)).ascii_case_insensitive(true);
        let settings =
            builder.build(settings.into_iter().map(|text| text.get(..SETTINGS_WORD).unwrap_or(text))).ok()?;
        let anywhere = Search::new(anywhere.into_iter().map(str::as_bytes))?;
        Some(Self { rules, anywhere, owners, settings, settings_owners, longest })
    }

    /// Calls `found` with each place in `bytes` where a word stands, also within another, and with whose it is: every word
    /// that counts anywhere, as it is written, and with `settings` where those of settings begin, in any case.
    pub(super) fn each(&self, bytes: &[u8], settings: bool, found: &mut dyn FnMut(usize, Owner)) {
        self.anywhere.each(bytes, |at, word| {
            if let Some(&owner) = self.owners.get(word) {
                found(at, owner);
            }
        });
        if settings {
            for word in self.settings.find_overlapping_iter(bytes) {
                if let Some(&owner) = self.settings_owners.get(word.pattern().as_usize()) {
                    found(word.start(), owner);
                }
            }
        }
    }

    /// Every secret in `bytes`, a whole file of sort `kind`.
    pub(super) fn scan(&'static self, bytes: &[u8], kind: Option<FileKind>) -> Vec<Secret> {
        let mut pass = Pass::new(self, bytes.len() as u64);
        pass.kind = kind;
        pass.piece(0, bytes);
        pass.finish()
    }

    /// Where AWS keys stand in `bytes`, a whole file; in order, none within another.
    pub(super) fn aws_keys(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        self.each(bytes, false, &mut |at, owner| {
            if let Owner::Rule(word) = owner
                && let Some(find) = self.rules.judge(word, bytes, at, None)
                && find.kind == Kind::AwsKey
            {
                places.push(find.place);
            }
        });
        places.sort_by_key(|place| place.start);
        let mut end = 0;
        places.retain(|place| {
            let first = place.start >= end;
            end = end.max(place.end);
            first
        });
        places
    }
}

/// What a word that was found is judged in.
pub(super) struct Place<'p> {
    pub(super) piece: &'p [u8],
    pub(super) kind: Option<FileKind>,
    /// Whether the piece is a script without tokens for metadata, once somebody has asked.
    pub(super) script: Option<bool>,
}

impl Scanner {
    /// What the word of `owner` at `at` begins, if it is a secret.
    pub(super) fn judge(&self, place: &mut Place<'_>, at: usize, owner: Owner) -> Option<Find> {
        match owner {
            Owner::Rule(word) => self.rules.judge(word, place.piece, at, place.kind),
            Owner::Key(word) => keys::armoured(place.piece, at, word),
            Owner::Metadata => metadata(place.piece, at, &mut place.script),
        }
    }

    /// The id of the rule that `owner` is a word of, when it is of one only.
    pub(super) fn rule(&self, owner: Owner) -> Option<&'static str> {
        match owner {
            Owner::Rule(word) => self.rules.id(word),
            Owner::Key(_) | Owner::Metadata => None,
        }
    }
}

pub(super) fn masked(piece: &[u8], place: Range<usize>) -> String {
    text::masked(&String::from_utf8_lossy(piece.get(place).unwrap_or_default()))
}

/// A script's request for instance metadata, when nothing in the piece speaks of tokens.
///
/// The line must hold an `http` or a program that fetches, and be no comment; a file with NUL bytes is no script.
/// `script` keeps whether the piece is a script without tokens.
fn metadata(piece: &[u8], at: usize, script: &mut Option<bool>) -> Option<Find> {
    if !*script.get_or_insert_with(|| is_script_without_tokens(piece)) {
        return None;
    }
    let line = line_of(piece, at);
    if line.in_comment {
        return None;
    }
    let line = piece.get(line.place)?.trim_ascii();
    let asks =
        [&b"http:"[..], b"curl", b"wget", b"latest/"].iter().any(|word| memchr::memmem::find(line, word).is_some());
    // The rest of the line may hold a password.
    let address = piece.get(at..)?;
    let path = |byte: &u8| byte.is_ascii_alphanumeric() || b"./-_".contains(byte);
    let length = address.iter().take(120).take_while(|byte| path(byte)).count();
    let text = || text::visible(&String::from_utf8_lossy(address.get(..length).unwrap_or_default()));
    asks.then(|| Find { kind: Kind::Metadata, rule: "metadata-without-token", place: at..at, text: text() })
}

/// A line, as far as it is looked at.
pub(super) struct Line {
    pub(super) place: Range<usize>,
    /// Whether it begins as comments do.
    pub(super) in_comment: bool,
}

/// The line around `piece[at..]`, at most [`LINE`] bytes to each side.
pub(super) fn line_of(piece: &[u8], at: usize) -> Line {
    let (low, high) = (at.saturating_sub(LINE), piece.len().min(at.saturating_add(LINE)));
    let before = piece.get(low..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(low, |newline| low + newline + 1);
    let end = memchr::memchr(b'\n', piece.get(at..high).unwrap_or_default()).map_or(high, |newline| at + newline);
    let line = piece.get(start..end).unwrap_or_default().trim_ascii_start();
    let in_comment = [&b"#"[..], b";", b"//", b"/*", b"* ", b"--", b"<!--"].iter().any(|sign| line.starts_with(sign));
    Line { place: start..end, in_comment }
}

fn is_script_without_tokens(piece: &[u8]) -> bool {
    let token = |window: &[u8]| window.eq_ignore_ascii_case(b"aws-ec2-metadata-token");
    memchr::memchr(0, piece).is_none() && !piece.windows(22).any(token)
}

pub(super) fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}
