//! What the running machine keeps in memory rather than on its disk, and what of its memory it keeps on the disk.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use crate::image::Error;

/// Whether what lies at `path` of the running machine is kept in a tmpfs.
pub(super) fn is_in_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC)
}

/// Whether what lies at `path` of the running machine is kept on a disk that can be written to; not where nothing is.
pub(super) fn is_on_disk(path: &Path) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    fs::symlink_metadata(path).is_ok()
        && !is_in_memory(path)
        && statvfs(path).is_ok_and(|found| !found.flags().contains(FsFlags::ST_RDONLY))
}

/// The files and devices that memory is swapped out to (proc(5), `/proc/swaps`), compressed memory (zram) left out.
pub(super) fn swaps() -> Result<Vec<PathBuf>, Error> {
    let path = Path::new("/proc/swaps");
    match fs::read(path) {
        Ok(table) => Ok(parse(&table)),
        // A kernel without swap has no such file.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::io("read", path, Errno::from_raw(error.raw_os_error().unwrap_or_default()))),
    }
}

/// One line for each after the heading; blanks and backslashes in names are written in octal.
fn parse(table: &[u8]) -> Vec<PathBuf> {
    let lines = table.split(|&byte| byte == b'\n').skip(1);
    let names = lines.filter_map(|line| line.split(|byte| matches!(byte, b' ' | b'\t')).find(|word| !word.is_empty()));
    let paths = names.map(|name| PathBuf::from(std::ffi::OsString::from_vec(plain(name))));
    paths.filter(|path| !path.to_string_lossy().starts_with("/dev/zram")).collect()
}

/// `\040` and the like as the byte they stand for.
fn plain(name: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) = (first, tail) {
            bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn swaps_are_listed_but_for_compressed_memory() {
        let table = b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swap\\040file                   file\t\t1048572\t\t0\t\t-2\n\
                      /dev/zram0                              partition\t1\t0\t100\n/dev/nvme0n1p3   partition 1 0 -3\n";
        assert_eq!(parse(table), [PathBuf::from("/swap file"), PathBuf::from("/dev/nvme0n1p3")]);
        assert!(swaps().is_ok());
    }

    proptest! {
        #[test]
        fn any_table_is_survived(table in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&table).len() <= table.len());
        }
    }
}
