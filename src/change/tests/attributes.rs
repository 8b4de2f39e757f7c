//! What a file carries besides its content.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;

use super::*;
use crate::image::FileNode;

/// An access list: owner, `user` and the mask with these bits, group, others none (acl(5), `linux/posix_acl_xattr.h`).
fn access_list(user: u32, bits: u16) -> Vec<u8> {
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in
        [(1u16, 6u16, u32::MAX), (2, bits, user), (4, 4, u32::MAX), (16, 6, u32::MAX), (32, 0, u32::MAX)]
    {
        list.extend([tag.to_le_bytes(), bits.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    list
}

/// Everything that a file can carry, on files that are edited, set to another mode and removed. `None` where that is not
/// ours to set.
fn laden() -> Option<Bench> {
    let bench = Bench::quick();
    let capability = [1u8, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for path in ["etc/ssh/sshd_config", "etc/motd", "etc/loose", "var/cache/x/one", "var/cache/x/deep/two"] {
        let set = |name: &str, value: &[u8]| xattr::set(bench.host(path), name, value).ok();
        set("system.posix_acl_access", &access_list(1000, 6))?;
        set("user.note", b"\xff\0")?;
        set("security.selinux", b"system_u:object_r:etc_t:s0\0")?;
        set("trusted.overlay.note", b"x")?;
        set("security.capability", &capability)?;
    }
    for path in ["var/cache/x", "var/cache/x/deep", "etc"] {
        xattr::set(bench.host(path), "system.posix_acl_default", &access_list(1000, 7)).ok()?;
        xattr::set(bench.host(path), "system.posix_acl_access", &access_list(1001, 5)).ok()?;
    }
    let link = bench.host("var/cache/x/link");
    xattr::set(&link, "security.selinux", b"system_u:object_r:link_t:s0\0").ok()?;
    std::os::unix::fs::lchown(&link, Some(1000), Some(1000)).ok()?;
    bench.settle_times();
    Some(bench)
}

#[test]
fn access_lists_labels_capabilities_and_attributes_come_back() {
    let Some(bench) = laden() else { return };
    let before = bench.tree();
    bench.apply(&bench.plan()).unwrap();
    let now = bench.tree();
    for path in ["etc/ssh/sshd_config", "etc/loose"] {
        let xattrs = |tree: &BTreeMap<PathBuf, Thing>| tree[Path::new(path)].xattrs.len();
        assert_eq!(xattrs(&now), xattrs(&before), "{path} carries less after the run");
    }
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "undo");
    for id in ["A-3", "A-1", "A-5", "A-2", "A-4"] {
        bench.apply(&bench.plan()).unwrap();
        bench.undo(&What::Guideline(id.to_owned())).unwrap();
        bench.undo(&What::Last).unwrap();
        assert_same(&bench.tree(), &before, id);
    }
}

#[test]
fn another_owner_takes_neither_capability_nor_set_id_bits() {
    let Some(bench) = laden() else { return };
    bench.set_mode("etc/loose", 0o6755);
    let _ = xattr::set(
        bench.host("etc/loose"),
        "security.capability",
        [1u8, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].as_slice(),
    );
    let before = bench.tree();
    let owned = |node: Option<&Node>| match node {
        Some(Node::File(file)) => Some(Node::File(FileNode { uid: 7, mode: 0o6755, ..file.clone() })),
        _ => None,
    };
    bench.apply(&plan_of(&[("A-1", vec![bench.change("etc/loose", owned)])])).unwrap();
    let now = bench.tree();
    assert_eq!(now[Path::new("etc/loose")].xattrs, before[Path::new("etc/loose")].xattrs);
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "owner");
}

#[test]
fn attributes_set_by_hand_since_survive() {
    let Some(bench) = laden() else { return };
    bench.apply(&bench.plan()).unwrap();
    let list = access_list(1002, 4);
    xattr::set(bench.host("etc/ssh/sshd_config"), "system.posix_acl_access", &list).unwrap();
    xattr::remove(bench.host("etc/ssh/sshd_config"), "user.note").unwrap();
    xattr::set(bench.host("etc/loose"), "user.more", b"theirs").unwrap();
    bench.undo(&What::Last).unwrap();
    let held = |path: &str, name: &str| xattr::get(bench.host(path), name).unwrap();
    assert_eq!(held("etc/ssh/sshd_config", "system.posix_acl_access").as_deref(), Some(list.as_slice()));
    assert_eq!(held("etc/ssh/sshd_config", "user.note"), None);
    assert_eq!(held("etc/loose", "user.more").as_deref(), Some(b"theirs".as_slice()));
    assert!(bench.read("etc/ssh/sshd_config").contains("PermitRootLogin yes"));
}

#[test]
fn names_that_are_not_text_come_back() {
    let bench = Bench::quick();
    let name = std::ffi::OsStr::from_bytes(b"etc/odd\xff\x1b\n");
    let host = bench.root().join(name);
    fs::write(&host, "odd\n").unwrap();
    symlink(std::ffi::OsStr::from_bytes(b"\xfe\xff"), bench.root().join("etc/odd.link")).unwrap();
    bench.settle_times();
    let before = bench.tree();
    let gone = |path: PathBuf| {
        let node = bench.image().node(&path).unwrap();
        Change::Path { path, before: node, after: None, secret: false }
    };
    let changes = vec![gone(Path::new("/").join(name)), gone("/etc/odd.link".into())];
    bench.apply(&plan_of(&[("A-1", changes)])).unwrap();
    bench.undo(&What::Last).unwrap();
    assert_same(&bench.tree(), &before, "odd names");
}

#[test]
fn a_sparse_file_comes_back_sparse_and_takes_no_room_meanwhile() {
    let bench = Bench::quick();
    let size = 1u64 << 30;
    let file = fs::File::create(bench.host("etc/sparse")).unwrap();
    file.write_all_at(b"in the middle", size / 2).unwrap();
    file.set_len(size).unwrap();
    drop(file);
    bench.settle_times();
    let blocks = || fs::metadata(bench.host("etc/sparse")).unwrap().blocks();
    let before = blocks();
    let change = {
        let image = bench.image();
        let meta = image.lstat("/etc/sparse".as_ref()).unwrap().unwrap();
        let body = crate::image::Body::OnDisk { size: meta.size, stamp: meta.stamp };
        let node = Node::File(FileNode { body, mode: meta.mode, uid: meta.uid, gid: meta.gid });
        Change::Path { path: "/etc/sparse".into(), before: Some(node), after: None, secret: false }
    };
    let run = bench.apply(&plan_of(&[("A-1", vec![change])])).unwrap().run;
    let kept = fs::metadata(bench.directory.path().join("state/runs").join(run).join("contents")).unwrap();
    assert!(kept.blocks() <= before + 256, "{} blocks are kept of {before}", kept.blocks());
    bench.undo(&What::Last).unwrap();
    assert_eq!(fs::metadata(bench.host("etc/sparse")).unwrap().len(), size);
    assert!(blocks() <= before + 256, "{} blocks instead of {before}", blocks());
    let mut middle = [0; 13];
    fs::File::open(bench.host("etc/sparse")).unwrap().read_exact_at(&mut middle, size / 2).unwrap();
    assert_eq!(&middle, b"in the middle");
}
