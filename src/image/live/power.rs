//! The end of the running machine: everybody's processes ended, its disks made read-only, the power switched off. No
//! program runs on stopping that would save a seed, a clock or a login record on the disk again.
#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, sync};

use super::sockets::unit;
use super::table::{Process, Table, started};
use crate::image::program::{run, systemctl};
use crate::image::{Error, Image};

/// How long processes have to go once they are killed.
const GOING: Duration = Duration::from_secs(10);
/// How often it is looked whether they have.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the kernel has to write everything and make its file systems read-only.
const WRITING: Duration = Duration::from_secs(120);
/// How long the machine has to go off once systemd was told to.
const OFF: Duration = Duration::from_secs(180);

/// Ends processes by SIGKILL, so that they write nothing any more, all before the first is waited for: the end of one
/// may make another write. A number that belongs to another process by now than the one that began then is left alone.
pub(super) fn end(processes: &[(i32, u64)]) -> Result<(), Error> {
    let own = nix::unistd::getpid().as_raw();
    let deadline = Instant::now() + GOING;
    loop {
        let is_left = |(pid, since): &&(i32, u64)| *pid > 1 && *pid != own && started(*pid) == Some(*since);
        let left: Vec<_> = processes.iter().filter(is_left).collect();
        let Some((first, _)) = left.first() else { return Ok(()) };
        if Instant::now() >= deadline {
            return Err(Error::malformed("end", format!("process {first}"), "it does not end"));
        }
        for (pid, _) in left {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        thread::sleep(PAUSE);
    }
}

/// Units whose processes stay: systemd and the kernel need them, and they keep nothing on the disk.
const STAY: [&str; 4] = ["dbus.service", "dbus-broker.service", "systemd-udevd.service", "init.scope"];

/// Ends every process but this one, those it comes from, the first, the kernel's, and what systemd needs.
pub(super) fn end_everybody() -> Result<(), Error> {
    let proc = Path::new("/proc");
    let own = nix::unistd::getpid().as_raw();
    let deadline = Instant::now() + GOING;
    loop {
        let table = Table::read(proc)?;
        let spared: BTreeSet<i32> = table.line(own).iter().map(|process| process.pid).collect();
        let left: Vec<&Process> = table
            .all()
            .filter(|process| !spared.contains(&process.pid) && !stays(proc, process))
            .filter(|process| started(process.pid) == Some(process.started))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let names: Vec<_> = left.iter().map(|process| format!("{} ({})", process.program, process.pid)).collect();
            return Err(Error::malformed("end", "every process", format!("these do not end: {}", names.join(", "))));
        }
        for process in left {
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
        thread::sleep(PAUSE);
    }
}

/// Whether nobody can or should end it: the first process, threads of the kernel, what waits for a login where the first
/// process would only start it again, and [`STAY`].
fn stays(proc: &Path, process: &Process) -> bool {
    if process.pid <= 1 || process.is_kernel {
        return true;
    }
    let group = fs::read(proc.join(process.pid.to_string()).join("cgroup")).unwrap_or_default();
    let unit = unit(&String::from_utf8_lossy(&group));
    match unit {
        Some(unit) => STAY.contains(&unit.as_str()),
        None => process.program.ends_with("getty"),
    }
}

/// Writes everything to the disks and makes all of them read-only, so that whatever is still alive changes nothing more;
/// whether they are. The kernel does it by itself and at once (Linux documentation, "sysrq": `u`), files that are open
/// for writing or not.
pub(super) fn freeze() -> bool {
    sync();
    if fs::write("/proc/sysrq-trigger", b"u").is_err() {
        return false;
    }
    let deadline = Instant::now() + WRITING;
    loop {
        if is_read_only(&fs::read("/proc/mounts").unwrap_or_default()) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

/// Whether the root file system is mounted read-only, by `/proc/mounts`: the last line for `/` counts.
fn is_read_only(mounts: &[u8]) -> bool {
    let mounts = String::from_utf8_lossy(mounts);
    let mut options = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        (words.next()? == "/").then(|| words.nth(1)).flatten()
    });
    options.next_back().is_some_and(|options| options.split(',').next() == Some("ro"))
}

/// Switches the machine off. systemd does it without stopping units first; without it, the kernel does.
///
/// # Errors
/// When the machine is still there afterwards.
pub(super) fn off(image: &Image) -> Result<(), Error> {
    sync();
    let argv = [systemctl(), "poweroff", "--force", "--no-wall"].map(str::to_owned);
    if run(image, &argv, Duration::from_secs(30), &mut |_| {}).is_ok_and(|ended| ended.success()) {
        // This process is ended meanwhile.
        thread::sleep(OFF);
    }
    sync();
    match reboot(RebootMode::RB_POWER_OFF) {
        Err(errno) => Err(Error::io("switch off", "/", errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn only_the_process_that_was_seen_is_killed() {
        let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let since = started(pid).unwrap();
        end(&[(pid, since + 1)]).unwrap();
        assert!(child.try_wait().unwrap().is_none());
        let own = nix::unistd::getpid().as_raw();
        end(&[(pid, since), (1, started(1).unwrap()), (own, started(own).unwrap())]).unwrap();
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn the_last_mount_of_the_root_counts() {
        let table = b"rootfs / rootfs rw 0 0\n/dev/vda / ext4 ro,relatime,discard 0 0\ntmpfs /run tmpfs rw 0 0\n";
        assert!(is_read_only(table));
        assert!(!is_read_only(b"/dev/vda / ext4 rw,errors=remount-ro 0 0\n"));
        assert!(!is_read_only(b""));
    }
}
