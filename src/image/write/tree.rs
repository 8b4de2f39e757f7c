//! A thing with everything below it: compared whole, removed whole.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::{Expected, Place, Shape, look, shred, step};
use crate::image::{Error, Image, Kind};

/// What must be at a path and below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// What must be at the path itself.
    pub top: Expected,
    /// For a directory: everything in it, by its path from there.
    pub below: BTreeMap<PathBuf, Expected>,
}

impl Tree {
    /// Whether `name` beside `place` is this, and nothing else is below it.
    pub(super) fn is(&self, image: &Image, place: &Place<'_>, name: &OsStr) -> Result<bool, Error> {
        if !self.top.is(&place.directory, name, place.path)? {
            return Ok(false);
        }
        if self.top.shape != Shape::Directory {
            return Ok(true);
        }
        let here = place.path.with_file_name(name);
        let below = self.below.iter().filter(|(_, expected)| expected.shape == Shape::Directory);
        let mut met = 0;
        for directory in std::iter::once(Path::new("")).chain(below.map(|(path, _)| path.as_path())) {
            let Some((handle, names)) = list(image, &here.join(directory))? else { return Ok(false) };
            for name in names {
                let path = directory.join(&name);
                let Some(expected) = self.below.get(&path) else { return Ok(false) };
                if !expected.is(&handle, &name, &here.join(&path))? {
                    return Ok(false);
                }
                met += 1;
            }
        }
        Ok(met == self.below.len())
    }
}

/// The directory at `path` and the names in it; `None` when no directory is there.
fn list(image: &Image, path: &Path) -> Result<Option<(OwnedFd, Vec<OsString>)>, Error> {
    let fail = |errno| super::error("list", path, errno);
    let Some(place) = Place::find(image, path, "")? else { return Ok(None) };
    let handle = match look::open(place.directory.as_fd(), &place.name, OFlag::O_DIRECTORY) {
        Ok(handle) => handle,
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
        Err(errno) => return Err(fail(errno)),
    };
    let mut listed =
        Dir::from_fd(look::open(handle.as_fd(), OsStr::new("."), OFlag::O_DIRECTORY).map_err(fail)?).map_err(fail)?;
    let mut names = Vec::new();
    for entry in listed.iter() {
        let name = entry.map_err(fail)?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(&name).to_owned());
        }
    }
    Ok(Some((handle, names)))
}

/// Removes the directory called `name` beside `place` with everything in it; never across a mount. With `shred`, the
/// bytes of every regular file are overwritten first; why one could not be, as the end of a sentence.
pub(super) fn remove(image: &Image, place: &Place<'_>, name: &OsStr, shred: bool) -> Result<Option<String>, Error> {
    let fail = place.fail("remove what lies beside");
    let top = place.path.with_file_name(name);
    let Some(stat) = look::stat(place.directory.as_fd(), name).map_err(&fail)? else { return Ok(None) };
    let (mut kept, mut directories, mut next) = (None, Vec::new(), vec![top]);
    while let Some(path) = next.pop() {
        let Some((handle, names)) = list(image, &path)? else { continue };
        for name in names {
            let Some(entry) = look::stat(handle.as_fd(), &name).map_err(&fail)? else { continue };
            if entry.st_dev != stat.st_dev {
                return Err(fail(Errno::EBUSY));
            }
            if look::kind(&entry) == Kind::Directory {
                next.push(path.join(&name));
                continue;
            }
            if shred && look::kind(&entry) == Kind::File {
                kept = shred::overwrite(&handle, &name).err().or(kept);
            }
            step(|| unlinkat(&handle, name.as_os_str(), UnlinkatFlags::NoRemoveDir)).map_err(&fail)?;
        }
        directories.push(path);
    }
    for path in directories.iter().rev() {
        let Some(place) = Place::find(image, path, "")? else { continue };
        step(|| unlinkat(&place.directory, place.name.as_os_str(), UnlinkatFlags::RemoveDir)).map_err(&fail)?;
    }
    Ok(kept)
}
