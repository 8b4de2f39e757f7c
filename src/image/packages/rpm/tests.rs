//! Databases written by hand after the formats' descriptions, whole and damaged. What real programs write is compared
//! in `tests/it/packages.rs`.

#![expect(clippy::cast_possible_truncation, reason = "the databases made here are small")]

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

const PAGE: usize = 512;

/// A header with a name, version `1-2`, an epoch and `files` files whose content is `abc`.
fn header(name: &str, files: usize) -> Vec<u8> {
    let strings =
        |items: &mut dyn Iterator<Item = String>| items.map(|item| item + "\0").collect::<String>().into_bytes();
    let many = |text: &str| vec![text.to_owned(); files];
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let entries: Vec<(u32, u32, usize, Vec<u8>)> = vec![
        (1000, 6, 1, strings(&mut [name.to_owned()].into_iter())),
        (1001, 6, 1, b"1\0".to_vec()),
        (1002, 6, 1, b"2\0".to_vec()),
        (1003, 4, 1, 7_u32.to_be_bytes().to_vec()),
        (1011, 6, 1, b"Somebody\0".to_vec()),
        (1022, 6, 1, b"noarch\0".to_vec()),
        (1035, 8, files, strings(&mut many(sha256).into_iter())),
        (1116, 4, files, vec![0; files * 4]),
        (1117, 8, files, strings(&mut (0..files).map(|file| format!("file{file}")))),
        (1118, 8, 1, strings(&mut [format!("/usr/share/{name}/")].into_iter())),
        (5011, 4, 1, 8_u32.to_be_bytes().to_vec()),
    ];
    let mut index = Vec::new();
    let mut data = Vec::new();
    for (tag, kind, count, bytes) in &entries {
        for number in [*tag, *kind, data.len() as u32, *count as u32] {
            index.extend(number.to_be_bytes());
        }
        data.extend(bytes);
    }
    [&(entries.len() as u32).to_be_bytes(), &(data.len() as u32).to_be_bytes(), &index[..], &data].concat()
}

fn headers() -> Vec<Vec<u8>> {
    vec![header("one", 0), header("two", 40), header("three", 3)]
}

fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let mut slots = [b"RpmP".to_vec(), le(&[0, 1, 1, 9, 0, 0, 0])].concat();
    let mut blobs = Vec::new();
    for (number, header) in headers.iter().enumerate() {
        let blocks = (16 + header.len() + 12).div_ceil(16);
        slots.extend([b"Slot".to_vec(), le(&[number + 1, (4096 + blobs.len()) / 16, blocks])].concat());
        let end = blobs.len() + blocks * 16;
        blobs.extend([b"BlbS".to_vec(), le(&[number + 1, 0, header.len()]), header.clone()].concat());
        blobs.resize(end - 12, 0);
        blobs.extend([le(&[0, header.len()]), b"BlbE".to_vec()].concat());
    }
    while slots.len() < 4096 {
        slots.extend([b"Slot".to_vec(), le(&[0, 0, 0])].concat());
    }
    [slots, blobs].concat()
}

fn le(numbers: &[usize]) -> Vec<u8> {
    numbers.iter().flat_map(|number| (*number as u32).to_le_bytes()).collect()
}

/// Writes numbers of a Berkeley DB page in the byte order asked for.
fn put(page: &mut [u8], at: usize, width: usize, number: usize, big_endian: bool) {
    let bytes = if big_endian { (number as u32).to_be_bytes() } else { (number as u32).to_le_bytes() };
    let bytes = if big_endian { &bytes[4 - width..] } else { &bytes[..width] };
    page[at..at + width].copy_from_slice(bytes);
}

fn bdb(headers: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
    let put = |page: &mut [u8], at, width, number| put(page, at, width, number, big_endian);
    let mut hash = vec![0; PAGE];
    let mut overflow: Vec<Vec<u8>> = Vec::new();
    let mut end = PAGE;
    let mut items = vec![(vec![1, 0, 0, 0, 0], vec![1, 9, 0, 0, 0])];
    for (number, header) in headers.iter().enumerate() {
        let mut value = vec![3; 12];
        put(&mut value, 4, 4, 2 + overflow.len());
        put(&mut value, 8, 4, header.len());
        for part in header.chunks(PAGE - 26) {
            let mut page = vec![0; PAGE];
            put(&mut page, 16, 4, 3 + overflow.len());
            put(&mut page, 22, 2, part.len());
            page[25] = 7;
            page[26..26 + part.len()].copy_from_slice(part);
            overflow.push(page);
        }
        items.push((vec![1, number as u8 + 1, 0, 0, 0], value));
    }
    put(&mut hash, 20, 2, items.len() * 2);
    hash[25] = 13;
    for (pair, (key, value)) in items.iter().enumerate() {
        for (item, bytes) in [key, value].into_iter().enumerate() {
            end -= bytes.len();
            hash[end..end + bytes.len()].copy_from_slice(bytes);
            put(&mut hash, 26 + pair * 4 + item * 2, 2, end);
        }
    }
    let mut meta = vec![0; PAGE];
    for (at, number) in [(12, 0x0006_1561), (16, 9), (20, PAGE), (32, 1 + overflow.len())] {
        put(&mut meta, at, 4, number);
    }
    meta[25] = 8;
    [vec![meta, hash], overflow].concat().concat()
}

fn varint(number: usize) -> Vec<u8> {
    assert!(number < 1 << 14);
    if number < 128 { vec![number as u8] } else { vec![0x80 | (number >> 7) as u8, (number & 0x7f) as u8] }
}

/// A record of texts, numbers and blobs, each with its type.
fn record(columns: &[(usize, &[u8])]) -> Vec<u8> {
    let types: Vec<u8> = columns.iter().flat_map(|(kind, _)| varint(*kind)).collect();
    let body: Vec<u8> = columns.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    [varint(types.len() + 1), types, body].concat()
}

fn leaf(start: usize, cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    page[start] = 13;
    page[start + 3..start + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
    let mut end = PAGE;
    for (number, cell) in cells.iter().enumerate() {
        end -= cell.len();
        page[end..end + cell.len()].copy_from_slice(cell);
        let at = start + 8 + number * 2;
        page[at..at + 2].copy_from_slice(&(end as u16).to_be_bytes());
    }
    page
}

/// Page 1 the schema, page 2 the table's interior page, then a leaf and its overflow pages for each header.
fn sqlite(headers: &[Vec<u8>]) -> Vec<u8> {
    let schema = record(&[(23, b"table"), (29, b"Packages"), (29, b"Packages"), (1, &[2]), (13, b"")]);
    let mut first = leaf(100, &[[varint(schema.len()), varint(1), schema].concat()]);
    first[..16].copy_from_slice(b"SQLite format 3\0");
    first[16..18].copy_from_slice(&(PAGE as u16).to_be_bytes());

    let mut pages: Vec<Vec<u8>> = Vec::new();
    let mut leaves = Vec::new();
    for (number, header) in headers.iter().enumerate() {
        leaves.push(3 + pages.len() as u32);
        let row = record(&[(0, b""), (12 + header.len() * 2, header)]);
        let mut cell = [varint(row.len()), varint(number + 1)].concat();
        let (most, least) = (PAGE - 35, (PAGE - 12) * 32 / 255 - 23);
        let fitting = least + (row.len() - least) % (PAGE - 4);
        let local = if row.len() <= most {
            row.len()
        } else if fitting <= most {
            fitting
        } else {
            least
        };
        cell.extend(&row[..local]);
        let parts: Vec<&[u8]> = row[local..].chunks(PAGE - 4).collect();
        let next = |part: usize| 4 + pages.len() as u32 + part as u32;
        if !parts.is_empty() {
            cell.extend(next(0).to_be_bytes());
        }
        let overflow: Vec<Vec<u8>> = (0..parts.len())
            .map(|part| {
                let follower = if part + 1 < parts.len() { next(part + 1) } else { 0 };
                let mut page = [&follower.to_be_bytes(), parts[part]].concat();
                page.resize(PAGE, 0);
                page
            })
            .collect();
        pages.push(leaf(0, &[cell]));
        pages.extend(overflow);
    }
    let mut interior = vec![0; PAGE];
    let (last, others) = leaves.split_last().unwrap();
    interior[0] = 5;
    interior[3..5].copy_from_slice(&(others.len() as u16).to_be_bytes());
    interior[8..12].copy_from_slice(&last.to_be_bytes());
    for (number, page) in others.iter().enumerate() {
        let at = PAGE - (number + 1) * 5;
        interior[at..at + 4].copy_from_slice(&page.to_be_bytes());
        interior[12 + number * 2..14 + number * 2].copy_from_slice(&(at as u16).to_be_bytes());
    }
    [vec![first, interior], pages].concat().concat()
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
    assert_eq!(digests.owner(Path::new("/usr/share/two/file39"), b"abc"), Some(5));
    assert_eq!(digests.owner(Path::new("/usr/share/two/file39"), b"abd"), None);
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
