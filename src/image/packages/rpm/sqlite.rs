//! SQLite's file format (sqlite.org/fileformat2.html), as far as rpm's `Packages` table needs it: the schema, the
//! table's b-tree, records, overflow pages, and what a write-ahead log adds.

use super::source::{LARGEST_HEADER, Seen, Source, Visit, be16, be32};
use super::wal::Wal;

const MAGIC: &[u8] = b"SQLite format 3\0";
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

struct Database<'a> {
    source: &'a Source<'a>,
    wal: Option<Wal<'a>>,
    page_size: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    pages: u32,
    seen: Seen,
    /// How many bytes of records may still come; records do not overlap, so all together are no larger than the files.
    left: u64,
}

/// Goes through every header of the table `Packages`; `wal` is the write-ahead log that lies beside the database.
pub(super) fn walk(source: &Source<'_>, wal: Option<&Source<'_>>, visit: Visit<'_>) -> Result<(), String> {
    let mut database = Database::open(source, wal)?;
    let mut root = None;
    database.rows(1, &mut |row| {
        if column(row, 0) == Some(b"table") && column(row, 1) == Some(b"Packages") {
            root = column(row, 3).and_then(integer);
        }
        Ok(())
    })?;
    let root = root.ok_or("it has no table of packages")?;
    database.rows(root, &mut |row| {
        let blob = column(row, 1).ok_or_else(damaged)?;
        visit(blob)
    })
}

fn damaged() -> String {
    "a page is damaged".to_owned()
}

impl<'a> Database<'a> {
    fn open(source: &'a Source<'a>, wal: Option<&'a Source<'a>>) -> Result<Self, String> {
        // A new database may be in the log alone until the first checkpoint.
        let wal = wal.map(Wal::open).transpose()?.flatten();
        let head = match wal.as_ref().and_then(|wal| wal.page(1)) {
            Some(page) => page?,
            None => source.read(0, 100)?,
        };
        if !head.starts_with(MAGIC) {
            return Err("it is no SQLite database".to_owned());
        }
        let page_size = match be16(&head, 16) {
            Some(1) => 65536,
            size => usize::from(size.unwrap_or(0)),
        };
        let reserved = usize::from(head.get(20).copied().unwrap_or(0));
        let usable = page_size.checked_sub(reserved).filter(|usable| *usable >= 480 && page_size.is_power_of_two());
        let usable = usable.ok_or("its page size is out of range")?;
        if wal.as_ref().is_some_and(|wal| wal.page_size() != page_size) {
            return Err("its write-ahead log belongs to another database".to_owned());
        }
        let pages = match &wal {
            Some(wal) => wal.pages(),
            None => u32::try_from(source.size() / page_size as u64).map_err(|_| damaged())?,
        };
        let most = (source.size() + wal.as_ref().map_or(0, Wal::size)) / page_size as u64;
        let pages = u32::try_from(u64::from(pages).min(most)).map_err(|_| damaged())?;
        let left = most * page_size as u64;
        Ok(Self { source, wal, page_size, usable, pages, seen: Seen::new(pages), left })
    }

    /// Page `number`, counted from 1; each may be asked for once.
    fn page(&mut self, number: u32) -> Result<Vec<u8>, String> {
        if number == 0 || number > self.pages {
            return Err("a page number leads out of the database".to_owned());
        }
        self.seen.mark(number)?;
        let mut page = match self.wal.as_ref().and_then(|wal| wal.page(number)) {
            Some(page) => page?,
            None => self.source.read(u64::from(number - 1) * self.page_size as u64, self.page_size)?,
        };
        page.truncate(self.usable);
        Ok(page)
    }

    /// Goes through the records of the table whose b-tree starts at page `root`.
    fn rows(&mut self, root: u32, visit: Visit<'_>) -> Result<(), String> {
        let mut next = vec![root];
        while let Some(number) = next.pop() {
            let page = self.page(number)?;
            let start = if number == 1 { 100 } else { 0 };
            let cells = usize::from(be16(&page, start + 3).ok_or_else(damaged)?);
            match page.get(start) {
                Some(&INTERIOR) => {
                    next.push(be32(&page, start + 8).ok_or_else(damaged)?);
                    for cell in 0..cells {
                        let at = be16(&page, start + 12 + cell * 2).ok_or_else(damaged)?;
                        next.push(be32(&page, usize::from(at)).ok_or_else(damaged)?);
                    }
                    if next.len() > self.pages as usize {
                        return Err(damaged());
                    }
                }
                Some(&LEAF) => {
                    for cell in 0..cells {
                        let at = be16(&page, start + 8 + cell * 2).ok_or_else(damaged)?;
                        visit(&self.payload(&page, usize::from(at))?)?;
                    }
                }
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }

    /// The record of the leaf cell at `at`: its part on the page and the chain of overflow pages.
    fn payload(&mut self, page: &[u8], at: usize) -> Result<Vec<u8>, String> {
        let cell = page.get(at..).ok_or_else(damaged)?;
        let (length, rest) = varint(cell).ok_or_else(damaged)?;
        let (_rowid, rest) = varint(rest).ok_or_else(damaged)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= LARGEST_HEADER + 64);
        let length = length.ok_or("a header is too large")?;
        self.left = self.left.checked_sub(length as u64).ok_or("its records overlap")?;
        let local = self.local(length);
        let mut payload = Vec::with_capacity(local);
        payload.extend_from_slice(rest.get(..local).ok_or_else(damaged)?);
        let mut next = if local < length { be32(rest, local).ok_or_else(damaged)? } else { 0 };
        while payload.len() < length {
            let page = self.page(next)?;
            next = be32(&page, 0).ok_or_else(damaged)?;
            payload.extend(page.iter().skip(4).take(length - payload.len()));
        }
        Ok(payload)
    }

    /// How many bytes of a record of `length` bytes stand on the leaf page itself ("Cell Payload Overflow Pages").
    fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        if fitting <= most { fitting } else { least }
    }
}

/// The bytes of column `index` of a record ("Record Format"); `None` for NULL and the constants 0 and 1.
fn column(record: &[u8], index: usize) -> Option<&[u8]> {
    let (head_length, after) = varint(record)?;
    let head_length = usize::try_from(head_length).ok()?;
    let (head, mut body) = record.split_at_checked(head_length)?;
    let mut types = head.get(record.len() - after.len()..)?;
    for at in 0.. {
        let (kind, rest) = varint(types)?;
        types = rest;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let (value, rest) = body.split_at_checked(length)?;
        if at == index {
            return (length > 0).then_some(value);
        }
        body = rest;
    }
    None
}

/// A page number stored as an integer column.
fn integer(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0_u32, |value, byte| value.checked_mul(256)?.checked_add(u32::from(*byte)))
}

/// A number of one to nine bytes, and what follows it ("varint").
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        if index == 8 {
            return Some((value << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_up_to_nine_bytes() {
        assert_eq!(varint(&[0x05, 1]), Some((5, &[1][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
    }

    #[test]
    fn columns_are_found_by_their_types() {
        // NULL, text "ab", one-byte integer 7, blob of one byte.
        let record = [5, 0, 17, 1, 14, b'a', b'b', 7, 0xee];
        assert_eq!(column(&record, 0), None);
        assert_eq!(column(&record, 1), Some(&b"ab"[..]));
        assert_eq!(column(&record, 2).and_then(integer), Some(7));
        assert_eq!(column(&record, 3), Some(&[0xee][..]));
        assert_eq!(column(&record, 4), None);
    }
}
