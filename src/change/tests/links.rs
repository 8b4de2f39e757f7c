//! Files with several names.

use super::*;
use crate::image::FileNode;

/// A bench where `etc/motd`, `etc/issue` and `root/motd` are one file.
fn joined() -> Bench {
    let bench = Bench::quick();
    for other in ["etc/issue", "root/motd"] {
        fs::hard_link(bench.host("etc/motd"), bench.host(other)).unwrap();
    }
    bench
}

fn removal(bench: &Bench, path: &str) -> Change {
    bench.change(path, |_| None)
}

#[test]
fn an_edited_name_is_split_and_joined_again() {
    let bench = joined();
    let before = bench.tree();
    bench.apply(&plan_of(&[("A-1", vec![bench.edit("etc/motd", "hello", "bye")])])).unwrap();
    assert_eq!((bench.read("etc/motd"), bench.read("etc/issue")), ("bye\n".into(), "hello\n".into()));
    assert_eq!(fs::metadata(bench.host("etc/issue")).unwrap().nlink(), 2);
    let undone = bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "edited");
    assert!(undone.apart.is_empty(), "{undone:?}");
}

#[test]
fn when_every_name_goes_they_come_back_as_one_file() {
    let bench = joined();
    let before = bench.tree();
    let names = ["etc/motd", "etc/issue", "root/motd"];
    bench.apply(&plan_of(&[("A-1", names.iter().map(|name| removal(&bench, name)).collect())])).unwrap();
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "removed at once");
    // In runs of their own, and one of them edited.
    bench.apply(&plan_of(&[("A-1", vec![removal(&bench, "etc/issue")])])).unwrap();
    bench.apply(&plan_of(&[("A-2", vec![bench.edit("root/motd", "hello", "bye")])])).unwrap();
    bench.apply(&plan_of(&[("A-3", vec![removal(&bench, "etc/motd")])])).unwrap();
    for id in ["A-2", "A-3", "A-1"] {
        bench.undo(&What::Guideline(id.to_owned())).unwrap();
    }
    assert_same(&bench.tree(), &before, "removed one by one");
}

#[test]
fn a_mode_is_set_for_every_name_at_once() {
    let bench = joined();
    let before = bench.tree();
    let with_mode = |node: Option<&Node>| match node {
        Some(Node::File(file)) => Some(Node::File(FileNode { mode: 0o600, ..file.clone() })),
        _ => None,
    };
    let changes = vec![bench.change("etc/motd", with_mode), bench.change("etc/issue", with_mode)];
    bench.apply(&plan_of(&[("A-1", changes)])).unwrap();
    assert_eq!(fs::metadata(bench.host("root/motd")).unwrap().mode() & 0o777, 0o600);
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "mode");
}

#[test]
fn what_was_edited_under_the_other_name_stays_apart_and_is_told() {
    let bench = joined();
    bench.apply(&plan_of(&[("A-1", vec![removal(&bench, "etc/motd")])])).unwrap();
    for name in ["etc/issue", "root/motd"] {
        fs::remove_file(bench.host(name)).unwrap();
        bench.write(name, "theirs\n", 0o644);
    }
    let undone = bench.undo(&What::Last).unwrap();
    assert_eq!((bench.read("etc/motd"), bench.read("etc/issue")), ("hello\n".into(), "theirs\n".into()));
    assert_eq!(undone.apart, [PathBuf::from("/etc/motd")]);
}

#[test]
fn a_name_that_cannot_be_found_is_a_refusal() {
    let bench = Bench::quick();
    fs::hard_link(bench.host("etc/motd"), bench.directory.path().join("outside")).unwrap();
    let error = bench.apply(&plan_of(&[("A-1", vec![removal(&bench, "etc/motd")])])).unwrap_err();
    assert!(error.to_string().contains("2 names (hard links), and only 1 of them"), "{error}");
    assert_eq!(bench.read("etc/motd"), "hello\n");
}
