//! How a report leaves the machine: the one that was made, by its digest, as it is or between markers; and nothing of it on
//! the image.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use portable_pty::CommandBuilder;
use seaworthy::report::sha256_hex;
use tempfile::tempdir;

use crate::revert::Machine;
use crate::screens::read_code;
use crate::support::{Trace, differences, seaworthy, small_root, stderr, stdout, traces};
use crate::terminal::Terminal;

/// The bytes between the markers, and what was said of them.
fn unarmoured(text: &str) -> (Vec<u8>, String) {
    use base64ct::{Base64, Encoding};
    let (_, rest) = text.split_once(" BYTES-----\n").unwrap();
    let (encoded, after) = rest.split_once("\n-----END SEAWORTHY").unwrap();
    (Base64::decode_vec(&encoded.replace('\n', "")).unwrap(), after.to_owned())
}

#[test]
fn the_report_that_was_made_is_handed_out_again() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    let report = |flags: &[&str]| {
        let args = ["report", "--root", root.to_str().unwrap()];
        seaworthy(home.path(), args.iter().chain(flags))
    };
    let none = report(&["--again", "0123456789abcdef"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(stderr(&none).contains("no report is kept"), "{}", stderr(&none));

    let before = traces(&root);
    let first = report(&["--stdout", "--publisher", "Ada"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    let digest = sha256_hex(&first.stdout);
    assert!(stderr(&first).contains(&digest) && stderr(&first).contains(&digest[8..16]), "{}", stderr(&first));
    for typed in [&digest[..8], &digest, &digest.to_uppercase()] {
        let again = report(&["--again", typed]);
        assert_eq!((again.status.code(), again.stdout == first.stdout), (Some(0), true), "{}", stderr(&again));
    }
    let (bytes, after) = unarmoured(&stdout(&report(&["--again", &digest, "--base64"])));
    assert!(bytes == first.stdout && after.contains(&digest[..8]), "{after}");
    let unsigned = report(&["--again", &digest, "--signature"]);
    assert_eq!(unsigned.status.code(), Some(3));
    assert!(stderr(&unsigned).contains("was not signed here"), "{}", stderr(&unsigned));
    assert_eq!(report(&["--again", "abc"]).status.code(), Some(3));

    // Another one takes its place, and says so.
    let (second, _) = unarmoured(&stdout(&report(&["--stdout", "--publisher", "Grace", "--base64"])));
    assert_ne!(second, first.stdout);
    let gone = report(&["--again", &digest]);
    assert_eq!(gone.status.code(), Some(3));
    assert!(stderr(&gone).contains(&sha256_hex(&second)[..8]), "{}", stderr(&gone));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
    for flags in [&["--base64"][..], &["--signature", "--stdout"], &["--again", "0123456789abcdef", "--out", "x"]] {
        assert_eq!(seaworthy(home.path(), [&["report"], flags].concat()).status.code(), Some(2), "{flags:?}");
    }
}

#[test]
#[ignore = "needs zbarimg; run by .ci/run"]
fn a_camera_reads_the_digest_off_the_notes() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    for flags in [&["--qr"][..], &["--qr", "--ascii"]] {
        let args = ["report", "--stdout", "--publisher", "Ada", "--root", root.to_str().unwrap()];
        let made = seaworthy(home.path(), [&args, flags].concat());
        let notes = stderr(&made);
        // The widest lines are the code; what it is not written on is light.
        let lines: Vec<&str> = notes.lines().filter(|line| line.starts_with("    ") && line.ends_with("  ")).collect();
        let ascii = flags.contains(&"--ascii");
        let rows: Vec<Vec<bool>> = if ascii {
            lines.iter().map(|line| line.as_bytes().chunks(2).map(|pair| pair == b"##").collect()).collect()
        } else {
            let half = |line: &str, dark: &str| line.chars().map(|c| dark.contains(c)).collect::<Vec<bool>>();
            lines.iter().flat_map(|line| [half(line, "█▀"), half(line, "█▄")]).collect()
        };
        assert_eq!(rows.len(), if ascii { 37 } else { 38 }, "{notes}");
        assert_eq!(read_code(home.path(), &rows), sha256_hex(&made.stdout).to_uppercase(), "{notes}");
    }
}

/// Everything on the machine's disk but what sshd and its sessions log.
fn disk(root: &Path) -> BTreeMap<PathBuf, Trace> {
    let mut found = traces(root);
    found.retain(|path, _| !path.starts_with("var/log"));
    found
}

/// A shell of the publisher's own machine, where `ssh` finds its key.
fn own_machine(machine: &Machine) -> PathBuf {
    let place = machine.path("own");
    fs::create_dir_all(&place).unwrap();
    let options =
        "-F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR -o UserKnownHostsFile=/dev/null";
    let script = format!("#!/bin/sh\nexec /usr/bin/ssh {options} -i {} \"$@\"\n", machine.path("key").display());
    fs::write(place.join("ssh"), script).unwrap();
    fs::set_permissions(place.join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// Runs a line that was shown, as it stands.
fn paste(place: &Path, line: &str) -> Vec<u8> {
    let path = format!("{}:/usr/bin:/bin", place.display());
    let done = Command::new("sh")
        .args(["-c", line])
        .current_dir(place)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{line}: {}", stderr(&done));
    fs::read(place.join("report.json")).unwrap()
}

/// The lines of `text` that begin with `lead`, without it.
fn lines<'t>(text: &'t str, lead: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix(lead)).map(str::trim).collect()
}

#[test]
#[ignore = "needs debootstrap, sshd, ssh, unshare and root; run by .ci/run"]
fn over_ssh_the_line_that_is_shown_brings_the_report_that_was_shown() {
    let machine = Machine::start();
    let root = machine.path("root");
    let own = own_machine(&machine);
    // sudo notes in the home that it was used.
    assert!(machine.run("admin", "sudo true").status.success());
    let before = disk(&root);

    // From the command line.
    let made = machine.run("admin", "sudo seaworthy report --out /run/evidence --publisher Ada --no-imds");
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let said = stderr(&made);
    let there = lines(&said, "On your own machine: ");
    let [line, "sha256sum report.json"] = there.as_slice() else { panic!("{said}") };
    let start = "admin@127.0.0.1 sudo /usr/local/bin/seaworthy report --again ";
    assert!(line.starts_with("ssh -n -p ") && line.contains(start), "{line}");
    let shown = lines(&said, "SHA-256 ")[0].split(' ').next().unwrap().to_owned();
    assert_eq!(sha256_hex(&paste(&own, line)), shown);
    let kept = machine.run("admin", "sudo stat -c %a /run/seaworthy/report.json; cat /run/seaworthy/report.json");
    assert_eq!(stdout(&kept), "600\n", "nobody else reads it");

    // Straight to the other machine, and between markers through a terminal.
    let straight = machine.run("admin", "sudo seaworthy report --stdout --publisher Ada --no-imds");
    assert_eq!(straight.status.code(), Some(0), "{}", stderr(&straight));
    let digest = sha256_hex(&straight.stdout);
    let command = format!("sudo seaworthy report --base64 --again {}", &digest[..8]);
    let through = machine.ssh("admin").args(["-tt", &command]).stdin(Stdio::null()).output().unwrap();
    assert!(stdout(&through).contains("\r\n"), "a terminal was between");
    fs::write(own.join("pasted.txt"), &through.stdout).unwrap();
    let take = "sed -n '/BEGIN SEAWORTHY /,/END SEAWORTHY /{/ SEAWORTHY /!p;}' pasted.txt | tr -d ' \\r' | base64 -d > report.json";
    assert_eq!(sha256_hex(&paste(&own, take)), digest);

    // In the wizard.
    let mut command = CommandBuilder::new(own.join("ssh"));
    let port = machine.port().to_string();
    command.args(["-tt", "-p", &port, "admin@127.0.0.1", "sudo", "LANG=C.UTF-8", "seaworthy", "--no-imds"]);
    command.env("TERM", "xterm-256color");
    let mut terminal = Terminal::run(command, (80, 24), Duration::from_secs(180));
    terminal.wait("to decide");
    terminal.send("e");
    terminal.wait("[Name]");
    terminal.send("\r");
    terminal.wait("[Vouched for]");
    terminal.send("\r");
    terminal.wait("(•) later");
    terminal.send("\r");
    let screen = terminal.wait("[Digest]");
    let is_group = |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown: String = screen.split_whitespace().filter(is_group).collect();
    assert_eq!(shown.len(), 64, "{screen}");
    terminal.send("\r");
    let screen = terminal.wait("[Where to]");
    assert!(screen.contains("(•) SSH  this session"), "{screen}");
    // As it is selected on the screen, with its blanks and line breaks.
    let from = screen.find("ssh -n -p ").unwrap();
    let line = &screen[from..from + screen[from..].find("sha256sum").unwrap()];
    assert!(line.trim_end().contains('\n'), "it is longer than the screen is wide: {line}");
    assert_eq!(sha256_hex(&paste(&own, line)), shown, "{line}");
    terminal.send("\r");
    terminal.wait("[Seal]");
    terminal.send("q");
    terminal.wait_written("\x1b[?1049l");

    assert_eq!(differences(&before, &disk(&root)), Vec::<String>::new(), "something of it is on the image");
}
