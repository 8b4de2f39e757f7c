//! ZIP archives (PKWARE, APPNOTE.TXT), by their central directory, ZIP64 too.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use bzip2::bufread::BzDecoder;
use flate2::bufread::DeflateDecoder;

use super::packing::{Ahead, Unpacked};
use super::{CHUNK, Limited, MEMBER_LIMIT, Member, NAME_LIMIT, Stop, Visit, damaged, path, skip};

/// The end record, and the longest comment behind it.
const END: u64 = 22;
const COMMENT: u64 = 0xffff;

/// How many entries of the central directory are held at once.
const BATCH: usize = 256;

/// One entry of the central directory.
struct Entry {
    name: String,
    /// Where its local header is.
    offset: u64,
    /// Its length as it is packed.
    packed: u64,
    method: u16,
    is_encrypted: bool,
}

pub(super) fn members<S: Read + Seek>(mut source: S, size: u64, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    let directory = directory(&mut source, size)?;
    let (mut at, mut left, mut visited) = (directory.at, limit, 0);
    while visited < directory.entries {
        let mut batch = Vec::new();
        {
            source.seek(SeekFrom::Start(at))?;
            let mut chunks = BufReader::with_capacity(CHUNK, &mut source);
            while batch.len() < BATCH && visited < directory.entries {
                let (entry, length) = entry(&mut chunks)?;
                batch.push(entry);
                at += length;
                visited += 1;
                if visited > MEMBER_LIMIT.into() {
                    return Err(Stop::Members.into());
                }
            }
        }
        for entry in batch.into_iter().filter(|entry| !entry.name.ends_with('/')) {
            let offset = directory.base.checked_add(entry.offset).ok_or_else(damaged)?;
            left = member(&mut source, offset, &entry, left, visit)?;
        }
    }
    Ok(())
}

/// Hands over one member, which may unpack to `left` bytes; gives how many are left then.
fn member<S: Read + Seek>(source: S, offset: u64, entry: &Entry, left: u64, visit: Visit<'_>) -> io::Result<u64> {
    let member = |closed| Member { name: entry.name.clone(), closed };
    if entry.is_encrypted {
        visit(member(Some("encrypted")), &mut io::empty())?;
        return Ok(left);
    }
    let mut source = source;
    source.seek(SeekFrom::Start(offset))?;
    let mut chunks = BufReader::with_capacity(8 << 10, source);
    let mut header = [0; 30];
    chunks.read_exact(&mut header)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(damaged());
    }
    // Of the local header only how long it is counts: name and extra field may differ from the directory's.
    skip(&mut chunks, u64::from(short(&header, 26)) + u64::from(short(&header, 28)))?;
    let mut packed = chunks.take(entry.packed);
    let mut ahead;
    let mut content: Box<dyn Read + '_> = match entry.method {
        0 => Box::new(packed),
        8 => Box::new(DeflateDecoder::new(packed)),
        12 => Box::new(BzDecoder::new(packed)),
        93 | 95 => {
            ahead = Ahead::new(&mut packed);
            Box::new(Unpacked::new(&mut ahead))
        }
        _ => {
            visit(member(Some("packed in a way that is not unpacked here")), &mut io::empty())?;
            return Ok(left);
        }
    };
    let mut content = Limited::new(&mut content, left);
    visit(member(None), &mut content)?;
    Ok(content.left())
}

/// Where the central directory is.
struct Directory {
    at: u64,
    entries: u64,
    /// What lies in front of the archive: a program that unpacks it, say.
    base: u64,
}

fn directory<S: Read + Seek>(source: &mut S, size: u64) -> io::Result<Directory> {
    let from = size.saturating_sub(END + COMMENT);
    source.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    source.take(END + COMMENT).read_to_end(&mut tail)?;
    let place = memchr::memmem::rfind(&tail, b"PK\x05\x06").ok_or_else(damaged)?;
    let end = tail.get(place..).and_then(|end| end.first_chunk::<22>()).ok_or_else(damaged)?;
    let place = from + place as u64;
    let (mut entries, mut length, mut offset) = (u64::from(short(end, 10)), long(end, 12), long(end, 16));
    let mut behind = place;
    let is_wide = entries == 0xffff || length == 0xffff_ffff || offset == 0xffff_ffff;
    if is_wide && let Some((record, at)) = zip64(source, place)? {
        (entries, length, offset, behind) = (quad(&record, 32), quad(&record, 40), quad(&record, 48), at);
    }
    let at = behind.checked_sub(length).ok_or_else(damaged)?;
    let base = at.checked_sub(offset).ok_or_else(damaged)?;
    Ok(Directory { at, entries, base })
}

/// The ZIP64 end record and where it is: a locator in front of the end record at `end` points to it.
fn zip64<S: Read + Seek>(source: &mut S, end: u64) -> io::Result<Option<([u8; 56], u64)>> {
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    let mut locator = [0; 20];
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(&mut locator)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    // With something in front of the archive, the record is where it is likely: right before its locator.
    for at in [Some(quad(&locator, 8)), at.checked_sub(56)].into_iter().flatten() {
        let mut record = [0; 56];
        source.seek(SeekFrom::Start(at))?;
        if super::fill(source, &mut record)? == record.len() && record.starts_with(b"PK\x06\x06") {
            return Ok(Some((record, at)));
        }
    }
    Err(damaged())
}

/// The next entry of the central directory, and how long it is.
fn entry(source: &mut impl BufRead) -> io::Result<(Entry, u64)> {
    let mut header = [0; 46];
    source.read_exact(&mut header)?;
    if !header.starts_with(b"PK\x01\x02") {
        return Err(damaged());
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| u64::from(short(&header, at)));
    let bytes = super::bytes(source, name)?;
    let fields = super::bytes(source, extra)?;
    skip(source, comment)?;
    if name > NAME_LIMIT {
        return Err(damaged());
    }
    let (mut packed, mut offset) = (long(&header, 20), long(&header, 42));
    let mut wide = extended(&fields);
    // In this order, and only those that did not fit.
    if long(&header, 24) == 0xffff_ffff {
        wide.next();
    }
    for value in [&mut packed, &mut offset] {
        if *value == 0xffff_ffff {
            *value = wide.next().ok_or_else(damaged)?;
        }
    }
    let (flags, method) = (short(&header, 8), short(&header, 10));
    let entry = Entry { name: path(&bytes), offset, packed, method, is_encrypted: flags & 1 != 0 };
    Ok((entry, 46 + name + extra + comment))
}

/// The numbers of eight bytes in the ZIP64 field among `fields`.
fn extended(mut fields: &[u8]) -> impl Iterator<Item = u64> {
    let mut found = &[][..];
    while let Some((head, rest)) = fields.split_first_chunk::<4>()
        && let Some((field, rest)) = rest.split_at_checked(short(head, 2).into())
    {
        if short(head, 0) == 1 {
            found = field;
            break;
        }
        fields = rest;
    }
    found.as_chunks().0.iter().copied().map(u64::from_le_bytes)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u32::from_le_bytes).into()
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map_or(0, u64::from_le_bytes)
}
