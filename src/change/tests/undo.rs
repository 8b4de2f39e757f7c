use super::*;

#[test]
fn an_edit_by_hand_survives() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    let text = bench.read("etc/ssh/sshd_config").replace("X11Forwarding yes", "X11Forwarding no");
    bench.write("etc/ssh/sshd_config", &text, 0o600);
    let undone = bench.undo(&What::Last).unwrap();
    assert_eq!(undone.merged, [PathBuf::from("/etc/ssh/sshd_config")]);
    let wanted = "Port 22\nPermitRootLogin yes\nUseDNS yes\nX11Forwarding no\n";
    assert_eq!(bench.read("etc/ssh/sshd_config"), wanted);
}

#[test]
fn a_conflict_changes_nothing_at_all() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    let text = bench.read("etc/ssh/sshd_config").replace("PermitRootLogin no", "PermitRootLogin prohibit-password");
    bench.write("etc/ssh/sshd_config", &text, 0o600);
    let before = bench.tree();
    let error = bench.undo(&What::Last).unwrap_err();
    let UndoError::Conflict { path, conflict } = &error else { panic!("{error}") };
    assert_eq!(path, Path::new("/etc/ssh/sshd_config"));
    assert!(conflict.contains("PermitRootLogin prohibit-password"), "{conflict}");
    assert_same(&bench.tree(), &before, "conflict");
    assert_eq!(bench.state().runs().unwrap()[0].standing, state::Standing::Done);
}

#[test]
fn a_conflict_in_a_secret_file_shows_nothing() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    bench.write("etc/shadow", "root:$6$bbbbbbbb$other:1:0:99999:7:::\nbin:*:1:0:99999:7:::\n", 0o640);
    let error = bench.undo(&What::Last).unwrap_err();
    assert!(!error.to_string().contains("bbbbbbbb") && !format!("{error:?}").contains("aaaaaaaa"), "{error:?}");
}

#[test]
fn guidelines_are_taken_back_one_by_one_in_any_order() {
    for order in
        [["A-1", "A-2", "A-3", "A-4", "A-5"], ["A-5", "A-4", "A-3", "A-2", "A-1"], ["A-2", "A-5", "A-1", "A-3", "A-4"]]
    {
        let bench = Bench::new();
        let before = bench.tree();
        bench.apply(&bench.plan()).unwrap();
        for id in order {
            bench.undo(&What::Guideline(id.to_owned())).unwrap();
            assert!(matches!(bench.undo(&What::Guideline(id.to_owned())), Err(UndoError::Nothing(_))));
        }
        assert_same(&bench.tree(), &before, &format!("{order:?}"));
        assert_eq!(bench.state().runs().unwrap()[0].standing, state::Standing::Undone);
    }
}

#[test]
fn one_guideline_of_two_in_a_file_is_taken_out_of_the_middle() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    bench.undo(&What::Guideline("A-1".to_owned())).unwrap();
    assert!(bench.read("etc/ssh/sshd_config").starts_with("Port 22\nPermitRootLogin yes\nUseDNS no\n"));
}

#[test]
fn several_runs_come_back_together() {
    let bench = Bench::new();
    let before = bench.tree();
    bench.apply(&bench.plan()).unwrap();
    let middle = bench.tree();
    let second = plan_of(&[
        ("B-1", vec![bench.edit("etc/ssh/sshd_config", "Port 22", "Port 2222")]),
        ("B-2", vec![bench.change("etc/new.d/file", |_| None), bench.change("etc/new.d", |_| None)]),
    ]);
    bench.apply(&second).unwrap();
    let last = bench.undo(&What::Last).unwrap();
    assert_eq!(last.guidelines, ["B-2", "B-1"]);
    assert_same(&bench.tree(), &middle, "the second run");
    bench.apply(&second).unwrap();
    let undone = bench.undo(&What::Everything).unwrap();
    assert_eq!(undone.runs.len(), 2);
    assert_same(&bench.tree(), &before, "everything");
}

#[test]
fn a_file_of_somebody_else_in_our_directory_stays() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    bench.write("etc/new.d/theirs", "theirs\n", 0o644);
    let undone = bench.undo(&What::Last).unwrap();
    assert_eq!(undone.merged, [PathBuf::from("/etc/new.d")]);
    assert_eq!(bench.read("etc/new.d/theirs"), "theirs\n");
    assert!(!bench.host("etc/new.d/file").exists());
}

#[test]
fn what_somebody_made_again_is_a_conflict() {
    let bench = Bench::new();
    bench.apply(&bench.plan()).unwrap();
    bench.write("etc/motd", "theirs\n", 0o644);
    assert!(matches!(bench.undo(&What::Last), Err(UndoError::Conflict { .. })));
    assert_eq!(bench.read("etc/motd"), "theirs\n");
}

#[test]
fn a_conflict_shows_neither_escapes_nor_a_password_added_since() {
    for (line, shown) in
        [("PermitRootLogin \x1b[2Jno", "PermitRootLogin \\u{1b}[2Jno"), ("# password: hunter22", "not shown")]
    {
        let bench = Bench::new();
        bench.apply(&bench.plan()).unwrap();
        let text = bench.read("etc/ssh/sshd_config").replace("PermitRootLogin no", line);
        bench.write("etc/ssh/sshd_config", &text, 0o600);
        let error = bench.undo(&What::Last).unwrap_err().to_string();
        assert!(error.contains(shown), "{error:?}");
        assert!(!error.contains('\x1b') && !error.contains("hunter22"), "{error:?}");
    }
}
