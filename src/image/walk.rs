//! A parallel walk over every regular file of the image: no link followed, no special file opened, no inode read twice,
//! no access time changed.
//!
//! The image's own file systems are walked: the one its root is on, and whatever other disk is mounted inside it
//! (`/home`, `/var`, `/boot/efi` are part of what is published). Virtual, network and read-only file systems are left
//! out (`/proc`, `/sys`, `/run`, a live `/dev`, NFS, snaps), and so is a second mount of the root's own.
//!
//! Directories wait in one stack, as names without open handles; each worker takes one, opens it, visits its files and
//! puts its directories on the stack. A large directory's files are shared out. Memory grows with the stack only.
//! The walk sees the disk, not the overlay of a drafted image.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::resolve::{handle, handle_at};
use super::root::without_access_time;
use super::{Error, Image, Kind};
use extent::{Mounts, outside};
use file::Buffer;
use place::{Mount, Place};
use queue::Queue;
use tally::Tally;

mod control;
mod extent;
mod file;
mod names;
mod place;
mod queue;
mod tally;
#[cfg(test)]
mod tests;

pub use control::Control;
pub use extent::Extent;
pub use file::{Ended, OpenFile};
pub use names::{Inode, names, others};

/// What the walk has gone through so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Regular files seen.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// How much there is; `None` where the root is a plain directory, or a part of a file system is mounted in it.
    pub of: Option<Extent>,
    /// How long it has taken, pauses left out.
    pub at_work: Duration,
}

/// How a walk ended.
#[derive(Debug)]
pub struct Walked<S> {
    /// What each worker gathered, in no particular order.
    pub states: Vec<S>,
    /// How much there was.
    pub progress: Progress,
    /// What could not be looked at, and the errors the visitor returned, sorted by path; at most [`ERROR_LIMIT`].
    pub errors: Vec<Error>,
    /// How many more errors there were.
    pub more_errors: u64,
    /// Mount points inside the image that were not gone into, sorted.
    pub skipped: Vec<PathBuf>,
    /// Directories that were seen and had gone when their turn came, sorted; at most [`ERROR_LIMIT`]. What was in them may
    /// lie elsewhere.
    pub gone: Vec<PathBuf>,
    /// Whether it went through everything: `false` when it was cancelled.
    pub finished: bool,
}

/// The most errors a walk keeps.
pub const ERROR_LIMIT: usize = 4096;

/// How many directories deep the walk goes; no honest image reaches as far.
const DEPTH_LIMIT: u32 = 1024;

/// How many files of one directory a worker handles before it looks whether others have nothing to do.
const BATCH: usize = 64;

/// Visits every regular file of the image, each inode once, on two to eight threads.
///
/// `state` makes what one worker gathers into (and keeps its scratch memory in); `visit` gets it with each file.
/// A file is open when it is visited and nothing of it has been read: `visit` decides by [`OpenFile::name`] and
/// [`OpenFile::meta`] whether and how much to read. An error it returns is kept and the walk goes on. `progress` is called
/// from any of the threads, some twenty times a second, and once at the end. `control` stops it from anywhere, for a
/// while or for good.
///
/// ```no_run
/// # use seaworthy::image::{Image, walk::{Control, walk}};
/// # fn main() -> Result<(), seaworthy::image::Error> {
/// let image = Image::open("/".as_ref())?;
/// let walked = walk(
///     &image,
///     Vec::new,
///     |found, file| {
///         let mut hits = 0;
///         // 16 MiB at the most, in pieces that overlap by 64 bytes.
///         let ended = file.pieces(64, 16 << 20, &mut |_offset, bytes| {
///             hits += bytes.windows(4).filter(|four| *four == b"AKIA").count();
///             std::ops::ControlFlow::Continue(())
///         })?;
///         if hits > 0 {
///             found.push((file.path(), hits, ended));
///         }
///         Ok(())
///     },
///     &|progress| eprintln!("{} files", progress.files),
///     &Control::new(),
/// );
/// println!("{} hits", walked.states.into_iter().flatten().count());
/// # Ok(()) }
/// ```
pub fn walk<S: Send>(
    image: &Image,
    state: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, &mut OpenFile<'_>) -> Result<(), Error> + Sync,
    progress: &(dyn Fn(Progress) + Sync),
    control: &Control,
) -> Walked<S> {
    let queue = Queue::new(control);
    let tally = Tally::new(progress, control);
    let skipped = Mutex::new(Vec::new());
    let gone = Mutex::new(Vec::new());
    let mounts = Mounts::read();
    let mut root_device = 0;
    match image.root.handle().and_then(|(root, resolver)| Mount::root(root, resolver)) {
        Ok(root) => {
            root_device = root.device();
            tally.enter(root.extent(&mounts, image.mount_point()));
            queue.push([Task::Directory(Arc::new(root), Place::root())]);
        }
        Err(errno) => tally.error(Error::io("walk through", "/", errno)),
    }
    let walk = Walk {
        root_device,
        mount_point: image.mount_point(),
        mounts: &mounts,
        queue: &queue,
        tally: &tally,
        control,
        skipped: &skipped,
        gone: &gone,
    };
    let workers = std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8));
    let states = std::thread::scope(|scope| {
        let work = || {
            let mut state = state();
            let mut buffer = Buffer::default();
            while let Some((task, _busy)) = queue.pop() {
                if control.pass() {
                    walk.run(task, &mut buffer, &mut |file| visit(&mut state, file));
                }
            }
            state
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        // A worker that panicked has nothing to give; the panic hook has said so.
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
    });
    let mut skipped = skipped.into_inner().unwrap_or_else(PoisonError::into_inner);
    skipped.sort();
    let mut gone = gone.into_inner().unwrap_or_else(PoisonError::into_inner);
    gone.sort();
    let finished = !control.is_cancelled() && states.len() == workers;
    let (progress, errors, more_errors) = tally.end();
    Walked { states, progress, errors, more_errors, skipped, gone, finished }
}

/// Something for a worker to do.
enum Task {
    /// Go through a directory.
    Directory(Arc<Mount>, Arc<Place>),
    /// Visit these files of a directory that has many.
    Files(Arc<OwnedFd>, Arc<Place>, Vec<OsString>),
}

/// What all workers share.
#[derive(Clone, Copy)]
struct Walk<'w> {
    root_device: u64,
    mount_point: &'w Path,
    mounts: &'w Mounts,
    queue: &'w Queue<'w>,
    tally: &'w Tally<'w>,
    control: &'w Control,
    skipped: &'w Mutex<Vec<PathBuf>>,
    gone: &'w Mutex<Vec<PathBuf>>,
}

/// Whether something had gone or turned into something else when it was to be opened.
fn has_gone(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENXIO)
}

type Visit<'v> = &'v mut dyn FnMut(&mut OpenFile<'_>) -> Result<(), Error>;

impl Walk<'_> {
    fn run(&self, task: Task, buffer: &mut Buffer, visit: Visit<'_>) {
        match task {
            Task::Files(directory, place, names) => self.files(&directory, &place, &names, buffer, visit),
            Task::Directory(mount, place) => match self.directory(&mount, &place, buffer, visit) {
                Ok(()) => {}
                Err(errno) if has_gone(errno) => {
                    let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
                    if gone.len() < ERROR_LIMIT {
                        gone.push(place.path());
                    }
                }
                Err(errno) => self.missed("list", place.path(), errno),
            },
        }
    }

    /// Notes what could not be looked at. What has gone or turned into something else meanwhile is none of it.
    fn missed(&self, action: &'static str, path: PathBuf, errno: Errno) {
        if !has_gone(errno) {
            self.tally.error(Error::io(action, path, errno));
        }
    }

    fn directory(
        &self,
        mount: &Arc<Mount>,
        place: &Arc<Place>,
        buffer: &mut Buffer,
        visit: Visit<'_>,
    ) -> nix::Result<()> {
        let (mount, directory) = match mount.open(&place.below(mount)) {
            Err(Errno::EXDEV) => match self.cross(mount, place)? {
                Some(crossed) => crossed,
                None => return Ok(()),
            },
            opened => (Arc::clone(mount), opened?),
        };
        let directory = Arc::new(directory);
        let mut files: Vec<OsString> = Vec::new();
        let mut below = Vec::new();
        for entry in Dir::from_fd(directory.try_clone().map_err(super::resolve::errno_of)?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let kind = match entry.file_type() {
                Some(Type::File) => Kind::File,
                Some(Type::Directory) => Kind::Directory,
                Some(_) => continue,
                None => match handle_at(directory.as_fd(), name) {
                    Ok(handle) => handle.meta.kind,
                    Err(errno) => {
                        self.missed("look at", place.path().join(name), errno);
                        continue;
                    }
                },
            };
            if kind == Kind::File {
                files.push(name.to_owned());
                if files.len() >= BATCH {
                    let batch = std::mem::take(&mut files);
                    if self.queue.is_hungry() {
                        self.queue.push([Task::Files(Arc::clone(&directory), Arc::clone(place), batch)]);
                    } else {
                        self.files(&directory, place, &batch, buffer, visit);
                    }
                }
            } else if kind == Kind::Directory && name != "." && name != ".." {
                match place.child(name.to_owned(), DEPTH_LIMIT) {
                    Some(child) => below.push(Task::Directory(Arc::clone(&mount), child)),
                    None => self.tally.error(Error::malformed(
                        "walk through",
                        place.path().join(name),
                        format!("it is more than {DEPTH_LIMIT} directories deep"),
                    )),
                }
            }
            if self.control.is_cancelled() {
                return Ok(());
            }
        }
        if place.is_root() {
            // The stack's last goes first: what the publisher made is seen before what the distribution did.
            below.sort_by_key(|task| !matches!(task, Task::Directory(_, child) if child.name() == "usr"));
        }
        self.queue.push(below);
        self.files(&directory, place, &files, buffer, visit);
        Ok(())
    }

    /// Goes over a mount point: the mount and its open directory, or `None` when it is to be left out.
    fn cross(&self, mount: &Mount, place: &Arc<Place>) -> nix::Result<Option<(Arc<Mount>, OwnedFd)>> {
        // Held by `O_PATH` alone until it is known what it is: opening an automount point would mount it.
        let found = handle(mount.hold(&place.below(mount))?)?;
        let is_ours = found.meta.stamp.device != self.root_device && place::is_disk(&found.file)?;
        if is_ours && found.meta.kind == Kind::Directory && self.queue.meet(&found.meta) {
            let directory = without_access_time(|flags| {
                openat(&found.file, ".", flags | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW, Mode::empty())
            })?;
            let inside = mount.inside(found, place);
            self.tally.enter(inside.extent(self.mounts, &outside(self.mount_point, &place.path())));
            return Ok(Some((Arc::new(inside), directory)));
        }
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).push(place.path());
        Ok(None)
    }

    fn files(
        &self,
        directory: &Arc<OwnedFd>,
        place: &Arc<Place>,
        names: &[OsString],
        buffer: &mut Buffer,
        visit: Visit<'_>,
    ) {
        let (mut files, mut bytes) = (0, 0);
        for name in names {
            if !self.control.pass() {
                break;
            }
            files += 1;
            match OpenFile::open(directory.as_fd(), place, name, buffer, *self) {
                Ok(Some(mut file)) if self.queue.is_first(&file.meta()) => {
                    if let Err(error) = visit(&mut file) {
                        self.tally.error(error);
                    }
                    bytes += file.untold();
                }
                Ok(_) => {}
                Err(errno) => self.missed("read", place.path().join(name), errno),
            }
        }
        self.tally.add(files, bytes);
    }
}
