//! A tree that changes while it is swept, and files made to exhaust whoever reads them: the program comes to its end, says
//! what it could not look at, and finds what stays.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;

use super::form::{lines, program};
use super::plant::Corpus;

/// The findings of a whole run, which may take 240 seconds of processor time and 256 MiB of address space at the most.
pub(super) fn judged(root: &Path, only: &str) -> Vec<Value> {
    let output = Command::new("sh")
        .args(["-c", "ulimit -c 0; ulimit -t 240; ulimit -v 262144; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["check", "--format", "json", "--no-imds", "--only", only, "--root"])
        .arg(root)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        // Else each thread sets aside 64 MiB of addresses.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {said}", output.status);
    assert!(!said.contains("panicked") && !said.contains("defect"), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["guidelines"].as_array().unwrap().clone()
}

/// The paths that a guideline's finding names, each with its text.
pub(super) fn observed(findings: &[Value], id: &str) -> Vec<(String, String)> {
    let finding = findings.iter().find(|finding| finding["id"] == id).unwrap();
    let text = |seen: &Value, key: &str| seen[key].as_str().unwrap_or_default().to_owned();
    let seen = finding["observations"].as_array().unwrap();
    seen.iter().map(|seen| (text(seen, "path"), text(seen, "text"))).collect()
}

/// Says that it is over, also when a test panics: the other thread is to end.
struct Ends<'o>(&'o AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does something to the tree, over and over, while `watch` looks at it; gives how often it did.
fn meanwhile(change: impl Fn(usize) + Sync, watch: impl FnOnce(&AtomicUsize)) {
    let (over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                change(rounds.load(Ordering::Relaxed));
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _ends = Ends(&over);
        watch(&rounds);
    });
}

#[test]
fn what_changes_while_it_is_read_is_survived() {
    let mut corpus = Corpus::new();
    let id = corpus.joined("AKIA¦QX7RT2ZLM4WB6KDP");
    let (large, small) = (program(700_000), lines(5_000));
    let places = ["grows", "shrinks", "vanishes", "is-replaced", "becomes-a-link", "becomes-a-directory"];
    for number in 0..40 {
        corpus.write(format!("/srv/kept/{number}/key"), id.as_bytes());
        corpus.write(format!("/srv/moved/{number}/in/side/file"), &small);
        for place in places {
            corpus.write(format!("/srv/{place}/{number}"), &large);
        }
    }
    corpus.write("/srv/spare", id.as_bytes());
    let at = |place: &str, number: usize| corpus.at(format!("/srv/{place}/{number}"));
    // What another thread undoes meanwhile may fail: that is what is wanted.
    let change = |round: usize| {
        let number = round % 40;
        let open =
            |place| fs::File::options().write(true).create(true).truncate(false).open(at(place, number)).unwrap();
        let grows = open("grows");
        let length = grows.metadata().unwrap().len();
        if length > 4 << 20 {
            grows.set_len(1).unwrap();
        } else {
            grows.write_all_at(&large, length).unwrap();
        }
        let shrinks = open("shrinks");
        shrinks.set_len(10).unwrap();
        shrinks.write_all_at(&large, 0).unwrap();
        fs::remove_file(at("vanishes", number)).unwrap();
        fs::write(at("vanishes", number), &large).unwrap();
        let spare = corpus.at("/srv/is-replaced/new");
        fs::write(&spare, if round.is_multiple_of(2) { &large } else { &small }).unwrap();
        fs::rename(&spare, at("is-replaced", number)).unwrap();
        let link = at("becomes-a-link", number);
        fs::remove_file(&link).unwrap();
        symlink("/proc/kmsg", &link).unwrap();
        fs::remove_file(&link).unwrap();
        fs::write(&link, &small).unwrap();
        let directory = at("becomes-a-directory", number);
        fs::remove_file(&directory).unwrap();
        fs::create_dir_all(directory.join("file")).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        fs::write(&directory, &small).unwrap();
        fs::rename(at("moved", number), corpus.at("/srv/moved/elsewhere")).unwrap();
        fs::rename(corpus.at("/srv/moved/elsewhere"), at("moved", number)).unwrap();
    };
    meanwhile(change, |rounds| {
        let mut runs = 0;
        while runs < 5 || rounds.load(Ordering::Relaxed) < 100 {
            runs += 1;
            let found = observed(&judged(corpus.root(), "SEC-01"), "SEC-01");
            let kept = found.iter().filter(|(path, _)| path.starts_with("/srv/kept/")).count();
            assert_eq!(kept, 40, "{found:#?}");
            // Nothing else holds a key; what could not be read is named with its path.
            let other = found.iter().filter(|(path, text)| !path.starts_with("/srv/kept/") && text.contains("AKIA"));
            assert_eq!(other.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/srv/spare"]);
        }
    });
}

#[test]
fn what_may_not_be_read_is_named_and_no_pass() {
    let corpus = Corpus::new();
    let locked = corpus.write("/srv/locked/key", b"nothing");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(corpus.root(), 0o755);
    mode(&locked, 0o000);
    // Whoever runs the test, the program runs as somebody who may not read everything; and where it lies, they may not go.
    let program = corpus.at("/usr/bin/program");
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &program).unwrap();
    mode(&program, 0o755);
    let mut command = Command::new(&program);
    command.args(["check", "--format", "json", "--no-imds", "--only", "SEC-01", "--root"]).arg(corpus.root());
    if nix::unistd::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["guidelines"].as_array().unwrap();
    assert_eq!(findings[0]["status"], "unknown", "{findings:#?}");
    assert!(observed(findings, "SEC-01").iter().any(|(path, _)| path == "/srv/locked/key"), "{findings:#?}");
}
