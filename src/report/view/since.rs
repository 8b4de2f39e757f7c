//! What is different since the report before, as tables, for both views.

use super::super::compare::{Comparison, DriftState, Drifted, Entry, Turn, told};
use super::words::words;

/// A heading, and a row for each guideline under it.
pub(super) type Table<'a> = (&'static str, Vec<Row<'a>>);

/// What became of a guideline.
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// From what to what.
    pub(super) turn: String,
    /// How it stands now, where that is known.
    pub(super) now: &'a str,
}

/// Every table that has a row, the gravest first.
pub(super) fn tables<'a>(comparison: &'a Comparison) -> Vec<Table<'a>> {
    let turns = |turns: &'a [Turn]| turns.iter().map(turn).collect::<Vec<_>>();
    let entries = |entries: &'a [Entry]| entries.iter().map(entry).collect::<Vec<_>>();
    let mut tables = vec![
        ("Got worse", turns(&comparison.regressed)),
        ("Got better", turns(&comparison.fixed)),
        ("Newly applicable", turns(&comparison.newly_applicable)),
        ("Changed otherwise", turns(&comparison.otherwise)),
        ("New in the catalogue", entries(&comparison.added)),
        ("Gone from the catalogue", entries(&comparison.gone)),
    ];
    tables.retain(|(_, rows)| !rows.is_empty());
    tables
}

fn turn(turn: &Turn) -> Row<'_> {
    let words = format!("{} → {}", words(turn.old), words(turn.new));
    Row { id: &turn.id, title: &turn.title, turn: words, now: &turn.summary }
}

fn entry(entry: &Entry) -> Row<'_> {
    Row { id: &entry.id, title: &entry.title, turn: words(entry.result).to_owned(), now: "" }
}

/// Each waiver's guideline, and what became of it.
pub(super) fn waivers(comparison: &Comparison) -> Vec<(&str, String)> {
    comparison.waivers.iter().map(|waiver| (waiver.id.as_str(), told(waiver))).collect()
}

/// How a file is that the report before had left otherwise.
pub(super) fn drifted(file: &Drifted) -> String {
    let state = match file.state {
        DriftState::Changed => "changed since",
        DriftState::Reverted => "as it was before that report",
        DriftState::Attributes => "other mode or owner",
        DriftState::Gone => "gone",
        DriftState::Back => "there again",
        DriftState::Unknown => "not known",
    };
    format!("{state}: {} ({}, {})", file.detail, file.guideline, file.change)
}
