//! Why something could not be read from, or done to, the image.

use std::path::PathBuf;

use super::Kind;

/// One failed look or touch: what was tried, on which path, and why it failed. Displays as one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {}: {reason}", super::text::path(path))]
pub struct Error {
    /// What was tried, as an infinitive: `read`, `list`, `write`.
    pub action: &'static str,
    /// The path inside the image (or of the image itself).
    pub path: PathBuf,
    /// Why it failed and, where there is a way out, what to do.
    pub reason: Reason,
}

/// Why a look at, or a touch of, the image failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The kernel said no.
    #[error("permission denied; run it as root")]
    Denied,
    /// Something is there that is not what was asked for, and is never opened.
    #[error("it is {0}, not a regular file")]
    Special(Kind),
    /// Something is there that is not the directory that was asked for.
    #[error("it is {0}, not a directory")]
    NotDirectory(Kind),
    /// Larger than this program is willing to read.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// More entries or matches than this program is willing to hold.
    #[error("there are more than {0} entries")]
    TooMany(usize),
    /// Links that lead in a circle, too many of them, or one that leads out through procfs.
    #[error("its links lead in a circle or out through /proc")]
    Loop,
    /// It is not what its place says it should be.
    #[error("{0}")]
    Malformed(String),
    /// Any other error of the operating system, in its own words.
    #[error("{0}")]
    Io(String),
}

impl Error {
    /// An error of the operating system while doing `action` to `path`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>, errno: nix::errno::Errno) -> Self {
        use nix::errno::Errno;
        let reason = match errno {
            Errno::EACCES | Errno::EPERM => Reason::Denied,
            Errno::ELOOP => Reason::Loop,
            other => Reason::Io(other.desc().to_owned()),
        };
        Self { action, path: path.into(), reason }
    }

    /// Something at `path` is not well formed.
    pub fn malformed(action: &'static str, path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { action, path: path.into(), reason: Reason::Malformed(what.into()) }
    }
}
