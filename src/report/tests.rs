//! From changes that were really carried out to evidence that holds: the journal's owner and this room must agree.

use jiff::Timestamp;

use super::fixture::{TestKey, catalogue, findings, playbook, sample};
use super::verify::{Signers, Verification, VerifyInput, verify};
use super::*;
use crate::change::decisions::decide;
use crate::change::{Change, Plan, PlanStep, State, What, apply, undo};
use crate::check::Status;
use crate::image::fixture::Fixture;
use crate::image::{Image, Node};
use ChangeKind::{Create, Edit, Link, Remove};

/// A plan as a person would choose it: an edit, an edit of secrets twice over, a new file, a link, a removal, a mode.
fn plan(image: &Image) -> Plan {
    let node = |path: &str| image.node(path.as_ref()).unwrap();
    let edited = |path: &str, from: &str, to: &str| {
        let node = node(path).unwrap();
        let text = String::from_utf8(node.bytes().unwrap().to_vec()).unwrap();
        assert!(text.contains(from), "{path}: {text}");
        node.with_bytes(text.replacen(from, to, 1).into_bytes())
    };
    let change = |path: &str, before: Option<Node>, after: Option<Node>, secret: bool| Change::Path {
        path: path.into(),
        before,
        after,
        secret,
    };
    let shadow = edited("/etc/shadow", "root:*", "root:!*");
    let shadow_again = shadow.with_bytes(b"root:!*:20000:0:99999:7:::\n".to_vec());
    let step = |guideline: &str, changes| PlanStep { guideline: guideline.into(), changes };
    Plan {
        steps: vec![
            step(
                "SSH-04",
                vec![
                    change(
                        "/etc/ssh/sshd_config",
                        node("/etc/ssh/sshd_config"),
                        Some(edited("/etc/ssh/sshd_config", "yes", "no")),
                        false,
                    ),
                    change("/etc/new", None, Some(Node::new_file(b"new\n".to_vec(), 0o600)), false),
                    change("/etc/link", None, Some(Node::new_link("/dev/null")), false),
                ],
            ),
            step(
                "ACC-02",
                vec![
                    change("/etc/shadow", node("/etc/shadow"), Some(shadow.clone()), true),
                    change("/etc/shadow", Some(shadow), Some(shadow_again), true),
                    change("/etc/gone", node("/etc/gone"), None, false),
                ],
            ),
        ],
        ..Plan::default()
    }
}

fn verified(report: &Report) -> Verification {
    let bytes = to_bytes(report);
    let key = TestKey::new(1);
    let signers = Signers::parse(&format!("ann {}", key.line()), "signers").unwrap();
    verify(&VerifyInput {
        signer: Some("ann"),
        html: Some(view::html(report, &sha256_hex(&bytes)).as_bytes()),
        markdown: Some(view::markdown(report, &sha256_hex(&bytes)).as_bytes()),
        catalogue: Some(&catalogue()),
        ..VerifyInput::new(&bytes, key.sign_report(&bytes).as_bytes(), &signers, Timestamp::now())
    })
}

fn reported(state: &State, after: Status) -> Report {
    let (catalogue, playbook) = (catalogue(), playbook());
    decide(state, &decisions(&catalogue, &playbook, &findings(after), "Ann Example")).unwrap();
    record(&ReportInput {
        report_id: new_id().unwrap(),
        tool: sample().tool,
        image: fixture::image(),
        catalogue: &catalogue,
        before: &findings(Status::Fail),
        after: &findings(after),
        playbook: &playbook,
        runs: &state.plans().unwrap(),
        journal: &state.journal_lines().unwrap(),
        unread: &[],
        kind: Kind::Build,
        identity: fixture::identity(),
        operator: Operator::default(),
        clock: Clock::default(),
        duration_ms: 1200,
        previous: None,
        own_traces: Vec::new(),
        started_at: fixture::NOW.parse().unwrap(),
        now: Timestamp::now(),
        challenge: None,
        publisher: "Ann Example",
    })
}

#[test]
fn what_was_carried_out_is_what_is_reported_and_verified() {
    let fixture = Fixture::debian();
    fixture.file("/etc/ssh/sshd_config", "PermitRootLogin yes\n").file("/etc/gone", "AKIAIOSFODNN7EXAMPLE\n");
    let image = fixture.image();
    let directory = tempfile::tempdir().unwrap();
    let state = State::at(directory.path()).unwrap();

    let nothing = reported(&state, Status::Fail);
    let result = verified(&nothing);
    assert_eq!(result.code, 1, "authentic, but not seaworthy: {}", result.text());

    apply(&image, &plan(&image), &state, &mut |_| ()).unwrap();
    let report = reported(&state, Status::Pass);
    let kinds: Vec<ChangeKind> = report.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [Edit, Create, Link, Edit, Edit, Remove]);
    let diff = report.changes[0].diff.as_deref().unwrap();
    assert_eq!(
        diff,
        "--- a/etc/ssh/sshd_config\n+++ b/etc/ssh/sshd_config\n@@ -1,1 +1,1 @@\n-PermitRootLogin yes\n+PermitRootLogin no\n"
    );
    let result = verified(&report);
    assert_eq!(result.code, 0, "{}", result.text());
    assert_eq!(report.guidelines[1].result, Outcome::Fixed);

    undo(&image.refreshed(), &state, &What::Guideline("ACC-02".into()), &mut |_| ()).unwrap();
    let report = reported(&state, Status::Pass);
    assert_eq!(report.changes.len(), 3);
    let result = verified(&report);
    assert!(matches!(result.code, 0 | 1), "{}", result.text());

    undo(&image.refreshed(), &state, &What::Everything, &mut |_| ()).unwrap();
    let report = reported(&state, Status::Fail);
    assert!(report.changes.is_empty() && report.journal.count > 6);
    let result = verified(&report);
    assert_eq!(result.code, 1, "{}", result.text());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the journal of the test's own state")]
fn nothing_is_reported_while_a_run_is_half_done() {
    let fixture = Fixture::debian();
    fixture.file("/etc/ssh/sshd_config", "PermitRootLogin yes\n").file("/etc/gone", "x");
    let image = fixture.image();
    let directory = tempfile::tempdir().unwrap();
    let state = State::at(directory.path()).unwrap();
    apply(&image, &plan(&image), &state, &mut |_| ()).unwrap();
    let (catalogue, playbook, after) = (catalogue(), playbook(), findings(Status::Pass));
    let particulars = Particulars {
        playbook: &playbook,
        publisher: "Ann Example",
        challenge: None,
        kind: Kind::Build,
        previous: None,
        caller: &Caller::default(),
        duration: std::time::Duration::ZERO,
        now: Timestamp::now(),
    };
    let prepared = || Preparation::of(&state, &image, &catalogue, &after, &particulars);
    assert!(prepared().is_ok());
    // As if it had been killed before it could say that it is done.
    let lines = state.journal_lines().unwrap();
    let end = lines.iter().position(|line| line.contains(r#"{"kind":"end"}"#)).unwrap();
    std::fs::write(directory.path().join("journal"), lines[..end].join("\n") + "\n").unwrap();
    let error = prepared().unwrap_err().to_string();
    assert!(error.contains("the program was ended, or the connection was lost") && !error.contains('\n'), "{error}");
}

#[test]
fn no_digest_and_no_text_of_a_secret_is_in_it() {
    let fixture = Fixture::debian();
    let hash = "$6$saltsalt$0123456789abcdefABCDEF";
    fixture.file("/etc/shadow", format!("root:{hash}:20000:0:99999:7:::\n")).file("/etc/gone", "x");
    fixture.file("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
    let image = fixture.image();
    let before = image.node("/etc/shadow".as_ref()).unwrap();
    let bytes = before.as_ref().and_then(Node::bytes).unwrap().to_vec();
    let after = before.as_ref().map(|node| node.with_bytes(b"root:!*:20000:0:99999:7:::\n".to_vec()));
    let change = Change::Path { path: "/etc/shadow".into(), before, after, secret: true };
    let plan = Plan { steps: vec![PlanStep { guideline: "ACC-02".into(), changes: vec![change] }], ..Plan::default() };
    let directory = tempfile::tempdir().unwrap();
    let state = State::at(directory.path()).unwrap();
    apply(&image, &plan, &state, &mut |_| ()).unwrap();
    let report = reported(&state, Status::Pass);
    let text = String::from_utf8(to_bytes(&report)).unwrap();
    for secret in [hash, "0123456789abcdef", &sha256_hex(&bytes), &sha256_hex(hash.as_bytes())] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(report.changes[0].before.as_ref().unwrap().withheld, Some(Withheld::Secret));
    let result = verified(&report);
    assert!(matches!(result.code, 0 | 1), "{}", result.text());
}
