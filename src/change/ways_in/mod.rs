//! The ways into an image: who gets in, by what, and whether they become root. Worked out for what there is and for
//! what a plan would leave, so that nobody who works on a running machine locks themselves out.
//!
//! What is true in the files is judged here; asking people, and taking back what nobody confirmed, does not belong here.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::check::Context;
use crate::image::live::sessions::{Door, Session};
use crate::image::text::{path, visible};
use crate::image::{Image, Mode};

mod account;
mod concerns;
mod cut;
mod keys;
mod next;
mod others;
mod own;
mod rights;
mod server;
#[cfg(test)]
mod tests;

pub(super) use concerns::concerns;
use cut::cut;
pub(super) use own::session as own_session;

/// Who gets in, and how: now, with a plan carried out, and at the next user's first boot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// How the publisher of this session came in; `None` offline, and where it cannot be told.
    pub own: Option<Own>,
    /// The ways in as the image is.
    pub now: Ways,
    /// The ways in as the image would be.
    pub then: Ways,
    /// How the next user comes in after a first boot, as the image would be.
    pub next: Ways,
}

/// How the publisher came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The account that logged in, by what, and what it may do now.
    pub way: Way,
    /// The client's address.
    pub from: Option<IpAddr>,
    /// Why the plan would keep this account out, where it surely would.
    pub barred: Option<String>,
}

/// Ways in, surest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// One for each account and means, up to a limit.
    pub list: Vec<Way>,
    /// Why nobody reaches the SSH server, in a sentence, where that is so.
    pub shut: Option<String>,
    /// What may let somebody in as well, or could not be found out: sentences.
    pub unclear: Vec<String>,
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The account.
    pub user: String,
    /// By what.
    pub by: By,
    /// Whether that account becomes root.
    pub root: Root,
    /// It works for sure. Consoles and Session Manager also need what no file of the image tells (rights in the AWS
    /// account), so they are sure only for who came in that way.
    pub is_sure: bool,
}

/// What lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// SSH, with a key that a file names.
    Key {
        /// The file.
        file: PathBuf,
        /// `SHA256:…`, as `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// SSH, with a certificate of this authority.
    Authority {
        /// The file that names the authority.
        file: PathBuf,
        /// `SHA256:…` of the authority's key.
        fingerprint: String,
    },
    /// SSH, with a password.
    Password,
    /// SSH, with a key or a password; which is not known.
    Ssh,
    /// SSH, with a key that EC2 Instance Connect sends.
    InstanceConnect,
    /// SSH, with the key pair that the instance is launched with.
    LaunchKey,
    /// AWS Systems Manager's Session Manager.
    SessionManager,
    /// A serial or text console, with a password.
    Console,
}

/// Whether an account becomes root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// It is root.
    Is,
    /// With sudo, unasked.
    Sudo,
    /// With sudo and a password that is there.
    SudoWithPassword,
    /// With su and root's password, which is there.
    Su,
    /// Not known.
    Unknown,
    /// No: nothing lets it.
    No,
    /// No: sudo asks for a password, and there is none.
    NoPassword,
}

impl Root {
    /// Whether it surely does.
    pub fn is_sure(self) -> bool {
        matches!(self, Self::Is | Self::Sudo | Self::SudoWithPassword | Self::Su)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Is => "is root",
            Self::Sudo => "becomes root with sudo, unasked",
            Self::SudoWithPassword => "becomes root with sudo and a password",
            Self::Su => "becomes root with su and root's password",
            Self::Unknown => "may become root; that is not known",
            Self::No => "does not become root",
            Self::NoPassword => "does not become root: sudo asks for a password, and there is none",
        })
    }
}

impl By {
    /// Whether the way leads through the SSH server.
    pub fn is_ssh(&self) -> bool {
        !matches!(self, Self::SessionManager | Self::Console)
    }

    /// The fingerprint of the key.
    pub fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::Key { fingerprint, .. } | Self::Authority { fingerprint, .. } => Some(fingerprint),
            _ => None,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { file, fingerprint } if file.as_os_str().is_empty() => write!(f, "SSH key {fingerprint}"),
            Self::Key { file, fingerprint } => write!(f, "SSH key {fingerprint} ({})", path(file)),
            Self::Authority { file, fingerprint } => {
                write!(f, "SSH certificate of the authority {fingerprint} ({})", path(file))
            }
            Self::Password => f.write_str("SSH password"),
            Self::Ssh => f.write_str("SSH"),
            Self::InstanceConnect => f.write_str("EC2 Instance Connect"),
            Self::LaunchKey => f.write_str("SSH key pair of the launch"),
            Self::SessionManager => f.write_str("Session Manager"),
            Self::Console => f.write_str("password at a console"),
        }
    }
}

/// `admin by SSH key SHA256:… (/home/admin/.ssh/authorized_keys), becomes root with sudo, unasked`.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let perhaps = if self.is_sure { "" } else { "perhaps " };
        write!(f, "{perhaps}{} by {}, {}", visible(&self.user), self.by, self.root)
    }
}

impl Ways {
    /// The ways into `image` for somebody at the address `from` (else somewhere on the Internet).
    pub fn of(image: &Image, context: &Context, from: Option<IpAddr>) -> Self {
        let mut ways = Self::default();
        server::add(image, context, from, &mut ways);
        others::add(image, &mut ways);
        ways.list.sort_by_key(|way| !way.is_sure);
        ways
    }

    /// Those that work for sure.
    pub fn sure(&self) -> impl Iterator<Item = &Way> {
        self.list.iter().filter(|way| way.is_sure)
    }

    /// Those of `user`.
    pub fn of_user<'w>(&'w self, user: &'w str) -> impl Iterator<Item = &'w Way> {
        self.list.iter().filter(move |way| way.user == user)
    }
}

impl Access {
    /// The ways into `image` as it is, and the publisher's own where it runs.
    pub fn of(image: &Image, context: &Context) -> Self {
        Self::with_session(image, own::session(image).as_ref(), context)
    }

    fn with_session(image: &Image, session: Option<&Session>, context: &Context) -> Self {
        let from = session.and_then(|session| match session.door {
            Door::Ssh { from, .. } => from,
            _ => None,
        });
        let mut now = Ways::of(image, context, from);
        let own = session.map(|session| own::own(image, session, &now));
        if let Some(own) = &own {
            own::prove(own, &mut now);
        }
        Self { own, then: now.clone(), now, next: next::ways(image) }
    }

    /// Works out what a whole plan leaves, and what the next user finds.
    pub(super) fn finish(&mut self, image: &Image, then: &Image, context: &Context) {
        if !then.overlay().is_empty() {
            self.next = next::ways(then);
            self.foresee(image, then, context);
        }
    }

    /// Works out anew what would be, but for the next user.
    fn foresee(&mut self, image: &Image, then: &Image, context: &Context) {
        let from = self.own.as_ref().and_then(|own| own.from);
        self.then = Ways::of(then, context, from);
        if let Some(own) = &self.own {
            own::prove(own, &mut self.then);
        }
        // Where nobody is known to reach the server as it is, somebody may all the same: what counts is what gets worse.
        if self.now.shut.is_none() && self.then.shut.is_some() {
            self.then.list.retain(|way| !way.by.is_ssh());
        }
        if let Some(own) = &mut self.own {
            let barred = |image: &Image| server::barred(image, &own.way.user, own.from);
            own.barred = if barred(image).is_some() { None } else { barred(then) };
        }
    }

    /// The same for another draft of the image; `Err` with the reason when a running machine must not become that.
    pub(super) fn with(&self, image: &Image, then: &Image, context: &Context) -> Result<Self, String> {
        let mut access = self.clone();
        access.foresee(image, then, context);
        match cut(&access) {
            Some(reason) => Err(reason),
            None => Ok(access),
        }
    }

    /// The ways in that the plan takes away.
    pub fn lost(&self) -> impl Iterator<Item = &Way> {
        let stays = |way: &Way| self.then.list.iter().any(|left| left.user == way.user && left.by == way.by);
        self.now.list.iter().filter(move |way| !stays(way))
    }

    /// What people are told before a plan is carried out, a line each: on a running machine the publisher's own way and
    /// the ways in now and afterwards, and always how the next user comes in.
    pub fn lines(&self, mode: Mode) -> Vec<String> {
        let mut lines = Vec::new();
        if mode == Mode::Live {
            lines.push(match &self.own {
                Some(own) => format!("You came in as {}.", own.way),
                None => "How you came in could not be told.".to_owned(),
            });
            lines.push(format!("Ways in now: {}", told(&self.now)));
            lines.push(if self.then == self.now {
                "Afterwards: the same.".to_owned()
            } else {
                format!("Afterwards: {}", told(&self.then))
            });
        }
        lines.push(format!("The next user: {}", told(&self.next)));
        lines
    }
}

/// How many ways are named in a line.
const NAMED: usize = 4;

fn told(ways: &Ways) -> String {
    let mut parts: Vec<String> = ways.list.iter().take(NAMED).map(ToString::to_string).collect();
    if ways.list.len() > NAMED {
        parts.push(format!("{} more", ways.list.len() - NAMED));
    }
    if parts.is_empty() {
        parts.push("none that could be found".to_owned());
    }
    let mut line = format!("{}.", parts.join("; "));
    for sentence in ways.shut.iter().chain(&ways.unclear) {
        line.push(' ');
        line.push_str(sentence);
    }
    line
}
