//! What people do between a run and its undo.

use super::*;
use crate::image::FileNode;

fn conflict(bench: &Bench, what: &What) -> String {
    let before = bench.tree();
    let error = bench.undo(what).unwrap_err();
    assert!(matches!(error, UndoError::Conflict { .. }), "{error}");
    assert_same(&bench.tree(), &before, "a conflict changes nothing");
    error.to_string()
}

#[test]
fn what_somebody_removed_since_stays_removed_and_is_told() {
    let bench = Bench::quick();
    bench.apply(&bench.plan()).unwrap();
    fs::remove_file(bench.host("etc/ssh/sshd_config")).unwrap();
    fs::remove_file(bench.host("etc/masked")).unwrap();
    let undone = bench.undo(&What::Last).unwrap();
    assert!(!bench.host("etc/ssh/sshd_config").exists() && !bench.host("etc/masked").is_symlink());
    assert!(undone.gone.contains(&PathBuf::from("/etc/ssh/sshd_config")), "{undone:?}");
    assert!(undone.restored.contains(&PathBuf::from("/etc/motd")), "{undone:?}");
    assert!(undone.removed.contains(&PathBuf::from("/etc/new.d/file")), "{undone:?}");
    assert!(!undone.restored.contains(&PathBuf::from("/etc/ssh/sshd_config")), "{undone:?}");
}

#[test]
fn a_directory_that_is_gone_is_a_conflict_with_a_way_out() {
    let bench = Bench::quick();
    bench.apply(&plan_of(&[("A-1", vec![bench.change("var/cache/x/one", |_| None)])])).unwrap();
    fs::rename(bench.host("var/cache"), bench.host("var/moved")).unwrap();
    assert!(conflict(&bench, &What::Last).contains("mkdir -p"));
    fs::create_dir_all(bench.host("var/cache/x")).unwrap();
    bench.undo(&What::Last).unwrap();
    assert_eq!(bench.read("var/cache/x/one"), "1\n");
}

#[test]
fn a_link_that_leads_elsewhere_now_is_a_conflict() {
    let bench = Bench::quick();
    bench.apply(&bench.plan()).unwrap();
    fs::remove_file(bench.host("etc/masked")).unwrap();
    symlink("/etc/motd", bench.host("etc/masked")).unwrap();
    assert!(conflict(&bench, &What::Last).contains("/etc/masked"));
}

#[test]
fn a_mode_set_by_hand_is_kept() {
    let bench = Bench::quick();
    let before = bench.tree();
    bench.apply(&bench.plan()).unwrap();
    bench.set_mode("etc/ssh/sshd_config", 0o640);
    let undone = bench.undo(&What::Last).unwrap();
    let mut now = bench.tree();
    assert_eq!(undone.merged, [PathBuf::from("/etc/ssh/sshd_config")]);
    let file = now.get_mut(Path::new("etc/ssh/sshd_config")).unwrap();
    assert_eq!(file.mode & 0o7777, 0o640);
    file.mode = file.mode & !0o7777 | 0o600;
    assert_same(&now, &before, "all but the mode, its time of modification too");
}

#[test]
fn two_modes_for_one_file_are_a_conflict() {
    let bench = Bench::quick();
    bench.apply(&bench.plan()).unwrap();
    bench.set_mode("etc/loose", 0o644);
    assert!(conflict(&bench, &What::Last).contains("mode or owner"));
}

#[test]
fn what_a_run_made_and_somebody_edited_is_shown() {
    let bench = Bench::quick();
    bench.apply(&bench.plan()).unwrap();
    bench.write("etc/new.d/file", "new\nand mine\n", 0o640);
    let said = conflict(&bench, &What::Last);
    assert!(said.contains("did not exist before") && said.contains("and mine"), "{said}");
    bench.write("etc/new.d/file", "new\npassword = hunter22\n", 0o640);
    assert!(!conflict(&bench, &What::Last).contains("hunter22"));
}

#[test]
fn bytes_that_are_no_text_are_not_merged() {
    let bench = Bench::quick();
    bench.write("etc/blob", "a\0b\n", 0o644);
    bench.apply(&plan_of(&[("A-1", vec![bench.edit("etc/blob", "b", "c")])])).unwrap();
    bench.write("etc/blob", "x\0c\n", 0o644);
    assert!(conflict(&bench, &What::Last).contains("no text"));
}

#[test]
fn a_later_guideline_in_the_way_is_named() {
    let bench = Bench::quick();
    let before = bench.tree();
    let edit = bench.edit("etc/motd", "hello", "bye");
    let Change::Path { path, after, .. } = edit.clone() else { panic!() };
    let removal = Change::Path { path, before: after, after: None, secret: false };
    bench.apply(&plan_of(&[("A-1", vec![edit]), ("A-2", vec![removal])])).unwrap();
    assert!(conflict(&bench, &What::Guideline("A-1".into())).contains("A-2 changed it afterwards"));
    bench.undo(&What::Guideline("A-2".into())).unwrap();
    assert_eq!(bench.read("etc/motd"), "bye\n");
    bench.undo(&What::Guideline("A-1".into())).unwrap();
    assert_same(&bench.tree(), &before, "one by one");
}

#[test]
fn a_directory_goes_with_the_last_file_in_it_whoever_made_it() {
    let bench = Bench::quick();
    let before = bench.tree();
    let directory = |_: Option<&Node>| Some(Node::Directory { mode: 0o755, uid: 0, gid: 0 });
    let file = |_: Option<&Node>| Some(Node::new_file(&b"new\n"[..], 0o640));
    let plan = plan_of(&[
        ("A-1", vec![bench.change("etc/made.d", directory), bench.change("etc/made.d/deep", directory)]),
        ("A-2", vec![bench.change("etc/made.d/deep/file", file)]),
    ]);
    bench.apply(&plan).unwrap();
    bench.undo(&What::Guideline("A-1".into())).unwrap();
    assert_eq!(bench.read("etc/made.d/deep/file"), "new\n");
    bench.undo(&What::Guideline("A-2".into())).unwrap();
    assert_same(&bench.tree(), &before, "the directory first");
}

#[test]
fn a_mode_and_a_content_of_one_file_come_back_in_any_order() {
    for order in [["A-1", "A-2"], ["A-2", "A-1"]] {
        let bench = Bench::quick();
        let before = bench.tree();
        let mode = bench.change("etc/motd", |node| match node {
            Some(Node::File(file)) => Some(Node::File(FileNode { mode: 0o600, ..file.clone() })),
            _ => None,
        });
        let Change::Path { path, after: Some(middle), .. } = mode.clone() else { panic!() };
        let after = Some(middle.with_bytes(&b"bye\n"[..]));
        let edit = Change::Path { path, before: Some(middle), after, secret: false };
        bench.apply(&plan_of(&[("A-1", vec![mode]), ("A-2", vec![edit])])).unwrap();
        for id in order {
            bench.undo(&What::Guideline(id.into())).unwrap();
        }
        assert_same(&bench.tree(), &before, &format!("{order:?}"));
    }
}

#[test]
fn a_line_set_back_and_forth_comes_back_newest_first_only() {
    let bench = Bench::quick();
    bench.write("etc/words", "UseDNS yes\n", 0o644);
    bench.settle_times();
    let before = bench.tree();
    for (guideline, from, to) in
        [("A-1", "yes", "no"), ("B-1", "no", "maybe"), ("C-1", "maybe", "no"), ("D-1", "no", "yes")]
    {
        let change = bench.edit("etc/words", &format!("UseDNS {from}"), &format!("UseDNS {to}"));
        bench.apply(&plan_of(&[(guideline, vec![change])])).unwrap();
    }
    // The file is as at first, and as A-1 and C-1 left it in turn: none but the last can go alone.
    for (guideline, last) in [("A-1", "D-1"), ("B-1", "D-1"), ("C-1", "D-1")] {
        assert!(conflict(&bench, &What::Guideline(guideline.into())).contains(last), "{guideline}");
    }
    for guideline in ["D-1", "C-1", "B-1", "A-1"] {
        bench.undo(&What::Guideline(guideline.into())).unwrap();
    }
    assert_same(&bench.tree(), &before, "newest first, everything comes back");
}
