//! cpio archives: "new ASCII", "old character" and "old binary" form (cpio(5)), one or several in a row.

use std::io::{self, BufRead, Read};

use super::packing::{Ahead, Packing, Unpacked};
use super::{Limited, MEMBER_LIMIT, NAME_LIMIT, Stop, bytes, damaged, path, skip};

/// A file, directory, link or device in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::image) struct Entry {
    /// Its path without a leading `/` or `./`; bytes that are not UTF-8 are replaced.
    pub(in crate::image) name: String,
    /// Type and permission bits, as in stat(2).
    pub(in crate::image) mode: u32,
    /// Its length in bytes.
    pub(in crate::image) size: u64,
}

impl Entry {
    /// Whether it is a regular file.
    pub(in crate::image) fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

type Visit<'v> = &'v mut dyn FnMut(Entry, &mut dyn Read) -> io::Result<()>;

/// Whether an archive begins with `head`.
pub(super) fn is_cpio(head: &[u8]) -> bool {
    matches!(head, [b'0', b'7', b'0', b'7', b'0', b'1' | b'2' | b'7', ..]) || is_binary(head)
}

/// Two bytes are little: device and type of the first member, at the third and fourth number, have to be likely too.
fn is_binary(head: &[u8]) -> bool {
    match head {
        [0xc7, 0x71, _, _, _, _, ..] => head.get(7).is_none_or(|mode| (0x10..=0xc0).contains(&(mode & 0xf0))),
        [0x71, 0xc7, _, _, _, _, ..] => head.get(6).is_none_or(|mode| (0x10..=0xc0).contains(&(mode & 0xf0))),
        _ => false,
    }
}

/// Reads archives one after another, with zeros in between or none, each as it is or compressed: what a kernel starts
/// from (Linux documentation, "initramfs buffer format"). The compressed ones unpack to at most `limit` bytes together.
///
/// # Errors
/// When there is none, one is cut short, or something else follows.
pub(in crate::image) fn archives(source: &mut dyn BufRead, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    let mut source = Ahead::new(source);
    let mut left = limit;
    let mut archives = 0;
    while let Some(magic) = source.magic()? {
        archives += 1;
        if is_cpio(&magic) {
            archive(&mut source, visit)?;
        } else if Packing::of(&magic).is_some() {
            let mut unpacked = Unpacked::new(&mut source);
            let mut limited = Limited::new(&mut unpacked, left);
            let mut chunks = io::BufReader::new(&mut limited);
            let mut inside = Ahead::new(&mut chunks);
            let mut next = Some(inside.magic()?.ok_or(Stop::Empty)?);
            while let Some(magic) = next {
                if !is_cpio(&magic) {
                    return Err(Stop::Foreign.into());
                }
                archive(&mut inside, visit)?;
                next = inside.magic()?;
            }
            left = limited.left();
        } else if magic.starts_with(b"\x89LZO") {
            return Err(Stop::Closed("lzop").into());
        } else {
            return Err(Stop::Foreign.into());
        }
    }
    if archives == 0 { Err(Stop::Empty.into()) } else { Ok(()) }
}

/// Reads one archive up to its last member.
pub(super) fn archive(source: &mut dyn Read, visit: Visit<'_>) -> io::Result<()> {
    for _ in 0..MEMBER_LIMIT {
        let (entry, padding) = header(source)?;
        if entry.name == "TRAILER!!!" {
            return Ok(());
        }
        let size = entry.size;
        let mut content = source.take(size);
        visit(entry, &mut content)?;
        let left = content.limit();
        skip(source, left + padding)?;
    }
    Err(Stop::Members.into())
}

/// The next member, and how many bytes fill the space behind its content.
fn header(source: &mut dyn Read) -> io::Result<(Entry, u64)> {
    let mut magic = [0; 6];
    source.read_exact(&mut magic)?;
    let (mode, size, name, header, align) = match &magic {
        b"070701" | b"070702" => {
            let fields = fields::<104>(source)?;
            let number = |place: usize| digits(fields.get(place * 8..place * 8 + 8), 16);
            (number(1)?, number(6)?, number(11)?, 110, 4)
        }
        b"070707" => {
            let fields = fields::<70>(source)?;
            let number = |place: usize, length| digits(fields.get(place..place + length), 8);
            (number(12, 6)?, number(59, 11)?, number(53, 6)?, 76, 1)
        }
        [0xc7, 0x71, ..] | [0x71, 0xc7, ..] => {
            let [0xc7, ..] = magic else { return binary(source, magic, u16::from_be_bytes) };
            return binary(source, magic, u16::from_le_bytes);
        }
        _ => return Err(damaged()),
    };
    finish(source, mode, size, name, header, align)
}

/// Thirteen numbers of two bytes, of which magic and two are read already; the size is two of them, the high one first.
fn binary(source: &mut dyn Read, magic: [u8; 6], order: fn([u8; 2]) -> u16) -> io::Result<(Entry, u64)> {
    let rest = fields::<20>(source)?;
    let all: Vec<u16> =
        magic.iter().chain(&rest).copied().collect::<Vec<u8>>().as_chunks().0.iter().copied().map(order).collect();
    let [_, _, _, mode, _, _, _, _, _, _, name, high, low] = all[..] else { return Err(damaged()) };
    finish(source, mode.into(), u64::from(high) << 16 | u64::from(low), name.into(), 26, 2)
}

fn finish(source: &mut dyn Read, mode: u64, size: u64, name: u64, header: u64, align: u64) -> io::Result<(Entry, u64)> {
    let padding = |length: u64| (align - length % align) % align;
    if name == 0 || name > NAME_LIMIT {
        return Err(damaged());
    }
    let mut bytes = bytes(source, name)?;
    // Header and name are filled up together, and so is what follows.
    skip(source, padding(header + name))?;
    bytes.pop_if(|last| *last == 0);
    let mode = u32::try_from(mode).unwrap_or_default();
    Ok((Entry { name: path(&bytes), mode, size }, padding(size)))
}

fn fields<const LENGTH: usize>(source: &mut dyn Read) -> io::Result<[u8; LENGTH]> {
    let mut fields = [0; LENGTH];
    source.read_exact(&mut fields)?;
    Ok(fields)
}

fn digits(digits: Option<&[u8]>, radix: u32) -> io::Result<u64> {
    digits
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u64::from_str_radix(digits, radix).ok())
        .ok_or_else(damaged)
}
