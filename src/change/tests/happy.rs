use super::*;

#[test]
fn a_plan_is_carried_out_and_taken_back_exactly() {
    let bench = Bench::new();
    let before = bench.tree();
    let mut steps = Vec::new();
    let applied = apply(&bench.image(), &bench.plan(), &bench.state(), &mut |step| steps.push(step)).unwrap();
    assert_eq!(applied.guidelines, ["A-1", "A-2", "A-3", "A-4", "A-5"]);
    assert_eq!(steps[0], ApplyStep::Guideline { number: 1, of: 5, id: "A-1".into() });
    assert_eq!(steps[1], ApplyStep::Done { what: "edited /etc/ssh/sshd_config".into() });
    assert!(bench.read("etc/ssh/sshd_config").starts_with("Port 22\nPermitRootLogin no\nUseDNS no\n"));
    let after = bench.tree();
    let sshd = &after[Path::new("etc/ssh/sshd_config")];
    assert_eq!(sshd.xattrs, before[Path::new("etc/ssh/sshd_config")].xattrs);
    assert_eq!(sshd.mode & 0o7777, 0o600);
    assert_eq!(after[Path::new("etc/loose")].mode & 0o7777, 0o600);
    assert_eq!(after[Path::new("etc/new.d/file")].content, b"new\n");
    assert_eq!(after[Path::new("etc/masked")].content, b"/dev/null");
    assert!(!after.contains_key(Path::new("var/cache/x")));
    assert!(!after.keys().any(|path| path.to_string_lossy().ends_with('~')));

    let runs = bench.state().runs().unwrap();
    assert_eq!((runs.len(), runs[0].standing), (1, state::Standing::Done));
    let plans = bench.state().plans().unwrap();
    assert_eq!(plans[0].1.steps.len(), 5);
    let mut said = Vec::new();
    let undone = undo(&bench.image(), &bench.state(), &What::Last, &mut |step| said.push(step)).unwrap();
    assert_eq!(undone.runs, [applied.run]);
    for what in ["restored /etc/ssh/sshd_config", "removed /etc/masked again"] {
        assert!(said.contains(&ApplyStep::Done { what: what.into() }), "{what}: {said:?}");
    }
    assert_same(&bench.tree(), &before, "undo");
    assert_eq!(bench.state().runs().unwrap()[0].standing, state::Standing::Undone);
    assert!(matches!(bench.undo(&What::Last), Err(UndoError::Nothing(_))));
    assert!(bench.state().plans().unwrap().is_empty());
}

#[test]
fn the_journal_holds_no_secret() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    let lines = bench.state().journal_lines().unwrap().join("\n");
    assert!(lines.contains("withheld"));
    assert!(!lines.contains("aaaaaaaa"));
    let digest = journal::digest(&fs::read(bench.host("etc/shadow")).unwrap());
    assert!(!lines.contains(&digest));
}

#[test]
fn a_file_that_changed_since_stops_everything() {
    for (path, text) in [("etc/ssh/sshd_config", "mine\n"), ("etc/motd", "other\n"), ("etc/new.d", "x")] {
        let bench = Bench::new();
        let plan = bench.plan();
        bench.write(path, text, 0o600);
        let before = bench.tree();
        let error = bench.apply(&plan).unwrap_err();
        assert!(
            matches!(&error, ApplyError::Changed { path: changed } if *changed == Path::new("/").join(path)),
            "{error}"
        );
        assert_same(&bench.tree(), &before, path);
        assert!(bench.state().runs().unwrap().is_empty());
    }
}

#[test]
fn a_log_that_goes_may_have_grown_on_a_running_machine() {
    let bench = Bench::new();
    fs::create_dir_all(bench.host("var/log")).unwrap();
    bench.write("var/log/syslog", "one\n", 0o640);
    let plan = plan_of(&[("LOG-01", vec![bench.change("var/log/syslog", |_| None)])]);
    bench.write("var/log/syslog", "one\ntwo\n", 0o640);
    assert!(matches!(bench.apply(&plan), Err(ApplyError::Changed { .. })));
    // The state of a running machine lies on another file system than its root.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let (live, state) = (bench.image().taken_for_live(), State::at(&elsewhere.path().join("state")).unwrap());
    apply(&live, &plan, &state, &mut |_| {}).unwrap();
    assert!(!bench.host("var/log/syslog").exists());
    undo(&live, &state, &What::Last, &mut |_| {}).unwrap();
    assert_eq!(bench.read("var/log/syslog"), "one\ntwo\n");
}

#[test]
fn large_files_and_many_files_come_back() {
    let bench = Bench::quick();
    fs::write(bench.host("var/cache/large"), vec![7; 3 << 20]).unwrap();
    fs::create_dir(bench.host("var/cache/many")).unwrap();
    let mut changes = vec![bench.change("var/cache/large", |_| None)];
    for number in 0..2000 {
        let path = format!("var/cache/many/{number}");
        fs::write(bench.host(&path), format!("{}\n", number % 7)).unwrap();
        changes.push(bench.change(&path, |_| None));
    }
    changes.push(bench.change("var/cache/many", |_| None));
    let before = bench.tree();
    bench.apply(&plan_of(&[("A-1", changes)])).unwrap();
    assert!(!bench.host("var/cache/many").exists() && !bench.host("var/cache/large").exists());
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "undo");
}

#[test]
fn links_on_the_way_do_not_lead_out() {
    let bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("motd"), "hello\n").unwrap();
    let change = bench.edit("etc/motd", "hello", "bye");
    let image = bench.image();
    fs::rename(bench.host("etc"), bench.host("etc.old")).unwrap();
    symlink(outside.path(), bench.host("etc")).unwrap();
    assert!(apply(&image, &plan_of(&[("A-1", vec![change])]), &bench.state(), &mut |_| {}).is_err());
    assert_eq!(fs::read_to_string(outside.path().join("motd")).unwrap(), "hello\n");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn two_at_once_are_kept_apart() {
    let bench = Bench::new();
    let state = bench.state();
    let _lock = state.lock().unwrap();
    let pid = i32::try_from(std::process::id()).unwrap();
    assert!(matches!(bench.apply(&bench.plan()), Err(ApplyError::Busy { pid: other }) if other == pid));
    assert!(matches!(bench.undo(&What::Last), Err(UndoError::Busy { .. })));
}

#[test]
fn the_state_never_lies_on_the_image() {
    let bench = Bench::new();
    assert!(State::of(&bench.image(), &bench.host("var/state")).is_err());
    assert!(!bench.host("var/state").exists());
    symlink(bench.host("var"), bench.directory.path().join("outside")).unwrap();
    assert!(State::of(&bench.image(), &bench.directory.path().join("outside")).is_err());
    assert!(State::of(&bench.image(), &bench.directory.path().join("home")).is_ok());
    let inside = State::at(&bench.host("var/inside")).unwrap();
    assert!(apply(&bench.image(), &bench.plan(), &inside, &mut |_| {}).is_err());
    assert!(bench.host("etc/motd").exists());
}
