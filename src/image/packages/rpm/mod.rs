//! rpm's database in its three forms: one binary header for each package, in a container file.

use std::path::{Path, PathBuf};

use super::digests::Digests;
use super::{Database, Error, Image, Package};

mod bdb;
mod header;
#[cfg(test)]
mod made;
mod ndb;
mod source;
mod sqlite;
mod wal;

use header::Header;
use source::{Source, Visit};

/// The directories a database may be in, newest first (rpm's `_dbpath`).
const PLACES: [&str; 2] = ["usr/lib/sysimage/rpm", "var/lib/rpm"];

/// The file of each form, newest first.
const FILES: [(Database, &str); 3] =
    [(Database::RpmSqlite, "rpmdb.sqlite"), (Database::RpmNdb, "Packages.db"), (Database::RpmBdb, "Packages")];

/// How a rollback journal starts that was not finished (sqlite.org/fileformat2.html, "The Rollback Journal").
const HOT_JOURNAL: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// The most packages that are read.
const MOST_PACKAGES: usize = 100_000;

/// The database in use below `root` and where it lies; `None` when there is none.
pub(super) fn find(image: &Image, root: &Path) -> Result<Option<(Database, PathBuf)>, Error> {
    for place in PLACES {
        for (database, file) in FILES {
            let path = root.join(place).join(file);
            if image.stat(&path)?.is_some() {
                return Ok(Some((database, path)));
            }
        }
    }
    Ok(None)
}

/// Every installed package.
pub(super) fn packages(image: &Image, database: Database, path: &Path) -> Result<Vec<Package>, Error> {
    let mut packages = Vec::new();
    walk(image, database, path, &mut |blob| {
        let package = Header::parse(blob).and_then(|header| header.package()).ok_or("a header is damaged")?;
        if packages.len() >= MOST_PACKAGES {
            return Err(format!("it has more than {MOST_PACKAGES} packages"));
        }
        packages.push(package);
        Ok(())
    })?;
    Ok(packages)
}

/// Adds the digests of every file the packages ship, numbered by `numbers`.
///
/// # Errors
/// When the database cannot be read: nothing of it may be believed then.
pub(super) fn digests(
    image: &Image,
    root: &Path,
    packages: &[Package],
    numbers: &[usize],
    digests: &mut Digests,
) -> Result<(), Error> {
    let Some((database, path)) = find(image, root)? else { return Ok(()) };
    walk(image, database, &path, &mut |blob| {
        if let Some(header) = Header::parse(blob)
            && let Some(index) = header.package().and_then(|package| packages.binary_search(&package).ok())
            && let Some(&number) = numbers.get(index)
        {
            header.add_digests(digests, number);
        }
        Ok(())
    })
}

fn walk(image: &Image, database: Database, path: &Path, visit: Visit<'_>) -> Result<(), Error> {
    let malformed = |what| Error::malformed("read", path, what);
    let Some(file) = image.open_file(path)? else { return Ok(()) };
    let source = Source::new(&file).map_err(malformed)?;
    match database {
        Database::RpmSqlite => {
            let journal = image.read_start(&beside(path, "-journal"), 8)?;
            if journal.is_some_and(|head| head == HOT_JOURNAL) {
                return Err(malformed("a change to it was interrupted; `rpm --rebuilddb` mends it".to_owned()));
            }
            let wal_file = image.open_file(&beside(path, "-wal"))?;
            let wal = wal_file.as_ref().map(Source::new).transpose().map_err(malformed)?;
            sqlite::walk(&source, wal.as_ref(), visit)
        }
        Database::RpmNdb => ndb::walk(&source, visit),
        Database::RpmBdb => bdb::walk(&source, visit),
        Database::Dpkg | Database::None => Ok(()),
    }
    .map_err(malformed)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
