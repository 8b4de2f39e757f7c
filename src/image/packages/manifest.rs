//! What packages brought that the image's own database does not list: into other systems' roots that are kept on it, and
//! what pip and conda installed.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::digests::{Content, Digests};
use super::{Error, Image, Package, Packages, python};

/// Packages and the files they brought.
#[derive(Debug, Default)]
pub struct Manifest {
    packages: Vec<Package>,
    digests: Digests,
}

/// The most databases that are read for one manifest.
const MOST_ROOTS: usize = 256;

impl Manifest {
    /// The files of every package in any of the systems below `roots`, by their paths there: of one container, each layer
    /// may hold a part. A database that cannot be read adds none.
    pub fn of_systems(image: &Image, roots: &[PathBuf]) -> Self {
        let mut numbers = BTreeMap::new();
        let mut digests = Digests::default();
        let databases = roots.iter().filter_map(|root| Some((root, Packages::below(image, root).ok()?)));
        for (root, found) in databases.filter(|(_, found)| !found.packages.is_empty()).take(MOST_ROOTS) {
            let numbered: Vec<usize> = found
                .packages
                .iter()
                .map(|package| {
                    let next = numbers.len();
                    *numbers.entry(package.clone()).or_insert(next)
                })
                .collect();
            found.add_digests(image, root, &numbered, &mut digests);
        }
        let mut packages: Vec<_> = numbers.into_iter().collect();
        packages.sort_by_key(|(_, number)| *number);
        Self { packages: packages.into_iter().map(|(package, _)| package).collect(), digests: digests.sorted() }
    }

    /// The files of what pip or conda installed into `directory`, by their paths in the image.
    pub fn of_python(image: &Image, directory: &Path) -> Self {
        let (mut packages, mut digests) = (Vec::new(), Digests::default());
        python::add(image, directory, &mut packages, &mut digests);
        Self { packages, digests: digests.sorted() }
    }

    /// Whether pip or conda installed something into `directory`.
    pub fn is_of_python(image: &Image, directory: &Path) -> bool {
        let entries = image.list(directory).unwrap_or_default();
        entries.iter().any(|entry| entry.name.as_bytes().ends_with(b".dist-info") || entry.name == "conda-meta")
    }

    /// The first package called `name`.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The package that brought the file at `path` with what `content` hands over, which is asked only when one did.
    ///
    /// # Errors
    /// Those of `content`.
    pub fn ships_file(&self, path: &Path, content: Content<'_>) -> Result<Option<&Package>, Error> {
        Ok(self.digests.owner(path, content)?.and_then(|index| self.packages.get(index)))
    }
}
