//! One HTML file: inline style allowed by its digest, no script, no remote reference.

use std::fmt::Write as _;

use base64ct::{Base64, Encoding};

use super::super::{
    ChangeRecord, DecisionRecord, FindingRecord, GuidelineRecord, Outcome, Report, Verdict, record::Choice, sha256,
};
use super::{
    OUTCOMES, SEVERITIES, count, glyph, grouped, is_practice, open_matters, particulars, verdict_sentence, words,
};
use crate::catalogue::Severity;
use crate::image::text::visible;

const STYLE: &str = include_str!("style.css");

/// One HTML file: inline style, no script, no remote reference. `sha256` is that of `report.json`.
pub fn html(report: &Report, sha256_of_report: &str) -> String {
    let mut out = String::new();
    head(&mut out, report);
    summary(&mut out, report, sha256_of_report);
    decisions(&mut out, report);
    limits(&mut out, report);
    guidelines(&mut out, report);
    ending(&mut out, report);
    out
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

fn head(out: &mut String, report: &Report) {
    let style = Base64::encode_string(&sha256(STYLE.as_bytes()));
    put!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Seaworthy report {} – {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        esc(&report.report_id),
        report.summary.verdict.word()
    );
}

fn summary(out: &mut String, report: &Report, sha256: &str) {
    let (colour, sign) = match report.summary.verdict {
        Verdict::Seaworthy => ("good", "✓"),
        Verdict::SeaworthyWithWaivers => ("warn", "◇"),
        Verdict::Undecided => ("warn", "?"),
        Verdict::NotSeaworthy => ("bad", "✗"),
    };
    out.push_str("<h1>Image preparation report</h1>\n");
    if is_practice(report) {
        out.push_str(
            "<p class=\"practice warn\">PRACTICE: this report is about a practice image. It vouches for nothing.</p>\n",
        );
    }
    put!(
        out,
        "<div class=\"verdict {colour}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span><div><strong>{}</strong><p>{}</p></div></div>\n<dl>\n",
        report.summary.verdict.word(),
        verdict_sentence(report)
    );
    for (name, value) in particulars(report) {
        put!(out, "<dt>{name}</dt><dd>{}</dd>\n", esc(&value));
    }
    put!(
        out,
        "</dl>\n<div class=\"digest\"><span class=\"soft small\">SHA-256 of <code>report.json</code>, of which this page is a view. \
         The page itself is not signed; <code>VERIFY.txt</code> says how to check.</span>\n<span class=\"mono\">{}</span></div>\n",
        esc(&grouped(sha256))
    );
    out.push_str("<h2>At a glance</h2>\n<table class=\"glance\">\n<thead><tr><th scope=\"col\">Result</th>");
    for severity in SEVERITIES {
        put!(out, "<th scope=\"col\" class=\"number\">{severity}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for outcome in OUTCOMES {
        let counts = SEVERITIES.map(|severity| count(report, severity, outcome));
        if counts == [0; 3] {
            continue;
        }
        put!(
            out,
            "<tr><th scope=\"row\"><span class=\"mark {}\">{} {}</span></th>",
            class(outcome, Severity::Required),
            glyph(outcome),
            words(outcome)
        );
        for count in counts {
            match count {
                0 => out.push_str("<td class=\"number soft\">·</td>"),
                some => put!(out, "<td class=\"number\">{some}</td>"),
            }
        }
        out.push_str("</tr>\n");
    }
    put!(
        out,
        "</tbody></table>\n<p class=\"soft small\">{} changes and {} commands were carried out. Only required guidelines decide the verdict.</p>\n",
        report.changes.len(),
        report.commands.len()
    );
    let open = open_matters(report);
    if !open.is_empty() {
        out.push_str("<h2>Not in order</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Result</th><th scope=\"col\">What was found</th></tr></thead>\n<tbody>\n");
        for record in open {
            put!(
                out,
                "<tr><td><a href=\"#{0}\">{0}</a> {1}</td><td class=\"nowrap\">{2}</td><td>{3}</td></tr>\n",
                esc(&record.id),
                esc(&record.title),
                mark(record),
                esc(&record.after.summary)
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
}

fn decisions(out: &mut String, report: &Report) {
    let waived: Vec<(&GuidelineRecord, &DecisionRecord)> = report
        .guidelines
        .iter()
        .filter_map(|record| record.decision.as_ref().map(|decision| (record, decision)))
        .filter(|(_, decision)| decision.choice == Choice::Waive)
        .collect();
    if !waived.is_empty() {
        out.push_str("<h2>Waivers</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Reason</th><th scope=\"col\">By</th><th scope=\"col\">Until</th></tr></thead>\n<tbody>\n");
        for (record, decision) in waived {
            put!(
                out,
                "<tr><td><a href=\"#{0}\">{0}</a> {1}</td><td>{2}</td><td>{3}</td><td class=\"nowrap\">{4}</td></tr>\n",
                esc(&record.id),
                esc(&record.title),
                esc(decision.reason.as_deref().unwrap_or("none given")),
                esc(decision.by.as_deref().unwrap_or("nobody named")),
                decision.until.map_or_else(|| "no end".to_owned(), |until| until.to_string())
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
    if !report.attestations.is_empty() {
        out.push_str("<h2>Confirmed by people</h2>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Guideline</th><th scope=\"col\">Statement</th><th scope=\"col\">By</th></tr></thead>\n<tbody>\n");
        for attestation in &report.attestations {
            let note = attestation
                .note
                .as_ref()
                .map_or_else(String::new, |note| format!(" <span class=\"soft\">({})</span>", esc(note)));
            put!(
                out,
                "<tr><td><a href=\"#{0}\">{0}</a></td><td>{1}{note}</td><td>{2}</td></tr>\n",
                esc(&attestation.guideline),
                esc(&attestation.statement),
                esc(&attestation.by)
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
}

fn limits(out: &mut String, report: &Report) {
    out.push_str("<h2>What was not checked</h2>\n");
    if report.limits.is_empty() {
        out.push_str("<p>Nothing that the guidelines ask for was left out.</p>\n");
    } else {
        out.push_str("<ul>\n");
        for limit in &report.limits {
            put!(out, "<li>{}</li>\n", esc(limit));
        }
        out.push_str("</ul>\n");
    }
}

fn guidelines(out: &mut String, report: &Report) {
    let mut phase = None;
    for record in &report.guidelines {
        if phase != Some(record.phase) {
            phase = Some(record.phase);
            put!(out, "<h2>{}</h2>\n", record.phase.title());
        }
        guideline(out, report, record);
    }
}

fn guideline(out: &mut String, report: &Report, record: &GuidelineRecord) {
    let id = esc(&record.id);
    put!(
        out,
        "<article id=\"{id}\">\n<header><h3><span class=\"id\">{id}</span>{}</h3><span class=\"mark quiet\">{}</span>{}</header>\n",
        esc(&record.title),
        record.severity,
        mark(record)
    );
    let same = record.before == record.after;
    put!(out, "<h4>{}</h4>\n", if same { "Found" } else { "Before" });
    finding(out, &record.before);
    if let Some(decision) = &record.decision {
        put!(out, "<h4>Decision</h4>\n<p>{}</p>\n", esc(&super::markdown::decision_words(decision)));
    }
    let changes = report.changes.iter().filter(|change| record.changes.contains(&change.id));
    let commands = report.commands.iter().filter(|command| record.changes.contains(&command.id));
    if !record.changes.is_empty() {
        out.push_str("<h4>Changed</h4>\n");
    }
    for change in changes {
        self::change(out, change);
    }
    for command in commands {
        put!(
            out,
            "<div class=\"change\"><p><span class=\"soft\">{}</span> ran <code>{}</code>: {} <span class=\"soft\">({})</span></p></div>\n",
            esc(&command.id),
            esc(&command.argv.join(" ")),
            esc(&command.purpose),
            esc(command.outcome.as_deref().unwrap_or("how it ended is not known"))
        );
    }
    if !same {
        out.push_str("<h4>After</h4>\n");
        finding(out, &record.after);
    }
    let sources: Vec<String> =
        record.sources.iter().map(|source| format!("{}, {}", esc(&source.page), esc(&source.section))).collect();
    put!(out, "<p class=\"soft small\">Asked for by: {}</p>\n</article>\n", sources.join("; "));
}

fn mark(record: &GuidelineRecord) -> String {
    let class = class(record.result, record.severity);
    format!("<span class=\"mark {class}\">{} {}</span>", glyph(record.result), words(record.result))
}

fn class(outcome: Outcome, severity: Severity) -> &'static str {
    match outcome {
        Outcome::Pass | Outcome::Fixed | Outcome::ByHand => "good",
        Outcome::Attested => "calm",
        Outcome::Fail if severity == Severity::Required => "bad",
        Outcome::Waived | Outcome::Deferred | Outcome::NotAttested | Outcome::Unknown | Outcome::Fail => "warn",
        Outcome::NotApplicable => "quiet",
    }
}

fn finding(out: &mut String, finding: &FindingRecord) {
    put!(out, "<p>{} <span class=\"soft small\">({})</span></p>\n", esc(&finding.summary), finding.status.word());
    if finding.observations.is_empty() {
        return;
    }
    out.push_str("<ul class=\"seen\">\n");
    for seen in &finding.observations {
        out.push_str("<li>");
        if let Some(path) = &seen.path {
            put!(out, "<code>{}{}</code>", esc(path), seen.line.map_or_else(String::new, |line| format!(":{line}")));
        }
        if let Some(text) = &seen.text {
            put!(out, "{}<code class=\"soft\">{}</code>", if seen.path.is_some() { " " } else { "" }, esc(text));
        }
        out.push_str("</li>\n");
    }
    if finding.unlisted > 0 {
        put!(out, "<li class=\"soft\">and {} more places</li>\n", finding.unlisted);
    }
    out.push_str("</ul>\n");
}

fn change(out: &mut String, change: &ChangeRecord) {
    put!(
        out,
        "<div class=\"change\"><p><span class=\"soft\">{}</span> <code>{}</code>: {}{}</p>\n",
        esc(&change.id),
        esc(&change.path),
        esc(&change.headline),
        if change.secret {
            " <span class=\"soft small\">(may hold secrets: masked, no digest kept)</span>"
        } else {
            ""
        }
    );
    if let Some(diff) = &change.diff {
        out.push_str("<pre tabindex=\"0\">");
        for line in diff.lines() {
            let class = match line.as_bytes() {
                [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] | [b'\\', ..] => "file",
                [b'@', b'@', ..] => "hunk",
                [b'+', ..] => "add",
                [b'-', ..] => "del",
                _ => "same",
            };
            let text: Vec<String> = line.split('\t').map(esc).collect();
            put!(out, "<span class=\"{class}\">{}</span>", text.join("\t"));
        }
        out.push_str("</pre>\n");
    }
    if change.diff_truncated {
        out.push_str("<p class=\"soft small\">The diff is longer and was cut here.</p>\n");
    }
    out.push_str("</div>\n");
}

fn ending(out: &mut String, report: &Report) {
    if !report.finish_plan.is_empty() {
        out.push_str("<h2>Left for the seal</h2>\n<p>These are done after this report has left the machine, as the last thing before it is switched off. Check them on the finished image.</p>\n");
        for step in &report.finish_plan {
            put!(out, "<h4><a href=\"#{0}\">{0}</a></h4>\n<pre class=\"steps\">", esc(&step.guideline));
            let lines: Vec<String> = step.by_hand.trim_end().lines().map(esc).collect();
            put!(out, "{}</pre>\n", lines.join("\n"));
        }
    }
    put!(out, "<h2>Journal</h2>\n<p>{} lines, each chained to the one before.", report.journal.count);
    if let Some(head) = &report.journal.head {
        put!(out, " Its head is <code>{}</code>.", esc(head));
    }
    put!(
        out,
        "</p>\n<footer>View of report {}, written by {} {}. What is signed is report.json, not this page.</footer>\n</main>\n</body>\n</html>\n",
        esc(&report.report_id),
        esc(&report.tool.name),
        esc(&report.tool.version)
    );
}
