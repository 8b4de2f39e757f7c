//! The whole way: from a practice image to a report that a reviewer verifies.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::tempdir;

use super::{DOWN, back, choose, left_behind, practice, review, select, yes};
use crate::support::{seaworthy, stderr, stdout};
use crate::terminal::Terminal;

/// Waives `id` until the day that is proposed.
pub(super) fn waive(terminal: &mut Terminal, id: &str, reason: &str) {
    select(terminal, id);
    terminal.send("\r");
    terminal.wait(&format!("Decide {id}"));
    terminal.send(&format!("{DOWN}\r"));
    terminal.wait(&format!("Waive {id}"));
    terminal.send("too short\r\r\r");
    terminal.wait("a reason of at least 10 characters is needed");
    terminal.send(&format!("\x15{reason}\r\r\r"));
    terminal.wait(&format!("{id}: waived."));
}

/// Attests `id` as the person the terminal belongs to.
pub(super) fn attest(terminal: &mut Terminal, id: &str) {
    select(terminal, id);
    terminal.send("\r");
    terminal.wait("▸ Attest");
    terminal.send("\r");
    terminal.wait(&format!("Attest {id}"));
    terminal.send("\rTICKET-17\r");
    terminal.wait(&format!("{id}: attested."));
}

/// Whether `ssh-keygen` and we accept the report in `directory`.
pub(super) fn accepted(home: &Path, directory: &Path) -> (bool, bool) {
    let (report, signers) = (directory.join("report.json"), home.join("allowed_signers"));
    let stock = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", "seaworthy-report", "-I", "tester", "-f"])
        .arg(&signers)
        .arg("-s")
        .arg(directory.join("report.json.sig"))
        .stdin(fs::File::open(&report).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let args = ["verify", report.to_str().unwrap(), "--signers", signers.to_str().unwrap(), "--signer", "tester"];
    let ours = seaworthy(home, args);
    // A practice report vouches for nothing, however authentic it is: that is its only fault.
    let text = stdout(&ours);
    let failed: Vec<&str> = text.lines().filter(|line| line.starts_with("FAILED")).collect();
    let authentic = failed.iter().all(|line| line.contains("practice image")) && !text.is_empty();
    assert_eq!(authentic, ours.status.code() == Some(1), "{text}{}", stderr(&ours));
    (stock.success(), authentic)
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn from_practice_to_a_verified_report() {
    let home = tempdir().unwrap();
    let key = home.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let mut terminal = practice(home.path(), &[]);

    for id in ["SSH-01", "SSH-04", "ACC-01", "KEY-04"] {
        choose(&mut terminal, id);
    }
    waive(&mut terminal, "SSH-11", "the product resolves every client anyway");
    attest(&mut terminal, "IMG-14");
    select(&mut terminal, "SSH-01");
    terminal.wait("d shows it line by line");
    terminal.send("d");
    terminal.wait("+ PasswordAuthentication no");
    back(&mut terminal);

    let plan = review(&mut terminal);
    for id in ["SSH-01", "SSH-04"] {
        assert!(plan.contains(id), "{plan}");
    }
    // The rest stands further down, behind the ways in.
    terminal.send("\x1b[6~");
    terminal.wait("ACC-01");
    terminal.send("G");
    terminal.wait("KEY-04");
    // Asked, and the safe answer is the first.
    terminal.send("a");
    terminal.wait("Carry out the plan for 4 guidelines on the practice image?");
    terminal.send("\r");
    terminal.wait_gone("Carry out the plan");
    terminal.send("a");
    let result = yes(&mut terminal, "Carry out the plan", "Carried out");
    assert!(result.contains("pass      SSH-01") && !result.contains("fail "), "{result}");
    back(&mut terminal);

    select(&mut terminal, "SSH-04");
    terminal.send("U");
    yes(&mut terminal, "Take back what was changed for SSH-04", "Taken back");
    terminal.send("u");
    yes(&mut terminal, "Take back run", "Taken back");
    back(&mut terminal);
    // What was taken back is chosen no longer: nothing slips into the next plan.
    terminal.send("r");
    terminal.wait("nothing is chosen yet");
    for id in ["SSH-01", "SSH-04", "ACC-01", "KEY-04"] {
        choose(&mut terminal, id);
    }
    review(&mut terminal);
    terminal.send("a");
    let result = yes(&mut terminal, "Carry out the plan for 4 guidelines", "Carried out");
    assert!(result.contains("pass      KEY-04"), "{result}");

    let directory = home.path().join("evidence");
    terminal.send("e");
    terminal.wait("Who vouches for this image?");
    terminal.send("\r");
    let vouched = terminal.wait("What you vouch for");
    assert!(vouched.contains("“the product resolves every client anyway”"), "{vouched}");
    terminal.send("\r");
    terminal.wait("No ssh-agent");
    terminal.send(DOWN);
    terminal.wait("(•) key file");
    terminal.send(&format!("{}\r", key.display()));
    let screen = terminal.wait("SHA-256 of report.json");
    assert!(screen.contains("Signed   by") && screen.contains("SHA256:"), "{screen}");
    terminal.send("\r");
    terminal.wait("Where it goes");
    terminal.send(&format!("\x15{}", directory.display()));
    terminal.wait(&format!("Directory  {}", directory.display()));
    terminal.send("\r");
    terminal.wait("The report is written");
    terminal.send("\r");
    terminal.wait("What remains to be sealed");
    terminal.send("\r");
    terminal.wait("Enter decide");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert!(!left_behind(home.path()));

    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let line = format!("tester namespaces=\"seaworthy-report\" {public}");
    fs::write(home.path().join("allowed_signers"), line).unwrap();
    assert_eq!(accepted(home.path(), &directory), (true, true));
    let text = fs::read_to_string(directory.join("report.json")).unwrap();
    for said in ["SSH-11", "the product resolves every client anyway", "TICKET-17", "PasswordAuthentication no"] {
        assert!(text.contains(said), "{said}");
    }
    let bytes = text.into_bytes();
    for place in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(directory.join("report.json"), changed).unwrap();
        assert_eq!(accepted(home.path(), &directory), (false, false), "byte {place}");
    }
}
