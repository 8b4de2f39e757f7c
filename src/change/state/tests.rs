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
