//! What was decided, from a playbook to a report that a reviewer verifies.

use std::path::Path;

use seaworthy::catalogue::Catalogue;
use seaworthy::report::{Report, parse};

use crate::support::{put, seaworthy, small_root, stderr, stdout};

/// Decisions of every kind that the journal treats in its own way; the waiver holds for another month.
fn playbook() -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = today.saturating_add(jiff::Span::new().days(30));
    format!(
        r#"
[decisions.SSH-04]
choice = "apply"

[decisions.SSH-13]
choice = "waive"
reason = "The console needs it until 3.2 is out."
until = "{until}"
by = "Ann Example"

[decisions.PRD-16]
choice = "attest"
by = "Ann Example"
note = "SEC-1234"
"#
    )
}

fn report(home: &Path, root: &str, more: &[&str]) -> Report {
    let written = seaworthy(home, [&["report", "--stdout", "--publisher", "Bob", "--root", root], more].concat());
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    parse(&written.stdout).unwrap()
}

/// Kind and guideline of every decision in the journal.
fn decided(report: &Report) -> Vec<(String, String)> {
    let event = |line: &String| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line["event"][name].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("guideline"))
    };
    let is_decision = |(kind, _): &(String, String)| ["decision", "withdrawn"].contains(&kind.as_str());
    report.journal.lines.iter().map(event).filter(is_decision).collect()
}

#[test]
fn a_playbook_is_told_of_when_it_is_applied_and_when_it_no_longer_counts() {
    let home = tempfile::tempdir().unwrap();
    let root = small_root(home.path());
    let root = root.to_str().unwrap();
    put(home.path(), "book.toml", &playbook());
    let book = home.path().join("book.toml");
    let book = ["--playbook", book.to_str().unwrap()];
    let applied = seaworthy(home.path(), [&["apply", "--yes", "--root", root], &book[..]].concat());
    assert_eq!(applied.status.code(), Some(1), "{}{}", stdout(&applied), stderr(&applied));

    let first = report(home.path(), root, &book);
    let made = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
    let all = [made("decision", "PRD-16"), made("decision", "SSH-04"), made("decision", "SSH-13")];
    assert_eq!(decided(&first), all, "the report decides nothing anew");
    let record = |report: &Report, id: &str| report.guidelines.iter().find(|one| one.id == id).unwrap().clone();
    let waiver = record(&first, "SSH-13").decision.unwrap();
    assert_eq!((waiver.by.as_deref(), waiver.journal_seq), (Some("Ann Example"), Some(2)));
    assert!(waiver.at.is_some_and(|at| at >= first.started_at && at <= first.generated_at));
    let attestation = &first.attestations[0];
    let shown = Catalogue::built_in().unwrap().get("PRD-16").unwrap().attest.clone();
    assert_eq!((Some(&attestation.statement), attestation.journal_seq), (shown.as_ref(), Some(0)));
    assert_eq!((attestation.note.as_deref(), attestation.at), (Some("SEC-1234"), waiver.at));
    let change = &first.changes[0];
    assert!(first.journal.lines[usize::try_from(change.journal_seq.unwrap()).unwrap()].contains(&change.path));
    assert!(change.reversible && first.own_traces.is_empty());
    assert_eq!(first.tool.arguments[..2], ["report", "--stdout"]);

    let second = report(home.path(), root, &[]);
    let withdrawn = [made("withdrawn", "PRD-16"), made("withdrawn", "SSH-04"), made("withdrawn", "SSH-13")];
    assert_eq!(decided(&second), [all, withdrawn].concat());
    assert!(second.attestations.is_empty() && second.guidelines.iter().all(|record| record.decision.is_none()));
    let exported = format!("\"report_id\":\"{}\"", first.report_id);
    assert!(second.journal.lines.iter().any(|line| line.contains(&exported)), "the first report is told of");
}

#[test]
fn nobody_confirms_what_was_never_stated() {
    let home = tempfile::tempdir().unwrap();
    let root = small_root(home.path());
    put(home.path(), "book.toml", "[decisions.SSH-04]\nchoice = \"attest\"\nby = \"Ann\"\n");
    let book = home.path().join("book.toml");
    let refused =
        seaworthy(home.path(), ["check", "--root", root.to_str().unwrap(), "--playbook", book.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("there is nothing to confirm about it"), "{}", stderr(&refused));
}
