//! The locks by which other programs keep each other from accounts and packages, taken while we write.
//!
//! Sources: `lckpwdf(3)` (a write lock on `/etc/.pwd.lock`, waited for 15 seconds), dpkg's `lock-frontend` and `lock`,
//! apt's locks of lists and archives, rpm's `.rpm.lock`; dnf, yum and zypper write their process id into a file.
#![expect(clippy::disallowed_methods, reason = "the door to /proc, for the name of who holds a lock")]

use std::fs::{File, read_to_string};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, openat};
use nix::libc;
use nix::sys::stat::{Mode, fstat};

use super::{Place, error, look};
use crate::image::{Error, Image, Kind, text};

/// Locks that are held until this is dropped. Taking them writes nothing.
#[derive(Debug, Default)]
pub struct Locks {
    _held: Vec<File>,
}

/// What `lckpwdf` waits, and enough for a package manager that is about to end.
const PATIENCE: Duration = Duration::from_secs(15);

const ACCOUNTS: &str = "/etc/.pwd.lock";

const PACKAGES: [&str; 6] = [
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
];

/// Files that hold the process id of a package manager at work.
const WORKING: [&str; 3] = ["/var/lib/dnf/rpmdb_lock.pid", "/run/yum.pid", "/run/zypp.pid"];

impl Locks {
    /// Takes the locks of the account files (with `accounts`) and of the package managers (with `packages`), as far as
    /// their files exist: none is made, for that would be a trace. Says in `tell` for whom it waits.
    ///
    /// # Errors
    /// When somebody holds one for longer than 15 seconds; names the process.
    pub fn take(image: &Image, accounts: bool, packages: bool, tell: &mut dyn FnMut(String)) -> Result<Self, Error> {
        let mut wait = Wait { until: Instant::now() + PATIENCE, told: None };
        let mut held = Vec::new();
        if packages {
            for path in WORKING.map(Path::new) {
                wait.until_none(path, tell, || Ok(at_work(image, path)))?;
            }
        }
        let wanted = PACKAGES.iter().filter(|_| packages).chain([ACCOUNTS].iter().filter(|_| accounts));
        for path in wanted.map(Path::new) {
            let Some(file) = open(image, path)? else { continue };
            wait.until_none(path, tell, || lock(&file, path))?;
            held.push(file);
        }
        Ok(Self { _held: held })
    }
}

/// One process that holds a lock; 0 when the kernel does not say which.
type Holder = i32;

struct Wait {
    until: Instant,
    told: Option<Holder>,
}

impl Wait {
    fn until_none(
        &mut self,
        path: &Path,
        tell: &mut dyn FnMut(String),
        mut holder: impl FnMut() -> Result<Option<Holder>, Error>,
    ) -> Result<(), Error> {
        while let Some(pid) = holder()? {
            let who = if pid > 0 { format!("process {pid}{}", name(pid)) } else { "another process".to_owned() };
            if Instant::now() >= self.until {
                let what = if path == Path::new(ACCOUNTS) { "accounts are" } else { "packages are" };
                let why = format!("{who} holds it: {what} being worked on; let it end and try again");
                return Err(Error::malformed("lock", path, why));
            }
            if self.told != Some(pid) {
                tell(format!("waiting for {who} to let go of {}", text::path(path)));
                self.told = Some(pid);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

fn name(pid: Holder) -> String {
    let name = read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim().is_empty() { String::new() } else { format!(" ({})", text::visible(name.trim())) }
}

/// A lock's file, opened for locking; `None` when there is none.
fn open(image: &Image, path: &Path) -> Result<Option<File>, Error> {
    let Some(place) = Place::find(image, path, "").ok().flatten() else { return Ok(None) };
    let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    // Only a regular file is opened: a device or a FIFO might do something.
    let stat = look::stat(place.directory.as_fd(), &place.name).map_err(|errno| error("lock", path, errno))?;
    if stat.is_none_or(|stat| look::kind(&stat) != Kind::File) {
        return Ok(None);
    }
    match openat(&place.directory, place.name.as_os_str(), flags, Mode::empty()) {
        Ok(file) => Ok(fstat(&file).is_ok_and(|stat| look::kind(&stat) == Kind::File).then(|| file.into())),
        Err(Errno::ENOENT | Errno::ELOOP | Errno::ENXIO | Errno::EROFS | Errno::EACCES) => Ok(None),
        Err(errno) => Err(error("lock", path, errno)),
    }
}

/// Takes the write lock of the whole file; who holds it when that is not possible. A lock of the open file, which
/// conflicts with those of processes, so that no other descriptor of ours drops it.
fn lock(file: &File, path: &Path) -> Result<Option<Holder>, Error> {
    let whole = |kind: i32| libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))) {
        Err(Errno::EAGAIN | Errno::EACCES) => {
            let mut asked = whole(libc::F_WRLCK);
            let known = fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked)).is_ok();
            Ok(Some(if known { asked.l_pid.max(0) } else { 0 }))
        }
        // A file system without locks: nobody else can hold one either.
        Ok(_) | Err(Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::EINVAL | Errno::ENOSYS) => Ok(None),
        Err(errno) => Err(error("lock", path, errno)),
    }
}

/// The process that a file names, while it runs.
fn at_work(image: &Image, path: &Path) -> Option<Holder> {
    let text = image.read_text(path).ok().flatten()?;
    let pid: Holder = text.trim().parse().ok().filter(|pid| *pid > 1)?;
    let name = name(pid);
    // The number may be another program's by now.
    ["dnf", "yum", "zypp", "python", "packagekit", "PackageKit"].iter().any(|part| name.contains(part)).then_some(pid)
}
