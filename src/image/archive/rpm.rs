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
    let mut inside = |entry: cpio::Entry, content: &mut dyn Read| match entry.is_file() {
        true => visit(Member { name: entry.name, closed: None }, content),
        false => Ok(()),
    };
    if cpio::is_cpio(&magic) {
        cpio::archive(&mut source, &mut inside)
    } else if Packing::of(&magic).is_some() {
        cpio::archive(&mut Limited::new(Unpacked::new(&mut source), limit), &mut inside)
    } else {
        Err(damaged())
    }
}

/// Passes over a header: magic, numbers of entries and of bytes, sixteen bytes for each entry, the bytes. Gives its
/// length.
fn header(source: &mut dyn Read) -> io::Result<u64> {
    let mut intro = [0; 16];
    source.read_exact(&mut intro)?;
    let [0x8e, 0xad, 0xe8, _, _, _, _, _, a, b, c, d, e, f, g, h] = intro else { return Err(damaged()) };
    let entries = u64::from(u32::from_be_bytes([a, b, c, d]));
    let length = entries * 16 + u64::from(u32::from_be_bytes([e, f, g, h]));
    if length > HEADER_LIMIT {
        return Err(damaged());
    }
    skip(source, length)?;
    Ok(length + 16)
}
