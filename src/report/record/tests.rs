use proptest::prelude::*;

use super::make::{unified, whole_seconds};
use super::*;
use crate::catalogue::Catalogue;
use crate::change::diff::{FileDiff, Line, Sign};
use crate::check::{Finding, Findings, Observation};
use crate::image::Error;
use crate::playbook::Playbook;
use crate::report::fixture::{NOW, catalogue, findings, identity, image, playbook, sample};

fn input<'a>(
    catalogue: &'a Catalogue,
    before: &'a Findings,
    after: &'a Findings,
    playbook: &'a Playbook,
) -> ReportInput<'a> {
    ReportInput {
        report_id: "0".repeat(26),
        tool: sample().tool,
        image: image(),
        catalogue,
        before,
        after,
        playbook,
        runs: &[],
        journal: &[],
        unread: &[],
        kind: Kind::Build,
        identity: identity(),
        operator: Operator::default(),
        clock: Clock::default(),
        duration_ms: 1200,
        previous: None,
        own_traces: Vec::new(),
        started_at: NOW.parse().unwrap(),
        now: NOW.parse().unwrap(),
        challenge: None,
        publisher: "Ann Example",
    }
}

fn result(report: &Report, id: &str) -> Outcome {
    report.guidelines.iter().find(|record| record.id == id).unwrap().result
}

#[test]
fn what_is_written_is_read_again() {
    let report = sample();
    let bytes = to_bytes(&report);
    assert_eq!(parse(&bytes).unwrap(), report);
    assert!(bytes.ends_with(b"}\n") && !bytes.contains(&b'\r'));
    assert!(bytes.starts_with(b"{\n  \"format\": \"seaworthy.report/1\",\n  \"report_id\""));
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains("\"generated_at\": \"2026-11-22T16:00:00Z\"")
            && text.contains("\"started_at\": \"2026-11-22T15:00:00Z\"")
    );
    assert!(text.contains("\"arch\": \"x86_64\",\n    \"kernel\": null,"), "null rather than absent");
}

#[test]
fn the_sample_is_told_as_it_is() {
    let report = sample();
    assert_eq!(report.summary.verdict, Verdict::SeaworthyWithWaivers);
    assert_eq!(report.summary.counts, Counts { pass: 3, fail: 1, unknown: 1, not_applicable: 1, attest: 1 });
    for (id, wanted) in [
        ("OSL-01", Outcome::Unknown),
        ("SSH-04", Outcome::Fixed),
        ("SSH-13", Outcome::Waived),
        ("WIN-01", Outcome::NotApplicable),
        ("KEY-01", Outcome::Pass),
        ("PRD-13", Outcome::Attested),
    ] {
        assert_eq!(result(&report, id), wanted, "{id}");
    }
    assert_eq!(report.attestations[0].statement, "We had the product tested by people who know how.");
    assert_eq!(report.attestations[0].note.as_deref(), Some("SEC-1234"));
    assert!(report.limits.iter().any(|limit| limit == "OSL-01 could not be decided: Its end of life is not known."));
}

#[test]
fn a_guideline_nobody_judged_is_unknown() {
    let (catalogue, playbook) = (catalogue(), Playbook::default());
    let none = Findings::new();
    let report = record(&input(&catalogue, &none, &none, &playbook));
    assert_eq!(report.guidelines.len(), catalogue.guidelines.len());
    assert!(report.guidelines.iter().all(|record| record.result == Outcome::Unknown));
    assert_eq!(report.summary.verdict, Verdict::Undecided);
}

#[test]
fn on_a_running_machine_the_seal_is_left_for_later() {
    let (catalogue, playbook) = (catalogue(), playbook());
    let mut after = findings(Status::Pass);
    after.iter_mut().find(|(id, _)| id == "KEY-01").unwrap().1.status = Status::Fail;
    let live = ImageInfo { mode: Mode::Live, ..image() };
    let report = record(&ReportInput { image: live, ..input(&catalogue, &after, &after, &playbook) });
    assert_eq!(result(&report, "KEY-01"), Outcome::Deferred);
    assert_eq!(report.summary.verdict, Verdict::Undecided);
    assert_eq!(report.finish_plan[0].guideline, "KEY-01");
    assert!(report.finish_plan[0].by_hand.contains("authorized_keys"));
    assert!(report.limits.iter().any(|limit| limit.contains("left for the seal")));
    let offline = record(&input(&catalogue, &after, &after, &playbook));
    assert_eq!(result(&offline, "KEY-01"), Outcome::Fail);
    assert!(offline.finish_plan.is_empty());
}

#[test]
fn text_is_visible_and_bounded() {
    let (catalogue, mut playbook) = (catalogue(), playbook());
    if let Some(crate::playbook::Decision::Attest { note, .. }) = playbook.decisions.get_mut("PRD-13") {
        *note = "one\ntwo\u{202e}".into();
    }
    let mut after = findings(Status::Pass);
    let many = (0..150).map(|line| Observation::at("/etc/a\u{1b}b").line(line).text("x".repeat(5000)));
    after[1].1 = Finding::new(Status::Fail, "Root\nmay.").seen(many);
    let report = record(&input(&catalogue, &after, &after, &playbook));
    let found = &report.guidelines[1].after;
    assert_eq!((found.observations.len(), found.unlisted), (100, 50));
    assert_eq!(found.summary, "Root\\u{a}may.");
    assert_eq!(found.observations[0].path.as_deref(), Some("/etc/a\\u{1b}b"));
    assert_eq!(found.observations[0].text.as_deref().map(str::len), Some(400 + " […]".len()));
    assert_eq!(report.attestations[0].note.as_deref(), Some("one\\u{a}two\\u{202e}"));
}

#[test]
fn a_report_never_grows_too_large_to_be_read() {
    let (mut catalogue, playbook) = (catalogue(), playbook());
    let template = catalogue.guidelines[1].clone();
    let path = format!("/{}", "p".repeat(4000));
    let seen = Finding::new(Status::Fail, "Seen.").seen((0..100).map(|_| Observation::at(&path)));
    let mut after = Findings::new();
    catalogue.guidelines.clear();
    for number in 0..30 {
        let id = format!("BIG-{number:02}");
        after.push((id.clone(), seen.clone()));
        catalogue.guidelines.push(crate::catalogue::Guideline { id, ..template.clone() });
    }
    let report = record(&input(&catalogue, &after, &after, &playbook));
    let bytes = to_bytes(&report);
    assert!(bytes.len() < 9 << 20, "{}", bytes.len());
    assert!(parse(&bytes).is_ok());
    let found = &report.guidelines[0].after;
    assert_eq!(found.observations.len() + found.unlisted, 100);
}

#[test]
fn what_the_sweep_could_not_read_is_listed() {
    let (catalogue, playbook, after) = (catalogue(), playbook(), findings(Status::Pass));
    let unread: Vec<Error> =
        (0..53).map(|number| Error::malformed("read", format!("/srv/{number}"), "a bad sector")).collect();
    let report = record(&ReportInput { unread: &unread, ..input(&catalogue, &after, &after, &playbook) });
    assert!(report.limits.iter().any(|limit| limit == "Not searched for secrets: cannot read /srv/0: a bad sector."));
    assert!(report.limits.iter().any(|limit| limit == "3 more paths could not be searched for secrets."));
}

fn line(sign: Sign, old: Option<usize>, new: Option<usize>, text: &str) -> Line {
    Line { sign, old, new, pieces: vec![(false, text.to_owned())], no_newline: false }
}

fn diff(hunks: Vec<Vec<Line>>) -> FileDiff {
    FileDiff { path: "/etc/motd".into(), headline: "edited".into(), hunks, masked: false, added: 0, removed: 0 }
}

#[test]
fn diffs_are_unified_text() {
    let mut last = line(Sign::Added, None, Some(3), "c\u{202e}");
    last.no_newline = true;
    let hunk = vec![line(Sign::Same, Some(2), Some(2), "a\tb"), line(Sign::Removed, Some(3), None, "b"), last];
    let (text, cut) = unified(&diff(vec![hunk]), true, true);
    let wanted =
        "--- a/etc/motd\n+++ b/etc/motd\n@@ -2,2 +2,2 @@\n a\tb\n-b\n+c\\u{202e}\n\\ No newline at end of file\n";
    assert_eq!((text.as_deref(), cut), (Some(wanted), false));
    let new = diff(vec![vec![line(Sign::Added, None, Some(1), "a")]]);
    assert_eq!(unified(&new, false, true).0.unwrap(), "--- /dev/null\n+++ b/etc/motd\n@@ -0,0 +1,1 @@\n+a\n");
    assert_eq!(unified(&diff(Vec::new()), true, true), (None, false));
    let long = (1..10_000).map(|number| line(Sign::Added, None, Some(number), &"x".repeat(100))).collect();
    let (text, cut) = unified(&diff(vec![long]), false, true);
    assert!(cut && text.as_ref().is_some_and(|text| text.len() <= 256 << 10 && text.ends_with("x\n")));
}

#[test]
fn ids_are_new_each_time() {
    let (one, other) = (new_id().unwrap(), new_id().unwrap());
    assert_ne!(one, other);
    assert!(
        one.len() == 26 && one.chars().all(|letter| letter.is_ascii_alphanumeric() && !"ILOUilou".contains(letter))
    );
}

#[test]
fn the_program_names_itself() {
    let tool = Tool::current();
    assert_eq!(tool.name, "seaworthy");
    assert_eq!(tool.binary_sha256.map(|digest| digest.len()), Some(64));
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn times_are_whole_seconds(second in -1_000_000_000_i64..4_000_000_000, nanosecond in 0..999_999_999_i32) {
        let moment = Timestamp::new(second, nanosecond).unwrap();
        prop_assert_eq!(whole_seconds(moment).subsec_nanosecond(), 0);
    }

    #[test]
    fn any_text_survives_writing_and_reading(text in "\\PC{0,40}|.{0,40}") {
        let report = Report { publisher: text, ..sample() };
        prop_assert_eq!(parse(&to_bytes(&report)).unwrap(), report);
    }
}

#[test]
fn what_the_journal_says_it_goes_on_from_is_told_by_every_report_of_the_preparation() {
    use crate::change::journal::Event;
    let event = |id: &str| Event::Previous { report_id: id.into(), sha256: "0".repeat(64), signer: None };
    let lines = crate::report::fixture::journal(&[event("one"), event("two")]).lines;
    let (catalogue, findings, playbook) = (catalogue(), findings(Status::Pass), playbook());
    let report = record(&ReportInput { journal: &lines, ..input(&catalogue, &findings, &findings, &playbook) });
    assert_eq!(report.previous.map(|previous| previous.report_id).as_deref(), Some("two"));
}
