//! Hostile files beside the image: house rules, playbooks, reports, and what the wizard shows of an image.

use std::fmt::Write as _;
use std::fs;

use super::yard::{Yard, is_plain};
use crate::support::{seaworthy, stderr};
use crate::terminal::Terminal;

const SIGNS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{200b}\u{9b}31m";

/// Runs on a file beside the image: any exit code that is not a crash, and nothing that a terminal acts on.
fn taken(yard: &Yard, words: &[&str]) {
    let output = seaworthy(&yard.home(), words);
    let code = output.status.code();
    assert!(code.is_some_and(|code| (0..=8).contains(&code)), "{words:?}: {}: {}", output.status, stderr(&output));
    is_plain(&words.join(" "), &output.stdout, 0);
    is_plain(&words.join(" "), &output.stderr, 0);
}

#[test]
fn rules_playbooks_and_reports_are_shown_and_never_acted_on() {
    let yard = Yard::new();
    let (root, home) = (yard.root().display().to_string(), yard.home());
    let path = |name: &str| home.join(name).display().to_string();
    let mut quoted = String::new();
    for sign in SIGNS.chars() {
        let _ = write!(quoted, "\\u{:04X}", u32::from(sign));
    }
    let rule = format!(
        "[[guideline]]\nid = \"ACME-01\"\ntitle = \"{quoted}\"\nseverity = \"required\"\nphase = \"clean\"\nasks = \"{quoted}\"\n\
         why = \"{quoted}\"\nby_hand = \"{quoted}\"\ndanger = \"{quoted}\"\ncheck = {{ absent = {{ paths = [\"/root/.bash_history\"] }} }}\n\
         fix = \"remove\"\nsources = [{{ page = \"{quoted}\", section = \"{quoted}\" }}]\n"
    );
    let texts = [
        rule,
        format!("[[guideline]]\nid = \"{quoted}\"\n\"{quoted}\" = 1\n"),
        format!("{SIGNS} = ["),
        "[".repeat(100_000),
        "a.".repeat(100_000),
        "a = ".repeat(1000),
    ];
    for (number, text) in texts.iter().enumerate() {
        let directory = path(&format!("rules{number}"));
        fs::create_dir(&directory).unwrap();
        fs::write(format!("{directory}/a{SIGNS}.toml"), text).unwrap();
        for words in [&["check", "--verbose"][..], &["guidelines", "ACME-01"], &["guidelines"], &["diff"]] {
            taken(&yard, &[words, &["--guidelines", &directory, "--root", &root]].concat());
        }
        let playbook = path("playbook.toml");
        fs::write(&playbook, text.replace("[[guideline]]", "[[allow]]")).unwrap();
        taken(&yard, &["check", "--playbook", &playbook, "--root", &root]);
        taken(&yard, &["apply", "--yes", "--playbook", &playbook, "--root", &root]);
    }
    let report = path("report.json");
    let json = ["{\"format\": \"", SIGNS, "\"}"].concat();
    for text in [json.as_str(), SIGNS, "", "{", &"[".repeat(1 << 20), &"{\"a\":".repeat(1 << 18)] {
        fs::write(&report, text).unwrap();
        taken(&yard, &["verify", &report]);
        taken(&yard, &["report", "show", &report]);
        taken(&yard, &["report", "sign", &report, "--tbs", &path("tbs"), "--yes"]);
        taken(&yard, &["check", "--ami", &report, "--root", &root]);
        taken(&yard, &["check", "--cve", &report, "--root", &root]);
    }
}

/// Everything is looked at on the smallest screen that is drawn whole.
#[test]
fn the_wizard_shows_hostile_names_and_ends_with_the_terminal_as_it_was() {
    let yard = Yard::new();
    for place in ["/tmp/", "/root/.ssh/", "/home/ann/", "/home/", "/etc/sudoers.d/", "/etc/ssh/sshd_config.d/"] {
        yard.file(format!("{place}{SIGNS}/.bash_history"), format!("{SIGNS}\n"));
        yard.file(format!("{place}x{SIGNS}.conf"), format!("PasswordAuthentication {SIGNS}\n"));
    }
    yard.add("/etc/os-release", &format!("PRETTY_NAME=\"{SIGNS}\"\n"))
        .add("/etc/passwd", &format!("{SIGNS}:x:9:9:::\n"));
    let root = yard.root().display().to_string();
    let mut terminal = Terminal::start(&yard.home(), &["--root", &root], (80, 24), &[]);
    terminal.wait("q quit");
    is_plain("the list", terminal.wait("to decide").as_bytes(), 0);
    for _ in 0..60 {
        terminal.send("\u{1b}[B");
        is_plain("a guideline", terminal.wait("q quit").as_bytes(), 0);
    }
    terminal.send("q");
    let (code, is_clean) = terminal.end();
    assert!(matches!(code, 0 | 1) && is_clean, "{code}");
}
