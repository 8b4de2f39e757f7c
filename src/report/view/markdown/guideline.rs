//! Guidelines in Markdown: those with something to tell in full, the others a line each.

use std::fmt::Write as _;

use super::super::outline::{Carried, Group, Outline, moved, worth_telling};
use super::super::words::{self, glyph};
use super::escape::{block, code, esc};
use crate::report::{ChangeKind, ChangeRecord, FindingRecord, GuidelineRecord, NodeRecord};

/// A longer diff of a file that went is left to `report.json`, since it only repeats the file.
const LONG_REMOVAL: usize = 12;

/// The guidelines of `group`, under its heading; nothing when there is none.
pub(super) fn group(out: &mut String, outline: &Outline<'_>, group: &Group) {
    let records = outline.group(group);
    if records.is_empty() {
        return;
    }
    put!(out, "\n## {} ({})\n\n{}\n", group.title, records.len(), group.note);
    let (told, lines): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| !group.quiet || moved(record));
    for record in told {
        self::told(out, outline, record);
    }
    if !lines.is_empty() {
        out.push_str("\n| Guideline | | Found |\n| --- | --- | --- |\n");
    }
    for record in lines {
        let (id, title) = (esc(&record.id), esc(&record.title));
        put!(out, "| {} {id} {title} | {} | {} |\n", glyph(record.result), record.severity, esc(&record.after.summary));
    }
}

fn told(out: &mut String, outline: &Outline<'_>, record: &GuidelineRecord) {
    put!(
        out,
        "\n### {} {}\n\n{} **{}**, {}, {}\n",
        esc(&record.id),
        esc(&record.title),
        glyph(record.result),
        words::words(record.result),
        record.severity,
        record.phase.title()
    );
    let same = record.before == record.after;
    finding(out, if same { "Found" } else { "Before" }, &record.before);
    if let Some(decision) = record.decision.as_ref().filter(|decision| worth_telling(record, decision)) {
        put!(out, "\n**Decision:** {}\n", esc(&words::decision(decision)));
        if let Some(reason) = &decision.reason {
            put!(out, "\n> {}\n", esc(reason));
        }
        if let Some(said) = outline.attestation(record) {
            let note = said.note.as_ref().map_or_else(String::new, |note| format!(" (note: {})", esc(note)));
            put!(out, "\n> {}{note}\n", esc(&said.statement));
        }
    }
    carried(out, &outline.carried(record));
    if !same {
        finding(out, "After", &record.after);
    }
    if let Some(step) = outline.step(record) {
        out.push_str("\n**To do:**\n");
        block(out, "", step.by_hand.trim_end());
    }
    let sources: Vec<String> =
        record.sources.iter().map(|source| format!("{}, {}", esc(&source.page), esc(&source.section))).collect();
    put!(out, "\nAsked for by: {}\n", sources.join("; "));
}

fn finding(out: &mut String, name: &str, finding: &FindingRecord) {
    put!(out, "\n**{name}:** {}. {}\n", words::status(finding.status), esc(&finding.summary));
    if !finding.observations.is_empty() || finding.unlisted > 0 {
        out.push('\n');
    }
    for seen in &finding.observations {
        let line = seen.line.map_or_else(String::new, |line| format!(":{line}"));
        let path = seen.path.as_ref().map(|path| code(&format!("{path}{line}")));
        let parts: Vec<String> = path.into_iter().chain(seen.text.as_deref().map(code)).collect();
        put!(out, "- {}\n", parts.join(" "));
    }
    if finding.unlisted > 0 {
        put!(out, "- {} more places were seen and are not listed\n", finding.unlisted);
    }
}

/// What was carried out: what has a diff or was left behind in full, then commands, then paths that went.
fn carried(out: &mut String, carried: &[Carried<'_>]) {
    let mut gone = String::new();
    for item in carried {
        match item {
            Carried::Change(change) if change.diff.is_some() || change.after.is_some() => self::change(out, change),
            Carried::Change(change) => {
                put!(gone, "- {} {}: {}\n", esc(&change.id), code(&change.path), esc(&words::done(change)));
            }
            Carried::Command(command) => put!(
                out,
                "\n**{}** ran {}: {} ({})\n",
                esc(&command.id),
                code(&command.argv.join(" ")),
                esc(&command.purpose),
                esc(command.outcome.as_deref().unwrap_or("how it ended is not known"))
            ),
        }
    }
    if !gone.is_empty() {
        put!(out, "\n{gone}");
    }
}

fn change(out: &mut String, change: &ChangeRecord) {
    put!(out, "\n**{}** {}: {}\n\n", esc(&change.id), code(&change.path), esc(&words::done(change)));
    for (name, node) in [("before", &change.before), ("after", &change.after)] {
        if let Some(node) = node {
            put!(out, "- {name}: {}\n", side(node));
        }
    }
    if let Some(diff) = &change.diff {
        let lines = words::counted(diff.lines().count(), "line");
        let masked = if change.secret { ", secrets masked" } else { "" };
        if change.kind == ChangeKind::Remove && diff.lines().count() > LONG_REMOVAL {
            put!(out, "\nIts diff is in `report.json`: {lines}{masked}.\n");
        } else {
            block(out, "diff", diff);
        }
    }
    if change.diff_truncated {
        out.push_str("\nThe diff is longer and was cut.\n");
    }
}

fn side(node: &NodeRecord) -> String {
    let digest = node.sha256.as_ref().map_or_else(String::new, |sha256| format!(", SHA-256 {}", code(sha256)));
    format!("{}{digest}", esc(&words::node(node)))
}
