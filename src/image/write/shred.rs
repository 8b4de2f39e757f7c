//! Overwriting what was taken out of its place before its name goes, so that a file system that writes in place keeps
//! nothing of it.
//!
//! First it gets a name of its own: what lies under that name may be overwritten in part, and is never put back. What
//! undo needs of it was kept elsewhere before.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstat};
use nix::unistd::{Whence, fsync, lseek};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{errno, look, step};
use crate::image::Kind;

/// How much is written at once: 64 KiB.
const PIECE: usize = 64 << 10;

/// Writes random bytes over the whole of a regular file, in place, and has them reach the disk. The error is why it was
/// not done, as the end of a sentence.
pub(super) fn overwrite(directory: &OwnedFd, name: &OsStr) -> Result<(), String> {
    let because = |errno: Errno| match errno {
        Errno::ETXTBSY => "a program is running from it".to_owned(),
        Errno::ENOSPC | Errno::EDQUOT => "no space is left, and this file system writes elsewhere".to_owned(),
        other => other.desc().to_lowercase(),
    };
    let file = File::from(open(directory, name).map_err(because)?);
    let stat = fstat(&file).map_err(because)?;
    if look::kind(&stat) != Kind::File {
        return Err("something else was put in its place".to_owned());
    }
    if stat.st_nlink > 1 {
        return Err("it has other names (hard links), whose content would be lost".to_owned());
    }
    let mut noise = vec![0; PIECE];
    let random = SystemRandom::new();
    random.fill(&mut noise).map_err(|_| "the system gave no random bytes".to_owned())?;
    let end = u64::try_from(stat.st_size).unwrap_or_default();
    let mut at = 0;
    while let Some((from, to)) = written(&file, at, end) {
        at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
            let piece = noise.get(..length).unwrap_or_default();
            step(|| file.write_all_at(piece, at).map_err(|error| errno(&error))).map_err(because)?;
            at += length as u64;
        }
    }
    step(|| fsync(&file)).map_err(because)
}

/// For writing, never through a link. A file of our own that nobody may write to is made writable first.
fn open(directory: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    match openat(directory, name, flags, Mode::empty()) {
        Err(Errno::EACCES) => {
            let stat = nix::sys::stat::fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            if look::kind(&stat) != Kind::File {
                return Err(Errno::EACCES);
            }
            let mode = Mode::S_IRUSR | Mode::S_IWUSR;
            fchmodat(directory, name, mode, FchmodatFlags::FollowSymlink)?;
            openat(directory, name, flags, Mode::empty())
        }
        other => other,
    }
}

/// The next part of `file` from `at` on that takes room on the disk: the holes of a sparse file never held anything
/// (lseek(2), `SEEK_DATA`).
fn written(file: &File, at: u64, end: u64) -> Option<(u64, u64)> {
    if at >= end {
        return None;
    }
    let offset = i64::try_from(at).ok()?;
    let from = match lseek(file, offset, Whence::SeekData) {
        Ok(from) => u64::try_from(from).unwrap_or(at),
        Err(Errno::ENXIO) => return None,
        // A file system without the call: everything is data.
        Err(_) => return Some((at, end)),
    };
    let to = lseek(file, i64::try_from(from).ok()?, Whence::SeekHole).ok().and_then(|to| u64::try_from(to).ok());
    let to = to.unwrap_or(end).min(end);
    (from < to).then_some((from, to))
}
