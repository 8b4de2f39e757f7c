//! What is packed in an initramfs: the small root a kernel starts from.
//!
//! A file of one or more cpio archives one after another, mostly one of them compressed; in front of it there may
//! be some that are not, with microcode (Linux documentation, "initramfs buffer format"). [`super::archive`] reads them.
//! What such files must not hold is the business of the checks.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::archive::{Stop, cpio_archives};
use super::{Error, Image, Reason};

#[cfg(test)]
pub(crate) mod tests;

/// The most that is read of one initramfs, as it lies on the disk and once it is unpacked: 2 GiB.
pub const EXPANDED_LIMIT: u64 = 2 << 30;

/// How much of the beginning of each file inside is handed on: 64 KiB.
pub const START_LIMIT: usize = 64 << 10;

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
    if image.stat(path)?.is_some_and(|meta| meta.size > EXPANDED_LIMIT) {
        return Err(Error { action: "read", path: path.to_owned(), reason: Reason::TooLarge(EXPANDED_LIMIT) });
    }
    archives(BufReader::with_capacity(64 << 10, file), visit)
        .map_err(|error| Error::malformed("read", path, format!("as an initramfs: {error}")))
}

/// [`read`] of the bytes of `source`.
fn archives(mut source: impl BufRead, visit: &mut dyn FnMut(Member)) -> Result<(), Stop> {
    let read = cpio_archives(&mut source, EXPANDED_LIMIT, &mut |entry, content| {
        let mut start = Vec::new();
        content.take(START_LIMIT as u64).read_to_end(&mut start)?;
        if start.len() as u64 != entry.size.min(START_LIMIT as u64) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        visit(Member { name: entry.name, mode: entry.mode, size: entry.size, start });
        Ok(())
    });
    Ok(read?)
}
