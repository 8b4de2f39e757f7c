//! A real terminal to drive the real program in: a pseudo-terminal, a screen that understands its escapes, and waits
//! for what should appear (never for time).

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::termios::{LocalFlags, tcgetattr};
use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long a wait may take before the test fails and shows the screen, where the program runs on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A size the screen can have; a terminal that does not know its own is drawn as 80 by 24.
fn some(size: u16) -> NonZero<u16> {
    NonZero::new(size).unwrap_or(NonZero::new(80).unwrap())
}

/// What the reader thread has seen.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Nothing more is to be read: from outside, as a wish; from the reader, as a fact.
    unwanted: bool,
    ended: bool,
    /// The exit code, once there is one.
    code: Option<u32>,
}

/// The program in its terminal.
pub(crate) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    /// The program's side, held open so that its settings can be read when the program has ended.
    tty: Option<File>,
    pid: i32,
    killer: Box<dyn ChildKiller + Send + Sync>,
    patience: Duration,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

/// The screen's text without the blanks at the ends of its lines, which are drawn or not as it happens.
fn text(seen: &Seen) -> String {
    let contents = seen.parser.screen().contents();
    contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Whether the last frame has been read to its end: each ends with the cursor hidden, or shown and put somewhere.
fn is_whole(raw: &[u8]) -> bool {
    let tail = String::from_utf8_lossy(&raw[raw.len().saturating_sub(24)..]).into_owned();
    let placed = tail.rsplit_once("\x1b[?25h").is_some_and(|(_, rest)| {
        let place = rest.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('H'));
        place.is_some_and(|place| place.chars().all(|c| c.is_ascii_digit() || c == ';'))
    });
    placed || tail.ends_with("\x1b[?25l")
}

/// What was seen; a test that failed while holding it must not hide why.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    /// Starts the program with `args` in a terminal of `columns` by `rows` with a clean environment plus `env`.
    pub(crate) fn start(home: &Path, args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_seaworthy"));
        command.args(args);
        command.env_clear();
        command.cwd(home);
        for (name, value) in [
            ("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"),
            ("HOME", home.to_str().unwrap()),
            ("TMPDIR", home.to_str().unwrap()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("USER", "tester"),
        ] {
            command.env(name, value);
        }
        for (name, value) in env {
            command.env(name, value);
        }
        Self::run(command, size, PATIENCE)
    }

    /// Starts any `command` in a terminal of `columns` by `rows`; no wait takes longer than `patience`.
    pub(crate) fn run(command: CommandBuilder, (columns, rows): (u16, u16), patience: Duration) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let tty = pair.master.tty_name().unwrap();
        let tty = OpenOptions::new().read(true).custom_flags(nix::libc::O_NOCTTY).open(tty).unwrap();
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(some(rows), some(columns), 0),
                raw: Vec::new(),
                unwanted: false,
                ended: false,
                code: None,
            }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = lock(&shared.0);
                seen.parser.process(&buffer[..count]);
                seen.raw.extend_from_slice(&buffer[..count]);
                seen.ended = count == 0 || seen.unwanted;
                let ended = seen.ended;
                if ended {
                    // The other side hears of it only when this copy of the terminal is closed too.
                    reader = Box::new(std::io::empty());
                }
                shared.1.notify_all();
                if ended {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let (pid, killer) = (i32::try_from(child.process_id().unwrap()).unwrap(), child.clone_killer());
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let code = child.wait().unwrap().exit_code();
            lock(&shared.0).code = Some(code);
            shared.1.notify_all();
        });
        Self { master: Some(pair.master), writer: Some(writer), tty: Some(tty), pid, killer, patience, seen }
    }

    /// Waits until `done`; fails with the screen when that takes too long.
    fn until(&self, what: &str, done: impl Fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        let deadline = Instant::now() + self.patience;
        let mut seen = lock(&self.seen.0);
        while !done(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}; the screen shows:\n{}", text(&seen));
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        seen
    }

    /// Waits until `wanted` holds of the text of a whole frame; fails with the screen when it does not in time.
    pub(crate) fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let seen = self.until(what, |seen| seen.ended || is_whole(&seen.raw) && wanted(&text(seen)));
        let screen = text(&seen);
        assert!(wanted(&screen), "waited for {what}, but the program ended; the screen shows:\n{screen}");
        screen
    }

    /// Waits until the program has written `text`, or has ended: for programs that draw no frames.
    pub(crate) fn wait_written(&self, text: &str) {
        drop(self.until(text, |seen| seen.ended || String::from_utf8_lossy(&seen.raw).contains(text)));
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn wait(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen no longer shows `text`.
    pub(crate) fn wait_gone(&self, text: &str) -> String {
        self.wait_until(&format!("{text} to go"), |screen| !screen.contains(text))
    }

    /// Types `keys` as they are.
    pub(crate) fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        // The screen first: what is drawn for the new size must not meet the old one.
        lock(&self.seen.0).parser.screen_mut().set_size(some(rows), some(columns));
        self.master.as_ref().unwrap().resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), signal).unwrap();
    }

    /// Waits for the end; gives the exit code and whether the terminal was left as it was found: main screen, cursor
    /// shown, lines and echo as usual.
    pub(crate) fn end(mut self) -> (u32, bool) {
        let code = self.until("the end", |seen| seen.code.is_some()).code.unwrap();
        let flags = tcgetattr(self.tty.take().unwrap()).unwrap().local_flags;
        let cooked = flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        let seen = self.until("the last of the output", |seen| seen.ended);
        let screen = seen.parser.screen();
        (code, cooked && !screen.alternate_screen() && !screen.hide_cursor())
    }

    /// Takes the terminal away, as a lost connection does; gives the exit code.
    pub(crate) fn vanish(mut self) -> u32 {
        lock(&self.seen.0).unwanted = true;
        // The reader looks up when there is something to read: Ctrl-L has everything drawn anew.
        self.send("\x0c");
        drop(self.until("the reader to stop", |seen| seen.ended));
        drop((self.writer.take(), self.master.take()));
        self.until("the end", |seen| seen.code.is_some()).code.unwrap()
    }

    /// Waits for the end; gives everything the program wrote, escapes included.
    pub(crate) fn raw_at_end(mut self) -> Vec<u8> {
        self.tty = None;
        self.until("the end", |seen| seen.ended).raw.clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.killer.kill();
    }
}
