//! Sessions and runs: quitting and coming back, and a run that was interrupted.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use super::{back, choose, offline, review, select, yes};
use crate::support::{differences, seaworthy, small_root, stderr, traces};

#[test]
fn coming_back_continues_where_it_was() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    let before = traces(&root);
    let mut terminal = offline(home.path(), &root);
    terminal.wait("to decide");
    choose(&mut terminal, "SSH-04");
    choose(&mut terminal, "SSH-01");
    select(&mut terminal, "SSH-04");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));

    let mut terminal = offline(home.path(), &root);
    terminal.wait("Welcome back: 2 decisions from last time");
    terminal.wait("to decide");
    let screen = terminal.wait("Its changes are in the plan");
    assert!(screen.contains("SSH-04 ") && !screen.contains("PRACTICE"), "{screen}");
    let screen = review(&mut terminal);
    assert!(screen.contains("SSH-01") && screen.contains("SSH-04"), "{screen}");
    back(&mut terminal);
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

#[test]
fn a_run_of_last_time_can_be_taken_back() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    let before = traces(&root);
    let mut terminal = offline(home.path(), &root);
    terminal.wait("to decide");
    choose(&mut terminal, "SSH-04");
    review(&mut terminal);
    terminal.send("a");
    yes(&mut terminal, "Carry out the plan", "Carried out");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert_ne!(differences(&before, &traces(&root)), Vec::<String>::new());

    let mut terminal = offline(home.path(), &root);
    terminal.wait("to decide");
    terminal.send("u");
    yes(&mut terminal, "Take back run", "Taken back");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

/// Leaves a run on `root` as `kill -9` would: what it was to do is in the journal, part of it is done, and its end is
/// missing.
fn interrupt(home: &Path, root: &Path) {
    let config = root.join("etc/ssh/sshd_config");
    let (old, times) = (fs::read(&config).unwrap(), fs::metadata(&config).unwrap().modified().unwrap());
    let args = ["apply", "SSH-01", "SSH-04", "IDN-01", "SEC-05", "--yes", "--root", root.to_str().unwrap()];
    let output = seaworthy(home, args);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let state = fs::read_dir(home.join("state/seaworthy")).unwrap().next().unwrap().unwrap().path();
    let journal = fs::read_to_string(state.join("journal")).unwrap();
    let begun = journal
        .lines()
        .take_while(|line| !line.contains(r#""kind":"done""#) && !line.contains(r#""kind":"end""#))
        .fold(String::new(), |text, line| text + line + "\n");
    assert!(begun.len() < journal.len() && begun.contains("sshd_config"), "{journal}");
    fs::write(state.join("journal"), begun).unwrap();
    assert_ne!(fs::read(&config).unwrap(), old);
    fs::write(&config, &old).unwrap();
    fs::File::options().write(true).open(&config).unwrap().set_modified(times).unwrap();
}

#[test]
fn an_interrupted_run_is_taken_back() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    let before = traces(&root);
    interrupt(home.path(), &root);
    assert_ne!(differences(&before, &traces(&root)), Vec::<String>::new());
    // Leaving it is possible, and it is asked again.
    let mut terminal = offline(home.path(), &root);
    terminal.wait("An earlier run was interrupted");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    let mut terminal = offline(home.path(), &root);
    let screen = terminal.wait("An earlier run was interrupted");
    assert!(screen.contains("SSH-04"), "{screen}");
    terminal.send("t");
    terminal.wait("Taken back");
    terminal.wait("Checked again");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_is_finished() {
    let home = tempdir().unwrap();
    let root = small_root(home.path());
    let before = traces(&root);
    interrupt(home.path(), &root);
    let mut terminal = offline(home.path(), &root);
    terminal.wait("An earlier run was interrupted");
    terminal.send("f");
    terminal.wait("Carried out");
    let screen = terminal.wait("Checked again");
    assert!(screen.contains("pass      SSH-04"), "{screen}");
    terminal.send("u");
    yes(&mut terminal, "Take back run", "Taken back");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new());
}
