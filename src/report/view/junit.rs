//! `JUnit` XML, for pipelines: a suite for each phase, a test for each guideline, and one for the verdict, so that nothing
//! is green that is not seaworthy.
//!
//! `JUnit` has no standard; what Jenkins reads is the most widely understood (junit-10.xsd of its xUnit plugin).

use std::fmt::Write as _;

use super::programs::{phases, places};
use super::{decision_words, is_practice, verdict_sentence, words};
use crate::image::text::visible;
use crate::report::{GuidelineRecord, Outcome, Report, Verdict};

/// `JUnit` XML. `sha256` is that of `report.json`.
pub fn junit(report: &Report, sha256: &str) -> String {
    let mut suites = vec![Suite { class: "verdict", title: "Verdict", cases: vec![verdict(report)] }];
    suites.extend(phases(report).map(|(phase, records)| Suite {
        class: phase.name(),
        title: phase.title(),
        cases: records.into_iter().map(guideline).collect(),
    }));
    let all = |mark: Mark| suites.iter().map(|suite| suite.count(mark)).sum::<usize>();
    let tests: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put!(
        out,
        "<testsuites name=\"Seaworthy report {}\" tests=\"{tests}\" failures=\"{}\" errors=\"{}\" time=\"{}.{:03}\">\n",
        esc(&report.report_id),
        all(Mark::Failure),
        all(Mark::Error),
        report.duration_ms / 1000,
        report.duration_ms % 1000
    );
    for suite in &suites {
        suite.write(&mut out, report, sha256);
    }
    out.push_str("</testsuites>\n");
    out
}

struct Suite {
    class: &'static str,
    title: &'static str,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    /// How it came out; `None`: it passed.
    mark: Option<Mark>,
    /// The outcome in one word.
    kind: &'static str,
    message: String,
    /// Where it was seen, a line each.
    places: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Failure,
    Error,
    Skipped,
}

impl Mark {
    fn element(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

fn verdict(report: &Report) -> Case {
    let verdict = report.summary.verdict;
    let (mark, message) = match verdict {
        _ if is_practice(report) => {
            (Some(Mark::Failure), "This report is about a practice image. It vouches for nothing.")
        }
        Verdict::NotSeaworthy => (Some(Mark::Failure), verdict_sentence(report)),
        Verdict::Undecided => (Some(Mark::Error), verdict_sentence(report)),
        Verdict::Seaworthy | Verdict::SeaworthyWithWaivers => (None, verdict_sentence(report)),
    };
    let kind = if is_practice(report) { "practice" } else { verdict.word() };
    Case { name: "The image is seaworthy".to_owned(), mark, kind, message: message.to_owned(), places: Vec::new() }
}

fn guideline(record: &GuidelineRecord) -> Case {
    let mark = match record.result {
        Outcome::Pass | Outcome::Fixed | Outcome::ByHand | Outcome::Attested => None,
        Outcome::Fail | Outcome::NotAttested => Some(Mark::Failure),
        Outcome::Unknown => Some(Mark::Error),
        Outcome::Waived | Outcome::Deferred | Outcome::NotApplicable => Some(Mark::Skipped),
    };
    let decision = match (&record.decision, record.result) {
        (Some(decision), Outcome::Waived | Outcome::Attested) => format!(" {}", decision_words(decision)),
        _ => String::new(),
    };
    Case {
        name: format!("{} {}", record.id, record.title),
        mark,
        kind: record.result.word(),
        message: format!("{} ({}): {}{decision}", words(record.result), record.severity, record.after.summary),
        places: places(&record.after),
    }
}

impl Suite {
    fn count(&self, mark: Mark) -> usize {
        self.cases.iter().filter(|case| case.mark == Some(mark)).count()
    }

    fn write(&self, out: &mut String, report: &Report, sha256: &str) {
        put!(
            out,
            "  <testsuite name=\"{}\" package=\"seaworthy.{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" timestamp=\"{}\">\n    <properties>\n",
            esc(self.title),
            self.class,
            self.cases.len(),
            self.count(Mark::Failure),
            self.count(Mark::Error),
            self.count(Mark::Skipped),
            report.generated_at
        );
        let properties = [
            ("report.sha256", sha256),
            ("report.id", &report.report_id),
            ("report.verdict", report.summary.verdict.word()),
            ("report.publisher", &report.publisher),
            ("tool.version", &report.tool.version),
            ("catalogue.version", &report.catalogue.version),
            ("catalogue.sha256", &report.catalogue.sha256),
        ];
        for (name, value) in properties {
            put!(out, "      <property name=\"{name}\" value=\"{}\"/>\n", esc(value));
        }
        out.push_str("    </properties>\n");
        for case in &self.cases {
            put!(out, "    <testcase classname=\"seaworthy.{}\" name=\"{}\">\n", self.class, esc(&case.name));
            let places: Vec<String> = case.places.iter().map(|place| esc(place) + "\n").collect();
            let places = places.concat();
            match case.mark.map(Mark::element) {
                Some(element) => put!(
                    out,
                    "      <{element} type=\"{}\" message=\"{}\">{places}</{element}>\n",
                    case.kind,
                    esc(&case.message)
                ),
                None => put!(out, "      <system-out>{}\n{places}</system-out>\n", esc(&case.message)),
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
}

/// `text` for XML 1.0, attributes and elements alike: hidden characters visible, and so the two that no XML document may
/// hold (XML 1.0, 2.2) although they are no control characters.
fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => put!(out, "\\u{{{:x}}}", u32::from(letter)),
            _ => out.push(letter),
        }
    }
    out
}
