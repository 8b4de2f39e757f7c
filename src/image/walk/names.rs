//! The other names of files that have several (hard links): one pass over the directories alone, which opens no file.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::dir::{Dir, Type};
use nix::errno::Errno;

use super::super::Kind;
use super::super::resolve::{errno_of, handle, handle_at};
use super::place::{Mount, Place};
use super::{DEPTH_LIMIT, Error, Image};

/// The most entries of directories that are gone through: 20 million, some ten seconds of a warm cache.
const ENTRY_LIMIT: u64 = 20_000_000;

/// Device and inode number: what all names of a file share (stat(2)).
pub type Inode = (u64, u64);

/// Every name that each of `inodes` has inside the image, sorted. A name outside it, below another mount or in a
/// directory that cannot be read is not found: whoever asks compares with the count of links.
///
/// # Errors
/// When the image has more entries than a pass goes through.
pub fn names(image: &Image, inodes: &BTreeSet<Inode>) -> Result<BTreeMap<Inode, Vec<PathBuf>>, Error> {
    let mut pass = Pass { inodes, found: BTreeMap::new(), left: ENTRY_LIMIT };
    let fail = |errno| Error::io("look through", "/", errno);
    let (root, resolver) = image.root.handle().map_err(fail)?;
    let mut below = vec![(Arc::new(Mount::root(root, resolver).map_err(fail)?), Place::root())];
    while let Some((mount, place)) = below.pop() {
        // Any other error hides names, and the count of links tells.
        if pass.directory(&mount, &place, &mut below) == Err(Errno::EOVERFLOW) {
            let why = format!("it has more than {ENTRY_LIMIT} entries, too many to find a file's other names");
            return Err(Error::malformed("look through", "/", why));
        }
    }
    for names in pass.found.values_mut() {
        names.sort();
    }
    Ok(pass.found)
}

struct Pass<'a> {
    inodes: &'a BTreeSet<Inode>,
    found: BTreeMap<Inode, Vec<PathBuf>>,
    /// How many entries may still come.
    left: u64,
}

impl Pass<'_> {
    fn directory(
        &mut self,
        mount: &Arc<Mount>,
        place: &Arc<Place>,
        below: &mut Vec<(Arc<Mount>, Arc<Place>)>,
    ) -> nix::Result<()> {
        let directory = match mount.open(&place.below(mount)) {
            Err(Errno::EXDEV) => {
                let found = handle(mount.hold(&place.below(mount))?)?;
                // Hard links do not leave a file system; one on which nothing is looked for is not gone into.
                if self.inodes.iter().any(|(device, _)| *device == found.meta.stamp.device)
                    && found.meta.stamp.device != mount.device()
                {
                    below.push((Arc::new(mount.inside(found, place)), Arc::clone(place)));
                }
                return Ok(());
            }
            opened => opened?,
        };
        for entry in Dir::from_fd(directory.try_clone().map_err(errno_of)?)? {
            let entry = entry?;
            self.left = self.left.checked_sub(1).ok_or(Errno::EOVERFLOW)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let kind = match entry.file_type() {
                Some(Type::Directory) => Kind::Directory,
                Some(Type::File) => Kind::File,
                Some(_) => continue,
                None => handle_at(directory.as_fd(), name)?.meta.kind,
            };
            if kind == Kind::Directory && name != "." && name != ".." {
                below.extend(place.child(name.to_owned(), DEPTH_LIMIT).map(|child| (Arc::clone(mount), child)));
            } else if kind == Kind::File && self.inodes.contains(&(mount.device(), entry.ino())) {
                let stamp = handle_at(directory.as_fd(), name)?.meta.stamp;
                let inode = (stamp.device, stamp.inode);
                if self.inodes.contains(&inode) {
                    self.found.entry(inode).or_default().push(place.path().join(name));
                }
            }
        }
        Ok(())
    }
}

/// The other names of the file `inode` at `path`, which has `links` names in all, out of what [`names`] found.
///
/// # Errors
/// When not all were found: how many, as the end of a sentence.
pub fn others(
    found: &BTreeMap<Inode, Vec<PathBuf>>,
    inode: Inode,
    path: &Path,
    links: u64,
) -> Result<Vec<PathBuf>, String> {
    let names = found.get(&inode).map(Vec::as_slice).unwrap_or_default();
    if u64::try_from(names.len()) == Ok(links) && names.iter().any(|name| name == path) {
        return Ok(names.iter().filter(|name| *name != path).cloned().collect());
    }
    Err(format!(
        "it has {links} names (hard links), and only {} of them could be found in the image",
        names.len().min(usize::try_from(links).unwrap_or(usize::MAX))
    ))
}
