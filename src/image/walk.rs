//! A parallel walk over every file of the image: one file system, no link followed, no special file opened, no inode
//! read twice.

use super::{Error, Image};

/// What the walk has gone through so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Regular files seen.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Placeholder for the walk's signature; the room's owner designs it.
pub(crate) fn _signature(_: &Image) -> Result<(), Error> {
    Ok(())
}
