//! Looking at files, links and directories, through the overlay where there is one. Nothing here writes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::readlinkat;
use nix::unistd::{Whence, lseek};
use ring::digest::{Context, Digest, SHA256};

use super::resolve::{Handle, Last, Spot, There, errno_of, handle_at};
use super::root::open_directory;
use super::{Body, Entry, Error, FileNode, Image, Kind, Meta, Node, Overlay, Reason, glob};

/// The most that [`Image::read`] reads: 16 MiB.
pub const READ_LIMIT: u64 = 16 << 20;

/// The largest body a [`Node`] holds in memory: 1 MiB.
pub const BODY_LIMIT: u64 = 1 << 20;

/// The most entries that [`Image::list`] and the most paths that [`Image::glob`] give.
pub const ENTRY_LIMIT: usize = 1 << 18;

/// The most bytes of a file that [`Image::read_table`] takes.
pub const TABLE_LIMIT: u64 = 1 << 20;

/// The most lines of one.
pub const TABLE_LINES: usize = 20_000;

/// The bytes of the file at `path` as text; bytes that are not UTF-8 become U+FFFD.
///
/// # Errors
/// When a zero byte is in it: no parser of text may take that for a file in which nothing is said. The kernel's own
/// files under `/proc` use it between words.
pub(super) fn text_of(path: &Path, bytes: &[u8]) -> Result<String, Error> {
    match memchr::memchr(0, bytes).filter(|_| !path.starts_with("/proc")) {
        None => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Some(at) => {
            let line = 1 + memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or_default()).count();
            Err(Error::malformed("read", path, format!("it is no text, line {line} holds a zero byte")))
        }
    }
}

impl Image {
    /// What is at `path`, following links inside the image; `None` when nothing is there (or a link dangles).
    ///
    /// # Errors
    /// When it could not be found out: no permission, a link loop, an I/O error.
    pub fn stat(&self, path: &Path) -> Result<Option<Meta>, Error> {
        self.find("look at", path, Last::Follow).map(|there| there.meta())
    }

    /// What is at `path` itself; a final link is not followed.
    ///
    /// # Errors
    /// As [`Image::stat`].
    pub fn lstat(&self, path: &Path) -> Result<Option<Meta>, Error> {
        self.find("look at", path, Last::Keep).map(|there| there.meta())
    }

    /// The bytes of the regular file at `path` (links followed inside the image); `None` when nothing is there.
    /// Reads at most [`READ_LIMIT`] bytes; never opens a FIFO, socket or device; never changes the access time where
    /// the kernel allows that.
    ///
    /// # Errors
    /// When something is there that is no regular file, is too large, or cannot be read.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        self.read_up_to(path, READ_LIMIT)
    }

    /// [`Image::read`] with another limit.
    pub(super) fn read_up_to(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let there = self.find("read", path, Last::Follow)?;
        self.content(&there, path, limit, false)
    }

    /// [`Image::read`] as text; bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// As [`Image::read`], and when it is no text: a zero byte is in it.
    pub fn read_text(&self, path: &Path) -> Result<Option<String>, Error> {
        self.read(path)?.map(|bytes| text_of(path, &bytes)).transpose()
    }

    /// [`Image::read_text`] of a file with an entry in each line, each of which takes many times its size until
    /// everything is judged: at most [`TABLE_LIMIT`] bytes and [`TABLE_LINES`] lines.
    ///
    /// # Errors
    /// As [`Image::read_text`], and when it has more bytes or lines.
    pub fn read_table(&self, path: &Path) -> Result<Option<String>, Error> {
        let Some(bytes) = self.read_up_to(path, TABLE_LIMIT)? else { return Ok(None) };
        if memchr::memchr_iter(b'\n', &bytes).count() > TABLE_LINES {
            return Err(Error { action: "read", path: path.to_owned(), reason: Reason::TooMany(TABLE_LINES) });
        }
        text_of(path, &bytes).map(Some)
    }

    /// The first `limit` bytes (at most [`READ_LIMIT`]) of the regular file at `path`, however large it is; `None` when
    /// nothing is there.
    ///
    /// # Errors
    /// When something is there that is no regular file or cannot be read.
    pub fn read_start(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let there = self.find("read", path, Last::Follow)?;
        self.content(&there, path, limit.min(READ_LIMIT), true)
    }

    /// The regular file at `path`, opened for reading piece by piece; `None` when nothing is there. What a draft says
    /// of it is not seen: this is for databases, which no change rewrites.
    pub(super) fn open_file(&self, path: &Path) -> Result<Option<File>, Error> {
        let nothing = Overlay::default();
        match self.root.find(&nothing, path, Last::Follow).map_err(|errno| Error::io("read", path, errno))? {
            There::Disk(found) if found.meta.kind == Kind::File => {
                self.root.open_file(&found, path).map(Some).map_err(|errno| Error::io("read", path, errno))
            }
            There::Disk(found) => {
                Err(Error { action: "read", path: path.to_owned(), reason: Reason::Special(found.meta.kind) })
            }
            There::Nothing(_) | There::Drafted(..) => Ok(None),
        }
    }

    /// SHA-256 of the regular file at `path`, however large it is: of as much as there was when it was opened. `None` when
    /// nothing is there. What a draft says of it is not seen.
    ///
    /// # Errors
    /// When something is there that is no regular file or cannot be read.
    pub fn sha256(&self, path: &Path) -> Result<Option<Digest>, Error> {
        let io = |cause| Error::io("read", path, errno_of(cause));
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        let size = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(1 << 20, file.take(size));
        let mut context = Context::new(&SHA256);
        loop {
            let piece = file.fill_buf().map_err(io)?;
            let length = piece.len();
            if length == 0 {
                return Ok(Some(context.finish()));
            }
            context.update(piece);
            file.consume(length);
        }
    }

    /// Whether the regular file at `path` holds nothing but zeros from `offset` on, however large it is; holes are passed
    /// over, and reading ends at the first byte that is not zero. What is not there holds nothing.
    ///
    /// # Errors
    /// When something is there that is no regular file or cannot be read.
    pub fn is_blank_from(&self, path: &Path, offset: u64) -> Result<bool, Error> {
        let io = |errno| Error::io("read", path, errno);
        let Some(mut file) = self.open_file(path)? else { return Ok(true) };
        let mut place = i64::try_from(offset).map_err(|_| io(Errno::EOVERFLOW))?;
        let mut chunk = vec![0; 1 << 20];
        loop {
            match lseek(&file, place, Whence::SeekData) {
                Ok(data) => place = data,
                // Nothing but a hole up to the end.
                Err(Errno::ENXIO) => return Ok(true),
                Err(errno) => return Err(io(errno)),
            }
            let length = file.read(&mut chunk).map_err(|cause| io(errno_of(cause)))?;
            if chunk.iter().take(length).any(|&byte| byte != 0) {
                return Ok(false);
            }
            if length == 0 {
                return Ok(true);
            }
            place = place.saturating_add(i64::try_from(length).unwrap_or(i64::MAX));
        }
    }

    /// Where the link at `path` points, as written; `None` when it is no link or nothing is there.
    ///
    /// # Errors
    /// As [`Image::stat`].
    pub fn read_link(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        match self.find("read the link", path, Last::Keep)? {
            There::Drafted(Node::Symlink { target, .. }, _) => Ok(Some(target.clone())),
            There::Disk(found) if found.meta.kind == Kind::Symlink => readlinkat(&found.file, "")
                .map(|target| Some(target.into()))
                .map_err(|errno| Error::io("read the link", path, errno)),
            _ => Ok(None),
        }
    }

    /// The entries of the directory at `path` (links followed), sorted by bytes; empty when nothing is there.
    ///
    /// # Errors
    /// When it is no directory, cannot be read, or has more than [`ENTRY_LIMIT`] entries.
    pub fn list(&self, path: &Path) -> Result<Vec<Entry>, Error> {
        if self.overlay.is_empty() {
            let there = self.find("list", path, Last::Follow)?;
            return Ok(entries_on_disk(&there, path)?.into_iter().map(|(name, kind)| Entry { name, kind }).collect());
        }
        let spot = match self.root.resolve(&self.overlay, path, Last::Follow) {
            // The errors: no path, or a name that no file system has.
            Ok(Spot { there: There::Nothing(_), .. }) | Err(Errno::ENOENT | Errno::ENAMETOOLONG) => {
                return Ok(Vec::new());
            }
            Ok(spot) => spot,
            Err(errno) => return Err(Error::io("list", path, errno)),
        };
        let mut entries = entries_on_disk(&spot.there, path)?;
        for (below, node) in self.overlay.entries(&spot.real) {
            let Some(name) = below.file_name() else { continue };
            match node {
                Some(node) => entries.insert(name.to_owned(), node.kind()),
                None => entries.remove(name),
            };
        }
        Ok(entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }

    /// The paths that match an absolute shell pattern, sorted by bytes: `*`, `?`, `[…]` within one component, `**` for
    /// any depth (none included), `{a,b}` alternatives, `\` before a character that stands for itself. A leading dot is
    /// matched by `*`. A slash at the end matches directories only.
    ///
    /// Links are followed in the part before the first wildcard and nowhere after: a link that somebody planted in a
    /// directory which everybody may write to does not lead a clean-up elsewhere. The last component may be a link.
    /// Wildcards do not reach into `/proc` and `/sys`. Of more than 256 alternatives the rest are left out.
    ///
    /// # Errors
    /// When a directory on the way exists but cannot be read, or more than [`ENTRY_LIMIT`] paths match.
    pub fn glob(&self, pattern: &str) -> Result<Vec<PathBuf>, Error> {
        glob::glob(self, pattern)
    }

    /// The path inside the image that `path` stands for once every link on the way, the last one included, is
    /// followed. The last component need not exist; below a missing directory the rest is as written.
    ///
    /// # Errors
    /// On a link loop or a directory that cannot be searched.
    pub fn real_path(&self, path: &Path) -> Result<PathBuf, Error> {
        self.real(path, Last::Follow)
    }

    /// As [`Image::real_path`], but a link in the last place is not followed: the key of what is at `path` itself, in
    /// an [`super::Overlay`] and in a change.
    ///
    /// # Errors
    /// As [`Image::real_path`].
    pub fn real_place(&self, path: &Path) -> Result<PathBuf, Error> {
        self.real(path, Last::Keep)
    }

    /// Everything there is at `path` itself, as a [`Node`]: what a change is made from. `None` when nothing is there.
    /// Bodies over [`BODY_LIMIT`] are left on the disk and known by their [`super::Stamp`].
    ///
    /// # Errors
    /// As [`Image::read`]; special files give [`Reason::Special`].
    pub fn node(&self, path: &Path) -> Result<Option<Node>, Error> {
        let there = self.find("read", path, Last::Keep)?;
        let found = match &there {
            There::Nothing(_) => return Ok(None),
            There::Drafted(node, _) => return Ok(Some((*node).clone())),
            There::Disk(found) => found,
        };
        let Meta { kind, mode, uid, gid, size, stamp, .. } = found.meta;
        Ok(Some(match kind {
            Kind::Directory => Node::Directory { mode, uid, gid },
            Kind::Symlink => {
                let target = readlinkat(&found.file, "").map_err(|errno| Error::io("read the link", path, errno))?;
                Node::Symlink { target: target.into(), uid, gid }
            }
            Kind::File if size > BODY_LIMIT => {
                Node::File(FileNode { body: Body::OnDisk { size, stamp }, mode, uid, gid })
            }
            Kind::File => {
                let bytes = self.content(&there, path, BODY_LIMIT, false)?.unwrap_or_default();
                Node::File(FileNode { body: Body::Bytes(bytes.into()), mode, uid, gid })
            }
            special => return Err(Error { action: "read", path: path.to_owned(), reason: Reason::Special(special) }),
        }))
    }

    fn find(&self, action: &'static str, path: &Path, last: Last) -> Result<There<'_>, Error> {
        self.root.find(&self.overlay, path, last).map_err(|errno| Error::io(action, path, errno))
    }

    fn real(&self, path: &Path, last: Last) -> Result<PathBuf, Error> {
        match self.root.resolve(&self.overlay, path, last) {
            Ok(Spot { there: There::Nothing(Errno::ENOTDIR), .. }) => Err(Error::io("follow", path, Errno::ENOTDIR)),
            Ok(spot) => Ok(spot.real),
            Err(errno) => Err(Error::io("follow", path, errno)),
        }
    }

    /// The content of the regular file that is `there`; with `start`, only as much of it as `limit` allows.
    fn content(&self, there: &There<'_>, path: &Path, limit: u64, start: bool) -> Result<Option<Vec<u8>>, Error> {
        let error = |reason| Error { action: "read", path: path.to_owned(), reason };
        let io = |errno| Error::io("read", path, errno);
        let meta = match there {
            There::Nothing(_) => return Ok(None),
            There::Drafted(Node::File(FileNode { body: Body::Bytes(bytes), .. }), _) => {
                let size = bytes.len() as u64;
                if size > limit && !start {
                    return Err(error(Reason::TooLarge(limit)));
                }
                return Ok(Some(bytes.iter().copied().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()));
            }
            There::Drafted(node, _) => node.meta(),
            There::Disk(found) => found.meta,
        };
        if meta.kind != Kind::File {
            return Err(error(Reason::Special(meta.kind)));
        }
        let (There::Disk(found) | There::Drafted(_, Some(found))) = there else { return Ok(None) };
        if meta.size > limit && !start {
            return Err(error(Reason::TooLarge(limit)));
        }
        let file = self.root.open_file(found, path).map_err(|errno| match errno {
            Errno::EAGAIN => error(Reason::Malformed("it was replaced while it was looked at; try again".to_owned())),
            other => io(other),
        })?;
        // One more than is allowed, to tell a file that has grown since it was looked at. Files of procfs say size 0.
        let most = if start { limit } else { limit + 1 };
        let mut bytes = Vec::with_capacity(usize::try_from(meta.size.min(most)).unwrap_or(0));
        file.take(most).read_to_end(&mut bytes).map_err(|cause| io(errno_of(cause)))?;
        if bytes.len() as u64 > limit { Err(error(Reason::TooLarge(limit))) } else { Ok(Some(bytes)) }
    }
}

/// The entries of the directory that is `there`, as the disk has them.
fn entries_on_disk(there: &There<'_>, path: &Path) -> Result<BTreeMap<OsString, Kind>, Error> {
    let found: &Handle = match there {
        There::Nothing(_) | There::Drafted(Node::Directory { .. }, None) => return Ok(BTreeMap::new()),
        There::Disk(found) | There::Drafted(Node::Directory { .. }, Some(found))
            if found.meta.kind == Kind::Directory =>
        {
            found
        }
        other => {
            let kind = other.meta().map_or(Kind::File, |meta| meta.kind);
            return Err(Error { action: "list", path: path.to_owned(), reason: Reason::NotDirectory(kind) });
        }
    };
    let io = |errno| Error::io("list", path, errno);
    let mut entries = BTreeMap::new();
    let mut directory = open_directory(&found.file).map_err(io)?;
    for entry in directory.iter() {
        let entry = entry.map_err(io)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        if entries.len() >= ENTRY_LIMIT {
            return Err(Error { action: "list", path: path.to_owned(), reason: Reason::TooMany(ENTRY_LIMIT) });
        }
        let kind = match entry.file_type() {
            Some(kind) => Kind::of_entry(kind),
            None => match handle_at(std::os::fd::AsFd::as_fd(&found.file), name) {
                Ok(handle) => handle.meta.kind,
                Err(Errno::ENOENT) => continue,
                Err(errno) => return Err(Error::io("look at", path.join(name), errno)),
            },
        };
        entries.insert(name.to_owned(), kind);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
