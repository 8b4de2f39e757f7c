//! What is different since the report before, in Markdown.

use std::fmt::Write as _;

use super::super::words::counted;
use super::super::{particulars, since};
use super::escape::{block, code, esc};
use super::rows;
use crate::report::Report;
use crate::report::compare::{Comparison, conclusion};

/// The report that this one goes on from, and what changed since; nothing when there is none.
pub(super) fn previous(out: &mut String, report: &Report) {
    let Some(previous) = &report.previous else { return };
    out.push_str("\n## Since the report before\n");
    rows(out, &particulars::previous(previous));
    match &previous.comparison {
        Some(comparison) => compared(out, comparison),
        None => out.push_str("\nThe two were not compared.\n"),
    }
}

fn compared(out: &mut String, comparison: &Comparison) {
    put!(out, "\n{}\n", esc(&conclusion(comparison)));
    for (heading, turns) in since::tables(comparison) {
        put!(out, "\n### {heading} ({})\n\n| Guideline | How it stands | Result |\n| --- | --- | --- |\n", turns.len());
        for row in turns {
            put!(out, "| {} {} | {} | {} |\n", esc(row.id), esc(row.title), esc(row.now), row.turn);
        }
    }
    let waivers = since::waivers(comparison);
    if !waivers.is_empty() {
        out.push_str("\n### What became of waivers\n\n");
    }
    for (id, told) in waivers {
        put!(out, "- {} {}\n", esc(id), esc(&told));
    }
    let Some(drift) = &comparison.drift else { return };
    put!(
        out,
        "\n### Files that the report before had changed\n\n{} as it left them, {} not.\n",
        counted(drift.same, "file"),
        drift.files.len()
    );
    for file in &drift.files {
        put!(out, "\n{} {}\n", code(&file.path), esc(&since::drifted(file)));
        if let Some(diff) = &file.diff {
            block(out, "diff", diff);
        }
        if file.diff_truncated {
            out.push_str("\nThe diff is longer and was cut.\n");
        }
    }
}
