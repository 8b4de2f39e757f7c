//! Lines of two texts compared.

use std::time::Duration;

use similar::{Algorithm, ChangeTag, InlineChangeMode, InlineChangeOptions, TextDiff};

use super::{Line, Sign};

/// Files crafted to be hard to compare get a coarser diff after this long, never a wrong one.
const PATIENCE: Duration = Duration::from_millis(500);

/// A line is what ends in a newline: a lone carriage return is part of its line, as for git and patch.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Hunks with `context` lines around what differs.
pub(super) fn hunks(old: &str, new: &str, context: usize) -> Vec<Vec<Line>> {
    let (old, new) = (split(old), split(new));
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .newline_terminated(true)
        .diff_slices(&old, &new);
    let mut options = InlineChangeOptions::new();
    options.mode(InlineChangeMode::Words);
    let groups = diff.grouped_ops(context);
    let hunks = groups.iter().map(|group| {
        let changes = group.iter().flat_map(|op| diff.iter_inline_changes_with_options(op, options));
        changes.map(|change| line(&change)).collect()
    });
    hunks.collect()
}

fn line(change: &similar::InlineChange<'_, str>) -> Line {
    let sign = match change.tag() {
        ChangeTag::Equal => Sign::Same,
        ChangeTag::Delete => Sign::Removed,
        ChangeTag::Insert => Sign::Added,
    };
    let ends = |text: &str| text.ends_with('\n');
    let no_newline = !change.values().last().is_some_and(|(_, text)| ends(text));
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for (differs, text) in change.values() {
        let text = text.strip_suffix('\n').unwrap_or(text);
        match pieces.last_mut() {
            _ if text.is_empty() => {}
            Some((last, piece)) if last == differs => piece.push_str(text),
            _ => pieces.push((*differs, text.to_owned())),
        }
    }
    // A line that differs from end to end is not marked: its sign says that already.
    if pieces.iter().all(|(differs, _)| *differs) {
        for (differs, _) in &mut pieces {
            *differs = false;
        }
    }
    let from_one = |index: Option<usize>| index.map(|index| index + 1);
    Line { sign, old: from_one(change.old_index()), new: from_one(change.new_index()), pieces, no_newline }
}

/// How many lines are added and removed.
pub(super) fn count(old: &str, new: &str) -> (usize, usize) {
    let (old, new) = (split(old), split(new));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_slices(&old, &new);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(ChangeTag::Insert), count(ChangeTag::Delete))
}
