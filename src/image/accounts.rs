//! Users, groups and homes as the image's own files tell them: passwd(5), shadow(5), group(5), gshadow(5).
//!
//! No name service is asked: a static program cannot, and an offline image's answers would be the host's. A password
//! hash is classified where it is read and then forgotten: nothing here holds one.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::look::text_of;
use super::{Error, Image, Kind, Reason};

mod homes;
mod lines;
mod password;

pub use password::Password;

/// One line of `/etc/passwd` with what `/etc/shadow` adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Home directory as written; may be empty.
    pub home: PathBuf,
    /// Login shell as written; empty means `/bin/sh`.
    pub shell: PathBuf,
    /// Line in `/etc/passwd`, from 1.
    pub line: u32,
    /// The password field of `/etc/passwd`; it counts unless it is [`Password::Shadowed`].
    pub password: Password,
    /// The user's line in `/etc/shadow`; `None` when there is none (or it could not be read: see [`Accounts::shadow`]).
    pub shadow: Option<Shadow>,
}

/// One line of `/etc/shadow`. Days are counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadow {
    /// Line in `/etc/shadow`, from 1.
    pub line: u32,
    /// What the password field means.
    pub password: Password,
    /// The field begins with `!`: an sshd that runs without PAM lets the account in by nothing (sshd(8), "LOGIN PROCESS").
    pub is_barred: bool,
    /// Day of the last change; `Some(0)` forces a change at the next login.
    pub last_change: Option<i64>,
    /// Days after which the password must be changed.
    pub max_days: Option<i64>,
    /// Days after that during which it may still be changed.
    pub inactive_days: Option<i64>,
    /// Day on which the account ends.
    pub expires: Option<i64>,
}

/// One line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Members as listed; those who have it as primary group are not among them.
    pub members: Vec<String>,
    /// Line in `/etc/group`, from 1.
    pub line: u32,
    /// The group's password field: that of `gshadow` where there is one, but for a hash in `group` itself.
    pub password: Password,
    /// Line in `/etc/gshadow`, from 1, where the group has one.
    pub gshadow_line: Option<u32>,
}

/// A line of `shadow` or `gshadow` that no line of `passwd` or `group` refers to (or that comes after the first of its
/// name): nobody can use it, but what it holds is on the image all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// `/etc/shadow` or `/etc/gshadow`.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// The name it is for.
    pub name: String,
    /// What its password field means.
    pub password: Password,
}

/// A home directory and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// Where it is.
    pub path: PathBuf,
    /// The account it belongs to; `None` for a directory below `/home` that belongs to no account.
    pub user: Option<String>,
}

/// Every account of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// In the order of `/etc/passwd`.
    pub users: Vec<User>,
    /// In the order of `/etc/group`.
    pub groups: Vec<Group>,
    /// Every home that exists: field 6 of passwd, `/home/*`, `/root`; each directory once (under the name that passwd
    /// gives it), sorted by path. A system directory (`/`, `/bin`, `/usr/sbin`, `/var/spool` …, anything below `/dev`,
    /// `/proc`, `/sys` or `/run`) is no home, whatever passwd says; `/var/lib/jenkins` or `/var/www` is one.
    pub homes: Vec<Home>,
    /// Lines that are not of the form the manual gives, by path and line; at most the first thousand of a file.
    pub odd_lines: Vec<(PathBuf, u32)>,
    /// Lines of `shadow` and `gshadow` that belong to no account or group.
    pub strays: Vec<Stray>,
    /// `Err` when `/etc/shadow` is there but could not be read: then no user has a [`User::shadow`].
    pub shadow: Result<(), Error>,
    /// `Err` when `/etc/gshadow` is there but could not be read: then no group has a [`Group::gshadow_line`].
    pub gshadow: Result<(), Error>,
    /// `UID_MIN` of `/etc/login.defs`, 1000 when unset.
    pub uid_min: u32,
}

/// The largest account file that is taken for one: 4 MiB, some 50,000 accounts.
const FILE_LIMIT: u64 = 4 << 20;

/// The most lines of one: each account takes about two kilobytes until everything is judged.
const LINE_LIMIT: usize = 20_000;

/// The most commas in one, which part the members of groups.
const COMMA_LIMIT: usize = 100_000;

/// The most homes that are looked into: hundreds of patterns are tried in each.
const HOME_LIMIT: usize = 4096;

impl Accounts {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let mut odd_lines = Vec::new();
        let read = |path: &str| {
            let path = Path::new(path);
            let bytes = image.read_up_to(path, FILE_LIMIT)?;
            bytes.as_deref().map(|bytes| text_of(path, bytes)).transpose()?;
            let count = |sign| memchr::memchr_iter(sign, bytes.as_deref().unwrap_or_default()).count();
            for (sign, limit) in [(b'\n', LINE_LIMIT), (b',', COMMA_LIMIT)] {
                if count(sign) > limit {
                    return Err(Error { action: "read", path: path.to_owned(), reason: Reason::TooMany(limit) });
                }
            }
            Ok(bytes)
        };
        let Some(bytes) = read("/etc/passwd")? else {
            return Err(Error::malformed("read", "/etc/passwd", "it is not there: the image has no accounts"));
        };
        let mut users = lines::passwd(&bytes, &mut odd_lines);
        if users.is_empty() {
            return Err(Error::malformed("read", "/etc/passwd", "no line of it is an account"));
        }
        let mut strays = Vec::new();
        let shadow = read("/etc/shadow").map(|bytes| {
            let lines = lines::shadow(&bytes.unwrap_or_default(), &mut odd_lines);
            for user in &mut users {
                user.shadow = lines.get(&user.name).copied();
            }
            let names = users.iter().map(|user| user.name.as_str());
            strays.extend(lines.strays(names, |shadow| (shadow.line, shadow.password)));
        });
        let group = read("/etc/group")?.unwrap_or_default();
        let mut groups = lines::group(&group, &mut odd_lines);
        let gshadow = read("/etc/gshadow").map(|bytes| {
            let lines = lines::gshadow(&bytes.unwrap_or_default(), &mut odd_lines);
            for group in &mut groups {
                if let Some((line, password)) = lines.get(&group.name).copied() {
                    group.gshadow_line = Some(line);
                    if !matches!(group.password, Password::Hash { .. }) {
                        group.password = password;
                    }
                }
            }
            strays.extend(lines.strays(groups.iter().map(|group| group.name.as_str()), |line| *line));
        });
        odd_lines.sort();
        let homes = homes::homes(image, &users)?;
        let uid_min =
            image.read_text(Path::new("/etc/login.defs"))?.and_then(|text| lines::uid_min(&text)).unwrap_or(1000);
        Ok(Self { users, groups, homes, odd_lines, strays, shadow, gshadow, uid_min })
    }

    /// The account called `name`.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The names of every group `name` belongs to, the primary one first.
    pub fn groups_of(&self, name: &str) -> Vec<&str> {
        let primary = self.user(name).map(|user| user.gid);
        let first = self.groups.iter().find(|group| Some(group.gid) == primary);
        let others = self.groups.iter().filter(|group| group.members.iter().any(|member| member == name));
        let mut names: Vec<&str> = Vec::new();
        for group in first.into_iter().chain(others) {
            if !names.contains(&group.name.as_str()) {
                names.push(&group.name);
            }
        }
        names
    }

    /// [`Self::groups_of`] of every account, by its name, in one go.
    pub fn memberships(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_id: BTreeMap<u32, &str> = BTreeMap::new();
        for group in &self.groups {
            by_id.entry(group.gid).or_insert(&group.name);
        }
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for user in &self.users {
            if let Entry::Vacant(place) = found.entry(&user.name) {
                let primary = by_id.get(&user.gid).copied();
                seen.extend(primary.map(|group| (user.name.as_str(), group)));
                place.insert(primary.into_iter().collect());
            }
        }
        for group in &self.groups {
            for member in &group.members {
                if let Some(groups) = found.get_mut(member.as_str())
                    && seen.insert((member, &group.name))
                {
                    groups.push(&group.name);
                }
            }
        }
        found
    }

    /// Accounts whose shell lets a person in ([`User::can_log_in`]).
    pub fn login_users(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| user.can_log_in())
    }
}

impl User {
    /// Whether the shell is one that lets a person in: not `nologin`, `false`, `true`, `sync`, `shutdown`, `halt` or
    /// `/dev/null`. Whether the shell is there is not looked at; an empty field means `/bin/sh`.
    pub fn can_log_in(&self) -> bool {
        let name = self.shell.file_name().unwrap_or_default();
        !["nologin", "false", "true", "sync", "shutdown", "halt", "null"].iter().any(|closed| name == *closed)
    }
}

#[cfg(test)]
mod tests;
