//! The plan's patch as `git apply` and `patch` take it, and writes on file systems that refuse them.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seaworthy::change::{Change, Plan, PlanStep, State, What, apply, diff, undo};
use seaworthy::image::{Image, Node};

use crate::support;

fn root() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for path in ["root/etc/ssh", "root/usr"] {
        fs::create_dir_all(directory.path().join(path)).unwrap();
    }
    let lines = (1..=40).fold(String::new(), |lines, number| lines + &format!("line {number}\n"));
    fs::write(directory.path().join("root/etc/lines"), lines).unwrap();
    fs::write(directory.path().join("root/etc/crlf"), "one\r\ntwo\r\nthree").unwrap();
    fs::write(directory.path().join("root/etc/full"), "a\nb\n").unwrap();
    fs::write(directory.path().join("root/etc/odd \"name\" \u{e9}"), "a\n").unwrap();
    fs::write(directory.path().join("root/etc/gone"), "a\n").unwrap();
    directory
}

fn change(image: &Image, path: &str, after: impl FnOnce(Option<&Node>) -> Option<Node>) -> Change {
    let path = PathBuf::from(path);
    let before = image.node(&path).unwrap();
    let after = after(before.as_ref());
    Change::Path { path, before, after, secret: false }
}

fn edit(image: &Image, path: &str, from: &str, to: &str) -> Change {
    change(image, path, |node| {
        let node = node.unwrap();
        let text = String::from_utf8(node.bytes().unwrap().to_vec()).unwrap();
        Some(node.with_bytes(text.replace(from, to).into_bytes()))
    })
}

fn plan_of(changes: Vec<Change>) -> Plan {
    let mut plan = Plan::default();
    plan.steps.push(PlanStep { guideline: "A-1".to_owned(), changes });
    plan
}

fn plan(image: &Image) -> Plan {
    let lines = edit(image, "/etc/lines", "line 3\n", "line three\nand more\n");
    let Change::Path { path, after: Some(middle), .. } = &lines else { panic!() };
    let text = String::from_utf8(middle.bytes().unwrap().to_vec()).unwrap().replace("line 40\n", "line 40");
    let again = Change::Path {
        path: path.clone(),
        before: Some(middle.clone()),
        after: Some(middle.with_bytes(text.into_bytes())),
        secret: false,
    };
    plan_of(vec![
        lines,
        edit(image, "/etc/crlf", "two\r\n", "2\r\n"),
        edit(image, "/etc/full", "a\nb\n", ""),
        edit(image, "/etc/odd \"name\" \u{e9}", "a", "b"),
        change(image, "/etc/gone", |_| None),
        change(image, "/etc/empty", |_| Some(Node::new_file(&b""[..], 0o600))),
        change(image, "/etc/new", |_| Some(Node::new_file(&b"new\nfile"[..], 0o755))),
        change(image, "/etc/link", |_| Some(Node::new_link("/dev/null"))),
        again,
    ])
}

fn run(program: &str, arguments: &[&str], directory: &Path) {
    let output = Command::new(program).args(arguments).current_dir(directory).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program}: {}{}", text(&output.stdout), text(&output.stderr));
}

/// What the programs must come to: everything but the removal, which the patch only mentions.
fn assert_patched(root: &Path) {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let lines = read("etc/lines");
    assert!(lines.contains("line three\nand more\n") && lines.ends_with("line 40"));
    assert_eq!(read("etc/crlf"), "one\r\n2\r\nthree");
    assert_eq!(read("etc/odd \"name\" \u{e9}"), "b\n");
    assert_eq!(read("etc/new"), "new\nfile");
    assert_eq!(fs::read_link(root.join("etc/link")).unwrap(), Path::new("/dev/null"));
    assert_eq!(read("etc/gone"), "a\n");
}

#[test]
#[ignore = "needs git; run by .ci/run"]
fn git_takes_the_patch() {
    let directory = root();
    let root = directory.path().join("root");
    let file = directory.path().join("plan.patch");
    fs::write(&file, diff::patch(&plan(&Image::open(&root).unwrap()))).unwrap();
    let file = file.to_str().unwrap();
    run("git", &["apply", "--check", "--whitespace=nowarn", file], &root);
    run("git", &["apply", "--whitespace=nowarn", file], &root);
    assert_patched(&root);
    assert_eq!(fs::read(root.join("etc/empty")).unwrap(), b"");
    assert_eq!(fs::read(root.join("etc/full")).unwrap(), b"");
}

#[test]
#[ignore = "needs patch; run by .ci/run"]
fn patch_takes_the_patch() {
    let directory = root();
    let root = directory.path().join("root");
    let file = directory.path().join("plan.patch");
    fs::write(&file, diff::patch(&plan(&Image::open(&root).unwrap()))).unwrap();
    let file = file.to_str().unwrap();
    run("patch", &["-p1", "--binary", "--dry-run", "-i", file], &root);
    run("patch", &["-p1", "--binary", "-i", file], &root);
    assert_patched(&root);
}

/// Runs the plan where it cannot be written, and expects a clear error and an unchanged tree.
fn refused(root: &Path, plan: &Plan, words: &str) {
    let state = tempfile::tempdir().unwrap();
    let state = State::at(&state.path().join("state")).unwrap();
    let image = Image::open(root).unwrap();
    let error = apply(&image, plan, &state, &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains(words) && !error.contains('\n'), "{error}");
}

#[test]
#[ignore = "needs root and chattr; run by .ci/run"]
fn an_immutable_file_is_told_and_everything_else_taken_back() {
    let directory = root();
    let root = directory.path().join("root");
    let plan = plan(&Image::open(&root).unwrap());
    run("chattr", &["+i", root.join("etc/gone").to_str().unwrap()], &root);
    refused(&root, &plan, "immutable");
    run("chattr", &["-i", root.join("etc/gone").to_str().unwrap()], &root);
    assert!(fs::read_to_string(root.join("etc/lines")).unwrap().contains("line 3\n"));
    assert!(!root.join("etc/link").exists() && fs::read_dir(root.join("etc")).unwrap().count() == 6);
}

#[test]
#[ignore = "needs root and mount; run by .ci/run"]
fn a_read_only_mount_is_told() {
    let directory = root();
    let root = directory.path().join("root");
    let path = root.to_str().unwrap();
    let plan = plan(&Image::open(&root).unwrap());
    run("mount", &["--bind", path, path], directory.path());
    run("mount", &["-o", "remount,bind,ro", path], directory.path());
    refused(&root, &plan, "read-only");
    run("umount", &[path], directory.path());
    assert!(fs::read_to_string(root.join("etc/lines")).unwrap().contains("line 3\n"));
}

#[test]
#[ignore = "needs root and mount; run by .ci/run"]
fn a_full_disk_is_told_and_nothing_is_half_done() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    fs::create_dir(&root).unwrap();
    let path = root.to_str().unwrap();
    run("mount", &["-t", "tmpfs", "-o", "size=256k", "tmpfs", path], directory.path());
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::create_dir_all(root.join("usr")).unwrap();
    fs::write(root.join("etc/one"), "one\n").unwrap();
    fs::write(root.join("etc/large"), vec![b'x'; 150 << 10]).unwrap();
    let image = Image::open(&root).unwrap();
    let plan = plan_of(vec![edit(&image, "/etc/one", "one", "two"), edit(&image, "/etc/large", "x", "y")]);
    drop(image);
    refused(&root, &plan, "no space is left");
    assert_eq!(fs::read_to_string(root.join("etc/one")).unwrap(), "one\n");
    assert_eq!(fs::read(root.join("etc/large")).unwrap(), vec![b'x'; 150 << 10]);
    assert_eq!(fs::read_dir(root.join("etc")).unwrap().count(), 2);
    run("umount", &[path], directory.path());
}

#[test]
#[ignore = "needs root and mount; run by .ci/run"]
fn a_disk_full_at_any_size_is_told_before_anything_changes() {
    let (mut told, mut done) = (0, 0);
    for (kib, files) in (36..=100).step_by(8).map(|kib| (kib, 100)).chain((16..=24).map(|files| (1024, files))) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        let path = root.to_str().unwrap();
        let options = format!("size={kib}k,nr_inodes={files}");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", path], directory.path());
        for name in ["etc", "usr"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        for name in ["a", "b", "c", "d", "e", "f"] {
            fs::write(root.join("etc").join(name), "x".repeat(4000)).unwrap();
        }
        let image = Image::open(&root).unwrap();
        let mut changes: Vec<_> =
            ["a", "b", "c", "d"].iter().map(|name| edit(&image, &format!("/etc/{name}"), "x", "y")).collect();
        changes.push(change(&image, "/etc/e", |_| None));
        changes.extend(["n", "m", "l"].iter().map(|name| {
            change(&image, &format!("/etc/{name}"), |_| Some(Node::new_file("z".repeat(6000).into_bytes(), 0o600)))
        }));
        let state = State::at(&directory.path().join("state")).unwrap();
        let before = support::traces(&root);
        match apply(&image, &plan_of(changes), &state, &mut |_| {}) {
            Ok(_) => {
                done += 1;
                undo(&image, &state, &What::Last, &mut |_| {}).unwrap();
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("no space is left") && error.contains("nothing was changed"), "{error}");
                told += 1;
            }
        }
        let differ = support::differences(&before, &support::traces(&root));
        drop(image);
        run("umount", &[path], directory.path());
        assert!(differ.is_empty(), "{options}: {differ:?}");
    }
    assert!(told > 3 && done > 3, "told {told}, done {done}");
}

#[test]
#[ignore = "needs root and mount; run by .ci/run"]
fn a_disk_that_becomes_read_only_in_the_middle_can_be_taken_back_or_finished() {
    for finished in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        let path = root.to_str().unwrap();
        run("mount", &["-t", "tmpfs", "tmpfs", path], directory.path());
        for name in ["etc", "usr"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        for name in ["a", "b", "c"] {
            fs::write(root.join("etc").join(name), "x\n").unwrap();
        }
        let image = Image::open(&root).unwrap();
        let plan =
            plan_of(["a", "b", "c"].iter().map(|name| edit(&image, &format!("/etc/{name}"), "x", "y")).collect());
        let state = State::at(&directory.path().join("state")).unwrap();
        let before = support::traces(&root);
        let mut steps = 0;
        let error = apply(&image, &plan, &state, &mut |step| {
            steps += usize::from(matches!(step, seaworthy::change::ApplyStep::Done { .. }));
            if steps == 1 {
                run("mount", &["-o", "remount,ro", path], directory.path());
            }
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("read-only") && error.contains("seaworthy undo"), "{error}");
        let told = state.runs().unwrap()[0].told().unwrap();
        assert!(told.contains("stopped at an error") && told.contains("1 of 3"), "{told}");
        run("mount", &["-o", "remount,rw", path], directory.path());
        if finished {
            let id = state.runs().unwrap()[0].id.clone();
            seaworthy::change::finish(&image, &state, &id, &mut |_| {}).unwrap();
            assert_eq!(fs::read_to_string(root.join("etc/c")).unwrap(), "y\n");
        }
        undo(&image, &state, &What::Last, &mut |_| {}).unwrap();
        let differ = support::differences(&before, &support::traces(&root));
        drop(image);
        run("umount", &[path], directory.path());
        assert!(differ.is_empty(), "{differ:?}");
    }
}

#[test]
#[ignore = "needs root and mount; run by .ci/run"]
fn a_file_that_something_is_mounted_on_is_told_before_anything_changes() {
    let directory = root();
    let root = directory.path().join("root");
    let plan = plan(&Image::open(&root).unwrap());
    let (file, other) = (root.join("etc/gone"), directory.path().join("other"));
    fs::write(&other, "a\n").unwrap();
    run("mount", &["--bind", other.to_str().unwrap(), file.to_str().unwrap()], directory.path());
    let image = Image::open(&root).unwrap();
    let state = State::at(&directory.path().join("state")).unwrap();
    let error = apply(&image, &plan, &state, &mut |_| {}).unwrap_err().to_string();
    run("umount", &[file.to_str().unwrap()], directory.path());
    assert!(error.contains("/etc/gone") && !error.contains('\n'), "{error}");
    assert!(fs::read_to_string(root.join("etc/lines")).unwrap().contains("line 3\n"));
}

/// How often the secret stands in the raw disk after it was removed, and cut out of another file.
fn left_on_the_disk(options: &str, shred: bool) -> Option<usize> {
    let directory = tempfile::tempdir().unwrap();
    let (disk, root) = (directory.path().join("disk"), directory.path().join("root"));
    fs::create_dir(&root).unwrap();
    fs::File::create(&disk).unwrap().set_len(64 << 20).unwrap();
    let (disk, place) = (disk.to_str().unwrap(), root.to_str().unwrap());
    run("mkfs.ext4", &["-q", "-F", disk], directory.path());
    let mounted = Command::new("mount").args(["-o", options, disk, place]).status().unwrap();
    if !mounted.success() {
        // Containers often have no loop devices.
        return None;
    }
    for path in ["etc", "usr"] {
        fs::create_dir(root.join(path)).unwrap();
    }
    let secret = "a-secret-to-be-found-on-the-disk\n";
    fs::write(root.join("etc/key"), secret.repeat(1000)).unwrap();
    fs::write(root.join("etc/conf"), format!("one\n{}two\n", secret.repeat(1000))).unwrap();
    nix::unistd::sync();
    let image = Image::open(&root).unwrap();
    let plan = plan_of(vec![
        change(&image, "/etc/key", |_| None),
        change(&image, "/etc/conf", |node| Some(node.unwrap().with_bytes(b"one\ntwo\n".to_vec()))),
    ]);
    let state = State::at(&directory.path().join("state")).unwrap();
    apply(&image, &Plan { shred, ..plan }, &state, &mut |_| {}).unwrap();
    drop(image);
    run("umount", &[place], directory.path());
    let raw = fs::read(disk).unwrap();
    Some(raw.windows(secret.len()).filter(|window| *window == secret.as_bytes()).count())
}

#[test]
#[ignore = "needs root, mount and mkfs.ext4; run by .ci/run"]
fn overwritten_bytes_are_gone_from_an_ext4_that_writes_in_place() {
    let Some(removed) = left_on_the_disk("loop", false) else { return };
    assert!(removed >= 2000, "{removed}: without overwriting all of it is left");
    assert_eq!(left_on_the_disk("loop", true), Some(0));
    let journalled = left_on_the_disk("loop,data=journal", true).unwrap_or_default();
    assert!(journalled > 0, "what is said of data=journal is not so: nothing was left");
}

#[test]
fn a_plan_is_applied_and_taken_back_by_another_process() {
    let directory = root();
    let root = directory.path().join("root");
    let state = State::at(&directory.path().join("state")).unwrap();
    let image = Image::open(&root).unwrap();
    let applied = apply(&image, &plan(&image), &state, &mut |_| {}).unwrap();
    assert_patched_but_gone(&root);
    // Nothing is remembered but what is on the disk.
    let state = State::at(&directory.path().join("state")).unwrap();
    let undone = undo(&Image::open(&root).unwrap(), &state, &What::Run(applied.run), &mut |_| {}).unwrap();
    assert_eq!(undone.guidelines, ["A-1"]);
    assert_eq!(fs::read_to_string(root.join("etc/gone")).unwrap(), "a\n");
    assert!(!root.join("etc/new").exists());
}

fn assert_patched_but_gone(root: &Path) {
    assert!(!root.join("etc/gone").exists());
    assert_eq!(fs::read_to_string(root.join("etc/new")).unwrap(), "new\nfile");
}

#[test]
fn an_undo_killed_at_any_line_is_completed_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let root = support::small_root(directory.path());
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    let path = root.to_str().unwrap();
    let before = support::traces(&root);
    let mut killed = 0;
    for line in 1.. {
        support::seaworthy(&home, ["apply", "--all", "--yes", "--root", path]);
        assert!(!support::differences(&before, &support::traces(&root)).is_empty(), "applied");
        let seen = support::killed(&home, line, &["undo", "--yes", "--verbose", "--root", path]);
        // The rest of it, or a run that was never begun to be taken back, or nothing.
        support::seaworthy(&home, ["undo", "--yes", "--root", path]);
        let differ = support::differences(&before, &support::traces(&root));
        assert!(differ.is_empty(), "killed at line {line}: {differ:?}");
        if seen < line {
            break;
        }
        killed += 1;
        if killed == 12 {
            break;
        }
    }
    assert!(killed > 3, "killed {killed} times");
}

#[test]
fn the_program_killed_at_any_line_leaves_what_undo_takes_back() {
    let directory = tempfile::tempdir().unwrap();
    let root = support::small_root(directory.path());
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    let path = root.to_str().unwrap();
    let before = support::traces(&root);
    let mut killed = 0;
    for line in 1.. {
        let seen = support::killed(&home, line, &["apply", "--all", "--yes", "--root", path]);
        if seen < line {
            break;
        }
        killed += 1;
        // Nothing to take back is an answer too: it was killed before the first write.
        support::seaworthy(&home, ["undo", "--yes", "--root", path]);
        let differ = support::differences(&before, &support::traces(&root));
        assert!(differ.is_empty(), "killed at line {line}: {differ:?}");
    }
    assert!(killed > 3, "killed {killed} times");
}
