//! The process's environment, read once: nothing else in the program looks at it.
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

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
    /// `SSH_AUTH_SOCK`.
    pub(super) agent: Option<PathBuf>,
    /// `SUDO_USER`: who called sudo.
    pub(super) sudo_user: Option<String>,
    /// `USER` or `LOGNAME`.
    pub(super) user: Option<String>,
    /// Standard input and output are a terminal.
    pub(super) interactive: bool,
    /// Standard output is a terminal.
    pub(super) stdout_terminal: bool,
    /// Standard error is a terminal.
    pub(super) stderr_terminal: bool,
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
            agent: std::env::var_os("SSH_AUTH_SOCK").and_then(absolute),
            sudo_user: text("SUDO_USER"),
            user: text("USER").or_else(|| text("LOGNAME")),
            interactive: std::io::stdin().is_terminal() && stdout_terminal,
            stdout_terminal,
            stderr_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Who sits at the terminal, as far as the environment says.
    pub(super) fn person(&self) -> String {
        self.sudo_user.clone().or_else(|| self.user.clone()).unwrap_or_default()
    }

    /// Every variable, for `ssh-keygen`, which is handed the few it needs.
    pub(super) fn variables() -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }
}
