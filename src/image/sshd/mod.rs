//! The SSH server's effective configuration, worked out from the files alone (`sshd_config(5)`).
//!
//! First value wins, `Include` counts at its place, `Match` blocks apply to one connection, names have aliases, and
//! what is not set has the default that this OpenSSH on this distribution was compiled with.
//!
//! The way through: [`script`] reads the files into one sequence of lines ([`lexer`] cuts them, [`source`] expands
//! `Include`); [`pass`] goes through it, for the server or for one connection ([`criteria`] judges `Match` lines,
//! [`take`] reads arguments by the table in [`keywords`]); [`settle`] fills in defaults and prints as `sshd -T` does;
//! [`startup`] says what sshd would refuse in the end. All of it is pure but for the files a [`source::Source`] gives.
//!
//! Judging whether a setting is good does not belong here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Error, Image};

mod algorithms;
mod connections;
mod criteria;
mod keywords;
mod lexer;
mod names;
mod pass;
mod pattern;
mod people;
mod release;
mod script;
mod server;
mod settle;
mod source;
mod startup;
mod take;
#[cfg(test)]
mod tests;
mod value;

pub use connections::connections;
pub use names::usual_name;
pub use pattern::is_from;

/// The main file where an administrator keeps it.
const MAIN: &str = "/etc/ssh/sshd_config";

/// The main file where a distribution ships it.
const VENDOR_MAIN: &str = "/usr/etc/ssh/sshd_config";

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file. For `-o` on the command line, the unit file that has it.
    pub path: PathBuf,
    /// Line, from 1; 0 when no line decides.
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

/// A connection to judge `Match` blocks by (`sshd -T -C`). What is empty (or port 0) is not known and matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord)]
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
        let find = |name: &str| self.settings.iter().find(|setting| setting.keyword == name);
        find(keyword).or_else(|| {
            let (old, _, _) = keywords::RENAMED.iter().find(|(_, current, _)| *current == keyword)?;
            find(old)
        })
    }

    /// The first value of `keyword`, or an empty string.
    pub fn value(&self, keyword: &str) -> &str {
        self.get(keyword).and_then(|setting| setting.values.first()).map_or("", String::as_str)
    }

    /// All of it in the format of `sshd -T`.
    pub fn dump(&self) -> String {
        let lines = self
            .settings
            .iter()
            .flat_map(|setting| setting.values.iter().map(|value| format!("{} {value}\n", setting.keyword)));
        lines.collect()
    }
}

/// Something that keeps sshd from starting, or that cannot be decided from the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// sshd would refuse to start.
    pub fatal: bool,
}

/// A `Match` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBlock {
    /// The `Match` line.
    pub origin: Origin,
    /// Its criteria: lower-case name, and value as written (empty for `all` and `invalid-user`).
    pub criteria: Vec<(String, String)>,
    /// Keywords (lower case, current names) set inside, with the line that sets each.
    pub sets: Vec<(String, Origin)>,
}

/// The SSH server of the image.
#[derive(Debug, Clone)]
pub struct Sshd {
    /// The main file in force (`/etc/ssh/sshd_config`, or `/usr/etc/ssh/sshd_config`); `None` when there is no server.
    pub main: Option<PathBuf>,
    /// OpenSSH version (major, minor), from the program itself or the package database; `None` when unknown, and then
    /// the rules are those of the newest version known here.
    pub version: Option<(u32, u32)>,
    /// What sshd would refuse or what could not be worked out: the offline equivalent of `sshd -t`. Whether host keys
    /// are there is not looked at: a published image has none.
    pub problems: Vec<Problem>,
    /// Every `Match` block in reading order.
    pub matches: Vec<MatchBlock>,
    state: Arc<State>,
}

/// What is kept to answer for other connections.
#[derive(Debug)]
struct State {
    script: script::Script,
    release: release::Release,
    people: people::People,
    services: String,
    fixed_ports: bool,
    /// What the server's own pass set.
    slots: pass::Slots,
}

impl State {
    fn ground(&self) -> pass::Ground<'_> {
        pass::Ground {
            script: &self.script,
            release: self.release,
            people: &self.people,
            services: &self.services,
            fixed_ports: self.fixed_ports,
        }
    }
}

/// Everything a configuration is worked out from.
struct Given<'a> {
    source: &'a dyn source::Source,
    main: Option<PathBuf>,
    version: Option<(u32, u32)>,
    family: release::Family,
    people: people::People,
    services: String,
    command_line: server::CommandLine,
}

impl Sshd {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let command_line = server::command_line(image)?;
        let mut main = None;
        for path in [command_line.config.clone(), Some(MAIN.into()), Some(VENDOR_MAIN.into())].into_iter().flatten() {
            if main.is_none() && image.stat(&path)?.is_some() {
                main = Some(path);
            }
        }
        let given = Given {
            source: image,
            main,
            version: server::version(image),
            family: server::family(image),
            people: people::of(image),
            services: image.read_text(Path::new("/etc/services")).ok().flatten().unwrap_or_default(),
            command_line,
        };
        let mut sshd = Self::work_out(given)?;
        // Debian's and Ubuntu's units have it as a condition.
        let marker = Path::new("/etc/ssh/sshd_not_to_be_run");
        if image.lstat(marker)?.is_some() {
            let origin = Origin { path: marker.into(), line: 0, text: String::new() };
            sshd.problems.push(Problem { origin, message: "keeps sshd from being started".to_owned(), fatal: true });
        }
        Ok(sshd)
    }

    fn work_out(given: Given<'_>) -> Result<Self, Error> {
        let release = release::Release { version: given.version.unwrap_or(release::NEWEST), family: given.family };
        let mut script = match &given.main {
            Some(main) => script::Script::read(given.source, main, release)?,
            None => script::Script::default(),
        };
        script.add_options(&given.command_line.path, &given.command_line.options, release);
        let mut state = State {
            script,
            release,
            people: given.people,
            services: given.services,
            fixed_ports: given.command_line.fixed_ports,
            slots: BTreeMap::new(),
        };
        let outcome = pass::server(state.ground());
        let mut problems = state.script.problems.clone();
        problems.extend(outcome.problems);
        // What the blocks that always apply would stop with.
        problems.extend(pass::connection(state.ground(), &Connection::default()).problems);
        problems.extend(startup::problems(state.ground(), &outcome.slots));
        if let (Some(main), None) = (&given.main, given.version) {
            let (major, minor) = release::NEWEST;
            let message =
                format!("is read by the rules of OpenSSH {major}.{minor}: which version the image has is not known");
            let origin = Origin { path: main.clone(), line: 0, text: String::new() };
            problems.push(Problem { origin, message, fatal: false });
        }
        let mut seen = Vec::new();
        problems.retain(|problem| {
            let is_new = !seen.contains(problem);
            seen.push(problem.clone());
            is_new
        });
        state.slots = outcome.slots;
        Ok(Self { main: given.main, version: given.version, problems, matches: outcome.blocks, state: Arc::new(state) })
    }

    /// The settings in force: those of the server (`None`), or for one connection.
    ///
    /// As in `sshd -T`, the server's include what `Match all` blocks say.
    pub fn effective(&self, connection: Option<&Connection>) -> Effective {
        let nobody = Connection::default();
        let of_connection = pass::connection(self.state.ground(), connection.unwrap_or(&nobody));
        settle::settle(self.state.ground(), &self.state.slots, Some(&of_connection.slots))
    }

    /// Every file that is read: the main file and what it includes, each once.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.state.script.files()
    }

    /// How many lines are read.
    fn lines(&self) -> usize {
        self.state.script.steps.len()
    }

    /// Whether sshd would refuse to start.
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|problem| problem.fatal)
    }
}
