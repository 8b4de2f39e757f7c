//! Putting in place, taking away, and setting what an inode carries.

use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, RenameFlags, renameat, renameat2};
use nix::sys::stat::{Mode, UtimensatFlags, fchmod, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, unlinkat};

use super::{Expected, Outcome, Place, Shape, Times, Wanted, fault, look, shred, stage};
use crate::image::{Error, Image};

/// Puts `wanted` at `path`, where `expected` is now (`None`: nothing). `tag` names the run. With `shred`, the bytes of
/// the file that it replaces are overwritten before they are given up.
///
/// # Errors
/// When it cannot be written; what was there is there still.
pub fn put(
    image: &Image,
    path: &Path,
    wanted: &mut Wanted<'_>,
    expected: Option<&Expected>,
    tag: &str,
    shred: bool,
) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    let holds = match expected {
        Some(expected) => expected.is(&place.directory, &place.name, path)?,
        None => look::stat(place.directory.as_fd(), &place.name).map_err(place.fail("read"))?.is_none(),
    };
    if !holds {
        return Ok(Outcome::Changed);
    }
    stage::stage(&place, wanted)?;
    let swapped = if expected.is_some() { exchange(&place) } else { rename_new(&place) };
    if let Err(errno) = swapped {
        let _ = stage::clear(&place);
        return if errno == Errno::EEXIST { Ok(Outcome::Changed) } else { Err(place.fail("replace")(errno)) };
    }
    place.sync()?;
    if let Some(expected) = expected {
        // Only now is it certain what was replaced: a look before the rename could be a moment too early.
        let brought_out = look::stat(place.directory.as_fd(), &place.aside).map_err(place.fail("read"))?.is_some();
        if brought_out && !expected.is(&place.directory, &place.aside, path)? {
            exchange(&place).map_err(place.fail("put back"))?;
            stage::clear(&place)?;
            place.sync()?;
            return Ok(Outcome::Changed);
        }
        if shred && is_file(expected) {
            if brought_out {
                return shred::away(&place);
            }
            let why = "the file system could not exchange it for the new one".to_owned();
            return Ok(Outcome::NotOverwritten(why));
        }
        stage::clear(&place)?;
        place.sync()?;
    }
    Ok(Outcome::Done)
}

fn is_file(expected: &Expected) -> bool {
    matches!(expected.shape, Shape::File { .. })
}

/// Removes what is at `path`, when it is what is `expected`. A directory must be empty. With `shred`, the bytes of a
/// regular file are overwritten first.
///
/// # Errors
/// When it cannot be removed; it is there still.
pub fn remove(image: &Image, path: &Path, expected: &Expected, tag: &str, shred: bool) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    if !expected.is(&place.directory, &place.name, path)? {
        return Ok(Outcome::Changed);
    }
    if expected.shape == Shape::Directory {
        fault::point()
            .and_then(|()| unlinkat(&place.directory, place.name.as_os_str(), UnlinkatFlags::RemoveDir))
            .map_err(place.fail("remove"))?;
    } else {
        stage::clear(&place)?;
        rename(&place, true).map_err(place.fail("remove"))?;
        if !expected.is(&place.directory, &place.aside, path)? {
            rename(&place, false).map_err(place.fail("put back"))?;
            place.sync()?;
            return Ok(Outcome::Changed);
        }
        if shred && is_file(expected) {
            return shred::away(&place);
        }
        stage::clear(&place)?;
    }
    place.sync()?;
    Ok(Outcome::Done)
}

/// Sets mode and owner of the file or directory at `path`, in place: links, content and times stay.
///
/// # Errors
/// When it cannot be done.
pub fn set_mode(image: &Image, path: &Path, expected: &Expected, wanted: (u32, u32, u32)) -> Result<Outcome, Error> {
    let place = Place::of(image, path, "")?;
    if !expected.is(&place.directory, &place.name, path)? {
        return Ok(Outcome::Changed);
    }
    let (mode, uid, gid) = wanted;
    let fail = place.fail("change the mode of");
    let handle = look::open(place.directory.as_fd(), &place.name, OFlag::O_NONBLOCK).map_err(&fail)?;
    // What is changed is what was looked at, not what somebody put in its place in between.
    let stat = nix::sys::stat::fstat(&handle).map_err(&fail)?;
    let is_same = (look::kind(&stat), look::mode(&stat)) == (expected.shape.kind(), expected.mode)
        && (stat.st_uid, stat.st_gid) == (expected.uid, expected.gid);
    if !is_same {
        return Ok(Outcome::Changed);
    }
    fault::point().and_then(|()| fchown(&handle, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))).map_err(&fail)?;
    fault::point().and_then(|()| fchmod(&handle, Mode::from_bits_truncate(mode))).map_err(&fail)?;
    nix::unistd::fsync(&handle).map_err(fail)?;
    Ok(Outcome::Done)
}

/// Sets the times of what is at `path` itself. The access time is left alone when `accessed` is false.
///
/// # Errors
/// When it cannot be done.
pub fn set_times(image: &Image, path: &Path, times: Times, accessed: bool) -> Result<(), Error> {
    let place = Place::of(image, path, "")?;
    let access = if accessed { stage::spec(times.accessed) } else { TimeSpec::UTIME_OMIT };
    let modification = stage::spec(times.modified);
    let how = UtimensatFlags::NoFollowSymlink;
    fault::point()
        .and_then(|()| utimensat(&place.directory, place.name.as_os_str(), &access, &modification, how))
        .map_err(place.fail("set the times of"))
}

/// What is staged goes to the name, where nothing may be.
fn rename_new(place: &Place<'_>) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    fault::point()?;
    match renameat2(&place.directory, aside, &place.directory, name, RenameFlags::RENAME_NOREPLACE) {
        // A file system without the flag: look, then rename. The moment between is the price.
        Err(Errno::EINVAL) if look::stat(place.directory.as_fd(), &place.name)?.is_none() => {
            renameat(&place.directory, aside, &place.directory, name)
        }
        Err(Errno::EINVAL) => Err(Errno::EEXIST),
        other => other,
    }
}

/// What is staged and what is in place change names, in one step.
pub(super) fn exchange(place: &Place<'_>) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    fault::point()?;
    match renameat2(&place.directory, aside, &place.directory, name, RenameFlags::RENAME_EXCHANGE) {
        // A file system without the flag (NFS, some of FUSE): a plain rename, which brings nothing out to look at.
        Err(Errno::EINVAL) => renameat(&place.directory, aside, &place.directory, name),
        other => other,
    }
}

/// Moves the thing in place aside (`true`), or back.
pub(super) fn rename(place: &Place<'_>, away: bool) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    let (from, to) = if away { (name, aside) } else { (aside, name) };
    fault::point()?;
    match renameat2(&place.directory, from, &place.directory, to, RenameFlags::RENAME_NOREPLACE) {
        Err(Errno::EINVAL) => renameat(&place.directory, from, &place.directory, to),
        other => other,
    }
}
