//! SQLite's write-ahead log (sqlite.org/fileformat2.html, "The Write-Ahead Log"): pages that were committed but are not
//! yet in the database itself. A machine that was imaged while running often has one.

use std::collections::HashMap;

use super::source::{Source, be32};

const HEADER: u64 = 32;
const FRAME_HEADER: usize = 24;

/// The committed pages of a log.
pub(super) struct Wal<'a> {
    source: &'a Source<'a>,
    page_size: usize,
    pages: u32,
    /// Where the newest committed content of each page is.
    offsets: HashMap<u32, u64>,
}

impl<'a> Wal<'a> {
    /// `None` when nothing was committed to the log that still counts.
    pub(super) fn open(source: &'a Source<'a>) -> Result<Option<Self>, String> {
        if source.size() < HEADER {
            return Ok(None);
        }
        let head = source.read(0, 32)?;
        let big_endian = match be32(&head, 0) {
            Some(0x377f_0682) => false,
            Some(0x377f_0683) => true,
            _ => return Ok(None),
        };
        let page_size = be32(&head, 8).unwrap_or(0) as usize;
        if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
            return Ok(None);
        }
        let sum = |sum, bytes: &[u8]| checksum(sum, bytes, big_endian);
        let mut running = sum((0, 0), head.get(..24).unwrap_or_default());
        if stored(&head, 24) != Some(running) {
            return Ok(None);
        }

        let mut wal = Self { source, page_size, pages: 0, offsets: HashMap::new() };
        let mut pending = Vec::new();
        let mut offset = HEADER;
        while offset + (FRAME_HEADER + page_size) as u64 <= source.size() {
            let frame = source.read(offset, FRAME_HEADER + page_size)?;
            let (frame_head, page) = frame.split_at_checked(FRAME_HEADER).unwrap_or_default();
            running = sum(sum(running, frame_head.get(..8).unwrap_or_default()), page);
            // A frame of an older round, or one that was never finished, ends the log.
            if frame_head.get(8..16) != head.get(16..24) || stored(frame_head, 16) != Some(running) {
                break;
            }
            pending.push((be32(frame_head, 0).unwrap_or(0), offset + FRAME_HEADER as u64));
            let pages = be32(frame_head, 4).unwrap_or(0);
            if pages != 0 {
                wal.pages = pages;
                wal.offsets.extend(pending.drain(..));
            }
            offset += frame.len() as u64;
        }
        Ok((wal.pages != 0).then_some(wal))
    }

    pub(super) fn page_size(&self) -> usize {
        self.page_size
    }

    /// How many pages the database has after the last commit.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// The size of the log, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.source.size()
    }

    /// The content of page `number`, when the log has it.
    pub(super) fn page(&self, number: u32) -> Option<Result<Vec<u8>, String>> {
        self.offsets.get(&number).map(|offset| self.source.read(*offset, self.page_size))
    }
}

fn stored(head: &[u8], at: usize) -> Option<(u32, u32)> {
    Some((be32(head, at)?, be32(head, at + 4)?))
}

/// The cumulative checksum ("Checksum Algorithm"); `big_endian` is how it takes its input.
fn checksum((mut one, mut two): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let number = |word: &[u8; 4]| if big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
    for [first, second] in pairs {
        one = one.wrapping_add(number(first)).wrapping_add(two);
        two = two.wrapping_add(number(second)).wrapping_add(one);
    }
    (one, two)
}
