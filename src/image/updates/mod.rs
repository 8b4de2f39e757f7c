//! What the package manager of the running machine knows of pending security updates.
//!
//! It is asked enclosed ([`crate::image::program::ask`]): it changes nothing, and reaches no network unless the publisher
//! said that it may ask the repositories. By what it fetched earlier it knows only what was published by then, so the age
//! of its lists belongs to the answer.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::packages::Database;
use super::{Error, Image, program, text};

mod apt;
mod dnf;
mod zypper;

/// How long a package manager may think about what it has.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How long it may take when it asks the repositories.
pub const NETWORK_LIMIT: Duration = Duration::from_secs(300);

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// RHEL family from 8, Amazon Linux 2023.
    Dnf,
    /// Amazon Linux 2, RHEL 7.
    Yum,
    /// SUSE.
    Zypper,
}

impl Manager {
    /// Its program's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Yum => "yum",
            Self::Zypper => "zypper",
        }
    }

    /// What fetches its lists, for a person to type.
    pub fn refresh(self) -> &'static str {
        match self {
            Self::Apt => "apt-get update",
            Self::Dnf => "dnf makecache",
            Self::Yum => "yum makecache",
            Self::Zypper => "zypper refresh",
        }
    }

    fn path(self) -> String {
        format!("/usr/bin/{}", self.name())
    }
}

/// What a package manager said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who said it.
    pub manager: Manager,
    /// It asked the repositories first.
    pub asked: bool,
    /// What it knows, or in one line why that is not known.
    pub known: Result<Known, String>,
}

/// What is known of pending security updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Every pending one.
    pub updates: Vec<Update>,
    /// How many packages have updates of which the package manager does not say whether they are security updates.
    pub others: usize,
    /// When the oldest list it went by was fetched; `None`: just now.
    pub as_of: Option<Timestamp>,
    /// Amazon Linux 2023: the release its repositories are pinned to, unless it follows the latest.
    pub pinned: Option<String>,
    /// Amazon Linux 2023: the newest release there is.
    pub newest: Option<String>,
}

/// A pending security update.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Update {
    /// The package with the version it would get, or the patch.
    pub package: String,
    /// The notice it is from; empty where none is named.
    pub notice: String,
    /// How grave its maker calls it, in the maker's word; empty where not said.
    pub severity: String,
}

/// The package manager of `image`; `None` when it has none of those that are known here.
pub fn manager(image: &Image) -> Result<Option<Manager>, Error> {
    let candidates: &[Manager] = match image.packages()?.database {
        Database::Dpkg => &[Manager::Apt],
        Database::None => &[],
        _ => &[Manager::Zypper, Manager::Dnf, Manager::Yum],
    };
    for candidate in candidates {
        if image.stat(Path::new(&candidate.path()))?.is_some() {
            return Ok(Some(*candidate));
        }
    }
    Ok(None)
}

/// Asks `manager` of the running machine, with its repositories when `network` is set.
pub(super) fn ask(image: &Image, manager: Manager, network: bool) -> Answer {
    let known = match manager {
        Manager::Apt => apt::ask(image, network),
        Manager::Dnf => dnf::ask(image, network),
        Manager::Yum => dnf::ask_yum(image, network),
        Manager::Zypper => zypper::ask(image, network),
    };
    Answer { manager, asked: network, known }
}

/// What the last of `commands` printed, when all went well.
fn output(image: &Image, commands: &[Vec<String>], network: bool) -> Result<String, String> {
    let limit = if network { NETWORK_LIMIT } else { LIMIT };
    let mut ended = program::ask(image, commands, limit, network).map_err(|error| error.to_string())?;
    let last = ended.pop().ok_or("it was not started")?;
    if last.success() && ended.len() + 1 == commands.len() {
        return Ok(last.output);
    }
    let said = last.output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
    Err(format!("it ended with {last}: {}", quoted(said)))
}

/// A line that a package manager printed: no password of a URL, not too long, nothing hidden.
fn quoted(line: &str) -> String {
    let words: Vec<String> = line.split(' ').map(super::repositories::shown).collect();
    text::visible(&words.join(" ").chars().take(200).collect::<String>())
}

fn command(manager: Manager, arguments: &[&str]) -> Vec<String> {
    std::iter::once(manager.path()).chain(arguments.iter().map(|&word| word.to_owned())).collect()
}

/// When the newest of the files that match `pattern` was written; `None` when there is none.
fn written(image: &Image, pattern: &str) -> Result<Option<Timestamp>, String> {
    let mut newest = None;
    for path in image.glob(pattern).map_err(|error| error.to_string())? {
        let meta = image.stat(&path).map_err(|error| error.to_string())?;
        newest = newest.max(meta.and_then(|meta| Timestamp::from_second(meta.stamp.modified.0).ok()));
    }
    Ok(newest)
}

/// When the repository of yum, dnf or zypper was fetched whose lists are longest ago; `pattern` is given the id of one
/// and says where its files are.
fn fetched(image: &Image, below: &str, pattern: impl Fn(&str) -> String) -> Result<Timestamp, String> {
    let mut oldest: Option<Timestamp> = None;
    let repositories = image.repositories().map_err(|error| error.to_string())?;
    let ours = repositories.rpm.iter().filter(|one| one.enabled && one.path.starts_with(below));
    for id in ours.map(|one| one.section.name.as_str()) {
        let plain = id.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-:@+ ".contains(letter));
        let when = if plain { written(image, &pattern(id))? } else { None };
        let when = when.ok_or_else(|| format!("no list of the repository {} was ever fetched", text::visible(id)))?;
        oldest = Some(oldest.map_or(when, |oldest| oldest.min(when)));
    }
    oldest.ok_or_else(|| "no repository is in use".to_owned())
}
