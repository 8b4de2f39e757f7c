//! The process's environment, read once: nothing else in the program looks at it.
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::image::{Image, text};
use crate::report::{Caller, Operator};

/// What the environment says that this program cares about.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact of the environment")]
pub(super) struct Environment {
    /// Where state is kept for this user: `$XDG_STATE_HOME`, else `$HOME/.local/state` (XDG Base Directory
    /// Specification); `None` when neither is set to an absolute path.
    pub(super) state_home: Option<PathBuf>,
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub(super) no_color: bool,
    /// `TERM`.
    pub(super) term: String,
    /// `COLORTERM`.
    pub(super) colorterm: String,
    /// The locale's character set is UTF-8 (the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides).
    pub(super) utf8: bool,
    /// `COLUMNS` and `LINES`, for terminals that do not know their size.
    pub(super) size: Option<(u16, u16)>,
    /// `SSH_AUTH_SOCK`; under sudo, which removes it, that of whoever called sudo.
    pub(super) agent: Option<PathBuf>,
    /// `SUDO_USER`: who called sudo.
    pub(super) sudo_user: Option<String>,
    /// `USER` or `LOGNAME`.
    pub(super) user: Option<String>,
    /// Standard input and output are a terminal.
    pub(super) interactive: bool,
    /// Somebody can be asked, whatever becomes of the output: questions are on standard error.
    pub(super) answers: bool,
    /// Standard output is a terminal.
    pub(super) stdout_terminal: bool,
    /// Standard error is a terminal.
    pub(super) stderr_terminal: bool,
}

/// The farthest ancestor whose environment is looked at: a shell in tmux in a shell under `sudo su -` has some ten.
const GENERATIONS: usize = 32;

/// The agent's socket that the nearest ancestor of process `pid` names (`proc_pid_environ(5)`), when it belongs to `owner`.
fn agent_above(proc: &Path, pid: u32, owner: u32) -> Option<PathBuf> {
    let mut pid = pid;
    for _ in 0..GENERATIONS {
        let stat = std::fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
        // The name before it, in parentheses, may hold anything (proc_pid_stat(5)).
        pid = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok().filter(|parent| *parent > 1)?;
        let variables = std::fs::read(proc.join(pid.to_string()).join("environ")).unwrap_or_default();
        let named = variables.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"SSH_AUTH_SOCK="));
        let socket = named.map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name)));
        let is_theirs = |path: &PathBuf| {
            let meta = std::fs::symlink_metadata(path);
            path.is_absolute() && meta.is_ok_and(|meta| meta.file_type().is_socket() && meta.uid() == owner)
        };
        if let Some(socket) = socket.filter(is_theirs) {
            return Some(socket);
        }
    }
    None
}

impl Environment {
    /// Reads it.
    pub(super) fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let absolute = |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
        let number = |name: &str| text(name).and_then(|value| value.parse::<u16>().ok()).filter(|n| *n > 0);
        let stdout_terminal = std::io::stdout().is_terminal();
        Self {
            state_home: std::env::var_os("XDG_STATE_HOME")
                .and_then(absolute)
                .or_else(|| std::env::var_os("HOME").and_then(absolute).map(|home| home.join(".local/state"))),
            no_color: text("NO_COLOR").is_some(),
            term: text("TERM").unwrap_or_default(),
            colorterm: text("COLORTERM").unwrap_or_default(),
            utf8: text("LC_ALL").or_else(|| text("LC_CTYPE")).or_else(|| text("LANG")).is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            }),
            size: number("COLUMNS").zip(number("LINES")),
            agent: std::env::var_os("SSH_AUTH_SOCK").and_then(absolute).or_else(|| {
                let caller = text("SUDO_UID")?.parse().ok()?;
                agent_above(Path::new("/proc"), std::process::id(), caller)
            }),
            sudo_user: text("SUDO_USER"),
            user: text("USER").or_else(|| text("LOGNAME")),
            interactive: std::io::stdin().is_terminal() && stdout_terminal,
            answers: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            stdout_terminal,
            stderr_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Who sits at the terminal, as far as the environment says.
    pub(super) fn person(&self) -> String {
        self.sudo_user.clone().or_else(|| self.user.clone()).unwrap_or_default()
    }

    /// The same by the name of the account where the environment says nothing, as in a service.
    pub(super) fn account(&self) -> String {
        let own = || nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name);
        Some(self.person()).filter(|person| !person.is_empty()).or_else(own).unwrap_or_default()
    }

    /// Who called the program on this machine, which may be `image`, and how. Nothing on the command line is a secret: keys
    /// are named by their files.
    pub(super) fn caller(&self, image: &Image) -> Caller {
        let arguments = std::env::args_os().skip(1).map(|word| text::path(Path::new(&word)));
        Caller {
            operator: Operator::of(image, self.user.as_deref(), self.sudo_user.as_deref()),
            arguments: arguments.collect(),
        }
    }

    /// Every variable, for `ssh-keygen`, which is handed the few it needs.
    pub(super) fn variables() -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_of_whoever_called_sudo_is_found() {
        let proc = tempfile::tempdir().unwrap();
        let socket = proc.path().join("agent");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let process = |pid: u32, parent: u32, environ: &str| {
            let directory = proc.path().join(pid.to_string());
            std::fs::create_dir(&directory).unwrap();
            std::fs::write(directory.join("stat"), format!("{pid} (a) b) S {parent} 1 1")).unwrap();
            std::fs::write(directory.join("environ"), environ).unwrap();
        };
        process(40, 30, "");
        process(30, 20, "HOME=/root\0SSH_AUTH_SOCK=relative\0");
        process(20, 10, &format!("TERM=x\0SSH_AUTH_SOCK={}\0LANG=C\0", socket.display()));
        process(10, 1, "");
        let owner = std::fs::metadata(&socket).unwrap().uid();
        assert_eq!(agent_above(proc.path(), 40, owner), Some(socket));
        assert_eq!(agent_above(proc.path(), 40, owner + 1), None, "another user's is not used");
        assert_eq!(agent_above(proc.path(), 10, owner), None);
        assert_eq!(agent_above(proc.path(), 99, owner), None);
    }
}
