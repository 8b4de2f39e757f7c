//! Installed packages, read from the package database itself: dpkg's text files, rpm's sqlite, ndb or Berkeley DB.
//!
//! Nothing is run, so it serves offline and foreign images alike.

use std::path::Path;

use super::{Error, Image};

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Name, without architecture.
    pub name: String,
    /// Version as the database writes it (rpm: `[epoch:]version-release`).
    pub version: String,
    /// Architecture as the database writes it.
    pub arch: String,
    /// Who made it: dpkg's `Maintainer`, rpm's `Vendor`; empty when unknown.
    pub vendor: String,
}

/// Which database there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// `/var/lib/dpkg/status`.
    Dpkg,
    /// `rpmdb.sqlite`.
    RpmSqlite,
    /// `Packages.db`.
    RpmNdb,
    /// `Packages` (Berkeley DB hash).
    RpmBdb,
    /// None of these.
    None,
}

/// Every installed package.
#[derive(Debug, Clone)]
pub struct Packages {
    /// Where they were read from.
    pub database: Database,
    /// Sorted by name.
    pub packages: Vec<Package>,
}

impl Packages {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        let _ = image;
        todo!("helper C")
    }

    /// The installed package called `name`.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The package that shipped the file at `path` when its content is still `bytes`, by the digests in the database.
    /// `None` when no package owns it, it was changed, or the database keeps no digest for it.
    pub fn ships(&self, image: &Image, path: &Path, bytes: &[u8]) -> Option<&Package> {
        let _ = (image, path, bytes);
        todo!("helper C")
    }
}
