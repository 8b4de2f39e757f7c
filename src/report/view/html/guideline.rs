//! One guideline: who asks for it, how it stood, what was decided, what was done, how it stands.

use std::fmt::Write as _;

use super::super::outline::{Group, Outline, moved, worth_telling};
use super::super::words;
use super::{change, esc, mark};
use crate::catalogue::Severity;
use crate::check::Status;
use crate::report::{FindingRecord, GuidelineRecord, ObservationRecord};

/// How many observations are shown before the rest is folded.
const SHOWN: usize = 10;

/// The guidelines of `group`; empty when there is none.
pub(super) fn group(outline: &Outline<'_>, group: &Group, records: &[&GuidelineRecord]) -> String {
    let mut out = String::new();
    if records.is_empty() {
        return out;
    }
    put!(out, "<p>{}</p>\n", group.note);
    for record in records {
        if group.quiet {
            folded(&mut out, outline, record);
        } else {
            told(&mut out, outline, record);
        }
    }
    out
}

/// All of it in sight.
fn told(out: &mut String, outline: &Outline<'_>, record: &GuidelineRecord) {
    put!(
        out,
        "<article id=\"{0}\">\n<h3><span class=\"id\">{0}</span> {1}</h3>\n<p class=\"marks\">{2} <span class=\"mark quiet\">{3}</span> <span class=\"mark quiet\">{4}</span></p>\n",
        esc(&record.id),
        esc(&record.title),
        mark(record),
        record.severity,
        record.phase.title()
    );
    story(out, outline, record);
    out.push_str("</article>\n");
}

/// A line that opens. What moved is open from the start, so that it is printed too.
fn folded(out: &mut String, outline: &Outline<'_>, record: &GuidelineRecord) {
    put!(
        out,
        "<details id=\"{0}\"{1}>\n<summary><h3><span class=\"id\">{0}</span> {2}</h3> {3} <span class=\"soft\">{4}</span></summary>\n",
        esc(&record.id),
        if moved(record) { " open" } else { "" },
        esc(&record.title),
        mark(record),
        record.severity
    );
    story(out, outline, record);
    out.push_str("</details>\n");
}

fn story(out: &mut String, outline: &Outline<'_>, record: &GuidelineRecord) {
    let sources: Vec<String> =
        record.sources.iter().map(|source| format!("{}, {}", esc(&source.page), esc(&source.section))).collect();
    put!(out, "<p class=\"source\">Asked for by {}.</p>\n", sources.join("; "));
    let same = record.before == record.after;
    step(out, if same { "Found" } else { "Before" }, &finding(&record.before, record.severity));
    if let Some(decision) = record.decision.as_ref().filter(|decision| worth_telling(record, decision)) {
        let mut body = format!("<p>{}</p>\n", esc(&words::decision(decision)));
        if let Some(reason) = &decision.reason {
            put!(body, "<blockquote>{}</blockquote>\n", esc(reason));
        }
        if let Some(said) = outline.attestation(record) {
            put!(body, "<blockquote>{}</blockquote>\n", esc(&said.statement));
            if let Some(note) = &said.note {
                put!(body, "<p>Note: {}</p>\n", esc(note));
            }
        }
        step(out, "Decision", &body);
    }
    let carried = outline.carried(record);
    if !carried.is_empty() {
        step(out, "Changes", &change::all(&carried));
    }
    if !same {
        step(out, "After", &finding(&record.after, record.severity));
    }
    if let Some(left) = outline.step(record) {
        let lines: Vec<String> = left.by_hand.trim_end().lines().map(esc).collect();
        step(out, "To do", &format!("<div class=\"steps\">{}</div>\n", lines.join("\n")));
    }
}

fn step(out: &mut String, name: &str, body: &str) {
    put!(out, "<div class=\"step\"><h4>{name}</h4><div>\n{body}</div></div>\n");
}

fn finding(finding: &FindingRecord, severity: Severity) -> String {
    let class = match finding.status {
        Status::Pass => "good",
        Status::Fail if severity == Severity::Required => "bad",
        Status::Fail | Status::Unknown => "warn",
        Status::Attest => "calm",
        Status::NotApplicable => "quiet",
    };
    let mut out = format!(
        "<p><span class=\"mark {class}\">{}</span> {}</p>\n",
        words::status(finding.status),
        esc(&finding.summary)
    );
    let (first, rest) = finding.observations.split_at(finding.observations.len().min(SHOWN));
    observations(&mut out, first);
    if !rest.is_empty() {
        put!(out, "<details><summary>{} more places</summary>\n", rest.len());
        observations(&mut out, rest);
        out.push_str("</details>\n");
    }
    if finding.unlisted > 0 {
        put!(out, "<p class=\"soft\">{} more places were seen and are not listed.</p>\n", finding.unlisted);
    }
    out
}

fn observations(out: &mut String, seen: &[ObservationRecord]) {
    if seen.is_empty() {
        return;
    }
    out.push_str("<ul class=\"seen\">\n");
    for seen in seen {
        let line = seen.line.map_or_else(String::new, |line| format!(":{line}"));
        let path = seen.path.as_ref().map(|path| format!("<code>{}{line}</code>", esc(path)));
        let text = seen.text.as_ref().map(|text| format!("<code class=\"soft\">{}</code>", esc(text)));
        let parts: Vec<String> = path.into_iter().chain(text).collect();
        put!(out, "<li>{}</li>\n", parts.join(" "));
    }
    out.push_str("</ul>\n");
}
