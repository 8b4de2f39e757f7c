//! Programs that run although their file is gone, from `/proc/PID/exe` (`proc_pid_exe(5)`).

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What the kernel writes after the name of a file that is gone.
const GONE: &[u8] = b" (deleted)";

/// The files that were removed while a program of theirs runs on, sorted; of other people's processes only root sees it.
pub(super) fn deleted() -> Vec<PathBuf> {
    deleted_in(Path::new("/proc"))
}

/// Sends SIGHUP to the process `pid` if it runs `program` (a name without a path); whether that was done.
pub(super) fn hang_up(pid: i32, program: &str) -> bool {
    let Ok(file) = fs::read_link(format!("/proc/{pid}/exe")) else { return false };
    let bytes = file.as_os_str().as_bytes();
    let file = Path::new(std::ffi::OsStr::from_bytes(bytes.strip_suffix(GONE).unwrap_or(bytes)));
    pid > 0 && file.file_name() == Some(program.as_ref()) && kill(Pid::from_raw(pid), Signal::SIGHUP).is_ok()
}

fn deleted_in(proc: &Path) -> Vec<PathBuf> {
    let Ok(processes) = fs::read_dir(proc) else { return Vec::new() };
    let program = |process: fs::DirEntry| {
        let number = process.file_name().as_bytes().iter().all(u8::is_ascii_digit);
        let target = number.then(|| fs::read_link(process.path().join("exe")).ok()).flatten()?;
        let path = target.as_os_str().as_bytes().strip_suffix(GONE)?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
    };
    let mut gone: Vec<PathBuf> = processes.flatten().filter_map(program).collect();
    gone.sort();
    gone.dedup();
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_whose_file_is_gone_are_told() {
        let proc = tempfile::tempdir().unwrap();
        for (process, target) in
            [("1", "/usr/sbin/init"), ("22", "/tmp/x (deleted)"), ("23", "/tmp/x (deleted)"), ("self", "/y (deleted)")]
        {
            fs::create_dir(proc.path().join(process)).unwrap();
            std::os::unix::fs::symlink(target, proc.path().join(process).join("exe")).unwrap();
        }
        fs::create_dir(proc.path().join("24")).unwrap();
        assert_eq!(deleted_in(proc.path()), [Path::new("/tmp/x")]);
        assert!(deleted_in(Path::new("/nowhere")).is_empty());
    }
}
