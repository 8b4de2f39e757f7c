//! Databases written by hand ([`made`]), whole and damaged. What real programs write is compared in
//! `tests/it/packages.rs`.

#![expect(clippy::cast_possible_truncation, reason = "the databases made here are small")]

use std::io::Write as _;

use proptest::prelude::*;

use super::made::{Made, PAGE, bdb, ndb, put, sqlite};
use super::*;

/// A header with a name, version `1-2`, an epoch and `files` files whose content is `abc`.
fn header(name: &str, files: usize) -> Vec<u8> {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    made::header(&Made {
        name: name.to_owned(),
        epoch: Some(7),
        version: "1".to_owned(),
        release: "2".to_owned(),
        arch: "noarch".to_owned(),
        vendor: "Somebody".to_owned(),
        files: (0..files).map(|file| (format!("/usr/share/{name}/file{file}"), sha256.to_owned())).collect(),
    })
}

fn headers() -> Vec<Vec<u8>> {
    vec![header("one", 0), header("two", 200), header("three", 3)]
}

/// A log that writes `pages` (counted from 1) in one commit to a database of `size` pages.
fn log(pages: &[(u32, &[u8])], size: u32) -> Vec<u8> {
    let sum = |(mut one, mut two): (u32, u32), bytes: &[u8]| {
        for pair in bytes.chunks(8) {
            one = one.wrapping_add(u32::from_le_bytes(pair[..4].try_into().unwrap())).wrapping_add(two);
            two = two.wrapping_add(u32::from_le_bytes(pair[4..].try_into().unwrap())).wrapping_add(one);
        }
        (one, two)
    };
    let be = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let mut log = be(&[0x377f_0682, 3_007_000, PAGE as u32, 0, 11, 22]);
    let mut running = sum((0, 0), &log);
    log.extend(be(&[running.0, running.1]));
    for (index, (number, page)) in pages.iter().enumerate() {
        let commit = if index + 1 == pages.len() { size } else { 0 };
        running = sum(sum(running, &be(&[*number, commit])), page);
        log.extend([be(&[*number, commit, 11, 22, running.0, running.1]), page.to_vec()].concat());
    }
    log
}

fn walk_bytes(database: Database, bytes: &[u8], log: Option<&[u8]>) -> Result<Vec<Vec<u8>>, String> {
    let file = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    };
    let (file, log) = (file(bytes), log.map(file));
    let source = Source::new(&file)?;
    let log = log.as_ref().map(Source::new).transpose()?;
    let mut found = Vec::new();
    let visit: Visit<'_> = &mut |blob| {
        found.push(blob.to_vec());
        Ok(())
    };
    match database {
        Database::RpmSqlite => sqlite::walk(&source, log.as_ref(), visit)?,
        Database::RpmNdb => ndb::walk(&source, visit)?,
        _ => bdb::walk(&source, visit)?,
    }
    found.sort();
    Ok(found)
}

fn whole() -> [(Database, Vec<u8>); 4] {
    let headers = headers();
    [
        (Database::RpmSqlite, sqlite(&headers)),
        (Database::RpmNdb, ndb(&headers)),
        (Database::RpmBdb, bdb(&headers, false)),
        (Database::RpmBdb, bdb(&headers, true)),
    ]
}

#[test]
fn every_form_gives_its_headers() {
    let mut expected = headers();
    expected.sort();
    for (database, bytes) in whole() {
        assert_eq!(walk_bytes(database, &bytes, None).unwrap(), expected, "{database:?}");
    }
}

#[test]
fn a_header_tells_the_package_and_its_files() {
    let blob = header("two", 40);
    let header = Header::parse(&blob).unwrap();
    let package = header.package().unwrap();
    assert_eq!((package.name.as_str(), package.version.as_str()), ("two", "7:1-2"));
    assert_eq!((package.arch.as_str(), package.vendor.as_str()), ("noarch", "Somebody"));
    let mut digests = Digests::default();
    header.add_digests(&mut digests, 5);
    let digests = digests.sorted();
    let owner = |bytes: &[u8]| {
        let mut content = |sink: &mut dyn FnMut(&[u8])| {
            sink(bytes);
            Ok(())
        };
        digests.owner(Path::new("/usr/share/two/file39"), &mut content).unwrap()
    };
    assert_eq!((owner(b"abc"), owner(b"abd")), (Some(5), None));
}

#[test]
fn what_was_committed_to_the_log_counts() {
    let (old, new) = (sqlite(&headers()[..1]), sqlite(&headers()));
    let pages: Vec<&[u8]> = new.chunks(PAGE).collect();
    let size = pages.len() as u32;
    let frames: Vec<(u32, &[u8])> = (1..).zip(pages).collect();
    let count = |log: &[u8]| walk_bytes(Database::RpmSqlite, &old, Some(log)).unwrap().len();
    let whole = log(&frames, size);
    assert_eq!(count(&whole), 3);
    assert_eq!(count(&whole[..whole.len() - 1]), 1, "a commit that was cut short does not count");
    assert_eq!(count(b""), 1);
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    assert_eq!(count(&damaged), 1, "a frame whose sum is wrong does not count");
    assert_eq!(walk_bytes(Database::RpmSqlite, b"", Some(&whole)).unwrap().len(), 3, "nothing but a log");
}

#[test]
fn circles_are_errors() {
    let mut tree = sqlite(&headers());
    tree[PAGE + 8..PAGE + 12].copy_from_slice(&2_u32.to_be_bytes());
    assert!(walk_bytes(Database::RpmSqlite, &tree, None).unwrap_err().contains("circle"));
    let mut chain = bdb(&headers(), false);
    put(&mut chain, 3 * PAGE + 16, 4, 3, false);
    assert!(walk_bytes(Database::RpmBdb, &chain, None).unwrap_err().contains("circle"));
}

#[test]
fn cut_databases_are_errors() {
    for (database, bytes) in whole() {
        for length in [0, 10, 511, bytes.len() - 1] {
            assert!(walk_bytes(database, &bytes[..length], None).is_err(), "{database:?} cut to {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damage_never_panics_or_hangs(
        form in 0..4_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        near in prop::collection::vec((0..700_usize, any::<u8>()), 0..4),
    ) {
        let (database, mut bytes) = whole()[form].clone();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        for (at, byte) in near {
            bytes[at] = byte;
        }
        for blob in walk_bytes(database, &bytes, None).unwrap_or_default() {
            if let Some(header) = Header::parse(&blob) {
                let _ = header.package();
                header.add_digests(&mut Digests::default(), 0);
            }
        }
    }

    #[test]
    fn a_damaged_log_never_panics(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let new = sqlite(&headers());
        let frames: Vec<(u32, &[u8])> = (1..).zip(new.chunks(PAGE)).collect();
        let mut log = log(&frames, frames.len() as u32);
        for (index, byte) in damage {
            let at = index.index(log.len());
            log[at] = byte;
        }
        let _ = walk_bytes(Database::RpmSqlite, &new, Some(&log));
    }
}
