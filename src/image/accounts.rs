//! Users, groups and homes as the image's own files tell them: passwd(5), shadow(5), group(5), gshadow(5).
//!
//! No name service is asked: a static program cannot, and an offline image's answers would be the host's. A password
//! hash is classified where it is read and then forgotten: nothing here holds one.

use std::path::PathBuf;

use super::{Error, Image};

/// What a password field means (shadow(5), crypt(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// Empty: anybody gets in without one.
    Empty,
    /// `*`, `!`, `!!`, `!*`, `*LK*` and the like: no password fits, and none is kept.
    Locked,
    /// A hash; `locked` when it stands behind a `!` (it is still a hash on the image).
    Hash {
        /// Behind one or more `!`.
        locked: bool,
        /// The method: `yescrypt`, `SHA-512`, `DES` …
        scheme: &'static str,
    },
    /// `x` in passwd: the field is in the other file.
    Shadowed,
    /// Anything else: fits no password, but is no lock either.
    Junk,
}

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
    /// The password field of `/etc/passwd`.
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
    /// The group's password field, from `gshadow` where there is one.
    pub password: Password,
    /// Line in `/etc/gshadow`, from 1, where the group has one.
    pub gshadow_line: Option<u32>,
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
    /// Every home that exists: field 6 of passwd, `/home/*`, `/root`; each directory once, sorted by path.
    pub homes: Vec<Home>,
    /// Lines that are not of the form the manual gives: path and line.
    pub odd_lines: Vec<(PathBuf, u32)>,
    /// `Err` when `/etc/shadow` is there but could not be read: then no user has a [`User::shadow`].
    pub shadow: Result<(), Error>,
    /// `UID_MIN` of `/etc/login.defs`, 1000 when unset.
    pub uid_min: u32,
}

impl Accounts {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper A")
    }

    /// The account called `name`.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The names of every group `name` belongs to, the primary one first.
    pub fn groups_of(&self, name: &str) -> Vec<&str> {
        let _ = name;
        todo!("helper A")
    }

    /// Accounts a person could log in to: a shell that is there and is not `nologin` or `false`.
    pub fn login_users(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| user.can_log_in())
    }
}

impl User {
    /// Whether the shell is one that lets a person in (not `nologin`, `false`, `sync`, `shutdown`, `halt`).
    pub fn can_log_in(&self) -> bool {
        todo!("helper A")
    }
}
