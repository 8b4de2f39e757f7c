//! Overwriting what was taken out of its place before its name goes, so that a file system that writes in place keeps
//! nothing of it.
//!
//! First it gets a name of its own: what lies under that name may be overwritten in part, and is never put back. What
//! undo needs of it was kept elsewhere before.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt as _;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstat};
use nix::unistd::{UnlinkatFlags, Whence, fsync, lseek, unlinkat};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{Outcome, Place, errno, fault, look};
use crate::image::{Error, Kind};

/// Overwrites and removes what lies aside.
pub(super) fn away(place: &Place<'_>) -> Result<Outcome, Error> {
    let fail = place.fail("overwrite");
    let doomed = doomed(&place.aside);
    fault::point()
        .and_then(|()| renameat(&place.directory, place.aside.as_os_str(), &place.directory, doomed.as_os_str()))
        .map_err(fail)?;
    place.sync()?;
    finish(place)
}

/// Overwrites and removes what [`away`] had begun with, if anything. What cannot be overwritten is removed all the same.
pub(super) fn finish(place: &Place<'_>) -> Result<Outcome, Error> {
    let name = doomed(&place.aside);
    let fail = place.fail("remove what was overwritten beside");
    let Some(stat) = look::stat(place.directory.as_fd(), &name).map_err(&fail)? else { return Ok(Outcome::Done) };
    let done = if look::kind(&stat) == Kind::File { overwrite(place, &name) } else { Ok(()) };
    fault::point()
        .and_then(|()| unlinkat(&place.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir))
        .map_err(fail)?;
    place.sync()?;
    Ok(done.map_or_else(Outcome::NotOverwritten, |()| Outcome::Done))
}

/// `.name.tag~` becomes `.name.tags~`.
fn doomed(aside: &OsStr) -> OsString {
    let mut bytes = aside.as_bytes().to_vec();
    bytes.pop();
    bytes.extend(b"s~");
    OsString::from_vec(bytes)
}

/// How much is written at once: 64 KiB.
const PIECE: usize = 64 << 10;

/// Writes random bytes over the whole of a regular file, in place, and has them reach the disk. The error is why it was
/// not done, as the end of a sentence.
fn overwrite(place: &Place<'_>, name: &OsStr) -> Result<(), String> {
    let because = |errno: Errno| match errno {
        Errno::ETXTBSY => "a program is running from it".to_owned(),
        Errno::ENOSPC | Errno::EDQUOT => "no space is left, and this file system writes elsewhere".to_owned(),
        other => other.desc().to_lowercase(),
    };
    let file = File::from(open(place, name).map_err(because)?);
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
            fault::point().map_err(because)?;
            let length = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
            file.write_all_at(noise.get(..length).unwrap_or_default(), at).map_err(|error| because(errno(&error)))?;
            at += length as u64;
        }
    }
    fault::point().and_then(|()| fsync(&file)).map_err(because)
}

/// For writing, never through a link. A file of our own that nobody may write to is made writable first.
fn open(place: &Place<'_>, name: &OsStr) -> Result<std::os::fd::OwnedFd, Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    match openat(&place.directory, name, flags, Mode::empty()) {
        Err(Errno::EACCES) => {
            let stat = nix::sys::stat::fstatat(&place.directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            if look::kind(&stat) != Kind::File {
                return Err(Errno::EACCES);
            }
            let mode = Mode::S_IRUSR | Mode::S_IWUSR;
            fchmodat(&place.directory, name, mode, FchmodatFlags::FollowSymlink)?;
            openat(&place.directory, name, flags, Mode::empty())
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
