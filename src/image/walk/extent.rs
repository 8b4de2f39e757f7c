//! How much there is to walk through, as far as file systems tell. Only the walk's progress may rest on it.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to this machine's table of mounts, which is no part of the image"
)]

use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{Statvfs, fstatvfs};

/// What is in use on the file systems that a walk goes through: an estimate. Directories and links are among the files,
/// and what the file system keeps for itself may be among the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Inodes in use; 0 where a file system has no table of them.
    pub files: u64,
    /// Bytes in use.
    pub bytes: u64,
}

impl Extent {
    fn of(system: &Statvfs) -> Self {
        let used = system.blocks().saturating_sub(system.blocks_free());
        Self {
            files: system.files().saturating_sub(system.files_free()),
            bytes: used.saturating_mul(system.fragment_size()),
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self { files: self.files.saturating_add(other.files), bytes: self.bytes.saturating_add(other.bytes) }
    }

    /// How much of it `files` and `bytes` are, in millionths; a million when it is exceeded.
    pub fn done(self, files: u64, bytes: u64) -> u32 {
        const ALL: u32 = 1_000_000;
        let part = |done: u64, of: u64| {
            let part = u128::from(done) * u128::from(ALL) / u128::from(of.max(1));
            u32::try_from(part).unwrap_or(ALL).min(ALL)
        };
        if self.files == 0 {
            part(bytes, self.bytes)
        } else {
            // Small files take their time by number, large ones by size.
            part(files, self.files).midpoint(part(bytes, self.bytes))
        }
    }
}

/// Which directories of this machine are file systems as a whole, not parts of one that are mounted by themselves.
#[derive(Debug)]
pub(super) struct Mounts(Vec<PathBuf>);

impl Mounts {
    /// As `/proc/self/mountinfo` lists them (`proc_pid_mountinfo(5)`).
    pub(super) fn read() -> Self {
        Self(whole(&std::fs::read("/proc/self/mountinfo").unwrap_or_default()))
    }

    /// What is in use on the file system that is mounted at `point`, whose root is `directory`; `None` where that is
    /// no whole file system.
    pub(super) fn extent(&self, point: &Path, directory: &File) -> Option<Extent> {
        self.0.iter().any(|whole| whole == point).then(|| fstatvfs(directory).ok().as_ref().map(Extent::of))?
    }
}

fn whole(table: &[u8]) -> Vec<PathBuf> {
    let mut whole = Vec::new();
    for line in table.split(|byte| *byte == b'\n') {
        // Number, parent, device, root in the file system, mount point.
        let mut words = line.split(|byte| *byte == b' ').skip(3);
        let (Some(root), Some(point)) = (words.next(), words.next()) else { continue };
        let point = PathBuf::from(std::ffi::OsString::from_vec(plain(point)));
        // What is mounted over another comes later.
        whole.retain(|other| *other != point);
        if root == b"/" {
            whole.push(point);
        }
    }
    whole
}

/// Blanks and backslashes are written in octal.
fn plain(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, tail @ ..] = rest {
        let code = tail.get(..3).filter(|_| *first == b'\\').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { tail.get(3..).unwrap_or_default() } else { tail };
    }
    out
}

/// The path of `place`, a path inside the image, on this machine; only to be compared.
pub(super) fn outside(mount_point: &Path, place: &Path) -> PathBuf {
    let below = place.as_os_str().as_bytes().strip_prefix(b"/").unwrap_or_default();
    if below.is_empty() { mount_point.to_owned() } else { mount_point.join(std::ffi::OsStr::from_bytes(below)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_file_systems_say_how_much_there_is() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            30 22 8:2 / /mnt/a\\040b rw - xfs /dev/x rw\n\
            31 22 8:1 /srv/data /mnt/part rw - ext4 /dev/sda1 rw\n\
            32 22 0:30 /root /mnt/btrfs rw - btrfs /dev/sdb rw\n\
            33 22 8:2 / /mnt/over rw - xfs /dev/x rw\n\
            34 33 8:1 /home /mnt/over rw - ext4 /dev/sda1 rw\nodd\n";
        assert_eq!(whole(table), [Path::new("/"), Path::new("/mnt/a b")]);
        assert_eq!(whole(b""), Vec::<PathBuf>::new());
    }

    #[test]
    fn names_are_written_in_octal() {
        assert_eq!(plain(b"a\\040b\\134\\04"), b"a b\\\\04");
        assert_eq!(outside(Path::new("/mnt"), Path::new("/")), Path::new("/mnt"));
        assert_eq!(outside(Path::new("/mnt"), Path::new("/home/x")), Path::new("/mnt/home/x"));
        assert_eq!(outside(Path::new("/"), Path::new("/home")), Path::new("/home"));
    }

    #[test]
    fn what_is_done_is_a_share() {
        let extent = Extent { files: 100, bytes: 1000 };
        assert_eq!(extent.done(0, 0), 0);
        assert_eq!(extent.done(50, 500), 500_000);
        assert_eq!(extent.done(100, 0), 500_000);
        assert_eq!(extent.done(u64::MAX, u64::MAX), 1_000_000);
        assert_eq!(Extent { files: 0, bytes: 1000 }.done(7, 250), 250_000);
        assert_eq!(Extent { files: 0, bytes: 0 }.done(1, 1), 1_000_000);
    }
}
