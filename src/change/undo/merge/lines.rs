//! Three texts merged line by line.
//!
//! Unlike most merge programs this one takes edits of neighbouring lines for independent: in a configuration file each
//! line stands for itself, and several guidelines edit lines that lie side by side.

use std::fmt::Write as _;
use std::ops::Range;

use similar::DiffTag;

use crate::change::compare::operations;
use crate::image::text;

/// One side's edit: these lines of the base become those of the side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit<'a> {
    base: Range<usize>,
    lines: Vec<&'a [u8]>,
}

/// The base with the edits of both sides; where they touch the same lines, the conflict as people read it.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Vec<u8>, String> {
    let base = split(base);
    let (ours, theirs) = (edits(&base, &split(ours)), edits(&base, &split(theirs)));
    let mut shown = String::new();
    for one in &ours {
        for other in theirs.iter().filter(|other| *other != one && collide(&one.base, &other.base)) {
            let _ = writeln!(shown, "<<<<<<< now{}", show(&one.lines));
            let _ = writeln!(shown, "======={}", show(&other.lines));
            shown.push_str(">>>>>>> before\n");
        }
    }
    if !shown.is_empty() {
        return Err(shown.trim_end().to_owned());
    }
    let mut edits = ours;
    for edit in theirs {
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    // An insertion before a line comes before an edit of that line.
    edits.sort_by_key(|edit| (edit.base.start, edit.base.end));
    let mut merged = Vec::new();
    let mut at = 0;
    for edit in &edits {
        push(&mut merged, base.get(at..edit.base.start).unwrap_or_default());
        push(&mut merged, &edit.lines);
        at = edit.base.end;
    }
    push(&mut merged, base.get(at..).unwrap_or_default());
    Ok(merged)
}

/// The lines that were written over or added to the base since, each after a line break.
pub(super) fn since(base: &[u8], now: &[u8]) -> String {
    edits(&split(base), &split(now)).iter().map(|edit| show(&edit.lines)).collect()
}

/// Adds lines; the last line of one text, which may lack its newline, gets one when others follow.
fn push(merged: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        if merged.last().is_some_and(|last| *last != b'\n') {
            merged.push(b'\n');
        }
        merged.extend_from_slice(line);
    }
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn edits<'a>(base: &[&'a [u8]], side: &[&'a [u8]]) -> Vec<Edit<'a>> {
    let mut edits = Vec::new();
    for op in operations(base, side, None) {
        let (tag, old, new) = op.as_tag_tuple();
        let lines = side.get(new).unwrap_or_default();
        match tag {
            DiffTag::Equal => {}
            // As many lines as before: each is an edit of its own.
            DiffTag::Replace if old.len() == lines.len() => {
                let single = old.zip(lines).map(|(line, text)| Edit { base: line..line + 1, lines: vec![*text] });
                edits.extend(single);
            }
            _ => edits.push(Edit { base: old, lines: lines.to_vec() }),
        }
    }
    edits
}

fn collide(one: &Range<usize>, other: &Range<usize>) -> bool {
    (one.start < other.end && other.start < one.end) || (one.is_empty() && one == other)
}

fn show(lines: &[&[u8]]) -> String {
    const SHOWN: usize = 20;
    lines.iter().take(SHOWN).fold(String::new(), |mut shown, line| {
        let line = String::from_utf8_lossy(line);
        let _ = write!(shown, "\n{}", text::visible(line.trim_end_matches('\n')));
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> Option<String> {
        let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()).ok()?;
        Some(String::from_utf8(merged).unwrap())
    }

    #[test]
    fn edits_of_neighbouring_lines_are_independent() {
        assert_eq!(merged("a\nb\nc\n", "a\nB\nc\n", "a\nb\nC\n").unwrap(), "a\nB\nC\n");
        assert_eq!(merged("a\nb\nc\n", "A\nB\nc\n", "a\nb\nC\n").unwrap(), "A\nB\nC\n");
        assert_eq!(merged("a\nx\nb\n", "a\nx\ny\nb\n", "a\nb\n").unwrap(), "a\ny\nb\n");
        assert_eq!(merged("a\nb", "a\nb\nc", "A\nb").unwrap(), "A\nb\nc");
    }

    #[test]
    fn the_same_edit_counts_once() {
        assert_eq!(merged("a\nb\n", "a\nc\n", "a\nc\n").unwrap(), "a\nc\n");
    }

    #[test]
    fn edits_of_one_line_collide() {
        assert_eq!(merged("a\n", "b\n", "c\n"), None);
        assert_eq!(merged("a\n", "a\nb\n", "a\nc\n"), None);
        assert_eq!(merged("a\nb\nc\n", "a\nX\n", "a\nb\nC\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn a_side_that_changed_nothing_leaves_the_other(base in "[abc\n]{0,30}", side in "[abc\n]{0,30}") {
            proptest::prop_assert_eq!(merged(&base, &side, &base), Some(side.clone()));
            proptest::prop_assert_eq!(merged(&base, &base, &side), Some(side));
        }
    }
}
