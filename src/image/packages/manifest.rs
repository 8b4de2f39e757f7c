//! What packages brought elsewhere than into the image's own root: into other systems' roots that are kept on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::digests::{Content, Digests};
use super::{Error, Image, Package, Packages};

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
