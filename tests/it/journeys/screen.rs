//! The terminal itself: taken over, given back, resized, lost; colours and characters.

use nix::sys::signal::Signal;
use tempfile::tempdir;

use super::{CLEAR, DOWN, ESC, SMALL, back, choose, export, left_behind, practice, review, select, yes};
use crate::terminal::Terminal;

#[test]
fn practice_opens_is_checked_and_leaves_nothing() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["practice"], SMALL, &[]);
    terminal.wait("PRACTICE");
    let screen = terminal.wait("to decide");
    assert!(screen.contains("PRACTICE") && screen.contains("not seaworthy"), "{screen}");
    assert!(left_behind(home.path()));
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert!(!left_behind(home.path()));
}

/// Down to almost nothing and up to a wall of text, and back: the screen is the same as before.
fn shake(terminal: &mut Terminal) {
    let before = terminal.wait("PRACTICE");
    terminal.resize(20, 5);
    terminal.wait("needs");
    terminal.resize(1, 1);
    terminal.resize(200, 60);
    terminal.wait_until("the large screen", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.len() == 60 && lines[58].contains(&"─".repeat(100)) && lines[0].contains("PRACTICE")
    });
    terminal.resize(SMALL.0, SMALL.1);
    terminal.wait_until("the screen as it was", |screen| screen == before);
}

#[test]
fn every_screen_survives_every_size() {
    let home = tempdir().unwrap();
    let mut terminal = practice(home.path(), &[]);
    shake(&mut terminal);
    terminal.send("?");
    terminal.wait("Decide about the selected guideline");
    shake(&mut terminal);
    back(&mut terminal);

    select(&mut terminal, "SSH-04");
    terminal.wait("d shows it line by line");
    shake(&mut terminal);
    terminal.send("\t");
    shake(&mut terminal);
    terminal.send("/ssh");
    terminal.wait("Filter ssh");
    shake(&mut terminal);
    terminal.send(&format!("{CLEAR}\r"));
    terminal.wait("Enter decide");
    terminal.send("d");
    terminal.wait("file 1 of");
    shake(&mut terminal);
    back(&mut terminal);

    terminal.send("\r");
    terminal.wait("Decide SSH-04");
    shake(&mut terminal);
    terminal.send(&format!("{DOWN}\r"));
    terminal.wait("Waive SSH-04");
    shake(&mut terminal);
    terminal.send(ESC);
    terminal.wait_gone("Waive SSH-04");
    terminal.send(&format!("{DOWN}{DOWN}\r"));
    terminal.wait("SSH-04 by hand");
    shake(&mut terminal);
    terminal.send(ESC);
    terminal.wait_gone("SSH-04 by hand");
    back(&mut terminal);

    choose(&mut terminal, "SSH-04");
    review(&mut terminal);
    shake(&mut terminal);
    terminal.send("a");
    terminal.wait("Carry out the plan");
    shake(&mut terminal);
    yes(&mut terminal, "Carry out the plan", "Carried out");
    shake(&mut terminal);
    export(&mut terminal, shake);
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_terminal_without_a_size_is_drawn_as_80_by_24() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["practice"], (0, 0), &[]);
    let screen = terminal.wait("to decide");
    assert_eq!(screen.lines().count(), 24, "{screen}");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_resize_while_the_checks_run_is_followed() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["practice"], SMALL, &[]);
    for size in [(60, 16), (200, 60), (20, 5), (100, 30)] {
        terminal.resize(size.0, size.1);
    }
    let screen = terminal.wait_until("100 by 30", |screen| {
        screen.contains("to decide") && screen.lines().count() == 30 && screen.contains("Enter decide")
    });
    assert!(screen.contains("PRACTICE"), "{screen}");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn signals_give_the_terminal_back() {
    for (signal, code) in [(Signal::SIGTERM, 128 + 15), (Signal::SIGHUP, 128 + 1), (Signal::SIGINT, 128 + 2)] {
        let home = tempdir().unwrap();
        let terminal = practice(home.path(), &[]);
        terminal.signal(signal);
        assert_eq!(terminal.end(), (code, true), "{signal}");
        assert!(!left_behind(home.path()), "{signal}");
    }
}

#[test]
fn a_signal_while_something_is_typed_gives_the_terminal_back() {
    let home = tempdir().unwrap();
    let mut terminal = practice(home.path(), &[]);
    terminal.send("/ssh");
    terminal.wait("Filter ssh");
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.end(), (128 + 15, true));
}

#[test]
fn ctrl_c_leaves_from_everywhere() {
    for keys in ["", "/ssh", "?", "e"] {
        let home = tempdir().unwrap();
        let mut terminal = practice(home.path(), &[]);
        terminal.send(keys);
        terminal.send("\x03");
        assert_eq!(terminal.end(), (0, true), "after {keys:?}");
        assert!(!left_behind(home.path()), "after {keys:?}");
    }
}

#[test]
fn ctrl_z_without_a_shell_says_so() {
    let home = tempdir().unwrap();
    let mut terminal = practice(home.path(), &[]);
    terminal.send("\x1a");
    terminal.wait("there is no shell to go back to");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_terminal_that_vanishes_ends_it_without_a_panic() {
    let home = tempdir().unwrap();
    assert_eq!(practice(home.path(), &[]).vanish(), 128 + 1);
    assert!(!left_behind(home.path()));
    // While the checks run.
    let terminal = Terminal::start(home.path(), &["practice"], SMALL, &[]);
    terminal.wait("PRACTICE");
    assert_eq!(terminal.vanish(), 128 + 1);
    assert!(!left_behind(home.path()));
    // While a line is typed.
    let mut terminal = practice(home.path(), &[]);
    terminal.send("/ssh");
    terminal.wait("Filter ssh");
    assert_eq!(terminal.vanish(), 128 + 1);
    assert!(!left_behind(home.path()));
}

/// Through most screens, for what is written on the way.
fn tour(terminal: &mut Terminal) {
    terminal.send("?");
    terminal.wait("Decide about the selected guideline");
    back(terminal);
    select(terminal, "SSH-04");
    terminal.wait("d shows it line by line");
    terminal.send("d");
    terminal.wait("file 1 of");
    back(terminal);
    choose(terminal, "SSH-04");
    terminal.send("\r");
    terminal.wait("Decide SSH-04");
    back(terminal);
    review(terminal);
    terminal.send("a");
    yes(terminal, "Carry out the plan", "Carried out");
    export(terminal, |_| {});
    terminal.send("q");
}

/// The parameters of every SGR escape (`CSI … m`) in `raw`.
fn looks(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    text.split("\x1b[")
        .skip(1)
        .filter_map(|rest| {
            let (parameters, _) = rest.split_once('m')?;
            parameters.chars().all(|c| c.is_ascii_digit() || ";:".contains(c)).then(|| parameters.to_owned())
        })
        .collect()
}

/// Whether an SGR parameter sets a colour; 39, 49 and 59 take one away.
fn is_colour(parameter: &str) -> bool {
    matches!(parameter.parse(), Ok(30..=38 | 40..=48 | 58 | 90..=107))
}

#[test]
fn no_color_writes_no_colour() {
    for (value, coloured) in [("1", false), ("", true)] {
        let home = tempdir().unwrap();
        let mut terminal = practice(home.path(), &[("NO_COLOR", value)]);
        tour(&mut terminal);
        let raw = terminal.raw_at_end();
        let looks = looks(&raw);
        assert!(looks.len() > 50, "{looks:?}");
        let found = looks.iter().any(|look| look.split([';', ':']).any(is_colour));
        assert_eq!(found, coloured, "NO_COLOR={value:?}: {looks:?}");
    }
}

#[test]
fn ascii_writes_nothing_else() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["practice", "--ascii"], SMALL, &[]);
    terminal.wait("to decide");
    tour(&mut terminal);
    let raw = terminal.raw_at_end();
    let other: Vec<u8> = raw.iter().copied().filter(|byte| !byte.is_ascii()).collect();
    assert!(other.is_empty(), "{:?}", String::from_utf8_lossy(&other));
}
