//! Secrets at odd places in files, and in files at odd places of the tree.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::os::unix::net::UnixListener;

use nix::sys::stat::Mode;

use super::form::{lines, program};
use super::plant::Corpus;
use super::rules;

/// The length of what is read at once (`walk/file.rs`).
const PIECE: usize = 256 << 10;

/// The longest private key, and what a piece shows again of the one before (`armour.rs`, `scan.rs`).
const EDGES: [usize; 3] = [0, 32 << 10, (32 << 10) + 1000];

const PASSWORD: &str = "password = hunter22kept\n";

/// Two names of one file with a secret: the one that is met first is reported, the other is not.
pub(super) const LINKED: [&str; 2] = ["/srv/linked/first", "/srv/linked/second"];

pub(super) fn plant(corpus: &mut Corpus) {
    let token = rules::example(corpus, "github-token");
    let id = corpus.joined("AKIA¦QX7RT2ZLM4WB6KDP");
    borders(corpus, &token, &id);
    names(corpus, &token);
    kinds(corpus, &token, &id);
    layers(corpus, &token, &id);
    packages(corpus, &id);
}

/// Across the ends of what is read at once, and of what is shown again.
fn borders(corpus: &mut Corpus, token: &str, id: &str) {
    for (name, text, rule) in [
        ("token", format!("{token}\n"), "github-token"),
        ("id", format!("{id}\n"), "aws-access-key-id"),
        ("password", PASSWORD.to_owned(), "password"),
    ] {
        for edge in EDGES.iter().flat_map(|edge| [PIECE - edge, 2 * PIECE - edge - 33_768]) {
            for into in [0, 1, text.len() / 2, text.len() - 1, text.len()] {
                let start = edge - into;
                let before = [lines(start - 1), b"\n".to_vec()].concat();
                let line = 1 + memchr::memchr_iter(b'\n', &before).count() as u64;
                let path = format!("/srv/borders/{name}-{start}.conf");
                let bytes = [&before, text.as_bytes(), &lines(PIECE)].concat();
                corpus.plant("borders", &path, &bytes, line, rule);
            }
        }
    }
    let before = lines(PIECE);
    for length in [PIECE - token.len(), PIECE - token.len() + 1] {
        let bytes = [&before[..length - 1], b"\n", token.as_bytes()].concat();
        let line = 1 + memchr::memchr_iter(b'\n', &bytes).count() as u64;
        corpus.plant("borders", &format!("/srv/borders/last-{length}.conf"), &bytes, line, "github-token");
    }
    // Ten million characters in one line.
    let item = "{\"id\":17,\"name\":\"a thing\",\"price\":12.5},";
    let middle = format!("{{{},\"db\":{{\"password\":\"hunter22kept\"}}}},", token_field(token));
    let json = ["[", &item.repeat(140_000), &middle, &item.repeat(140_000), "{}]"].concat();
    assert!(json.len() > 10 << 20);
    corpus.plant("borders", "/srv/borders/large.json", json.as_bytes(), 1, "github-token");
    corpus.expect("borders", "/srv/borders/large.json", 1, "password");
}

fn token_field(token: &str) -> String {
    let value = token.rsplit('=').next().unwrap_or_default();
    format!("\"hub\":\"{value}\"")
}

/// Names that mislead, and a tree that is deep.
fn names(corpus: &mut Corpus, token: &str) {
    let text = format!("{token}\n");
    for (name, shown) in [
        (&b"two\nlines.conf"[..], "two\\u{a}lines.conf"),
        (b"red\x1b[31m.conf", "red\\u{1b}[31m.conf"),
        (b"\xff\xfe\xf0.conf", "\\xff\\xfe\\xf0.conf"),
        (b" .conf", " .conf"),
        (b"-rf", "-rf"),
        (b"...", "..."),
        (b"$(id).conf", "$(id).conf"),
    ] {
        let path = [b"/srv/names/", name].concat();
        corpus.write(&path, text.as_bytes());
        corpus.expect("names", &format!("/srv/names/{shown}"), 1, "github-token");
    }
    let deep = format!("/srv/deep/{}.hidden/token.conf", "d/".repeat(200));
    corpus.plant("names", &deep, text.as_bytes(), 1, "github-token");
    let long = format!("/srv/names/{}.conf", "n".repeat(250));
    corpus.plant("names", &long, text.as_bytes(), 1, "github-token");
}

/// Files that are not what they seem.
fn kinds(corpus: &mut Corpus, token: &str, id: &str) {
    corpus.write("/srv/kinds/empty.conf", b"");
    corpus.plant("kinds", "/srv/kinds/bare.conf", token.as_bytes(), 1, "github-token");
    corpus.plant("kinds", "/usr/lib/bare", id.as_bytes(), 1, "aws-access-key-id");
    corpus.plant("kinds", "/usr/lib/last", &[&program(500), id.as_bytes()].concat(), None, "aws-access-key-id");
    corpus.plant("kinds", "/usr/lib/first", &[id.as_bytes(), &program(500)].concat(), None, "aws-access-key-id");
    corpus.write(LINKED[0], id.as_bytes());
    fs::hard_link(corpus.at(LINKED[0]), corpus.at(LINKED[1])).unwrap();
    // Behind a hole.
    let sparse = fs::File::create(corpus.at("/srv/kinds/sparse.img")).unwrap();
    sparse.set_len(900 << 20).unwrap();
    sparse.write_all_at(id.as_bytes(), 500 << 20).unwrap();
    corpus.expect("kinds", "/srv/kinds/sparse.img", None, "aws-access-key-id");
    let sparse = fs::File::create(corpus.at("/srv/kinds/end.img")).unwrap();
    sparse.write_all_at(id.as_bytes(), 40 << 20).unwrap();
    corpus.expect("kinds", "/srv/kinds/end.img", None, "aws-access-key-id");
    // Never opened, never followed.
    nix::unistd::mkfifo(&corpus.at("/srv/kinds/fifo.conf"), Mode::S_IRWXU).unwrap();
    drop(UnixListener::bind(corpus.at("/srv/kinds/socket")).unwrap());
    symlink(".", corpus.at("/srv/kinds/circle")).unwrap();
    symlink("../kinds/bare.conf", corpus.at("/srv/kinds/link.conf")).unwrap();
    symlink("/proc/self/environ", corpus.at("/srv/kinds/environ")).unwrap();
}

/// Where containers keep what they run.
fn layers(corpus: &mut Corpus, token: &str, id: &str) {
    let digest = "0b3c9f27ad5418e6c7d2a90b3f4e5d6172839405a6b7c8d9e0f1a2b3c4d5e6f7";
    for place in [
        format!("/var/lib/docker/overlay2/{digest}/diff"),
        format!("/var/lib/containers/storage/overlay/{digest}/diff"),
        format!("/home/admin/.local/share/containers/storage/overlay/{digest}/diff"),
        "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs".to_owned(),
        "/var/lib/lxd/storage-pools/default/containers/c1/rootfs".to_owned(),
        "/var/snap/lxd/common/lxd/storage-pools/default/containers/c1/rootfs".to_owned(),
        "/var/lib/lxc/c1/rootfs".to_owned(),
        "/var/lib/machines/c1".to_owned(),
    ] {
        corpus.plant("layers", &format!("{place}/app/.env"), format!("{token}\n").as_bytes(), 1, "github-token");
        corpus.plant("layers", &format!("{place}/usr/lib/app.so"), id.as_bytes(), 1, "aws-access-key-id");
        corpus.plant("layers", &format!("{place}/etc/app.conf"), PASSWORD.as_bytes(), 1, "password");
    }
}

/// What a package brought counts when it was changed since.
fn packages(corpus: &mut Corpus, id: &str) {
    use md5::Digest as _;
    let mut digest = String::new();
    for byte in md5::Md5::digest(id) {
        let _ = write!(digest, "{byte:02x}");
    }
    corpus.write(
        "/var/lib/dpkg/status",
        b"Package: lib\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: A <a@lists.debian.org>\nDescription: a\n",
    );
    let listed = format!("{digest}  usr/share/lib/kept\n{digest}  usr/share/lib/changed\n");
    corpus.write("/var/lib/dpkg/info/lib.md5sums", listed.as_bytes());
    corpus.write("/var/lib/dpkg/info/lib.list", b"/.\n/usr\n/usr/share/lib/kept\n/usr/share/lib/changed\n");
    corpus.decoy("/usr/share/lib/kept", id.as_bytes(), None);
    corpus.plant("packages", "/usr/share/lib/changed", format!("{id}\n").as_bytes(), 1, "aws-access-key-id");
}
