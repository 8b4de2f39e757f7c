//! SARIF 2.1.0 (OASIS), for code scanners' dashboards: what fails, is not known, or is waived, with its place in the image.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::programs::{asked_by, json};
use super::{decision_words, is_practice, verdict_sentence};
use crate::catalogue::Severity;
use crate::check::Status;
use crate::image::text::visible;
use crate::report::{GuidelineRecord, ObservationRecord, Outcome, Report};

/// The name that stands for the image's root in every place.
const ROOT: &str = "IMAGE";

/// SARIF JSON. `sha256` is that of `report.json`.
pub fn sarif(report: &Report, sha256: &str) -> String {
    let practice = if is_practice(report) { "PRACTICE, vouches for nothing. " } else { "" };
    let notes: Vec<Value> =
        report.limits.iter().map(|limit| json!({"level": "note", "message": message(limit)})).collect();
    let results: Vec<Value> =
        report.guidelines.iter().enumerate().filter_map(|(index, record)| result(index, record)).collect();
    json(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Seaworthy",
                "version": visible(&report.tool.version),
                "rules": report.guidelines.iter().map(rule).collect::<Vec<Value>>(),
            }},
            "automationDetails": {
                "id": format!("seaworthy/{}", visible(&report.report_id)),
                "description": message(&format!(
                    "{practice}{}: {}",
                    report.summary.verdict.word(),
                    verdict_sentence(report)
                )),
            },
            "invocations": [{
                "executionSuccessful": true,
                "startTimeUtc": report.started_at,
                "endTimeUtc": report.generated_at,
                "toolExecutionNotifications": notes,
            }],
            "originalUriBaseIds": {ROOT: {"uri": "file:///", "description": message("The root of the image.")}},
            "artifacts": [{"location": {"uri": "report.json"}, "hashes": {"sha-256": visible(sha256)}}],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "reportId": visible(&report.report_id),
                "reportSha256": visible(sha256),
                "verdict": report.summary.verdict,
            },
        }],
    }))
}

fn rule(record: &GuidelineRecord) -> Value {
    let id = visible(&record.id);
    let help =
        format!("{} `seaworthy guidelines {id}` says what it asks, why, and how to do it by hand.", asked_by(record));
    json!({
        "id": id,
        "shortDescription": message(&record.title),
        "help": message(&help),
        "defaultConfiguration": {"level": level(record.severity)},
        "properties": {"severity": record.severity, "phase": record.phase, "tags": ["security"]},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Required => "error",
        Severity::Recommended => "warning",
        Severity::Optional => "note",
    }
}

/// One guideline that is not in order; `None` where it is.
fn result(index: usize, record: &GuidelineRecord) -> Option<Value> {
    let kind = match (record.result, record.after.status) {
        (Outcome::Fail, _) | (Outcome::Waived, Status::Fail) => "fail",
        (Outcome::NotAttested, _) | (Outcome::Waived, Status::Attest) => "review",
        (Outcome::Unknown | Outcome::Deferred | Outcome::Waived, _) => "open",
        _ => return None,
    };
    let mut text = record.after.summary.clone();
    if record.result == Outcome::Deferred {
        text.push_str(" It is left for the seal.");
    }
    let (placed, bare): (Vec<_>, Vec<_>) = record.after.observations.iter().partition(|seen| seen.path.is_some());
    for seen in bare.iter().filter_map(|seen| seen.text.as_deref()) {
        text.push(' ');
        text.push_str(seen);
    }
    if record.after.unlisted > 0 {
        put!(text, " There are {} more places.", record.after.unlisted);
    }
    let waiver = record.decision.as_ref().filter(|_| record.result == Outcome::Waived);
    let suppressions: Vec<Value> = waiver
        .map(|decision| {
            json!({"kind": "external", "status": "accepted", "justification": visible(&decision_words(decision))})
        })
        .into_iter()
        .collect();
    Some(json!({
        "ruleId": visible(&record.id),
        "ruleIndex": index,
        "kind": kind,
        // A level is for failures only (3.27.10).
        "level": if kind == "fail" { level(record.severity) } else { "none" },
        "message": message(&text),
        "locations": placed.into_iter().filter_map(location).collect::<Vec<Value>>(),
        "suppressions": suppressions,
    }))
}

fn location(seen: &ObservationRecord) -> Option<Value> {
    let mut place = json!({"artifactLocation": {"uri": uri(seen.path.as_deref()?), "uriBaseId": ROOT}});
    if let (Some(line), Some(place)) = (seen.line.filter(|line| *line > 0), place.as_object_mut()) {
        let mut region = json!({"startLine": line});
        if let (Some(text), Some(region)) = (&seen.text, region.as_object_mut()) {
            region.insert("snippet".to_owned(), json!({"text": visible(text)}));
        }
        place.insert("region".to_owned(), region);
    } else if let Some(text) = &seen.text {
        return Some(json!({"physicalLocation": place, "message": message(text)}));
    }
    Some(json!({"physicalLocation": place}))
}

/// A path of the image relative to its root, as a URI (RFC 3986): every byte that is not unreserved, as `%XX`.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in visible(path).trim_start_matches('/').bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => put!(out, "%{byte:02X}"),
        }
    }
    if out.is_empty() { "./".to_owned() } else { out }
}

/// A message (3.11): hidden characters visible, braces doubled, which would be placeholders, and no links, so that a
/// crafted name leads nobody away.
fn message(text: &str) -> Value {
    let plain = visible(text).replace("](", "]\\u{28}").replace('{', "{{").replace('}', "}}");
    json!({"text": plain})
}
