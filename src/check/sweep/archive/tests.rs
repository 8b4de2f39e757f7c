#![expect(clippy::format_collect, reason = "a digest is short")]

use super::super::{Sweep, sweep};
use super::*;
use crate::image::archive::tests::{bzip2, deb, rpm, tar, zip, zstd};
use crate::image::fixture::Fixture;
use crate::image::initramfs::tests::{cpio, gzip};

fn swept(root: &Fixture) -> Sweep {
    sweep(&root.image(), &Control::default(), &|_| (), &|_| ())
}

fn id() -> String {
    ["AKIA", "QX7RT2ZLM4WB6KDP"].concat()
}

/// Path, member and line of each hit.
fn places(sweep: &Sweep) -> Vec<(String, Option<String>, Option<u32>)> {
    let place = |hit: &super::super::Hit| (hit.path.to_string_lossy().into_owned(), hit.inside.clone(), hit.line);
    sweep.hits.iter().map(place).collect()
}

/// What was said of the archive at `path`.
fn said(sweep: &Sweep, path: &str) -> Option<String> {
    sweep.unopened.iter().find(|(of, _)| of == Path::new(path)).map(|(_, what)| what.clone())
}

#[test]
fn a_secret_is_found_in_every_format_and_told_once() {
    let binary = [&vec![0; 300_000][..], b"\n\n", id().as_bytes(), b"\0"].concat();
    let files: [(&str, &[u8]); 2] = [("./app/.env", b"\n\nDB_PASSWORD=hunter22kept\n"), ("lib/x.so", &binary)];
    let (tarred, copied) = (tar(&files), cpio(&files));
    let root = Fixture::debian();
    let zipped = |method| zip(&files.map(|(name, content)| (name, content, method, 0)));
    let archives = [
        ("tar", tarred.clone()),
        ("tar.gz", gzip(&tarred)),
        ("tar.bz2", bzip2(&tarred)),
        ("tar.zst", zstd(&tarred)),
        ("cpio", copied.clone()),
        ("img", gzip(&copied)),
        ("zip", zipped(8)),
        ("jar", zipped(0)),
        ("deb", deb(&gzip(&tar(&[])), &zstd(&tarred))),
        ("rpm", rpm(&zstd(&copied))),
    ];
    for (end, bytes) in &archives {
        root.file(&format!("/data/x.{end}"), bytes);
    }
    let sweep = swept(&root);
    let mut wanted = Vec::new();
    for (end, _) in &archives {
        let path = format!("/data/x.{end}");
        wanted.push((path.clone(), Some("app/.env".to_owned()), Some(3)));
        wanted.push((path, Some("lib/x.so".to_owned()), Some(3)));
    }
    wanted.sort();
    let found: Vec<_> = places(&sweep).into_iter().filter(|(path, ..)| path.starts_with("/data")).collect();
    assert_eq!(found, wanted);
    assert!(sweep.unopened.is_empty() && sweep.unread.is_empty(), "{sweep:?}");
    assert!(!format!("{sweep:?}").contains(&id()));
}

#[test]
fn a_compressed_file_is_judged_by_the_name_it_had() {
    let root = Fixture::debian();
    root.file("/data/app.env.gz", gzip(b"DB_PASSWORD=hunter22kept\n")).file("/data/notes.gz", gzip(id().as_bytes()));
    assert_eq!(
        places(&swept(&root)),
        [
            ("/data/app.env.gz".to_owned(), Some("app.env".to_owned()), Some(1)),
            ("/data/notes.gz".to_owned(), Some("notes".to_owned()), Some(1)),
        ]
    );
}

#[test]
fn a_member_lies_where_it_would_be_unpacked() {
    let root = Fixture::debian();
    let settings = b"password = hunter22kept\n";
    // At the root, as in a backup of it; beside the archive; in a place where nothing is settings.
    root.file("/data/backup.tar", tar(&[("etc/app/app.conf", settings)]));
    root.file("/opt/app/kept.tar", tar(&[("app.conf", settings)]));
    root.file("/data/other.tar", tar(&[("usr/share/app.conf", settings)]));
    let paths: Vec<String> = places(&swept(&root)).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths, ["/data/backup.tar", "/opt/app/kept.tar"]);
}

#[test]
fn what_is_not_opened_is_named() {
    let key = id();
    let inner = gzip(key.as_bytes());
    let many: Vec<(String, &[u8])> = (0..5).map(|number| (format!("{number}.gz"), inner.as_slice())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let core = [b"\x7fELF\x02\x01\x01", &[0; 9][..], &[4, 0], key.as_bytes()].concat();
    let root = Fixture::debian();
    root.file("/data/nested.tar", tar(&many))
        .file("/data/locked.zip", zip(&[("a\u{202e}\n.txt", key.as_bytes(), 0, 1)]))
        .file("/data/cut.tar.gz", &gzip(&tar(&[("a", &[7; 3000])]))[..40])
        .file("/data/core.app.1000.gz", gzip(&core))
        .file("/data/a.7z", b"7z\xbc\xaf\x27\x1c....");
    let sweep = swept(&root);
    assert_eq!(places(&sweep), []);
    for (path, wanted) in [
        ("/data/nested.tar", "0.gz (an archive or compressed itself), 1.gz"),
        ("/data/nested.tar", "and 2 more"),
        ("/data/locked.zip", "a\\u{202e}\\u{a}.txt (encrypted)"),
        ("/data/cut.tar.gz", "not looked through to its end: it is damaged or cut short"),
        ("/data/core.app.1000.gz", "core.app.1000 (a core dump)"),
        ("/data/a.7z", "packed with 7-Zip"),
    ] {
        let said = said(&sweep, path);
        assert!(said.as_ref().is_some_and(|said| said.contains(wanted)), "{path}: {said:?}");
    }
    assert!(sweep.unread.is_empty());
}

#[test]
fn what_is_beyond_a_limit_is_not_read_and_what_came_before_stands() {
    let root = Fixture::debian();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &[id().as_bytes(), &vec![0; 10 << 20]].concat()).unwrap();
    root.file("/data/bomb.gz", packer.finish().unwrap().repeat(20));
    let sweep = swept(&root);
    assert_eq!(sweep.unread.len(), 1);
    let said = sweep.unread[0].to_string();
    assert!(said.starts_with("cannot look through /data/bomb.gz: it unpacks to more than"), "{said}");
    assert_eq!(places(&sweep)[0], ("/data/bomb.gz".to_owned(), Some("bomb".to_owned()), Some(1)));
}

#[test]
fn what_a_package_brought_is_not_opened() {
    let root = Fixture::debian();
    let packed = gzip(id().as_bytes());
    let digest: String = <md5::Md5 as md5::Digest>::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    root.file("/usr/share/doc/app/README.gz", &packed).file("/usr/share/doc/app/changed.gz", &packed);
    root.file("/var/lib/dpkg/status", "Package: app\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n");
    let other = "0".repeat(32);
    root.file(
        "/var/lib/dpkg/info/app.md5sums",
        format!("{digest}  usr/share/doc/app/README.gz\n{other}  usr/share/doc/app/changed.gz\n"),
    );
    let paths: Vec<String> = places(&swept(&root)).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths, ["/usr/share/doc/app/changed.gz"]);
}

#[test]
fn names_are_shown_whole_up_to_a_limit() {
    assert_eq!(shown("a/b"), "a/b");
    assert_eq!(shown(&"x".repeat(500)).chars().count(), NAME_LENGTH);
    assert_eq!(shown("\u{1b}[2J"), "\\u{1b}[2J");
}
