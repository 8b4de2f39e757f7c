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

use super::super::resolve::errno_of;
use super::super::root::without_access_time;
use super::super::{Error, Kind, Meta};
use super::place::Place;
use super::{Control, Walk};

/// The length of a piece, and the memory that each worker reads into: 256 KiB.
const PIECE: usize = 256 << 10;

/// After how many bytes of one file the walk's progress is told.
const TELL: u64 = 4 << 20;

/// What a worker reads into.
pub(super) struct Buffer(Vec<u8>);

impl Default for Buffer {
    fn default() -> Self {
        Self(vec![0; PIECE])
    }
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
    /// one is a piece without overlap.
    ///
    /// Of a file larger than `limit` bytes the first half of `limit` and the last are read, holes not counted. Gives
    /// whether everything was handed over: `false` when something in the middle was left out, `visit` stopped, or the walk
    /// was cancelled.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pieces(
        &mut self,
        overlap: usize,
        limit: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<bool, Error> {
        let size = self.meta.size;
        let result = if size <= limit {
            self.range(0, size, size, overlap, visit).map(|reached| reached == Some(size))
        } else {
            let half = limit / 2;
            self.range(0, size, half, overlap, visit).and_then(|reached| {
                let Some(reached) = reached else { return Ok(false) };
                let tail = reached.max(size - half);
                Ok(self.range(tail, size, half, overlap, visit)? == Some(size) && tail == reached)
            })
        };
        result.map_err(|errno| Error::io("read", self.path(), errno))
    }

    /// Hands over what lies between `from` and `to`, at most `budget` bytes of data: how far it came, `None` when `visit`
    /// stopped.
    fn range(
        &mut self,
        from: u64,
        to: u64,
        mut budget: u64,
        overlap: usize,
        visit: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> nix::Result<Option<u64>> {
        let overlap = overlap.min(PIECE / 2);
        let mut offset = from;
        // How much of the buffer's beginning is the end of the piece before.
        let mut kept = 0;
        while offset < to && budget > 0 {
            if self.untold >= TELL {
                self.walk.tally.add(0, std::mem::take(&mut self.untold));
            }
            if !self.walk.control.pass() {
                return Ok(None);
            }
            if to - from > PIECE as u64 {
                let data = next_data(&self.file, offset, to)?;
                if data > offset {
                    kept = 0;
                    offset = data;
                    continue;
                }
            }
            let room = self.buffer.0.get_mut(kept..).unwrap_or_default();
            let most = usize::try_from((to - offset).min(budget)).unwrap_or(usize::MAX).min(room.len());
            let read = fill(&self.file, offset, room.get_mut(..most).unwrap_or_default())?;
            if read == 0 {
                // It has become shorter.
                return Ok(Some(to));
            }
            self.untold += read as u64;
            budget -= read as u64;
            let piece = self.buffer.0.get(..kept + read).unwrap_or_default();
            if visit(offset - kept as u64, piece).is_break() {
                return Ok(None);
            }
            offset += read as u64;
            let keep = overlap.min(piece.len());
            let end = kept + read;
            self.buffer.0.copy_within(end - keep..end, 0);
            kept = keep;
        }
        Ok(Some(offset))
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
