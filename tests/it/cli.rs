//! The command line as programs and people use it: exit codes, standard output, standard error, JSON.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{differences, put, seaworthy, small_root, stderr, stdout, traces};

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", stdout(output), stderr(output)))
}

fn root_args(root: &Path, rest: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
    args.extend(["--root".to_owned(), root.display().to_string()]);
    args
}

#[test]
fn check_json_is_the_documented_document() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let output = seaworthy(dir.path(), root_args(&root, &["check", "--format", "json"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let document = json(&output);
    assert_eq!(document["format"], "seaworthy.check/1");
    assert_eq!(document["tool"]["name"], "seaworthy");
    assert_eq!(document["image"]["mode"], "offline");
    assert_eq!(document["image"]["os"]["id"], "debian");
    assert_eq!(document["verdict"], "not-seaworthy");
    let rows = document["guidelines"].as_array().unwrap();
    let total: u64 = document["counts"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(total).unwrap(), rows.len());
    let root_login = rows.iter().find(|row| row["id"] == "SSH-04").unwrap();
    assert_eq!(root_login["status"], "fail");
    assert_eq!(root_login["severity"], "required");
    assert_eq!(root_login["phase"], "harden");
    assert_eq!(root_login["observations"][0]["path"], "/etc/ssh/sshd_config");
    assert_eq!(root_login["observations"][0]["line"], 2);
    assert_eq!(root_login["remedy"]["undoable"], true);
}

#[test]
fn no_secret_of_the_image_reaches_any_output() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    put(
        &root,
        "/etc/cloud/cloud.cfg.d/99-build.cfg",
        "chpasswd:\n  list: |\n    root:hunter2\nruncmd:\n  - mysql -phunter2\n  - [sh, -c, 'echo hunter2 | passwd']\n",
    );
    for command in [
        &["check", "--verbose"][..],
        &["check", "--format", "json"],
        &["diff"],
        &["facts"],
        &["apply", "--all", "--yes"],
    ] {
        let output = seaworthy(dir.path(), root_args(&root, command));
        let all = stdout(&output) + &stderr(&output);
        for secret in ["notarealhash", "hunter2", "abcdefgh"] {
            assert!(!all.contains(secret), "{command:?} shows {secret}");
        }
    }
}

#[test]
fn looking_changes_nothing() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let before = traces(&root);
    for command in [&["check"][..], &["diff"], &["facts"], &["undo", "--list"]] {
        seaworthy(dir.path(), root_args(&root, command));
    }
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

#[test]
fn apply_then_undo_brings_the_tree_back() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let before = traces(&root);
    let applied = seaworthy(dir.path(), root_args(&root, &["apply", "--all", "--yes"]));
    assert!(matches!(applied.status.code(), Some(0 | 1)), "{}", stderr(&applied));
    let config = fs::read_to_string(root.join("etc/ssh/sshd_config")).unwrap();
    assert!(config.contains("PermitRootLogin no"), "{config}");
    assert!(!root.join("root/.bash_history").exists());
    let undone = seaworthy(dir.path(), root_args(&root, &["undo", "--yes"]));
    assert_eq!(undone.status.code(), Some(0), "{}", stderr(&undone));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

#[test]
fn applying_twice_changes_nothing_the_second_time() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    seaworthy(dir.path(), root_args(&root, &["apply", "--all", "--yes"]));
    let once = traces(&root);
    let again = seaworthy(dir.path(), root_args(&root, &["apply", "--all", "--yes"]));
    assert_eq!(differences(&once, &traces(&root)), Vec::<String>::new(), "{}", stderr(&again));
}

#[test]
fn wrong_use_ends_with_2_and_says_what_to_do() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    for (args, wanted) in [
        (root_args(&root, &["check", "--only", "SSH-99"]), "seaworthy guidelines"),
        (root_args(&root, &["apply", "--all"]), "--yes"),
        (root_args(&root, &["apply", "--yes"]), "--all"),
        (root_args(&root, &["undo", "SSH-99", "--yes"]), "--list"),
        (vec!["chekc".into()], "check"),
        (root_args(&root, &[]), "terminal"),
        (root_args(&root, &["facts", "os", "--user", "root"]), "facts sshd"),
    ] {
        let output = seaworthy(dir.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(wanted), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_root_that_is_no_image_gets_one_line_that_names_it() {
    let dir = tempdir().unwrap();
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [&empty, &file, &dir.path().join("missing")] {
        let output = seaworthy(dir.path(), root_args(path, &["check"]));
        assert!(matches!(output.status.code(), Some(2 | 3)), "{}", stderr(&output));
        let text = stderr(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[test]
fn guidelines_list_and_explain() {
    let dir = tempdir().unwrap();
    let list = json(&seaworthy(dir.path(), ["guidelines", "--format", "json"]));
    let rows = list.as_array().unwrap();
    for field in ["id", "title", "severity", "phase"] {
        assert!(rows.iter().all(|row| row[field].is_string()), "{field}");
    }
    let page = seaworthy(dir.path(), ["guidelines", "ssh-04"]);
    assert_eq!(page.status.code(), Some(0));
    for part in ["SSH-04", "Why", "By hand", "Source"] {
        assert!(stdout(&page).contains(part), "{part}");
    }
}

#[test]
fn help_version_completions_and_man_answer() {
    let dir = tempdir().unwrap();
    for (args, part) in [
        (&["--help"][..], "Examples"),
        (&["apply", "--help"], "Examples"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["completions", "bash"], "_seaworthy"),
        (&["man"], ".TH"),
    ] {
        let output = seaworthy(dir.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(stdout(&output).contains(part), "{args:?}");
    }
}

#[test]
fn a_choice_that_leaves_no_guideline_is_never_seaworthy() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    for choice in [&["--only", "SSH-04", "--skip", "SSH-04"][..], &["--only", ""]] {
        for command in ["check", "diff"] {
            let output = seaworthy(dir.path(), root_args(&root, &[&[command], choice].concat()));
            assert_eq!(output.status.code(), Some(2), "{command} {choice:?}: {}", stderr(&output));
            assert_eq!(stdout(&output), "");
        }
    }
}

#[test]
fn check_json_tells_how_many_guidelines_there_are_when_few_were_judged() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let all = json(&seaworthy(dir.path(), ["guidelines", "--format", "json"])).as_array().unwrap().len();
    let few = json(&seaworthy(dir.path(), root_args(&root, &["check", "--only", "SSH-04", "--format", "json"])));
    assert_eq!(few["catalogue"]["guidelines"], all);
    assert_eq!(few["guidelines"].as_array().unwrap().len(), 1);
}

#[test]
fn a_fifo_or_a_binary_in_place_of_a_text_is_refused_at_once() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let rules = dir.path().join("rules");
    fs::create_dir(&rules).unwrap();
    let fifo = rules.join("acme.toml");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let binary = dir.path().join("binary.toml");
    fs::write(&binary, b"\xff\xfe").unwrap();
    for (option, path, code) in
        [("--playbook", &fifo, 3), ("--guidelines", &rules, 2), ("--playbook", &binary, 3), ("--playbook", &rules, 3)]
    {
        let output = seaworthy(dir.path(), root_args(&root, &["check", option, path.to_str().unwrap()]));
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        let text = stderr(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[test]
fn a_refused_guideline_is_named_once() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let output = seaworthy(dir.path(), root_args(&root, &["apply", "IMG-14", "--yes"]));
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
}

#[test]
fn a_scanners_result_is_judged_and_anything_else_is_refused_in_one_line() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let file = dir.path().join("scan.json");
    let check = |text: Option<&str>| {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let rest = ["check", "--only", "OSL-03", "--cve", file.to_str().unwrap()];
        seaworthy(dir.path(), root_args(&root, &rest))
    };
    assert_eq!(check(None).status.code(), Some(3));
    for text in ["{\"SchemaVersion\": 2", "{}", "[3]", "\u{0}"] {
        let output = check(Some(text));
        assert_eq!(output.status.code(), Some(2), "{text}");
        let said = stderr(&output);
        assert!(
            said.contains("scan.json") && said.contains("expected the JSON") && said.lines().count() == 1,
            "{said}"
        );
    }
    let output = check(Some("{\"matches\": [], \"distro\": {\"name\": \"plan9\"}}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("Grype scanned plan9"), "{}", stdout(&output));
}

#[test]
fn a_client_address_that_is_none_is_refused() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    for (address, code) in [("nonsense", 2), ("192.0.2.1%eth0", 2), ("192.0.2.1", 0), ("fe80::1%eth0", 0)] {
        let output = seaworthy(dir.path(), root_args(&root, &["facts", "sshd", "--user", "root", "--addr", address]));
        assert_eq!(output.status.code(), Some(code), "{address}: {}", stderr(&output));
    }
}

#[test]
fn json_is_json_wherever_it_is_asked_for() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let out = dir.path().join("evidence");
    let file = out.join("report.json");
    let (out, file) = (out.to_str().unwrap(), file.to_str().unwrap());
    for command in [
        &["practice", "--list"][..],
        &["facts"],
        &["diff"],
        &["report", "--stdout"],
        &["report", "--out", out],
        &["report", "show", file],
        &["undo", "--list"],
    ] {
        json(&seaworthy(dir.path(), root_args(&root, &[command, &["--format", "json"]].concat())));
    }
    let applied = json(&seaworthy(dir.path(), root_args(&root, &["apply", "SSH-04", "--yes", "--format", "json"])));
    let run = applied["run"].as_str().unwrap();
    let undone = json(&seaworthy(dir.path(), root_args(&root, &["undo", run, "--yes", "--format", "json"])));
    assert_eq!(undone["runs"], serde_json::json!([run]));
}

#[test]
fn facts_secrets_lists_every_hit_masked_with_its_rule() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let key = ["AKIA", "QX7RT2ZLM4WB6KDP"].concat();
    put(&root, "/opt/app/deploy\u{7}.sh", &format!("#!/bin/sh\nexport KEY={key}\n"));
    put(&root, "/etc/region", "eu-west-1\n");
    let before = traces(&root);
    let document = json(&seaworthy(dir.path(), root_args(&root, &["facts", "secrets", "--format", "json"])));
    let secrets = &document["secrets"];
    let hits = secrets["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 1, "{secrets}");
    assert_eq!(hits[0]["path"], "/opt/app/deploy\\u{7}.sh");
    assert_eq!((&hits[0]["line"], &hits[0]["inside"]), (&2.into(), &Value::Null));
    assert_eq!((hits[0]["rule"].as_str(), hits[0]["kind"].as_str()), (Some("aws-access-key-id"), Some("aws-key")));
    assert!(secrets["files"].as_u64().unwrap() > 10 && secrets["unread"].as_array().unwrap().is_empty());
    let text = stdout(&seaworthy(dir.path(), root_args(&root, &["facts", "secrets"])));
    assert!(text.starts_with("/opt/app/deploy\\u{7}.sh:2\taws-access-key-id\t"), "{text}");
    assert!(!format!("{document}{text}").contains(&key[..5]));
    let all = json(&seaworthy(dir.path(), root_args(&root, &["facts", "--format", "json"])));
    assert!(all.get("secrets").is_none(), "a page of facts does not take a search");
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

#[test]
fn a_passwd_without_accounts_is_never_a_pass() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    fs::write(root.join("etc/passwd"), "").unwrap();
    let document = json(&seaworthy(dir.path(), root_args(&root, &["check", "--format", "json"])));
    for id in ["ACC-01", "ACC-02", "ACC-03", "ACC-04"] {
        let row = document["guidelines"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        assert_eq!(row["status"], "unknown", "{id}");
    }
}

#[test]
fn a_report_that_was_written_is_done_as_asked_whatever_its_verdict() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let output = seaworthy(dir.path(), root_args(&root, &["report", "--stdout", "--publisher", "Jane Roe"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json(&output)["summary"]["verdict"], "not-seaworthy");
}

#[test]
fn an_age_that_is_none_is_wrong_use() {
    let dir = tempdir().unwrap();
    for age in ["soon", "0d", "30"] {
        let output = seaworthy(dir.path(), ["verify", "report.json", "--signers", "x", "--max-age", age]);
        assert_eq!(output.status.code(), Some(2), "{age}");
    }
}

/// The first `toml` block of the README in which `word` occurs.
fn readme_block(word: &str) -> &'static str {
    let readme = include_str!("../../README.md");
    let mut blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(word)).unwrap()
}

#[test]
fn the_readmes_playbook_and_house_rule_are_taken_as_printed() {
    let dir = tempdir().unwrap();
    let root = small_root(dir.path());
    let playbook = dir.path().join("playbook.toml");
    fs::write(&playbook, readme_block("SSH-04")).unwrap();
    let rules = dir.path().join("rules");
    fs::create_dir(&rules).unwrap();
    fs::write(rules.join("acme.toml"), readme_block("ACME-01")).unwrap();
    fs::write(root.join("etc/acme.conf"), "server=x").unwrap();
    let run = ["apply", "--yes", "--playbook", playbook.to_str().unwrap()];
    let output = seaworthy(dir.path(), root_args(&root, &run));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("SSH-04"), "{}", stderr(&output));
    let run = ["apply", "ACME-01", "--yes", "--only", "ACME-01", "--guidelines", rules.to_str().unwrap()];
    let output = seaworthy(dir.path(), root_args(&root, &run));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("Only 1 of "), "{}", stdout(&output));
    assert!(!root.join("etc/acme.conf").exists());
}

#[test]
fn what_a_playbook_allows_is_waived_in_the_check_and_in_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let root = small_root(dir.path());
    put(&root, "/opt/app/.env", "DB_PASSWORD=hunter22\nGREETING=hello\n");
    let (book, mount) = (dir.path().join("playbook.toml"), root.to_str().unwrap());
    let check = |playbook: &str| {
        fs::write(&book, playbook).unwrap();
        let only = ["check", "--only", "SEC-04", "--format", "json", "--root", mount, "--playbook"];
        let output = seaworthy(dir.path(), [only.as_slice(), &[book.to_str().unwrap()]].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, found, _) = check("");
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let rule = found["guidelines"][0]["observations"][0]["rule"].as_str().unwrap().to_owned();
    assert_eq!((code, found["verdict"].as_str()), (Some(1), Some("not-seaworthy")));
    let entry = |path: &str, days: i64| {
        let until = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() + jiff::Span::new().days(days);
        let reason = "A password for tests only.";
        format!("[[allow]]\npath = {path:?}\nrule = {rule:?}\nreason = {reason:?}\nuntil = {until}\n")
    };
    let (code, _, note) = check(&entry("/opt/app/**", -1));
    assert!(code == Some(1) && note.contains("no longer counts"), "{note}");
    let (code, _, wrong) = check(&entry("/opt/app/**", 30).replace(&rule, "no-such-rule"));
    assert!(code == Some(2) && wrong.contains("playbook.toml:1: there is no rule"), "{wrong}");
    let (code, waived, _) = check(&entry("/opt/app/**", 30));
    assert!(waived.contains("seaworthy-with-waivers") && waived.contains("A password for tests only."), "{waived}");
    assert_eq!(code, Some(0));

    let report = ["report", "--stdout", "--publisher", "Ann Example", "--root", mount, "--playbook"];
    let output = seaworthy(dir.path(), [report.as_slice(), &[book.to_str().unwrap()]].concat());
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let record = report["guidelines"].as_array().unwrap().iter().find(|one| one["id"] == "SEC-04").unwrap();
    assert_eq!(record["result"], "waived");
    assert_eq!((&record["decision"]["choice"], &record["decision"]["by"]), (&"waive".into(), &"Ann Example".into()));
}

#[test]
fn a_crash_leaves_no_core_dump() {
    use std::io::Read as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    let dir = tempdir().unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" guidelines --format json"])
        .arg(env!("CARGO_BIN_EXE_seaworthy"))
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It says more than a pipe takes, and so waits in the midst of it.
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(limit.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
    let abort = nix::sys::signal::Signal::SIGABRT;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), abort).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(abort as i32));
    assert!(!status.core_dumped());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
