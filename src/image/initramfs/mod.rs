//! What is packed in an initramfs: the small root a kernel starts from.
//!
//! A file of one or more cpio archives one after another, mostly one of them compressed; in front of it there may
//! be some that are not, with microcode (Linux documentation, "initramfs buffer format"). Read piece by piece within
//! fixed limits; nothing is unpacked anywhere. What such files must not hold is the business of the checks.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{Error, Image};

mod cpio;
#[cfg(test)]
pub(crate) mod tests;
mod unpack;

pub use cpio::Member;

/// The most that is read of one initramfs once it is unpacked: 2 GiB.
pub const EXPANDED_LIMIT: u64 = 2 << 30;

/// How much of the beginning of each file inside is handed on: 64 KiB.
pub const START_LIMIT: usize = 64 << 10;

/// Every initramfs below `/boot`, sorted.
///
/// # Errors
/// When `/boot` cannot be listed.
pub fn all(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for pattern in ["/boot/init{rd,ramfs}*", "/boot/*/*/{initrd,initramfs}*", "/boot/efi/*/*/{initrd,initramfs}*"] {
        for path in image.glob(pattern)? {
            let is_file = image.stat(&path)?.is_some_and(|meta| meta.kind == super::Kind::File && meta.size > 0);
            // kdump's and a rescue kernel's count as well; checksums and backups of dpkg do not start.
            if is_file && path.extension().is_none_or(|extension| extension != "sha1" && extension != "dpkg-bak") {
                found.push(image.real_path(&path)?);
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Hands everything packed in the initramfs at `path` to `visit`, in the order of the file.
///
/// # Errors
/// When nothing is there, it cannot be read, or it is not what an initramfs looks like: cut short, packed in a way that
/// is not known, larger than [`EXPANDED_LIMIT`].
pub fn read(image: &Image, path: &Path, visit: &mut dyn FnMut(Member)) -> Result<(), Error> {
    let Some(file) = image.open_file(path)? else { return Err(Error::malformed("read", path, "nothing is there")) };
    archives(BufReader::with_capacity(64 << 10, file), visit)
        .map_err(|error| Error::malformed("read", path, format!("as an initramfs: {error}")))
}

/// [`read`] of the bytes of `source`.
fn archives(source: impl BufRead, visit: &mut dyn FnMut(Member)) -> io::Result<()> {
    let mut source = source;
    let mut archives = 0;
    let mut left = EXPANDED_LIMIT;
    while let Some(magic) = magic(&mut source)? {
        archives += 1;
        if cpio::is_archive(magic) {
            cpio::archive(magic, &mut source, visit)?;
        } else {
            // The kernel goes on behind it: what follows may be another archive, packed or not.
            let mut inside = unpack::Limited::new(unpack::reader(magic, &mut source)?, left);
            let mut next = Some(self::magic(&mut inside)?.ok_or_else(empty)?);
            while let Some(magic) = next {
                cpio::archive(magic, &mut inside, visit)?;
                next = self::magic(&mut inside)?;
            }
            left = inside.left();
        }
    }
    if archives == 0 { Err(empty()) } else { Ok(()) }
}

fn empty() -> io::Error {
    io::Error::other("it is empty")
}

/// The six bytes an archive begins with, after the zeros that fill the space between two; `None` at the end.
fn magic(source: &mut impl Read) -> io::Result<Option<[u8; 6]>> {
    let mut magic = [0; 6];
    let [first, rest @ ..] = &mut magic;
    while *first == 0 {
        if source.read(std::slice::from_mut(first))? == 0 {
            return Ok(None);
        }
    }
    source.read_exact(rest)?;
    Ok(Some(magic))
}
