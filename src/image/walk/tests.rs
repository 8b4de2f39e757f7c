//! Walks over hostile and large trees.

#![expect(clippy::disallowed_methods, reason = "the trees are made from outside")]

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};

use super::super::fixture::Fixture;
use super::*;

/// Every file's content by path.
fn contents(image: &Image) -> (BTreeMap<PathBuf, Vec<u8>>, Walked<()>) {
    let walked = walk(
        image,
        Vec::new,
        |files: &mut Vec<_>, file| {
            let mut content = Vec::new();
            let ended = file.pieces(0, u64::MAX, &mut |_, bytes| {
                content.extend_from_slice(bytes);
                ControlFlow::Continue(())
            })?;
            assert_eq!(ended, Ended::Whole);
            files.push((file.path(), content));
            Ok(())
        },
        &|_| {},
        &Control::new(),
    );
    let Walked { states, progress, errors, more_errors, skipped, gone, finished } = walked;
    let files = states.into_iter().flatten().collect();
    (files, Walked { states: vec![], progress, errors, more_errors, skipped, gone, finished })
}

#[test]
fn every_regular_file_is_visited_once_and_nothing_else() {
    let root = Fixture::bare();
    root.file("/etc/a", "a").file("/home/ann/b", "b").file("/empty", "");
    root.fifo("/home/ann/.bash_history").link("/etc/link", "/etc/a").link("/etc/loop", ".").link("/out", "/proc");
    std::fs::hard_link(root.outside("/etc/a"), root.outside("/etc/a2")).unwrap();
    std::os::unix::net::UnixListener::bind(root.outside("/etc/socket")).unwrap();
    File::create(root.outside("/home").join(OsStr::from_bytes(b"\xff\xfe"))).unwrap();
    for number in 0..1000 {
        root.file(&format!("/var/spool/{number}"), number.to_string());
    }
    let (files, walked) = contents(&root.image());
    assert!(walked.errors.is_empty() && walked.finished, "{walked:?}");
    assert_eq!(files.len(), 1004);
    assert_eq!(files[&PathBuf::from("/var/spool/77")], b"77");
    assert!(files.contains_key(&PathBuf::from("/home").join(OsStr::from_bytes(b"\xff\xfe"))));
    assert!(files.contains_key(Path::new("/etc/a")) != files.contains_key(Path::new("/etc/a2")));
    let own = Image::of(super::super::root::Root::open(root.root()).unwrap().with_own_resolver()).unwrap();
    assert_eq!(contents(&own).0.len(), files.len(), "a kernel without openat2 shows the same");
    // The second name of a file is counted, not read.
    assert_eq!(walked.progress.files, 1005);
    assert_eq!(walked.progress.bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
}

#[test]
fn depth_is_no_matter_up_to_the_limit() {
    let root = Fixture::bare();
    let long = "d".repeat(64);
    let mut at: OwnedFd = File::open(root.root()).unwrap().into();
    for _ in 0..DEPTH_LIMIT + 10 {
        mkdirat(&at, long.as_str(), Mode::S_IRWXU).unwrap();
        let file = openat(&at, "file", OFlag::O_CREAT | OFlag::O_WRONLY, Mode::S_IRUSR).unwrap();
        nix::unistd::write(file, b"x").unwrap();
        at = openat(&at, long.as_str(), OFlag::O_RDONLY, Mode::empty()).unwrap();
    }
    let (files, walked) = contents(&root.image());
    assert_eq!(files.len(), DEPTH_LIMIT as usize + 1);
    assert_eq!(walked.errors.len(), 1);
    assert!(walked.errors[0].to_string().ends_with("it is more than 1024 directories deep"));
    // From below, with one directory open at a time: what removes the fixture opens them all.
    for _ in 0..DEPTH_LIMIT + 10 {
        use nix::unistd::{UnlinkatFlags, unlinkat};
        at = openat(&at, "..", OFlag::O_RDONLY, Mode::empty()).unwrap();
        unlinkat(&at, "file", UnlinkatFlags::NoRemoveDir).unwrap();
        unlinkat(&at, long.as_str(), UnlinkatFlags::RemoveDir).unwrap();
    }
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error_and_the_walk_goes_on() {
    let root = Fixture::bare();
    root.file("/etc/a", "a");
    let walked = walk(
        &root.image(),
        || 0,
        |seen, file| {
            *seen += 1;
            Err(Error::malformed("judge", file.path(), "it is odd"))
        },
        &|_| {},
        &Control::new(),
    );
    assert_eq!(walked.errors.len(), 1);
    assert_eq!(walked.errors[0].to_string(), "cannot judge /etc/a: it is odd");
    assert_eq!(walked.states.iter().sum::<i32>(), 1);
}

#[test]
fn cancelling_ends_the_walk() {
    let root = Fixture::bare();
    for number in 0..500 {
        root.file(&format!("/var/{number}/file"), "x");
    }
    let control = Control::new();
    let visit = |seen: &mut u32, _: &mut OpenFile<'_>| {
        *seen += 1;
        control.cancel();
        Ok(())
    };
    let walked = walk(&root.image(), || 0, visit, &|_| {}, &control);
    assert!(!walked.finished);
    assert!(walked.states.iter().sum::<u32>() < 500);
}

/// A tree with more than enough for every worker, a large file among it.
fn crowded() -> Fixture {
    let root = Fixture::bare();
    for number in 0..300 {
        root.file(&format!("/var/{number}/file"), "x");
    }
    root.file("/etc/large", vec![b'x'; 40 * (256 << 10)]);
    root
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8))
}

#[test]
fn a_paused_walk_stands_still_and_goes_on_where_it_was() {
    let root = crowded();
    let image = root.image();
    let control = Control::new();
    let visited = AtomicUsize::new(0);
    let pieces = AtomicUsize::new(0);
    let visit = |(): &mut (), file: &mut OpenFile<'_>| {
        if visited.fetch_add(1, Ordering::SeqCst) == 20 {
            control.pause();
        }
        file.pieces(0, u64::MAX, &mut |_, _| {
            pieces.fetch_add(1, Ordering::SeqCst);
            ControlFlow::Continue(())
        })?;
        Ok(())
    };
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| walk(&image, || (), visit, &|_| {}, &control));
        control.until_waiting(workers());
        let before = (visited.load(Ordering::SeqCst), pieces.load(Ordering::SeqCst));
        assert!(before.0 < 300, "{before:?}");
        // Whoever waits is let on by nothing else.
        control.pause();
        control.until_waiting(workers());
        assert_eq!((visited.load(Ordering::SeqCst), pieces.load(Ordering::SeqCst)), before);
        control.resume();
        let walked = walk.join().unwrap();
        assert!(walked.finished && walked.errors.is_empty());
        assert_eq!(walked.progress.files, 301);
        assert_eq!(pieces.load(Ordering::SeqCst), 340);
    });
}

#[test]
fn a_walk_stands_still_within_a_large_file() {
    let root = Fixture::bare();
    root.file("/etc/large", vec![b'x'; 40 * (256 << 10)]);
    let image = root.image();
    let control = Control::new();
    let pieces = AtomicUsize::new(0);
    let visit = |(): &mut (), file: &mut OpenFile<'_>| {
        file.pieces(0, u64::MAX, &mut |_, _| {
            if pieces.fetch_add(1, Ordering::SeqCst) == 2 {
                control.pause();
            }
            ControlFlow::Continue(())
        })?;
        Ok(())
    };
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| walk(&image, || (), visit, &|_| {}, &control));
        control.until_waiting(1);
        assert_eq!(pieces.load(Ordering::SeqCst), 3);
        control.cancel();
        assert!(!walk.join().unwrap().finished);
    });
    assert_eq!(pieces.load(Ordering::SeqCst), 3);
}

#[test]
fn cancelling_ends_a_paused_walk() {
    let root = crowded();
    let image = root.image();
    let control = Control::new();
    control.pause();
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| walk(&image, || 0, |_, _| Ok(()), &|_| {}, &control));
        control.until_waiting(1);
        control.cancel();
        let walked = walk.join().unwrap();
        assert!(!walked.finished);
        assert_eq!(walked.progress.files, 0);
    });
    control.resume();
    control.pause();
    assert!(control.is_cancelled() && !control.is_paused() && !control.pass(), "cancelling is for good");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 40, ..Default::default() })]

    #[test]
    fn any_interleaving_of_orders_ends(orders in proptest::collection::vec(0..3, 0..30), ends in proptest::bool::ANY) {
        let root = Fixture::bare();
        for number in 0..40 {
            root.file(&format!("/var/{number}/file"), "x");
        }
        let image = root.image();
        let control = Control::new();
        std::thread::scope(|scope| {
            let walk = scope.spawn(|| walk(&image, || (), |(), _| Ok(()), &|_| {}, &control));
            for order in &orders {
                match order {
                    0 => control.pause(),
                    1 => control.resume(),
                    _ => std::thread::yield_now(),
                }
            }
            if ends { control.cancel() } else { control.resume() }
            let walked = walk.join().unwrap();
            assert!(ends || walked.finished && walked.progress.files == 40);
        });
    }
}

#[test]
fn a_worker_that_panics_does_not_hang_the_others() {
    let root = Fixture::bare();
    for number in 0..500 {
        root.file(&format!("/var/{number}/file"), "x");
    }
    let visit = |(): &mut (), file: &mut OpenFile<'_>| {
        assert_ne!(file.path(), Path::new("/var/250/file"), "as wanted");
        Ok(())
    };
    let walked = walk(&root.image(), || (), visit, &|_| {}, &Control::new());
    assert!(!walked.finished);
}

/// The pieces of one file of `root`: offset and bytes.
fn pieces(root: &Fixture, overlap: usize, limit: u64) -> (Vec<(u64, Vec<u8>)>, Ended) {
    let walked = walk(
        &root.image(),
        || (Vec::new(), Ended::Whole),
        |(pieces, ended), file| {
            *ended = file.pieces(overlap, limit, &mut |offset, bytes| {
                pieces.push((offset, bytes.to_vec()));
                ControlFlow::Continue(())
            })?;
            Ok(())
        },
        &|_| {},
        &Control::new(),
    );
    assert!(walked.errors.is_empty());
    walked.states.into_iter().find(|(pieces, _)| !pieces.is_empty()).unwrap()
}

const PIECE: u64 = 256 << 10;

#[test]
fn pieces_overlap() {
    let root = Fixture::bare();
    let content: Vec<u8> = (0..2 * PIECE + 1000).map(|at| (at % 251) as u8).collect();
    root.file("/etc/large", &content);
    let (pieces, ended) = pieces(&root, 100, u64::MAX);
    assert_eq!(ended, Ended::Whole);
    assert_eq!(pieces[0].0, 0);
    assert_eq!(pieces[1].0, PIECE - 100);
    for (offset, bytes) in &pieces {
        let offset = usize::try_from(*offset).unwrap();
        assert_eq!(bytes[..], content[offset..offset + bytes.len()]);
    }
    assert_eq!(pieces.iter().map(|(offset, bytes)| offset + bytes.len() as u64).max(), Some(content.len() as u64));
}

#[test]
fn of_a_file_over_the_limit_the_beginning_is_read() {
    let root = Fixture::bare();
    let content: Vec<u8> = (0..4 * PIECE).map(|at| (at % 251) as u8).collect();
    root.file("/etc/large", &content);
    assert_eq!(pieces(&root, 0, 2000), (vec![(0, content[..2000].to_vec())], Ended::Limit));
    assert_eq!(pieces(&root, 0, 4 * PIECE).1, Ended::Whole);
}

/// How reading `/etc/large`, of four pieces, ends, and how much of it was read, when `change` is made at the first piece.
fn changed(change: impl Fn(&File) + Sync) -> (Ended, u64) {
    let root = Fixture::bare();
    root.file("/etc/large", vec![b'x'; usize::try_from(4 * PIECE).unwrap()]);
    let outside = root.outside("/etc/large");
    let visit = |read: &mut Option<(Ended, u64)>, file: &mut OpenFile<'_>| {
        let mut seen = 0;
        let ended = file.pieces(0, u64::MAX, &mut |offset, bytes| {
            if offset == 0 {
                change(&File::options().write(true).open(&outside).unwrap());
            }
            seen = offset + bytes.len() as u64;
            ControlFlow::Continue(())
        })?;
        *read = Some((ended, seen));
        Ok(())
    };
    let walked = walk(&root.image(), || None, visit, &|_| {}, &Control::new());
    walked.states.into_iter().flatten().next().unwrap()
}

#[test]
fn what_is_appended_meanwhile_is_read_and_other_changes_are_told() {
    let appended = |file: &File| file.write_all_at(b"more", 4 * PIECE).unwrap();
    assert_eq!(changed(appended), (Ended::Whole, 4 * PIECE + 4));
    assert_eq!(changed(|file| file.set_len(2 * PIECE).unwrap()), (Ended::Changed, 2 * PIECE));
    assert_eq!(changed(|file| file.set_len(0).unwrap()), (Ended::Changed, PIECE));
    let old = std::time::SystemTime::UNIX_EPOCH;
    assert_eq!(changed(|file| file.set_modified(old).unwrap()), (Ended::Changed, 4 * PIECE));
    assert_eq!(changed(|file| file.set_len(8 << 30).unwrap()), (Ended::Changed, 4 * PIECE), "a hole is not read");
    assert_eq!(changed(|_| ()), (Ended::Whole, 4 * PIECE));
}

#[test]
fn holes_are_not_read() {
    let root = Fixture::bare();
    root.file("/var/log/lastlog", "");
    let file = File::options().write(true).open(root.outside("/var/log/lastlog")).unwrap();
    file.set_len(64 << 30).unwrap();
    file.write_all_at(b"head", 0).unwrap();
    file.write_all_at(b"middle", 32 << 30).unwrap();
    let (pieces, ended) = pieces(&root, 10, u64::MAX);
    assert_eq!(ended, Ended::Whole);
    let read: u64 = pieces.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    assert!(read <= 4 * PIECE, "{read} bytes were read");
    assert!(pieces.iter().any(|(_, bytes)| bytes.windows(6).any(|six| six == b"middle")));
}

#[test]
fn access_times_stay() {
    use std::os::unix::fs::MetadataExt;
    let root = Fixture::bare();
    root.file("/etc/a", "a");
    let old = std::time::SystemTime::UNIX_EPOCH;
    for path in ["/etc/a", "/etc", "/"] {
        let times = std::fs::FileTimes::new().set_accessed(old);
        File::open(root.outside(path)).unwrap().set_times(times).unwrap();
    }
    contents(&root.image());
    for path in ["/etc/a", "/etc", "/"] {
        assert_eq!(std::fs::metadata(root.outside(path)).unwrap().atime(), 0, "{path}");
    }
}

#[test]
fn directories_that_are_moved_meanwhile_are_told() {
    let root = Fixture::bare();
    for number in 0..200 {
        root.file(&format!("/srv/moved/{number}/file"), "x");
    }
    let moved = AtomicBool::new(false);
    let visit = |(): &mut (), file: &mut OpenFile<'_>| {
        if file.name() == "file" && !moved.swap(true, Ordering::Relaxed) {
            std::fs::rename(root.outside("/srv/moved"), root.outside("/elsewhere")).unwrap();
        }
        Ok(())
    };
    let walked = walk(&root.image(), || (), visit, &|_| {}, &Control::new());
    assert!(walked.errors.is_empty() && walked.finished, "{walked:?}");
    // A few may have been open.
    assert!(walked.gone.len() > 100 && walked.gone.iter().all(|path| path.starts_with("/srv/moved")), "{walked:?}");
}
