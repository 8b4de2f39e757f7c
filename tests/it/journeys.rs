//! Whole journeys through the real program in a real terminal. Each waits for what the screen shows, never for time.

mod export;
mod login;
mod report;
mod run;
mod screen;
mod seal;
mod sweep;

use std::path::Path;

use crate::terminal::Terminal;

/// The size that everything must work at.
const SMALL: (u16, u16) = (80, 24);

/// Clears a field (Ctrl-U).
const CLEAR: &str = "\x15";
const ESC: &str = "\x1b";
const DOWN: &str = "\x1b[B";

/// The wizard on a practice image, its checks done.
fn practice(home: &Path, env: &[(&str, &str)]) -> Terminal {
    let terminal = Terminal::start(home, &["practice"], SMALL, env);
    terminal.wait("to decide");
    terminal
}

/// The wizard on the image at `root`, its state below `home`, its checks done.
fn offline(home: &Path, root: &Path) -> Terminal {
    let state = home.join("state");
    let env = [("XDG_STATE_HOME", state.to_str().unwrap())];
    Terminal::start(home, &["--root", root.to_str().unwrap()], SMALL, &env)
}

/// Selects the guideline `id` with the filter, and clears the filter again.
fn select(terminal: &mut Terminal, id: &str) {
    terminal.send(&format!("/{CLEAR}{id}\r"));
    terminal.wait(&format!("filter: {id} "));
    terminal.wait_until(&format!("the details of {id}"), |screen| {
        let head = format!("{id} ");
        screen.lines().nth(2).is_some_and(|line| line.contains(&head)) && screen.contains("Enter decide")
    });
    terminal.send(&format!("/{CLEAR}\r"));
    terminal.wait_gone("filter:");
    terminal.wait("Enter decide");
}

/// Puts the remedy of `id` into the plan.
fn choose(terminal: &mut Terminal, id: &str) {
    select(terminal, id);
    terminal.send(" ");
    terminal.wait(&format!("{id} is in the plan"));
}

/// Opens the review, and waits for the plan.
fn review(terminal: &mut Terminal) -> String {
    terminal.send("r");
    terminal.wait("In this order")
}

/// Answers the question `asked` with yes, and waits for `outcome` and the checks after it.
fn yes(terminal: &mut Terminal, asked: &str, outcome: &str) -> String {
    terminal.wait(asked);
    terminal.send("y");
    terminal.wait_gone(asked);
    terminal.wait(outcome);
    terminal.wait("Checked again")
}

/// The way of the report from the list to its directory, signed by nobody yet; `each` is called at every step.
fn export(terminal: &mut Terminal, each: fn(&mut Terminal)) {
    let steps =
        ["[Name]", "[Vouched for]", "No ssh-agent", "[Digest]", "[Where to]", "The report is written", "[Seal]"];
    terminal.send("e");
    for (place, step) in steps.into_iter().enumerate() {
        if place > 0 {
            terminal.send("\r");
        }
        terminal.wait(step);
        each(terminal);
    }
}

/// Goes back to the list.
fn back(terminal: &mut Terminal) {
    terminal.send(ESC);
    terminal.wait("Enter decide");
}

/// Whether a practice image is left in `home`, where temporary files go.
fn left_behind(home: &Path) -> bool {
    std::fs::read_dir(home)
        .unwrap()
        .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("seaworthy-practice-"))
}
