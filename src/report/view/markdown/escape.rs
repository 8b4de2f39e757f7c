//! Text that stays text, whatever it holds, in `CommonMark` with GitHub's extensions.

use std::fmt::Write as _;

use crate::image::text::visible;

/// `text` for running text and table cells: hidden characters visible, and nothing of it markup, wherever in a line it
/// stands.
///
/// Words that a renderer would make a link of without being asked (addresses, `@names`, `#1`), or mathematics (`$`), are
/// shown as code, since no escape keeps them from it: the reader must not be led away by a crafted name.
pub(super) fn esc(text: &str) -> String {
    let shown = visible(text);
    let words: Vec<String> =
        shown.trim().split(' ').map(|word| if lures(word) { code(word) } else { plain(word) }).collect();
    let mut out = words.join(" ");
    // What begins a heading, a list or a rule does so only at the start of a line.
    let digits = out.bytes().take_while(u8::is_ascii_digit).count();
    if out.starts_with(['#', '+', '-', '=']) {
        out.insert(0, '\\');
    } else if digits > 0 && out.get(digits..).is_some_and(|rest| rest.starts_with(['.', ')'])) {
        out.insert(digits, '\\');
    }
    out
}

fn lures(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let named = ["://", "www.", "mailto:", "xmpp:", "@", "$"].iter().any(|part| lower.contains(part));
    named || lower.split('#').skip(1).any(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

fn plain(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for letter in word.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    out
}

/// `text` as code, in backticks more than any run inside, safe in table cells.
pub(super) fn code(text: &str) -> String {
    let shown = visible(text).replace('|', "\\u{7c}");
    let ticks = "`".repeat(longest_run(&shown) + 1);
    let space = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) || shown.is_empty() { " " } else { "" };
    format!("{ticks}{space}{shown}{space}{ticks}")
}

/// `lines` as a block of code, in a fence longer than any run of backticks inside. Tabs stay.
pub(super) fn block(out: &mut String, language: &str, lines: &str) {
    let lines: Vec<String> =
        lines.lines().map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t")).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    put!(out, "\n{fence}{language}\n{}\n{fence}\n", lines.join("\n"));
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}
