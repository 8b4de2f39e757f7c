//! Setting what an inode carries, in place: mode, owner, times.

use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, UtimensatFlags, fchmod, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchown};
use xattr::FileExt as _;

use super::{Expected, Outcome, Place, Times, errno, look, stage, step};
use crate::image::{Error, Image};

/// What chown(2) takes away by itself.
const CAPABILITY: &str = "security.capability";

/// Sets mode and owner of the file or directory at `path`, in place: links, content, times and capabilities stay.
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
    let directory = std::os::fd::AsFd::as_fd(&place.directory);
    let handle = std::fs::File::from(look::open(directory, &place.name, OFlag::O_NONBLOCK).map_err(&fail)?);
    // What is changed is what was looked at, not what somebody put in its place in between.
    let stat = nix::sys::stat::fstat(&handle).map_err(&fail)?;
    let is_same = (look::kind(&stat), look::mode(&stat)) == (expected.shape.kind(), expected.mode)
        && (stat.st_uid, stat.st_gid) == (expected.uid, expected.gid);
    if !is_same {
        return Ok(Outcome::Changed);
    }
    if (uid, gid) != (expected.uid, expected.gid) {
        let capability = handle.get_xattr(CAPABILITY).ok().flatten();
        step(|| fchown(&handle, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))).map_err(&fail)?;
        if let Some(value) = capability {
            step(|| handle.set_xattr(CAPABILITY, &value).map_err(|error| errno(&error))).map_err(&fail)?;
        }
    }
    step(|| fchmod(&handle, Mode::from_bits_truncate(mode))).map_err(&fail)?;
    step(|| nix::unistd::fsync(&handle)).map_err(fail)?;
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
    step(|| utimensat(&place.directory, place.name.as_os_str(), &access, &modification, how))
        .map_err(place.fail("set the times of"))
}
