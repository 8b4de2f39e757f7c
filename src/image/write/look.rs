//! Looking at what is to be changed, with everything that an exact undo needs.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use xattr::FileExt as _;

use super::{Expected, Place, Seen, Sha256, Shape, Times, Xattrs, errno};
use crate::image::{BODY_LIMIT, Error, Image, Kind, Reason, Stamp};

/// What is at `path` itself, read whole for its digest; `None` when nothing is there. Its bytes also go to `copy`.
///
/// # Errors
/// When it cannot be read, is a special file, or `copy` takes no more.
pub fn look(image: &Image, path: &Path, copy: Option<&mut dyn Write>) -> Result<Option<Seen>, Error> {
    let Some(place) = Place::find(image, path, "")? else { return Ok(None) };
    look_at(&place.directory, &place.name, path, copy)
}

/// The times of what is at `path` itself; `None` when nothing is there.
///
/// # Errors
/// When it cannot be looked at.
pub fn times(image: &Image, path: &Path) -> Result<Option<Times>, Error> {
    let Some(place) = Place::find(image, path, "")? else { return Ok(None) };
    let stat = stat(place.directory.as_fd(), &place.name).map_err(|errno| super::error("read", path, errno))?;
    Ok(stat.map(|stat| times_of(&stat)))
}

fn times_of(stat: &FileStat) -> Times {
    Times { accessed: (stat.st_atime, stat.st_atime_nsec), modified: (stat.st_mtime, stat.st_mtime_nsec) }
}

/// As [`look`], for a name in an open directory.
///
/// # Errors
/// As [`look`].
pub fn look_at(
    directory: &OwnedFd,
    name: &std::ffi::OsStr,
    path: &Path,
    copy: Option<&mut dyn Write>,
) -> Result<Option<Seen>, Error> {
    let fail = |errno| super::error("read", path, errno);
    let Some(stat) = stat(directory.as_fd(), name).map_err(fail)? else { return Ok(None) };
    match kind(&stat) {
        Kind::File => {
            let mut file = File::from(open(directory.as_fd(), name, OFlag::O_NONBLOCK).map_err(fail)?);
            let stat = fstat(&file).map_err(fail)?;
            if kind(&stat) != Kind::File {
                return Err(fail(Errno::EAGAIN));
            }
            let (size, sha256) = digest(&mut file, path, copy)?;
            let xattrs = xattrs(&file).map_err(fail)?;
            Ok(Some(seen(&stat, Shape::File { size, sha256 }, xattrs)))
        }
        Kind::Directory => {
            let handle = File::from(open(directory.as_fd(), name, OFlag::O_DIRECTORY).map_err(fail)?);
            let stat = fstat(&handle).map_err(fail)?;
            Ok(Some(seen(&stat, Shape::Directory, xattrs(&handle).map_err(fail)?)))
        }
        Kind::Symlink => {
            let target = readlinkat(directory, name).map_err(fail)?;
            let xattrs = link_xattrs(directory.as_fd(), name).map_err(fail)?;
            Ok(Some(seen(&stat, Shape::Symlink(target.into()), xattrs)))
        }
        special => Err(Error { action: "change", path: path.to_owned(), reason: Reason::Special(special) }),
    }
}

impl Expected {
    /// As [`Expected::is`], but nothing is read when not even the time of last change is another: for a look before a
    /// rename, which comes a moment too early in any case.
    pub(super) fn may_be(&self, directory: &OwnedFd, name: &std::ffi::OsStr, path: &Path) -> Result<bool, Error> {
        let stat = stat(directory.as_fd(), name).map_err(|errno| super::error("read", path, errno))?;
        let is_untouched = stat.is_some_and(|stat| self.stamp == Some(stamp(&stat)));
        if is_untouched { Ok(true) } else { self.is(directory, name, path) }
    }

    /// Whether this is what `name` is. A large file whose identity, size and modification time hold is not read again.
    pub(super) fn is(&self, directory: &OwnedFd, name: &std::ffi::OsStr, path: &Path) -> Result<bool, Error> {
        let fail = |errno| super::error("read", path, errno);
        let Some(stat) = stat(directory.as_fd(), name).map_err(fail)? else { return Ok(false) };
        if kind(&stat) != self.shape.kind() || (stat.st_uid, stat.st_gid) != (self.uid, self.gid) {
            return Ok(false);
        }
        match &self.shape {
            Shape::File { size, sha256 } => {
                if mode(&stat) != self.mode || u64::try_from(stat.st_size) != Ok(*size) {
                    return Ok(false);
                }
                let now = stamp(&stat);
                let held = self.stamp.is_some_and(|then| {
                    (then.device, then.inode, then.modified) == (now.device, now.inode, now.modified)
                });
                if held && *size > BODY_LIMIT {
                    return Ok(true);
                }
                let mut file = File::from(open(directory.as_fd(), name, OFlag::O_NONBLOCK).map_err(fail)?);
                Ok(digest(&mut file, path, None)?.1 == *sha256)
            }
            Shape::Symlink(target) => Ok(readlinkat(directory, name).map_err(fail)?.as_os_str() == target.as_os_str()),
            Shape::Directory => Ok(mode(&stat) == self.mode),
        }
    }
}

/// `lstat`; `None` when nothing is there.
pub(super) fn stat(directory: BorrowedFd<'_>, name: &std::ffi::OsStr) -> Result<Option<FileStat>, Errno> {
    match fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Opens for reading, never through a link, without changing the access time where we may.
pub(super) fn open(directory: BorrowedFd<'_>, name: &std::ffi::OsStr, more: OFlag) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY | more;
    match openat(directory, name, flags | OFlag::O_NOATIME, Mode::empty()) {
        Err(Errno::EPERM) => openat(directory, name, flags, Mode::empty()),
        other => other,
    }
}

/// The directory itself, opened for syncing and for its attributes.
pub(super) fn open_directory(directory: BorrowedFd<'_>) -> Result<File, Errno> {
    open(directory, std::ffi::OsStr::new("."), OFlag::O_DIRECTORY).map(File::from)
}

fn digest(file: &mut File, path: &Path, mut copy: Option<&mut dyn Write>) -> Result<(u64, Sha256), Error> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(super::error("read", path, errno(&error))),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        context.update(bytes);
        if let Some(copy) = copy.as_deref_mut() {
            copy.write_all(bytes).map_err(|error| super::error("keep a copy of", path, errno(&error)))?;
        }
        size += read as u64;
    }
    Ok((size, sha256(context)))
}

fn sha256(context: ring::digest::Context) -> Sha256 {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

pub(super) fn xattrs(file: &File) -> Result<Xattrs, Errno> {
    let names = match file.list_xattr() {
        Ok(names) => names,
        Err(error) if is_unsupported(&error) => return Ok(Vec::new()),
        Err(error) => return Err(errno(&error)),
    };
    let mut all = Vec::new();
    for name in names {
        if let Some(value) = file.get_xattr(&name).map_err(|error| errno(&error))? {
            all.push((name, value));
        }
    }
    all.sort();
    Ok(all)
}

/// The attributes of what `name` is; `None` when nothing is there.
pub(super) fn xattrs_at(directory: &OwnedFd, name: &std::ffi::OsStr) -> Result<Option<Xattrs>, Errno> {
    let Some(stat) = stat(directory.as_fd(), name)? else { return Ok(None) };
    match kind(&stat) {
        Kind::File => xattrs(&File::from(open(directory.as_fd(), name, OFlag::O_NONBLOCK)?)).map(Some),
        Kind::Directory => xattrs(&File::from(open(directory.as_fd(), name, OFlag::O_DIRECTORY)?)).map(Some),
        _ => link_xattrs(directory.as_fd(), name).map(Some),
    }
}

/// A link cannot be opened; its attributes are asked for through our own handle of its directory.
fn link_xattrs(directory: BorrowedFd<'_>, name: &std::ffi::OsStr) -> Result<Xattrs, Errno> {
    let path = through(directory, name);
    let names = match xattr::list(&path) {
        Ok(names) => names,
        Err(error) if is_unsupported(&error) || error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(errno(&error)),
    };
    let mut all = Vec::new();
    for name in names {
        if let Some(value) = xattr::get(&path, &name).map_err(|error| errno(&error))? {
            all.push((name, value));
        }
    }
    all.sort();
    Ok(all)
}

/// A path to `name` by way of our own handle of its directory.
pub(super) fn through(directory: BorrowedFd<'_>, name: &std::ffi::OsStr) -> std::path::PathBuf {
    Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name)
}

pub(super) fn is_unsupported(error: &std::io::Error) -> bool {
    error.raw_os_error().map(Errno::from_raw) == Some(Errno::EOPNOTSUPP)
}

fn seen(stat: &FileStat, shape: Shape, xattrs: Xattrs) -> Seen {
    Seen {
        shape,
        mode: mode(stat),
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: stat.st_nlink,
        // Blocks of 512 bytes, whatever the file system's own are (stat(3type)).
        is_sparse: kind(stat) == Kind::File && stat.st_blocks.saturating_mul(512) < stat.st_size,
        xattrs,
        times: times_of(stat),
        stamp: stamp(stat),
    }
}

pub(super) fn mode(stat: &FileStat) -> u32 {
    stat.st_mode & 0o7777
}

pub(super) fn kind(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Directory,
        SFlag::S_IFLNK => Kind::Symlink,
        SFlag::S_IFIFO => Kind::Fifo,
        SFlag::S_IFSOCK => Kind::Socket,
        _ => Kind::Device,
    }
}

pub(super) fn stamp(stat: &FileStat) -> Stamp {
    Stamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        modified: (stat.st_mtime, stat.st_mtime_nsec),
        changed: (stat.st_ctime, stat.st_ctime_nsec),
    }
}
