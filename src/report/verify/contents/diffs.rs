//! Whether the diff of a change holds together, and gives the very files it speaks of where it shows all of them.

use crate::report::{ChangeKind, ChangeRecord, NodeKind, NodeRecord, Withheld, sha256_hex};

/// Lines of context in a diff.
const CONTEXT: usize = 3;

/// What is wrong with the diff of `change`, whose heading names it.
pub(super) fn fault(change: &ChangeRecord) -> Option<&'static str> {
    let Some(diff) = &change.diff else {
        return untold(change).then_some("changes text, but shows no diff of it");
    };
    let has_text = |node: &NodeRecord| node.kind == NodeKind::File && node.withheld != Some(Withheld::TooLarge);
    if ![&change.before, &change.after].into_iter().flatten().all(has_text) {
        return Some("has a diff of what has no text");
    }
    let Some(hunks) = hunks(diff).filter(|hunks| fit(hunks, change.diff_truncated)) else {
        return Some("has a diff whose line numbers are not those of its lines");
    };
    let gives = |side: Side, node: Option<&NodeRecord>| gives(&hunks, side, node);
    let is_whole = !change.secret && !change.diff_truncated;
    (is_whole && !(gives(Side::Old, change.before.as_ref()) && gives(Side::New, change.after.as_ref())))
        .then_some("has a diff that does not give the file whose digest it states")
}

/// Whether the content changed without a diff, though its headline does not say that it is no text.
fn untold(change: &ChangeRecord) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return false };
    let (Some(old), Some(new), true) = (before.size, after.size, before.sha256.is_some() && after.sha256.is_some())
    else {
        return false;
    };
    let binary = format!("edited, binary, {old} to {new} bytes");
    let emptied = format!("emptied, {old} bytes");
    let says = |words: &str| change.headline.starts_with(words);
    let is_told = change.diff_truncated || says(&binary) || new == 0 && says(&emptied);
    change.kind == ChangeKind::Edit && !is_told
}

/// One side of a diff.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

struct Line<'a> {
    sign: char,
    text: &'a str,
    no_newline: bool,
}

impl Line<'_> {
    fn is_on(&self, side: Side) -> bool {
        match side {
            Side::Old => self.sign != '+',
            Side::New => self.sign != '-',
        }
    }
}

/// A hunk with what its heading says of each side: the first line, from 1, and how many; 0 where there are none.
struct Hunk<'a> {
    old: (u32, u32),
    new: (u32, u32),
    lines: Vec<Line<'a>>,
}

/// The hunks below the two lines of the heading; `None` where a line is none of a diff.
fn hunks(diff: &str) -> Option<Vec<Hunk<'_>>> {
    let mut hunks: Vec<Hunk<'_>> = Vec::new();
    for line in diff.strip_suffix('\n')?.split('\n').skip(2) {
        match line.chars().next()? {
            '@' => {
                let (old, new) = line.strip_prefix("@@ -")?.strip_suffix(" @@")?.split_once(" +")?;
                let hunk = Hunk { old: range(old)?, new: range(new)?, lines: Vec::new() };
                hunks.push(hunk);
            }
            sign @ (' ' | '-' | '+') => {
                hunks.last_mut()?.lines.push(Line { sign, text: line.get(1..)?, no_newline: false });
            }
            _ if line == "\\ No newline at end of file" => hunks.last_mut()?.lines.last_mut()?.no_newline = true,
            _ => return None,
        }
    }
    Some(hunks)
}

fn range(text: &str) -> Option<(u32, u32)> {
    let (first, count) = text.split_once(',')?;
    let range = (first.parse().ok()?, count.parse().ok()?);
    (format!("{},{}", range.0, range.1) == text).then_some(range)
}

/// Whether the headings say how many lines there are and where, hunk after hunk. Of a diff that was cut, the last hunk has
/// fewer.
fn fit(hunks: &[Hunk<'_>], cut: bool) -> bool {
    let (mut old_end, mut new_end) = (0, 0);
    for (number, hunk) in (1..).zip(hunks) {
        let count = |side| u32::try_from(hunk.lines.iter().filter(|line| line.is_on(side)).count()).unwrap_or(u32::MAX);
        let (old, new) = (count(Side::Old), count(Side::New));
        let counts = match (old.cmp(&hunk.old.1), new.cmp(&hunk.new.1)) {
            _ if !(cut && number == hunks.len()) => (old, new) == (hunk.old.1, hunk.new.1),
            (old, new) => old.is_le() && new.is_le() && (old.is_lt() || new.is_lt()),
        };
        let is_placed = match ((hunk.old.0, hunk.old.1), (hunk.new.0, hunk.new.1)) {
            // An empty side: of the whole file.
            ((0, 0), (1, 1..)) | ((1, 1..), (0, 0)) => hunks.len() == 1,
            // What lies between two hunks is the same on both sides.
            ((1.., 1..), (1.., 1..)) => {
                let between = hunk.old.0.checked_sub(old_end);
                between.is_some_and(|between| between > 0) && between == hunk.new.0.checked_sub(new_end)
            }
            _ => false,
        };
        if !counts || !is_placed {
            return false;
        }
        old_end = hunk.old.0.saturating_add(hunk.old.1 - u32::from(hunk.old.1 > 0));
        new_end = hunk.new.0.saturating_add(hunk.new.1 - u32::from(hunk.new.1 > 0));
    }
    !hunks.is_empty()
}

/// Whether the diff, where it shows one side of the file from its first line to its last, gives what `node` states of it.
fn gives(hunks: &[Hunk<'_>], side: Side, node: Option<&NodeRecord>) -> bool {
    let [hunk] = hunks else { return true };
    let lines = || hunk.lines.iter().filter(|line| line.is_on(side));
    let Some(node) = node else { return lines().next().is_none() };
    let (first, _) = if side == Side::Old { hunk.old } else { hunk.new };
    let (Some(bytes), Some(sha256), 0 | 1) = (node.size, &node.sha256, first) else { return true };
    let mut text = String::new();
    for line in lines() {
        text.push_str(line.text);
        text.push_str(if line.no_newline { "" } else { "\n" });
    }
    // What cannot be seen is written otherwise than it is.
    if text.contains("\\u{") || text.contains(char::REPLACEMENT_CHARACTER) {
        return true;
    }
    let context = hunk.lines.iter().rev().take_while(|line| line.sign == ' ').count();
    // Below this much context there is no further line; with it, there may be.
    let is_whole = context < CONTEXT || lines().next_back().is_some_and(|line| line.no_newline);
    match u64::try_from(text.len()).unwrap_or(u64::MAX).cmp(&bytes) {
        std::cmp::Ordering::Equal => sha256_hex(text.as_bytes()) == *sha256,
        std::cmp::Ordering::Less => !is_whole,
        std::cmp::Ordering::Greater => false,
    }
}
