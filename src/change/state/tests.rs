use super::*;

#[test]
fn a_session_is_saved_and_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let state = State::at(&directory.path().join("state")).unwrap();
    assert_eq!(state.load_session().unwrap(), None);
    state.save_session("a = 1\n").unwrap();
    state.save_session("a = 2\n").unwrap();
    assert_eq!(state.load_session().unwrap().as_deref(), Some("a = 2\n"));
    assert!(state.runs().unwrap().is_empty() && state.journal_lines().unwrap().is_empty());
    let mode = std::fs::metadata(state.directory()).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn a_link_in_the_place_of_the_state_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("state");
    std::os::unix::fs::symlink(directory.path(), &link).unwrap();
    assert!(State::at(&link).is_err());
}

#[test]
fn every_command_that_was_started_is_told_though_its_end_is_not() {
    use crate::change::run::{CommandStep, Run, ServiceStep};
    use crate::change::{Change, prepare};
    let directory = tempfile::tempdir().unwrap();
    let state = State::at(&directory.path().join("state")).unwrap();
    let step = |word: &str| {
        let (guideline, argv) = ("A-1".to_owned(), vec![word.to_owned()]);
        CommandStep { guideline, argv, purpose: "It must.".into() }
    };
    let mut run = Run::new("one");
    run.commands = vec![step("first"), step("second"), step("never")];
    run.services = vec![ServiceStep { guideline: "A-1".into(), unit: "nginx.service".into(), starts: false }];
    make_directory(&state.run_directory("one")).unwrap();
    prepare::save(&state, &run).unwrap();
    let start = |number| Event::CommandStart { number, guideline: "A-1".into(), argv: Vec::new() };
    let done = Event::CommandDone { number: 0, outcome: "exit status 0".into(), success: true };
    let begin = Event::Begin { run: "one".into(), guidelines: vec!["A-1".into()] };
    Journal::open(&state.journal()).unwrap().write([begin, start(0), done, start(1), start(3), Event::End]).unwrap();
    let plans = state.plans().unwrap();
    let changes = plans.iter().flat_map(|(_, plan)| &plan.steps).flat_map(|step| &step.changes);
    let ran: Vec<String> = changes
        .map(|change| match change {
            Change::Command { argv, .. } => argv.join(" "),
            Change::Path { .. } => panic!("no path was changed"),
        })
        .collect();
    assert_eq!(ran, ["first", "second", "systemctl stop nginx.service"]);
}
