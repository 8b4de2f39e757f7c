//! Whether everything that is to be written can be: looked at before the first byte is.
//!
//! Sources: `statx(2)` for immutable and append-only files and for the roots of mounts, `statvfs(3)` for room and
//! read-only mounts.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use rustix::fs::{AtFlags, StatxFlags, statx};

use super::{Place, error};
use crate::image::{Error, Image};

/// One path that is going to be changed, and what its side files take.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// The path.
    pub path: &'a Path,
    /// Bytes of what is staged for it.
    pub bytes: u64,
    /// Files, directories and links that are staged for it.
    pub things: u64,
}

/// Immutable, append-only, the root of a mount: `STATX_ATTR_*` of `statx(2)`.
const IMMUTABLE: u64 = 0x10;
const APPEND: u64 = 0x20;
const MOUNT_ROOT: u64 = 0x2000;

/// What one file system is asked to take.
#[derive(Debug, Default)]
struct Load<'a> {
    /// One of the paths on it.
    path: Option<&'a Path>,
    blocks: u64,
    things: u64,
    room: u64,
    slots: Option<u64>,
    unit: u64,
}

/// Looks whether `needs` can be written: nothing is in the way of any, and there is room for all at once. A path whose
/// directory does not exist yet is passed over.
///
/// # Errors
/// The first that cannot be, with the way out.
pub fn ready(image: &Image, needs: &[Need<'_>]) -> Result<(), Error> {
    let mut loads: BTreeMap<u64, Load<'_>> = BTreeMap::new();
    let mut directories: BTreeSet<&Path> = BTreeSet::new();
    for need in needs {
        let Some(place) = Place::find(image, need.path, "")? else { continue };
        let fail = |errno| error("change", need.path, errno);
        let parent = need.path.parent().unwrap_or(need.path);
        if directories.insert(parent) {
            free(place.directory.as_fd(), OsStr::new(""), parent, false)?;
        }
        free(place.directory.as_fd(), &place.name, need.path, true)?;
        let load = loads.entry(fstat(&place.directory).map_err(fail)?.st_dev).or_default();
        if load.path.is_none() {
            let system = fstatvfs(&place.directory).map_err(fail)?;
            if system.flags().contains(FsFlags::ST_RDONLY) {
                return Err(fail(Errno::EROFS));
            }
            let is_root = nix::unistd::geteuid().is_root();
            let (room, slots) = if is_root {
                (system.blocks_free(), system.files_free())
            } else {
                (system.blocks_available(), system.files_available())
            };
            load.path = Some(need.path);
            load.unit = system.fragment_size().max(1);
            load.room = room;
            // Some file systems (btrfs) have no fixed number of inodes, and say 0.
            load.slots = (system.files() > 0).then_some(slots);
        }
        load.blocks = load.blocks.saturating_add(need.bytes.div_ceil(load.unit));
        load.things = load.things.saturating_add(need.things);
    }
    loads.into_values().try_for_each(|load| load.fits())
}

impl Load<'_> {
    fn fits(&self) -> Result<(), Error> {
        let path = self.path.unwrap_or(Path::new("/"));
        let (needed, free) = (self.blocks.saturating_mul(self.unit), self.room.saturating_mul(self.unit));
        if needed > free {
            let why = format!(
                "no space is left on the file system: what is written beside the old files takes {needed} bytes, and \
                 {free} are free; free some and try again"
            );
            return Err(Error::malformed("write", path, why));
        }
        if self.slots.is_some_and(|slots| self.things > slots) {
            let why = format!(
                "no space is left on the file system: it has no inodes for {} more files (see `df -i`); remove some files \
                 and try again",
                self.things
            );
            return Err(Error::malformed("write", path, why));
        }
        Ok(())
    }
}

/// Whether nothing holds `name`. Before kernel 4.11 that cannot be asked; the change itself is refused then.
fn free(directory: BorrowedFd<'_>, name: &OsStr, path: &Path, is_thing: bool) -> Result<(), Error> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH;
    let Ok(found) = statx(directory, name, flags, StatxFlags::BASIC_STATS) else { return Ok(()) };
    let has = |bit: u64| found.stx_attributes.bits() & found.stx_attributes_mask.bits() & bit != 0;
    if has(IMMUTABLE) || has(APPEND) {
        let (kind, letter) = if has(IMMUTABLE) { ("immutable", 'i') } else { ("append-only", 'a') };
        let why = format!("it is {kind}; clear that with `chattr -{letter}`, and set it again afterwards");
        return Err(Error::malformed("change", path, why));
    }
    if is_thing && has(MOUNT_ROOT) {
        return Err(error("change", path, Errno::EBUSY));
    }
    Ok(())
}
