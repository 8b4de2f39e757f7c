//! The root directory, held open, and what is found and opened inside it.
//!
//! Every look starts with an `O_PATH` handle, which opens nothing. Only a regular file or a directory is then opened
//! for reading, and only if it is still the one that was looked at.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;

use super::resolve::{Handle, Last, Spot, There, errno_of, handle, resolve};
use super::{Error, Kind, Meta, Overlay, Reason};

/// An open root directory.
#[derive(Debug)]
pub(super) struct Root {
    mount_point: PathBuf,
    directory: OwnedFd,
    resolver: Resolver,
}

/// Who resolves paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolver {
    /// The kernel (5.6 and later), by `openat2`.
    Kernel,
    /// [`resolve`], component by component.
    Own,
}

/// What every open for reading has in common. `O_NONBLOCK` and `O_NOCTTY` for the case that something else was put in
/// the file's place since it was looked at.
const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// How often a look is tried again when the tree is being moved about under it.
const TRIES: u32 = 16;

impl Root {
    /// Opens the directory `path`.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(path, flags, Mode::empty()).map_err(|errno| open_error(path, errno))?;
        let mount_point = path.canonicalize().map_err(|error| open_error(path, errno_of(error)))?;
        // ENOSYS: too old a kernel. EPERM: a seccomp filter that does not know the call.
        let resolver =
            if openat2(&directory, ".", how(OFlag::O_PATH)).is_ok() { Resolver::Kernel } else { Resolver::Own };
        Ok(Self { mount_point, directory, resolver })
    }

    /// The same root on a kernel without `openat2`.
    #[cfg(test)]
    pub(super) fn with_own_resolver(self) -> Self {
        Self { resolver: Resolver::Own, ..self }
    }

    pub(super) fn sync(&self) -> Result<(), Error> {
        let directory = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let synced = openat(&self.directory, ".", directory, Mode::empty()).and_then(nix::unistd::syncfs);
        synced.map_err(|errno| Error::io("sync", &self.mount_point, errno))
    }

    pub(super) fn mount_point(&self) -> &Path {
        &self.mount_point
    }

    /// The root directory once more, and who resolves paths in it.
    pub(super) fn handle(&self) -> nix::Result<(OwnedFd, Resolver)> {
        Ok((self.directory.try_clone().map_err(errno_of)?, self.resolver))
    }

    /// What is at `path`, seen through `overlay`.
    pub(super) fn find<'o>(&self, overlay: &'o Overlay, path: &Path, last: Last) -> nix::Result<There<'o>> {
        if self.resolver == Resolver::Kernel && overlay.is_empty() {
            let flags = if last == Last::Keep { OFlag::O_PATH | OFlag::O_NOFOLLOW } else { OFlag::O_PATH };
            match again(|| openat2(&self.directory, path, how(flags))) {
                Ok(fd) => return handle(fd).map(There::Disk),
                Err(errno @ (Errno::ENOENT | Errno::ENOTDIR)) => return Ok(There::Nothing(errno)),
                // Longer than PATH_MAX, with a NUL in it, or moved about all the time: not for the kernel.
                Err(Errno::ENAMETOOLONG | Errno::EINVAL | Errno::EAGAIN) => {}
                Err(errno) => return Err(errno),
            }
        }
        match again(|| resolve(&self.directory, overlay, path, last)) {
            Ok(spot) => Ok(spot.there),
            // An empty path, a NUL in it, a name longer than any file system has.
            Err(Errno::ENOENT | Errno::ENAMETOOLONG) => Ok(There::Nothing(Errno::ENOENT)),
            Err(errno) => Err(errno),
        }
    }

    /// The real path that `path` leads to, and what is there.
    pub(super) fn resolve<'o>(&self, overlay: &'o Overlay, path: &Path, last: Last) -> nix::Result<Spot<'o>> {
        again(|| resolve(&self.directory, overlay, path, last))
    }

    /// Opens the regular file that `found` stands for; `path` is where it was found. Access times are left alone
    /// where the kernel allows that (open(2): the owner and root may ask for it).
    pub(super) fn open_file(&self, found: &Handle, path: &Path) -> nix::Result<File> {
        let fd = match &found.parent {
            Some((directory, name)) => without_access_time(|flags| {
                openat(directory, name.as_os_str(), flags | OFlag::O_NOFOLLOW, Mode::empty())
            }),
            None => without_access_time(|flags| again(|| openat2(&self.directory, path, how(flags)))),
        };
        let file = File::from(fd?);
        let meta = Meta::of(&file.metadata().map_err(errno_of)?);
        let same = (meta.stamp.device, meta.stamp.inode) == (found.meta.stamp.device, found.meta.stamp.inode);
        if same && meta.kind == Kind::File { Ok(file) } else { Err(Errno::EAGAIN) }
    }
}

/// Opens the directory that `found` stands for, for listing.
pub(super) fn open_directory(found: &impl AsFd) -> nix::Result<Dir> {
    let fd = without_access_time(|flags| openat(found, ".", flags | OFlag::O_DIRECTORY, Mode::empty()))?;
    Dir::from_fd(fd)
}

/// Opens for reading with `O_NOATIME` and, where that is not ours to ask for, without.
pub(super) fn without_access_time(open: impl Fn(OFlag) -> nix::Result<OwnedFd>) -> nix::Result<OwnedFd> {
    match open(READ | OFlag::O_NOATIME) {
        Err(Errno::EPERM) => open(READ),
        other => other,
    }
}

fn how(flags: OFlag) -> OpenHow {
    let inside = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(inside)
}

/// Tries again when directories were moved while a `..` was resolved, or a signal came in between.
fn again<T>(look: impl Fn() -> nix::Result<T>) -> nix::Result<T> {
    let mut left = TRIES;
    loop {
        match look() {
            Err(Errno::EAGAIN | Errno::EINTR) if left > 0 => left -= 1,
            other => return other,
        }
    }
}

fn open_error(path: &Path, errno: Errno) -> Error {
    let why = match errno {
        Errno::ENOENT => "it does not exist; mount the image and give the directory it is mounted on",
        Errno::ENOTDIR => {
            "it is not a directory; give the directory the image is mounted on (a disk or an image file must be mounted first)"
        }
        _ => return Error::io("open", path, errno),
    };
    Error { action: "open", path: path.to_owned(), reason: Reason::Malformed(why.to_owned()) }
}
