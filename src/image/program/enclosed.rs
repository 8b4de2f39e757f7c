//! Programs that are asked something and can change nothing: they run as root, as package managers want it, but in mount
//! and network namespaces of their own (`namespaces(7)`), where every file system is read-only, `/etc` and `/var` are
//! covered by overlays in memory, and no network is there unless the publisher said so. The kernel keeps the promise,
//! whatever the program or its plug-ins do. All of it is gone when the program ends.
#![expect(
    clippy::disallowed_methods,
    reason = "prepares what an enclosed program sees; nothing of the image is written"
)]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::Mode as Permissions;
use nix::unistd::{Pid, geteuid};

use super::{Ended, start};
use crate::image::{Error, Image, Mode};

/// Process groups of programs that are being asked.
static ASKED: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Nothing more is asked: this program is about to end.
static ENDING: AtomicBool = AtomicBool::new(false);

fn asked() -> MutexGuard<'static, Vec<Pid>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that is being asked, and starts no more: for when this program itself is about to end.
pub fn end_asked() {
    ENDING.store(true, Ordering::SeqCst);
    for group in asked().iter() {
        let _ = killpg(*group, Signal::SIGKILL);
    }
}

/// Runs each of `commands` (programs by absolute path) one after the other, at most for `limit` in all; they see what
/// those before them wrote, and nothing of that outlives them. With `network` they reach the network, otherwise nobody.
/// Stops behind the first that fails.
///
/// # Errors
/// When the image is not the running machine, this program is not root, the kernel does not let them be enclosed, or a
/// program cannot be started.
pub fn ask(image: &Image, commands: &[Vec<String>], limit: Duration, network: bool) -> Result<Vec<Ended>, Error> {
    let refuse = |what: &str| Err(Error::malformed("run", image.mount_point(), what));
    if image.mode() == Mode::Offline || image.mount_point() != Path::new("/") {
        return refuse("nothing is run from an image that is not the running machine");
    }
    if !geteuid().is_root() {
        return refuse("package managers are asked by root only; run it as root");
    }
    // Namespaces belong to a thread, and end with it and its children.
    let work = || {
        enclose(network).map_err(|(what, errno)| {
            let why = format!("{what} is not possible here ({}), so looking could change the image", errno.desc());
            Error::malformed("enclose", "/", why)
        })?;
        let deadline = Instant::now() + limit;
        let mut all = Vec::new();
        for command in commands {
            let Some((program, arguments)) = command.split_first() else { continue };
            let left = deadline.saturating_duration_since(Instant::now());
            if ENDING.load(Ordering::SeqCst) {
                break;
            }
            let mut group = None;
            let ended = start(program, arguments, left, &mut |_| {}, &mut |started| {
                group = Some(started);
                asked().push(started);
                if ENDING.load(Ordering::SeqCst) {
                    let _ = killpg(started, Signal::SIGKILL);
                }
            });
            asked().retain(|one| Some(*one) != group);
            let ended = Ended { limit, ..ended? };
            let go_on = ended.success();
            all.push(ended);
            if !go_on {
                break;
            }
        }
        Ok(all)
    };
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| refuse("it broke down, which is a defect"))
}

/// A step that failed, and why.
type Failed = (String, nix::errno::Errno);

/// Where package managers keep what they write to, below `/var`: mounts of their own are covered as `/etc` and `/var` are.
const COVERED: [&str; 10] = [
    "/var/cache",
    "/var/cache/apt",
    "/var/cache/dnf",
    "/var/cache/yum",
    "/var/cache/zypp",
    "/var/lib",
    "/var/lib/apt",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/log",
];

/// What is empty memory instead. `/run` hides the sockets through which others could be made to do something.
const EMPTY: [&str; 3] = ["/run", "/tmp", "/dev/shm"];

const NONE: Option<&str> = None;

/// Encloses this thread and whatever it starts.
fn enclose(network: bool) -> Result<(), Failed> {
    let names = if network { std::fs::read("/etc/resolv.conf").ok() } else { None };
    let mut flags = CloneFlags::CLONE_NEWNS;
    flags.set(CloneFlags::CLONE_NEWNET, !network);
    unshare(flags).map_err(|errno| ("a namespace".to_owned(), errno))?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)
        .map_err(|errno| ("a mount namespace".to_owned(), errno))?;
    let table = std::fs::read("/proc/thread-self/mountinfo").unwrap_or_default();
    let mounts = mounts(&String::from_utf8_lossy(&table));
    if mounts.is_empty() {
        return Err(("a look at the mounts".to_owned(), nix::errno::Errno::ENOENT));
    }
    let covered = mounts
        .iter()
        .map(|one| one.point.as_path())
        .filter(|point| COVERED.iter().any(|path| *point == Path::new(path)));
    let covered = [Path::new("/etc"), Path::new("/var")].into_iter().chain(covered);
    let mut lower = Vec::new();
    for point in covered {
        let path = |errno| (format!("an overlay on {}", point.display()), errno);
        let directory =
            open(point, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Permissions::empty()).map_err(path)?;
        lower.push((point.to_owned(), File::from(directory)));
    }
    lower.sort_by(|one, other| one.0.cmp(&other.0));
    lower.dedup_by(|one, other| one.0 == other.0);
    for point in mounts.iter().filter(|one| one.is_on_disk()) {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | point.flags;
        mount(NONE, &point.point, NONE, flags, NONE)
            .map_err(|errno| (format!("a read-only view of {}", point.point.display()), errno))?;
    }
    for place in EMPTY {
        if Path::new(place).is_dir() {
            mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, NONE)
                .map_err(|errno| (format!("memory on {place}"), errno))?;
        }
    }
    for (number, (point, directory)) in lower.iter().enumerate() {
        let made = |name: &str| {
            let path = format!("/run/seaworthy-{name}-{number}");
            std::fs::create_dir(&path).map(|()| path)
        };
        let (Ok(upper), Ok(work)) = (made("upper"), made("work")) else {
            return Err(("a directory in memory".to_owned(), nix::errno::Errno::ENOSPC));
        };
        let options = format!("lowerdir=/proc/self/fd/{},upperdir={upper},workdir={work}", directory.as_raw_fd());
        mount(Some("overlay"), point, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
            .map_err(|errno| (format!("an overlay on {}", point.display()), errno))?;
    }
    // Names are looked up through a file that may be a link into what is hidden now.
    if let Some(names) = names {
        let _ = std::fs::remove_file("/etc/resolv.conf");
        let _ = std::fs::write("/etc/resolv.conf", names);
    }
    Ok(())
}

/// One line of the table of mounts.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    system: String,
    flags: MsFlags,
}

/// File systems that are not kept anywhere, or are nobody's to change.
const NOT_KEPT: [&str; 24] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nfsd",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tmpfs",
    "tracefs",
];

impl Mount {
    fn is_on_disk(&self) -> bool {
        !NOT_KEPT.contains(&self.system.as_str())
    }
}

/// The mounts that the table of `proc_pid_mountinfo(5)` lists.
fn mounts(table: &str) -> Vec<Mount> {
    table
        .lines()
        .filter_map(|line| {
            let (head, tail) = line.split_once(" - ")?;
            let mut words = head.split(' ').skip(4);
            let (point, options) = (words.next()?, words.next()?);
            let flags = options.split(',').map(|option| match option {
                "nosuid" => MsFlags::MS_NOSUID,
                "nodev" => MsFlags::MS_NODEV,
                "noexec" => MsFlags::MS_NOEXEC,
                "noatime" => MsFlags::MS_NOATIME,
                "nodiratime" => MsFlags::MS_NODIRATIME,
                "relatime" => MsFlags::MS_RELATIME,
                _ => MsFlags::empty(),
            });
            let system = tail.split(' ').next()?.to_owned();
            Some(Mount { point: PathBuf::from(unescaped(point)), system, flags: flags.collect() })
        })
        .collect()
}

/// Blanks and backslashes are written as `\040`.
fn unescaped(word: &str) -> String {
    let mut parts = word.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(u8::is_ascii);
        if let (Some(code), Some(rest)) = (code, part.get(3..)) {
            plain.push(char::from(code));
            plain.push_str(rest);
        } else {
            plain.push('\\');
            plain.push_str(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mounts_are_read_with_their_flags() {
        let table = "22 1 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw\n30 22 0:5 / /mnt/a\\040b ro,nosuid,nodev - xfs /dev/x ro\nodd\n";
        let found = mounts(table);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].point.as_path(), found[0].flags), (Path::new("/"), MsFlags::MS_NOATIME));
        assert_eq!(found[1].point, Path::new("/mnt/a b"));
        assert!(found[1].is_on_disk());
    }

    #[test]
    fn nothing_is_asked_of_a_fixture() {
        let fixture = crate::image::fixture::Fixture::debian();
        let command = vec![vec!["/bin/true".to_owned()]];
        for image in [fixture.image(), fixture.image().taken_for_live()] {
            assert!(ask(&image, &command, Duration::from_secs(5), false).is_err());
        }
    }

    // Where this is no root or containers forbid it, there is nothing to see.
    #[test]
    fn what_an_enclosed_program_writes_is_gone_and_it_reaches_nobody() {
        let Ok(image) = Image::open(Path::new("/")) else { return };
        let shell = |script: &str| vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
        let commands = [
            shell("echo x > /var/lib/seaworthy-test && echo x > /etc/seaworthy-test && echo x > /tmp/seaworthy-test"),
            shell(
                "cat /var/lib/seaworthy-test; touch /usr/seaworthy-test 2>/dev/null && echo wrote; cat /proc/net/dev | grep -vc lo:",
            ),
        ];
        let Ok(ended) = ask(&image, &commands, Duration::from_secs(20), false) else { return };
        assert!(ended[0].success(), "{}", ended[0].output);
        assert_eq!(ended[1].output.lines().collect::<Vec<_>>(), ["x", "2"]);
        for path in ["/var/lib/seaworthy-test", "/etc/seaworthy-test", "/usr/seaworthy-test", "/tmp/seaworthy-test"] {
            assert!(image.lstat(Path::new(path)).unwrap().is_none(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_table_is_survived(table in "([ \\\\\\-0-9a-z/,\n]|\\PC){0,120}") {
            let _ = mounts(&table);
        }
    }
}
