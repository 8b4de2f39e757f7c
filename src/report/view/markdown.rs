//! Markdown (`CommonMark` with tables), for tickets and code reviews.

use std::fmt::Write as _;

use super::super::{ChangeRecord, DecisionRecord, FindingRecord, GuidelineRecord, Report, record::Choice};
use super::{
    OUTCOMES, SEVERITIES, count, glyph, grouped, is_practice, open_matters, particulars, verdict_sentence, words,
};
use crate::image::text::visible;

/// Markdown. `sha256` is that of `report.json`.
pub fn markdown(report: &Report, sha256: &str) -> String {
    let mut out = String::new();
    summary(&mut out, report, sha256);
    decisions(&mut out, report);
    out.push_str("\n## What was not checked\n\n");
    if report.limits.is_empty() {
        out.push_str("Nothing that the guidelines ask for was left out.\n");
    }
    for limit in &report.limits {
        put!(out, "- {}\n", esc(limit));
    }
    let mut phase = None;
    for record in &report.guidelines {
        if phase != Some(record.phase) {
            phase = Some(record.phase);
            put!(out, "\n## {}\n", record.phase.title());
        }
        guideline(&mut out, report, record);
    }
    ending(&mut out, report);
    out
}

/// `text` for running Markdown text and table cells: hidden characters visible, and nothing of it markup, wherever in
/// a line it stands.
fn esc(text: &str) -> String {
    let shown = visible(text);
    let mut out = String::with_capacity(shown.len());
    let mut rest = shown.as_str();
    let mut starts = true;
    while let Some(letter) = rest.chars().next() {
        // Addresses are not made links: the reader must not be led away by a crafted name. Numbers and dashes begin
        // lists, but only at the start of a line.
        let opens = match letter {
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            _ => None,
        };
        let escaped = match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => true,
            ':' => rest.starts_with("://"),
            '.' => starts || rest_of(&out, 3).eq_ignore_ascii_case("www"),
            '#' | '+' | '-' | '=' | ')' => starts,
            _ => false,
        };
        match (opens, escaped) {
            (Some(entity), _) => out.push_str(entity),
            (None, true) => out.extend(['\\', letter]),
            (None, false) => out.push(letter),
        }
        starts &= letter.is_ascii_digit();
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    out
}

/// The last `count` bytes of `text`, where they are whole characters.
fn rest_of(text: &str, count: usize) -> &str {
    text.len().checked_sub(count).and_then(|start| text.get(start..)).unwrap_or_default()
}

/// `text` as code, in a fence of backticks longer than any run inside, safe in table cells.
fn code(text: &str) -> String {
    let shown = visible(text).replace('|', "\\u{7c}");
    let fence = "`".repeat(longest_run(&shown) + 1);
    let space = if shown.starts_with('`') || shown.ends_with('`') || shown.is_empty() { " " } else { "" };
    format!("{fence}{space}{shown}{space}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

fn summary(out: &mut String, report: &Report, sha256: &str) {
    put!(out, "# Image preparation report: {}\n\n", report.summary.verdict.word());
    if is_practice(report) {
        out.push_str("**PRACTICE: this report is about a practice image. It vouches for nothing.**\n\n");
    }
    put!(out, "{}\n\n| | |\n| --- | --- |\n", verdict_sentence(report));
    for (name, value) in particulars(report) {
        put!(out, "| {name} | {} |\n", esc(&value));
    }
    put!(
        out,
        "\nSHA-256 of `report.json`, of which this text is a view (the text itself is not signed; `VERIFY.txt` says how to check):\n\n    {}\n\n",
        visible(&grouped(sha256))
    );
    out.push_str("## At a glance\n\n| Result |");
    for severity in SEVERITIES {
        put!(out, " {severity} |");
    }
    out.push_str("\n| --- | ---: | ---: | ---: |\n");
    for outcome in OUTCOMES {
        let counts = SEVERITIES.map(|severity| count(report, severity, outcome));
        if counts.iter().any(|count| *count > 0) {
            put!(out, "| {} {} |", glyph(outcome), words(outcome));
            for count in counts {
                put!(out, " {count} |");
            }
            out.push('\n');
        }
    }
    put!(
        out,
        "\n{} changes and {} commands were carried out. Only required guidelines decide the verdict.\n",
        report.changes.len(),
        report.commands.len()
    );
    let open = open_matters(report);
    if !open.is_empty() {
        out.push_str("\n## Not in order\n\n| Guideline | Result | What was found |\n| --- | --- | --- |\n");
        for record in open {
            let (id, title, found) = (esc(&record.id), esc(&record.title), esc(&record.after.summary));
            put!(out, "| {id} {title} | {} {} | {found} |\n", glyph(record.result), words(record.result));
        }
    }
}

fn decisions(out: &mut String, report: &Report) {
    let waived =
        |record: &&GuidelineRecord| record.decision.as_ref().is_some_and(|decision| decision.choice == Choice::Waive);
    if report.guidelines.iter().any(|record| waived(&record)) {
        out.push_str("\n## Waivers\n\n| Guideline | Reason | By | Until |\n| --- | --- | --- | --- |\n");
    }
    for record in report.guidelines.iter().filter(waived) {
        let Some(decision) = &record.decision else { continue };
        put!(
            out,
            "| {} {} | {} | {} | {} |\n",
            esc(&record.id),
            esc(&record.title),
            esc(decision.reason.as_deref().unwrap_or("none given")),
            esc(decision.by.as_deref().unwrap_or("nobody named")),
            decision.until.map_or_else(|| "no end".to_owned(), |until| until.to_string())
        );
    }
    if !report.attestations.is_empty() {
        out.push_str("\n## Confirmed by people\n\n| Guideline | Statement | By |\n| --- | --- | --- |\n");
    }
    for attestation in &report.attestations {
        let note = attestation.note.as_ref().map_or_else(String::new, |note| format!(" ({})", esc(note)));
        put!(
            out,
            "| {} | {}{note} | {} |\n",
            esc(&attestation.guideline),
            esc(&attestation.statement),
            esc(&attestation.by)
        );
    }
}

/// A decision in a sentence (not escaped).
pub(super) fn decision_words(decision: &DecisionRecord) -> String {
    let by = decision.by.as_deref().unwrap_or("nobody named");
    let at = decision.at.map_or_else(String::new, |at| format!(" ({at})"));
    match decision.choice {
        Choice::Apply => format!("To be carried out{at}."),
        Choice::ByHand => format!("To be done by hand{at}."),
        Choice::Later => format!("Put off{at}."),
        Choice::Attest => format!("Confirmed by {by}{at}."),
        Choice::Waive => format!(
            "Waived by {by}{at} until {}: {}",
            decision.until.map_or_else(|| "no end".to_owned(), |until| until.to_string()),
            decision.reason.as_deref().unwrap_or("no reason given")
        ),
    }
}

fn guideline(out: &mut String, report: &Report, record: &GuidelineRecord) {
    put!(
        out,
        "\n### {} {}\n\n{} **{}** ({})\n\n",
        esc(&record.id),
        esc(&record.title),
        glyph(record.result),
        words(record.result),
        record.severity
    );
    let same = record.before == record.after;
    finding(out, if same { "Found" } else { "Before" }, &record.before);
    if let Some(decision) = &record.decision {
        put!(out, "\nDecision: {}\n\n", esc(&decision_words(decision)));
    }
    for change in report.changes.iter().filter(|change| record.changes.contains(&change.id)) {
        self::change(out, change);
    }
    for command in report.commands.iter().filter(|command| record.changes.contains(&command.id)) {
        put!(
            out,
            "\n{} ran {}: {} ({})\n\n",
            esc(&command.id),
            code(&command.argv.join(" ")),
            esc(&command.purpose),
            esc(command.outcome.as_deref().unwrap_or("how it ended is not known"))
        );
    }
    if !same {
        finding(out, "After", &record.after);
    }
    let sources: Vec<String> =
        record.sources.iter().map(|source| format!("{}, {}", esc(&source.page), esc(&source.section))).collect();
    put!(out, "\nAsked for by: {}\n", sources.join("; "));
}

fn finding(out: &mut String, heading: &str, finding: &FindingRecord) {
    put!(out, "{heading}: {} ({})\n", esc(&finding.summary), finding.status.word());
    if !finding.observations.is_empty() {
        out.push('\n');
    }
    for seen in &finding.observations {
        out.push_str("- ");
        if let Some(path) = &seen.path {
            let line = seen.line.map_or_else(String::new, |line| format!(":{line}"));
            put!(out, "{} ", code(&format!("{path}{line}")));
        }
        if let Some(text) = &seen.text {
            out.push_str(&code(text));
        }
        out.push('\n');
    }
    if finding.unlisted > 0 {
        put!(out, "- and {} more places\n", finding.unlisted);
    }
}

fn change(out: &mut String, change: &ChangeRecord) {
    let masked = if change.secret { " (may hold secrets: masked, no digest kept)" } else { "" };
    put!(out, "\n{} {}: {}{masked}\n\n", esc(&change.id), code(&change.path), esc(&change.headline));
    if let Some(diff) = &change.diff {
        let lines: Vec<String> =
            diff.lines().map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t")).collect();
        let fence = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
        put!(out, "{fence}diff\n{}\n{fence}\n\n", lines.join("\n"));
    }
    if change.diff_truncated {
        out.push_str("The diff is longer and was cut here.\n\n");
    }
}

fn ending(out: &mut String, report: &Report) {
    if !report.finish_plan.is_empty() {
        out.push_str("\n## Left for the seal\n\nThese are done after this report has left the machine, as the last thing before it is switched off. Check them on the finished image.\n");
    }
    for step in &report.finish_plan {
        let lines: Vec<String> = step.by_hand.trim_end().lines().map(visible).collect();
        let fence = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
        put!(out, "\n{}\n\n{fence}\n{}\n{fence}\n", esc(&step.guideline), lines.join("\n"));
    }
    put!(out, "\n## Journal\n\n{} lines, each chained to the one before.\n", report.journal.count);
    if let Some(head) = &report.journal.head {
        put!(out, "Its head is {}.\n", code(head));
    }
    put!(
        out,
        "\n---\n\nView of report {}, written by {} {}. What is signed is report.json, not this text.\n",
        esc(&report.report_id),
        esc(&report.tool.name),
        esc(&report.tool.version)
    );
}
