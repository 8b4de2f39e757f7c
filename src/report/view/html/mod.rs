//! One HTML file: inline style allowed by its digest, no script, no remote reference. Text becomes part of it only
//! through [`esc`].

use std::fmt::Write as _;

use base64ct::{Base64, Encoding};

use super::super::{GuidelineRecord, Outcome, Report, Verdict, sha256};
use super::outline::{GROUPS, Outline};
use super::words::{PRACTICE, glyph, heading, verdict_glyph, verdict_sentence, words};
use crate::catalogue::Severity;
use crate::image::text::visible;
use crate::report::Kind;

mod change;
mod ending;
mod guideline;
mod since;
mod summary;

const STYLE: &str = include_str!("style.css");

/// A part of the page that the contents name.
struct Section {
    anchor: &'static str,
    title: &'static str,
    /// How many things it lists, where that says something.
    count: Option<usize>,
    body: String,
}

/// One HTML file: inline style, no script, no remote reference. `sha256` is that of `report.json`.
pub fn html(report: &Report, sha256_of_report: &str) -> String {
    let outline = Outline::new(report);
    let sections = sections(&outline);
    let mut out = String::new();
    head(&mut out, report, sha256_of_report);
    contents(&mut out, &sections);
    out.push_str("<main id=\"main\">\n");
    for section in &sections {
        let count = section.count.map_or_else(String::new, |count| format!(" <span class=\"count\">{count}</span>"));
        put!(
            out,
            "<section id=\"{}\">\n<h2>{}{count}</h2>\n{}</section>\n",
            section.anchor,
            section.title,
            section.body
        );
    }
    put!(
        out,
        "</main>\n</div>\n<footer>View of report {}, written by {} {}. What is signed is report.json, not this page.</footer>\n</body>\n</html>\n",
        esc(&report.report_id),
        esc(&report.tool.name),
        esc(&report.tool.version)
    );
    out
}

/// The parts of the page, without those that have nothing to say.
fn sections(outline: &Outline<'_>) -> Vec<Section> {
    let report = outline.report;
    let open = Some(outline.open().len()).filter(|open| *open > 0);
    let mut sections = vec![
        section("summary", "At a glance", None, summary::glance(outline)),
        section("open", "What is open", open, summary::open(outline)),
        section("waivers", "Waivers", Some(outline.waivers().len()), summary::waivers(outline)),
        section("confirmed", "Confirmed by people", Some(report.attestations.len()), summary::attestations(outline)),
        section("previous", "Since the report before", None, since::previous(outline)),
        section("limits", "What was not checked", None, summary::limits(report)),
        section("traces", "What Seaworthy left on the image", None, summary::own_traces(report)),
    ];
    sections.extend(GROUPS.iter().map(|group| {
        let records = outline.group(group);
        section(group.anchor, group.title, Some(records.len()), guideline::group(outline, group, &records))
    }));
    sections.push(section("particulars", "Particulars", None, ending::particulars(report)));
    sections.push(section("journal", "Journal", Some(report.journal.count), ending::journal(report)));
    sections.retain(|section| !section.body.is_empty());
    sections
}

fn section(anchor: &'static str, title: &'static str, count: Option<usize>, body: String) -> Section {
    Section { anchor, title, count, body }
}

/// `text` for HTML: hidden characters visible, and nothing of it markup.
fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Everything above the contents: what to know if nothing else is read.
fn head(out: &mut String, report: &Report, sha256_of_report: &str) {
    let style = Base64::encode_string(&sha256(STYLE.as_bytes()));
    let verdict = report.summary.verdict;
    let colour = match verdict {
        Verdict::Seaworthy => "good",
        Verdict::SeaworthyWithWaivers | Verdict::Undecided => "warn",
        Verdict::NotSeaworthy => "bad",
    };
    put!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {} ({})</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n<h1>{0}</h1>\n",
        heading(report.kind),
        verdict.word(),
        esc(&report.report_id)
    );
    if report.kind == Kind::Practice {
        put!(out, "<p class=\"practice warn\">{PRACTICE}</p>\n");
    }
    put!(
        out,
        "<div class=\"verdict {colour}\"><span class=\"sign\" aria-hidden=\"true\">{}</span><div><p class=\"word\">{}</p><p>{}</p></div></div>\n",
        verdict_glyph(verdict),
        verdict.word(),
        verdict_sentence(report)
    );
    summary::essential(out, report, sha256_of_report);
    out.push_str("</header>\n");
}

/// Every part by name, the groups of guidelines set in.
fn contents(out: &mut String, sections: &[Section]) {
    out.push_str("<div class=\"page\">\n<nav aria-label=\"Contents\">\n<ul>\n");
    for section in sections {
        let count = section.count.map_or_else(String::new, |count| format!(" <span class=\"count\">{count}</span>"));
        let grouped = GROUPS.iter().any(|group| group.anchor == section.anchor);
        let class = if grouped { " class=\"grouped\"" } else { "" };
        put!(out, "<li{class}><a href=\"#{}\">{}{count}</a></li>\n", section.anchor, section.title);
    }
    out.push_str("</ul>\n</nav>\n");
}

/// The outcome of a guideline, by sign, word and colour.
fn mark(record: &GuidelineRecord) -> String {
    let class = colour(record.result, record.severity);
    format!("<span class=\"mark {class}\">{} {}</span>", glyph(record.result), words(record.result))
}

fn colour(outcome: Outcome, severity: Severity) -> &'static str {
    match outcome {
        Outcome::Pass | Outcome::Fixed | Outcome::ByHand => "good",
        Outcome::Attested => "calm",
        Outcome::Fail if severity == Severity::Required => "bad",
        Outcome::Waived | Outcome::Deferred | Outcome::NotAttested | Outcome::Unknown | Outcome::Fail => "warn",
        Outcome::NotApplicable => "quiet",
    }
}

/// A reference to a guideline on this page; its id alone where the page does not have it.
fn link(outline: &Outline<'_>, id: &str) -> String {
    match outline.find(id) {
        Some(_) => format!("<a class=\"id\" href=\"#{0}\">{0}</a>", esc(id)),
        None => format!("<span class=\"id\">{}</span>", esc(id)),
    }
}

/// Names and values.
fn rows(out: &mut String, rows: &[(&'static str, String)]) {
    out.push_str("<dl>\n");
    for (name, value) in rows {
        put!(out, "<div><dt>{name}</dt><dd>{}</dd></div>\n", esc(value));
    }
    out.push_str("</dl>\n");
}
