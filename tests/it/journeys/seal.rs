//! The last act: from a practice image to a sealed one.

use tempfile::tempdir;

use super::{back, choose, left_behind, practice, review, yes};

#[test]
fn from_practice_to_sealed() {
    let home = tempdir().unwrap();
    let mut terminal = practice(home.path(), &[]);
    // A gate is closed: its reason is there, and nothing begins.
    terminal.send("S");
    let screen = terminal.wait("Nothing may be sealed yet");
    assert!(screen.contains("ACC-08 must pass before"), "{screen}");
    terminal.send("S");
    terminal.wait("Not now: what the next boot must bring is not there");
    back(&mut terminal);

    choose(&mut terminal, "ACC-08");
    review(&mut terminal);
    terminal.send("a");
    yes(&mut terminal, "Carry out the plan", "Carried out");
    terminal.send("S");
    let screen = terminal.wait("S seals, and asks once more");
    assert!(screen.contains(" steps: clean ") && screen.contains("finish 1."), "{screen}");
    terminal.send("S");
    terminal.wait("Type the word seal and press Enter");
    terminal.send("sea\r");
    terminal.wait("Type the word seal, or press Esc to go back");
    terminal.send("l\r");
    terminal.wait_gone("Type the word seal");
    let screen = terminal.wait("a second look found nothing left to seal");
    assert!(screen.contains("Verdict  not seaworthy"), "what was never applied fails still: {screen}");

    // It can be taken back, and is there to be done again.
    terminal.send("u");
    yes(&mut terminal, "Take back run", "Taken back");
    back(&mut terminal);
    terminal.send("S");
    terminal.wait(" steps: clean ");
    terminal.send("q");
    assert_eq!(terminal.end(), (0, true));
    assert!(!left_behind(home.path()));
}
