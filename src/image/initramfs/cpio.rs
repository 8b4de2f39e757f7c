//! One cpio archive of the "new ASCII" form (cpio(5), "New ASCII Format").

use std::io::{self, Read};

use super::START_LIMIT;

/// A file, directory, link or device in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path without a leading `/` or `./`; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Type and permission bits, as in stat(2).
    pub mode: u32,
    /// Its length in bytes.
    pub size: u64,
    /// The first [`START_LIMIT`] bytes of a regular file; where a link points.
    pub start: Vec<u8>,
}

impl Member {
    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

/// The longest name, in bytes (`PATH_MAX`).
const NAME_LIMIT: usize = 4096;
/// The most members of one archive.
const MEMBER_LIMIT: usize = 1 << 20;
/// The fields after the magic: thirteen numbers of eight hexadecimal digits.
const FIELDS: usize = 13 * 8;

pub(super) fn is_archive(magic: [u8; 6]) -> bool {
    matches!(&magic, b"070701" | b"070702")
}

/// Reads the archive that begins with `magic` and goes on in `source`, up to its last member.
pub(super) fn archive(magic: [u8; 6], source: &mut dyn Read, visit: &mut dyn FnMut(Member)) -> io::Result<()> {
    let mut magic = magic;
    for _ in 0..MEMBER_LIMIT {
        if !is_archive(magic) {
            return Err(io::Error::other("what follows is no cpio archive"));
        }
        let Some(member) = member(source)? else { return Ok(()) };
        visit(member);
        source.read_exact(&mut magic)?;
    }
    Err(io::Error::other(format!("it holds more than {MEMBER_LIMIT} files")))
}

/// The next member after its magic; `None` for the one that ends the archive.
fn member(source: &mut dyn Read) -> io::Result<Option<Member>> {
    let mut fields = [0; FIELDS];
    source.read_exact(&mut fields)?;
    let number = |place: usize| {
        let digits = fields.get(place * 8..place * 8 + 8).and_then(|digits| std::str::from_utf8(digits).ok());
        digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| io::Error::other("a header of its cpio archive is no header"))
    };
    let (mode, size, name_size) = (number(1)?, u64::from(number(6)?), number(11)? as usize);
    if name_size == 0 || name_size > NAME_LIMIT {
        return Err(io::Error::other("a name in its cpio archive is too long"));
    }
    let mut name = vec![0; name_size];
    source.read_exact(&mut name)?;
    // Header (with its magic) and name are filled up to a multiple of four, and so is what follows.
    skip(source, padding(6 + FIELDS as u64 + name_size as u64))?;
    name.pop_if(|last| *last == 0);
    if name == b"TRAILER!!!" {
        return Ok(None);
    }
    let kept = size.min(START_LIMIT as u64);
    let mut start = Vec::new();
    (&mut *source).take(kept).read_to_end(&mut start)?;
    if start.len() as u64 != kept {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    skip(source, size - kept + padding(size))?;
    let name = String::from_utf8_lossy(&name);
    let name = name.trim_start_matches("./").trim_start_matches('/').to_owned();
    Ok(Some(Member { name, mode, size, start }))
}

fn padding(length: u64) -> u64 {
    (4 - length % 4) % 4
}

fn skip(source: &mut dyn Read, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut source.take(length), &mut io::sink())?;
    if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
