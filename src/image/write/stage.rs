//! Making what is to be put in place, beside its place, complete and synced.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, UtimensatFlags, fchmod, fstat, futimens, mkdirat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, fsync, linkat, symlinkat, unlinkat};
use xattr::FileExt as _;

use super::sparse::Holes;
use super::{Content, Place, Times, Wanted, Xattrs, errno, look, step};
use crate::image::{Error, Image, Kind};

/// Makes `wanted` under the side name of `place`. Nothing is left there when it fails.
pub(super) fn stage(image: &Image, place: &Place<'_>, wanted: &mut Wanted<'_>) -> Result<(), Error> {
    clear(place)?;
    let made = make(image, place, wanted);
    if made.is_err() {
        // The first error is the one to tell; a rest that cannot be removed is met again by `settle`.
        let _ = clear(place);
    }
    made
}

/// Removes what is under the side name, if anything. A directory has nothing in it yet.
fn clear(place: &Place<'_>) -> Result<(), Error> {
    let fail = place.fail("clean up beside");
    let Some(stat) = look::stat(place.directory.as_fd(), &place.aside).map_err(&fail)? else { return Ok(()) };
    let how = if look::kind(&stat) == Kind::Directory { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
    step(|| unlinkat(&place.directory, place.aside.as_os_str(), how)).map_err(fail)
}

/// Makes `wanted` under the side name of `place`, where nothing is.
pub(super) fn make(image: &Image, place: &Place<'_>, wanted: &mut Wanted<'_>) -> Result<(), Error> {
    let fail = place.fail("write");
    if let Content::Name(other, inode) = wanted.content {
        return join(image, place, other, inode);
    }
    let xattrs = match &wanted.xattrs {
        Some(xattrs) => xattrs.clone(),
        None => carried(place)?,
    };
    let owner = (Uid::from_raw(wanted.uid), Gid::from_raw(wanted.gid));
    match &mut wanted.content {
        Content::File(_) | Content::Sparse(_) => {
            let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let mode = Mode::S_IRUSR | Mode::S_IWUSR;
            let file = step(|| openat(&place.directory, place.aside.as_os_str(), flags, mode));
            let mut file = File::from(file.map_err(&fail)?);
            match &mut wanted.content {
                Content::Sparse(source) => {
                    let size = copy(source, &mut Holes(&file)).map_err(&fail)?;
                    step(|| file.set_len(size).map_err(|error| errno(&error))).map_err(&fail)?;
                }
                Content::File(source) => {
                    copy(source, &mut file).map_err(&fail)?;
                }
                _ => {}
            }
            // Owner first (it clears capabilities and set-id bits), mode last (nobody reads it before).
            step(|| fchown(&file, Some(owner.0), Some(owner.1))).map_err(&fail)?;
            set_xattrs(&file, &xattrs).map_err(&fail)?;
            step(|| fchmod(&file, Mode::from_bits_truncate(wanted.mode))).map_err(&fail)?;
            match wanted.times {
                Some(times) => step(|| futimens(&file, &spec(times.accessed), &spec(times.modified))),
                None => tell_apart(place, &file),
            }
            .map_err(&fail)?;
            step(|| fsync(&file)).map_err(&fail)
        }
        Content::Symlink(target) => {
            step(|| symlinkat(*target, &place.directory, place.aside.as_os_str())).map_err(&fail)?;
            let flags = AtFlags::AT_SYMLINK_NOFOLLOW;
            step(|| fchownat(&place.directory, place.aside.as_os_str(), Some(owner.0), Some(owner.1), flags))
                .map_err(&fail)?;
            let path = look::through(place.directory.as_fd(), &place.aside);
            for (name, value) in xattrs.iter().filter(|(name, _)| is_for_links(name)) {
                step(|| xattr::set(&path, name, value).map_err(|error| errno(&error))).map_err(&fail)?;
            }
            match wanted.times {
                Some(times) => set_link_times(place, times).map_err(fail),
                None => Ok(()),
            }
        }
        Content::Directory => {
            step(|| mkdirat(&place.directory, place.aside.as_os_str(), Mode::S_IRWXU)).map_err(&fail)?;
            let handle = look::open(place.directory.as_fd(), &place.aside, OFlag::O_DIRECTORY).map_err(&fail)?;
            let handle = File::from(handle);
            step(|| fchown(&handle, Some(owner.0), Some(owner.1))).map_err(&fail)?;
            set_xattrs(&handle, &xattrs).map_err(&fail)?;
            step(|| fchmod(&handle, Mode::from_bits_truncate(wanted.mode))).map_err(&fail)?;
            if let Some(times) = wanted.times {
                step(|| futimens(&handle, &spec(times.accessed), &spec(times.modified))).map_err(&fail)?;
            }
            step(|| fsync(&handle)).map_err(fail)
        }
        Content::Name(..) => Err(fail(Errno::EINVAL)),
    }
}

/// Gives the file `inode` at the path `other` one more name: the side name of `place`.
fn join(image: &Image, place: &Place<'_>, other: &Path, inode: (u64, u64)) -> Result<(), Error> {
    let fail = place.fail("join the names of");
    let from = Place::of(image, other, "")?;
    let (to, flags) = (place.aside.as_os_str(), AtFlags::empty());
    step(|| linkat(&from.directory, from.name.as_os_str(), &place.directory, to, flags)).map_err(&fail)?;
    let stat = look::stat(place.directory.as_fd(), &place.aside).map_err(&fail)?;
    // Only now is it certain what the name led to.
    if stat.is_some_and(|stat| (stat.st_dev, stat.st_ino) == inode && look::kind(&stat) == Kind::File) {
        return Ok(());
    }
    Err(fail(Errno::EAGAIN))
}

/// What is made now has another modification time than what it replaces, however coarse the clock: after a power loss the
/// two are told apart by it.
fn tell_apart(place: &Place<'_>, file: &File) -> Result<(), Errno> {
    if place.aside == place.name {
        return Ok(());
    }
    let Some(old) = look::stat(place.directory.as_fd(), &place.name)? else { return Ok(()) };
    let new = fstat(file)?;
    if (old.st_mtime, old.st_mtime_nsec) != (new.st_mtime, new.st_mtime_nsec) {
        return Ok(());
    }
    step(|| futimens(file, &TimeSpec::UTIME_OMIT, &spec((old.st_mtime + 1, 0))))
}

fn set_link_times(place: &Place<'_>, times: Times) -> Result<(), Errno> {
    let (accessed, modified) = (spec(times.accessed), spec(times.modified));
    let how = UtimensatFlags::NoFollowSymlink;
    step(|| utimensat(&place.directory, place.aside.as_os_str(), &accessed, &modified, how))
}

/// The attributes that a file without its own gets: those of what it replaces or, for something new, the directory's
/// SELinux label, which is what the policy's default amounts to where no policy is loaded (an offline image).
fn carried(place: &Place<'_>) -> Result<Xattrs, Error> {
    if let Some(xattrs) = look::xattrs_at(&place.directory, &place.name).map_err(place.fail("read"))? {
        return Ok(xattrs);
    }
    let directory = look::open_directory(place.directory.as_fd()).map_err(place.fail("read"))?;
    let mut xattrs = look::xattrs(&directory).map_err(place.fail("read"))?;
    xattrs.retain(|(name, _)| name == SELINUX);
    Ok(xattrs)
}

const SELINUX: &str = "security.selinux";

/// A link takes labels, but neither ACLs nor user attributes (xattr(7)).
fn is_for_links(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    name == SELINUX || name.starts_with("trusted.")
}

/// Gives `file` exactly these attributes. What the kernel keeps by itself (labels, integrity sums) is not removed.
fn set_xattrs(file: &File, wanted: &Xattrs) -> Result<(), Errno> {
    let now = look::xattrs(file)?;
    for (name, _) in &now {
        let is_kept_by_kernel = name.to_string_lossy().starts_with("security.") && name != "security.capability";
        if !is_kept_by_kernel && !wanted.iter().any(|(other, _)| other == name) {
            file.remove_xattr(name).map_err(|error| errno(&error))?;
        }
    }
    for (name, value) in wanted {
        let is_sum = name == "security.evm" || name == "security.ima";
        if !is_sum && !now.iter().any(|(other, has)| other == name && has == value) {
            step(|| file.set_xattr(name, value).map_err(|error| errno(&error)))?;
        }
    }
    Ok(())
}

/// Copies to the end and says how many bytes it was.
fn copy(source: &mut dyn Read, file: &mut dyn Write) -> Result<u64, Errno> {
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok(size),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(errno(&error)),
        };
        let piece = buffer.get(..read).unwrap_or_default();
        step(|| file.write_all(piece).map_err(|error| errno(&error)))?;
        size += read as u64;
    }
}

pub(super) fn spec((seconds, nanoseconds): (i64, i64)) -> TimeSpec {
    TimeSpec::new(seconds, nanoseconds)
}
