//! Package repositories as apt, yum, dnf and zypper are told of them: where packages come from, and whether their
//! signatures are checked.
//!
//! Read from the configuration files alone; no package manager is run. A file that its package manager would refuse is
//! an error with its line. What is good or bad does not belong here.

use std::path::Path;

use super::{Error, Image};

pub mod apt;
pub mod apt_conf;
pub mod ini;
pub mod rpm;

/// Every repository and what is said for all of them.
#[derive(Debug, Clone, Default)]
pub struct Repositories {
    /// Enabled apt sources of binary packages, in the order in which apt reads them.
    pub apt: Vec<apt::Source>,
    /// apt's settings from `/etc/apt/apt.conf.d` and `/etc/apt/apt.conf`, in the order in which apt reads them.
    pub apt_settings: Vec<apt_conf::Setting>,
    /// Repositories of yum, dnf and zypper, disabled ones too.
    pub rpm: Vec<rpm::Repository>,
}

impl Repositories {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        Ok(Self { apt: apt::read(image)?, apt_settings: apt_conf::read(image)?, rpm: rpm::read(image)? })
    }
}

/// A line that its reader would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Refused {
    fn at(line: u32, what: &'static str) -> Self {
        Self { line, what }
    }

    fn of(self, path: &Path) -> Error {
        Error::malformed("read", path, format!("line {}: {}", self.line, self.what))
    }
}

/// The host a URL names, without user and port; `None` when it names none (`file:`, `cdrom:`).
pub fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host.split(':').next().unwrap_or(host),
    };
    (!host.is_empty()).then_some(host)
}

/// The URL without the user and password it may hold.
pub fn shown(url: &str) -> String {
    let plain = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            match authority.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://…@{host}{path}"),
                None => url.to_owned(),
            }
        }
        None => url.to_owned(),
    };
    super::text::visible(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_and_no_passwords() {
        assert_eq!(host("https://joe:pw@apt.example.com:8443/x"), Some("apt.example.com"));
        assert_eq!(host("http://[fd00::1]:80/x"), Some("fd00::1"));
        assert_eq!(host("mirror+file:///etc/apt/mirrors/debian.list"), None);
        assert_eq!(host("cdrom:[Debian]/"), None);
        assert_eq!(shown("https://joe:hunter2@apt.example.com/x"), "https://…@apt.example.com/x");
        assert_eq!(shown("https://apt.example.com/@x"), "https://apt.example.com/@x");
    }

    proptest! {
        #[test]
        fn any_url_is_shown(url in "\\PC{0,60}") {
            let _ = (host(&url), shown(&url));
        }
    }
}
