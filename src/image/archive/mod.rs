//! Archives and compressed files: what is packed in them, handed over as a stream, one level deep.
//!
//! A format is told by its first bytes, never by a name. Nothing is unpacked to disk, no name of a member is ever used as
//! a path, no link is followed, and memory is what one decoder needs: what lies inside is made by whoever made the image,
//! so that everything here ends within [`EXPANDED_LIMIT`] and [`MEMBER_LIMIT`]. What must not be inside is the business
//! of the checks.

use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

mod cpio;
mod deb;
mod limited;
mod lz4;
mod memory;
mod packing;
mod rpm;
mod tar;
#[cfg(test)]
pub(crate) mod tests;
mod zip;

pub(super) use cpio::archives as cpio_archives;
use limited::Limited;
pub use packing::Packing;
use packing::{Ahead, Unpacked};

/// The most that is unpacked of one file: 1 GiB.
pub const EXPANDED_LIMIT: u64 = 1 << 30;

/// What any file may unpack to, however small it is: 64 MiB.
const EXPANDED_FREE: u64 = 64 << 20;

/// How many times its own size a file may unpack to beyond [`EXPANDED_FREE`].
const RATIO: u64 = 200;

/// The most members of one archive.
pub const MEMBER_LIMIT: u32 = 1_000_000;

/// The longest name of a member, in bytes (`PATH_MAX`).
const NAME_LIMIT: u64 = 4096;

/// What is read at once of an archive.
const CHUNK: usize = 64 << 10;

/// How many of a file's first bytes tell its format: the header of a tar archive.
pub const HEAD: usize = 512;

/// What a file is packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Compressed: one file, a tar archive or a cpio archive.
    Packed(Packing),
    /// tar(5): old, ustar, pax or GNU.
    Tar,
    /// cpio(5), several in a row too, the last of them compressed: an initramfs.
    Cpio,
    /// ZIP: zip, jar, war, whl, apk, docx.
    Zip,
    /// A Debian package (deb(5)).
    Deb,
    /// An RPM package.
    Rpm,
    /// Something that is not looked into; what it is called.
    Closed(&'static str),
}

/// Formats that are named and not looked into, by their first bytes.
const CLOSED: [(&[u8], &str); 8] = [
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"LZIP\x01", "lzip"),
    (b"\x89LZO\0\r\n\x1a\n", "lzop"),
    (b"\x1f\x9d\x90", "compress"),
    (b"hsqs", "SquashFS"),
    (b"MSCF\0\0\0\0", "cabinet"),
    (b"xar!\0\x1c", "xar"),
];

impl Format {
    /// The format of a file that begins with `head`: its first [`HEAD`] bytes, or all of it when it is shorter.
    pub fn of(head: &[u8]) -> Option<Self> {
        if let Some(packing) = Packing::of(head) {
            return Some(Self::Packed(packing));
        }
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [0xed, 0xab, 0xee, 0xdb, ..] => Some(Self::Rpm),
            _ if deb::is_deb(head) => Some(Self::Deb),
            _ if cpio::is_cpio(head) => Some(Self::Cpio),
            _ if tar::is_tar(head) => Some(Self::Tar),
            _ => CLOSED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| Self::Closed(name)),
        }
    }
}

/// A regular file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path as the archive writes it, without a leading `/` or `./`; bytes that are not UTF-8 are replaced. It may
    /// hold `..`, newlines and whatever else its maker liked. Empty for the content of a compressed file, which keeps
    /// the name of its own.
    pub name: String,
    /// Why its content is not handed over (it is encrypted, say).
    pub closed: Option<&'static str>,
}

/// Why an archive was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// It unpacks to more than is read.
    #[error("it unpacks to more than {} MiB", .0 >> 20)]
    Expanded(u64),
    /// It has more members than are read.
    #[error("it holds more than {MEMBER_LIMIT} files")]
    Members,
    /// A decoder would need more memory than it gets.
    #[error("unpacking it takes more memory than is given to one file")]
    Memory,
    /// It is not what it begins as.
    #[error("it is damaged or cut short")]
    Damaged,
    /// Something else stands where a cpio archive should.
    #[error("what is in it is neither a cpio archive nor packed in a known way")]
    Foreign,
    /// Nothing is in it, not even an archive of nothing.
    #[error("it is empty")]
    Empty,
    /// It is packed in a way that is not unpacked here.
    #[error("it is packed with {0}, which is not unpacked here")]
    Closed(&'static str),
    /// Whoever reads the file or gets the members wants no more.
    #[error("it was not wanted")]
    Asked,
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> Self {
        io::Error::other(stop)
    }
}

impl From<io::Error> for Stop {
    /// What a decoder says of what it was given is no more than that it is damaged.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(stop) => stop,
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => Self::Memory,
            Err(_) => Self::Damaged,
        }
    }
}

/// What gets each member with its content. It need not read it to the end. An error it returns ends the reading.
pub type Visit<'v> = &'v mut dyn FnMut(Member, &mut dyn Read) -> io::Result<()>;

/// Hands every regular file packed in `source`, which is of `format`, to `visit`, in the order of the archive.
///
/// # Errors
/// When it was not read to its end; what was handed over until then stands.
pub fn members<S: Read + Seek>(format: Format, mut source: S, visit: Visit<'_>) -> Result<(), Stop> {
    let size = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    let limit = size.saturating_mul(RATIO).saturating_add(EXPANDED_FREE).min(EXPANDED_LIMIT);
    let result = match format {
        Format::Closed(name) => return Err(Stop::Closed(name)),
        Format::Zip => zip::members(source, size, limit, visit),
        Format::Tar => tar::members(&mut Limited::new(&mut chunks(source), EXPANDED_LIMIT), visit),
        Format::Deb => deb::members(&mut chunks(source), limit, visit),
        Format::Rpm => rpm::members(&mut chunks(source), limit, visit),
        Format::Cpio => cpio_members(source, limit, visit),
        Format::Packed(_) => packed(source, limit, visit),
    };
    Ok(result?)
}

fn chunks<S: Read>(source: S) -> BufReader<S> {
    BufReader::with_capacity(CHUNK, source)
}

/// A compressed file: what is inside is an archive, or else one file.
fn packed<S: Read + Seek>(mut source: S, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    let mut chunks = chunks(&mut source);
    let mut ahead = Ahead::new(&mut chunks);
    let mut streams = Unpacked::new(&mut ahead);
    let mut unpacked = Limited::new(&mut streams, limit);
    let mut head = Vec::with_capacity(HEAD);
    let begun = (&mut unpacked).take(HEAD as u64).read_to_end(&mut head);
    if cpio::is_cpio(&head) {
        // It gives its memory back before the next one waits for some.
        drop(streams);
        source.rewind()?;
        return cpio_members(source, limit, visit);
    }
    let is_tar = tar::is_tar(&head);
    let alone = Member { name: String::new(), closed: None };
    if begun.is_err() {
        visit(alone, &mut Cursor::new(head))?;
        return begun.map(drop);
    }
    let mut whole = Cursor::new(head).chain(unpacked);
    if is_tar { tar::members(&mut whole, visit) } else { visit(alone, &mut whole) }
}

fn cpio_members<S: Read>(source: S, limit: u64, visit: Visit<'_>) -> io::Result<()> {
    cpio::archives(&mut chunks(source), limit, &mut |entry, content| {
        if entry.is_file() { visit(Member { name: entry.name, closed: None }, content) } else { Ok(()) }
    })
}

/// A member's path as it is kept.
fn path(bytes: &[u8]) -> String {
    let name = String::from_utf8_lossy(bytes);
    name.trim_start_matches("./").trim_start_matches('/').to_owned()
}

fn skip(source: &mut dyn Read, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut source.take(length), &mut io::sink())?;
    if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Reads exactly `length` bytes, at most a few thousand: what a header says of itself.
fn bytes(source: &mut dyn Read, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Reads until `into` is full or `source` ends.
fn fill(source: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(room) = into.get_mut(done..)
        && !room.is_empty()
    {
        match source.read(room) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn damaged() -> io::Error {
    Stop::Damaged.into()
}
