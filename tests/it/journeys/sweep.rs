//! The search for secrets while it runs: seen, paused, read beside, resumed; and on the command line, interrupted.

use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::{SMALL, offline, select};
use crate::support::{put, small_root};
use crate::terminal::Terminal;

/// A root that takes a while to search, with an AWS key among its files.
fn large_root(directory: &Path) -> PathBuf {
    let root = small_root(directory);
    for number in 0..1500 {
        put(&root, &format!("/srv/data/{}/{number}", number % 50), &format!("number {number}\n"));
    }
    let text = "nothing to see in this line of some length, and nothing in the next one either\n".repeat(13_000);
    for number in 0..160 {
        put(&root, &format!("/opt/data/{number}.log"), &text);
    }
    put(&root, "/opt/app/deploy.sh", &format!("#!/bin/sh\nexport KEY={}\n", ["AKIA", "QX7RT2ZLM4WB6KDP"].concat()));
    root
}

/// The rule above the keys, where the search says how far it is.
fn status(screen: &str) -> String {
    screen.lines().rev().nth(1).unwrap_or_default().to_owned()
}

/// Pauses the search when it has read something and not everything; checks again where it was faster.
fn paused_midway(terminal: &mut Terminal) -> String {
    loop {
        let screen = terminal.wait_until("the search or its end", |screen| {
            status(screen).contains("Searching for secrets") || screen.contains("to decide")
        });
        if screen.contains("to decide") {
            terminal.send("c");
            terminal.wait_gone("to decide");
            continue;
        }
        terminal.send("p");
        let screen = terminal
            .wait_until("the pause or the end", |screen| screen.contains("paused at") || screen.contains("to decide"));
        if screen.contains("paused at") {
            return status(&screen);
        }
    }
}

#[test]
fn the_search_is_paused_read_beside_and_resumed() {
    let home = tempdir().unwrap();
    let root = large_root(home.path());
    let mut terminal = offline(home.path(), &root);
    terminal.wait("Overview");
    select(&mut terminal, "SEC-01");
    paused_midway(&mut terminal);
    let screen = terminal.wait("The search is paused");
    assert!(screen.contains("[?] unknown") && screen.contains("p resume"), "{screen}");
    // What was being read when the key came is read to its end; from then on the numbers stand still.
    let mut stands = 0;
    let mut before = String::new();
    while stands < 5 {
        select(&mut terminal, if stands % 2 == 0 { "SSH-04" } else { "SEC-01" });
        let now = status(&terminal.wait("p resume"));
        assert!(now.contains("Search for secrets paused: "), "{now}");
        stands = if now == before { stands + 1 } else { 0 };
        before = now;
    }
    // Everything else is there to be read and decided, and the plan to be looked at but not carried out.
    select(&mut terminal, "SSH-04");
    terminal.wait("d shows it line by line");
    terminal.send(" ");
    terminal.wait("SSH-04 is in the plan");
    terminal.send("r");
    terminal.wait("In this order");
    terminal.send("a");
    terminal.wait("the search for secrets is paused");
    terminal.send("\x1b");
    terminal.wait("p resume");
    terminal.send("p");
    terminal.wait("to decide");
    select(&mut terminal, "SEC-01");
    let screen = terminal.wait("/opt/app/deploy.sh");
    assert!(screen.contains("[!] fail") && screen.contains("AKIA") && !screen.contains("AKIAQ"), "{screen}");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_paused_wizard_is_left_at_once() {
    let home = tempdir().unwrap();
    let root = large_root(home.path());
    let mut terminal = offline(home.path(), &root);
    terminal.wait("Overview");
    select(&mut terminal, "SEC-01");
    paused_midway(&mut terminal);
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn an_interrupted_check_leaves_no_half_of_a_line() {
    let home = tempdir().unwrap();
    let root = large_root(home.path());
    loop {
        let args = ["check", "--root", root.to_str().unwrap()];
        let mut terminal = Terminal::start(home.path(), &args, SMALL, &[]);
        terminal.wait_written("searching for secrets");
        terminal.send("\x03");
        let raw = String::from_utf8_lossy(&terminal.raw_at_end()).into_owned();
        if raw.contains("not-seaworthy") {
            continue;
        }
        let last = raw.rsplit('\r').next().unwrap_or_default();
        assert!(!last.contains("searching") && raw.contains("searching for secrets: "), "{raw:?}");
        return;
    }
}
