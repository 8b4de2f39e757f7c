//! A hostile image with canaries around it, and every command that is run on it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Trace, differences, small_root, stderr, stdout, traces};

/// Stands in every canary, and must never be shown.
pub(super) const CANARY: &str = "canary-Wv9Zx4Tn8B";

/// The most address space a run may take, in KiB: the program itself (with its debugging data) is a third of it.
const ADDRESSES: u32 = 384 << 10;

/// What lies outside: shaped like what is read or cleaned on an image, so that whoever gets there would.
const OUTSIDE: [&str; 21] = [
    "etc/passwd",
    "etc/shadow",
    "etc/group",
    "etc/os-release",
    "etc/machine-id",
    "etc/hostname",
    "etc/ssh/sshd_config",
    "etc/ssh/sshd_config.d/10-canary.conf",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/sudoers",
    "etc/cloud/cloud.cfg",
    "etc/fstab",
    "root/.bash_history",
    "root/.ssh/authorized_keys",
    "root/.ssh/id_ed25519",
    "home/ann/.bash_history",
    "home/ann/.ssh/authorized_keys",
    "var/log/syslog",
    "var/log/wtmp",
    "var/lib/cloud/instance/user-data.txt",
    "tmp/left",
];

/// Files outside the image that must not be opened, shown or touched.
struct Canaries {
    watch: Inotify,
    before: std::collections::BTreeMap<PathBuf, Trace>,
    directory: PathBuf,
}

impl Canaries {
    fn plant(directory: PathBuf) -> Self {
        for path in OUTSIDE {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("{CANARY}:x:0:0:{CANARY}:/root:/bin/sh\n")).unwrap();
        }
        let before = traces(&directory);
        // Access times do not tell: whoever may ask the kernel to leave them alone does. Every opening is told.
        let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).unwrap();
        let wanted = AddWatchFlags::IN_ALL_EVENTS | AddWatchFlags::IN_DONT_FOLLOW;
        for path in before.keys() {
            watch.add_watch(&directory.join(path), wanted).unwrap();
        }
        Self { watch, before, directory }
    }

    /// Fails when one was so much as opened.
    fn are_untouched(&self, by: &str) {
        match self.watch.read_events() {
            Err(Errno::EAGAIN) => {}
            Ok(events) => panic!("{by} went outside: {events:?}"),
            Err(errno) => panic!("{errno}"),
        }
    }
}

/// An image in a directory of its own, and what is around it.
pub(super) struct Yard {
    directory: TempDir,
    canaries: Canaries,
}

impl Yard {
    /// A small image with mistakes in it, to be made worse.
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        small_root(directory.path());
        fs::create_dir(directory.path().join("home")).unwrap();
        let canaries = Canaries::plant(directory.path().join("outside"));
        Self { directory, canaries }
    }

    /// The image, seen from outside.
    pub(super) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    /// Where the program keeps its state.
    pub(super) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Where the canaries are: beside the image, as `../outside` from its root.
    pub(super) fn outside(&self) -> &Path {
        &self.canaries.directory
    }

    /// `path` of the image, seen from outside; its directories are made, and what is there goes.
    pub(super) fn place(&self, path: impl AsRef<OsStr>) -> PathBuf {
        let below = path.as_ref().as_bytes().strip_prefix(b"/").expect("an absolute path");
        let path = self.root().join(OsStr::from_bytes(below));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(
            path.parent().unwrap().canonicalize().unwrap().starts_with(self.root()),
            "built outside: {}",
            path.display()
        );
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path).unwrap(),
            Ok(_) => fs::remove_file(&path).unwrap(),
            Err(_) => {}
        }
        path
    }

    pub(super) fn file(&self, path: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.place(path), content).unwrap();
        self
    }

    pub(super) fn directory(&self, path: impl AsRef<OsStr>) -> &Self {
        fs::create_dir(self.place(path)).unwrap();
        self
    }

    pub(super) fn link(&self, path: impl AsRef<OsStr>, target: impl AsRef<OsStr>) -> &Self {
        symlink(target.as_ref(), self.place(path)).unwrap();
        self
    }

    pub(super) fn fifo(&self, path: impl AsRef<OsStr>) -> &Self {
        nix::unistd::mkfifo(&self.place(path), Mode::S_IRWXU).unwrap();
        self
    }

    /// A device that gives bytes for ever (`/dev/zero`), where one may be made.
    pub(super) fn device(&self, path: impl AsRef<OsStr>) -> &Self {
        let _ = mknod(&self.place(path), SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 5));
        self
    }

    /// A file of `size` zeros that takes no room.
    pub(super) fn sparse(&self, path: impl AsRef<OsStr>, size: u64) -> &Self {
        fs::File::create(self.place(path)).unwrap().set_len(size).unwrap();
        self
    }

    /// Adds lines to a file of the image.
    pub(super) fn add(&self, path: &str, text: &str) -> &Self {
        let place = self.root().join(&path[1..]);
        let before = fs::read(&place).unwrap_or_default();
        self.file(path, [before.as_slice(), text.as_bytes()].concat())
    }

    /// The program on the image, with bounded memory and time.
    pub(super) fn command(&self, words: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("timeout");
        let limits = format!("ulimit -c 0; ulimit -t 240; ulimit -v {ADDRESSES}; exec \"$0\" \"$@\"");
        command
            .args(["-s", "KILL", "300", "sh", "-c", &limits, env!("CARGO_BIN_EXE_seaworthy")])
            .args(words)
            .arg("--root")
            .arg(self.root())
            .current_dir(self.home())
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.home())
            .env("XDG_STATE_HOME", self.home().join("state"))
            .env("LANG", "C.UTF-8")
            // Else each thread sets aside 64 MiB of addresses.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs it and fails when it broke down, told a canary's word, sent the terminal a sign of its own, or went outside.
    pub(super) fn run(&self, words: &[impl AsRef<OsStr>]) -> Output {
        let output = self.command(words).output().unwrap();
        self.is_fine(words, &output);
        output
    }

    /// What must hold of every run on every image.
    pub(super) fn is_fine(&self, words: &[impl AsRef<OsStr>], output: &Output) {
        let what = words.iter().map(|word| word.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ");
        let (out, err) = (stdout(output), stderr(output));
        let tail: String = err.chars().take(2000).collect();
        // Where nothing was applied there is nothing to take back, which is wrong use.
        let is_idle = what.starts_with("undo") && err.contains("nothing to take back");
        let is_known = matches!(output.status.code(), Some(0 | 1 | 3)) || is_idle;
        assert!(is_known, "{what}: {}: {tail}", output.status);
        assert!(!err.contains("panicked") && !out.contains("defect of Seaworthy"), "{what}: {tail}");
        // The one output whose columns are parted by tabs; none comes from the image.
        let columns = if what == "facts secrets" { 3 } else { 0 };
        // A patch that goes to a program holds every byte; a terminal gets it made visible.
        if what == "diff" {
            shows_no_canary(&what, &out);
        } else {
            is_plain(&what, &output.stdout, columns);
        }
        is_plain(&what, &output.stderr, 0);
        self.canaries.are_untouched(&what);
    }

    /// The findings on the image by id; `only` is a list of ids, or empty for all.
    pub(super) fn judged(&self, only: &str) -> Findings {
        let words = ["check", "--format", "json", "--only", only];
        let output = self.run(if only.is_empty() { &words[..3] } else { &words[..] });
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", stderr(&output));
        });
        Findings(document["guidelines"].as_array().unwrap().clone())
    }

    /// Every command but those that write.
    pub(super) fn looked_at(&self) {
        for words in LOOKS {
            self.run(words);
        }
        let out = self.directory.path().join("evidence");
        let report = ["report", "--publisher", "Ann", "--yes", "--out", out.to_str().unwrap()];
        self.run(&report);
        let mut views = 0;
        for view in fs::read_dir(&out).into_iter().flatten().map(Result::unwrap) {
            is_plain(&view.path().display().to_string(), &fs::read(view.path()).unwrap(), 0);
            views += 1;
        }
        assert!(views > 2, "{views} views");
        let file = out.join("report.json");
        self.run(&["report", "show", file.to_str().unwrap()]);
        fs::remove_dir_all(out).unwrap();
    }

    /// Everything that can be done with the image; in the end it is as it was.
    pub(super) fn gone_through(&self) {
        let before = traces(&self.root());
        self.looked_at();
        let still = differences(&before, &traces(&self.root()));
        assert!(still.is_empty(), "looking changed the image: {still:?}");
        self.run(&["apply", "--all", "--yes", "--verbose"]);
        // Those that are never taken together with all the others.
        let by_name = self.judged("").with_remedy();
        if !by_name.is_empty() {
            let words: Vec<&str> = ["apply", "--yes"].into_iter().chain(by_name.iter().map(String::as_str)).collect();
            self.run(&words);
        }
        self.run(&["check", "--verbose"]);
        self.run(&["undo", "--list"]);
        self.run(&["undo", "--everything", "--yes", "--verbose"]);
        self.is_as(&before);
        self.is_undisturbed();
    }

    /// Fails when anything outside is not what it was.
    pub(super) fn is_undisturbed(&self) {
        let canaries = differences(&self.canaries.before, &traces(self.outside()));
        assert!(canaries.is_empty(), "{canaries:?}");
        // This look was our own.
        while self.canaries.watch.read_events().is_ok() {}
    }

    /// Fails unless the image is what it was.
    pub(super) fn is_as(&self, before: &std::collections::BTreeMap<PathBuf, Trace>) {
        let after = differences(before, &traces(&self.root()));
        assert!(after.is_empty(), "after undo: {after:?}");
    }
}

const LOOKS: [&[&str]; 18] = [
    &["check"],
    &["check", "--verbose"],
    &["check", "--format", "json"],
    &["diff"],
    &["diff", "--format", "json"],
    &["facts"],
    &["facts", "--format", "json"],
    &["facts", "accounts", "--format", "json"],
    &["facts", "sshd"],
    &["facts", "sshd", "--user", "admin", "--addr", "192.0.2.1"],
    &["facts", "cloud-init", "--format", "json"],
    &["facts", "units"],
    &["facts", "network"],
    &["facts", "packages", "--format", "json"],
    &["facts", "security-group"],
    &["facts", "secrets"],
    &["facts", "secrets", "--format", "json"],
    &["report", "--stdout"],
];

/// Fails when `text` holds what stands in a canary.
fn shows_no_canary(what: &str, text: &str) {
    if let Some(at) = text.find(CANARY) {
        let around: String = text[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{what} shows a canary: {around}");
    }
}

/// Fails when `bytes` hold a canary's word, are no UTF-8, or hold a character that a terminal or a reader's eye would act
/// on rather than show. Up to `tabs` of a line are its columns.
pub(super) fn is_plain(what: &str, bytes: &[u8], tabs: usize) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    shows_no_canary(what, text);
    let is_of = |kind: &str| Path::new(what).extension().is_some_and(|extension| extension == kind);
    assert!(!is_of("html") || !text.contains("<img src=x"), "{what} holds a tag of the image's");
    assert!(!is_of("md") || !text.contains("\n[x](javascript"), "{what} holds a link of the image's");
    for (number, line) in text.split('\n').enumerate() {
        let line = line.replacen('\t', " ", tabs);
        if let Some(odd) = line.chars().find(|character| is_active(*character)) {
            panic!("{what}: line {} holds U+{:04X}: {}", number + 1, u32::from(odd), line.escape_debug());
        }
    }
}

/// Controls, marks of direction, what has no width, and separators of lines.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// What `check` found.
pub(super) struct Findings(Vec<Value>);

impl Findings {
    fn get(&self, id: &str) -> &Value {
        self.0.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("{id}"))
    }

    pub(super) fn status(&self, id: &str) -> &str {
        self.get(id)["status"].as_str().unwrap()
    }

    /// Everything said of one guideline.
    pub(super) fn said(&self, id: &str) -> String {
        self.get(id).to_string()
    }

    /// The paths that a guideline's finding names.
    pub(super) fn paths(&self, id: &str) -> Vec<String> {
        let seen = self.get(id)["observations"].as_array().unwrap();
        seen.iter().filter_map(|seen| seen["path"].as_str().map(str::to_owned)).collect()
    }

    /// The ids whose remedy a program can carry out.
    pub(super) fn with_remedy(&self) -> Vec<String> {
        let failing = self.0.iter().filter(|finding| finding["status"] == "fail" && !finding["remedy"].is_null());
        failing.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The ids with this status.
    pub(super) fn with(&self, status: &str) -> Vec<&str> {
        self.0.iter().filter(|found| found["status"] == status).map(|found| found["id"].as_str().unwrap()).collect()
    }
}

/// A path from bytes that are no text.
pub(super) fn odd(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}
