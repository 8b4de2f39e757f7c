//! Own path resolution, one component at a time, over the disk and an overlay: what `openat2(RESOLVE_IN_ROOT |
//! RESOLVE_NO_MAGICLINKS)` does (openat2(2)), for kernels without it, for images seen through an
//! overlay, and where the real path is wanted, which the kernel does not tell.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use super::{Kind, Meta, Node, Overlay};

/// What to do with a link in the last place of a path. Links before it are always followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// Follow it.
    Follow,
    /// Take the link itself (unless a slash comes after it).
    Keep,
}

/// Something on the disk, held by an `O_PATH` handle: nothing has been opened yet.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) file: File,
    pub(super) meta: Meta,
    /// The directory it was found in and its name there; `None` when the kernel resolved it.
    pub(super) parent: Option<(OwnedFd, OsString)>,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum There<'o> {
    /// Nothing; the errno says why, as the kernel would (`ENOENT` or `ENOTDIR`).
    Nothing(Errno),
    /// What the disk holds.
    Disk(Handle),
    /// What the overlay would put there, and what the disk holds where the overlay leaves that visible: a
    /// directory's old entries, a body left on the disk.
    Drafted(&'o Node, Option<Handle>),
}

impl There<'_> {
    pub(super) fn meta(&self) -> Option<Meta> {
        match self {
            Self::Nothing(_) => None,
            Self::Disk(found) => Some(found.meta),
            Self::Drafted(node, _) => Some(node.meta()),
        }
    }
}

/// Where a path leads, and what is there.
#[derive(Debug)]
pub(super) struct Spot<'o> {
    /// The path with every link followed. Below a missing directory nothing is a link: there the rest is as written.
    pub(super) real: PathBuf,
    pub(super) there: There<'o>,
}

/// As many links as the kernel follows in one resolution (`MAXSYMLINKS`).
const LINK_LIMIT: u32 = 40;

/// The inode number of the root of every procfs (`PROC_ROOT_INO`).
const PROC_ROOT_INODE: u64 = 1;

/// Where `path` leads inside `root` seen through `overlay`.
///
/// # Errors
/// `ELOOP` after 40 links or at a magic link of procfs, `EACCES`, `EAGAIN` when directories on the way are being
/// moved about, `ENOENT` for a path that is empty or has a NUL in it, and what else the kernel says.
pub(super) fn resolve<'o>(root: &OwnedFd, overlay: &'o Overlay, path: &Path, last: Last) -> nix::Result<Spot<'o>> {
    Walk { root, overlay, levels: vec![], at: None }.run(path, last)
}

/// A directory on the way: its name and, when it is on the disk, its device and inode.
struct Level {
    name: OsString,
    disk: Option<(u64, u64)>,
}

/// The walk so far. Only one directory is held open, however deep the path: `..` is opened from below and must then be
/// the directory we came through.
struct Walk<'r, 'o> {
    root: &'r OwnedFd,
    overlay: &'o Overlay,
    levels: Vec<Level>,
    /// The deepest of `levels` that is on the disk; `None` when that is the root.
    at: Option<OwnedFd>,
}

impl<'o> Walk<'_, 'o> {
    fn run(mut self, path: &Path, last: Last) -> nix::Result<Spot<'o>> {
        let bytes = path.as_os_str().as_bytes();
        if bytes.is_empty() || bytes.contains(&0) {
            return Err(Errno::ENOENT);
        }
        let mut rest = Vec::new();
        push_components(&mut rest, bytes);
        let mut links = 0;
        while let Some(name) = rest.pop() {
            match name.as_bytes() {
                b"." => continue,
                b".." => {
                    self.up()?;
                    continue;
                }
                _ => {}
            }
            let there = self.look(&name)?;
            let kind = match &there {
                There::Nothing(errno) => {
                    let errno = *errno;
                    return Ok(Spot { real: self.real_with(name, rest), there: There::Nothing(errno) });
                }
                There::Disk(handle) => handle.meta.kind,
                There::Drafted(node, _) => node.kind(),
            };
            match kind {
                Kind::Symlink if !rest.is_empty() || last == Last::Follow => {
                    links += 1;
                    if links > LINK_LIMIT {
                        return Err(Errno::ELOOP);
                    }
                    let target = self.target(&there)?;
                    if target.is_empty() {
                        return Ok(Spot { real: self.real_with(name, rest), there: There::Nothing(Errno::ENOENT) });
                    }
                    if target.as_bytes().starts_with(b"/") {
                        self.levels.clear();
                        self.at = None;
                    }
                    push_components(&mut rest, target.as_bytes());
                }
                Kind::Directory if rest.is_empty() => {
                    return Ok(Spot { real: self.real_with(name, rest), there });
                }
                Kind::Directory => self.down(name, there),
                _ if rest.is_empty() => {
                    let there = self.with_parent(&name, there)?;
                    return Ok(Spot { real: self.real_with(name, rest), there });
                }
                _ => {
                    return Ok(Spot { real: self.real_with(name, rest), there: There::Nothing(Errno::ENOTDIR) });
                }
            }
        }
        // The path ended in `.`, `..` or a slash: it is the directory we stand in.
        let real = self.real();
        let disk = match self.levels.last() {
            Some(Level { disk: None, .. }) => None,
            _ => Some(handle_at(self.directory(), OsStr::new("."))?),
        };
        let there = match (self.overlay.get(&real).flatten(), disk) {
            (Some(node), disk) => There::Drafted(node, disk),
            (None, Some(disk)) => There::Disk(disk),
            (None, None) => There::Nothing(Errno::ENOENT),
        };
        Ok(Spot { real, there })
    }

    /// The open directory we stand in or, below drafted directories, the last one on the disk.
    fn directory(&self) -> BorrowedFd<'_> {
        self.at.as_ref().unwrap_or(self.root).as_fd()
    }

    /// Whether the directory we stand in is on the disk.
    fn on_disk(&self) -> bool {
        self.levels.last().is_none_or(|level| level.disk.is_some())
    }

    fn real(&self) -> PathBuf {
        let mut path = PathBuf::from("/");
        path.extend(self.levels.iter().map(|level| &level.name));
        path
    }

    /// The real path of `name` here, then of what is left of the way, taken as written.
    fn real_with(&self, name: OsString, rest: Vec<OsString>) -> PathBuf {
        let mut path = self.real();
        path.push(name);
        for name in rest.into_iter().rev() {
            match name.as_bytes() {
                b"." => {}
                b".." => {
                    path.pop();
                }
                _ => path.push(name),
            }
        }
        path
    }

    /// What is called `name` in the directory we stand in.
    fn look(&self, name: &OsStr) -> nix::Result<There<'o>> {
        let drafted = if self.overlay.is_empty() { None } else { Some(self.real().join(name)) };
        let drafted = drafted.as_deref();
        let said = drafted.and_then(|path| self.overlay.get(path));
        if let Some(None) = said {
            return Ok(There::Nothing(Errno::ENOENT));
        }
        // What the disk has here is out of sight below a directory that the overlay made anew.
        let hidden = !self.on_disk() || drafted.is_some_and(|path| self.overlay.hides_disk(path));
        let disk = if hidden {
            None
        } else {
            match handle_at(self.directory(), name) {
                Ok(handle) => Some(handle),
                Err(Errno::ENOENT | Errno::ENOTDIR) => None,
                Err(errno) => return Err(errno),
            }
        };
        Ok(match (said, disk) {
            (Some(Some(node)), disk) => There::Drafted(node, disk.filter(|disk| disk.meta.kind == node.kind())),
            (_, Some(disk)) => There::Disk(disk),
            (_, None) => There::Nothing(Errno::ENOENT),
        })
    }

    /// `there` with the directory it was found in, to be opened from.
    fn with_parent(&self, name: &OsStr, mut there: There<'o>) -> nix::Result<There<'o>> {
        if let There::Disk(handle) | There::Drafted(_, Some(handle)) = &mut there {
            let directory = self.directory().try_clone_to_owned().map_err(errno_of)?;
            handle.parent = Some((directory, name.to_owned()));
        }
        Ok(there)
    }

    /// The text of a link.
    fn target(&self, there: &There<'_>) -> nix::Result<OsString> {
        match there {
            There::Drafted(Node::Symlink { target, .. }, _) => Ok(target.clone().into_os_string()),
            There::Disk(handle) => {
                // A magic link's text is not where it leads. procfs has them below its root only: there, `self` and
                // `mounts` are links like any other.
                let magic = fstatfs(&handle.file).is_ok_and(|fs| fs.filesystem_type() == PROC_SUPER_MAGIC)
                    && handle_at(self.directory(), OsStr::new("."))?.meta.stamp.inode != PROC_ROOT_INODE;
                if magic { Err(Errno::ELOOP) } else { readlinkat(&handle.file, "") }
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn down(&mut self, name: OsString, there: There<'_>) {
        let handle = match there {
            There::Disk(handle) => Some(handle),
            There::Drafted(_, handle) => handle,
            There::Nothing(_) => None,
        };
        let disk = handle.as_ref().map(|handle| identity(&handle.meta));
        if let Some(handle) = handle {
            self.at = Some(handle.file.into());
        }
        self.levels.push(Level { name, disk });
    }

    fn up(&mut self) -> nix::Result<()> {
        let Some(left) = self.levels.pop() else { return Ok(()) };
        if left.disk.is_none() {
            return Ok(());
        }
        let Some(level) = self.levels.last() else {
            self.at = None;
            return Ok(());
        };
        let parent = handle_at(self.directory(), OsStr::new(".."))?;
        if Some(identity(&parent.meta)) != level.disk {
            return Err(Errno::EAGAIN);
        }
        self.at = Some(parent.file.into());
        Ok(())
    }
}

/// Puts the components of `path` on the stack `rest`, the first on top. A slash at the end stands for `.`: what is
/// before it must be a directory, and a link there is followed.
fn push_components(rest: &mut Vec<OsString>, path: &[u8]) {
    if path.ends_with(b"/") {
        rest.push(".".into());
    }
    let names = path.split(|byte| *byte == b'/').rev().filter(|name| !name.is_empty());
    rest.extend(names.map(|name| OsString::from_vec(name.to_vec())));
}

/// A handle on `name` in `directory`, a link itself if it is one.
pub(super) fn handle_at(directory: BorrowedFd<'_>, name: &OsStr) -> nix::Result<Handle> {
    handle(openat(directory, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?)
}

/// What an `O_PATH` descriptor stands for.
pub(super) fn handle(fd: OwnedFd) -> nix::Result<Handle> {
    let file = File::from(fd);
    let meta = Meta::of(&file.metadata().map_err(errno_of)?);
    Ok(Handle { file, meta, parent: None })
}

/// The errno inside an error of the standard library.
pub(super) fn errno_of(error: std::io::Error) -> Errno {
    Errno::try_from(error).unwrap_or(Errno::EIO)
}

fn identity(meta: &Meta) -> (u64, u64) {
    (meta.stamp.device, meta.stamp.inode)
}

#[cfg(test)]
mod tests;
