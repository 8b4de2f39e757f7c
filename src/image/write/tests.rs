#![expect(clippy::disallowed_methods, reason = "tests build trees and look at them from outside")]

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};

use super::*;

struct Bench {
    directory: tempfile::TempDir,
    image: Image,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    for name in ["etc", "usr"] {
        fs::create_dir(directory.path().join(name)).unwrap();
    }
    fs::write(directory.path().join("etc/a"), "old\n").unwrap();
    let image = Image::open(directory.path()).unwrap();
    Bench { directory, image }
}

impl Bench {
    fn host(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn expected(&self, path: &str) -> Expected {
        let seen = look(&self.image, Path::new(path), None).unwrap().unwrap();
        Expected { shape: seen.shape, mode: seen.mode, uid: seen.uid, gid: seen.gid, stamp: Some(seen.stamp) }
    }

    fn put(&self, path: &str, text: &str, expected: Option<&Expected>) -> Result<Outcome, Error> {
        let mut bytes = text.as_bytes();
        let (uid, gid) = (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
        let mut wanted =
            Wanted { content: Content::File(&mut bytes), mode: 0o640, uid, gid, xattrs: None, times: None };
        put(&self.image, Path::new(path), &mut wanted, expected, "run", false)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.host("etc")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_file_is_replaced_with_all_it_carries() {
    let bench = bench();
    let carries = xattr::set(bench.host("etc/a"), "user.note", b"mine").is_ok();
    let outcome = bench.put("/etc/a", "new\n", Some(&bench.expected("/etc/a"))).unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(fs::read_to_string(bench.host("etc/a")).unwrap(), "new\n");
    assert_eq!(fs::metadata(bench.host("etc/a")).unwrap().permissions().mode() & 0o7777, 0o640);
    if carries {
        assert_eq!(xattr::get(bench.host("etc/a"), "user.note").unwrap().unwrap(), b"mine");
    }
    assert_eq!(bench.names(), ["a"]);
}

#[test]
fn something_else_in_the_place_is_left_alone() {
    let bench = bench();
    let expected = bench.expected("/etc/a");
    fs::write(bench.host("etc/a"), "theirs\n").unwrap();
    assert_eq!(bench.put("/etc/a", "new\n", Some(&expected)).unwrap(), Outcome::Changed);
    assert_eq!(bench.put("/etc/a", "new\n", None).unwrap(), Outcome::Changed);
    assert_eq!(remove(&bench.image, Path::new("/etc/a"), &expected, "run", false).unwrap(), Outcome::Changed);
    assert_eq!(set_mode(&bench.image, Path::new("/etc/a"), &expected, (0o600, 0, 0)).unwrap(), Outcome::Changed);
    assert_eq!(fs::read_to_string(bench.host("etc/a")).unwrap(), "theirs\n");
    assert_eq!(bench.names(), ["a"]);
}

#[test]
fn links_are_not_followed_and_special_files_not_opened() {
    let bench = bench();
    symlink("/etc/a", bench.host("etc/link")).unwrap();
    nix::unistd::mkfifo(&bench.host("etc/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let expected = bench.expected("/etc/link");
    assert_eq!(expected.shape, Shape::Symlink("/etc/a".into()));
    assert_eq!(bench.put("/etc/link", "new\n", Some(&expected)).unwrap(), Outcome::Done);
    assert!(!fs::symlink_metadata(bench.host("etc/link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(bench.host("etc/a")).unwrap(), "old\n");
    let error = look(&bench.image, Path::new("/etc/fifo"), None).unwrap_err();
    assert_eq!(error.reason, Reason::Special(Kind::Fifo));
}

#[test]
fn nothing_is_written_through_a_link_on_the_way() {
    let bench = bench();
    symlink("../../../../..", bench.host("etc/up")).unwrap();
    let error = bench.put("/etc/up/etc/b", "new\n", None).unwrap_err();
    assert!(error.to_string().contains("a link is on the way"), "{error}");
    assert_eq!(bench.names(), ["a", "up"]);
    assert!(bench.put("/etc/..", "x", None).is_err());
    assert!(bench.put("/missing/x", "x", None).is_err());
    assert!(bench.put("/etc/a/x", "x", None).is_err());
}

#[test]
fn a_full_directory_is_not_removed() {
    let bench = bench();
    let expected = bench.expected("/etc");
    assert_eq!(remove(&bench.image, Path::new("/etc"), &expected, "run", false).unwrap(), Outcome::Changed);
    assert_eq!(bench.names(), ["a"]);
}

#[test]
fn the_longest_name_has_room_beside_it() {
    let bench = bench();
    let name = format!("/etc/{}", "n".repeat(255));
    assert_eq!(bench.put(&name, "new\n", None).unwrap(), Outcome::Done);
    let expected = bench.expected(&name);
    assert_eq!(bench.put(&name, "newer\n", Some(&expected)).unwrap(), Outcome::Done);
    assert_eq!(bench.names().len(), 2);
}

#[test]
fn times_come_back_to_the_nanosecond() {
    let bench = bench();
    let times = Times { accessed: (1, 2), modified: (1_000_000_000, 123_456_789) };
    set_times(&bench.image, Path::new("/etc/a"), times, true).unwrap();
    set_times(&bench.image, Path::new("/"), times, false).unwrap();
    let meta = fs::metadata(bench.host("etc/a")).unwrap();
    assert_eq!((meta.mtime(), meta.mtime_nsec(), meta.atime_nsec()), (1_000_000_000, 123_456_789, 2));
    assert_eq!(fs::metadata(bench.directory.path()).unwrap().mtime_nsec(), 123_456_789);
    let seen = look(&bench.image, Path::new("/etc/a"), None).unwrap().unwrap();
    assert_eq!(seen.times, times);
}

#[test]
fn after_a_crash_the_place_is_tidied() {
    let (old, new) = ("old\n", "new\n");
    // Before the rename: the draft goes.
    let bench = bench();
    let tree = |top| Tree { top, below: std::collections::BTreeMap::new() };
    let from = tree(bench.expected("/etc/a"));
    fs::write(bench.host("etc/b"), new).unwrap();
    let to = tree(bench.expected("/etc/b"));
    fs::rename(bench.host("etc/b"), bench.host("etc/.a.run~")).unwrap();
    let settled = || settle(&bench.image, Path::new("/etc/a"), Some(&from), Some(&to), "run", false).unwrap();
    settled();
    assert_eq!((bench.names(), fs::read_to_string(bench.host("etc/a")).unwrap()), (vec!["a".to_owned()], old.into()));
    // After it: the old file is kept beside the new one.
    fs::rename(bench.host("etc/a"), bench.host("etc/.a.run~")).unwrap();
    fs::write(bench.host("etc/a"), new).unwrap();
    settled();
    assert_eq!(bench.names(), [".a.run~", "a"]);
    discard(&bench.image, Path::new("/etc/a"), "run").unwrap();
    assert_eq!((bench.names(), fs::read_to_string(bench.host("etc/a")).unwrap()), (vec!["a".to_owned()], new.into()));
    // After it, and what came out was somebody else's: it comes back.
    fs::write(bench.host("etc/.a.run~"), "theirs\n").unwrap();
    settled();
    assert_eq!(fs::read_to_string(bench.host("etc/a")).unwrap(), "theirs\n");
    assert_eq!(bench.names(), ["a"]);
}

/// What the inode held open by `file` holds, whatever its name.
fn bytes_of(file: &fs::File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn a_file_that_goes_is_overwritten_and_one_with_other_names_is_not() {
    let bench = bench();
    let secret = "hunter22\n".repeat(20_000);
    fs::write(bench.host("etc/a"), &secret).unwrap();
    // Not even a file that nobody may write to.
    fs::set_permissions(bench.host("etc/a"), fs::Permissions::from_mode(0o400)).unwrap();
    let old = fs::File::open(bench.host("etc/a")).unwrap();
    let gone = remove(&bench.image, Path::new("/etc/a"), &bench.expected("/etc/a"), "run", true).unwrap();
    assert_eq!((gone, bench.names()), (Outcome::Done, Vec::new()));
    let left = bytes_of(&old);
    assert_eq!(left.len(), secret.len());
    assert!(memchr::memmem::find(&left, b"hunter22").is_none());

    // What is replaced goes the same way.
    fs::write(bench.host("etc/b"), &secret).unwrap();
    let old = fs::File::open(bench.host("etc/b")).unwrap();
    let expected = bench.expected("/etc/b");
    let (mut bytes, uid, gid) = (&b"clean\n"[..], expected.uid, expected.gid);
    let mut wanted = Wanted { content: Content::File(&mut bytes), mode: 0o600, uid, gid, xattrs: None, times: None };
    assert_eq!(
        put(&bench.image, Path::new("/etc/b"), &mut wanted, Some(&expected), "run", true).unwrap(),
        Outcome::Done
    );
    assert!(memchr::memmem::find(&bytes_of(&old), b"hunter22").is_none());
    assert_eq!(
        (fs::read_to_string(bench.host("etc/b")).unwrap(), bench.names()),
        ("clean\n".to_owned(), vec!["b".to_owned()])
    );

    // Another name would lose its content.
    fs::write(bench.host("etc/c"), "kept\n").unwrap();
    fs::hard_link(bench.host("etc/c"), bench.host("usr/c")).unwrap();
    let outcome = remove(&bench.image, Path::new("/etc/c"), &bench.expected("/etc/c"), "run", true).unwrap();
    assert!(matches!(outcome, Outcome::NotOverwritten(why) if why.contains("hard links")));
    assert_eq!(fs::read_to_string(bench.host("usr/c")).unwrap(), "kept\n");
    assert_eq!(bench.names(), ["b"]);
}

#[test]
fn the_holes_of_a_sparse_file_take_no_room() {
    let bench = bench();
    let file = fs::File::create(bench.host("etc/a")).unwrap();
    file.write_all_at(b"hunter22", 1 << 30).unwrap();
    drop(file);
    let old = fs::File::open(bench.host("etc/a")).unwrap();
    let expected = Expected { stamp: None, ..bench.expected("/etc/a") };
    assert_eq!(remove(&bench.image, Path::new("/etc/a"), &expected, "run", true).unwrap(), Outcome::Done);
    let mut end = [0; 8];
    old.read_exact_at(&mut end, 1 << 30).unwrap();
    assert_ne!(&end, b"hunter22");
    assert!(old.metadata().unwrap().blocks() < 10_000, "the hole was filled");
}

/// What a file system without the flags of `renameat2` comes to, stopped before every step of an exchange.
#[test]
fn a_file_system_that_cannot_exchange_loses_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    fault::without_flags(true);
    let tree = |top| Tree { top, below: std::collections::BTreeMap::new() };
    let mut step = 0;
    loop {
        let bench = bench();
        let from = tree(bench.expected("/etc/a"));
        fs::write(bench.host("usr/b"), "new\n").unwrap();
        fs::set_permissions(bench.host("usr/b"), fs::Permissions::from_mode(0o640)).unwrap();
        let to = tree(bench.expected("/usr/b"));
        let act = || bench.put("/etc/a", "new\n", Some(&from.top)).unwrap();
        fault::arm(Some((step, fault::Fault::Crash)));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        let reached = !fault::is_armed();
        fault::arm(None);
        settle(&bench.image, Path::new("/etc/a"), Some(&from), Some(&to), "run", false).unwrap();
        let now = fs::read_to_string(bench.host("etc/a")).unwrap();
        if now == "old\n" {
            assert_eq!(bench.names(), ["a"], "step {step}");
        } else {
            // What was replaced is there still, unless it had been given up.
            assert_eq!(now, "new\n", "step {step}");
            discard(&bench.image, Path::new("/etc/a"), "run").unwrap();
            assert_eq!(bench.names(), ["a"], "step {step}");
        }
        if !reached {
            assert_eq!((ended.unwrap(), now.as_str()), (Outcome::Done, "new\n"));
            break;
        }
        step += 1;
    }
    fault::without_flags(false);
    assert!(step > 10, "only {step} steps");
}

#[test]
fn what_another_process_locks_is_waited_for_and_then_taken() {
    let bench = bench();
    fs::write(bench.host("etc/.pwd.lock"), "").unwrap();
    let taken = locks::Locks::take(&bench.image, true, true, &mut |_| {}).unwrap();
    // Another open file is like another process for these locks.
    let other = fs::OpenOptions::new().write(true).open(bench.host("etc/.pwd.lock")).unwrap();
    let whole = nix::libc::flock { l_type: 1, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0 };
    let lock = |file: &fs::File| nix::fcntl::fcntl(file, nix::fcntl::FcntlArg::F_OFD_SETLK(&whole));
    assert_eq!(lock(&other), Err(Errno::EAGAIN));
    drop(taken);
    lock(&other).unwrap();
    let mut told = Vec::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            receiver.recv().unwrap();
            drop(other);
        });
        locks::Locks::take(&bench.image, true, false, &mut |line| {
            told.push(line);
            sender.send(()).unwrap();
        })
        .unwrap();
    });
    assert!(told[0].contains("/etc/.pwd.lock"), "{told:?}");
    // None is made where there was none, and a directory or a link of the name is nothing to open.
    fs::remove_file(bench.host("etc/.pwd.lock")).unwrap();
    symlink("/etc/a", bench.host("etc/.pwd.lock")).unwrap();
    locks::Locks::take(&bench.image, true, true, &mut |_| {}).unwrap();
    assert_eq!(bench.names(), [".pwd.lock", "a"]);
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_written() {
    let bench = bench();
    let need = |bytes, things| ready::Need { path: Path::new("/etc/a"), bytes, things };
    ready::ready(&bench.image, &[need(10, 1), ready::Need { path: Path::new("/nowhere/x"), ..need(1, 1) }]).unwrap();
    for need in [need(1 << 60, 1), need(1, 1 << 60)] {
        let told = ready::ready(&bench.image, &[need]);
        let has_slots = nix::sys::statvfs::statvfs(&bench.host("etc")).unwrap().files() > 0;
        if need.things == 1 || has_slots {
            assert!(told.unwrap_err().to_string().contains("no space is left"));
        }
    }
    assert_eq!(bench.names(), ["a"]);
}
