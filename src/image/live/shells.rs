//! Programs at a terminal that write a history or a state when they end: what is removed while they run is back after
//! the logout. SIGHUP and SIGTERM let them write; SIGKILL does not.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sessions::people;
use super::table::{Process, Table};
use crate::image::{Error, Image};

/// A process that writes a history or state file when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shell {
    /// Its number.
    pub pid: i32,
    /// When it began, in clock ticks after the machine did: its number may belong to another one later.
    pub started: u64,
    /// Whose it is, visible: a login name, or the user id where that has none.
    pub user: String,
    /// The terminal it has.
    pub tty: Option<String>,
    /// Its program, visible: `bash`.
    pub program: String,
    /// Where it writes, as far as that can be told; the user chose the name.
    pub history: Option<PathBuf>,
    /// This program was started from it, by whatever steps.
    pub is_own: bool,
}

/// A program that writes at its end, with versions in its name left out (`python3.11` is `python`), the variable that
/// names its file, and the file below the home where that is not set. From the programs' own manuals.
struct Writer {
    program: &'static str,
    variable: &'static str,
    file: &'static str,
}

const fn writer(program: &'static str, variable: &'static str, file: &'static str) -> Writer {
    Writer { program, variable, file }
}

const WRITERS: [Writer; 33] = [
    writer("bash", "HISTFILE", ".bash_history"),
    writer("zsh", "HISTFILE", ".zsh_history"),
    writer("fish", "", ".local/share/fish/fish_history"),
    writer("ksh", "HISTFILE", ".sh_history"),
    writer("mksh", "HISTFILE", ".mksh_history"),
    writer("tcsh", "", ".history"),
    writer("csh", "", ".history"),
    writer("xonsh", "", ".local/share/xonsh"),
    writer("pwsh", "", ".local/share/powershell/PSReadLine/ConsoleHost_history.txt"),
    writer("nu", "", ".config/nushell/history.txt"),
    writer("psql", "PSQL_HISTORY", ".psql_history"),
    writer("mysql", "MYSQL_HISTFILE", ".mysql_history"),
    writer("mariadb", "MYSQL_HISTFILE", ".mariadb_history"),
    writer("sqlite", "SQLITE_HISTORY", ".sqlite_history"),
    writer("redis-cli", "REDISCLI_HISTFILE", ".rediscli_history"),
    writer("valkey-cli", "VALKEYCLI_HISTFILE", ".valkeycli_history"),
    writer("mongosh", "", ".mongodb/mongosh"),
    writer("mongo", "", ".dbshell"),
    writer("influx", "", ".influx_history"),
    writer("cqlsh", "", ".cassandra/cqlsh_history"),
    writer("python", "PYTHON_HISTORY", ".python_history"),
    writer("ipython", "", ".ipython/profile_default/history.sqlite"),
    writer("node", "NODE_REPL_HISTORY", ".node_repl_history"),
    writer("irb", "", ".irb_history"),
    writer("ruby", "", ".irb_history"),
    writer("php", "", ".php_history"),
    writer("R", "R_HISTFILE", ".Rhistory"),
    writer("gdb", "GDBHISTFILE", ".gdb_history"),
    writer("lftp", "", ".local/share/lftp/rl_history"),
    writer("less", "LESSHISTFILE", ".lesshst"),
    writer("vim", "", ".viminfo"),
    writer("nvim", "", ".local/state/nvim/shada/main.shada"),
    writer("nano", "", ".local/share/nano/search_history"),
];

/// The longest path that is taken from an environment (`PATH_MAX`).
const LONGEST: usize = 4096;

/// Every process at a terminal that writes when it ends, by its number. Those in `principal` are our own.
pub(super) fn shells(principal: &[(i32, u64)]) -> Result<Vec<Shell>, Error> {
    let image = Image::open(Path::new("/"))?;
    let table = Table::read(Path::new("/proc"))?;
    let mut shells = shells_of(&table, nix::unistd::getpid().as_raw(), &people(&image));
    for shell in &mut shells {
        shell.is_own |= principal.contains(&(shell.pid, shell.started));
    }
    Ok(shells)
}

fn shells_of(table: &Table, own: i32, people: &BTreeMap<u32, (String, PathBuf)>) -> Vec<Shell> {
    let line: Vec<i32> = table.line(own).iter().map(|process| process.pid).collect();
    let shell = |process: &Process| {
        let writer = process.tty.as_ref().and_then(|_| writer_of(&process.program))?;
        let person = people.get(&process.uid);
        Some(Shell {
            pid: process.pid,
            started: process.started,
            user: person.map_or_else(|| process.uid.to_string(), |(name, _)| crate::image::text::visible(name)),
            tty: process.tty.clone(),
            program: process.program.clone(),
            history: history(table, process, writer, person.map(|(_, home)| home.as_path())),
            is_own: process.pid != own && line.contains(&process.pid),
        })
    };
    table.all().filter_map(shell).collect()
}

/// What is known of the program with this name, versions left out: `python3.11`, `vim.basic`, `sqlite3`, `mysql-8.0`.
fn writer_of(program: &str) -> Option<&'static Writer> {
    let name = program.trim_start_matches('-');
    WRITERS.iter().find(|writer| {
        name.strip_prefix(writer.program).is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with(|next: char| next.is_ascii_digit())
                || ["-", "."].iter().any(|mark| rest.starts_with(mark)) && writer.program != "node"
        })
    })
}

/// Where it writes: what its environment says if that is a path, else below the home it was given, or its user's.
fn history(table: &Table, process: &Process, writer: &Writer, home: Option<&Path>) -> Option<PathBuf> {
    let path = |value: std::ffi::OsString| {
        let is_path = value.as_bytes().starts_with(b"/") && value.len() < LONGEST;
        is_path.then(|| PathBuf::from(value))
    };
    let named = (!writer.variable.is_empty()).then(|| table.variable(process.pid, writer.variable)).flatten();
    let home = || table.variable(process.pid, "HOME").and_then(path).or_else(|| home.map(Path::to_owned));
    named.and_then(path).or_else(|| home().map(|home| home.join(writer.file)))
}

#[cfg(test)]
mod tests {
    use super::super::table::fake;
    use super::*;

    fn people() -> BTreeMap<u32, (String, PathBuf)> {
        BTreeMap::from([(0, ("root".into(), "/root".into())), (1000, ("admin".into(), "/home/admin".into()))])
    }

    #[test]
    fn programs_that_write_at_their_end_are_known_by_their_names() {
        let found = |name| writer_of(name).map(|writer| writer.program);
        for (name, program) in [
            ("bash", "bash"),
            ("python3.11", "python"),
            ("vim.basic", "vim"),
            ("sqlite3", "sqlite"),
            ("mysql-8.0", "mysql"),
            ("ksh93", "ksh"),
            ("psql", "psql"),
        ] {
            assert_eq!(found(name), Some(program));
        }
        for name in ["dash", "sshd", "sudo", "node-exporter", "nologin", "lessopen", "bashful"] {
            assert_eq!(found(name), None, "{name}");
        }
    }

    #[test]
    fn shells_of_all_sessions_are_found_with_where_they_write() {
        let proc = tempfile::tempdir().unwrap();
        let add = |ids, who, program, environment: &[&str]| {
            fake::process(proc.path(), ids, who, program, program, environment);
        };
        add((20, 1, 20), (1000, fake::pts(0)), "/usr/bin/bash", &["HOME=/srv/admin"]);
        add((21, 20, 20), (0, fake::pts(0)), "/usr/bin/sudo", &[]);
        add((22, 21, 20), (0, fake::pts(0)), "/usr/bin/bash", &["HISTFILE=/var/tmp/\u{1b}h"]);
        add((23, 22, 20), (0, fake::pts(0)), "/opt/seaworthy", &[]);
        add((30, 1, 30), (1000, fake::pts(1)), "/usr/bin/python3.11", &["PYTHON_HISTORY=relative"]);
        add((31, 1, 31), (1001, fake::pts(2)), "/usr/bin/zsh", &[]);
        add((40, 1, 40), (0, 0), "/usr/bin/bash", &[]);
        let table = Table::read(proc.path()).unwrap();
        let shells = shells_of(&table, 23, &people());
        let told: Vec<_> = shells
            .iter()
            .map(|one| (one.pid, one.user.as_str(), one.history.as_deref().and_then(Path::to_str), one.is_own))
            .collect();
        assert_eq!(
            told,
            [
                (20, "admin", Some("/srv/admin/.bash_history"), true),
                (22, "root", Some("/var/tmp/\u{1b}h"), true),
                (30, "admin", Some("/home/admin/.python_history"), false),
                (31, "1001", None, false),
            ]
        );
        assert_eq!(shells[0].started, 120);
    }

    #[test]
    fn the_running_machine_is_looked_at() {
        assert!(shells(&[]).is_ok());
    }
}
