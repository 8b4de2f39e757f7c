//! Installed packages, read from the package database itself: dpkg's text files, rpm's sqlite, ndb or Berkeley DB.
//!
//! Nothing is run and nothing is linked: `dpkg`, `librpm`, `libsqlite3` and `libdb` of the image may be foreign or
//! tampered with, and the host's copies were never made for hostile databases. The readers here are small, written in
//! safe Rust, bounded in memory and time, and answer a broken database with an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Error, Image};

mod digests;
mod dpkg;
mod manifest;
mod published;
mod python;
mod rpm;

pub use digests::Content;
use digests::Digests;
pub use manifest::Manifest;
pub use published::Published;

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Name, without architecture.
    pub name: String,
    /// Version as the database writes it (rpm: `[epoch:]version-release`).
    pub version: String,
    /// Architecture as the database writes it; empty when it names none (rpm's `gpg-pubkey`).
    pub arch: String,
    /// Who made it: dpkg's `Maintainer`, rpm's `Vendor`; empty when unknown.
    pub vendor: String,
}

/// Which database there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// `/var/lib/dpkg/status`, or the files of `/var/lib/dpkg/status.d`.
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
    digests: OnceLock<Digests>,
}

impl Packages {
    pub(super) fn read(image: &Image) -> Result<Self, Error> {
        Self::below(image, Path::new("/"))
    }

    /// Those of the system whose root lies at `root` inside the image.
    fn below(image: &Image, root: &Path) -> Result<Self, Error> {
        // Images of one family may have the other's tools, with an empty database.
        let dpkg = dpkg::packages(image, root)?;
        match (dpkg, rpm::find(image, root)?) {
            (Some(packages), None) => Ok(Self::new(Database::Dpkg, packages)),
            (Some(packages), _) if !packages.is_empty() => Ok(Self::new(Database::Dpkg, packages)),
            (_, Some((database, path))) => Ok(Self::new(database, rpm::packages(image, database, &path)?)),
            (None, None) => Ok(Self::new(Database::None, Vec::new())),
        }
    }

    fn new(database: Database, mut packages: Vec<Package>) -> Self {
        packages.sort();
        Self { database, packages, digests: OnceLock::new() }
    }

    /// The installed package called `name`; the first by version where several are installed side by side.
    pub fn get(&self, name: &str) -> Option<&Package> {
        let at = self.packages.partition_point(|package| package.name.as_str() < name);
        self.packages.get(at).filter(|package| package.name == name)
    }

    /// The package that shipped the file at `path` when its content is still `bytes`, by the digests in the database.
    /// `None` when no package owns it, it was changed, or the database keeps no digest for it (or cannot be read).
    ///
    /// `path` may be written before or after the merge of `/bin`, `/sbin` and `/lib*` into `/usr`. The digests are
    /// those the image itself holds: they tell a file nobody touched from one somebody wrote, not a forger's work.
    pub fn ships(&self, image: &Image, path: &Path, bytes: &[u8]) -> Option<&Package> {
        self.ships_file(image, path, &mut |sink| {
            sink(bytes);
            Ok(())
        })
        .ok()?
    }

    /// As [`Packages::ships`] for a file of any size, which `content` hands over when a package claims it.
    ///
    /// # Errors
    /// Those of `content`.
    pub fn ships_file(&self, image: &Image, path: &Path, content: Content<'_>) -> Result<Option<&Package>, Error> {
        Ok(self.digests(image).owner(path, content)?.and_then(|index| self.packages.get(index)))
    }

    /// Whether the database keeps a digest of the file at `path`: where it does and [`Packages::ships`] finds no
    /// package, the file was changed.
    pub fn has_digest(&self, image: &Image, path: &Path) -> bool {
        self.digests(image).has(path)
    }

    /// Those of `paths` that no package brought, whatever is in them; all of them where there is no database.
    ///
    /// # Errors
    /// When a file of the database cannot be read.
    pub fn unowned(&self, image: &Image, mut paths: BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>, Error> {
        let digests = self.digests(image);
        paths.retain(|path| !digests.has(path));
        if self.database == Database::Dpkg && !paths.is_empty() {
            dpkg::drop_listed(image, Path::new("/"), &mut paths)?;
        }
        Ok(paths)
    }

    fn digests(&self, image: &Image) -> &Digests {
        self.digests.get_or_init(|| {
            let mut digests = Digests::default();
            let numbers: Vec<usize> = (0..self.packages.len()).collect();
            self.add_digests(image, Path::new("/"), &numbers, &mut digests);
            digests.sorted()
        })
    }

    /// Adds what the database below `root` keeps of files; nothing when it cannot be read.
    fn add_digests(&self, image: &Image, root: &Path, numbers: &[usize], digests: &mut Digests) {
        match self.database {
            Database::None => {}
            Database::Dpkg => dpkg::digests(image, root, &self.packages, numbers, digests),
            _ => {
                let before = digests.len();
                if rpm::digests(image, root, &self.packages, numbers, digests).is_err() {
                    digests.truncate(before);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
