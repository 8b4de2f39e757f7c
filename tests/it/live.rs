//! The running machine: what outlives a session, and what a shell writes when it ends.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getsid};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use seaworthy::image::Image;

/// Waits until `is_so`; fails after half a minute.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a program as the leader of a session at a terminal of its own.
fn session(
    program: &str,
    arguments: &[&str],
    home: &Path,
) -> (Box<dyn MasterPty + Send>, Box<dyn Child + Send + Sync>) {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    command.cwd(home);
    command.env("PATH", "/usr/bin:/bin");
    command.env("HOME", home);
    (pair.master, pair.slave.spawn_command(command).unwrap())
}

#[test]
fn what_is_detached_outlives_its_session() {
    let home = tempfile::tempdir().unwrap();
    let (told, go, done) = (home.path().join("told"), home.path().join("go"), home.path().join("done"));
    let waits = format!("while [ ! -e {} ]; do sleep 0.05; done; echo x > {}", go.display(), done.display());
    let binary = env!("CARGO_BIN_EXE_seaworthy");
    let script = format!(
        "{binary} --start-detached --wait-detached 0 /bin/sh -c '{waits}' > {}; exec sleep 600",
        told.display()
    );
    let (terminal, mut leader) = session("/bin/sh", &["-c", &script], home.path());
    let read = || fs::read_to_string(&told).ok()?.trim().parse::<i32>().ok();
    wait_until("it is started", || read().is_some());
    let pid = Pid::from_raw(read().unwrap());
    let own = Pid::from_raw(i32::try_from(leader.process_id().unwrap()).unwrap());
    assert_ne!(getsid(Some(pid)).unwrap(), own);
    // The connection drops: the kernel hangs up on all of the session.
    drop(terminal);
    let _ = leader.wait();
    assert!(kill(pid, None).is_ok(), "it ended with its session");
    fs::write(&go, "").unwrap();
    wait_until("it has done its work", || done.exists());
}

#[test]
fn what_waits_detached_is_ended_as_a_group() {
    let home = tempfile::tempdir().unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["--start-detached", "--wait-detached", "600", "/bin/sh", "-c", "exit"])
        .current_dir(home.path())
        .output()
        .unwrap();
    assert!(out.status.success());
    let pid: i32 = String::from_utf8(out.stdout).unwrap().trim().parse().unwrap();
    let waiting = format!("/proc/{pid}/cmdline");
    // It is told of before it has become the program that waits.
    wait_until("it waits", || {
        fs::read(&waiting).is_ok_and(|line| String::from_utf8_lossy(&line).contains("--wait-detached"))
    });
    killpg(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    // Its new parent may be slow to take note of the end.
    wait_until("it has ended", || !fs::read(&waiting).is_ok_and(|line| !line.is_empty()));
}

#[test]
fn nonsense_is_not_started() {
    for arguments in
        [&["--wait-detached"][..], &["--wait-detached", "x", "/bin/true"], &["--wait-detached", "0", "/no"]]
    {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(arguments).output().unwrap();
        assert!(!out.status.success() && out.stdout.is_empty());
    }
}

/// What keeps a terminal open: whoever writes to it last closes it.
type Kept = (Box<dyn MasterPty + Send>, Box<dyn Write + Send>);

/// An interactive bash at a terminal of its own that was given a command to remember.
fn bash(home: &Path) -> (Kept, Box<dyn Child + Send + Sync>) {
    let (terminal, shell) = session("/bin/bash", &["--norc", "-i"], home);
    let ran = home.join("ran");
    let mut writer = terminal.take_writer().unwrap();
    writeln!(writer, "touch {}", ran.display()).unwrap();
    // What it prints must go somewhere, or it waits.
    let mut reader = terminal.try_clone_reader().unwrap();
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    wait_until("bash ran the command", || ran.exists());
    ((terminal, writer), shell)
}

#[test]
#[ignore = "needs bash; run by .ci/run"]
fn a_hangup_makes_a_shell_write_and_halting_it_does_not_help() {
    for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGSTOP)] {
        let home = tempfile::tempdir().unwrap();
        let (_terminal, mut shell) = bash(home.path());
        let pid = Pid::from_raw(i32::try_from(shell.process_id().unwrap()).unwrap());
        if let Some(signal) = signal {
            kill(pid, signal).unwrap();
        }
        // What the kernel sends to whoever leads a session that is hung up on: the reader keeps the terminal open.
        kill(pid, Signal::SIGHUP).unwrap();
        kill(pid, Signal::SIGCONT).unwrap();
        shell.wait().unwrap();
        assert!(home.path().join(".bash_history").exists(), "{signal:?}");
    }
}

/// The namespace of processes that the test was started in, for the one it starts inside another.
const OUTSIDE: &str = "SEAWORTHY_TEST_OUTSIDE";

fn namespace() -> PathBuf {
    fs::read_link("/proc/self/ns/pid").unwrap()
}

#[test]
#[ignore = "needs root, unshare and bash; run by .ci/run"]
fn everybody_is_ended_in_a_machine_of_their_own() {
    // The shell is the first process there, and stays; what is tested is its child.
    let own = std::env::current_exe().unwrap();
    let inside = format!("{} --exact --ignored live::inside; code=$?; exit $code", own.display());
    let output = std::process::Command::new("unshare")
        .args(["--pid", "--fork", "--mount", "--mount-proc", "/bin/sh", "-c", &inside])
        .env(OUTSIDE, namespace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "part of another test; alone it does nothing"]
fn inside() {
    let Some(outside) = std::env::var_os(OUTSIDE) else { return };
    // Everything below ends every process there is.
    assert!(namespace() != Path::new(&outside) && std::process::id() < 100 && !Path::new("/proc/200").exists());
    let image = Image::open(Path::new("/")).unwrap();
    let live = image.live().unwrap();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (_first, mut one) = bash(homes[0].path());
    let (_second, mut other) = bash(homes[1].path());
    let mut quiet = std::process::Command::new("/bin/sleep").arg("600").spawn().unwrap();

    let shells = live.shells().unwrap();
    let of = |child: &dyn Child| {
        let pid = i32::try_from(child.process_id().unwrap()).unwrap();
        shells.iter().find(|shell| shell.pid == pid).unwrap().clone()
    };
    let first = of(&*one);
    assert_eq!((first.program.as_str(), first.is_own), ("bash", false));
    assert_eq!(first.history, Some(homes[0].path().join(".bash_history")));
    live.end(&first).unwrap();
    assert!(!one.wait().unwrap().success());
    assert!(other.try_wait().unwrap().is_none());
    assert!(live.sessions().unwrap().iter().any(|session| session.tty == of(&*other).tty));

    live.end_sessions().unwrap();
    assert!(!other.wait().unwrap().success());
    assert!(quiet.try_wait().unwrap().is_none(), "it is in nobody's session");
    live.end_everybody().unwrap();
    assert!(!quiet.wait().unwrap().success());
    for home in &homes {
        assert!(home.path().join("ran").exists() && !home.path().join(".bash_history").exists());
    }
}

#[test]
#[ignore = "needs root and unshare; run by .ci/run"]
fn memory_for_the_state_is_enlarged_only_where_it_is_too_small() {
    let place = tempfile::tempdir().unwrap();
    let own = std::env::current_exe().unwrap();
    let inside = format!(
        "mount -t tmpfs -o size=1m,mode=700 tmpfs {} && exec {} --exact --ignored live::in_little_memory",
        place.path().display(),
        own.display()
    );
    let output = std::process::Command::new("unshare")
        .args(["--mount", "/bin/sh", "-c", &inside])
        .env(LITTLE, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The file system in memory, for the test that is started beside one.
const LITTLE: &str = "SEAWORTHY_TEST_LITTLE";

#[test]
#[ignore = "part of another test; alone it does nothing"]
fn in_little_memory() {
    let Some(place) = std::env::var_os(LITTLE).map(PathBuf::from) else { return };
    let size = || nix::sys::statvfs::statvfs(&place).map(|found| found.blocks() * found.fragment_size()).unwrap();
    let image = Image::open(Path::new("/")).unwrap();
    let live = image.live().unwrap();
    assert_eq!(size(), 1 << 20);
    live.make_room(&place, 500 << 10).unwrap();
    assert_eq!(size(), 1 << 20, "it fits twice");
    live.make_room(&place, 600 << 10).unwrap();
    assert!(size() > 64 << 20, "{}", size());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mounted = mounts.lines().find(|line| line.contains(place.to_str().unwrap())).unwrap();
    assert!(mounted.contains("mode=700"), "the rest of its options stay: {mounted}");
}
