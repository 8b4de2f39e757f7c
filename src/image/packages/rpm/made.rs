//! rpm databases written by hand after the formats' descriptions, for tests: whole ones, small ones. The fixture trees
//! of `tests/it/distros` are made with it too. What real programs write is compared in `tests/it/packages.rs`.

#![expect(clippy::cast_possible_truncation, reason = "the databases made here are small")]

use std::collections::BTreeSet;

/// The page size of the sqlite and Berkeley DB files made here.
pub(crate) const PAGE: usize = 4096;

/// One package for [`header`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) epoch: Option<u32>,
    pub(crate) version: String,
    pub(crate) release: String,
    pub(crate) arch: String,
    pub(crate) vendor: String,
    /// Absolute path and SHA-256 in hexadecimal.
    pub(crate) files: Vec<(String, String)>,
}

/// A package's header as the database stores it.
pub(crate) fn header(package: &Made) -> Vec<u8> {
    let text = |text: &str| format!("{text}\0").into_bytes();
    let texts = |items: &mut dyn Iterator<Item = &str>| items.flat_map(text).collect::<Vec<u8>>();
    let parts: Vec<(&str, &str)> = package.files.iter().filter_map(|(path, _)| path.rsplit_once('/')).collect();
    let directories: Vec<&str> =
        parts.iter().map(|(directory, _)| *directory).collect::<BTreeSet<_>>().into_iter().collect();
    let place = |directory: &str| directories.binary_search(&directory).unwrap_or_default() as u32;
    let files = parts.len();
    let mut entries: Vec<(u32, u32, usize, Vec<u8>)> = vec![
        (1000, 6, 1, text(&package.name)),
        (1001, 6, 1, text(&package.version)),
        (1002, 6, 1, text(&package.release)),
        (1022, 6, 1, text(&package.arch)),
        (1035, 8, files, texts(&mut package.files.iter().map(|(_, digest)| digest.as_str()))),
        (1116, 4, files, parts.iter().flat_map(|(directory, _)| place(directory).to_be_bytes()).collect()),
        (1117, 8, files, texts(&mut parts.iter().map(|(_, name)| *name))),
        (1118, 8, directories.len(), directories.iter().flat_map(|directory| text(&format!("{directory}/"))).collect()),
        (5011, 4, 1, 8_u32.to_be_bytes().to_vec()),
    ];
    if let Some(epoch) = package.epoch {
        entries.push((1003, 4, 1, epoch.to_be_bytes().to_vec()));
    }
    if !package.vendor.is_empty() {
        entries.push((1011, 6, 1, text(&package.vendor)));
    }
    entries.sort();
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

/// rpm's own format: pages of slots, then the blobs.
pub(crate) fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let pages = (headers.len() + 2).div_ceil(256);
    let mut slots = [b"RpmP".to_vec(), le(&[0, 1, pages, headers.len() + 1, 0, 0, 0])].concat();
    let mut blobs = Vec::new();
    for (number, header) in headers.iter().enumerate() {
        let blocks = (16 + header.len() + 12).div_ceil(16);
        slots.extend([b"Slot".to_vec(), le(&[number + 1, (pages * 4096 + blobs.len()) / 16, blocks])].concat());
        let end = blobs.len() + blocks * 16;
        blobs.extend([b"BlbS".to_vec(), le(&[number + 1, 0, header.len()]), header.clone()].concat());
        blobs.resize(end - 12, 0);
        blobs.extend([le(&[0, header.len()]), b"BlbE".to_vec()].concat());
    }
    while slots.len() < pages * 4096 {
        slots.extend([b"Slot".to_vec(), le(&[0, 0, 0])].concat());
    }
    [slots, blobs].concat()
}

fn le(numbers: &[usize]) -> Vec<u8> {
    numbers.iter().flat_map(|number| (*number as u32).to_le_bytes()).collect()
}

/// Writes a number of a Berkeley DB page in the byte order asked for.
pub(crate) fn put(page: &mut [u8], at: usize, width: usize, number: usize, big_endian: bool) {
    let bytes = if big_endian { (number as u32).to_be_bytes() } else { (number as u32).to_le_bytes() };
    let bytes = if big_endian { &bytes[4 - width..] } else { &bytes[..width] };
    page[at..at + width].copy_from_slice(bytes);
}

/// A Berkeley DB hash: page 0 tells of it, page 1 holds the keys, and each header has overflow pages of its own.
pub(crate) fn bdb(headers: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
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
        items.push(([&[1][..], &(number as u32 + 1).to_le_bytes()].concat(), value));
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
    let mut bytes = vec![(number & 0x7f) as u8];
    let mut rest = number >> 7;
    while rest > 0 {
        bytes.insert(0, 0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes
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

/// sqlite: page 1 the schema, page 2 the table's interior page, then a leaf and its overflow pages for each header.
pub(crate) fn sqlite(headers: &[Vec<u8>]) -> Vec<u8> {
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
        let fitting = least + row.len().saturating_sub(least) % (PAGE - 4);
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
    let (last, others) = leaves.split_last().map_or((0, &[][..]), |(last, others)| (*last, others));
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
