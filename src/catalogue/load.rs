//! Loading: the built-in TOML files and a publisher's own (`--guidelines DIR`).

#![expect(clippy::disallowed_methods, reason = "house rules lie in a directory of the publisher's, not in the image")]

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{Guideline, order};
use crate::texts::text;

/// The built-in files in the order they are digested.
const BUILT_IN: [&str; 13] = [
    "os.toml",
    "ssh.toml",
    "keys.toml",
    "accounts.toml",
    "secrets.toml",
    "agents.toml",
    "identity.toml",
    "logs.toml",
    "boot.toml",
    "ami.toml",
    "product.toml",
    "finish.toml",
    "windows.toml",
];

/// The name and the text of one of them.
fn built_in(name: &str) -> (String, String) {
    (name.to_owned(), text(&format!("catalogue/{name}")).to_owned())
}

/// Every guideline known to this run, in catalogue order (phase, then id).
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Date-like version of the built-in part: `2026.11`.
    pub version: &'static str,
    /// SHA-256 over the TOML texts in order, lower-case hexadecimal.
    pub sha256: String,
    /// Whether house rules were added.
    pub custom: bool,
    /// The guidelines.
    pub guidelines: Vec<Guideline>,
}

/// Why a rule file was refused. Displays as one line with file and line.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}: {message}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Catalogue {
    /// The catalogue that is built in.
    ///
    /// # Errors
    /// Never in a released program: a test loads it.
    pub fn built_in() -> Result<Self, LoadError> {
        let texts = BUILT_IN.map(built_in);
        Self::from_texts(&texts, false)
    }

    /// The built-in catalogue with the `*.toml` files of `directory` added, in byte order of their names.
    ///
    /// # Errors
    /// When there are none, a file cannot be read, is no TOML, has an unknown field, or defines an id twice.
    pub fn with_house_rules(directory: &Path) -> Result<Self, LoadError> {
        let mut texts: Vec<_> = BUILT_IN.map(built_in).into();
        texts.extend(house_rules(directory)?);
        Self::from_texts(&texts, true)
    }

    /// The guideline called `id` (upper or lower case).
    pub fn get(&self, id: &str) -> Option<&Guideline> {
        self.guidelines.iter().find(|guideline| guideline.id.eq_ignore_ascii_case(id))
    }

    /// The guidelines in the order they are dealt with: by phase, but each after all it waits for.
    pub fn in_order(&self) -> Vec<&Guideline> {
        order::in_order(&self.guidelines)
    }

    fn from_texts(texts: &[(String, String)], custom: bool) -> Result<Self, LoadError> {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let mut placed = Vec::new();
        for (file, text) in texts {
            digest.update(text.as_bytes());
            placed.extend(parse(file, text)?);
        }
        check_references(&placed)?;
        check_order(&placed)?;
        let mut guidelines: Vec<Guideline> = placed.into_iter().map(|placed| placed.guideline).collect();
        guidelines.sort_by_cached_key(|guideline| (guideline.phase, id_parts(&guideline.id)));
        let sha256 = hexadecimal(digest.finish().as_ref());
        Ok(Self { version: "2026.11", sha256, custom, guidelines })
    }
}

/// A guideline and where it is written.
struct Placed {
    guideline: Guideline,
    file: String,
    line: usize,
}

impl Placed {
    fn error(&self, message: impl Into<String>) -> LoadError {
        let message = format!("{}: {}", self.guideline.id, message.into());
        LoadError { file: self.file.clone(), line: Some(self.line), message }
    }
}

/// One file of guidelines.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    /// The guidelines.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<Guideline>"))]
    guideline: Vec<Spanned<Guideline>>,
}

fn parse(file: &str, text: &str) -> Result<Vec<Placed>, LoadError> {
    let rules: RuleFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let field = line.and_then(|line| field_on(text.lines().nth(line - 1)?)).unwrap_or_default();
        LoadError { file: file.to_owned(), line, message: for_writers(error.message(), field) }
    })?;
    if rules.guideline.is_empty() {
        let message = "it holds no [[guideline]]; write one, or take the file out of the directory".to_owned();
        return Err(LoadError { file: file.to_owned(), line: None, message });
    }
    let placed = rules.guideline.into_iter().map(|guideline| Placed {
        line: line_of(text, guideline.span().start),
        guideline: guideline.into_inner(),
        file: file.to_owned(),
    });
    placed.map(|placed| check_texts(&placed).map(|()| placed)).collect()
}

/// `severity` of a line such as `severity = 1`.
fn field_on(line: &str) -> Option<&str> {
    let name = line.split_once('=')?.0.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

/// What the TOML reader says, in one line and in the words of TOML; about which field, where it does not say itself.
fn for_writers(message: &str, field: &str) -> String {
    let mut message = message.trim().replace('\n', " ");
    for (serde, toml) in [
        ("invalid type: sequence", "invalid type: list"),
        ("invalid type: map", "invalid type: table"),
        ("expected a sequence", "expected a list, such as [\"…\"]"),
        ("expected a map", "expected a table"),
        ("unknown variant", "unknown word"),
        ("wanted string or table", "expected a word in quotes or a table"),
        ("unexpected keys in table: ", "unknown field "),
        (", available keys: ", ", expected "),
    ] {
        message = message.replace(serde, toml);
    }
    if !field.is_empty() && ["invalid type", "unknown word", "expected"].iter().any(|start| message.starts_with(start))
    {
        message = format!("`{field}`: {message}");
    }
    match message.split_once(", expected one of ") {
        Some((what, all)) if all.matches(',').count() > MOST_NAMED => {
            format!("{what}; `seaworthy guidelines --schema` lists what there is")
        }
        _ => message,
    }
}

/// The most words that a message lists.
const MOST_NAMED: usize = 20;

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// What a guideline must have by itself.
fn check_texts(placed: &Placed) -> Result<(), LoadError> {
    let Guideline { id, title, asks, why, by_hand, danger, sources, check, attest, .. } = &placed.guideline;
    if !is_id(id) {
        return Err(placed.error("`id` must be capital letters, a hyphen and a number, such as `SSH-04`"));
    }
    for (field, text) in [("title", title), ("asks", asks), ("why", why), ("by_hand", by_hand), ("danger", danger)] {
        if text.trim().is_empty() {
            return Err(placed.error(format!("`{field}` is empty; the publisher reads it")));
        }
    }
    let more = [attest, &placed.guideline.no_fix].into_iter().flatten();
    let pages = sources.iter().flat_map(|source| [&source.page, &source.section]);
    if [title, asks, why, by_hand, danger].into_iter().chain(more).chain(pages).any(|text| text.contains(is_hidden)) {
        return Err(placed.error("a text of it holds a character that is not shown but acted on; take it out"));
    }
    if placed.guideline.fix.is_some() && placed.guideline.no_fix.is_some() {
        return Err(placed.error("`no_fix` says why there is no `fix`; leave one of them out"));
    }
    if title.contains('\n') {
        return Err(placed.error("`title` must be one line"));
    }
    if sources.is_empty() {
        return Err(placed.error("`sources` is empty; name the page and section that asks for it"));
    }
    let asks_a_person = match check {
        super::Check::Attest | super::Check::Evidence { .. } => true,
        super::Check::Absent(absent) => !absent.to_judge.is_empty(),
        super::Check::Swept { kind, .. } => *kind == super::SweptKind::KeyAsked,
        _ => false,
    };
    if asks_a_person && attest.as_ref().is_none_or(|text| text.trim().is_empty()) {
        return Err(placed.error("a check that leaves it to a person needs `attest`, the statement a person confirms"));
    }
    if let super::Check::PackagesAbsent { packages } = check
        && let Some((name, why)) = packages.iter().find_map(|name| Some((name, super::keep::reason(name)?)))
    {
        return Err(placed.error(format!("`{name}` must never be removed: {why}; take it off the list")));
    }
    Ok(())
}

/// Controls but line breaks and tabs, marks of direction, and what has no width.
fn is_hidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What the guidelines must be to each other: ids used once, `needs` and `after` known.
fn check_references(all: &[Placed]) -> Result<(), LoadError> {
    let mut ids = BTreeSet::new();
    for placed in all {
        if !ids.insert(placed.guideline.id.as_str()) {
            return Err(placed.error("this id is used twice; give yours one of its own"));
        }
    }
    for placed in all {
        let guideline = &placed.guideline;
        let is_other = |id: &str| id != guideline.id && ids.contains(id);
        if let Some(unknown) = guideline.waits_for().find(|earlier| !is_other(&earlier.id)) {
            let unknown = &unknown.id;
            return Err(placed.error(format!("`needs` and `after` take ids of other guidelines; `{unknown}` is none")));
        }
    }
    Ok(())
}

/// That the guidelines can be put in order: nothing comes after what a later phase deals with, nothing waits for itself.
fn check_order(all: &[Placed]) -> Result<(), LoadError> {
    let placed = |id: &str| all.iter().find(|placed| placed.guideline.id == id);
    for one in all {
        for earlier in one.guideline.after.iter().filter_map(|earlier| placed(&earlier.id)) {
            let (phase, own) = (earlier.guideline.phase, one.guideline.phase);
            if phase > own {
                let id = &earlier.guideline.id;
                return Err(one.error(format!(
                    "it cannot come `after` {id}, which is of a later phase (`{}` is before `{}`)",
                    own.name(),
                    phase.name()
                )));
            }
        }
    }
    let Some(circle) = order::circle(all.iter().map(|placed| &placed.guideline)) else { return Ok(()) };
    let message =
        format!("it would wait for itself: {}; take one out of `needs` or `after`", circle.join(" waits for "));
    // The one that is read last is the likeliest to be new.
    match all.iter().rfind(|placed| circle.contains(&placed.guideline.id.as_str())) {
        Some(placed) => Err(placed.error(message)),
        None => Ok(()),
    }
}

fn id_parts(id: &str) -> (String, u32) {
    let (section, number) = id.rsplit_once('-').unwrap_or((id, ""));
    (section.to_owned(), number.parse().unwrap_or(0))
}

fn is_id(id: &str) -> bool {
    id.rsplit_once('-').is_some_and(|(section, number)| {
        (2..=8).contains(&section.len())
            && section.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=4).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn house_rules(directory: &Path) -> Result<Vec<(String, String)>, LoadError> {
    let refused = |path: &Path, message: String| LoadError { file: path.display().to_string(), line: None, message };
    let entries = std::fs::read_dir(directory)
        .map_err(|error| refused(directory, format!("cannot list the house rules: {error}")))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| refused(directory, format!("cannot list the house rules: {error}")))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(refused(directory, "there is no *.toml file in it; house rules are TOML files".to_owned()));
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        // A FIFO would hold the program up for ever.
        if !path.is_file() {
            return Err(refused(path, "it is not a regular file; take it out of the directory".to_owned()));
        }
        std::fs::read_to_string(path)
            .map(|text| (path.display().to_string(), text))
            .map_err(|error| refused(path, format!("cannot read it: {error}")))
    };
    paths.iter().map(read).collect()
}

#[cfg(test)]
mod tests;
