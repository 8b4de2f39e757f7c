//! Where the walk is: directories as chains of names, and the mounts they are opened from.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::Mode;
use nix::sys::statfs::{
    BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, FsType, MSDOS_SUPER_MAGIC, NILFS_SUPER_MAGIC,
    REISERFS_SUPER_MAGIC, XFS_SUPER_MAGIC, fstatfs,
};

use super::super::resolve::{Handle, errno_of, handle};
use super::super::root::{Resolver, without_access_time};
use super::extent::{Extent, Mounts};

/// A directory of the walk: its name and the directory it is in. Siblings share what is above them, so that a deep tree
/// with long names does not multiply them.
#[derive(Debug)]
pub(super) struct Place {
    /// `None` for the root.
    parent: Option<Arc<Place>>,
    name: OsString,
    depth: u32,
}

impl Place {
    pub(super) fn root() -> Arc<Self> {
        Arc::new(Self { parent: None, name: OsString::new(), depth: 0 })
    }

    pub(super) fn is_root(&self) -> bool {
        self.depth == 0
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// The directory `name` in this one; `None` when that is deeper than `limit`.
    pub(super) fn child(self: &Arc<Self>, name: OsString, limit: u32) -> Option<Arc<Self>> {
        (self.depth < limit).then(|| Arc::new(Self { parent: Some(Arc::clone(self)), name, depth: self.depth + 1 }))
    }

    /// The names from below depth `top` to here.
    fn names(&self, top: u32) -> Vec<&OsStr> {
        let mut names = Vec::new();
        let mut place = self;
        while let (Some(parent), true) = (&place.parent, place.depth > top) {
            names.push(place.name.as_os_str());
            place = parent;
        }
        names.reverse();
        names
    }

    /// The path inside the image.
    pub(super) fn path(&self) -> PathBuf {
        [OsStr::new("/")].into_iter().chain(self.names(0)).collect()
    }

    /// The path below the root of `mount`, which is above it.
    pub(super) fn below(&self, mount: &Mount) -> PathBuf {
        self.names(mount.depth).into_iter().collect()
    }
}

/// A mounted file system of the image.
#[derive(Debug)]
pub(super) struct Mount {
    root: OwnedFd,
    /// How deep in the image it is mounted.
    depth: u32,
    resolver: Resolver,
    device: u64,
}

impl Mount {
    /// The image's own root.
    pub(super) fn root(root: OwnedFd, resolver: Resolver) -> nix::Result<Self> {
        let found = handle(root)?;
        Ok(Self { device: found.meta.stamp.device, root: found.file.into(), depth: 0, resolver })
    }

    /// The one whose root is mounted at `place` inside this one.
    pub(super) fn inside(&self, root: Handle, place: &Place) -> Self {
        Self { device: root.meta.stamp.device, root: root.file.into(), depth: place.depth, resolver: self.resolver }
    }

    /// The device number of the file system.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// What is in use on it, when all of a disk's file system is mounted here, at `point` of this machine.
    pub(super) fn extent(&self, mounts: &Mounts, point: &Path) -> Option<Extent> {
        let root = File::from(self.root.try_clone().ok()?);
        if is_disk(&root).ok()? { mounts.extent(point, &root) } else { None }
    }

    /// Opens the directory `path` of this mount for listing.
    ///
    /// # Errors
    /// `EXDEV` when something else is mounted there, `ELOOP` when there is a link on the way.
    pub(super) fn open(&self, path: &Path) -> nix::Result<OwnedFd> {
        if self.resolver == Resolver::Kernel {
            let (near, rest) = self.near(path)?;
            let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
            let near = near.as_ref().unwrap_or(&self.root);
            return without_access_time(|flags| openat2(near, rest, strictly(flags | OFlag::O_DIRECTORY)));
        }
        let held = handle(self.hold(path)?)?;
        if held.meta.stamp.device != self.device {
            return Err(Errno::EXDEV);
        }
        without_access_time(|flags| openat(&held.file, ".", flags | OFlag::O_DIRECTORY, Mode::empty()))
    }

    /// A handle on `path` that opens nothing, whatever is mounted there; links are not followed.
    pub(super) fn hold(&self, path: &Path) -> nix::Result<OwnedFd> {
        let (near, rest) = if self.resolver == Resolver::Kernel { self.near(path)? } else { (None, path) };
        let mut at = match near {
            Some(near) => near,
            None => self.root.try_clone().map_err(errno_of)?,
        };
        for name in rest {
            at = openat(&at, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
        }
        Ok(at)
    }

    /// A directory so near to `path` that the kernel takes what is left of it (`None`: the root of the mount).
    fn near<'p>(&self, path: &'p Path) -> nix::Result<(Option<OwnedFd>, &'p Path)> {
        let mut near = None;
        let mut rest = path.as_os_str().as_bytes();
        while rest.len() >= PATH_MAX {
            let Some(slash) = rest.iter().take(PATH_MAX).rposition(|byte| *byte == b'/') else { break };
            let (head, tail) = rest.split_at_checked(slash).unwrap_or_default();
            let from = near.as_ref().unwrap_or(&self.root);
            near = Some(openat2(from, head, strictly(OFlag::O_PATH | OFlag::O_CLOEXEC))?);
            rest = tail.strip_prefix(b"/").unwrap_or(tail);
        }
        Ok((near, Path::new(OsStr::from_bytes(rest))))
    }
}

/// The kernel takes paths of fewer bytes than this (limits.h).
const PATH_MAX: usize = 4096;

/// ext2 to ext4, XFS, Btrfs, FAT, F2FS, `ReiserFS`, NILFS, then those the C library has no name for: exFAT, JFS, ZFS, bcachefs.
const DISKS: [FsType; 11] = [
    EXT4_SUPER_MAGIC,
    XFS_SUPER_MAGIC,
    BTRFS_SUPER_MAGIC,
    MSDOS_SUPER_MAGIC,
    F2FS_SUPER_MAGIC,
    REISERFS_SUPER_MAGIC,
    NILFS_SUPER_MAGIC,
    FsType(0x2011_bab0),
    FsType(0x3153_464a),
    FsType(0x2fc1_2fc1),
    FsType(0xca45_1a4e),
];

/// Whether `directory` is on a file system that keeps its files on a disk of this machine, and so in the image's
/// snapshots (statfs(2)).
pub(super) fn is_disk(directory: &File) -> nix::Result<bool> {
    let kind = fstatfs(directory)?.filesystem_type();
    Ok(DISKS.contains(&kind))
}

/// No link, no other file system.
fn strictly(flags: OFlag) -> OpenHow {
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_XDEV;
    OpenHow::new().flags(flags).resolve(resolve)
}
