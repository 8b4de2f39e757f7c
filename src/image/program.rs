//! The one door through which programs are run: by absolute path, without a shell, with a clean environment, nothing on
//! standard input, a time limit, and their output captured up to a limit. Nothing is ever run from an offline image.
#![expect(clippy::disallowed_methods, reason = "the named door to other programs")]

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Error, Image, Mode, Reason};

mod detached;
mod enclosed;

pub use detached::{Detached, call_off, detach, is_running, own_file, play};
pub use enclosed::{ask, end_asked};

/// The most output that is kept: 256 KiB. What comes after is read and dropped.
pub const OUTPUT_LIMIT: usize = 256 << 10;

/// The longest line that is passed on, in bytes.
const LINE_LIMIT: u64 = 4096;

/// How many lines wait to be passed on before a program that prints more has to wait itself.
const QUEUE: usize = 1024;

/// How long a program has to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Exit code or signal; `None`: it was stopped at the time limit.
    status: Option<ExitStatus>,
    limit: Duration,
    /// Standard output and standard error as they came, up to [`OUTPUT_LIMIT`].
    pub output: String,
}

impl Ended {
    /// It ended in time with exit code 0.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => write!(f, "exit code {code}"),
            Some((_, Some(signal))) => write!(f, "signal {signal}"),
            Some(_) => f.write_str("an unknown status"),
            None => write!(f, "no answer within {} seconds", self.limit.as_secs()),
        }
    }
}

/// Runs `argv` (the program by absolute path) and hands every line it prints to `line`.
///
/// # Errors
/// When the image is offline, the program is not named by an absolute path, or it cannot be started.
pub fn run(image: &Image, argv: &[String], limit: Duration, line: &mut dyn FnMut(&str)) -> Result<Ended, Error> {
    let refuse = |path: &str, why: &str| Err(Error::malformed("run", path, why));
    let Some((program, arguments)) = argv.split_first() else { return refuse("", "no program is named") };
    if image.mode() == Mode::Offline {
        return refuse(program, "nothing is run from an image that is not the running machine");
    }
    if !Path::new(program).is_absolute() {
        return refuse(program, "it is not an absolute path");
    }
    start(program, arguments, limit, line, &mut |_| {})
}

/// Starts `program` and waits for it; `started` is told its process group.
fn start(
    program: &str,
    arguments: &[String],
    limit: Duration,
    line: &mut dyn FnMut(&str),
    started: &mut dyn FnMut(Pid),
) -> Result<Ended, Error> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let fail =
        |error: &std::io::Error| Error { action: "run", path: program.into(), reason: Reason::Io(error.to_string()) };
    let mut child = command.spawn().map_err(|error| fail(&error))?;
    let group = i32::try_from(child.id()).map(Pid::from_raw).ok();
    if let Some(group) = group {
        started(group);
    }
    let (sender, lines) = sync_channel(QUEUE);
    if let Some(stdout) = child.stdout.take() {
        pass_on(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        pass_on(stderr, sender);
    }
    let mut output = String::new();
    let mut take = |text: &str| {
        line(text);
        if output.len() + text.len() < OUTPUT_LIMIT {
            output.push_str(text);
            output.push('\n');
        }
    };
    let mut deadline = Instant::now() + limit;
    let mut signal = Some(Signal::SIGTERM);
    let mut in_time = true;
    // A program that left children with its output open would keep us here: its own end is what counts.
    let status = loop {
        let wait = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(100));
        match lines.recv_timeout(wait) {
            Ok(text) => {
                take(&text);
                // One that never stops printing is stopped at the time limit as well.
                if Instant::now() < deadline {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(wait.min(Duration::from_millis(10))),
        }
        if let Some(status) = child.try_wait().map_err(|error| fail(&error))? {
            break status;
        }
        if Instant::now() >= deadline {
            in_time = false;
            if let (Some(group), Some(signal)) = (group, signal) {
                let _ = killpg(group, signal);
            }
            signal = if signal == Some(Signal::SIGTERM) { Some(Signal::SIGKILL) } else { None };
            deadline = Instant::now() + GRACE;
        }
    };
    // No more than what can wait: a child it left behind may print on.
    for text in lines.try_iter().take(QUEUE) {
        take(&text);
    }
    Ok(Ended { status: in_time.then_some(status), limit, output })
}

/// Where systemctl is.
pub(super) fn systemctl() -> &'static str {
    let places = ["/usr/bin/systemctl", "/bin/systemctl"];
    places.into_iter().find(|path| Path::new(path).exists()).unwrap_or("/usr/bin/systemctl")
}

/// What programs are given to see. Package managers ask nothing and restart nothing by themselves.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LC_ALL", "C.UTF-8"),
    ("HOME", "/root"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("NEEDRESTART_MODE", "l"),
    ("TERM", "dumb"),
];

/// Reads lines in a thread of its own; a line without end is cut.
fn pass_on(source: impl Read + Send + 'static, sender: SyncSender<String>) {
    thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match source.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&bytes);
            if sender.send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Option<Image> {
        Image::open(Path::new("/")).ok()
    }

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn nothing_is_run_offline() {
        let root = tempfile::tempdir().unwrap();
        for name in ["etc", "usr"] {
            nix::unistd::mkdir(&root.path().join(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        let image = Image::open(root.path()).unwrap();
        assert!(run(&image, &argv(&["/bin/true"]), GRACE, &mut |_| {}).is_err());
    }

    #[test]
    fn output_and_status_are_told() {
        let Some(image) = live() else { return };
        let mut lines = Vec::new();
        let ended = run(&image, &argv(&["/bin/sh", "-c", "echo one; echo two >&2; exit 3"]), GRACE, &mut |line| {
            lines.push(line.to_owned());
        })
        .unwrap();
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
        assert!(!ended.success());
        assert_eq!(ended.to_string(), "exit code 3");
    }

    #[test]
    fn the_environment_is_clean_and_the_time_limited() {
        let Some(image) = live() else { return };
        let ended = run(&image, &argv(&["/usr/bin/env"]), GRACE, &mut |_| {}).unwrap();
        assert_eq!(ended.output.lines().count(), ENVIRONMENT.len());
        let ended = run(&image, &argv(&["/bin/sleep", "60"]), Duration::from_millis(50), &mut |_| {}).unwrap();
        assert!(!ended.success());
        assert!(run(&image, &argv(&["true"]), GRACE, &mut |_| {}).is_err());
    }

    #[test]
    fn a_program_that_never_stops_printing_is_stopped_in_time() {
        let Some(image) = live() else { return };
        let endless = argv(&["/bin/sh", "-c", "while :; do echo x; done"]);
        let ended = run(&image, &endless, Duration::from_millis(200), &mut |_| {}).unwrap();
        assert_eq!(ended.to_string(), "no answer within 0 seconds");
        assert!(ended.output.len() <= OUTPUT_LIMIT);
    }
}
