//! What is different since the report before.

use std::fmt::Write as _;

use super::super::outline::Outline;
use super::super::words::counted;
use super::super::{particulars, since};
use super::{change, esc, link, rows};
use crate::report::Kind;
use crate::report::compare::{Comparison, Drift, conclusion};

/// The report that this one goes on from, and what changed since; empty when there is none.
pub(super) fn previous(outline: &Outline<'_>) -> String {
    let report = outline.report;
    let mut out = String::new();
    let Some(previous) = &report.previous else { return out };
    if report.kind == Kind::ImageAudit {
        out.push_str("<p>The report of the build, whose open steps this audit looks at.</p>\n");
    }
    rows(&mut out, &particulars::previous(previous));
    match &previous.comparison {
        Some(comparison) => compared(&mut out, outline, comparison),
        None => out.push_str("<p>The two were not compared.</p>\n"),
    }
    out
}

fn compared(out: &mut String, outline: &Outline<'_>, comparison: &Comparison) {
    let (class, sign) = if comparison.regression { ("bad", "✗ worse") } else { ("good", "✓ no worse") };
    put!(out, "<p><span class=\"mark {class}\">{sign}</span> {}</p>\n", esc(&conclusion(comparison)));
    for (heading, turns) in since::tables(comparison) {
        put!(
            out,
            "<h3>{heading} <span class=\"count\">{}</span></h3>\n<table class=\"three\">\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">How it stands</th><th scope=\"col\">Result</th></tr></thead>\n<tbody>\n",
            turns.len()
        );
        for row in turns {
            put!(
                out,
                "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{}</td></tr>\n",
                link(outline, row.id),
                esc(row.title),
                esc(row.now),
                row.turn
            );
        }
        out.push_str("</tbody></table>\n");
    }
    let waivers = since::waivers(comparison);
    if !waivers.is_empty() {
        out.push_str("<h3>What became of waivers</h3>\n<ul>\n");
        for (id, told) in waivers {
            put!(out, "<li>{} {}</li>\n", link(outline, id), esc(&told));
        }
        out.push_str("</ul>\n");
    }
    if let Some(drift) = &comparison.drift {
        drifted(out, drift);
    }
}

fn drifted(out: &mut String, drift: &Drift) {
    put!(
        out,
        "<h3>Files that the report before had changed</h3>\n<p>{} as it left them, {} not.</p>\n",
        counted(drift.same, "file"),
        drift.files.len()
    );
    for file in &drift.files {
        put!(out, "<div class=\"change\">\n<p><code>{}</code> {}</p>\n", esc(&file.path), esc(&since::drifted(file)));
        if let Some(diff) = &file.diff {
            change::diff(out, diff);
        }
        if file.diff_truncated {
            out.push_str("<p class=\"soft\">The diff is longer and was cut.</p>\n");
        }
        out.push_str("</div>\n");
    }
}
