//! One file of the walk, open and not yet read.

use std::ffi::OsStr;
use std::fs::File;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{Whence, lseek};
use xattr::FileExt as _;
use zeroize::Zeroizing;

use super::super::resolve::errno_of;
use super::super::root::without_access_time;
use super::super::{Error, Kind, Meta};
use super::place::Place;
use super::{Control, Walk};

/// The length of a piece, and the memory that each worker reads into: 256 KiB.
const PIECE: usize = 256 << 10;

/// After how many bytes of one file the walk's progress is told.
const TELL: u64 = 4 << 20;

/// The most that is read of what is appended to a file while it is read: 64 MiB.
const GROWTH: u64 = 64 << 20;

/// What a worker reads into; wiped in the end.
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Default for Buffer {
    fn default() -> Self {
        Self(Zeroizing::new(vec![0; PIECE]))
    }
}

/// How reading a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything was handed over.
    Whole,
    /// The visitor stopped it, or the walk was cancelled.
    Stopped,
    /// There is more than the limit allows.
    Limit,
    /// It was changed meanwhile: what it holds now may not be what was handed over.
    Changed,
}

/// A regular file that the walk has come to.
pub struct OpenFile<'w> {
    place: &'w Place,
    name: &'w OsStr,
    file: File,
    meta: Meta,
    buffer: &'w mut Buffer,
    /// Bytes read that the walk's progress does not hold yet.
    untold: u64,
    walk: Walk<'w>,
}

impl std::fmt::Debug for OpenFile<'_> {
    /// Where it is; never what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OpenFile").field(&self.path()).finish()
    }
}

impl<'w> OpenFile<'w> {
    /// Opens `name`, which its directory says is a regular file; `None` when it is one no more.
    pub(super) fn open(
        directory: BorrowedFd<'_>,
        place: &'w Place,
        name: &'w OsStr,
        buffer: &'w mut Buffer,
        walk: Walk<'w>,
    ) -> nix::Result<Option<Self>> {
        let fd = without_access_time(|flags| openat(directory, name, flags | OFlag::O_NOFOLLOW, Mode::empty()))?;
        let file = File::from(fd);
        let meta = Meta::of(&file.metadata().map_err(errno_of)?);
        Ok((meta.kind == Kind::File).then_some(Self { place, name, file, meta, buffer, untold: 0, walk }))
    }

    /// Its path inside the image; put together anew at each call.
    pub fn path(&self) -> PathBuf {
        self.place.path().join(self.name)
    }

    /// Its name: the last component of the path.
    pub fn name(&self) -> &OsStr {
        self.name
    }

    /// Its size, mode, owner and times.
    pub fn meta(&self) -> Meta {
        self.meta
    }

    /// What says whether the walk goes on; for long work on what was read.
    pub fn control(&self) -> &'w Control {
        self.walk.control
    }

    /// Bytes read of it that the walk's progress does not hold yet.
    pub(super) fn untold(&self) -> u64 {
        self.untold
    }

    /// Whether it runs with capabilities of its own (capabilities(7), "File capabilities"); `false` where the file
    /// system keeps none.
    pub fn has_capabilities(&self) -> bool {
        self.file.get_xattr("security.capability").is_ok_and(|value| value.is_some())
    }

    /// Reads at `offset` until `into` is full or the file ends; gives how many bytes it read. They do not count as
    /// progress: this is for a second look at what was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, Error> {
        fill(&self.file, offset, into).map_err(|errno| Error::io("read", self.path(), errno))
    }

    /// Hands the content to `visit` in pieces of up to 256 KiB, each with its offset in the file. A piece begins with the
    /// last `overlap` bytes (at most half a piece) of the one before it, so that nothing of that length is cut in two.
    /// A file that fits is one piece; an empty file is none. Holes are passed over without being read, and what follows
    /// one is a piece without overlap. What is appended meanwhile is read too, up to 64 MiB of it.
    ///
    /// At most `limit` bytes are read, holes not counted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pieces(
        &mut self,
        overlap: usize,
        limit: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<Ended, Error> {
        self.all(overlap.min(PIECE / 2), limit, visit).map_err(|errno| Error::io("read", self.path(), errno))
    }

    fn all(
        &mut self,
        overlap: usize,
        limit: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> nix::Result<Ended> {
        let Meta { mut size, mut stamp, .. } = self.meta;
        // What is read at once has no time to change.
        let takes_time = size > PIECE as u64;
        let longest = size.saturating_add(GROWTH);
        let mut budget = limit;
        let mut offset = 0;
        // How much of the buffer's beginning is the end of the piece before.
        let mut kept = 0;
        loop {
            if offset >= size {
                if !takes_time {
                    return Ok(Ended::Whole);
                }
                let now = Meta::of(&self.file.metadata().map_err(errno_of)?);
                if now.stamp == stamp && now.size == size {
                    return Ok(Ended::Whole);
                }
                if now.size <= offset || offset >= longest {
                    return Ok(Ended::Changed);
                }
                (size, stamp) = (now.size.min(longest), now.stamp);
            }
            if self.untold >= TELL {
                self.walk.tally.add(0, std::mem::take(&mut self.untold));
            }
            if !self.walk.control.pass() {
                return Ok(Ended::Stopped);
            }
            if takes_time {
                let data = next_data(&self.file, offset, size)?;
                if data > offset {
                    kept = 0;
                    offset = data;
                    continue;
                }
            }
            if budget == 0 {
                return Ok(Ended::Limit);
            }
            let room = self.buffer.0.get_mut(kept..).unwrap_or_default();
            let most = usize::try_from((size - offset).min(budget)).unwrap_or(usize::MAX).min(room.len());
            let read = fill(&self.file, offset, room.get_mut(..most).unwrap_or_default())?;
            if read == 0 {
                // It has become shorter.
                return Ok(Ended::Changed);
            }
            self.untold += read as u64;
            budget -= read as u64;
            let end = kept + read;
            let piece = self.buffer.0.get(..end).unwrap_or_default();
            if visit(offset - kept as u64, piece).is_break() {
                return Ok(Ended::Stopped);
            }
            offset += read as u64;
            let keep = overlap.min(end);
            self.buffer.0.copy_within(end - keep..end, 0);
            kept = keep;
        }
    }
}

/// Reads until `into` is full or the file ends.
fn fill(file: &File, offset: u64, into: &mut [u8]) -> nix::Result<usize> {
    let mut done = 0;
    while let Some(room) = into.get_mut(done..)
        && !room.is_empty()
    {
        match file.read_at(room, offset + done as u64).map_err(errno_of) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(done)
}

/// Where the next byte that is not in a hole is, `to` at the furthest (lseek(2), `SEEK_DATA`).
fn next_data(file: &File, offset: u64, to: u64) -> nix::Result<u64> {
    let Ok(from) = i64::try_from(offset) else { return Ok(to) };
    match lseek(file.as_fd(), from, Whence::SeekData) {
        Ok(data) => Ok(u64::try_from(data).unwrap_or(to).min(to)),
        // Nothing but a hole up to the end.
        Err(Errno::ENXIO) => Ok(to),
        // The file system does not know.
        Err(Errno::EINVAL) => Ok(offset),
        Err(errno) => Err(errno),
    }
}
