//! What sits at one path: the unit in which changes and overlays are made.

use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

/// The sort of thing at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A FIFO; never opened.
    Fifo,
    /// A socket; never opened.
    Socket,
    /// A block or character device; never opened.
    Device,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}

impl Kind {
    fn of(kind: FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Symlink
        } else if kind.is_fifo() {
            Self::Fifo
        } else if kind.is_socket() {
            Self::Socket
        } else {
            Self::Device
        }
    }

    /// What a directory entry says of itself.
    pub(super) fn of_entry(kind: nix::dir::Type) -> Self {
        use nix::dir::Type;
        match kind {
            Type::File => Self::File,
            Type::Directory => Self::Directory,
            Type::Symlink => Self::Symlink,
            Type::Fifo => Self::Fifo,
            Type::Socket => Self::Socket,
            Type::BlockDevice | Type::CharacterDevice => Self::Device,
        }
    }
}

/// What `stat` says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The sort of thing it is.
    pub kind: Kind,
    /// Permission bits, set-id and sticky bits (`0o7777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Hard links.
    pub links: u64,
    /// Identity and time of last change, as found.
    pub stamp: Stamp,
}

impl Meta {
    pub(super) fn of(found: &Metadata) -> Self {
        Self {
            kind: Kind::of(found.file_type()),
            mode: found.mode() & 0o7777,
            uid: found.uid(),
            gid: found.gid(),
            size: found.size(),
            links: found.nlink(),
            stamp: Stamp {
                device: found.dev(),
                inode: found.ino(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            },
        }
    }
}

/// Identity and times of a file: two equal stamps mean that nobody wrote to it in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stamp {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Modification time: seconds and nanoseconds since 1970.
    pub modified: (i64, i64),
    /// Status change time: seconds and nanoseconds since 1970.
    pub changed: (i64, i64),
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, which may be any bytes but `/` and NUL.
    pub name: OsString,
    /// The sort of thing it is; links are not followed.
    pub kind: Kind,
}

/// The content of a regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// Too large to hold; known by its size and stamp. Only a file that is removed or left alone has such a body.
    OnDisk {
        /// Size in bytes.
        size: u64,
        /// Identity and times when it was looked at.
        stamp: Stamp,
    },
}

/// A regular file with its content, mode and owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNode {
    /// Content.
    pub body: Body,
    /// Permission bits, set-id and sticky bits (`0o7777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Everything there is at one path. Extended attributes and times are carried by [`super::write`], not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File(FileNode),
    /// A symbolic link and where it points, as written.
    Symlink {
        /// The text of the link.
        target: PathBuf,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// A directory; its entries are nodes of their own.
    Directory {
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
}

impl Node {
    /// A new regular file owned by root.
    pub fn new_file(bytes: impl Into<Arc<[u8]>>, mode: u32) -> Self {
        Self::File(FileNode { body: Body::Bytes(bytes.into()), mode, uid: 0, gid: 0 })
    }

    /// A new symbolic link owned by root.
    pub fn new_link(target: impl Into<PathBuf>) -> Self {
        Self::Symlink { target: target.into(), uid: 0, gid: 0 }
    }

    /// The same file with other content; mode and owner stay. Anything else becomes a new file with `mode` 0644.
    #[must_use]
    pub fn with_bytes(&self, bytes: impl Into<Arc<[u8]>>) -> Self {
        match self {
            Self::File(file) => Self::File(FileNode { body: Body::Bytes(bytes.into()), ..file.clone() }),
            _ => Self::new_file(bytes, 0o644),
        }
    }

    /// The content, when it is a file held in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::File(FileNode { body: Body::Bytes(bytes), .. }) => Some(bytes),
            _ => None,
        }
    }

    /// What `stat` would say of it, were it there. It has no identity yet: the stamp is the default one, but for a body
    /// left on the disk.
    pub fn meta(&self) -> Meta {
        let (mode, uid, gid, size, stamp) = match self {
            Self::File(FileNode { body: Body::Bytes(bytes), mode, uid, gid }) => {
                (*mode, *uid, *gid, bytes.len() as u64, Stamp::default())
            }
            Self::File(FileNode { body: Body::OnDisk { size, stamp }, mode, uid, gid }) => {
                (*mode, *uid, *gid, *size, *stamp)
            }
            Self::Symlink { target, uid, gid } => {
                (0o777, *uid, *gid, target.as_os_str().len() as u64, Stamp::default())
            }
            Self::Directory { mode, uid, gid } => (*mode, *uid, *gid, 0, Stamp::default()),
        };
        Meta { kind: self.kind(), mode, uid, gid, size, links: 1, stamp }
    }

    /// The sort of thing it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Symlink { .. } => Kind::Symlink,
            Self::Directory { .. } => Kind::Directory,
        }
    }
}
