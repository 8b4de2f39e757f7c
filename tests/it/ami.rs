//! `--ami FILE`: what AWS says of the finished AMI is judged, and a wrong file is refused.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{put, seaworthy, small_root, stderr};

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Exit code, standard error and the rows of `check` with these files for `--ami`.
fn check(home: &Path, root: &Path, files: &[&str]) -> (Option<i32>, String, Vec<Value>) {
    let root = root.display().to_string();
    let mut args = vec!["check", "--format", "json", "--root", &root];
    for file in files {
        args.extend(["--ami", file]);
    }
    let output = seaworthy(home, args);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let rows = document["guidelines"].as_array().cloned().unwrap_or_default();
    (output.status.code(), stderr(&output), rows)
}

/// The ids of the section IMG with one of these statuses.
fn ids(rows: &[Value], status: &str) -> Vec<String> {
    let rows = rows.iter().filter(|row| row["status"] == status);
    let mut ids: Vec<_> = rows.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
    ids.retain(|id| id.starts_with("IMG"));
    ids.sort();
    ids
}

#[test]
fn every_wrong_attribute_fails_and_every_right_one_passes() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    // The least of an x86-64 program: its ELF header.
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(18, 0);
    header.extend([62, 0]);
    put(&root, "/usr/bin/env", "");
    fs::write(root.join("usr/bin/env"), header).unwrap();

    let (_, _, without) = check(dir.path(), &root, &[]);
    let unknown = ids(&without, "unknown");
    let wanted = "IMG-01 IMG-02 IMG-04 IMG-05 IMG-06 IMG-07 IMG-08 IMG-09 IMG-10 IMG-11 IMG-16 IMG-19";
    assert_eq!(unknown.join(" "), wanted);

    let (_, notes, good) =
        check(dir.path(), &root, &[&fixture("describe-images.json"), &fixture("describe-snapshots.json")]);
    assert_eq!(notes, "");
    assert_eq!(ids(&good, "pass").join(" "), "IMG-02 IMG-03 IMG-04 IMG-05 IMG-06 IMG-07 IMG-08 IMG-09 IMG-10 IMG-19");
    assert!(ids(&good, "unknown").is_empty() && ids(&good, "fail").is_empty(), "{good:#?}");
    let source = good.iter().find(|row| row["id"] == "IMG-01").unwrap()["observations"].to_string();
    assert!(source.contains("ami-0123456789abcdef0") && source.contains("SHA-256"), "{source}");

    let (_, _, bad) = check(dir.path(), &root, &[&fixture("describe-images-bad.json")]);
    let wanted = "IMG-01 IMG-02 IMG-03 IMG-04 IMG-05 IMG-06 IMG-07 IMG-08 IMG-09 IMG-10 IMG-11 IMG-15 IMG-16 IMG-19";
    assert_eq!(ids(&bad, "fail").join(" "), wanted);
}

#[test]
fn a_wrong_file_is_one_line_with_the_command_that_makes_a_right_one() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let file = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name).display().to_string()
    };
    let missing = dir.path().join("missing.json").display().to_string();
    for (path, code, words) in [
        (missing, 3, "no such file"),
        (dir.path().display().to_string(), 3, "not a regular file"),
        (file("long.json", &" ".repeat((1 << 20) + 1)), 3, "larger"),
        (file("table.txt", "| DescribeImages |"), 2, "it is no JSON"),
        (file("none.json", r#"{"Images": []}"#), 2, "it describes no AMI"),
        (file("two.json", r#"[{"ImageId": "ami-1"}, {"ImageId": "ami-2"}]"#), 2, "it describes 2 AMIs"),
        (file("other.json", r#"{"Vpcs": []}"#), 2, "neither AMIs nor snapshots"),
        (file("\u{1b}[2J.json", "{"), 2, "EOF"),
    ] {
        let (found, message, _) = check(dir.path(), &root, &[&path]);
        assert_eq!(found, Some(code), "{message}");
        assert!(message.contains(words) && message.contains("aws ec2 describe-images"), "{message}");
        assert!(message.lines().count() == 1 && !message.contains('\u{1b}'), "{message}");
    }
}
