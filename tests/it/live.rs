//! The running machine: what outlives a session, and what a shell writes when it ends.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getsid};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

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
    assert!(fs::read(&waiting).is_ok_and(|line| String::from_utf8_lossy(&line).contains("--wait-detached")));
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
