//! HDF, the Heimdall Data Format of MITRE SAF (`exec-json` of `InSpec`), from which its converters make XCCDF results, DISA
//! checklists, OSCAL and others.
//!
//! A control is "passed", "failed" or "skipped"; Heimdall shows the last as "not reviewed", and as "not applicable" where
//! its impact is 0 or a waiver is why it was skipped.

use serde_json::{Value, json};

use super::programs::{asked_by, json, phases, places};
use super::{decision_words, is_practice, verdict_sentence, words};
use crate::catalogue::Severity;
use crate::image::text::visible;
use crate::report::{GuidelineRecord, Outcome, Report};

/// HDF JSON. `sha256` is that of `report.json`.
pub fn hdf(report: &Report, sha256: &str) -> String {
    let practice = if is_practice(report) { "PRACTICE, vouches for nothing: " } else { "" };
    let os = report.image.os.as_ref();
    let groups: Vec<Value> = phases(report)
        .map(|(phase, records)| {
            let ids: Vec<String> = records.iter().map(|record| visible(&record.id)).collect();
            json!({"id": phase.name(), "title": phase.title(), "controls": ids})
        })
        .collect();
    let total =
        |wanted: Status| json!({"total": report.guidelines.iter().filter(|record| status(record) == wanted).count()});
    json(&json!({
        "platform": {
            "name": os.map_or_else(|| "unknown".to_owned(), |os| visible(&os.id)),
            "release": os.map_or_else(|| "unknown".to_owned(), |os| visible(&os.version_id)),
        },
        "version": visible(&report.tool.version),
        "statistics": {"controls": {
            "passed": total(Status::Passed),
            "failed": total(Status::Failed),
            "skipped": total(Status::Skipped),
        }},
        "profiles": [{
            "name": "seaworthy",
            "title": format!("{practice}Seaworthy, guidelines for AWS Marketplace and shared AMIs"),
            "version": visible(&report.catalogue.version),
            "sha256": visible(&report.catalogue.sha256),
            "summary": format!("{practice}{}: {}", report.summary.verdict.word(), verdict_sentence(report)),
            "maintainer": visible(&report.publisher),
            "supports": [],
            "attributes": [],
            "groups": groups,
            "controls": report.guidelines.iter().map(|record| control(report, record)).collect::<Vec<Value>>(),
        }],
        "passthrough": {"auxiliary_data": [{"name": "Seaworthy", "data": {
            "report_sha256": visible(sha256),
            "report_id": visible(&report.report_id),
            "kind": report.kind,
            "verdict": report.summary.verdict,
            "limits": report.limits.iter().map(|limit| visible(limit)).collect::<Vec<String>>(),
        }}]},
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Passed,
    Failed,
    Skipped,
}

fn status(record: &GuidelineRecord) -> Status {
    match record.result {
        Outcome::Pass | Outcome::Fixed | Outcome::ByHand | Outcome::Attested => Status::Passed,
        Outcome::Fail => Status::Failed,
        Outcome::Waived | Outcome::Deferred | Outcome::NotAttested | Outcome::Unknown | Outcome::NotApplicable => {
            Status::Skipped
        }
    }
}

/// What a severity weighs: high, medium, low in the words of `InSpec`; nothing where the guideline does not apply.
fn impact(record: &GuidelineRecord) -> f64 {
    match (record.result, record.severity) {
        (Outcome::NotApplicable, _) => 0.0,
        (_, Severity::Required) => 0.7,
        (_, Severity::Recommended) => 0.5,
        (_, Severity::Optional) => 0.3,
    }
}

fn control(report: &Report, record: &GuidelineRecord) -> Value {
    let decision = record.decision.as_ref().map(|decision| visible(&decision_words(decision)));
    let mut message = vec![format!("{}: {}", words(record.result), visible(&record.after.summary))];
    message.extend(places(&record.after));
    message.extend(decision.iter().map(|decision| format!("Decision: {decision}")));
    let message = message.join("\n");
    let status = status(record);
    let mut result = json!({
        "code_desc": visible(&format!("{} {}", record.id, record.title)),
        "start_time": report.generated_at,
    });
    let (word, place) = match status {
        Status::Passed => ("passed", "message"),
        Status::Failed => ("failed", "message"),
        Status::Skipped => ("skipped", "skip_message"),
    };
    let mut descriptions =
        vec![json!({"label": "check", "data": format!("seaworthy check --only {}", visible(&record.id))})];
    if let Some(step) = report.finish_plan.iter().find(|step| step.guideline == record.id) {
        let lines: Vec<String> = step.by_hand.trim_end().lines().map(visible).collect();
        descriptions.push(json!({"label": "fix", "data": lines.join("\n")}));
    }
    let waiver = record.decision.as_ref().filter(|_| record.result == Outcome::Waived).map(|decision| {
        json!({
            "justification": visible(decision.reason.as_deref().unwrap_or("no reason given")),
            "expiration_date": decision.until,
            "run": true,
            "skipped_due_to_waiver": true,
            "message": visible(&decision_words(decision)),
        })
    });
    if let Some(fields) = result.as_object_mut() {
        fields.insert("status".to_owned(), word.into());
        fields.insert(place.to_owned(), message.clone().into());
    }
    json!({
        "id": visible(&record.id),
        "title": visible(&record.title),
        "desc": if record.result == Outcome::NotApplicable { message } else { asked_by(record) },
        "descriptions": descriptions,
        "impact": impact(record),
        "refs": record.sources.iter().map(|source| json!({"ref": visible(&format!("{}, {}", source.page, source.section))})).collect::<Vec<Value>>(),
        "tags": {
            "guideline_severity": record.severity,
            "phase": record.phase,
            "result": record.result,
        },
        "source_location": {"ref": visible(&format!("Seaworthy catalogue {}", report.catalogue.version))},
        "results": [result],
        "waiver_data": waiver.unwrap_or_else(|| json!({})),
    })
}
