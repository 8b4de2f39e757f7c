//! Who is logged in to the running machine, by which door, and which of them is us.
//!
//! A session is told by the process that holds its door open: sshd's monitor of a connection, the worker of Session
//! Manager, the login on a terminal. Neither logind nor utmp is asked: both may be absent. What a user could forge (an
//! environment) counts only where nothing else is known.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sockets::{self, Ends};
use super::table::{Process, Table};
use crate::image::{Error, Image, text};

mod key;

/// One person's (or program's) way in that is open now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who it belongs to, visible: a login name, or the user id where that has none.
    pub user: String,
    /// Its first terminal (`pts/0`); `None` where it has none, as with a command over SSH.
    pub tty: Option<String>,
    /// The way in.
    pub door: Door,
    /// The process that holds the way in open; when it is killed, the session is cut off.
    pub leader: i32,
    /// When that process began, in clock ticks after the machine did: its number may belong to another one later.
    pub started: u64,
    /// This program runs in it.
    pub is_own: bool,
}

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// Over SSH.
    Ssh {
        /// The other side's address.
        from: Option<IpAddr>,
        /// Fingerprint of the key they showed, `SHA256:…`; `None` where it cannot be told, or it was a password.
        key: Option<String>,
    },
    /// AWS Systems Manager's Session Manager.
    SessionManager,
    /// A serial line, as the EC2 serial console is.
    SerialConsole,
    /// Screen and keyboard, as a virtual machine shows them.
    Console,
    /// A terminal whose way in cannot be told: a multiplexer that outlived its session, a container.
    Unknown,
}

/// What is asked besides `/proc`.
pub(super) struct Machine<'m> {
    /// `/proc`.
    pub(super) proc: &'m Path,
    /// This process.
    pub(super) pid: i32,
    /// Login names and homes by user id.
    pub(super) people: &'m BTreeMap<u32, (String, PathBuf)>,
    /// The fingerprint that sshd logged for a user's connection from an address and port to its process.
    pub(super) logged: &'m dyn Fn(&str, SocketAddr, i32) -> Option<String>,
}

impl Machine<'_> {
    pub(super) fn name(&self, uid: u32) -> String {
        self.people.get(&uid).map_or_else(|| uid.to_string(), |(name, _)| bounded(name))
    }
}

/// Login names and homes by user id; the first line of each id counts.
pub(super) fn people(image: &Image) -> BTreeMap<u32, (String, PathBuf)> {
    let mut people = BTreeMap::new();
    let Ok(accounts) = image.accounts() else { return people };
    for user in &accounts.users {
        people.entry(user.uid).or_insert_with(|| (user.name.clone(), user.home.clone()));
    }
    people
}

/// This process and those it comes from, nearest first.
pub(super) fn line() -> Result<Vec<(i32, u64)>, Error> {
    let table = Table::read(Path::new("/proc"))?;
    let line = table.line(nix::unistd::getpid().as_raw());
    Ok(line.into_iter().map(|process| (process.pid, process.started)).collect())
}

/// Everybody who is logged in to this machine, by the number of their leader. Those that `principal` leads are our own.
pub(super) fn sessions(principal: &[(i32, u64)]) -> Result<Vec<Session>, Error> {
    let image = Image::open(Path::new("/"))?;
    let logged = |user: &str, from, monitor| key::logged(&image, user, from, monitor);
    let pid = nix::unistd::getpid().as_raw();
    let mut sessions =
        sessions_of(&Machine { proc: Path::new("/proc"), pid, people: &people(&image), logged: &logged })?;
    for session in &mut sessions {
        session.is_own |= principal.contains(&(session.leader, session.started));
    }
    Ok(sessions)
}

fn sessions_of(machine: &Machine<'_>) -> Result<Vec<Session>, Error> {
    let table = Table::read(machine.proc)?;
    let own = own_leaders(&table, machine.pid);
    let mut sessions: BTreeMap<i32, Session> = BTreeMap::new();
    // Those without a terminal first: a connection that runs one command has none.
    for process in table.all().filter(|process| is_monitor(&table, process)) {
        sessions.insert(process.pid, over_ssh(&table, machine, process));
    }
    for process in table.all().filter(|process| process.tty.is_some()) {
        let Some((leader, door)) = leader(&table, process) else { continue };
        let session = sessions.entry(leader.pid).or_insert_with(|| Session {
            user: machine.name(process.uid),
            tty: None,
            door,
            leader: leader.pid,
            started: leader.started,
            is_own: false,
        });
        session.tty = session.tty.take().or_else(|| process.tty.clone());
    }
    for session in sessions.values_mut() {
        session.is_own = own.contains(&session.leader);
    }
    Ok(sessions.into_values().collect())
}

/// Who holds open the way in that `process` came by, and which it is; `None`: nobody came in (a terminal that waits for
/// a login, a service with a terminal).
fn leader<'t>(table: &'t Table, process: &'t Process) -> Option<(&'t Process, Door)> {
    let line = table.line(process.pid);
    for (place, ancestor) in line.iter().enumerate() {
        if is_monitor(table, ancestor) {
            return Some((ancestor, Door::Ssh { from: None, key: None }));
        }
        if ancestor.program == "ssm-session-worker" {
            return Some((ancestor, Door::SessionManager));
        }
        // A listening sshd, or the agent itself: what is below it is on its way in.
        if is_sshd(ancestor) && place > 0 {
            return None;
        }
    }
    let top = line.last()?;
    let waits = |process: &Process| process.program.ends_with("getty");
    let is_line = |tty: &str| ["ttyS", "ttyAMA", "hvc"].iter().any(|kind| tty.starts_with(kind));
    let door = match top.tty.as_deref().or(process.tty.as_deref())? {
        _ if waits(process) || process.program == "login" => return None,
        tty if is_line(tty) => Door::SerialConsole,
        tty if tty.starts_with("tty") || tty == "console" => Door::Console,
        _ => Door::Unknown,
    };
    Some((top, door))
}

/// Leaders of the sessions that the process `pid` is in: one, or where it runs in a multiplexer that several look into,
/// all of them.
fn own_leaders(table: &Table, pid: i32) -> Vec<i32> {
    let line = table.line(pid);
    let Some(of) = line.iter().find_map(|process| leader(table, process)) else { return Vec::new() };
    if of.1 != Door::Unknown {
        return vec![of.0.pid];
    }
    // Whoever looks into the multiplexer has a client of it at their own terminal.
    let clients = table.all().filter(|one| is_multiplexer(one) && one.tty.is_some() && one.uid == of.0.uid);
    let doors = clients.filter_map(|client| leader(table, client)).filter(|(_, door)| *door != Door::Unknown);
    let mut leaders: Vec<i32> = doors.map(|(leader, _)| leader.pid).collect();
    leaders.dedup();
    if leaders.is_empty() { vec![of.0.pid] } else { leaders }
}

fn is_multiplexer(process: &Process) -> bool {
    ["tmux", "screen", "zellij", "dtach", "abduco"].contains(&process.program.as_str())
}

fn is_sshd(process: &Process) -> bool {
    matches!(process.program.as_str(), "sshd" | "sshd-session") && process.uid == 0
}

/// Whose connection an sshd says it holds, after `sshd: ` or `sshd-session: `.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// `admin [priv]`: the monitor, from when the name is known; the login may still fail.
    Monitor(String),
    /// `admin@pts/0`, `root@notty`, `admin`: somebody who logged in.
    LoggedIn(String),
}

fn said(table: &Table, process: &Process) -> Option<Said> {
    let title = table.title(process.pid);
    let rest = title.strip_prefix("sshd-session: ").or_else(|| title.strip_prefix("sshd: "))?;
    if let Some(name) = rest.strip_suffix(" [priv]") {
        return Some(Said::Monitor(name.to_owned()));
    }
    // `[net]` and `[pam]` are on their way, `[listener]` and an argument list wait for others.
    let name = rest.rsplit_once('@').map_or(rest, |(name, _)| name);
    (!rest.contains(['[', ' ', '/']) || rest.strip_prefix(name).is_some_and(|tty| tty.starts_with("@pts/")))
        .then(|| Said::LoggedIn(name.to_owned()))
}

/// Whether it is sshd's process for one connection that somebody logged in by, which stays root's: a monitor with a
/// child that the user logged in to, or root's own. A program of that name that a user brought is not root's.
fn is_monitor(table: &Table, process: &Process) -> bool {
    if !is_sshd(process)
        || table.get(process.parent).is_some_and(|parent| is_sshd(parent) && said(table, parent).is_some())
    {
        return false;
    }
    match said(table, process) {
        Some(Said::LoggedIn(_)) => true,
        Some(Said::Monitor(_)) => table.all().filter(|child| child.parent == process.pid).any(|child| {
            matches!(child.program.as_str(), "sshd" | "sshd-session")
                && matches!(said(table, child), Some(Said::LoggedIn(_)))
        }),
        None => false,
    }
}

fn over_ssh(table: &Table, machine: &Machine<'_>, monitor: &Process) -> Session {
    let below = || table.all().filter(|one| one.pid != monitor.pid && is_below(table, one, monitor.pid));
    let user = match said(table, monitor) {
        Some(Said::Monitor(name) | Said::LoggedIn(name)) if !name.is_empty() => bounded(&name),
        _ => machine.name(table.login(monitor.pid).unwrap_or(monitor.uid)),
    };
    let peer = connection(table, machine.proc, monitor.pid).map(|ends| ends.peer);
    let shown =
        || below().filter_map(|one| table.variable(one.pid, "SSH_USER_AUTH")).find_map(|path| key::shown(&path));
    let key = peer.and_then(|peer| (machine.logged)(&user, peer, monitor.pid)).or_else(shown);
    Session {
        user,
        tty: None,
        door: Door::Ssh { from: peer.map(|peer| peer.ip()), key },
        leader: monitor.pid,
        started: monitor.started,
        is_own: false,
    }
}

/// The connection that the monitor `pid` holds.
fn connection(table: &Table, proc: &Path, pid: i32) -> Option<Ends> {
    sockets::connection(proc, &table.open_files(pid)).or_else(|| {
        let below = table.all().filter(|one| one.pid != pid && is_below(table, one, pid));
        let mut told = below.filter_map(|one| table.variable(one.pid, "SSH_CONNECTION"));
        told.find_map(|told| told.to_str().and_then(ends))
    })
}

/// The address and port of this machine that the connection held by the monitor `leader` came to. Behind an address
/// translation it is not the one that the other side knows.
pub(super) fn reached(leader: i32) -> Option<SocketAddr> {
    let proc = Path::new("/proc");
    connection(&Table::read(proc).ok()?, proc, leader).map(|ends| ends.own)
}

fn is_below(table: &Table, process: &Process, above: i32) -> bool {
    table.line(process.pid).iter().any(|one| one.pid == above)
}

/// Client and server in `SSH_CONNECTION`, each with its port (ssh(1)).
fn ends(said: &str) -> Option<Ends> {
    let mut words = said.split(' ');
    let mut end = || {
        let (address, port) = (words.next()?, words.next()?);
        let address: IpAddr = address.split('%').next()?.parse().ok()?;
        Some(SocketAddr::new(address.to_canonical(), port.parse().ok()?))
    };
    let peer = end()?;
    Some(Ends { own: end()?, peer })
}

/// A name for people to read: visible, and no longer than a login name may be (`useradd(8)`: 256 characters).
fn bounded(name: &str) -> String {
    text::visible(name).chars().take(256).collect()
}

#[cfg(test)]
mod tests;
