//! Apply and undo on real trees, compared whole: content, mode, owner, attributes, times, link targets.
#![expect(clippy::disallowed_methods, reason = "tests build trees and look at them from outside")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::*;
use crate::image::{Image, Node};

mod attributes;
mod crash;
mod elsewhere;
mod happy;
mod identity_and_logs;
mod later;
mod links;
mod power;
mod property;
mod undo;

/// An image and the state directory beside it.
pub(super) struct Bench {
    directory: tempfile::TempDir,
    /// Its state directory is lost with the power.
    volatile: bool,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::on(&std::env::temp_dir())
    }

    /// In memory where there is such a place: hundreds of them are built for the crashes, and each is synced often.
    pub(super) fn quick() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::on(memory) } else { Self::new() }
    }

    fn on(place: &Path) -> Self {
        let bench = Self { directory: tempfile::tempdir_in(place).unwrap(), volatile: false };
        for path in ["etc/ssh", "usr/bin", "var/cache/x/deep", "root"] {
            fs::create_dir_all(bench.host(path)).unwrap();
        }
        bench.write("etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\nUseDNS yes\nX11Forwarding yes\n", 0o600);
        bench.write("etc/shadow", "root:$6$aaaaaaaa$secret:1:0:99999:7:::\nbin:*:1:0:99999:7:::\n", 0o640);
        bench.write("etc/motd", "hello\n", 0o644);
        bench.write("etc/loose", "who may read this\n", 0o666);
        bench.write("var/cache/x/one", "1\n", 0o644);
        bench.write("var/cache/x/deep/two", "2\n", 0o4755);
        symlink("one", bench.host("var/cache/x/link")).unwrap();
        let _ = xattr::set(bench.host("etc/ssh/sshd_config"), "user.note", b"mine");
        let _ = xattr::set(bench.host("var/cache/x/one"), "user.note", b"mine too");
        bench.settle_times();
        bench
    }

    /// Gives everything times that no run of the test can make by itself.
    pub(super) fn settle_times(&self) {
        for (number, path) in self.tree().keys().enumerate() {
            let seconds = 1_000_000_000 + i64::try_from(number).unwrap() * 1000;
            let time = nix::sys::time::TimeSpec::new(seconds, 123_456_789);
            let how = nix::sys::stat::UtimensatFlags::NoFollowSymlink;
            let path = self.root().join(path);
            nix::sys::stat::utimensat(nix::fcntl::AT_FDCWD, &path, &time, &time, how).unwrap();
        }
    }

    pub(super) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.host(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    pub(super) fn host(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str, mode: u32) {
        fs::write(self.host(path), text).unwrap();
        self.set_mode(path, mode);
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.host(path)).unwrap()
    }

    pub(super) fn image(&self) -> Image {
        Image::open(&self.root()).unwrap()
    }

    pub(super) fn state(&self) -> State {
        let state = State::at(&self.directory.path().join("state")).unwrap();
        if self.volatile { state.with_disk(&self.root(), true) } else { state }
    }

    /// Everything in the image, by path.
    pub(super) fn tree(&self) -> BTreeMap<PathBuf, Thing> {
        let mut tree = BTreeMap::new();
        walk(&self.root(), Path::new(""), &mut tree, &mut BTreeMap::new());
        tree
    }

    /// A change of the file at `path`, made from what is there.
    pub(super) fn change(&self, path: &str, after: impl FnOnce(Option<&Node>) -> Option<Node>) -> Change {
        let path = Path::new("/").join(path);
        let before = self.image().node(&path).unwrap();
        let after = after(before.as_ref());
        let secret = secret::is_secret(&path, before.as_ref(), after.as_ref());
        Change::Path { path, before, after, secret }
    }

    pub(super) fn edit(&self, path: &str, from: &str, to: &str) -> Change {
        let text = self.read(path);
        assert!(text.contains(from), "{from:?} in {text:?}");
        self.change(path, |node| Some(node.unwrap().with_bytes(text.replace(from, to).into_bytes())))
    }

    pub(super) fn apply(&self, plan: &Plan) -> Result<Applied, ApplyError> {
        apply(&self.image(), plan, &self.state(), &mut |_| {})
    }

    pub(super) fn undo(&self, what: &What) -> Result<Undone, UndoError> {
        super::undo(&self.image(), &self.state(), what, &mut |_| {})
    }

    /// One of everything: edits (one file twice), a new directory with a file, a link, a mode, a whole tree removed.
    pub(super) fn plan(&self) -> Plan {
        let twice = self.edit("etc/ssh/sshd_config", "PermitRootLogin yes", "PermitRootLogin no");
        let Change::Path { path, after: Some(middle), .. } = &twice else { panic!() };
        let text = String::from_utf8(middle.bytes().unwrap().to_vec()).unwrap().replace("UseDNS yes", "UseDNS no");
        let again = Change::Path {
            path: path.clone(),
            before: Some(middle.clone()),
            after: Some(middle.with_bytes(text.into_bytes())),
            secret: false,
        };
        let directory = |_: Option<&Node>| Some(Node::Directory { mode: 0o755, uid: 0, gid: 0 });
        let with_mode = |node: Option<&Node>| match node {
            Some(Node::File(file)) => Some(Node::File(crate::image::FileNode { mode: 0o600, ..file.clone() })),
            _ => None,
        };
        plan_of(&[
            ("A-1", vec![twice]),
            ("A-2", vec![again, self.edit("etc/shadow", "$6$aaaaaaaa$secret", "!")]),
            (
                "A-3",
                vec![
                    self.change("etc/new.d", directory),
                    self.change("etc/new.d/file", |_| Some(Node::new_file(&b"new\n"[..], 0o640))),
                    self.change("etc/masked", |_| Some(Node::new_link("/dev/null"))),
                ],
            ),
            ("A-4", vec![self.change("etc/loose", with_mode), self.change("etc/motd", |_| None)]),
            (
                "A-5",
                vec![
                    self.change("var/cache/x/deep/two", |_| None),
                    self.change("var/cache/x/deep", |_| None),
                    self.change("var/cache/x/link", |_| None),
                    self.change("var/cache/x/one", |_| None),
                    self.change("var/cache/x", |_| None),
                ],
            ),
        ])
    }
}

pub(super) fn plan_of(steps: &[(&str, Vec<Change>)]) -> Plan {
    let mut plan = Plan::default();
    for (guideline, changes) in steps {
        for change in changes {
            if let Change::Path { path, after, .. } = change {
                plan.overlay.put(path.clone(), after.clone());
            }
        }
        plan.steps.push(PlanStep { guideline: (*guideline).to_owned(), changes: changes.clone() });
    }
    plan
}

/// What undo must bring back. The change time no program can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    content: Vec<u8>,
    xattrs: Vec<(std::ffi::OsString, Vec<u8>)>,
    /// How many names it has, and the first of them.
    names: (u64, PathBuf),
}

fn walk(root: &Path, path: &Path, tree: &mut BTreeMap<PathBuf, Thing>, first: &mut BTreeMap<(u64, u64), PathBuf>) {
    let host = root.join(path);
    let meta = fs::symlink_metadata(&host).unwrap();
    let content = if meta.is_symlink() {
        fs::read_link(&host).unwrap().into_os_string().into_encoded_bytes()
    } else if meta.is_file() {
        fs::read(&host).unwrap()
    } else {
        Vec::new()
    };
    let names = xattr::list(&host).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let xattrs = names.into_iter().map(|name| (name.clone(), xattr::get(&host, &name).unwrap().unwrap())).collect();
    let (owner, modified) = ((meta.uid(), meta.gid()), (meta.mtime(), meta.mtime_nsec()));
    let links = if meta.is_dir() { 1 } else { meta.nlink() };
    let names = (links, first.entry((meta.dev(), meta.ino())).or_insert_with(|| path.to_owned()).clone());
    tree.insert(path.to_owned(), Thing { mode: meta.mode(), owner, modified, content, xattrs, names });
    if meta.is_dir() {
        let mut names: Vec<_> = fs::read_dir(&host).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for name in names {
            walk(root, &path.join(name), tree, first);
        }
    }
}

/// Fails with the paths that differ, not with two whole trees.
pub(super) fn assert_same(one: &BTreeMap<PathBuf, Thing>, other: &BTreeMap<PathBuf, Thing>, when: &str) {
    let paths: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differ: Vec<_> = paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).collect();
    let show = |path: &&PathBuf| format!("{}: {:?} != {:?}", path.display(), one.get(*path), other.get(*path));
    assert!(differ.is_empty(), "{when}:\n{}", differ.iter().map(show).collect::<Vec<_>>().join("\n"));
}

/// The tree without times: what finishing a run must come to.
pub(super) fn without_times(mut tree: BTreeMap<PathBuf, Thing>) -> BTreeMap<PathBuf, Thing> {
    for thing in tree.values_mut() {
        thing.modified = (0, 0);
    }
    tree
}
