use super::*;
use crate::image::fixture::Fixture;

#[test]
fn stores_are_known_by_their_paths() {
    for (path, root, inner) in [
        ("/var/lib/docker/overlay2/X/diff/etc/app.conf", "/var/lib/docker/overlay2/X/diff", "/etc/app.conf"),
        ("/data/docker/overlay2/X-init/diff/etc/hosts", "/data/docker/overlay2/X-init/diff", "/etc/hosts"),
        ("/var/lib/docker/231072.231072/overlay2/X/diff/a", "/var/lib/docker/231072.231072/overlay2/X/diff", "/a"),
        ("/var/lib/docker/vfs/dir/X/root/.netrc", "/var/lib/docker/vfs/dir/X", "/root/.netrc"),
        ("/var/lib/docker/aufs/diff/X/a/b", "/var/lib/docker/aufs/diff/X", "/a/b"),
        ("/var/lib/docker/btrfs/subvolumes/X/a", "/var/lib/docker/btrfs/subvolumes/X", "/a"),
        ("/var/lib/containers/storage/overlay/X/diff/a", "/var/lib/containers/storage/overlay/X/diff", "/a"),
        (
            "/home/a/.local/share/containers/storage/vfs/dir/X/a",
            "/home/a/.local/share/containers/storage/vfs/dir/X",
            "/a",
        ),
        (
            "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/a",
            "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs",
            "/a",
        ),
        (
            "/var/lib/containerd/io.containerd.snapshotter.v1.native/snapshots/7/a/b",
            "/var/lib/containerd/io.containerd.snapshotter.v1.native/snapshots/7",
            "/a/b",
        ),
        ("/var/lib/lxc/web/rootfs/a", "/var/lib/lxc/web/rootfs", "/a"),
        ("/var/lib/lxd/containers/web/rootfs/a", "/var/lib/lxd/containers/web/rootfs", "/a"),
        (
            "/var/snap/lxd/common/lxd/storage-pools/default/containers/web/rootfs/a",
            "/var/snap/lxd/common/lxd/storage-pools/default/containers/web/rootfs",
            "/a",
        ),
        ("/var/lib/machines/web/a", "/var/lib/machines/web", "/a"),
        ("/.snapshots/3/snapshot/etc/shadow", "/.snapshots/3/snapshot", "/etc/shadow"),
        (
            "/var/lib/flatpak/app/org.x/x86_64/stable/0af/files/etc/x",
            "/var/lib/flatpak/app/org.x/x86_64/stable/0af/files",
            "/etc/x",
        ),
        (
            "/var/lib/lxc/web/rootfs/var/lib/docker/overlay2/X/diff/a",
            "/var/lib/lxc/web/rootfs/var/lib/docker/overlay2/X/diff",
            "/a",
        ),
    ] {
        let found = layer(Path::new(path)).expect(path);
        assert_eq!((found.root, found.inner), (Path::new(root), Path::new(inner)), "{path}");
    }
    for path in [
        "/var/lib/docker/overlay2/X/link",
        "/var/lib/docker/overlay2/X/diff",
        "/var/lib/docker/overlay2/X/merged/a",
        "/usr/share/machines/x/a",
        "/etc/lxc/default.conf",
        "/",
    ] {
        assert_eq!(layer(Path::new(path)), None, "{path}");
        assert_eq!(inner(Path::new(path)), Path::new(path));
    }
}

#[test]
fn a_layer_knows_the_store_it_shares() {
    let store = |path| layer(Path::new(path)).unwrap().store;
    assert_eq!(store("/var/lib/docker/overlay2/X/diff/a"), Some((Path::new("/var/lib/docker/overlay2"), "diff")));
    assert_eq!(store("/var/lib/docker/vfs/dir/X/a"), Some((Path::new("/var/lib/docker/vfs/dir"), "")));
    assert_eq!(store("/var/lib/machines/web/a"), Some((Path::new("/var/lib/machines"), "")));
    assert_eq!(store("/var/lib/lxd/containers/web/rootfs/a"), None);
}

#[test]
fn a_chroot_is_known_by_what_is_in_it() {
    let fixture = Fixture::debian();
    fixture.file("/srv/jail/etc/passwd", "root:x:0:0::/root:/bin/sh\n").directory("/srv/jail/usr");
    fixture.file("/data/etc/app.conf", "").file("/data/usr/x", "");
    let image = fixture.image();
    let mut roots = Roots::default();
    let mut kind = |path: &str| roots.kind(&image, Path::new(path), b"a", &[]);
    assert_eq!(kind("/data/etc/app.conf"), None);
    assert_eq!(kind("/srv/jail/usr/share/x/app.conf"), None, "settings lie elsewhere in a system");
    assert_eq!(kind("/srv/jail/etc/app.conf"), Some(FileKind::Settings));
    let lib = Path::new("/srv/jail/lib/x");
    assert_eq!(root_of(&image, lib).map(|layer| layer.inner), Some(Path::new("/lib/x")));
    assert_eq!(root_of(&image, Path::new("/data/usr/x")), None);
    assert_eq!(root_of(&image, Path::new("/etc/x")), None);
}

#[test]
fn what_engines_keep_of_containers_is_looked_through() {
    let fixture = Fixture::debian();
    let image = fixture.image();
    let mut roots = Roots::default();
    let mut kind = |path: &str, head: &[u8]| roots.kind(&image, Path::new(path), head, &[]);
    for path in [
        "/var/lib/docker/image/overlay2/imagedb/content/sha256/0a",
        "/var/lib/docker/containers/0a/config.v2.json",
        "/var/lib/containers/storage/overlay-containers/0a/userdata/config.json",
        "/var/lib/containers/storage/overlay-images/0a/=c2hhMjU2OjBh",
        "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/0a",
        "/var/snap/lxd/common/lxd/storage-pools/default/containers/web/backup.yaml",
    ] {
        assert_eq!(kind(path, b"{}"), Some(FileKind::Settings), "{path}");
        assert_eq!(kind(path, b"\x1f\x8b\0"), None, "{path}");
    }
    let database = "/var/lib/containers/storage/libpod/bolt_state.db";
    assert_eq!(kind(database, b"\xed\xda\0"), Some(FileKind::Settings));
    assert_eq!(kind("/var/lib/docker/overlay2/X/diff/etc/app.conf", b"a"), Some(FileKind::Settings));
    assert_eq!(kind("/var/lib/docker/overlay2/X/diff/usr/share/app.conf", b"a"), None);
    assert_eq!(kind("/var/lib/docker/overlay2/X/diff/.env", b"a"), Some(FileKind::Settings));
}
