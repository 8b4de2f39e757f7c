//! The processes of the running machine, from `/proc/PID` (`proc_pid_stat(5)`, `proc_pid_status(5)`): one look at all of
//! them, with their parents. What they call themselves comes from other users: it is bounded, and shown as visible text.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::image::{Error, Reason, text};

/// The most processes that are looked at; Linux has 4,194,304 numbers for them, machines a few hundred of them.
const MOST: usize = 1 << 17;
/// The most that is read of a file about one process, in bytes: its arguments and environment may have 6 MiB together.
const LONGEST: u64 = 256 << 10;
/// The longest title that is kept, in characters.
const TITLE: usize = 256;

/// One process as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) parent: i32,
    /// The process that leads its session (setsid(2)).
    pub(super) session: i32,
    /// Its controlling terminal: `pts/0`, `tty1`, `ttyS0`.
    pub(super) tty: Option<String>,
    /// When it began, in clock ticks after the machine did: with its number, what it is told apart by.
    pub(super) started: u64,
    /// Effective user id.
    pub(super) uid: u32,
    /// A thread of the kernel.
    pub(super) is_kernel: bool,
    /// The last part of its program's path, visible; where that cannot be read, the name the kernel keeps (15 bytes).
    pub(super) program: String,
}

/// Every process, by number.
#[derive(Debug)]
pub(super) struct Table {
    proc: PathBuf,
    all: BTreeMap<i32, Process>,
}

impl Table {
    /// Looks at every process below `proc`.
    pub(super) fn read(proc: &Path) -> Result<Self, Error> {
        let fail =
            |error: &std::io::Error| Error::io("list", proc, Errno::from_raw(error.raw_os_error().unwrap_or_default()));
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(proc).map_err(|error| fail(&error))? {
            let Ok(entry) = entry else { continue };
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that ended meanwhile is none.
            let Some(process) = process(&entry.path(), pid) else { continue };
            if all.len() >= MOST {
                return Err(Error { action: "list", path: proc.into(), reason: Reason::TooMany(MOST) });
            }
            all.insert(pid, process);
        }
        Ok(Self { proc: proc.to_owned(), all })
    }

    pub(super) fn get(&self, pid: i32) -> Option<&Process> {
        self.all.get(&pid)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Process> {
        self.all.values()
    }

    /// The process and those it comes from, nearest first, without the first of the machine.
    pub(super) fn line(&self, pid: i32) -> Vec<&Process> {
        let mut seen = BTreeSet::new();
        let mut next = pid;
        let mut line = Vec::new();
        // Parents may have changed while the table was read: no circle is followed.
        while let Some(process) = self.all.get(&next).filter(|process| process.pid > 1 && seen.insert(process.pid)) {
            line.push(process);
            next = process.parent;
        }
        line
    }

    /// How the process calls itself: its arguments with blanks between them (`sshd: admin@pts/0`), visible.
    pub(super) fn title(&self, pid: i32) -> String {
        let bytes = self.file(pid, "cmdline");
        let words: Vec<_> =
            bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
        text::visible(words.join(" ").trim_end()).chars().take(TITLE).collect()
    }

    /// A variable of the environment it was started with. Whoever started it chose the value.
    pub(super) fn variable(&self, pid: i32, name: &str) -> Option<OsString> {
        let bytes = self.file(pid, "environ");
        let value = |line: &[u8]| Some(line.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec());
        bytes.split(|byte| *byte == 0).find_map(value).map(OsString::from_vec)
    }

    /// The user who logged in to start it, if the kernel was told (`proc_pid_loginuid(5)`).
    pub(super) fn login(&self, pid: i32) -> Option<u32> {
        let bytes = self.file(pid, "loginuid");
        std::str::from_utf8(&bytes).ok()?.trim().parse().ok().filter(|uid| *uid != u32::MAX)
    }

    /// The links of the files it has open, as `socket:[4711]`.
    pub(super) fn open_files(&self, pid: i32) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.proc.join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
        entries.take(4096).filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
    }

    /// The start of a file about the process; nothing where it may not be read.
    fn file(&self, pid: i32, name: &str) -> Vec<u8> {
        start(&self.proc.join(pid.to_string()).join(name)).unwrap_or_default()
    }
}

/// When the process with this number began, in clock ticks after the machine did; `None`: there is none, or it has ended
/// and only waits for its parent to take note.
pub(in crate::image) fn started(pid: i32) -> Option<u64> {
    let stat = start(&Path::new("/proc").join(pid.to_string()).join("stat"))?;
    parse(&String::from_utf8_lossy(&stat)).filter(|stat| !stat.has_ended).map(|stat| stat.started)
}

fn start(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn process(directory: &Path, pid: i32) -> Option<Process> {
    let stat = start(&directory.join("stat"))?;
    let stat = parse(&String::from_utf8_lossy(&stat))?;
    let status = start(&directory.join("status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let program = fs::read_link(directory.join("exe")).ok();
    let program = program.as_deref().and_then(Path::file_name).map(|name| {
        let name = name.as_bytes();
        String::from_utf8_lossy(name.strip_suffix(b" (deleted)").unwrap_or(name)).into_owned()
    });
    Some(Process {
        pid,
        parent: stat.parent,
        session: stat.session,
        tty: terminal(stat.terminal),
        started: stat.started,
        is_kernel: stat.is_kernel,
        uid: uids?.split_whitespace().nth(1)?.parse().ok()?,
        program: text::visible(&program.unwrap_or(stat.name)).chars().take(TITLE).collect(),
    })
}

/// The flag of a thread of the kernel (include/linux/sched.h).
const PF_KTHREAD: u32 = 0x0020_0000;

/// What is used of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    has_ended: bool,
    is_kernel: bool,
    parent: i32,
    session: i32,
    terminal: u32,
    started: u64,
}

/// The name is in parentheses and may hold some itself: the last one ends it.
fn parse(stat: &str) -> Option<Stat> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    let [state, parent, _group, session, terminal, _foreground, flags, ..] = fields.as_slice() else { return None };
    // A number that the kernel prints as signed.
    let terminal = terminal.parse::<i32>().ok()?.cast_unsigned();
    let started = fields.get(19)?.parse().ok()?;
    Some(Stat {
        name: name.to_owned(),
        has_ended: matches!(*state, "Z" | "X" | "x"),
        is_kernel: flags.parse::<u32>().ok()? & PF_KTHREAD != 0,
        parent: parent.parse().ok()?,
        session: session.parse().ok()?,
        terminal,
        started,
    })
}

/// The name of a terminal by its device number (Linux documentation, "devices.txt"); `None`: there is none.
fn terminal(device: u32) -> Option<String> {
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xf_ff00));
    match (major, minor) {
        (0, _) => None,
        (4, 0..=63) => Some(format!("tty{minor}")),
        (4, _) => Some(format!("ttyS{}", minor - 64)),
        (5, 1) => Some("console".to_owned()),
        (136..=143, _) => Some(format!("pts/{}", (major - 136) * (1 << 20) + minor)),
        (204, 64..=79) => Some(format!("ttyAMA{}", minor - 64)),
        (229, _) => Some(format!("hvc{minor}")),
        _ => Some(format!("{major}:{minor}")),
    }
}

#[cfg(test)]
pub(super) mod fake {
    //! A made-up `/proc`.

    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    pub(in crate::image::live) const SERIAL: u32 = 4 << 8 | 64;
    pub(in crate::image::live) const CONSOLE: u32 = 4 << 8 | 1;

    pub(in crate::image::live) const fn pts(number: u32) -> u32 {
        136 << 8 | number
    }

    /// Adds a process to `proc`; it leads its session where it has a terminal and its parent has another.
    pub(in crate::image::live) fn process(
        proc: &Path,
        (pid, parent, session): (i32, i32, i32),
        (uid, terminal): (u32, u32),
        program: &str,
        title: &str,
        environment: &[&str],
    ) {
        let directory = proc.join(pid.to_string());
        fs::create_dir_all(directory.join("fd")).unwrap();
        let name = Path::new(program).file_name().unwrap().to_string_lossy().chars().take(15).collect::<String>();
        let zeros = "0 ".repeat(14);
        let stat = format!("{pid} ({name}) S {parent} {session} {session} {terminal} {zeros}{} 0", 100 + pid);
        fs::write(directory.join("stat"), stat).unwrap();
        fs::write(directory.join("status"), format!("Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")).unwrap();
        fs::write(directory.join("cmdline"), title.replace(' ', "\0")).unwrap();
        fs::write(directory.join("environ"), environment.join("\0")).unwrap();
        std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(program.as_bytes()), directory.join("exe")).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminals_have_their_names() {
        let device = |major: u32, minor: u32| terminal(major << 8 | (minor & 0xff) | (minor & 0xf_ff00) << 12);
        assert_eq!(device(136, 3).as_deref(), Some("pts/3"));
        assert_eq!(device(136, 300).as_deref(), Some("pts/300"));
        assert_eq!(device(4, 1).as_deref(), Some("tty1"));
        assert_eq!(device(4, 64).as_deref(), Some("ttyS0"));
        assert_eq!(device(204, 64).as_deref(), Some("ttyAMA0"));
        assert_eq!(device(229, 0).as_deref(), Some("hvc0"));
        assert_eq!(device(5, 1).as_deref(), Some("console"));
        assert_eq!(device(188, 0).as_deref(), Some("188:0"), "a serial adapter");
        assert_eq!(terminal(0), None);
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = parse("7 (a) b) R 1) S 3 7 5 34816 9 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0").unwrap();
        assert_eq!((stat.name.as_str(), stat.parent, stat.session, stat.started), ("a) b) R 1", 3, 5, 4711));
        assert_eq!(terminal(stat.terminal).as_deref(), Some("pts/0"));
        assert!(!stat.has_ended && !stat.is_kernel);
        assert_eq!(parse("7 (a S 3"), None);
    }

    #[test]
    fn this_process_and_its_parents_are_in_the_table() {
        let table = Table::read(Path::new("/proc")).unwrap();
        let pid = nix::unistd::getpid().as_raw();
        let own = table.get(pid).unwrap();
        assert_eq!(own.parent, nix::unistd::getppid().as_raw());
        assert_eq!(own.uid, nix::unistd::geteuid().as_raw());
        assert_eq!(started(pid), Some(own.started));
        assert!(table.title(pid).contains(&own.program));
        assert_eq!(table.line(pid).first().map(|process| process.pid), Some(pid));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let proc = tempfile::tempdir().unwrap();
        fake::process(proc.path(), (10, 11, 10), (0, 0), "/bin/a", "a", &[]);
        fake::process(proc.path(), (11, 10, 10), (0, 0), "/bin/\u{202e}b", "b\u{1b}[2J", &["A=1", "B="]);
        let table = Table::read(proc.path()).unwrap();
        assert_eq!(table.line(10).len(), 2);
        assert_eq!(table.get(11).unwrap().program, "\\u{202e}b");
        assert_eq!(table.title(11), "b\\u{1b}[2J");
        assert_eq!(table.variable(11, "A"), Some("1".into()));
        assert_eq!(table.variable(11, "C"), None);
        assert!(Table::read(Path::new("/nowhere")).is_err());
    }

    proptest! {
        #[test]
        fn any_line_is_survived(stat in "([()0-9 S-]|\\PC){0,120}", device: u32) {
            let _ = (parse(&stat), terminal(device));
        }
    }
}
