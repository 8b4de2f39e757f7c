//! The power goes at every step: what is left is the tree, its inodes numbered anew, and no state directory.

use super::crash::{quiet, with_fault};
use super::*;
use crate::change::state::{Interrupted, Standing};
use crate::image::write::fault::Fault;

/// A running machine: its state directory is lost with the power.
fn machine() -> Bench {
    let mut bench = Bench::quick();
    fs::create_dir_all(bench.host("var/lib")).unwrap();
    for path in ["var/lib", "var"] {
        set_time(&bench.host(path), (1_000_000_500, 5), (1_000_000_500, 5));
    }
    bench.volatile = true;
    bench
}

fn set_time(path: &Path, accessed: (i64, i64), modified: (i64, i64)) {
    let time = |(seconds, nanoseconds)| nix::sys::time::TimeSpec::new(seconds, nanoseconds);
    let how = nix::sys::stat::UtimensatFlags::NoFollowSymlink;
    nix::sys::stat::utimensat(nix::fcntl::AT_FDCWD, path, &time(accessed), &time(modified), how).unwrap();
}

/// The disk of `bench` in another machine.
fn after_power_loss(bench: &Bench) -> Bench {
    let copy =
        Bench { directory: tempfile::tempdir_in(bench.directory.path().parent().unwrap()).unwrap(), volatile: true };
    duplicate(&bench.root(), &copy.root());
    copy
}

fn duplicate(from: &Path, to: &Path) {
    let meta = fs::symlink_metadata(from).unwrap();
    if meta.is_symlink() {
        symlink(fs::read_link(from).unwrap(), to).unwrap();
    } else if meta.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            duplicate(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
    std::os::unix::fs::lchown(to, Some(meta.uid()), Some(meta.gid())).unwrap();
    if !meta.is_symlink() {
        fs::set_permissions(to, meta.permissions()).unwrap();
        for name in xattr::list(from).unwrap() {
            xattr::set(to, &name, &xattr::get(from, &name).unwrap().unwrap()).unwrap();
        }
    }
    set_time(to, (meta.atime(), meta.atime_nsec()), (meta.mtime(), meta.mtime_nsec()));
}

fn interrupted(bench: &Bench) -> Option<(String, Interrupted)> {
    let run = bench.state().runs().unwrap().into_iter().find(|run| run.standing == Standing::Unfinished)?;
    assert!(run.told().unwrap().len() > 80);
    Some((run.id, run.interrupted.unwrap()))
}

fn finish_run(bench: &Bench, run: &str) -> Result<Applied, ApplyError> {
    finish(&bench.image(), &bench.state(), run, &mut |_| {})
}

/// Nothing beside anything, no manifest.
fn assert_clean(bench: &Bench, when: &str) {
    let tree = bench.tree();
    let left: Vec<_> = tree.keys().filter(|path| path.to_string_lossy().contains('~')).collect();
    assert!(left.is_empty(), "{when}: {left:?}");
    assert!(!bench.host("var/lib/seaworthy").exists(), "{when}");
}

/// The tree without the directory that holds manifests: when the power goes while one is made, its time is another.
fn swept(bench: &Bench) -> BTreeMap<PathBuf, Thing> {
    manifest::sweep(&bench.image(), &bench.state()).unwrap();
    assert_clean(bench, "swept");
    without_own(bench.tree())
}

fn without_own(mut tree: BTreeMap<PathBuf, Thing>) -> BTreeMap<PathBuf, Thing> {
    tree.remove(Path::new("var/lib"));
    tree
}

#[test]
fn a_run_is_finished_or_taken_back_after_the_power_went_at_any_step() {
    quiet();
    for shred in [false, true] {
        let whole = machine();
        let before = whole.tree();
        whole.apply(&Plan { shred, ..whole.plan() }).unwrap();
        assert_clean(&whole, "whole");
        let wanted = without_times(whole.tree());
        let (mut step, mut both, mut finished, mut taken) = (0, 0, 0, 0);
        loop {
            let bench = machine();
            let plan = Plan { shred, ..bench.plan() };
            let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
            let when = format!("power loss at step {step}, shred {shred}");
            let copy = after_power_loss(&bench);
            step += 1;
            let Some((run, can)) = interrupted(&copy) else {
                let now = swept(&copy);
                let is_before = now == without_own(before.clone());
                assert!(is_before || without_times(now) == without_own(wanted.clone()), "{when}");
                continue;
            };
            assert!(can.can_finish || can.can_take_back, "{when}: {can:?}");
            assert!(matches!(copy.apply(&plan), Err(ApplyError::Unfinished { .. })), "{when}");
            both += usize::from(can.can_finish && can.can_take_back);
            if can.can_finish {
                let copy = after_power_loss(&bench);
                finish_run(&copy, &run).unwrap();
                assert_same(&without_times(copy.tree()), &wanted, &format!("{when}, finished"));
                assert_clean(&copy, &when);
                finished += 1;
                if can.can_take_back {
                    copy.undo(&What::Last).unwrap();
                    assert_same(&copy.tree(), &before, &format!("{when}, finished, undone"));
                }
            } else {
                assert!(finish_run(&copy, &run).unwrap_err().to_string().contains("seaworthy undo"), "{when}");
            }
            if can.can_take_back {
                copy.undo(&What::Last).unwrap();
                assert_same(&copy.tree(), &before, &format!("{when}, taken back"));
                assert_clean(&copy, &when);
                taken += 1;
            } else {
                assert!(copy.undo(&What::Last).unwrap_err().to_string().contains("--resume"), "{when}");
            }
        }
        assert!(both > 10 && finished > both && taken > both, "{both} {finished} {taken} of {step}");
    }
}

#[test]
fn an_undo_is_completed_or_called_off_after_the_power_went_at_any_step() {
    quiet();
    let (mut step, mut both, mut forward, mut back) = (0, 0, 0, 0);
    loop {
        let bench = machine();
        let before = bench.tree();
        bench.apply(&bench.plan()).unwrap();
        let after = bench.tree();
        let Some(_) = with_fault(step, Fault::Crash, || bench.undo(&What::Last)) else { break };
        let when = format!("power loss at step {step} of undo");
        let copy = after_power_loss(&bench);
        step += 1;
        let Some((run, can)) = interrupted(&copy) else {
            let now = swept(&copy);
            assert!(now == without_own(before) || now == without_own(after), "{when}");
            continue;
        };
        assert!(can.is_undo && (can.can_finish || can.can_take_back), "{when}: {can:?}");
        both += usize::from(can.can_finish && can.can_take_back);
        if can.can_finish {
            let copy = after_power_loss(&bench);
            finish_run(&copy, &run).unwrap();
            assert_same(&copy.tree(), &after, &format!("{when}, called off"));
            assert_clean(&copy, &when);
            back += 1;
            if can.can_take_back {
                copy.undo(&What::Last).unwrap();
                assert_same(&copy.tree(), &before, &format!("{when}, called off, undone again"));
            }
        }
        if can.can_take_back {
            copy.undo(&What::Last).unwrap();
            assert_same(&copy.tree(), &before, &format!("{when}, completed"));
            assert_clean(&copy, &when);
            forward += 1;
        }
    }
    assert!(both > 10 && forward > both && back > both, "{both} {forward} {back} of {step}");
}

#[test]
fn the_power_may_go_again_while_the_first_loss_is_dealt_with() {
    quiet();
    let mut again = 0;
    for step in (0..).step_by(9) {
        let bench = machine();
        let (before, plan) = (bench.tree(), bench.plan());
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        for second in (0..).step_by(7) {
            let first = after_power_loss(&bench);
            if !interrupted(&first).is_some_and(|(_, can)| can.can_take_back) {
                break;
            }
            let Some(_) = with_fault(second, Fault::Crash, || first.undo(&What::Last)) else { break };
            let copy = after_power_loss(&first);
            let when = format!("power loss at step {step}, then at {second} of taking back");
            if let Some((_, can)) = interrupted(&copy) {
                assert!(can.can_take_back, "{when}: {can:?}");
                copy.undo(&What::Last).unwrap();
                assert_same(&copy.tree(), &before, &when);
            } else {
                assert_same(&swept(&copy), &without_own(before.clone()), &when);
            }
            again += 1;
        }
    }
    assert!(again > 30, "{again}");
}

#[test]
fn the_manifest_holds_no_content_and_no_digest() {
    quiet();
    let mut seen = 0;
    for step in (0..).step_by(3) {
        let bench = machine();
        let plan = bench.plan();
        let Some(_) = with_fault(step, Fault::Crash, || bench.apply(&plan)) else { break };
        let directory = bench.host("var/lib/seaworthy");
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o7777, 0o700);
        for entry in entries {
            let path = entry.unwrap().path();
            let meta = fs::metadata(&path).unwrap();
            assert_eq!(meta.mode() & 0o7777, 0o600);
            let text = fs::read_to_string(&path).unwrap();
            let digests = ["hello\n", "1\n", "2\n", "new\n"].map(|content| journal::digest(content.as_bytes()));
            assert!(!digests.iter().any(|digest| text.contains(digest.as_str())), "{text}");
            assert!(!text.contains("aaaaaaaa") && !text.contains("sha256"), "{text}");
            seen += 1;
        }
    }
    assert!(seen > 5);
}

#[test]
fn a_manifest_that_somebody_made_up_is_refused() {
    let bench = machine();
    fs::create_dir(bench.host("var/lib/seaworthy")).unwrap();
    let path = bench.host("var/lib/seaworthy/20261122T154139Z-1.json");
    let entry = |path: &str| {
        format!(
            r#"{{"format":"seaworthy.run/1","run":"20261122T154139Z-1","at":"x","boot":"","takes_back":[],"guidelines":[],"staged":true,"shred":false,"directories":[],"restore":[],"entries":[{{"number":0,"guideline":"A-1","path":"{path}","secret":false,"set":false,"from":null,"puts":true,"to":null}}]}}"#
        )
    };
    for bad in
        ["{".to_owned(), entry("etc/x"), entry("/etc/../../x"), entry("/etc/x").replace("-1\",\"at", "-2\",\"at")]
    {
        fs::write(&path, bad).unwrap();
        let error = bench.state().runs().unwrap_err().to_string();
        assert!(error.contains("manifest") && !error.contains('\n'), "{error}");
    }
    fs::write(&path, entry("/etc/x")).unwrap();
    assert!(interrupted(&bench).is_some());
    for name in ["../../x.json", "20261122T154139Z-1.json~", "x.json"] {
        let name = name.rsplit('/').next().unwrap();
        assert!(!manifest::is_id(name.trim_end_matches(".json")), "{name}");
    }
}
