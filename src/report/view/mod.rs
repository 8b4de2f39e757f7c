//! Views of a report, for people (HTML, Markdown) and for programs (`JUnit`, HDF, SARIF, in-toto). Pure and deterministic;
//! each carries the digest of `report.json`. All text is shown escaped, whoever wrote it.

use super::{GuidelineRecord, Kind, Outcome, Report, Verdict};
use crate::catalogue::Severity;

/// Appends formatted text; writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($args:tt)*) => {{ let _ = write!($out, $($args)*); }};
}
mod hdf;
mod html;
pub mod intoto;
mod junit;
mod markdown;
mod programs;
mod sarif;

pub use hdf::hdf;
pub use html::html;
pub use intoto::intoto;
pub use junit::junit;
use markdown::decision_words;
pub use markdown::markdown;
pub use sarif::sarif;

/// Every view by the name it has on the command line. Each takes the report and the SHA-256 of `report.json`.
pub const VIEWS: [(&str, View); 6] =
    [("html", html), ("markdown", markdown), ("junit", junit), ("hdf", hdf), ("sarif", sarif), ("intoto", intoto)];

/// Renders a report; its bytes have the SHA-256 given.
pub type View = fn(&Report, &str) -> String;

/// The verdict in a sentence.
fn verdict_sentence(report: &Report) -> &'static str {
    match report.summary.verdict {
        Verdict::Seaworthy => "Every required guideline passes, is attested, or does not apply.",
        Verdict::SeaworthyWithWaivers => {
            "Every required guideline passes, is attested, or does not apply, but for those that were waived."
        }
        Verdict::Undecided => "No required guideline is known to fail, but some are not decided yet.",
        Verdict::NotSeaworthy => "At least one required guideline fails.",
    }
}

/// A sign for an outcome, so that colour is never the only mark.
fn glyph(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Fixed => "✚",
        Outcome::ByHand | Outcome::Attested => "✍",
        Outcome::Waived => "◇",
        Outcome::Deferred => "…",
        Outcome::NotAttested | Outcome::Unknown => "?",
        Outcome::Fail => "✗",
        Outcome::NotApplicable => "–",
    }
}

/// An outcome in words.
fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passes",
        Outcome::Fixed => "fixed",
        Outcome::ByHand => "done by hand",
        Outcome::Attested => "attested",
        Outcome::Waived => "waived",
        Outcome::Deferred => "left for the seal",
        Outcome::NotAttested => "not attested",
        Outcome::Unknown => "unknown",
        Outcome::Fail => "fails",
        Outcome::NotApplicable => "not applicable",
    }
}

const OUTCOMES: [Outcome; 10] = [
    Outcome::Fail,
    Outcome::Unknown,
    Outcome::NotAttested,
    Outcome::Deferred,
    Outcome::Waived,
    Outcome::Fixed,
    Outcome::ByHand,
    Outcome::Attested,
    Outcome::Pass,
    Outcome::NotApplicable,
];

const SEVERITIES: [Severity; 3] = [Severity::Required, Severity::Recommended, Severity::Optional];

fn count(report: &Report, severity: Severity, outcome: Outcome) -> usize {
    report.guidelines.iter().filter(|record| record.severity == severity && record.result == outcome).count()
}

/// What a reader must look at first: required guidelines that are not in order, worst first.
fn open_matters(report: &Report) -> Vec<&GuidelineRecord> {
    let rank = |outcome: Outcome| OUTCOMES.iter().position(|other| *other == outcome).unwrap_or(OUTCOMES.len());
    let mut open: Vec<&GuidelineRecord> = report
        .guidelines
        .iter()
        .filter(|record| record.severity == Severity::Required && rank(record.result) < rank(Outcome::Waived))
        .collect();
    open.sort_by_key(|record| rank(record.result));
    open
}

fn is_practice(report: &Report) -> bool {
    report.kind == Kind::Practice
}

/// `sha256` in groups of eight, for people to compare.
pub fn grouped(sha256: &str) -> String {
    let groups: Vec<&str> = sha256.as_bytes().chunks(8).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A heading and a value for each thing that says which image and report this is.
fn particulars(report: &Report) -> Vec<(&'static str, String)> {
    let image = &report.image;
    let os = image.os.as_ref().map_or("unknown", |os| os.pretty_name.as_str());
    let mode = match image.mode {
        super::Mode::Live => "the running machine",
        super::Mode::Offline => "mounted, not running",
    };
    let house_rules = if report.catalogue.custom { ", with house rules" } else { "" };
    let mut rows = vec![
        ("Prepared by", report.publisher.clone()),
        ("Written", moment(report.generated_at)),
        ("Begun", moment(report.started_at)),
        ("Image", format!("{} ({mode})", image.root)),
        ("Operating system", format!("{os}, {}", image.arch.as_deref().unwrap_or("unknown architecture"))),
    ];
    rows.extend(image.kernel.clone().map(|kernel| ("Kernel", kernel)));
    if let Some(instance) = &report.identity.claims {
        let fields = [&instance.instance_id, &instance.image_id, &instance.region, &instance.account_id];
        let known: Vec<&str> = fields.into_iter().flatten().map(String::as_str).collect();
        rows.push(("Instance (as it says itself)", known.join(", ")));
    }
    rows.push((
        "Guidelines",
        format!("{}, catalogue {}{house_rules}", report.catalogue.guidelines, report.catalogue.version),
    ));
    rows.push(("Program", format!("{} {} ({})", report.tool.name, report.tool.version, report.tool.target)));
    rows.extend(report.challenge.clone().map(|challenge| ("Challenge", challenge)));
    rows.push(("Report", report.report_id.clone()));
    rows
}

#[cfg(test)]
mod tests;
