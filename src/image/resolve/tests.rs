//! The own resolution and the kernel's must say the same of every path; so must an image seen through an overlay and
//! the same changes made on the disk.

#![expect(clippy::disallowed_methods, reason = "the trees are made from outside")]

use std::fs;
use std::os::unix::fs::symlink;

use nix::fcntl::{OpenHow, ResolveFlag, open, openat2};
use proptest::prelude::*;

use super::super::{Image, root::Root};
use super::*;

/// What is made at a place of a random tree.
#[derive(Debug, Clone)]
enum Made {
    Directory,
    File,
    Link(String),
}

/// Few names, so that random paths meet; absolute and relative; dots, slashes doubled and at the end.
fn path() -> impl Strategy<Value = String> {
    let name =
        prop_oneof![6 => "[abc]", 2 => Just("..".to_owned()), 1 => Just(".".to_owned()), 1 => Just(String::new())];
    (any::<bool>(), prop::collection::vec(name, 0..6), any::<bool>()).prop_map(|(absolute, names, slash)| {
        let path = names.join("/");
        format!("{}{path}{}", if absolute { "/" } else { "" }, if slash { "/" } else { "" })
    })
}

fn made() -> impl Strategy<Value = (Vec<usize>, Made)> {
    let made = prop_oneof![
        4 => Just(Made::Directory),
        1 => Just(Made::File),
        4 => path().prop_filter("a link is not empty", |path| !path.is_empty()).prop_map(Made::Link),
    ];
    (prop::collection::vec(0usize..3, 1..4), made)
}

fn place(names: &[usize]) -> PathBuf {
    names.iter().map(|name| ["a", "b", "c"][*name]).collect()
}

/// A tree of what could be made: what is in the way stays.
fn tree(parts: &[(Vec<usize>, Made)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for directory in ["etc", "usr"] {
        fs::create_dir(root.path().join(directory)).unwrap();
    }
    for (names, made) in parts {
        put(root.path(), &place(names), made);
    }
    root
}

fn put(root: &Path, place: &Path, made: &Made) {
    // Parents by hand: a link among them must not be followed out of the tree.
    let mut at = root.to_owned();
    for name in place.parent().unwrap() {
        at.push(name);
        let _ = fs::create_dir(&at);
        if !fs::symlink_metadata(&at).unwrap().is_dir() {
            return;
        }
    }
    let at = root.join(place);
    let _ = match made {
        Made::Directory => fs::create_dir(at),
        Made::File => fs::File::create_new(at).map(drop),
        Made::Link(target) => symlink(target, at),
    };
}

fn by_kernel(root: &OwnedFd, path: &Path, last: Last) -> nix::Result<(u64, u64)> {
    let flags = OFlag::O_PATH | if last == Last::Keep { OFlag::O_NOFOLLOW } else { OFlag::empty() };
    let inside = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    loop {
        match openat2(root, path, OpenHow::new().flags(flags).resolve(inside)) {
            // Somebody renamed something, somewhere, while a `..` was resolved.
            Err(Errno::EAGAIN) => {}
            found => return handle(found?).map(|handle| identity(&handle.meta)),
        }
    }
}

fn by_us(root: &OwnedFd, path: &Path, last: Last) -> nix::Result<(u64, u64)> {
    match resolve(root, &Overlay::default(), path, last)?.there {
        There::Disk(handle) => Ok(identity(&handle.meta)),
        There::Nothing(errno) => Err(errno),
        There::Drafted(..) => panic!("nothing is drafted"),
    }
}

fn held(root: &Path) -> OwnedFd {
    open(root, OFlag::O_PATH | OFlag::O_DIRECTORY, Mode::empty()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn says_what_the_kernel_says(parts in prop::collection::vec(made(), 0..12), paths in prop::collection::vec(path(), 1..12)) {
        let tree = tree(&parts);
        let root = held(tree.path());
        for path in paths {
            let path = Path::new(&path);
            for last in [Last::Follow, Last::Keep] {
                let (ours, kernels) = (by_us(&root, path, last), by_kernel(&root, path, last));
                prop_assert_eq!(ours, kernels, "{:?} {:?}", path, last);
                // The real path leads to the same thing without any link.
                if let Ok(found) = kernels {
                    let real = resolve(&root, &Overlay::default(), path, last).unwrap().real;
                    prop_assert_eq!(by_kernel(&root, &real, Last::Keep), Ok(found));
                    let parent = real.parent().unwrap_or(&real).strip_prefix("/").unwrap();
                    prop_assert_eq!(fs::canonicalize(tree.path().join(parent)).unwrap(), tree.path().canonicalize().unwrap().join(parent));
                }
            }
        }
    }

    #[test]
    fn a_draft_is_what_the_disk_would_be(
        parts in prop::collection::vec(made(), 0..12),
        changes in prop::collection::vec((prop::collection::vec(0usize..3, 1..4), prop::option::of(made().prop_map(|(_, made)| made))), 1..6),
        paths in prop::collection::vec(path(), 1..12),
    ) {
        let (before, after) = (tree(&parts), tree(&parts));
        let mut overlay = Overlay::default();
        for (names, made) in &changes {
            let place = place(names);
            let at = after.path().join(&place);
            // A change is made at a real place, in a directory that is there.
            let parent = at.parent().unwrap();
            if fs::canonicalize(parent).ok() != Some(after.path().canonicalize().unwrap().join(place.parent().unwrap())) || !parent.is_dir() {
                continue;
            }
            let there = fs::symlink_metadata(&at).ok();
            let stays = matches!(made, Some(Made::Directory)) && there.as_ref().is_some_and(fs::Metadata::is_dir);
            if !stays {
                match there {
                    Some(meta) if meta.is_dir() => fs::remove_dir_all(&at).unwrap(),
                    Some(_) => fs::remove_file(&at).unwrap(),
                    None => {}
                }
                if let Some(made) = made {
                    put(after.path(), &place, made);
                }
            }
            overlay.put(Path::new("/").join(&place), made.as_ref().map(|made| match made {
                Made::Directory => Node::Directory { mode: 0o755, uid: 0, gid: 0 },
                Made::File => Node::new_file(*b"", 0o644),
                Made::Link(target) => Node::new_link(target),
            }));
        }
        let drafted = Image::open(before.path()).unwrap().drafted(overlay);
        let done = Image::open(after.path()).unwrap();
        for path in paths.iter().map(Path::new) {
            let kind = |meta: Option<Meta>| meta.map(|meta| meta.kind);
            prop_assert_eq!(drafted.stat(path).map(kind), done.stat(path).map(kind), "stat {:?}", path);
            prop_assert_eq!(drafted.lstat(path).map(kind), done.lstat(path).map(kind), "lstat {:?}", path);
            prop_assert_eq!(drafted.list(path), done.list(path), "list {:?}", path);
            prop_assert_eq!(drafted.read(path), done.read(path), "read {:?}", path);
            prop_assert_eq!(drafted.read_link(path), done.read_link(path), "read_link {:?}", path);
            prop_assert_eq!(drafted.real_path(path), done.real_path(path), "real_path {:?}", path);
            prop_assert_eq!(drafted.real_place(path), done.real_place(path), "real_place {:?}", path);
        }
        prop_assert_eq!(drafted.glob("/**"), done.glob("/**"));
        prop_assert_eq!(drafted.glob("/a/*/{b,c}"), done.glob("/a/*/{b,c}"));
    }

    #[test]
    fn an_image_is_the_same_without_openat2(parts in prop::collection::vec(made(), 0..12), paths in prop::collection::vec(path(), 1..12)) {
        let tree = tree(&parts);
        let image = Image::open(tree.path()).unwrap();
        let own = Image::of(Root::open(tree.path()).unwrap().with_own_resolver()).unwrap();
        for path in paths.iter().map(Path::new) {
            prop_assert_eq!(own.stat(path), image.stat(path));
            prop_assert_eq!(own.lstat(path), image.lstat(path));
            prop_assert_eq!(own.read(path), image.read(path));
            prop_assert_eq!(own.list(path), image.list(path));
            prop_assert_eq!(own.node(path), image.node(path));
        }
    }
}

#[test]
fn magic_links_of_procfs_are_not_followed() {
    let root = held(Path::new("/"));
    for path in [
        "/proc/self/exe",
        "/proc/self/cwd",
        "/proc/self/root",
        "/proc/self/root/",
        "/proc/self/root/etc/passwd",
        "/proc/self/fd/0",
        "/proc/self/ns/net",
        "/proc/thread-self/root/etc",
        "/proc/self/fd/../root",
    ] {
        let path = Path::new(path);
        assert_eq!(by_us(&root, path, Last::Follow), Err(Errno::ELOOP), "{path:?}");
        assert_eq!(by_kernel(&root, path, Last::Follow), Err(Errno::ELOOP), "{path:?}");
    }
    // Another process's root: refused by whichever rule comes first.
    assert!(by_us(&root, Path::new("/proc/1/root/etc/passwd"), Last::Follow).is_err());
    assert!(by_kernel(&root, Path::new("/proc/1/root/etc/passwd"), Last::Follow).is_err());
    // `self` changes with the asker, but is followed.
    assert!(by_us(&root, Path::new("/proc/self/status"), Last::Follow).is_ok());
    assert!(by_us(&root, Path::new("/proc/mounts"), Last::Follow).is_ok());
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let tree = tree(&[]);
    fs::write(tree.path().join("0"), "").unwrap();
    for link in 1..=41 {
        symlink((link - 1).to_string(), tree.path().join(link.to_string())).unwrap();
    }
    let root = held(tree.path());
    for path in ["40", "41"] {
        assert_eq!(by_us(&root, Path::new(path), Last::Follow), by_kernel(&root, Path::new(path), Last::Follow));
    }
    assert_eq!(by_us(&root, Path::new("41"), Last::Follow), Err(Errno::ELOOP));
    assert!(by_us(&root, Path::new("40"), Last::Follow).is_ok());
}

#[test]
fn the_longest_names_and_odd_paths() {
    let tree = tree(&[]);
    let root = held(tree.path());
    let long = "n".repeat(256);
    for path in [long.as_str(), "", "/", "//", "/../..", "a\0b", ".", "..", "etc/.", "etc/..", "etc//", "/etc/../usr/"]
    {
        let (ours, kernels) =
            (by_us(&root, Path::new(path), Last::Follow), by_kernel(&root, Path::new(path), Last::Follow));
        // To the kernel a NUL is no path at all.
        assert_eq!(ours, if path.contains('\0') { Err(Errno::ENOENT) } else { kernels }, "{path:?}");
    }
    // Longer than the kernel takes: to us it is a path like any other.
    let deep = "etc/../".repeat(1000);
    assert_eq!(by_kernel(&root, Path::new(&deep), Last::Follow), Err(Errno::ENAMETOOLONG));
    assert_eq!(by_us(&root, Path::new(&deep), Last::Follow), by_kernel(&root, Path::new("/"), Last::Follow));
}
