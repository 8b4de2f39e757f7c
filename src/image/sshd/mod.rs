//! The SSH server's effective configuration, worked out from the files alone (sshd_config(5)).
//!
//! First value wins, `Include` counts at its place, `Match` blocks apply to one connection, names have aliases, and
//! what is not set has the default that this OpenSSH on this distribution was compiled with.

use std::path::PathBuf;

use super::{Error, Image};

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// The line as written, trimmed.
    pub text: String,
}

/// One setting: its values as `sshd -T` prints them, and the line that decides (none: the compiled-in default).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Lower-case keyword, as `sshd -T` prints it.
    pub keyword: String,
    /// One value for each line `sshd -T` would print.
    pub values: Vec<String>,
    /// The deciding lines; empty for a default.
    pub origins: Vec<Origin>,
    /// The deciding line stands in a `Match` block.
    pub in_match: bool,
}

/// A connection to judge `Match` blocks by (`sshd -T -C`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connection {
    /// Login name; its groups are those of the image's own group file.
    pub user: String,
    /// Client host name.
    pub host: String,
    /// Client address.
    pub addr: String,
    /// Server address.
    pub laddr: String,
    /// Server port.
    pub lport: u16,
}

/// The settings in force, for the server or for one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// In the order `sshd -T` prints them.
    pub settings: Vec<Setting>,
}

impl Effective {
    /// The setting `keyword` (lower case, current name).
    pub fn get(&self, keyword: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.keyword == keyword)
    }

    /// The first value of `keyword`, or an empty string.
    pub fn value(&self, keyword: &str) -> &str {
        self.get(keyword).and_then(|setting| setting.values.first()).map_or("", String::as_str)
    }

    /// All of it in the format of `sshd -T`.
    pub fn dump(&self) -> String {
        todo!("helper B")
    }
}

/// Something that keeps sshd from starting, or that cannot be decided from the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What is wrong, in one sentence.
    pub message: String,
    /// sshd would refuse to start.
    pub fatal: bool,
}

/// A `Match` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBlock {
    /// The `Match` line.
    pub origin: Origin,
    /// Its criteria as written.
    pub criteria: Vec<(String, String)>,
    /// Keywords (lower case, current names) set inside, with the line that sets each.
    pub sets: Vec<(String, Origin)>,
}

/// The SSH server of the image.
#[derive(Debug, Clone)]
pub struct Sshd {
    /// The main file in force (`/etc/ssh/sshd_config`, or `/usr/etc/ssh/sshd_config`); `None` when there is no server.
    pub main: Option<PathBuf>,
    /// OpenSSH version (major, minor), from the package database or the program itself; `None` when unknown.
    pub version: Option<(u32, u32)>,
    /// What sshd would refuse or what could not be worked out.
    pub problems: Vec<Problem>,
    /// Every `Match` block in reading order.
    pub matches: Vec<MatchBlock>,
}

impl Sshd {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper B")
    }

    /// The settings in force: those of the server (`None`), or for one connection.
    pub fn effective(&self, connection: Option<&Connection>) -> Effective {
        let _ = connection;
        todo!("helper B")
    }
}
