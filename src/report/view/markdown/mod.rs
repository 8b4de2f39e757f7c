//! Markdown (`CommonMark` with tables), for tickets and code reviews. Text becomes part of it only through
//! [`escape`].

use std::fmt::Write as _;

use super::super::Report;
use super::outline::{GROUPS, Outline, SEVERITIES};
use super::particulars;
use super::words::{
    PRACTICE, confirmed, counted, glyph, grouped, heading, moment, tally, until, verdict_sentence, words,
};
use crate::report::Kind;

mod escape;
mod guideline;
mod since;

use escape::{code, esc};

/// Markdown. `sha256` is that of `report.json`.
pub fn markdown(report: &Report, sha256: &str) -> String {
    let outline = Outline::new(report);
    let mut out = String::new();
    head(&mut out, report, sha256);
    glance(&mut out, &outline);
    open(&mut out, &outline);
    waivers(&mut out, &outline);
    attestations(&mut out, report);
    since::previous(&mut out, report);
    limits(&mut out, report);
    own_traces(&mut out, report);
    for group in &GROUPS {
        guideline::group(&mut out, &outline, group);
    }
    ending(&mut out, report);
    out
}

fn head(out: &mut String, report: &Report, sha256: &str) {
    put!(out, "# {}: {}\n\n", heading(report.kind), report.summary.verdict.word());
    if report.kind == Kind::Practice {
        put!(out, "**{PRACTICE}**\n\n");
    }
    put!(out, "{}\n", verdict_sentence(report));
    rows(out, &particulars::essential(report));
    put!(
        out,
        "\nSHA-256 of `report.json`, of which this text is a view (the text itself is not signed; `VERIFY.txt` says how to check who vouches):\n\n    {}\n",
        grouped(sha256)
    );
}

/// Names and values, as a table.
fn rows(out: &mut String, rows: &[(&'static str, String)]) {
    out.push_str("\n| | |\n| --- | --- |\n");
    for (name, value) in rows {
        put!(out, "| {name} | {} |\n", esc(value));
    }
}

fn glance(out: &mut String, outline: &Outline<'_>) {
    put!(out, "\n## At a glance\n\n{}\n\n| Result |", tally(outline));
    for severity in SEVERITIES {
        put!(out, " {severity} |");
    }
    out.push_str("\n| --- | ---: | ---: | ---: |\n");
    for outcome in GROUPS.iter().flat_map(|group| group.outcomes).copied() {
        let counts = SEVERITIES.map(|severity| outline.count(severity, &[outcome]));
        if counts != [0; 3] {
            let [required, recommended, optional] = counts;
            put!(out, "| {} {} | {required} | {recommended} | {optional} |\n", glyph(outcome), words(outcome));
        }
    }
    put!(
        out,
        "\n{} and {} carried out. Only required guidelines decide the verdict.\n",
        counted(outline.report.changes.len(), "change"),
        counted(outline.report.commands.len(), "command")
    );
}

fn open(out: &mut String, outline: &Outline<'_>) {
    out.push_str("\n## What is open\n\n");
    let open = outline.open();
    if open.is_empty() {
        out.push_str("Nothing: every required guideline is in order, does not apply, or was waived.\n");
    } else {
        out.push_str("| Guideline | Result | Why it is open |\n| --- | --- | --- |\n");
    }
    for record in open {
        let (id, title, found) = (esc(&record.id), esc(&record.title), esc(&record.after.summary));
        put!(out, "| {id} {title} | {} {} | {found} |\n", glyph(record.result), words(record.result));
    }
    let besides: Vec<String> = outline.failing_besides().iter().map(|record| esc(&record.id)).collect();
    if !besides.is_empty() {
        put!(out, "\nRecommended or optional guidelines that fail: {}.\n", besides.join(", "));
    }
}

fn waivers(out: &mut String, outline: &Outline<'_>) {
    let waivers = outline.waivers();
    if waivers.is_empty() {
        return;
    }
    out.push_str("\n## Waivers\n\n| Guideline | Why | By whom | Until |\n| --- | --- | --- | --- |\n");
    for (record, decision) in waivers {
        let at = decision.at.map_or_else(String::new, |at| format!(", {}", moment(at)));
        put!(
            out,
            "| {} {} ({}) | {} | {}{at} | {} |\n",
            esc(&record.id),
            esc(&record.title),
            record.severity,
            esc(decision.reason.as_deref().unwrap_or("no reason given")),
            esc(decision.by.as_deref().unwrap_or("nobody named")),
            until(decision)
        );
    }
}

fn attestations(out: &mut String, report: &Report) {
    if report.attestations.is_empty() {
        return;
    }
    out.push_str("\n## Confirmed by people\n\n| Guideline | Statement | By whom |\n| --- | --- | --- |\n");
    for said in &report.attestations {
        let note = said.note.as_ref().map_or_else(String::new, |note| format!(" (note: {})", esc(note)));
        put!(out, "| {} | {}{note} | {} |\n", esc(&said.guideline), esc(&said.statement), esc(&confirmed(said)));
    }
}

fn limits(out: &mut String, report: &Report) {
    out.push_str("\n## What was not checked\n\n");
    if report.limits.is_empty() {
        out.push_str("Nothing that the guidelines ask for was left out.\n");
    }
    for limit in &report.limits {
        put!(out, "- {}\n", esc(limit));
    }
}

fn own_traces(out: &mut String, report: &Report) {
    if report.own_traces.is_empty() {
        return;
    }
    out.push_str("\n## What Seaworthy left on the image\n\n| Path | Removed by |\n| --- | --- |\n");
    for trace in &report.own_traces {
        put!(out, "| {} | {} |\n", code(&trace.path), esc(&trace.removed_by));
    }
}

fn ending(out: &mut String, report: &Report) {
    out.push_str("\n## Particulars\n");
    for (heading, all) in particulars::all(report) {
        put!(out, "\n### {heading}\n");
        rows(out, &all);
    }
    put!(out, "\n## Journal\n\n{}, each chained to the one before.\n", counted(report.journal.count, "line"));
    if let Some(head) = &report.journal.head {
        put!(out, "The digest of the last is {}. The lines are in `report.json`.\n", code(head));
    }
    put!(
        out,
        "\n---\n\nView of report {}, written by {} {}. What is signed is `report.json`, not this text.\n",
        esc(&report.report_id),
        esc(&report.tool.name),
        esc(&report.tool.version)
    );
}
