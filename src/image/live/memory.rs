//! What the running machine keeps in memory rather than on its disk, and what of its memory it keeps on the disk.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
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

/// Lets the tmpfs that `path` lies in hold up to half of the memory, where `bytes` might not fit and it may hold less: many
/// systems give `/run` a tenth. Nothing is taken up by that, and it is as before when the machine starts again.
pub(super) fn make_room(path: &Path, bytes: u64) -> Result<(), Error> {
    let fail = |errno| Error::io("make room in", path, errno);
    if !is_in_memory(path) {
        return Ok(());
    }
    let memory = nix::sys::sysinfo::sysinfo().map_err(fail)?.ram_total();
    let found = statfs(path).map_err(fail)?;
    let of = |blocks: u64| blocks.saturating_mul(found.block_size().cast_unsigned());
    // Twice, for what else is written there meanwhile.
    if of(found.blocks()) >= memory / 2 || of(found.blocks_available()) / 2 >= bytes {
        return Ok(());
    }
    let table = fs::read("/proc/self/mounts").unwrap_or_default();
    let Some((point, flags)) = mount_of(&table, path) else { return Ok(()) };
    let none: Option<&str> = None;
    mount(none, &point, none, flags | MsFlags::MS_REMOUNT, Some("size=50%")).map_err(fail)
}

/// Where the file system that `path` lies in is mounted, and how: the last line of the longest point counts.
fn mount_of(table: &[u8], path: &Path) -> Option<(PathBuf, MsFlags)> {
    let mut found: Option<(PathBuf, MsFlags)> = None;
    for line in table.split(|&byte| byte == b'\n') {
        let mut words = line.split(|&byte| byte == b' ');
        let (Some(point), Some(options)) = (words.nth(1), words.nth(1)) else { continue };
        let point = PathBuf::from(std::ffi::OsString::from_vec(plain(point)));
        let is_longer = found.as_ref().is_none_or(|(last, _)| point.as_os_str().len() >= last.as_os_str().len());
        if path.starts_with(&point) && is_longer {
            let flag = |option: &[u8]| match option {
                b"nosuid" => MsFlags::MS_NOSUID,
                b"nodev" => MsFlags::MS_NODEV,
                b"noexec" => MsFlags::MS_NOEXEC,
                b"noatime" => MsFlags::MS_NOATIME,
                b"ro" => MsFlags::MS_RDONLY,
                _ => MsFlags::empty(),
            };
            found = Some((point, options.split(|&byte| byte == b',').map(flag).collect()));
        }
    }
    found
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

    #[test]
    fn the_nearest_mount_counts_with_how_it_is_mounted() {
        let table = b"/dev/vda / ext4 rw,relatime 0 0\ntmpfs /run tmpfs rw,nosuid,nodev,noexec,relatime,size=1k 0 0\n\
                      tmpfs /run/lock tmpfs rw 0 0\ntmpfs /a\\040b tmpfs rw,nodev 0 0\nodd\n";
        let run = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        assert_eq!(mount_of(table, Path::new("/run/seaworthy")), Some(("/run".into(), run)));
        assert_eq!(mount_of(table, Path::new("/running")), Some(("/".into(), MsFlags::empty())));
        assert_eq!(mount_of(table, Path::new("/a b/c")), Some(("/a b".into(), MsFlags::MS_NODEV)));
        assert_eq!(mount_of(b"", Path::new("/x")), None);
    }

    proptest! {
        #[test]
        fn any_table_is_survived(table in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&table).len() <= table.len());
        }
    }
}
