//! RPM packages: lead, signature, header, then a compressed cpio archive (rpm.org, "RPM V4 Package format").

use std::io::{self, BufRead, Read};

use super::packing::{Ahead, Packing, Unpacked};
use super::{Limited, Member, Visit, cpio, damaged, skip};

const LEAD: u64 = 96;

/// The most that a header may hold (rpm's `headerMaxbytes`): 256 MiB.
const HEADER_LIMIT: u64 = 256 << 20;

pub(super) fn members(source: &mut dyn BufRead, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    skip(source, LEAD)?;
    let signature = header(source)?;
    skip(source, (8 - signature % 8) % 8)?;
    header(source)?;
    let mut source = Ahead::new(source);
    // A package without files has no payload.
    let Some(magic) = source.magic()? else { return Ok(()) };
    let mut inside = |entry: cpio::Entry, content: &mut dyn Read| {
        if entry.is_file() { visit(Member { name: entry.name, closed: None }, content) } else { Ok(()) }
    };
    if cpio::is_cpio(&magic) {
        cpio::archive(&mut source, &mut inside)
    } else if Packing::of(&magic).is_some() {
        cpio::archive(&mut Limited::new(&mut Unpacked::new(&mut source), limit), &mut inside)
    } else {
        Err(damaged())
    }
}

/// Passes over a header: magic, numbers of entries and of bytes, sixteen bytes for each entry, the bytes. Gives its
/// length.
fn header(source: &mut dyn Read) -> io::Result<u64> {
    let mut intro = [0; 16];
    source.read_exact(&mut intro)?;
    if !intro.starts_with(&[0x8e, 0xad, 0xe8]) {
        return Err(damaged());
    }
    let number = |at: usize| intro.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_be_bytes);
    let length = u64::from(number(8)) * 16 + u64::from(number(12));
    if length > HEADER_LIMIT {
        return Err(damaged());
    }
    skip(source, length)?;
    Ok(length + 16)
}
