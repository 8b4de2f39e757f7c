//! A report that goes on from another: which one, and what it tells of it.

use super::*;
use crate::report::Previous;
use crate::report::compare::{Drift, DriftState, Drifted, compare};
use crate::report::fixture::{continuing, events, journal};

/// The report of a month before [`after`].
fn before() -> Report {
    let mut report = sample();
    report.report_id = "01JBEFORE".into();
    report.generated_at = "2026-11-22T15:30:00Z".parse().unwrap();
    report
}

/// A report that goes on from `old` and tells what is different since, and then `change`.
fn after(old: &Report, change: impl FnOnce(&mut Report)) -> Report {
    let mut report = sample();
    let mut comparison = compare(old, &report);
    comparison.drift = Some(Drift { same: old.changes.len(), ..Drift::default() });
    let previous = Previous {
        report_id: old.report_id.clone(),
        sha256: sha256_hex(&to_bytes(old)),
        signer: Some("SHA256:abc".into()),
        comparison: Some(comparison),
    };
    report.journal = continuing(&report, &previous);
    report.previous = Some(previous);
    change(&mut report);
    report
}

fn held_against(baseline: &Report, report: &Report) -> Case {
    let baseline: &'static [u8] = to_bytes(baseline).leak();
    Case { expect: Expectations { baseline: Some(baseline), ..Expectations::default() }, ..Case::of(report) }
}

fn told(report: &mut Report) -> &mut crate::report::compare::Comparison {
    report.previous.as_mut().unwrap().comparison.as_mut().unwrap()
}

#[test]
fn t19_the_baseline_is_gone_on_from() {
    let old = before();
    let other = Report { report_id: "01JOTHER".into(), ..before() };
    let late = Report { generated_at: "2026-11-22T18:00:00Z".parse().unwrap(), ..before() };
    let newer = |version: &str| {
        let mut report = before();
        report.catalogue.version = version.into();
        report
    };
    let unnamed = |report: &mut Report| report.previous.as_mut().unwrap().report_id = "01JANOTHER".into();
    table(vec![
        ("it goes on", held_against(&old, &after(&old, |_| {})), 0, ""),
        ("no baseline wanted", Case::of(&after(&old, |_| {})), 0, ""),
        ("it goes on from nothing", held_against(&old, &sample()), 6, "It goes on from no other report"),
        ("from another one", held_against(&old, &after(&other, |_| {})), 6, "It goes on from report 01JOTHER (SHA-256"),
        (
            "rolled back to an older one",
            held_against(&other, &after(&old, |_| {})),
            6,
            "not from the one that was given",
        ),
        ("written before it", held_against(&late, &after(&late, |_| {})), 6, "before the report it goes on from"),
        (
            "an older catalogue",
            held_against(&newer("2026.12"), &after(&newer("2026.12"), |_| {})),
            6,
            "older than that",
        ),
        ("by number, not by letter", held_against(&newer("2026.9"), &after(&newer("2026.9"), |_| {})), 0, ""),
        ("under another name", held_against(&old, &after(&old, unnamed)), 5, "its journal does not tell so"),
        (
            "not in the journal",
            Case::of(&after(&old, |report| report.journal = journal(&events(report)))),
            5,
            "its journal does not tell so",
        ),
    ]);
}

#[test]
fn what_it_tells_of_the_report_before_follows_from_the_two() {
    let mut old = before();
    let record = guideline(&mut old, "SSH-13");
    (record.decision, record.result) = (None, Outcome::Fail);
    old.summary.verdict = Verdict::NotSeaworthy;
    let lie = |change: fn(&mut Report)| held_against(&old, &after(&old, change));
    let drifted = |path: &str| Drifted {
        path: path.into(),
        guideline: "SSH-04".into(),
        change: "C001".into(),
        state: DriftState::Changed,
        detail: "its content is another".into(),
        diff: None,
        diff_truncated: false,
    };
    let drift = |files: Vec<Drifted>, same| {
        let mut report = after(&old, |_| {});
        told(&mut report).drift = Some(Drift { same, files, unlisted: 0 });
        held_against(&old, &report)
    };
    table(vec![
        ("honest", lie(|_| {}), 0, ""),
        ("a regression denied", lie(|report| told(report).regression = true), 5, "whether something regressed"),
        ("a change hidden", lie(|report| told(report).otherwise.clear()), 5, "what changed otherwise"),
        ("a fix claimed", lie(|report| told(report).fixed = told(report).otherwise.clone()), 5, "what was fixed"),
        ("a waiver hidden", lie(|report| told(report).waivers.clear()), 5, "the waivers"),
        ("of another report", lie(|report| told(report).old.report_id = "01JX".into()), 5, "another pair"),
        ("of another pair", lie(|report| told(report).new.verdict = Verdict::Seaworthy), 5, "another pair"),
        ("particulars", lie(|report| told(report).old.verdict = Verdict::Seaworthy), 5, "of the older one"),
        ("drift of a file", drift(vec![drifted("/etc/ssh/sshd_config")], 1), 0, ""),
        ("drift of a file nobody changed", drift(vec![drifted("/etc/motd")], 1), 5, "the files that changed"),
        ("drift twice", drift(vec![drifted("/etc/shadow"), drifted("/etc/shadow")], 0), 5, "the files that changed"),
        ("drift left out", drift(vec![], 1), 5, "the files that changed"),
    ]);
    let unchecked = Case::of(&after(&old, |report| told(report).waivers.clear())).verify();
    assert_eq!(unchecked.code, 0);
    assert!(unchecked.text().contains("was not worked out again; --baseline FILE does that."), "{}", unchecked.text());
}

#[test]
fn that_nobody_verified_the_report_before_is_said() {
    let old = before();
    let unverified = |report: &mut Report| {
        report.previous.as_mut().unwrap().signer = None;
        report.journal = continuing(report, report.previous.as_ref().unwrap());
    };
    for case in [Case::of(&after(&old, unverified)), held_against(&old, &after(&old, unverified))] {
        let result = case.verify();
        assert_eq!(result.code, 0);
        let said = "warning  baseline   It goes on from report 01JBEFORE";
        assert!(result.text().contains(said), "{}", result.text());
        assert!(result.text().contains("whose signature nobody verified when this one was made"), "{}", result.text());
    }
}

#[test]
fn a_comparison_of_another_version_is_not_called_a_lie() {
    let old = before();
    let report = after(&old, |report| {
        report.tool.version = "9.9.9".into();
        let new = crate::report::compare::Side::of(report);
        told(report).new = new;
        told(report).waivers.clear();
    });
    let result = held_against(&old, &report).verify();
    assert_eq!(result.code, 0, "{}", result.text());
    assert!(result.text().contains("worked out by 9.9.9"), "{}", result.text());
}
