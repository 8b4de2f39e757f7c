//! Reads the arguments of one keyword into values as `sshd -T` prints them.

use super::keywords::{Keyword, Kind};
use super::lexer::Args;
use super::people::People;
use super::release::Release;

mod line;
mod list;
mod parts;
pub(super) mod penalties;
mod word;

pub(super) use parts::{REKEY, STARTUPS};

/// How a value meets what is set already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Counts when nothing is set yet.
    First,
    /// Replaces what is set.
    Last,
    /// Is added to what is set.
    Add,
}

/// One value to be set. Most keywords set the slot of their own name; a few have parts with slots of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) slot: &'static str,
    pub(super) how: How,
    pub(super) values: Vec<String>,
}

/// What reading arguments needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) release: Release,
    pub(super) people: &'a People,
    /// The text of `/etc/services`.
    pub(super) services: &'a str,
    /// The line counts now: a `Match` block that does not apply is only checked.
    pub(super) active: bool,
    /// `AuthenticationMethods` is set already.
    pub(super) has_methods: bool,
    /// `AuthorizedKeysCommand` is set already.
    pub(super) has_keys_command: bool,
}

/// What one line sets, or a sentence's end that tells what is wrong: "has no argument".
type Taken = Result<Vec<Write>, String>;

impl Reader<'_> {
    /// What `keyword` sets to what; everything it does not take is left in `args`.
    ///
    /// # Errors
    /// A sentence's end that tells what is wrong: "has no argument".
    pub(super) fn take(&self, keyword: &'static Keyword, args: &mut Args<'_>) -> Taken {
        let name = keyword.name;
        match keyword.kind {
            Kind::Line | Kind::Command | Kind::Addendum => self.rest_of_line(keyword, args),
            Kind::Port | Kind::HostKey | Kind::HostCertificate => {
                let value = self.word(keyword.kind, args)?;
                Ok(vec![Write { slot: name, how: How::Add, values: vec![value] }])
            }
            Kind::Listen => self.listen(name, args),
            Kind::Users
            | Kind::Groups
            | Kind::AcceptEnv
            | Kind::SetEnv
            | Kind::KeysFiles
            | Kind::LogVerbose
            | Kind::Methods
            | Kind::Forwards(_)
            | Kind::ChannelTimeout => self.list(keyword, args),
            Kind::RekeyLimit => parts::rekey_limit(args),
            Kind::MaxStartups => self.max_startups(&args.one()?),
            Kind::Penalties => penalties::take(args, self.release),
            Kind::Subsystem => self.subsystem(name, args),
            Kind::Refused => Err("is not supported on Linux".to_owned()),
            Kind::Ignored => {
                args.clear();
                Ok(Vec::new())
            }
            Kind::Match | Kind::Include => Ok(Vec::new()),
            kind => {
                let is_none = args.peek().is_some_and(|word| word.eq_ignore_ascii_case("none"));
                let value = self.word(kind, args)?;
                // Where a later line counts, the program forgot to ask whether an earlier one had.
                let last = match kind {
                    Kind::Ipqos | Kind::Mask => true,
                    Kind::NetBlock => !self.release.since(10, 1),
                    Kind::SourceMax => !self.release.since(9, 5),
                    Kind::UnusedTimeout => is_none,
                    _ => name == "fingerprinthash",
                };
                Ok(vec![Write { slot: name, how: if last { How::Last } else { How::First }, values: vec![value] }])
            }
        }
    }
}

fn first_list(slot: &'static str, values: Vec<String>) -> Vec<Write> {
    if values.is_empty() { Vec::new() } else { vec![Write { slot, how: How::First, values }] }
}

fn unsupported(value: &str) -> String {
    format!("has an unsupported value \"{value}\"")
}
