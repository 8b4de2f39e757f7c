//! Berkeley DB's hash access method, as far as rpm's `Packages` uses it (libdb's `dbinc/db_page.h`): a metadata page,
//! hash pages with pairs of key and value, and chains of overflow pages for values that do not fit.
//!
//! Every page is looked at once, in the order of the file; the hash function is not needed for that.

use super::source::{LARGEST_HEADER, Seen, Source, Visit};

const MAGIC: u32 = 0x0006_1561;
const METADATA_PAGE: u8 = 8;
const CHECKSUMS: u8 = 1;
const HASH_UNSORTED_PAGE: u8 = 2;
const HASH_PAGE: u8 = 13;
const OVERFLOW_PAGE: u8 = 7;
const PAGE_HEADER: usize = 26;
const IN_PLACE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// The numbers of a page, in the byte order of the machine that wrote it.
struct Page {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Page {
    fn u16(&self, at: usize) -> Result<usize, String> {
        let chunk = self.bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(damaged)?;
        Ok(usize::from(if self.big_endian { u16::from_be_bytes(*chunk) } else { u16::from_le_bytes(*chunk) }))
    }

    fn u32(&self, at: usize) -> Result<u32, String> {
        let chunk = self.bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(damaged)?;
        Ok(if self.big_endian { u32::from_be_bytes(*chunk) } else { u32::from_le_bytes(*chunk) })
    }

    fn u8(&self, at: usize) -> Result<u8, String> {
        self.bytes.get(at).copied().ok_or_else(damaged)
    }

    fn kind(&self) -> Result<u8, String> {
        self.u8(25)
    }
}

fn damaged() -> String {
    "a page is damaged".to_owned()
}

struct Database<'a> {
    source: &'a Source<'a>,
    page_size: usize,
    pages: u32,
    big_endian: bool,
    seen: Seen,
}

/// Goes through every header.
pub(super) fn walk(source: &Source<'_>, visit: Visit<'_>) -> Result<(), String> {
    let mut database = Database::open(source)?;
    for number in 1..database.pages {
        let page = database.page(number)?;
        if !matches!(page.kind()?, HASH_PAGE | HASH_UNSORTED_PAGE) {
            continue;
        }
        let items = page.u16(20)?;
        let mut end = database.page_size;
        for pair in 0..items / 2 {
            let key = page.u16(PAGE_HEADER + pair * 4)?;
            let value = page.u16(PAGE_HEADER + pair * 4 + 2)?;
            // Items lie behind each other from the end of the page down, each with its kind in its first byte.
            let key_bytes = page.bytes.get(key..end).ok_or_else(damaged)?;
            let value_bytes = page.bytes.get(value..key).ok_or_else(damaged)?;
            end = value;
            // The record with key 0 holds the next free number instead of a header.
            if key_bytes == [IN_PLACE, 0, 0, 0, 0] {
                continue;
            }
            match *value_bytes.first().ok_or_else(damaged)? {
                IN_PLACE => visit(value_bytes.get(1..).unwrap_or_default())?,
                OFF_PAGE => visit(&database.overflow(page.u32(value + 4)?, page.u32(value + 8)? as usize)?)?,
                _ => return Err("it holds duplicates, which rpm never writes".to_owned()),
            }
        }
    }
    Ok(())
}

impl<'a> Database<'a> {
    fn open(source: &'a Source<'a>) -> Result<Self, String> {
        let bytes = source.read(0, 72)?;
        let mut meta = Page { bytes, big_endian: false };
        if meta.u32(12)? != MAGIC {
            meta.big_endian = true;
        }
        if meta.u32(12)? != MAGIC || meta.kind()? != METADATA_PAGE {
            return Err("it is no Berkeley DB hash".to_owned());
        }
        if meta.u8(24)? != 0 || meta.u8(26)? & CHECKSUMS != 0 {
            return Err("it is encrypted or has checksums, which rpm never asks for".to_owned());
        }
        let page_size = meta.u32(20)? as usize;
        if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
            return Err("its page size is out of range".to_owned());
        }
        let pages = meta.u32(32)?.checked_add(1).ok_or_else(damaged)?;
        if u64::from(pages) * page_size as u64 > source.size() {
            return Err("the database is cut short".to_owned());
        }
        Ok(Self { source, page_size, pages, big_endian: meta.big_endian, seen: Seen::new(pages) })
    }

    fn page(&self, number: u32) -> Result<Page, String> {
        let bytes = self.source.read(u64::from(number) * self.page_size as u64, self.page_size)?;
        Ok(Page { bytes, big_endian: self.big_endian })
    }

    /// The value of `length` bytes in the chain of pages that starts at `number`.
    fn overflow(&mut self, mut number: u32, length: usize) -> Result<Vec<u8>, String> {
        if length > LARGEST_HEADER || length as u64 > self.source.size() {
            return Err("a header is too large".to_owned());
        }
        let mut value = Vec::with_capacity(length);
        while value.len() < length {
            self.seen.mark(number)?;
            let page = self.page(number)?;
            if page.kind()? != OVERFLOW_PAGE {
                return Err(damaged());
            }
            let here = page.bytes.get(PAGE_HEADER..PAGE_HEADER + page.u16(22)?).ok_or_else(damaged)?;
            value.extend(here.iter().take(length - value.len()));
            number = page.u32(16)?;
        }
        Ok(value)
    }
}
