//! The rules in `rules/`: which words to search for, and what makes one of them a find.
//!
//! A word costs next to nothing where it does not stand, so the pattern of a rule is made and tried only where one does, and
//! only on the few hundred bytes from there on: time grows with the bytes of a file, whatever they are.

use std::ops::Range;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

use super::assignment::{self, Placeholders};
use super::files::{FileKind, Files};
use super::scan::{Owner, Scanner, line_of, masked};
use super::structure::Structure;
use super::{Kind, token};
use crate::image::text;

#[cfg(test)]
mod tests;

/// The files of rules, by subject.
const SUBJECTS: [&str; 13] = [
    "ai",
    "clouds",
    "databases",
    "forges",
    "infrastructure",
    "messaging",
    "observability",
    "packages",
    "payment",
    "portability",
    "services",
    "settings",
    "tokens",
];

/// Their names and texts.
fn built_in() -> [(&'static str, &'static str); SUBJECTS.len()] {
    SUBJECTS.map(|name| (name, crate::texts::text(&format!("check/sweep/rules/{name}.toml"))))
}

/// Every rule, ready to be used.
#[derive(Debug)]
pub(super) struct Rules {
    words: Vec<Word>,
    list: Vec<Rule>,
    placeholders: Placeholders,
    /// What sort of text a file is.
    pub(super) files: Files,
}

/// A word to search for, in every place where it stands, also within others: where it does, [`Rules::judge`] says what of it.
#[derive(Debug)]
pub(super) struct Word {
    /// ASCII.
    pub(super) text: String,
    /// Where it counts.
    pub(super) scope: Scope,
    /// Whether it counts in capitals as well; otherwise as it is written only.
    pub(super) any_case: bool,
    /// The place of its rule.
    rule: usize,
}

impl Word {
    /// Whether it stands at `piece[at..]`, in a case in which it counts.
    fn stands_at(&self, piece: &[u8], at: usize) -> bool {
        let written = piece.get(at..).and_then(|rest| rest.get(..self.text.len()));
        written.is_some_and(|written| {
            if self.any_case {
                written.eq_ignore_ascii_case(self.text.as_bytes())
            } else {
                written == self.text.as_bytes()
            }
        })
    }
}

/// Where a rule is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scope {
    /// In every byte of every file.
    Anywhere,
    /// In configuration, scripts and texts, as [`Files::kind`] tells them.
    Settings,
}

/// What `files.toml` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Surroundings {
    files: Files,
    placeholders: Placeholders,
}

/// What a file of rules holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    rule: Vec<Rule>,
}

/// One rule, as it stands in a file of `rules/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of its own in a rule, and stands for itself")]
struct Rule {
    /// What allow entries and reports call it: kebab-case; never changes.
    id: String,
    /// What people call what it finds.
    name: String,
    finds: Kind,
    scope: Scope,
    /// What to search for; only where one stands is anything else looked at.
    words: Vec<String>,
    #[serde(default)]
    any_case: bool,
    #[serde(default)]
    reads: Reads,
    /// What must stand right before the word, as a regular expression.
    #[serde(default)]
    before: Pattern,
    /// What must stand right after the word, or, for `setting`, what the whole value must be. Its group is the secret; without one
    /// the word belongs to the secret. It bounds what it takes.
    #[serde(default)]
    pattern: Pattern,
    /// The least bits a byte that the secret must have, without the word.
    #[serde(default = "three")]
    entropy: f64,
    /// Whether letters of both cases and digits must be mixed in the secret as words never are.
    #[serde(default = "yes")]
    mixed: bool,
    /// How the secret must be built.
    #[serde(default)]
    structure: Option<Structure>,
    /// Whether the secret may go on behind what the pattern takes.
    #[serde(default)]
    goes_on: bool,
    /// Whether a rule that knows the secret by its form goes before this one.
    #[serde(default)]
    yields: bool,
    /// For the name of a setting: whether the word must be one of the words that it consists of, as in `db_pass` and `dbPass`.
    #[serde(default)]
    apart: bool,
    /// For `follows`: what goes before the secret, on the same line.
    #[serde(default)]
    option: Option<String>,
    /// For `follows`: the sign in it after which the secret begins.
    #[serde(default)]
    after: Option<char>,
}

fn three() -> f64 {
    3.0
}

fn yes() -> bool {
    true
}

/// What is looked at where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reads {
    /// The pattern fits from the word on, the whole stands alone, and its secret looks like chance.
    #[default]
    Token,
    /// The pattern fits from the word on and the whole stands alone, in a file with settings, in no comment.
    Exact,
    /// The pattern fits after the word, and its group is written out, be it by chance or not; in a file with settings, in no
    /// comment.
    Written,
    /// A JSON web token: its header says how it is signed, and the signature is there (RFC 7519).
    Jwt,
    /// A user and a password follow, then `@` (RFC 3986, section 3.2.1).
    Url,
    /// The name of a setting ends with the word, and its value fits the pattern and looks like chance.
    Setting,
    /// The name of a setting ends with the word, and its value is written out.
    Password,
    /// As `password`, and the value looks like chance.
    Secret,
    /// A secret written out follows after a blank, or after `option` on the same line, or after the sign `after` in
    /// that; in a file with settings, in no comment.
    Follows,
    /// The word itself, in no comment.
    Mention,
}

/// A regular expression that is made when it is first needed: most are not on most images.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "String")]
struct Pattern {
    text: String,
    made: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, made: OnceLock::new() }
    }
}

impl Pattern {
    /// Where it fits in `text`, between `start` and `end`, which are `^`, `$` or nothing; of its group, when it has one.
    fn fit(&self, text: &str, start: &str, end: &str) -> Option<Fit> {
        let make = || Regex::new(&format!("{start}(?:{}){end}", self.text)).ok();
        let captures = self.made.get_or_init(make).as_ref()?.captures(text)?;
        let whole = captures.get(0)?.range();
        Some(Fit { whole, group: captures.get(1).map(|group| group.range()) })
    }
}

struct Fit {
    whole: Range<usize>,
    group: Option<Range<usize>>,
}

/// The most bytes that a pattern is tried on, from the word on.
const LONGEST: usize = 600;

/// The most bytes before a word that are looked at.
const BEFORE: usize = 100;

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Find {
    pub(super) kind: Kind,
    pub(super) rule: &'static str,
    /// Where the secret stands, without what gives it a name.
    pub(super) place: Range<usize>,
    /// What is said of it; holds nothing of a secret but its first characters.
    pub(super) text: String,
}

impl Rules {
    /// The built-in rules; made once. `None` never happens: a test loads them.
    pub(super) fn built_in() -> Option<&'static Self> {
        static RULES: OnceLock<Option<Rules>> = OnceLock::new();
        RULES.get_or_init(|| Self::load(crate::texts::text("check/sweep/files.toml"), &built_in()).ok()).as_ref()
    }

    /// Whether there is a rule of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.list.iter().any(|rule| rule.id == id)
    }

    /// Reads rules; the error says which file and rule is wrong.
    fn load(surroundings: &str, subjects: &[(&str, &str)]) -> Result<Self, String> {
        let Surroundings { files, placeholders } =
            toml::from_str(surroundings).map_err(|error| format!("files.toml: {error}"))?;
        let mut list = Vec::new();
        for (name, text) in subjects {
            let subject: Subject = toml::from_str(text).map_err(|error| format!("{name}.toml: {error}"))?;
            list.extend(subject.rule);
        }
        let of_rule = |(rule, Rule { words, scope, any_case, .. }): (usize, &Rule)| {
            let word = |text: &String| Word { text: text.clone(), scope: *scope, any_case: *any_case, rule };
            words.iter().map(word).collect::<Vec<_>>()
        };
        let words = list.iter().enumerate().flat_map(of_rule).collect();
        Ok(Self { words, list, placeholders, files })
    }

    /// Every word of every rule; the same text may come twice, for two rules.
    pub(super) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The id of the rule whose word is at place `word` of [`Rules::words`].
    pub(super) fn id(&'static self, word: usize) -> Option<&'static str> {
        Some(&self.list.get(self.words.get(word)?.rule)?.id)
    }

    /// What to say of the word at place `word` of [`Rules::words`], which begins, in some case, at `piece[at..]` in a file of
    /// sort `kind`; `None` when it is nothing.
    pub(super) fn judge(&'static self, word: usize, piece: &[u8], at: usize, kind: Option<FileKind>) -> Option<Find> {
        let word = self.words.get(word)?;
        let rule = self.list.get(word.rule)?;
        if !word.stands_at(piece, at) || word.scope == Scope::Settings && kind.is_none() {
            return None;
        }
        let here = Here { piece, at, length: word.text.len(), kind: kind.unwrap_or(FileKind::Text) };
        let Seen { begin, place, text } = rule.judge(&here, &self.placeholders)?;
        if rule.is_general() && self.is_known(piece, begin..place.end) {
            return None;
        }
        Some(Find { kind: rule.finds, rule: &rule.id, place, text })
    }

    /// What is no secret although it stands where one might.
    #[cfg(test)]
    pub(super) fn placeholders(&self) -> &Placeholders {
        &self.placeholders
    }

    /// Whether a rule that knows a secret by its form or its very name finds one in `place`, and so says more of it.
    fn is_known(&'static self, piece: &[u8], place: Range<usize>) -> bool {
        let (Some(text), Some(scanner)) = (piece.get(place.clone()), Scanner::built_in()) else { return false };
        let mut known = false;
        scanner.each(text, true, &mut |at, owner| {
            let Owner::Rule(word) = owner else { return };
            let Some(word) = self.words.get(word) else { return };
            let here = Here { piece, at: place.start + at, length: word.text.len(), kind: FileKind::Settings };
            let fits = word.stands_at(piece, here.at);
            let is_secret = |rule: &&Rule| matches!(rule.finds, Kind::Secret | Kind::AwsKey) && !rule.is_general();
            let rule = self.list.get(word.rule).filter(|_| fits).filter(is_secret);
            known |= rule.is_some_and(|rule| rule.judge(&here, &self.placeholders).is_some());
        });
        known
    }
}

/// Where a word stands.
struct Here<'a> {
    piece: &'a [u8],
    at: usize,
    length: usize,
    kind: FileKind,
}

impl Here<'_> {
    /// The word as it is written here.
    fn word(&self) -> &[u8] {
        self.piece.get(self.at..self.at + self.length).unwrap_or_default()
    }

    fn in_comment(&self) -> bool {
        line_of(self.piece, self.at).in_comment
    }
}

/// What a rule sees.
struct Seen {
    /// Where the name of the secret begins.
    begin: usize,
    place: Range<usize>,
    text: String,
}

impl Rule {
    /// Whether a rule that knows the form of a secret goes before this one.
    fn is_general(&self) -> bool {
        let by_place = matches!(self.reads, Reads::Password | Reads::Secret | Reads::Follows);
        self.yields || by_place
    }

    /// What the word is, if it is anything.
    fn judge(&self, here: &Here<'_>, no: &Placeholders) -> Option<Seen> {
        let &Here { piece, at, length, kind } = here;
        let said = |place: Range<usize>| {
            let text = format!("{} {}", self.name, masked(piece, place.clone()));
            Some(Seen { begin: place.start.min(at), place, text })
        };
        let named = |name: &[u8], begin: usize, place: Range<usize>| {
            let name = text::visible(String::from_utf8_lossy(name).trim());
            let text = format!("{name}: {}", masked(piece, place.clone()));
            Some(Seen { begin, place, text })
        };
        match self.reads {
            Reads::Token => said(self.token(here)?),
            Reads::Written if kind == FileKind::Settings && !here.in_comment() => {
                let (_, secret) = self.fitting(here)?;
                no.is_written_out(piece.get(secret.clone())?, true, true).then_some(())?;
                said(secret)
            }
            Reads::Exact if kind == FileKind::Settings && !here.in_comment() => {
                let whole = self.exact(here)?;
                let written = text::visible(&String::from_utf8_lossy(piece.get(whole.clone())?));
                Some(Seen { begin: at, place: whole, text: format!("{} {written}", self.name) })
            }
            Reads::Jwt => {
                let (place, expired) = token::web_token(piece, at)?;
                let seen = said(place)?;
                let ended = if expired { ", expired" } else { "" };
                Some(Seen { text: format!("{}{ended}", seen.text), ..seen })
            }
            Reads::Url if kind != FileKind::Text => {
                let seen = said(assignment::url_password(piece, at, length, no)?)?;
                Some(Seen { begin: at - assignment::scheme_before(piece, at), ..seen })
            }
            Reads::Setting if kind != FileKind::Text => {
                let found = assignment::assigned(piece, at, length, self.apart, kind, None)?;
                let value = str::from_utf8(piece.get(found.value.clone())?).ok()?;
                let Fit { whole, group } = self.pattern.fit(value, "^", "$")?;
                let (start, within) = (found.value.start, group.unwrap_or(whole));
                let place = start + within.start..start + within.end;
                let value = piece.get(place.clone())?;
                let built = self.structure.is_none_or(|structure| structure.fits(value));
                let genuine = self.is_chance(value) && built && !token::is_example(value);
                genuine.then(|| said(place)).flatten()
            }
            Reads::Password | Reads::Secret if kind != FileKind::Text => {
                let found = assignment::assigned(piece, at, length, self.apart, kind, Some(no))?;
                let value = piece.get(found.value.clone())?;
                let random = self.reads == Reads::Secret || found.in_comment;
                let long = if self.reads == Reads::Secret { 16 } else { 8 };
                if random && !(value.len() >= long && token::is_mixed(value)) {
                    return None;
                }
                named(piece.get(found.key.clone())?, found.key.start, found.value)
            }
            Reads::Follows if kind == FileKind::Settings => {
                let place = assignment::following(piece, at, length, self.option.as_deref(), self.after, no)?;
                named(here.word(), at, place)
            }
            Reads::Mention if kind != FileKind::Text && !here.in_comment() => Some(Seen {
                begin: at,
                place: at..at + length,
                text: text::visible(&String::from_utf8_lossy(here.word())),
            }),
            _ => None,
        }
    }

    /// Where the secret of the token is that begins with the word, or around it.
    fn token(&self, here: &Here<'_>) -> Option<Range<usize>> {
        let (whole, secret) = self.fitting(here)?;
        let (all, value) = (here.piece.get(whole)?, here.piece.get(secret.clone())?);
        // What every such token begins with is not chance.
        let tail = value.strip_prefix(here.word()).filter(|tail| !tail.is_empty()).unwrap_or(value);
        let built = self.structure.is_none_or(|structure| structure.fits(value));
        (self.is_chance(tail) && built && !token::is_example(all)).then_some(secret)
    }

    /// Where the word with what must stand around it is.
    fn exact(&self, here: &Here<'_>) -> Option<Range<usize>> {
        let (whole, secret) = self.fitting(here)?;
        let fits = !self.mixed || token::is_mixed(here.piece.get(secret)?);
        (fits && !token::is_example(here.piece.get(whole.clone())?)).then_some(whole)
    }

    /// Where the pattern fits after the word, with what must stand before it; and where its secret is.
    fn fitting(&self, here: &Here<'_>) -> Option<(Range<usize>, Range<usize>)> {
        let &Here { piece, at, length, .. } = here;
        let mut start = at;
        if !self.before.text.is_empty() {
            let before = piece.get(at.saturating_sub(BEFORE)..at)?;
            let ascii = before.iter().rposition(|byte| !byte.is_ascii()).map_or(0, |other| other + 1);
            let text = str::from_utf8(before.get(ascii..)?).ok()?;
            start = at - (text.len() - self.before.fit(text, "", "$")?.whole.start);
        }
        let begins =
            piece.get(start).is_some_and(|byte| !byte.is_ascii_alphanumeric()) || token::begins_at(piece, start);
        let end = at + length;
        let rest = piece.get(end..).filter(|_| begins)?;
        let rest = rest.get(..LONGEST).unwrap_or(rest);
        let ascii = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let fit = self.pattern.fit(str::from_utf8(rest.get(..ascii)?).ok()?, "^", "")?;
        let whole = start..end + fit.whole.end;
        let secret = fit.group.map_or(whole.clone(), |group| end + group.start..end + group.end);
        (self.goes_on || token::ends_at(piece, whole.end)).then_some((whole, secret))
    }

    fn is_chance(&self, value: &[u8]) -> bool {
        (!self.mixed || token::is_mixed(value) || token::is_jumbled(value)) && token::bits(value) >= self.entropy
    }
}
