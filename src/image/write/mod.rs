//! The only code that writes to the image: whole-file replacement, removal, links; atomic, synced, labels carried over.
//!
//! Everything new is made beside its place under a name that no program reads (`.sshd_config.<run>~`), synced, and put
//! in place by one rename. What the rename brought out is compared with what was expected, and put back when somebody
//! else was quicker. What to write, in which order, and how to take it back is [`crate::change`]'s business.
//!
//! Sources: `rename(2)` for `RENAME_EXCHANGE` and `RENAME_NOREPLACE`, `fsync(2)` for why the directory is synced too.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::resolve::{Handle, Last, There};
use super::{Error, Image, Kind, Overlay, Reason, Stamp};

mod aside;
mod boot;
pub(crate) mod fault;
pub mod locks;
mod look;
pub mod ready;
mod set;
mod shred;
pub(crate) mod sparse;
mod stage;
mod swap;
mod tree;

pub use aside::{discard, settle, tidy};
pub use boot::boot;
pub use look::{look, look_at, times};
pub use set::{set_mode, set_times};
pub use swap::{commit, is_aside, is_at, old_aside, put, remove, revert, steady};
pub use tree::Tree;

/// Access and modification time, seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Last access.
    pub accessed: (i64, i64),
    /// Last modification.
    pub modified: (i64, i64),
}

/// Extended attributes by name, sorted.
pub type Xattrs = Vec<(OsString, Vec<u8>)>;

/// SHA-256 of a file's bytes.
pub type Sha256 = [u8; 32];

/// The sort of thing at a path, with its content known by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A regular file.
    File {
        /// Size in bytes.
        size: u64,
        /// Digest of the content.
        sha256: Sha256,
    },
    /// A symbolic link and where it points, as written.
    Symlink(PathBuf),
    /// A directory.
    Directory,
}

impl Shape {
    fn kind(&self) -> Kind {
        match self {
            Self::File { .. } => Kind::File,
            Self::Symlink(_) => Kind::Symlink,
            Self::Directory => Kind::Directory,
        }
    }
}

/// Everything that is at a path, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The sort of thing, with its content.
    pub shape: Shape,
    /// Permission bits, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Hard links.
    pub links: u64,
    /// It is a file that takes less room than it has bytes.
    pub is_sparse: bool,
    /// Extended attributes: ACLs and the SELinux label among them.
    pub xattrs: Xattrs,
    /// Access and modification time.
    pub times: Times,
    /// Identity and time of last change.
    pub stamp: Stamp,
}

/// What must be at a path for it to be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The sort of thing, with its content.
    pub shape: Shape,
    /// Permission bits, set-id and sticky bits; not looked at for links.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Identity when it was looked at: spares reading a large file again when it still holds.
    pub stamp: Option<Stamp>,
}

impl Expected {
    /// Exactly what was seen.
    pub fn of(seen: &Seen) -> Self {
        let (mode, uid, gid) = (seen.mode, seen.uid, seen.gid);
        Self { shape: seen.shape.clone(), mode, uid, gid, stamp: Some(seen.stamp) }
    }
}

/// What is to be at a path.
pub struct Wanted<'a> {
    /// The sort of thing, with its content.
    pub content: Content<'a>,
    /// Permission bits, set-id and sticky bits; not used for links.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Extended attributes; `None`: those of what is replaced or, for something new, the directory's SELinux label.
    pub xattrs: Option<Xattrs>,
    /// Access and modification time; `None`: now.
    pub times: Option<Times>,
}

/// Where the content of a [`Wanted`] comes from.
pub enum Content<'a> {
    /// A regular file with the bytes read from here.
    File(&'a mut dyn std::io::Read),
    /// The same, with holes where long runs of its bytes are zero.
    Sparse(&'a mut dyn std::io::Read),
    /// A symbolic link to this text.
    Symlink(&'a Path),
    /// An empty directory.
    Directory,
    /// Another name (hard link) of the regular file at this path, if it is this one: device and inode number. Mode, owner,
    /// attributes and times are that file's.
    Name(&'a Path, (u64, u64)),
}

/// Whether a write was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It was.
    Done,
    /// It was, but what was there before could not be overwritten; why, as the end of a sentence.
    NotOverwritten(String),
    /// Something else was at the path than expected; it is there still, and nothing was written.
    Changed,
}

/// The directory of a path, opened inside the image, the last name, and both names for what is put aside.
struct Place<'a> {
    path: &'a Path,
    directory: OwnedFd,
    name: OsString,
    aside: OsString,
}

impl<'a> Place<'a> {
    /// Resolves the directory of `path` inside the image. `tag` (a run's id) makes the side name of this run.
    fn of(image: &Image, path: &'a Path, tag: &str) -> Result<Self, Error> {
        let missing = || Error::malformed("write", path, "its directory does not exist");
        Self::find(image, path, tag)?.ok_or_else(missing)
    }

    /// As [`Place::of`]; `None` when there is no such directory. The root stands for itself as `.`.
    fn find(image: &Image, path: &'a Path, tag: &str) -> Result<Option<Self>, Error> {
        let (parent, name) = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => (parent, name),
            _ if path == Path::new("/") => (path, OsStr::new(".")),
            _ => return Err(Error::malformed("write", path, "it is not the path of a file")),
        };
        // What is written to is the disk, whatever the image is seen through.
        let disk = Overlay::default();
        let found = image.root.find(&disk, parent, Last::Follow);
        match found.map_err(|errno| error("open the directory of", path, errno))? {
            There::Disk(Handle { file, meta, .. }) if meta.kind == Kind::Directory => {
                // The paths of changes are real ones: a link on the way was put there since, and leads elsewhere.
                let real = image.root.resolve(&disk, parent, Last::Keep).map(|spot| spot.real);
                if real.map_err(|errno| error("open the directory of", path, errno))? != parent {
                    return Err(Error::malformed("write", path, "a link is on the way now that was not there before"));
                }
                let (name, aside) = (name.to_owned(), aside_name(name, tag));
                Ok(Some(Self { path, directory: file.into(), name, aside }))
            }
            There::Nothing(_) => Ok(None),
            _ => Err(error("open the directory of", path, Errno::ENOTDIR)),
        }
    }

    fn fail(&self, action: &'static str) -> impl Fn(Errno) -> Error {
        let path = self.path.to_owned();
        move |errno| error(action, &path, errno)
    }

    /// The directory's own changes (names) reach the disk.
    fn sync(&self) -> Result<(), Error> {
        // An O_PATH handle cannot be synced; the directory is opened anew through itself.
        let directory = look::open_directory(self.directory.as_fd()).map_err(self.fail("sync"))?;
        match step(|| nix::unistd::fsync(&directory)) {
            // Some network and FUSE file systems cannot sync a directory.
            Ok(()) | Err(Errno::EINVAL) => Ok(()),
            Err(errno) => Err(self.fail("sync")(errno)),
        }
    }
}

/// `.name.tag~`: a leading dot and a final tilde are what sshd's `*.conf`, sudoers.d, cron.d, logrotate, apt, systemd and
/// profile.d all pass over. Cut to the 255 bytes a name may have, with room for one more; one run puts one thing aside at a time.
fn aside_name(name: &OsStr, tag: &str) -> OsString {
    let room = 255usize.saturating_sub(tag.len() + 4);
    let mut bytes = vec![b'.'];
    bytes.extend(name.as_bytes().iter().take(room));
    bytes.push(b'.');
    bytes.extend(tag.as_bytes());
    bytes.push(b'~');
    OsString::from_vec(bytes)
}

/// Makes `wanted` beside `path`, complete and synced, under the side name of `tag`. Nothing is in its place yet, and nothing
/// is left when it fails. The directory is synced by [`sync`].
///
/// # Errors
/// When it cannot be made: a full disk, a quota, a read-only file system.
pub fn stage(image: &Image, path: &Path, wanted: &mut Wanted<'_>, tag: &str) -> Result<(), Error> {
    stage::stage(image, &Place::of(image, path, tag)?, wanted)
}

/// Makes `wanted` at `path` itself, where nothing is: for what lies inside a directory that is staged.
///
/// # Errors
/// As [`stage()`].
pub fn make(image: &Image, path: &Path, wanted: &mut Wanted<'_>) -> Result<(), Error> {
    let mut place = Place::of(image, path, "")?;
    place.aside.clone_from(&place.name);
    stage::make(image, &place, wanted)
}

/// Where what is staged for `path` lies.
pub fn aside(path: &Path, tag: &str) -> PathBuf {
    path.with_file_name(aside_name(path.file_name().unwrap_or_default(), tag))
}

/// The names in the directory at `path` reach the disk. One that is not there needs nothing.
///
/// # Errors
/// When it cannot be synced.
pub fn sync(image: &Image, path: &Path) -> Result<(), Error> {
    // A name that nothing has: what counts is its directory.
    match Place::find(image, &path.join("x"), "")? {
        Some(place) => place.sync(),
        None => Ok(()),
    }
}

/// Takes one step that changes the disk. A call that a signal interrupted is made again.
fn step<T>(mut act: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match fault::point().and_then(|()| act()) {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// An error of the operating system while writing, with a way out where there is one.
fn error(action: &'static str, path: &Path, errno: Errno) -> Error {
    let hint = match errno {
        Errno::EPERM if nix::unistd::geteuid().is_root() => {
            "the kernel refuses it even to root: the file or its directory is immutable or append-only (see `lsattr`, \
             clear it with `chattr -ia`)"
        }
        Errno::ENOSPC => "no space is left on the file system; free some and try again",
        Errno::EDQUOT => "the disk quota is used up; raise it and try again",
        Errno::EROFS => "the file system is mounted read-only; remount it read-write and try again",
        Errno::EBUSY => "something is mounted on it; unmount that and try again",
        Errno::ENOTEMPTY => "the directory is not empty",
        Errno::EIO => {
            "the disk answered with an error; look at `dmesg`, and copy what matters off it before anything else"
        }
        Errno::ENOTSUP => {
            "the file system takes no extended attributes; mount it with them, or copy the image to one that does"
        }
        other => return Error::io(action, path, other),
    };
    Error { action, path: path.to_owned(), reason: Reason::Io(hint.to_owned()) }
}

fn errno(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests;
