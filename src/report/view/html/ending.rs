//! What stands at the end: particulars, and the journal folded.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::particulars;
use super::{esc, rows};
use crate::report::Report;

/// How many lines of the journal are shown; the report has them all.
const SHOWN: usize = 1000;

/// Every name and value about image, machine, operator and program.
pub(super) fn particulars(report: &Report) -> String {
    let mut out = String::new();
    for (heading, all) in particulars::all(report) {
        put!(out, "<h3>{heading}</h3>\n");
        rows(&mut out, &all);
    }
    out
}

/// The journal: its head in sight, its lines folded.
pub(super) fn journal(report: &Report) -> String {
    let journal = &report.journal;
    let Some(head) = &journal.head else {
        return "<p>Nothing was journaled.</p>\n".to_owned();
    };
    let mut out = format!(
        "<p>Each line carries the digest of the one before, so that none can be changed, moved or left out unseen. The digest of the last is <code>{}</code>.</p>\n<details><summary>The lines</summary>\n<ol class=\"journal\" start=\"0\">\n",
        esc(head)
    );
    for line in journal.lines.iter().take(SHOWN) {
        put!(out, "<li>{}</li>\n", in_words(line));
    }
    out.push_str("</ol>\n</details>\n");
    if let Some(more) = journal.lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        put!(out, "<p class=\"soft\">{more} more lines are in report.json.</p>\n");
    }
    out
}

/// A line of the journal: when, what, and the plain values of the event.
fn in_words(line: &str) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parsed = serde_json::from_str::<Value>(line).unwrap_or_default();
    let Some(event) = parsed.get("event").and_then(Value::as_object) else { return esc(line) };
    let kind = event.get("kind").map(text).unwrap_or_default();
    let values = event.iter().filter(|(name, value)| *name != "kind" && !value.is_object() && !value.is_null());
    let said: Vec<String> = values.map(|(name, value)| format!("{name} {}", text(value))).collect();
    let at = parsed.get("at").map(text).unwrap_or_default();
    format!("{} <strong>{}</strong> {}", esc(&at), esc(&kind), esc(&said.join(", ")))
}
