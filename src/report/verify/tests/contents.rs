//! Reports signed by a key that is listed, whose contents do not hold together.

use super::*;
use crate::change::journal::Event;
use crate::report::fixture::{events, journal, retell};
use crate::report::{Choice, Outcome};

#[test]
fn t07_t09_results_that_do_not_follow() {
    table(vec![
        (
            "verdict",
            lie(|report| report.summary.verdict = Verdict::Seaworthy),
            5,
            "Its verdict is seaworthy, but from its guidelines follows seaworthy-with-waivers",
        ),
        ("counts", lie(|report| report.summary.counts.pass += 1), 5, "counts"),
        (
            "pass with a failing finding",
            lie(|report| guideline(report, "SSH-13").result = Outcome::Pass),
            5,
            "SSH-13 is called pass",
        ),
        (
            "finding turned, summary forgotten",
            lie(|report| guideline(report, "OSL-01").after.status = Status::Fail),
            5,
            "OSL-01 is called unknown",
        ),
        (
            "fixed without a change",
            lie(|report| {
                guideline(report, "KEY-01").before.status = Status::Fail;
                guideline(report, "KEY-01").result = Outcome::Fixed;
            }),
            5,
            "KEY-01 is called fixed",
        ),
        (
            "a plan for the seal out of nothing",
            lie(|report| {
                let by_hand = "sudo rm /root/.ssh/authorized_keys\nsudo sync".into();
                report.finish_plan.push(crate::report::FinishStep { guideline: "KEY-01".into(), by_hand });
            }),
            5,
            "left for the seal",
        ),
    ]);
}

#[test]
fn t08_guidelines_left_out_or_changed() {
    table(vec![
        (
            "left out",
            lie(|report| {
                report.guidelines.remove(0);
            }),
            5,
            "some were left out or added",
        ),
        (
            "left out, counted down",
            lie(|report| {
                report.guidelines.remove(0);
                report.catalogue.guidelines -= 1;
            }),
            5,
            "OSL-01 was left out",
        ),
        (
            "twice",
            lie(|report| {
                let twice = report.guidelines[0].clone();
                report.guidelines[1] = twice;
            }),
            5,
            "is in it twice",
        ),
        ("renamed", lie(|report| report.guidelines[0].id = "OSL-99".into()), 5, "OSL-01 was left out"),
        (
            "severity lowered",
            lie(|report| guideline(report, "SSH-13").severity = crate::catalogue::Severity::Optional),
            5,
            "SSH-13 is not as in catalogue",
        ),
        ("catalogue's digest", lie(|report| report.catalogue.sha256 = "0".repeat(64)), 5, "digest is another"),
        (
            "custom, with one built-in left out",
            lie(|report| {
                report.catalogue.custom = true;
                report.guidelines[0].id = "OWN-01".into();
            }),
            5,
            "OSL-01 was left out",
        ),
    ]);
}

#[test]
fn t08_by_unknown_guidelines_nothing_is_seaworthy() {
    let custom = |report: &mut Report| {
        report.catalogue.custom = true;
        report.catalogue.sha256 = "0".repeat(64);
    };
    let other = |report: &mut Report| report.catalogue.version = "2025.01".into();
    let open = |report: &mut Report| {
        let record = guideline(report, "SSH-13");
        (record.decision, record.result) = (None, Outcome::Fail);
        report.summary.verdict = Verdict::NotSeaworthy;
        retell(report);
    };
    table(vec![
        ("house rules, claiming to pass", lie(custom), 5, "Yet it claims to be seaworthy-with-waivers by them"),
        ("another version, claiming to pass", lie(other), 5, "which this program does not have"),
    ]);
    for (name, change) in [("house rules", &custom as &dyn Fn(&mut Report)), ("another version", &other)] {
        let result = lie(|report| {
            change(report);
            open(report);
        })
        .verify();
        assert_eq!(result.code, 1, "{name}: {}", result.text());
        assert!(result.text().contains("warning  catalogue"), "{name}: {}", result.text());
    }
}

#[test]
fn t10_t11_decisions() {
    fn waiver(change: impl FnOnce(&mut crate::report::DecisionRecord)) -> Case {
        lie(|report| change(guideline(report, "SSH-13").decision.as_mut().unwrap()))
    }
    table(vec![
        (
            "no reason",
            waiver(|waiver| waiver.reason = None),
            5,
            "SSH-13 is waived, but a name, an end or a reason is missing",
        ),
        ("short reason", waiver(|waiver| waiver.reason = Some("because".into())), 5, "is missing"),
        ("no name", waiver(|waiver| waiver.by = Some(" ".into())), 5, "is missing"),
        ("no end", waiver(|waiver| waiver.until = None), 5, "is missing"),
        ("too long", waiver(|waiver| waiver.until = Some("2028-01-01".parse().unwrap())), 5, "more than a year"),
        (
            "ended before the report",
            waiver(|waiver| waiver.until = Some("2026-11-21".parse().unwrap())),
            5,
            "its waiver had ended on 2026-11-21",
        ),
        (
            "ended since",
            Case { now: "2027-04-01T00:00:00Z", ..Case::honest() },
            1,
            "the waiver of SSH-13 ended on 2027-03-31",
        ),
        (
            "attested by nobody",
            lie(|report| report.attestations[0].by = String::new()),
            5,
            "PRD-13 is attested, but not by one named person",
        ),
        ("attested by another", lie(|report| report.attestations[0].by = "Bob".into()), 5, "not by one named person"),
        ("attestation hidden", lie(|report| report.attestations.clear()), 5, "not by one named person"),
        (
            "another statement",
            lie(|report| report.attestations[0].statement = "Something easier.".into()),
            5,
            "is not the one of the catalogue",
        ),
        (
            "attestation without decision",
            lie(|report| guideline(report, "PRD-13").decision.as_mut().unwrap().choice = Choice::Later),
            5,
            "nothing was decided so",
        ),
    ]);
}

/// One decision of the report told otherwise; of an attestation, both places that tell of it.
fn told_otherwise(id: &'static str, change: impl Fn(&mut crate::report::DecisionRecord)) -> Case {
    lie(|report| change(guideline(report, id).decision.as_mut().unwrap()))
}

#[test]
fn t10_decisions_that_the_journal_tells_otherwise() {
    fn attested(change: impl FnOnce(&mut crate::report::Attestation)) -> Case {
        lie(|report| {
            change(&mut report.attestations[0]);
            guideline(report, "PRD-13").decision.as_mut().unwrap().by = Some(report.attestations[0].by.clone());
        })
    }
    let later = "2026-11-22T15:59:00Z".parse().unwrap();
    table(vec![
        (
            "waived by another",
            told_otherwise("SSH-13", |made| made.by = Some("Bob".into())),
            5,
            "SSH-13 is waived, but the journal tells of another person",
        ),
        (
            "another reason",
            told_otherwise("SSH-13", |made| made.reason = Some("A much better reason.".into())),
            5,
            "SSH-13 is waived, but the journal tells of another reason",
        ),
        (
            "longer",
            told_otherwise("SSH-13", |made| made.until = Some("2027-06-30".parse().unwrap())),
            5,
            "SSH-13 is waived, but the journal tells of another end",
        ),
        (
            "backdated",
            told_otherwise("SSH-13", |made| made.at = Some(later)),
            5,
            "SSH-13 is waived, but the journal tells of another time",
        ),
        ("no time", told_otherwise("SSH-13", |made| made.at = None), 5, "another time"),
        ("another line", told_otherwise("SSH-13", |made| made.journal_seq = Some(0)), 5, "it in another line"),
        (
            "another choice",
            told_otherwise("SSH-04", |made| made.choice = Choice::Later),
            5,
            "SSH-04 is put off, but the journal tells of another decision",
        ),
        (
            "a person for a plain choice",
            told_otherwise("SSH-04", |made| made.by = Some("Bob".into())),
            5,
            "SSH-04 is to be carried out, but the journal tells of another person",
        ),
        (
            "decided out of nothing",
            lie(|report| {
                let made = guideline(report, "SSH-13").decision.clone();
                guideline(report, "KEY-01").decision = made;
            }),
            5,
            "KEY-01 is waived, but the journal does not tell of that decision",
        ),
        (
            "left out",
            lie(|report| guideline(report, "SSH-04").decision = None),
            5,
            "tells of a decision about SSH-04, which the report leaves out",
        ),
        ("attested by another", attested(|made| made.by = "Bob".into()), 5, "PRD-13 is attested, but the journal"),
        (
            "another note",
            attested(|made| made.note = None),
            5,
            "PRD-13 is attested, but the journal tells of another note",
        ),
        ("attested later", attested(|made| made.at = Some(later)), 5, "another time"),
        (
            "withdrawn",
            rebuilt(|told| told.push(Event::Withdrawn { guideline: "SSH-13".into() })),
            5,
            "SSH-13 is waived, but the journal does not tell of that decision",
        ),
        (
            "another statement in the journal",
            rebuilt(|told| {
                let attested = |event: &&mut Event| matches!(event, Event::Decision(made) if made.statement.is_some());
                let Some(Event::Decision(made)) = told.iter_mut().find(attested) else { panic!("no attestation") };
                made.statement = Some("Something easier.".into());
            }),
            5,
            "PRD-13 is attested, but the journal tells of another statement",
        ),
        (
            "an export before it",
            rebuilt(|told| told.push(Event::Export { report_id: "0".into(), sha256: "0".into() })),
            0,
            "",
        ),
    ]);
}

#[test]
fn t12_the_journal_itself() {
    let lines = |change: fn(&mut Vec<String>)| {
        lie(|report| {
            change(&mut report.journal.lines);
            report.journal.count = report.journal.lines.len();
            report.journal.head = report.journal.lines.last().map(|line| sha256_hex(line.as_bytes()));
        })
    };
    let clock_back = |report: &mut Report| {
        let last = report.journal.lines.last_mut().unwrap();
        *last = last.replace("15:05:09", "15:04:59");
        report.journal.head = Some(sha256_hex(last.as_bytes()));
    };
    let local = lines(|lines| {
        let last = lines.last_mut().unwrap();
        *last = last.replace("15:05:09Z", "16:05:09+01:00");
    });
    let too_late = |report: &mut Report| report.started_at = "2026-11-22T15:05:01Z".parse().unwrap();
    let too_early = |report: &mut Report| report.generated_at = "2026-11-22T15:05:00Z".parse().unwrap();
    let tail = |report: &mut Report| {
        report.journal.lines.pop();
    };
    table(vec![
        ("edited", lines(|lines| lines[0] = lines[0].replace("ACC-02", "ACC-03")), 5, "broken before line 2"),
        ("removed", lines(|lines| drop(lines.remove(0))), 5, "broken before line 1"),
        ("removed inside", lines(|lines| drop(lines.remove(2))), 5, "broken before line 3"),
        ("reordered", lines(|lines| lines.swap(0, 1)), 5, "broken before line 1"),
        ("inserted", lines(|lines| lines.insert(1, lines[0].clone())), 5, "broken before line 2"),
        ("no JSON", lines(|lines| lines[1].push('}')), 5, "line 2 is not well formed"),
        ("spaced out", lines(|lines| lines[1] = lines[1].replace("\"seq\":", "\"seq\": ")), 5, "not written the way"),
        ("another zone", local, 5, "line 10 has no time, or none in UTC"),
        ("begun later than its first line", lie(too_late), 5, "earlier than the beginning of the preparation"),
        ("extra field", lines(|lines| lines[1] = lines[1].replace("\"seq\"", "\"x\":1,\"seq\"")), 5, "not well formed"),
        ("deep", lines(|lines| lines[1] = "[".repeat(100_000)), 5, "line 2 is not well formed"),
        ("tail cut", lie(tail), 5, "lines are missing at its end"),
        ("clock going back", lie(clock_back), 5, "the clock goes back"),
        ("later than the report", lie(too_early), 5, "later than the report"),
    ]);
}

/// Where the run begins in the events of the honest report.
const BEGIN: usize = 4;

/// The chain is rebuilt over other events, as the key's holder could before signing.
fn rebuilt(change: impl FnOnce(&mut Vec<Event>)) -> Case {
    lie(|report| {
        let mut told = events(report);
        change(&mut told);
        report.journal = journal(&told);
    })
}

#[test]
fn t12_t13_the_journal_and_the_changes() {
    let undo = |guideline: &str| {
        let (undo, runs) = ("undo-1".to_owned(), vec!["20261122T150500Z-1".to_owned()]);
        [Event::UndoBegin { undo, runs, guidelines: vec![guideline.into()] }, Event::UndoEnd]
    };
    let renamed = |told: &mut Vec<Event>| {
        let Event::Change { path, .. } = &mut told[BEGIN + 1] else { panic!("no change") };
        *path = "/etc/motd".into();
    };
    let other_digest = |told: &mut Vec<Event>| {
        let Event::Change { after: Some(after), .. } = &mut told[BEGIN + 1] else { panic!("no change") };
        after.sha256 = Some("0".repeat(64));
    };
    let more = |told: &mut Vec<Event>| {
        let mut hidden = told[BEGIN + 1].clone();
        let Event::Change { number, path, .. } = &mut hidden else { panic!("no change") };
        (*number, *path) = (2, "/etc/hidden".into());
        told.insert(BEGIN + 3, hidden);
    };
    let command = |told: &mut Vec<Event>| {
        let (number, outcome) = (0, "exit code 0".into());
        let start = Event::CommandStart { number, guideline: "SSH-04".into(), argv: vec!["/bin/true".into()] };
        told.splice(BEGIN + 5..BEGIN + 5, [start, Event::CommandDone { number, outcome, success: true }]);
    };
    let given_up = |told: &mut Vec<Event>| {
        told.pop();
        told.push(Event::TakenBack { reason: "a full disk".into() });
    };
    table(vec![
        ("as it was", rebuilt(|_| ()), 0, ""),
        ("nothing told", rebuilt(|told| told.truncate(BEGIN)), 5, "does not tell of the run of the change C001"),
        ("another path", rebuilt(renamed), 5, "tells otherwise of the change C001"),
        ("another digest", rebuilt(other_digest), 5, "tells otherwise of the change C001"),
        ("one more", rebuilt(more), 5, "tells of a change of /etc/hidden for SSH-04, which the report leaves out"),
        ("one fewer", rebuilt(|told| drop(told.remove(BEGIN + 2))), 5, "does not tell of the change C002"),
        ("a command more", rebuilt(command), 5, "The commands of run"),
        ("given up", rebuilt(given_up), 5, "does not tell of the run"),
        ("interrupted", rebuilt(|told| drop(told.pop())), 5, "was interrupted, and neither finished nor taken back"),
        ("taken back since", rebuilt(|told| told.extend(undo("ACC-02"))), 5, "does not tell of the change C002"),
        ("another guideline taken back", rebuilt(|told| told.extend(undo("OSL-01"))), 0, ""),
    ]);
}

#[test]
fn t13_commands_end_as_the_journal_tells() {
    let ran = |outcome: &'static str| {
        lie(|report| {
            let mut told = events(report);
            let start = Event::CommandStart {
                number: 0,
                guideline: "SSH-04".into(),
                argv: vec!["/bin/true".into(), "x".into()],
            };
            let done = Event::CommandDone { number: 0, outcome: "exit code 0".into(), success: true };
            told.splice(BEGIN + 5..BEGIN + 5, [start, done]);
            report.journal = journal(&told);
            report.commands.push(crate::report::CommandRecord {
                id: "C003".into(),
                run: report.changes[0].run.clone(),
                guideline: "SSH-04".into(),
                argv: vec!["/bin/true".into(), "x".into()],
                purpose: "Does nothing.".into(),
                outcome: Some(outcome.into()),
                journal_seq: Some(9),
            });
            guideline(report, "SSH-04").changes.push("C003".into());
        })
    };
    table(vec![
        ("as it ended", ran("exit code 0"), 0, ""),
        ("otherwise", ran("exit code 1"), 5, "or how they ended, are not what the journal tells of"),
    ]);
}

#[test]
fn t13_changes() {
    table(vec![
        (
            "diff edited",
            lie(|report| report.changes[0].diff = Some(report.changes[0].diff.clone().unwrap().replace("no", "yes"))),
            5,
            "does not fit its digest",
        ),
        ("path edited", lie(|report| report.changes[0].path = "/etc/motd".into()), 5, "a diff of another file"),
        (
            "digest edited",
            lie(|report| report.changes[0].after = report.changes[0].before.clone()),
            5,
            "not of the sort it says",
        ),
        (
            "hidden",
            lie(|report| {
                report.changes.remove(0);
            }),
            5,
            "SSH-04 lists the change C001, which is not its own",
        ),
        (
            "invented",
            lie(|report| {
                let mut more = report.changes[0].clone();
                more.id = "C003".into();
                report.changes.push(more);
            }),
            5,
            "which does not list it",
        ),
        ("twice", lie(|report| report.changes.push(report.changes[0].clone())), 5, "is in it twice"),
        (
            "of another guideline",
            lie(|report| report.changes[0].guideline = "OSL-01".into()),
            5,
            "which is not its own",
        ),
        (
            "the digest of a secret",
            lie(|report| report.changes[1].before.as_mut().unwrap().sha256 = Some("0".repeat(64))),
            5,
            "gives a size or digest",
        ),
    ]);
}
