//! Looking at a hostile image, and through an overlay.

#![expect(clippy::disallowed_methods, reason = "the trees are made from outside")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::super::fixture::Fixture;
use super::super::root::Root;
use super::super::{Body, FileNode, Image, Kind, Mode, Node, Overlay, Reason, Stamp};
use super::*;

fn text(image: &Image, path: &str) -> Option<String> {
    image.read_text(Path::new(path)).unwrap()
}

/// The image by the kernel's resolution and by the own one.
fn both(root: &Fixture) -> [Image; 2] {
    [root.image(), Image::of(Root::open(root.root()).unwrap().with_own_resolver()).unwrap()]
}

#[test]
fn links_stay_inside() {
    // A secret of the machine that the image lies on, where a link of the image points.
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("secret"), "the host's").unwrap();
    let secret = host.path().join("secret");
    let secret = secret.to_str().unwrap();
    let root = Fixture::bare();
    root.link("/etc/absolute", secret).link("/etc/up", &format!("../../../../../..{secret}"));
    root.link("/etc/directory", host.path().to_str().unwrap()).link("/out", "../../../../../../../../etc");
    root.link("/etc/magic", "/proc/self/root").file("/etc/own", "the image's");
    for image in both(&root) {
        for path in ["/etc/absolute", "/etc/up", "/etc/directory/secret", "/etc/magic/etc/passwd", "/../../etc/up"] {
            assert_eq!(text(&image, path), None, "{path}");
        }
        assert!(image.list(Path::new("/etc/directory")).unwrap().is_empty());
        assert_eq!(text(&image, "/out/own").unwrap(), "the image's");
        assert_eq!(text(&image, "/../../../out/../etc/own").unwrap(), "the image's");
    }
    // The same place inside the image is what such a link means.
    root.file(secret, "the image's own");
    for image in both(&root) {
        assert_eq!(text(&image, "/etc/absolute").unwrap(), "the image's own");
        assert_eq!(text(&image, "/etc/directory/secret").unwrap(), "the image's own");
    }
}

#[test]
fn a_hostile_home_is_looked_at_without_harm() {
    let root = Fixture::debian();
    root.fifo("/home/admin/.bash_history").link("/home/admin/loop", "loop").link("/home/admin/tty", "/dev/tty");
    root.file("/var/log/lastlog", "");
    File::options().write(true).open(root.outside("/var/log/lastlog")).unwrap().set_len(64 << 30).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.outside("/home/admin/agent")).unwrap();
    let odd = OsStr::from_bytes(b"\x1b[2J\xff");
    fs::write(root.outside("/home/admin").join(odd), "odd").unwrap();
    let deep = format!("/home/admin/{}end", "d/".repeat(120));
    root.file(&deep, "deep");
    for image in both(&root) {
        let reason = |path: &str| image.read(Path::new(path)).unwrap_err().reason;
        assert_eq!(reason("/home/admin/.bash_history"), Reason::Special(Kind::Fifo));
        assert_eq!(reason("/home/admin/agent"), Reason::Special(Kind::Socket));
        assert_eq!(reason("/home/admin"), Reason::Special(Kind::Directory));
        assert_eq!(reason("/home/admin/loop"), Reason::Loop);
        assert_eq!(reason("/var/log/lastlog"), Reason::TooLarge(READ_LIMIT));
        assert_eq!(image.read_start(Path::new("/var/log/lastlog"), 8).unwrap().unwrap(), [0; 8]);
        assert_eq!(text(&image, "/home/admin/tty"), None);
        assert_eq!(text(&image, &deep).unwrap(), "deep");
        assert_eq!(image.node(Path::new("/home/admin/.bash_history")).unwrap_err().reason, Reason::Special(Kind::Fifo));
        let node = image.node(Path::new("/var/log/lastlog")).unwrap().unwrap();
        let Node::File(FileNode { body: Body::OnDisk { size, .. }, .. }) = node else { panic!("{node:?}") };
        assert_eq!(size, 64 << 30);
        let entries = image.list(Path::new("/home/admin")).unwrap();
        assert!(entries.contains(&Entry { name: odd.to_owned(), kind: Kind::File }));
        assert!(entries.contains(&Entry { name: ".bash_history".into(), kind: Kind::Fifo }));
        assert_eq!(image.read(&Path::new("/home/admin").join(odd)).unwrap().unwrap(), b"odd");
        assert_eq!(image.list(Path::new("/etc/passwd")).unwrap_err().reason, Reason::NotDirectory(Kind::File));
        assert_eq!(
            image.list(Path::new("/home/admin/agent")).unwrap_err().to_string(),
            "cannot list /home/admin/agent: it is a socket, not a directory"
        );
        assert_eq!(text(&image, "/etc/passwd/"), None);
        assert_eq!(text(&image, "/etc/passwd/more"), None);
        assert_eq!(text(&image, "/etc/no\0thing"), None);
        assert_eq!(text(&image, &"n".repeat(300)), None);
    }
}

#[test]
fn nothing_is_written_not_even_access_times() {
    let root = Fixture::debian();
    root.link("/etc/link", "passwd");
    let paths = ["/", "/etc", "/etc/passwd", "/etc/shadow", "/home", "/usr/bin"];
    for path in paths {
        let times = fs::FileTimes::new().set_accessed(std::time::SystemTime::UNIX_EPOCH);
        File::open(root.outside(path)).unwrap().set_times(times).unwrap();
    }
    let seen = || {
        paths.map(|path| {
            let meta = fs::symlink_metadata(root.outside(path)).unwrap();
            (meta.atime(), meta.mtime_nsec(), meta.ctime_nsec(), meta.len())
        })
    };
    let before = seen();
    for image in both(&root) {
        image.accounts().unwrap();
        image.os().unwrap();
        image.arch();
        image.glob("/**").unwrap();
        image.list(Path::new("/")).unwrap();
        assert!(text(&image, "/etc/link").is_some());
        image.node(Path::new("/etc/passwd")).unwrap();
        image.read_start(Path::new("/etc/passwd"), 4).unwrap();
    }
    assert_eq!(seen(), before);
}

#[test]
fn an_overlay_is_seen_by_every_look() {
    let root = Fixture::debian();
    root.file("/etc/ssh/sshd_config.d/10-a.conf", "a").file("/etc/ssh/sshd_config.d/20-b.conf", "b");
    root.link("/etc/alias", "/etc/ssh");
    for image in both(&root) {
        let mut overlay = Overlay::default();
        overlay.put("/etc/ssh/sshd_config.d/30-c.conf", Some(Node::new_file(*b"ccc", 0o600)));
        overlay.put("/etc/ssh/sshd_config.d/10-a.conf", None);
        overlay.put("/etc/new", Some(Node::new_link("alias/sshd_config.d/30-c.conf")));
        overlay.put("/home/admin", None);
        let drafted = image.drafted(overlay);
        assert_eq!(text(&drafted, "/etc/alias/sshd_config.d/30-c.conf").unwrap(), "ccc");
        assert_eq!(text(&drafted, "/etc/new").unwrap(), "ccc");
        assert_eq!(text(&drafted, "/etc/alias/sshd_config.d/10-a.conf"), None);
        assert_eq!(text(&drafted, "/etc/ssh/sshd_config.d/20-b.conf").unwrap(), "b");
        let meta = drafted.stat(Path::new("/etc/new")).unwrap().unwrap();
        assert_eq!((meta.kind, meta.mode, meta.size, meta.stamp), (Kind::File, 0o600, 3, Stamp::default()));
        assert_eq!(drafted.lstat(Path::new("/etc/new")).unwrap().unwrap().kind, Kind::Symlink);
        assert_eq!(
            drafted.read_link(Path::new("/etc/new")).unwrap().unwrap(),
            Path::new("alias/sshd_config.d/30-c.conf")
        );
        let names: Vec<_> = drafted.list(Path::new("/etc/alias/sshd_config.d")).unwrap();
        assert_eq!(
            names.iter().map(|entry| entry.name.to_str().unwrap()).collect::<Vec<_>>(),
            ["20-b.conf", "30-c.conf"]
        );
        assert_eq!(drafted.real_path(Path::new("/etc/new")).unwrap(), Path::new("/etc/ssh/sshd_config.d/30-c.conf"));
        assert_eq!(drafted.real_place(Path::new("/etc/new")).unwrap(), Path::new("/etc/new"));
        assert_eq!(drafted.stat(Path::new("/home/admin")).unwrap(), None);
        assert!(drafted.accounts().unwrap().homes.iter().all(|home| home.path != Path::new("/home/admin")));
        assert_eq!(drafted.node(Path::new("/etc/passwd")).unwrap(), image.node(Path::new("/etc/passwd")).unwrap());
        assert!(image.stat(Path::new("/home/admin")).unwrap().is_some(), "the image itself is as it was");
    }
}

#[test]
fn a_directory_made_again_is_empty() {
    let root = Fixture::debian();
    root.file("/var/lib/cloud/instance/user-data.txt", "password");
    let directory = Node::Directory { mode: 0o755, uid: 0, gid: 0 };
    let mut overlay = Overlay::default();
    overlay.put("/var/lib/cloud/seed", Some(directory.clone()));
    overlay.put("/var/lib/cloud", None);
    overlay.put("/var/lib/cloud", Some(directory.clone()));
    let drafted = root.image().drafted(overlay.clone());
    assert!(drafted.list(Path::new("/var/lib/cloud")).unwrap().is_empty());
    assert_eq!(text(&drafted, "/var/lib/cloud/instance/user-data.txt"), None);
    overlay.put("/var/lib/cloud/instance", Some(directory));
    overlay.put("/var/lib/cloud/instance/new", Some(Node::new_file(*b"x", 0o644)));
    let drafted = root.image().drafted(overlay);
    assert_eq!(drafted.glob("/var/lib/cloud/**").unwrap().len(), 2);
    assert_eq!(text(&drafted, "/var/lib/cloud/instance/../instance/new").unwrap(), "x");
}

#[test]
fn a_body_left_on_the_disk_is_read_there() {
    let root = Fixture::debian();
    root.file("/var/big", vec![b'x'; usize::try_from(BODY_LIMIT).unwrap() + 1]);
    let image = root.image();
    let node = image.node(Path::new("/var/big")).unwrap().unwrap();
    let Node::File(file) = node else { panic!("{node:?}") };
    let mut overlay = Overlay::default();
    overlay.put("/var/big", Some(Node::File(FileNode { mode: 0o600, ..file })));
    let drafted = image.drafted(overlay);
    assert_eq!(drafted.stat(Path::new("/var/big")).unwrap().unwrap().mode, 0o600);
    assert_eq!(drafted.read(Path::new("/var/big")).unwrap().unwrap().len() as u64, BODY_LIMIT + 1);
}

#[test]
fn what_is_no_image_is_refused_with_what_to_do() {
    let nothing = tempfile::tempdir().unwrap();
    let error = |path: &Path| Image::open(path).unwrap_err().to_string();
    let path = nothing.path().display();
    assert_eq!(
        error(nothing.path()),
        format!(
            "cannot open {path}: it does not look like a Linux root: it has no /etc, or neither /usr nor /bin; \
             give the directory the image's root file system is mounted on"
        )
    );
    assert_eq!(
        error(&nothing.path().join("none")),
        format!("cannot open {path}/none: it does not exist; mount the image and give the directory it is mounted on")
    );
    fs::write(nothing.path().join("disk.img"), "").unwrap();
    assert!(error(&nothing.path().join("disk.img")).contains("/disk.img: it is not a directory; "));
    // Links to a host's directories make no image.
    for name in ["etc", "usr"] {
        std::os::unix::fs::symlink(format!("/{name}"), nothing.path().join(name)).unwrap();
    }
    assert!(Image::open(nothing.path()).is_err());
}

#[test]
fn the_running_machine_is_an_image_too() {
    let image = Image::open(Path::new("/")).unwrap();
    assert_eq!((image.mode(), image.mount_point()), (Mode::Live, Path::new("/")));
    assert_eq!(Image::open(Path::new("/usr/..")).unwrap().mode(), Mode::Live);
    // Files of procfs say that they are empty.
    assert!(text(&image, "/proc/self/status").unwrap().contains("Name:"));
    assert_eq!(image.read(Path::new("/proc/self/root/etc/passwd")).unwrap_err().reason, Reason::Loop);
    let null = image.read(Path::new("/dev/null")).unwrap_err();
    assert_eq!(null.to_string(), "cannot read /dev/null: it is a device, not a regular file");
    let root = Fixture::bare();
    assert_eq!(root.image().mode(), Mode::Offline);
    fs::set_permissions(root.outside("/etc"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(root.image().stat(Path::new("/etc")).unwrap().unwrap().mode, 0o700);
}
