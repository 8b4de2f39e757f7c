//! rpm's own database format, `Packages.db` (rpm's `lib/backend/ndb/rpmpkg.c`): pages of slots, then blobs in blocks of
//! sixteen bytes. All numbers have the least significant byte first.

use super::source::{LARGEST_HEADER, Source, Visit, le32};

const MAGIC: u32 = u32::from_le_bytes(*b"RpmP");
const SLOT: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_START: u32 = u32::from_le_bytes(*b"BlbS");
const BLOB_END: u32 = u32::from_le_bytes(*b"BlbE");
const PAGE: usize = 4096;
const BLOCK: u64 = 16;

/// Goes through every header.
pub(super) fn walk(source: &Source<'_>, visit: Visit<'_>) -> Result<(), String> {
    let head = source.read(0, 32)?;
    if le32(&head, 0) != Some(MAGIC) {
        return Err("it is no rpm package database".to_owned());
    }
    if le32(&head, 4) != Some(0) {
        return Err("it has a format version that is not known".to_owned());
    }
    let pages = le32(&head, 12).unwrap_or(0);
    // Blobs do not overlap, so all of them together are no larger than the file.
    let mut left = source.size();
    for page in 0..u64::from(pages) {
        let slots = source.read(page * PAGE as u64, PAGE)?;
        let (slots, _) = slots.as_chunks::<16>();
        // The first page starts with the header of the file, as large as two slots.
        for slot in slots.iter().skip(if page == 0 { 2 } else { 0 }) {
            if le32(slot, 0) != Some(SLOT) {
                return Err("a slot is damaged".to_owned());
            }
            let (package, offset) = (le32(slot, 4).unwrap_or(0), le32(slot, 8).unwrap_or(0));
            if offset == 0 {
                continue;
            }
            let blob = blob(source, package, u64::from(offset) * BLOCK)?;
            left = left.checked_sub(blob.len() as u64).ok_or("its headers overlap")?;
            visit(&blob)?;
        }
    }
    Ok(())
}

fn blob(source: &Source<'_>, package: u32, offset: u64) -> Result<Vec<u8>, String> {
    let damaged = || "a header is damaged".to_owned();
    let head = source.read(offset, 16)?;
    let length = le32(&head, 12).ok_or_else(damaged)? as usize;
    if le32(&head, 0) != Some(BLOB_START) || le32(&head, 4) != Some(package) || length > LARGEST_HEADER {
        return Err(damaged());
    }
    let blocks = (16 + length as u64 + 12).div_ceil(BLOCK);
    let tail = source.read(offset + blocks * BLOCK - 12, 12)?;
    if le32(&tail, 4) != le32(&head, 12) || le32(&tail, 8) != Some(BLOB_END) {
        return Err(damaged());
    }
    source.read(offset + 16, length)
}
