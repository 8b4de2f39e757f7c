//! Looking through the kernel and through the own walker, with and without an overlay.

use std::fs;
use std::os::unix::fs::symlink;

use crate::image::{Image, Node, Overlay, Reason};
use std::path::Path;

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    for directory in ["etc/ssh/sshd_config.d", "usr/lib", "home/ann/.ssh", "data/bob"] {
        fs::create_dir_all(at(directory)).unwrap();
    }
    fs::write(
        at("usr/lib/os-release"),
        "ID=debian\nID_LIKE=\"a b\"\nVERSION_ID='12'\nPRETTY_NAME=\"De \\\"b\\\" $\"\n",
    )
    .unwrap();
    symlink("../usr/lib/os-release", at("etc/os-release")).unwrap();
    symlink("/data/bob", at("home/bob")).unwrap();
    symlink("/../../../../etc/passwd", at("etc/out")).unwrap();
    symlink("loop", at("etc/loop")).unwrap();
    symlink("missing/there", at("etc/dangling")).unwrap();
    fs::write(at("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000::/home/bob:/bin/sh\n").unwrap();
    fs::write(at("data/bob/.bash_history"), "secret\n").unwrap();
    fs::write(at("etc/ssh/sshd_config.d/10-a.conf"), "a").unwrap();
    fs::write(at("etc/ssh/sshd_config.d/20-b.conf"), "b").unwrap();
    root
}

#[test]
fn first_look() {
    let root = root();
    let image = Image::open(root.path()).unwrap();
    let read = |image: &Image, path: &str| image.read_text(Path::new(path)).unwrap();
    assert_eq!(image.os().unwrap().pretty_name, "De \"b\" $");
    assert!(read(&image, "/etc/out").unwrap().starts_with("root:x:0"));
    assert_eq!(read(&image, "/home/bob/.bash_history").unwrap(), "secret\n");
    assert_eq!(read(&image, "/etc/dangling"), None);
    assert_eq!(image.stat(Path::new("/etc/loop")).unwrap_err().reason, Reason::Loop);
    assert_eq!(image.real_path(Path::new("/home/bob/x/../y")).unwrap(), Path::new("/data/bob/y"));
    assert_eq!(image.real_place(Path::new("/home/bob")).unwrap(), Path::new("/home/bob"));
    assert_eq!(image.glob("/etc/ssh/*.d/{10,20}-?.conf").unwrap().len(), 2);
    assert_eq!(image.glob("/etc/**/*.conf").unwrap().len(), 2);
    assert_eq!(image.accounts().unwrap().homes.len(), 2);
    let mut overlay = Overlay::default();
    overlay.put("/etc/ssh/sshd_config.d/30-c.conf", Some(Node::new_file(*b"c", 0o600)));
    overlay.put("/etc/ssh/sshd_config.d/10-a.conf", None);
    overlay.put("/home/ann", None);
    overlay.put("/home/bob", Some(Node::new_link("/home/ann")));
    overlay.put("/etc/etc", Some(Node::new_link("/etc")));
    let drafted = image.drafted(overlay);
    assert_eq!(read(&drafted, "/etc/etc/ssh/sshd_config.d/30-c.conf").unwrap(), "c");
    assert_eq!(drafted.glob("/etc/etc/ssh/*.d/*").unwrap().len(), 2);
    assert_eq!(drafted.stat(Path::new("/home/bob")).unwrap(), None);
    assert_eq!(drafted.list(Path::new("/home")).unwrap().len(), 1);
    assert_eq!(drafted.node(Path::new("/home/ann/.ssh")).unwrap(), None);
    assert_eq!(read(&drafted, "/etc/os-release"), read(&image, "/etc/os-release"));
}
