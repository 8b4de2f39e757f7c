//! The way of the report: from the checklist to a signature that the real `ssh-keygen` makes on the publisher's own machine.

use std::fs;
use std::process::Command;

use tempfile::tempdir;

use super::report::{accepted, attest, waive};
use super::{DOWN, ESC, practice};
use crate::support::{seaworthy, stderr};

/// The digest on the screen: the groups that stand alone on a line, or beside the code.
fn digest(screen: &str) -> String {
    let is_group = |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups = |line: &str| line.split_whitespace().filter(is_group).collect::<String>();
    screen.lines().map(groups).collect()
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn what_is_signed_elsewhere_is_what_the_screen_showed() {
    let home = tempdir().unwrap();
    let key = home.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let mut terminal = practice(home.path(), &[]);
    waive(&mut terminal, "SSH-11", "the product resolves every client anyway");
    attest(&mut terminal, "IMG-14");

    terminal.send("e");
    let screen = terminal.wait("[Name]");
    assert!(screen.contains("Name] › Vouched for › Signer › Digest › Where to › Seal"), "{screen}");
    terminal.send(&format!("\x15tester{DOWN}tide 7\r"));
    let screen = terminal.wait("[Vouched for]");
    for said in ["not seaworthy", "SSH-11", "“the product resolves every client anyway”", "tester, until"] {
        assert!(screen.contains(said), "{said}: {screen}");
    }
    terminal.send("\r");
    terminal.wait("No ssh-agent");
    // Back to the beginning: nothing that was entered is lost.
    terminal.send(ESC);
    terminal.wait("[Vouched for]");
    terminal.send(ESC);
    let screen = terminal.wait("[Name]");
    assert!(screen.contains("tester") && screen.contains("tide 7"), "{screen}");
    terminal.send("\r");
    terminal.wait("[Vouched for]");
    terminal.send("\r");
    terminal.wait("(•) later");
    terminal.send("\r");
    let shown = digest(&terminal.wait("[Digest]"));
    assert_eq!(shown.len(), 64, "{shown}");
    terminal.send("\r");
    terminal.wait("Where it goes");
    let directory = home.path().join("evidence");
    terminal.send(&format!("\x15{}\r", directory.display()));
    terminal.wait("The report is written");
    terminal.send("\r");
    terminal.wait("[Seal]");
    terminal.send("\r");
    terminal.wait("Enter decide");
    // It is there still, with the same digest.
    terminal.send("e");
    assert_eq!(digest(&terminal.wait("[Digest]")), shown);
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));

    let report = directory.join("report.json");
    let summed = Command::new("sha256sum").arg(&report).output().unwrap();
    assert!(String::from_utf8(summed.stdout).unwrap().starts_with(&shown));
    // Our own `report sign` shows the same groups; nobody is asked here, and there is no agent.
    let ours = seaworthy(home.path(), ["report", "sign", report.to_str().unwrap(), "--agent"]);
    assert_eq!(digest(&stderr(&ours)), shown, "{}", stderr(&ours));
    let sign = ["-q", "-Y", "sign", "-n", "seaworthy-report", "-f"];
    let signed = Command::new("ssh-keygen").args(sign).arg(&key).arg(&report).status().unwrap();
    assert!(signed.success());

    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let line = format!("tester namespaces=\"seaworthy-report\" {public}");
    fs::write(home.path().join("allowed_signers"), line).unwrap();
    assert_eq!(accepted(home.path(), &directory), (true, true));
    let text = fs::read_to_string(&report).unwrap();
    for said in ["tide 7", "the product resolves every client anyway", "TICKET-17"] {
        assert!(text.contains(said), "{said}");
    }
}
