//! `VERIFY.txt`: every command in it is run, as it stands there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use seaworthy::catalogue::Catalogue;
use seaworthy::report::{Bundle, write_bundle};

use crate::report::{Keys, report};
use crate::support::{stderr, stdout};

/// A bundle in a directory of its own, and the commands of its `VERIFY.txt`.
fn bundle(directory: &Path) -> (Bundle, Vec<String>) {
    let bundle = write_bundle(directory, &report(&Catalogue::built_in().unwrap()), false).unwrap();
    let text = fs::read_to_string(&bundle.verify).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("     ")).collect();
    let commands: Vec<String> = lines.join("\n").replace("\\\n", "").lines().map(str::to_owned).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    (bundle, commands)
}

/// Runs it where the bundle lies, with the program on the path.
fn run(directory: &Path, command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_seaworthy")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    Command::new("sh").args(["-c", command]).env("PATH", path).current_dir(directory).output().unwrap()
}

#[test]
fn seaworthy_knows_the_command_that_verify_txt_gives() {
    let directory = tempfile::tempdir().unwrap();
    let (_, commands) = bundle(directory.path());
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzEqiOHWQ5WM8J9bHyV8tnPhY2AlH0Pw0aXk8p4QFNo";
    fs::write(directory.path().join("allowed_signers"), format!("release@example.com {key}\n")).unwrap();
    let said = run(directory.path(), &commands[2]);
    // The signature is missing; wrong use would be 2.
    assert_eq!(said.status.code(), Some(7), "{}{}", stdout(&said), stderr(&said));
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn every_command_in_verify_txt_does_what_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let (bundle, commands) = bundle(directory.path());
    let keys = Keys::new(&["ed25519"], "");
    fs::copy(keys.at("signers"), directory.path().join("allowed_signers")).unwrap();
    let sign = format!("ssh-keygen -q -Y sign -n seaworthy-report -f {} report.json", keys.at("key").display());
    assert!(run(directory.path(), &sign).status.success());
    let digest = run(directory.path(), &commands[0]);
    assert!(stdout(&digest).starts_with(&bundle.sha256), "{}", stdout(&digest));
    let good = run(directory.path(), &commands[1]);
    let said = "Good \"seaworthy-report\" signature for release@example.com";
    assert!(good.status.success() && stdout(&good).starts_with(said), "{}{}", stdout(&good), stderr(&good));
    // Nothing was judged, so it is authentic and undecided.
    let verified = run(directory.path(), &commands[2]);
    assert_eq!(verified.status.code(), Some(1), "{}{}", stdout(&verified), stderr(&verified));
    for view in ["html", "markdown"] {
        let line = stdout(&verified).lines().find(|line| line.contains(view)).unwrap_or_default().to_owned();
        assert!(line.contains("exactly the view"), "{view}: {}", stdout(&verified));
    }
    // A byte more in the report, and each of the three says so.
    fs::write(&bundle.report, [fs::read(&bundle.report).unwrap(), b"\n".to_vec()].concat()).unwrap();
    assert!(!stdout(&run(directory.path(), &commands[0])).starts_with(&bundle.sha256));
    assert!(!run(directory.path(), &commands[1]).status.success());
    assert_eq!(run(directory.path(), &commands[2]).status.code(), Some(3));
}
