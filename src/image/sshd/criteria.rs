//! `Match` lines: whether one applies to a connection.

use super::Connection;
use super::lexer::{Args, lossy, skip_blanks, word};
use super::pattern::{Verdict, matches_addresses, matches_list};
use super::people::People;
use super::release::Release;
use super::value;

/// What a `Match` line is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) release: Release,
    pub(super) people: &'a People,
    pub(super) services: &'a str,
    /// `None` only checks the line.
    pub(super) connection: Option<&'a Connection>,
}

/// The words of a `Match` line, taken as this release does.
enum Words<'a, 'b> {
    /// Until 9.8: a lexer of its own.
    Own(Option<&'a [u8]>),
    /// Since 9.9: those of every other keyword.
    Shared(&'b mut Args<'a>),
}

impl Words<'_, '_> {
    fn next(&mut self) -> Option<String> {
        match self {
            Self::Own(rest) => word(rest, true).map(|word| lossy(&word)),
            Self::Shared(args) => args.next(),
        }
    }
}

/// The criteria of a `Match` line as written.
///
/// # Errors
/// As [`Judge::applies`].
pub(super) fn criteria(args: &mut Args<'_>, release: Release) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    let shared = release.since(9, 9);
    let mut words = if shared { Words::Shared(args) } else { Words::Own(args.bytes()) };
    while let Some(name) = words.next().filter(|name| !name.is_empty()) {
        if name.starts_with('#') && release.since(8, 5) {
            words = Words::Own(None);
            break;
        }
        let lower = name.to_ascii_lowercase();
        if lower == "all" {
            let next = words.next().filter(|next| !next.is_empty());
            let comment = next.as_ref().is_some_and(|next| next.starts_with('#') && release.since(8, 5));
            if !found.is_empty() || (next.is_some() && !comment) {
                return Err("combines \"all\" with other criteria".to_owned());
            }
            found.push((lower, String::new()));
            words = Words::Own(None);
            break;
        }
        if lower == "invalid-user" && shared {
            found.push((lower, String::new()));
            continue;
        }
        let joined = name.split_once('=').filter(|_| release.since(10, 0));
        let (lower, argument) = match joined {
            Some((attribute, argument)) => (attribute.to_ascii_lowercase(), Some(argument.to_owned())),
            None => (lower, words.next()),
        };
        let argument = argument.filter(|argument| !argument.is_empty());
        let argument = argument.filter(|argument| !(argument.starts_with('#') && release.since(8, 5)));
        let Some(argument) = argument else { return Err(format!("has no value for \"{name}\"")) };
        let is_known = match lower.as_str() {
            "user" | "group" | "host" | "address" | "localaddress" | "localport" => true,
            "rdomain" => release.since(7, 7),
            "version" => release.since(10, 0),
            _ => false,
        };
        if !is_known {
            return Err(format!("has an unknown criterion \"{name}\""));
        }
        found.push((lower, argument));
    }
    if found.is_empty() {
        return Err("has no criterion".to_owned());
    }
    let finished = match words {
        Words::Own(rest) => rest.is_none_or(|rest| skip_blanks(rest).is_empty()),
        Words::Shared(args) => args.is_finished(),
    };
    if !finished {
        return Err("has extra words at its end".to_owned());
    }
    args.clear();
    Ok(found)
}

impl Judge<'_> {
    /// Whether a `Match` line with these criteria applies.
    ///
    /// # Errors
    /// When a value is badly formed: sshd refuses to start.
    pub(super) fn applies(&self, criteria: &[(String, String)]) -> Result<bool, String> {
        let mut all = true;
        for (name, value) in criteria {
            all &= self.one(name, value)?;
        }
        Ok(all)
    }

    fn one(&self, name: &str, value: &str) -> Result<bool, String> {
        let connection = self.connection;
        let attribute = |get: fn(&Connection) -> &str| connection.map(get).filter(|text| !text.is_empty());
        match name {
            "all" => Ok(true),
            "user" => {
                let user = attribute(|connection| &connection.user);
                Ok(user.is_some_and(|user| matches_list(user, value, false) == Verdict::Positive))
            }
            "group" => {
                let user = attribute(|connection| &connection.user);
                Ok(user.is_some_and(|user| self.in_group(user, value)))
            }
            "host" => {
                let host = attribute(|connection| &connection.host).map(str::to_ascii_lowercase);
                Ok(host.is_some_and(|host| matches_list(&host, value, true) == Verdict::Positive))
            }
            "address" => address(attribute(|connection| &connection.addr), value),
            "localaddress" => address(attribute(|connection| &connection.laddr), value),
            "localport" => {
                let port =
                    value::port(value, self.services).ok_or_else(|| format!("has an invalid port \"{value}\""))?;
                Ok(connection.is_some_and(|connection| connection.lport != 0 && connection.lport == port))
            }
            "invalid-user" => {
                let user = attribute(|connection| &connection.user);
                Ok(user.is_some_and(|user| !self.people.by_name.contains_key(user)))
            }
            "version" => {
                let (major, minor) = self.release.version;
                Ok(matches_list(&format!("OpenSSH_{major}.{minor}p1"), value, false) == Verdict::Positive)
            }
            // A routing domain is a VRF device of the running kernel: no file tells it.
            _ => Ok(false),
        }
    }

    fn in_group(&self, user: &str, list: &str) -> bool {
        let groups = self.people.by_name.get(user).map(|person| person.groups.as_slice()).unwrap_or_default();
        let mut found = false;
        for group in groups {
            match matches_list(group, list, false) {
                Verdict::Negated => return false,
                Verdict::Nothing => {}
                Verdict::Positive => found = true,
            }
        }
        found
    }
}

fn address(text: Option<&str>, list: &str) -> Result<bool, String> {
    let verdict = matches_addresses(text, list).map_err(|()| format!("has an invalid address \"{list}\""))?;
    Ok(verdict == Verdict::Positive)
}
