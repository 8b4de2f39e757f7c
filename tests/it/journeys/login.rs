//! A run that waits for a second login, as another session left it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use super::{ESC, back, offline, review, select};
use crate::support::{seaworthy, small_root, stderr};
use crate::terminal::Terminal;

/// An image with a run that waits: what its timer would have written is there, the timer is not.
struct Waits {
    home: TempDir,
    root: PathBuf,
    state: PathBuf,
    run: String,
}

impl Waits {
    fn new() -> Self {
        let home = tempdir().unwrap();
        let root = small_root(home.path());
        let output = seaworthy(home.path(), ["apply", "SSH-04", "--yes", "--root", root.to_str().unwrap()]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
        let state = fs::read_dir(home.path().join("state/seaworthy")).unwrap().next().unwrap().unwrap().path();
        let run = fs::read_dir(state.join("runs")).unwrap().next().unwrap().unwrap().file_name();
        let run = run.into_string().unwrap();
        let pending = serde_json::json!({
            "run": run,
            "until": "2999-01-01T00:00:00Z",
            "detached": {"process": {"pid": 999_999_999, "started": 0}},
            "sessions": [],
            "seconds": 120,
        });
        fs::write(state.join("pending.json"), pending.to_string()).unwrap();
        Self { home, root, state, run }
    }

    /// The wizard, which asks at once.
    fn open(&self) -> Terminal {
        let terminal = offline(self.home.path(), &self.root);
        let screen = terminal.wait("Does a second login work?");
        assert!(screen.contains(&self.run) && screen.contains("Time left"), "{screen}");
        terminal.wait("to decide");
        terminal
    }

    fn config(&self) -> String {
        fs::read_to_string(self.root.join("etc/ssh/sshd_config")).unwrap()
    }

    fn is_pending(&self) -> bool {
        Path::new(&self.state.join("pending.json")).exists()
    }
}

#[test]
fn it_is_kept_in_mind_until_it_is_confirmed() {
    let waits = Waits::new();
    let after = waits.config();
    let mut terminal = waits.open();
    terminal.send(ESC);
    terminal.wait_gone("Does a second login work?");
    terminal.wait("(l asks)");
    for key in ["S", "e"] {
        terminal.send(key);
        terminal.wait("Not now: the last run waits for a second login");
        terminal.send("\x0c");
        terminal.wait("(l asks)");
    }
    terminal.send("l");
    terminal.wait("it works, keep the run");
    terminal.send("y");
    terminal.wait("is kept: a second login works");
    terminal.wait_gone("(l asks)");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert!(!waits.is_pending());
    assert_eq!(waits.config(), after);
}

#[test]
fn it_is_taken_back_at_once() {
    let waits = Waits::new();
    let after = waits.config();
    let mut terminal = waits.open();
    terminal.send("u");
    terminal.wait("Taken back");
    terminal.wait("Checked again");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert!(!waits.is_pending());
    assert_ne!(waits.config(), after);
}

#[test]
fn it_is_said_when_the_time_is_over() {
    let waits = Waits::new();
    let mut terminal = waits.open();
    // What the timer does.
    let root = waits.root.to_str().unwrap();
    let output =
        seaworthy(waits.home.path(), ["undo", &waits.run, "--yes", "--quiet", "--unconfirmed", "--root", root]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let screen = terminal.wait("What happened meanwhile");
    assert!(screen.contains("was taken back at"), "{screen}");
    terminal.wait_gone("Does a second login work?");
    back(&mut terminal);
    terminal.wait("to decide");
    // Nothing waits any more: plans can be carried out again.
    select(&mut terminal, "SSH-04");
    terminal.send(" ");
    terminal.wait("SSH-04 is in the plan");
    review(&mut terminal);
    terminal.send("a");
    terminal.wait("Carry out the plan");
    terminal.send("\x03");
    assert_eq!(terminal.end(), (0, true));
}
