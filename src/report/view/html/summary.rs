//! What a reader takes in before any single guideline.

use std::fmt::Write as _;

use super::super::outline::{GROUPS, Outline, SEVERITIES};
use super::super::particulars;
use super::super::words::{confirmed, counted, glyph, grouped, moment, tally, until, words};
use super::{colour, esc, link, mark, rows};
use crate::catalogue::Severity;
use crate::report::Report;

/// Which image, who vouches, and the digest.
pub(super) fn essential(out: &mut String, report: &Report, sha256: &str) {
    rows(out, &particulars::essential(report));
    put!(
        out,
        "<div class=\"digest\"><p>SHA-256 of <code>report.json</code>, of which this page is a view. The page itself is not \
         signed; <code>VERIFY.txt</code> says how to check who vouches.</p>\n<p class=\"mono\">{}</p></div>\n",
        esc(&grouped(sha256))
    );
}

/// How all guidelines stand, in numbers.
pub(super) fn glance(outline: &Outline<'_>) -> String {
    let report = outline.report;
    let mut out = format!("<p>{}</p>\n", tally(outline));
    bar(&mut out, outline);
    out.push_str("<table class=\"glance\">\n<thead><tr><th scope=\"col\">Result</th>");
    for severity in SEVERITIES {
        put!(out, "<th scope=\"col\" class=\"number\">{severity}</th>");
    }
    out.push_str("<th scope=\"col\" class=\"number\">all</th></tr></thead>\n<tbody>\n");
    for outcome in GROUPS.iter().flat_map(|group| group.outcomes).copied() {
        let counts = SEVERITIES.map(|severity| outline.count(severity, &[outcome]));
        if counts != [0; 3] {
            let class = colour(outcome, Severity::Required);
            put!(
                out,
                "<tr><th scope=\"row\"><span class=\"mark {class}\">{} {}</span></th>",
                glyph(outcome),
                words(outcome)
            );
            numbers(&mut out, counts);
        }
    }
    out.push_str("</tbody>\n<tfoot><tr><th scope=\"row\">all</th>");
    numbers(&mut out, SEVERITIES.map(|severity| report.guidelines.iter().filter(|it| it.severity == severity).count()));
    put!(
        out,
        "</tfoot></table>\n<p class=\"soft\">{} and {} carried out. Only required guidelines decide the verdict.</p>\n",
        counted(report.changes.len(), "change"),
        counted(report.commands.len(), "command")
    );
    out
}

fn numbers(out: &mut String, counts: [usize; 3]) {
    for count in counts.into_iter().chain([counts.iter().sum()]) {
        put!(out, "<td class=\"number\">{count}</td>");
    }
    out.push_str("</tr>\n");
}

/// The required guidelines as one bar, worst first; the table says the same in numbers.
fn bar(out: &mut String, outline: &Outline<'_>) {
    let counts = GROUPS.map(|group| (group.outcomes, outline.count(Severity::Required, group.outcomes)));
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        return;
    }
    put!(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 {all} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">"
    );
    let mut from = 0;
    for (outcomes, count) in counts {
        let class = outcomes.first().map_or("quiet", |outcome| colour(*outcome, Severity::Required));
        if count > 0 {
            put!(out, "<rect class=\"{class}\" x=\"{from}\" width=\"{count}\" height=\"1\"/>");
        }
        from += count;
    }
    out.push_str("</svg>\n");
}

/// Required guidelines that are not in order, with what was found.
pub(super) fn open(outline: &Outline<'_>) -> String {
    let mut out = String::new();
    let open = outline.open();
    if open.is_empty() {
        out.push_str("<p>Nothing: every required guideline is in order, does not apply, or was waived.</p>\n");
    } else {
        out.push_str("<p>Required guidelines that are not in order, worst first.</p>\n");
        out.push_str("<table>\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Why it is open</th></tr></thead>\n<tbody>\n");
        for record in open {
            put!(
                out,
                "<tr><th scope=\"row\">{} {} {}</th><td>{}</td></tr>\n",
                link(outline, &record.id),
                esc(&record.title),
                mark(record),
                esc(&record.after.summary)
            );
        }
        out.push_str("</tbody></table>\n");
    }
    let besides: Vec<String> = outline.failing_besides().iter().map(|record| link(outline, &record.id)).collect();
    if !besides.is_empty() {
        put!(out, "<p>Recommended or optional guidelines that fail: {}.</p>\n", besides.join(", "));
    }
    out
}

/// Who lets what be, why, and until when.
pub(super) fn waivers(outline: &Outline<'_>) -> String {
    let mut out = String::new();
    let waivers = outline.waivers();
    if waivers.is_empty() {
        return out;
    }
    out.push_str("<table class=\"three\">\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Why</th><th scope=\"col\">By whom</th></tr></thead>\n<tbody>\n");
    for (record, decision) in waivers {
        let at = decision.at.map_or_else(String::new, |at| format!("{}, ", moment(at)));
        put!(
            out,
            "<tr><th scope=\"row\">{} {} <span class=\"mark quiet\">{}</span></th><td>{}</td><td>{}, {at}{}</td></tr>\n",
            link(outline, &record.id),
            esc(&record.title),
            record.severity,
            esc(decision.reason.as_deref().unwrap_or("no reason given")),
            esc(decision.by.as_deref().unwrap_or("nobody named")),
            until(decision)
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// What people confirmed, in the words they were shown.
pub(super) fn attestations(outline: &Outline<'_>) -> String {
    let mut out = String::new();
    let report = outline.report;
    if report.attestations.is_empty() {
        return out;
    }
    out.push_str("<table class=\"three\">\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Statement</th><th scope=\"col\">By whom</th></tr></thead>\n<tbody>\n");
    for said in &report.attestations {
        let note =
            said.note.as_ref().map_or_else(String::new, |note| format!(" <span class=\"soft\">({})</span>", esc(note)));
        put!(
            out,
            "<tr><th scope=\"row\">{} {}</th><td>{}{note}</td><td>{}</td></tr>\n",
            link(outline, &said.guideline),
            esc(outline.find(&said.guideline).map_or("", |record| &record.title)),
            esc(&said.statement),
            esc(&confirmed(said))
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// What was not looked at, in sentences.
pub(super) fn limits(report: &Report) -> String {
    if report.limits.is_empty() {
        return "<p>Nothing that the guidelines ask for was left out.</p>\n".to_owned();
    }
    let mut out = "<ul>\n".to_owned();
    for limit in &report.limits {
        put!(out, "<li>{}</li>\n", esc(limit));
    }
    out.push_str("</ul>\n");
    out
}

/// What the program itself left, and what removes it.
pub(super) fn own_traces(report: &Report) -> String {
    let mut out = String::new();
    if report.own_traces.is_empty() {
        return out;
    }
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Path</th><th scope=\"col\">Removed by</th></tr></thead>\n<tbody>\n",
    );
    for trace in &report.own_traces {
        put!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>\n",
            esc(&trace.path),
            esc(&trace.removed_by)
        );
    }
    out.push_str("</tbody></table>\n");
    out
}
