//! Programs that outlive the session they were started from: a transient systemd unit where systemd is there and can run
//! this program, else a process of its own session (setsid(2)) that belongs to nobody's login.
//!
//! Either way this program's own file is started again first: it waits, then becomes the program that was asked for. So
//! one look at whether it could be started (SELinux forbids systemd to start what lies in a home) holds for both, and
//! no timer unit is needed.
#![expect(clippy::disallowed_methods, reason = "starts programs that outlive this one, and ends them")]

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setsid};
use serde::{Deserialize, Serialize};

use super::{ENVIRONMENT, GRACE, run, systemctl};
use crate::image::live::started;
use crate::image::{Error, Image, Mode};

/// What was started, to be called off by whoever knows it, also another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Detached {
    /// A transient service of systemd.
    Unit {
        /// `seaworthy-seal.service`.
        name: String,
    },
    /// A process that leads a group and is in nobody's session.
    Process {
        /// Its number, and that of its group.
        pid: i32,
        /// When it began, in clock ticks after the machine did: with its number, what it is told apart by.
        started: u64,
    },
}

/// The first argument that makes this program leave its session and start itself again as [`WAIT`].
const START: &str = "--start-detached";
/// The first argument that makes this program wait, then become another one.
const WAIT: &str = "--wait-detached";

/// How long systemd has to start a unit or stop one.
const LIMIT: Duration = Duration::from_secs(20);
/// How long it is looked for what became of a start.
const LOOK: Duration = Duration::from_secs(5);
/// How often.
const PAUSE: Duration = Duration::from_millis(20);

const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";

/// Starts `argv` (the program by absolute path) so that it outlives this session; after `delay`, if one is given. `name`
/// is what its unit is called; two of a name do not run side by side as units.
///
/// # Errors
/// When the image is not the running machine, `name` or `argv` is no name or program, or it cannot be started.
pub fn detach(image: &Image, name: &str, argv: &[String], delay: Option<Duration>) -> Result<Detached, Error> {
    let refuse = |why: &str| Err(Error::malformed("start", argv.first().map_or("", String::as_str), why));
    if image.mode() == Mode::Offline || image.mount_point() != Path::new("/") {
        return refuse("nothing is run from an image that is not the running machine");
    }
    if !argv.first().is_some_and(|program| Path::new(program).is_absolute()) {
        return refuse("it is not an absolute path");
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return refuse("the unit's name may hold letters, digits and -_. only");
    }
    let waiting: Vec<String> =
        [WAIT.to_owned(), delay.unwrap_or_default().as_secs().to_string()].into_iter().chain(argv.to_vec()).collect();
    let unit = format!("{name}.service");
    if let Some(own) = own_file().filter(|_| has_systemd())
        && start_unit(image, &unit, &own, &waiting)
    {
        return Ok(Detached::Unit { name: unit });
    }
    start_process(Path::new("/proc/self/exe"), &waiting)
}

/// Ends what was started, or keeps it from beginning. Nothing happens when it has ended already. What is to be ended
/// must not call this itself.
///
/// # Errors
/// When it cannot be ended.
pub fn call_off(image: &Image, detached: &Detached) -> Result<(), Error> {
    match detached {
        Detached::Unit { name } => {
            let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            let stopped = run(image, &words(&[systemctl(), "stop", name]), LIMIT, &mut |_| {})?;
            // A unit that failed stays until somebody says that it was seen; one that is gone cannot be stopped.
            let _ = run(image, &words(&[systemctl(), "reset-failed", name]), LIMIT, &mut |_| {})?;
            if stopped.success() || !is_running(image, detached) {
                return Ok(());
            }
            Err(Error::malformed("stop", name.as_str(), stopped.to_string()))
        }
        Detached::Process { pid, started } => end(*pid, *started),
    }
}

/// Whether it waits or runs now.
pub fn is_running(image: &Image, detached: &Detached) -> bool {
    match detached {
        Detached::Unit { name } => {
            let argv = [systemctl(), "is-active", "--quiet", name].map(str::to_owned);
            run(image, &argv, LIMIT, &mut |_| {}).is_ok_and(|ended| ended.success())
        }
        Detached::Process { pid, started } => is_same(*pid, *started),
    }
}

fn is_same(pid: i32, since: u64) -> bool {
    started(pid) == Some(since)
}

/// SIGTERM to its group, and SIGKILL where that does not help.
fn end(pid: i32, since: u64) -> Result<(), Error> {
    let mut signal = Signal::SIGTERM;
    let mut deadline = Instant::now() + GRACE;
    while is_same(pid, since) {
        let _ = killpg(Pid::from_raw(pid), signal);
        if Instant::now() >= deadline {
            if signal == Signal::SIGKILL {
                return Err(Error::malformed("end", format!("process {pid}"), "it does not end"));
            }
            (signal, deadline) = (Signal::SIGKILL, Instant::now() + GRACE);
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Whether systemd is the first process (`sd_booted(3)`).
fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// This program's file; `None` when it was removed or replaced.
pub fn own_file() -> Option<PathBuf> {
    fs::read_link("/proc/self/exe").ok().filter(|path| path.is_file())
}

/// Starts `own` with `arguments` as a transient service; whether it runs.
fn start_unit(image: &Image, unit: &str, own: &Path, arguments: &[String]) -> bool {
    let Some(own) = own.to_str() else { return false };
    let starts = |options: &[&str]| {
        let head = [SYSTEMD_RUN, "--quiet", "--no-ask-password"].iter().chain(options).map(|word| (*word).to_owned());
        let tail = [format!("--unit={unit}"), "--".to_owned(), own.to_owned()];
        let argv: Vec<String> = head.chain(tail).chain(arguments.to_vec()).collect();
        run(image, &argv, LIMIT, &mut |_| {}).is_ok_and(|ended| ended.success())
    };
    let forget = || {
        let argv = [systemctl(), "reset-failed", unit].map(str::to_owned);
        let _ = run(image, &argv, LIMIT, &mut |_| {});
    };
    forget();
    // systemd from 240 on says whether the program could be started; what is older has to be asked.
    if starts(&["--collect", "--service-type=exec"]) || starts(&[]) && was_started(image, unit) {
        return true;
    }
    forget();
    false
}

/// Whether the service's program was started: the process is none of systemd's own any more, or has ended otherwise than
/// by not being started (`systemd.exec(5)`: exit status 203).
fn was_started(image: &Image, unit: &str) -> bool {
    let argv = [systemctl(), "show", "--property=MainPID", "--property=ExecMainStatus", unit].map(str::to_owned);
    let deadline = Instant::now() + LOOK;
    while Instant::now() < deadline {
        let Ok(shown) = run(image, &argv, LIMIT, &mut |_| {}) else { return false };
        let value = |name: &str| {
            shown.output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.parse::<i32>().ok())
        };
        match (value("MainPID"), value("ExecMainStatus")) {
            (Some(0), status) => return status != Some(203),
            (Some(pid), _) => {
                let program = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).ok();
                if program(&pid.to_string()) != program("1") {
                    return true;
                }
            }
            (None, _) => return false,
        }
        thread::sleep(PAUSE);
    }
    false
}

/// Starts `own` with `arguments` in a session of its own, which no logout ends.
fn start_process(own: &Path, arguments: &[String]) -> Result<Detached, Error> {
    let fail = |why: &str| Error::malformed("start", own, why);
    let mut command = Command::new(own);
    command.arg(START).args(arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
    let output = command.stdin(Stdio::null()).output().map_err(|error| fail(&error.to_string()))?;
    let told = output.stdout.lines().next().and_then(Result::ok);
    let pid: Option<i32> = told.and_then(|line| line.trim().parse().ok()).filter(|_| output.status.success());
    let pid = pid.ok_or_else(|| fail(String::from_utf8_lossy(&output.stderr).trim()))?;
    let started = started(pid).ok_or_else(|| fail("it ended at once"))?;
    Ok(Detached::Process { pid, started })
}

/// Plays the part that `arguments` (with the program's name) ask for; `None` when they ask for none. To be called before
/// anything else: what waits holds no more than it needs.
pub fn play(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let part = arguments.nth(1)?;
    let rest: Vec<OsString> = arguments.collect();
    let outcome = match part.to_str()? {
        START => leave(&rest),
        WAIT => wait(&rest),
        _ => return None,
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever started this reads it; nobody may be there any more.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

/// Leaves the session, starts this program again as a process that leads no session, and says its number.
fn leave(arguments: &[OsString]) -> std::io::Result<()> {
    setsid()?;
    // A service manager that ends what a login started finds it by its control group: the first one is nobody's.
    for group in ["/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/systemd/cgroup.procs"] {
        let _ = fs::OpenOptions::new().write(true).open(group).and_then(|mut file| file.write_all(b"0"));
    }
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn()?;
    writeln!(std::io::stdout(), "{}", child.id())
}

/// Waits for the seconds in the first argument, then becomes the program in the others.
fn wait(arguments: &[OsString]) -> std::io::Result<()> {
    let [seconds, program, arguments @ ..] = arguments else { return Err(std::io::ErrorKind::InvalidInput.into()) };
    let seconds = seconds.to_str().and_then(|text| text.parse().ok()).ok_or(std::io::ErrorKind::InvalidInput)?;
    thread::sleep(Duration::from_secs(seconds));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(ENVIRONMENT).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Err(command.exec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn nothing_of_an_offline_image_is_started() {
        let fixture = Fixture::debian();
        for image in [fixture.image(), fixture.image().taken_for_live()] {
            assert!(detach(&image, "seaworthy-test", &words(&["/bin/true"]), None).is_err());
        }
    }

    #[test]
    fn names_and_programs_are_plain() {
        let Ok(image) = Image::open(Path::new("/")) else { return };
        for (name, argv) in [("a b", "/bin/true"), ("", "/bin/true"), ("../x", "/bin/true"), ("x", "true")] {
            assert!(detach(&image, name, &words(&[argv]), None).is_err(), "{name} {argv}");
        }
        assert!(detach(&image, "x", &[], None).is_err());
    }

    #[test]
    fn only_the_process_that_was_started_is_ended() {
        let Ok(image) = Image::open(Path::new("/")) else { return };
        let mut child = Command::new("/bin/sleep").arg("60").process_group(0).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let since = started(pid).unwrap();
        let other = Detached::Process { pid, started: since + 1 };
        call_off(&image, &other).unwrap();
        assert!(!is_running(&image, &other));
        let own = Detached::Process { pid, started: since };
        assert!(is_running(&image, &own));
        // Somebody has to take note of its end for it to be gone.
        let reaper = thread::spawn(move || child.wait());
        call_off(&image, &own).unwrap();
        assert!(!is_running(&image, &own));
        assert!(!reaper.join().unwrap().unwrap().success());
    }

    #[test]
    fn what_is_known_of_it_is_kept_as_json() {
        for detached in [Detached::Unit { name: "x.service".into() }, Detached::Process { pid: 7, started: 9 }] {
            let text = serde_json::to_string(&detached).unwrap();
            assert_eq!(serde_json::from_str::<Detached>(&text).unwrap(), detached);
        }
    }

    #[test]
    fn other_arguments_ask_for_no_part() {
        for arguments in [&["seaworthy"][..], &["seaworthy", "check"], &["seaworthy", "check", WAIT]] {
            assert!(play(arguments.iter().map(OsString::from)).is_none());
        }
    }
}
