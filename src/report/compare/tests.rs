//! The comparison by example: what was done to an honest report, and what is said of it.

use nix::unistd::{getgid, getuid};

use super::*;
use crate::change::{Change, Plan, PlanStep};
use crate::check::Status;
use crate::image::Node;
use crate::image::fixture::Fixture;
use crate::report::fixture::sample;
use crate::report::{Choice, DecisionRecord, GuidelineRecord, NodeKind, NodeRecord, Withheld, sha256_hex};

/// The report after `sample`, a month later, with something done to it.
fn later(change: impl FnOnce(&mut Report)) -> Report {
    let mut report = sample();
    report.report_id = "01JD8Q4Z6T7W8X9Y0ABCDEFGHK".into();
    report.generated_at = "2026-12-22T16:00:00Z".parse().unwrap();
    change(&mut report);
    report
}

fn guideline<'a>(report: &'a mut Report, id: &str) -> &'a mut GuidelineRecord {
    report.guidelines.iter_mut().find(|record| record.id == id).unwrap()
}

fn waiver(until: &str, by: &str, reason: &str) -> DecisionRecord {
    DecisionRecord {
        choice: Choice::Waive,
        by: Some(by.into()),
        reason: Some(reason.into()),
        until: Some(until.parse().unwrap()),
        ..guideline(&mut sample(), "SSH-13").decision.clone().unwrap()
    }
}

fn ids(turns: &[Turn]) -> Vec<&str> {
    turns.iter().map(|turn| turn.id.as_str()).collect()
}

#[test]
fn a_report_is_like_itself() {
    let comparison = compare(&sample(), &later(|_| {}));
    assert!(!comparison.regression, "{}", text(&comparison));
    let Comparison { regressed, fixed, newly_applicable, otherwise, .. } = &comparison;
    assert!([regressed, fixed, newly_applicable, otherwise].into_iter().all(Vec::is_empty));
    assert!(comparison.added.is_empty() && comparison.gone.is_empty());
    assert_eq!(comparison.waivers.iter().map(|turn| turn.fate).collect::<Vec<_>>(), [Fate::Kept]);
    assert!(text(&comparison).ends_with("\nNothing regressed.\n"), "{}", text(&comparison));
}

#[test]
fn each_pair_of_results_has_its_place() {
    use Outcome::{Attested, ByHand, Deferred, Fail, Fixed, NotApplicable, NotAttested, Pass, Unknown, Waived};
    let all = [Pass, Fixed, ByHand, Attested, Waived, Deferred, NotAttested, Unknown, Fail, NotApplicable];
    for (old, new) in all.into_iter().flat_map(|old| all.map(|new| (old, new))) {
        let mut before = sample();
        guideline(&mut before, "SSH-04").result = old;
        let comparison = compare(&before, &later(|report| guideline(report, "SSH-04").result = new));
        let has = |turns: &[Turn]| !turns.is_empty();
        let found = (
            has(&comparison.regressed),
            has(&comparison.fixed),
            has(&comparison.newly_applicable),
            has(&comparison.otherwise),
        );
        let met = |outcome| matches!(outcome, Pass | Fixed | ByHand | Attested);
        let open = matches!(new, Fail | Unknown | NotAttested);
        let regressed = (met(old) || matches!(old, Waived | NotApplicable)) && open;
        let applies = old == NotApplicable && new != NotApplicable;
        let fixed = old != NotApplicable && !met(old) && met(new);
        let otherwise = old != new && !regressed && !applies && !fixed;
        assert_eq!(found, (regressed, fixed, applies, otherwise), "{old:?} to {new:?}");
        assert_eq!(comparison.regression, regressed, "{old:?} to {new:?}");
    }
}

#[test]
fn a_worse_verdict_regresses_and_a_better_one_does_not() {
    let all = [Verdict::Seaworthy, Verdict::SeaworthyWithWaivers, Verdict::Undecided, Verdict::NotSeaworthy];
    for (worth, old) in all.into_iter().enumerate() {
        for (other, new) in all.into_iter().enumerate() {
            let mut before = sample();
            before.summary.verdict = old;
            let comparison = compare(&before, &later(|report| report.summary.verdict = new));
            assert_eq!(comparison.regression, other > worth, "{old:?} to {new:?}");
            let said = text(&comparison).contains("the verdict got worse");
            assert_eq!(said, other > worth, "{}", text(&comparison));
        }
    }
}

#[test]
fn every_fate_of_a_waiver() {
    let (ann, reason) = ("Ann Example", "The console needs it until 3.2 is out.");
    let held = || Some(waiver("2027-03-31", ann, reason));
    let short = || Some(waiver("2026-12-01", ann, reason));
    let over = || Some(waiver("2026-11-01", ann, reason));
    let ended = "SSH-13   ended on 2026-12-01; was by Ann Example";
    for (old, new, result, fate, regression, says) in [
        (held(), held(), Outcome::Waived, Fate::Kept, false, "as before, until 2027-03-31"),
        (
            held(),
            Some(waiver("2027-06-30", ann, reason)),
            Outcome::Waived,
            Fate::Renewed,
            false,
            "renewed until 2027-06-30 (was 2027-03-31)",
        ),
        (
            held(),
            Some(waiver("2027-06-30", "Bob", reason)),
            Outcome::Waived,
            Fate::Changed,
            false,
            "until 2027-06-30 by Bob: \"The console",
        ),
        (
            held(),
            Some(waiver("2027-03-31", ann, "Nobody knows how.")),
            Outcome::Waived,
            Fate::Changed,
            false,
            "Nobody knows how.",
        ),
        (held(), None, Outcome::Waived, Fate::Dropped, false, "dropped; would have held until 2027-03-31"),
        (None, held(), Outcome::Waived, Fate::Granted, false, "granted until 2027-03-31 by Ann Example"),
        (short(), short(), Outcome::Fail, Fate::Ended, true, ended),
        (short(), None, Outcome::Fail, Fate::Ended, true, ended),
        (short(), None, Outcome::Deferred, Fate::Ended, true, ended),
        (short(), None, Outcome::Pass, Fate::Ended, false, ended),
        // It had ended before the older report was written.
        (over(), over(), Outcome::Fail, Fate::Ended, false, "ended on 2026-11-01"),
    ] {
        let mut before = sample();
        // The same on both sides, so that nothing but the waiver decides.
        let mut after = later(|_| {});
        for (report, decision) in [(&mut before, old), (&mut after, new)] {
            let record = guideline(report, "SSH-13");
            (record.decision, record.result) = (decision, result);
        }
        let comparison = compare(&before, &after);
        assert_eq!(comparison.waivers.iter().map(|turn| turn.fate).collect::<Vec<_>>(), [fate]);
        assert_eq!(comparison.regression, regression, "{fate:?} {result:?}");
        assert!(text(&comparison).contains(says), "{says}\n{}", text(&comparison));
    }
}

#[test]
fn a_catalogue_that_changed() {
    let new = later(|report| {
        report.catalogue.version = "2027.01".into();
        report.guidelines.retain(|record| record.id != "WIN-01");
        let mut extra = guideline(report, "SSH-04").clone();
        extra.id = "SSH-99".into();
        extra.result = Outcome::Fail;
        report.guidelines.push(extra);
    });
    let comparison = compare(&sample(), &new);
    assert_eq!(comparison.added.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["SSH-99"]);
    assert_eq!(comparison.gone.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["WIN-01"]);
    let shown = text(&comparison);
    for part in
        ["Catalogue: 2026.11 (", ") -> 2027.01 (", "New in the catalogue (1)\n  SSH-99", "Gone from the catalogue (1)"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!comparison.regression, "a guideline nobody judged before did not get worse");
}

#[test]
fn nothing_of_a_report_acts_on_a_terminal() {
    let new = later(|report| {
        let record = guideline(report, "SSH-04");
        record.result = Outcome::Fail;
        record.after.status = Status::Fail;
        record.title = "\u{1b}[2Jtitle\u{202e}".into();
        record.after.summary = "sum\nmary".into();
        report.tool.version = "9\r9".into();
    });
    let mut comparison = compare(&sample(), &new);
    comparison.drift = Some(Drift { same: 1, unlisted: 2, files: vec![drifted(DriftState::Changed, "\u{7}")] });
    let shown = text(&comparison);
    assert!(!shown.chars().any(|sign| sign != '\n' && sign != '\t' && (sign.is_control() || sign == '\u{202e}')));
    assert_eq!(ids(&comparison.regressed), ["SSH-04"]);
}

fn drifted(state: DriftState, detail: &str) -> Drifted {
    Drifted {
        path: "/etc/motd".into(),
        guideline: "SSH-04".into(),
        change: "C001".into(),
        state,
        detail: detail.into(),
        diff: Some("--- a\n+++ b\n@@ -1,1 +1,1 @@\n-a\u{1b}\n+b\tc\n".into()),
        diff_truncated: true,
    }
}

const WHOLE: &str = "--- a/etc/motd\n+++ b/etc/motd\n@@ -1,2 +1,2 @@\n hello\n-Port 21\n+Port 22\n";
const LEFT: &str = "hello\nPort 22\n";

/// An older report that changed `/etc/motd` from `before` to [`LEFT`].
fn left(change: impl FnOnce(&mut crate::report::ChangeRecord)) -> Report {
    let mut report = sample();
    report.changes.truncate(1);
    let file = |text: &str| NodeRecord {
        sha256: Some(sha256_hex(text.as_bytes())),
        uid: getuid().as_raw(),
        gid: getgid().as_raw(),
        ..report.changes[0].after.clone().unwrap()
    };
    let (before, after) = (file("hello\nPort 21\n"), file(LEFT));
    let record = &mut report.changes[0];
    record.path = "/etc/motd".into();
    (record.before, record.after, record.diff) = (Some(before), Some(after), Some(WHOLE.into()));
    change(record);
    report
}

/// The state and detail that the one file is said to have drifted to; `None`: it is as it was left.
fn state(fixture: &Fixture, old: &Report) -> Option<(DriftState, String)> {
    let drift = drift(&fixture.image(), &[], old);
    assert_eq!(drift.same + drift.files.len(), 1);
    drift.files.into_iter().next().map(|file| (file.state, file.detail))
}

fn motd(text: &str) -> Fixture {
    let fixture = Fixture::bare();
    fixture.file("/etc/motd", text).mode("/etc/motd", 0o644);
    fixture
}

#[test]
fn what_became_of_a_file_that_was_edited() {
    let honest = left(|_| {});
    let told = |fixture: &Fixture| state(fixture, &honest);
    assert_eq!(told(&motd(LEFT)), None);
    assert_eq!(told(&motd("hello\nPort 21\n")).unwrap().0, DriftState::Reverted);
    assert_eq!(told(&motd("other\n")).unwrap(), (DriftState::Changed, "its content is another".into()));
    assert_eq!(told(&Fixture::bare()).unwrap(), (DriftState::Gone, "the file is gone".into()));
    let fixture = motd(LEFT);
    fixture.mode("/etc/motd", 0o600);
    assert_eq!(told(&fixture).unwrap(), (DriftState::Attributes, "mode 0644 was left, 0600 is there".into()));
    let fixture = Fixture::bare();
    fixture.link("/etc/motd", "/run/motd");
    assert_eq!(told(&fixture).unwrap(), (DriftState::Changed, "a file was left, and a link is there".into()));
    let fixture = Fixture::bare();
    fixture.fifo("/etc/motd");
    assert_eq!(told(&fixture).unwrap().0, DriftState::Unknown, "what cannot be read is never the same");
}

#[test]
fn what_became_of_links_and_of_what_was_removed() {
    let removed = left(|change| (change.after, change.kind) = (None, crate::report::ChangeKind::Remove));
    assert_eq!(state(&Fixture::bare(), &removed), None);
    assert_eq!(state(&motd("x"), &removed).unwrap(), (DriftState::Back, "it was removed, and a file is there".into()));
    let linked = left(|change| {
        let after = change.after.as_mut().unwrap();
        (after.kind, after.sha256, after.mode) = (NodeKind::Link, None, None);
        after.target = Some("/dev/null".into());
    });
    let fixture = Fixture::bare();
    fixture.link("/etc/motd", "/dev/null");
    assert_eq!(state(&fixture, &linked), None);
    let fixture = Fixture::bare();
    fixture.link("/etc/motd", "/etc/issue");
    assert_eq!(state(&fixture, &linked).unwrap(), (DriftState::Changed, "it points to /etc/issue".into()));
}

#[test]
fn what_cannot_be_compared_is_never_the_same() {
    let withheld = |withheld| {
        left(|change| {
            change.secret = withheld == Withheld::Secret;
            let after = change.after.as_mut().unwrap();
            (after.sha256, after.withheld) = (None, Some(withheld));
        })
    };
    for (old, says) in [
        (withheld(Withheld::Secret), "may hold secrets"),
        (withheld(Withheld::TooLarge), "no digest of it was kept"),
        (left(|change| change.path = "/etc/../etc/motd".into()), "exact name"),
        (left(|change| change.path = "etc/motd".into()), "exact name"),
        (left(|change| change.path = "/etc/mo\\td".into()), "exact name"),
    ] {
        let (state, detail) = state(&motd(LEFT), &old).unwrap();
        assert_eq!(state, DriftState::Unknown, "{detail}");
        assert!(detail.contains(says), "{detail}");
    }
}

#[test]
fn a_diff_is_shown_where_the_old_one_shows_the_whole_file_and_no_secret() {
    let diff_of = |now: &str, old: &Report| {
        let drift = drift(&motd(now).image(), &[], old);
        drift.files.into_iter().next().unwrap().diff
    };
    let shown = diff_of("hello\nPort 23\n", &left(|_| {})).unwrap();
    assert_eq!(shown, WHOLE.replace("Port 22", "Port 23").replace("Port 21", "Port 22"));
    let ends_without_newline = left(|change| {
        change.diff = Some(format!("{WHOLE}\\ No newline at end of file\n"));
        change.after.as_mut().unwrap().sha256 = Some(sha256_hex(LEFT.trim_end().as_bytes()));
    });
    assert!(diff_of("x\n", &ends_without_newline).unwrap().contains("-Port 22\n\\ No newline at end of file\n"));
    let partial = left(|change| change.diff = Some(WHOLE.replace(" hello\n", "")));
    assert_eq!(diff_of("x\n", &partial), None);
    assert_eq!(diff_of("hello\nPort 22\npassword=hunter22\n", &left(|_| {})), None);
}

#[test]
fn a_file_that_this_preparation_changed_is_judged_by_what_it_was_made_from() {
    let change = |before: &str, after: &str| Change::Path {
        path: "/etc/motd".into(),
        before: Some(Node::new_file(before.as_bytes(), 0o644)),
        after: Some(Node::new_file(after.as_bytes(), 0o644)),
        secret: false,
    };
    let run_of = |id: &str, before: &str| {
        let steps = [change(before, "between"), change("between", "now")];
        let steps = steps.map(|change| PlanStep { guideline: "SSH-04".into(), changes: vec![change] }).into();
        [(id.to_owned(), Plan { steps, ..Plan::default() })]
    };
    let run = |before| run_of("run", before);
    let mut old = left(|_| {});
    let record = &mut old.changes[0];
    for node in [record.before.as_mut(), record.after.as_mut()].into_iter().flatten() {
        (node.uid, node.gid) = (0, 0);
    }
    let states = |runs: &[(String, Plan)]| {
        drift(&motd("now").image(), runs, &old).files.into_iter().map(|file| file.state).collect::<Vec<_>>()
    };
    assert_eq!(states(&run(LEFT)), []);
    assert_eq!(states(&run("hello\nPort 21\n")), [DriftState::Reverted]);
    assert_eq!(states(&[]), [DriftState::Changed]);
    // The older report tells of this run already: what is there since counts.
    assert_eq!(states(&run_of(&old.changes[0].run, LEFT)), [DriftState::Changed]);
}

#[test]
fn of_several_changes_of_one_file_the_last_counts() {
    let mut old = left(|_| {});
    let first = crate::report::ChangeRecord {
        id: "C000".into(),
        after: old.changes[0].before.clone(),
        before: None,
        ..old.changes[0].clone()
    };
    old.changes.insert(0, first);
    let drift = drift(&motd(LEFT).image(), &[], &old);
    assert_eq!(drift, Drift { same: 1, ..Drift::default() });
}
