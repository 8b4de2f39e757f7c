//! What was carried out: each change with its diff, whole files that went as a table, commands.

use std::fmt::Write as _;

use super::super::outline::Carried;
use super::super::words;
use super::esc;
use crate::report::{ChangeKind, ChangeRecord, CommandRecord, NodeRecord};

/// How many rows of a table are shown before the rest is folded.
const SHOWN: usize = 12;
/// A longer diff is folded; that of a file that went is folded sooner, since it only repeats the file.
const LONG: usize = 120;
const LONG_REMOVAL: usize = 12;

/// Everything that was carried out for one guideline.
pub(super) fn all(carried: &[Carried<'_>]) -> String {
    let mut out = String::new();
    let mut bare = Vec::new();
    for item in carried {
        match item {
            Carried::Change(change) if change.diff.is_some() || change.after.is_some() => one(&mut out, change),
            Carried::Change(change) => bare.push(*change),
            Carried::Command(command) => ran(&mut out, command),
        }
    }
    let (first, rest) = bare.split_at(bare.len().min(SHOWN));
    table(&mut out, first);
    if !rest.is_empty() {
        put!(out, "<details><summary>{} more paths</summary>\n", rest.len());
        table(&mut out, rest);
        out.push_str("</details>\n");
    }
    out
}

/// Paths that went, of which there is no text to show.
fn table(out: &mut String, changes: &[&ChangeRecord]) {
    if changes.is_empty() {
        return;
    }
    out.push_str("<table class=\"paths\">\n<thead><tr><th scope=\"col\">Change</th><th scope=\"col\">Path</th><th scope=\"col\">What was done</th></tr></thead>\n<tbody>\n");
    for change in changes {
        put!(
            out,
            "<tr><td>{}</td><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>\n",
            esc(&change.id),
            esc(&change.path),
            esc(&words::done(change))
        );
    }
    out.push_str("</tbody></table>\n");
}

fn one(out: &mut String, change: &ChangeRecord) {
    put!(
        out,
        "<div class=\"change\">\n<p>{} <code>{}</code>: {}</p>\n<ul class=\"seen\">\n",
        esc(&change.id),
        esc(&change.path),
        esc(&words::done(change))
    );
    for (name, node) in [("before", &change.before), ("after", &change.after)] {
        if let Some(node) = node {
            put!(out, "<li>{name}: {}</li>\n", side(node));
        }
    }
    out.push_str("</ul>\n");
    if let Some(diff) = &change.diff {
        let lines = diff.lines().count();
        let long = if change.kind == ChangeKind::Remove { LONG_REMOVAL } else { LONG };
        let masked = if change.secret { ", secrets masked" } else { "" };
        if lines > long {
            put!(out, "<details><summary>Diff, {lines} lines{masked}</summary>\n");
            self::diff(out, diff);
            out.push_str("</details>\n");
        } else {
            self::diff(out, diff);
        }
    }
    if change.diff_truncated {
        out.push_str("<p class=\"soft\">The diff is longer and was cut.</p>\n");
    }
    out.push_str("</div>\n");
}

fn side(node: &NodeRecord) -> String {
    let digest =
        node.sha256.as_ref().map_or_else(String::new, |sha256| format!(", SHA-256 <code>{}</code>", esc(sha256)));
    format!("{}{digest}", esc(&words::node(node)))
}

/// A unified diff, line by line: the sign stays, the element says the same to who does not see it, colour is extra.
pub(super) fn diff(out: &mut String, diff: &str) {
    out.push_str("<pre tabindex=\"0\" role=\"group\" aria-label=\"Diff\">");
    for (number, line) in diff.lines().enumerate() {
        let (open, close) = match line.as_bytes() {
            [b'\\' | b'@', ..] => ("span class=\"place\"", "span"),
            _ if number < 2 => ("span class=\"place\"", "span"),
            [b'+', ..] => ("ins", "ins"),
            [b'-', ..] => ("del", "del"),
            _ => ("span", "span"),
        };
        let text: Vec<String> = line.split('\t').map(esc).collect();
        put!(out, "<{open}>{}\n</{close}>", text.join("\t"));
    }
    out.push_str("</pre>\n");
}

fn ran(out: &mut String, command: &CommandRecord) {
    put!(
        out,
        "<div class=\"change\">\n<p>{} ran <code>{}</code>: {} <span class=\"soft\">({})</span></p>\n</div>\n",
        esc(&command.id),
        esc(&command.argv.join(" ")),
        esc(&command.purpose),
        esc(command.outcome.as_deref().unwrap_or("how it ended is not known"))
    );
}
