//! What packages brought unchanged: everybody has it, so it is no secret of the publisher's. It is counted for each
//! package, and not listed hit by hit.
//!
//! The databases are the image's own: they tell a file that nobody touched from one that somebody wrote, not a forger's
//! work. A package of another maker than the distribution may be the publisher's own: of such a one only what it has for
//! tests and as examples is taken for public, and private keys among its programs. A private key in `/etc`, or one that
//! a configuration names, counts whoever brought it: every copy of the image would use the same.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::layers::{self, Layer};
use super::{HIT_LIMIT, Hit, Kind};
use crate::check::own::origins;
use crate::image::archive::Format;
use crate::image::packages::{Content, Manifest, Package, Published};
use crate::image::walk::OpenFile;
use crate::image::{Error, Image};

mod named;
#[cfg(test)]
mod tests;

/// What a package brought unchanged, and what of it would have counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Brought {
    /// What sort.
    pub kind: Kind,
    /// The package's name.
    pub package: String,
    /// How many files hold some.
    pub files: u64,
    /// The first of them, by bytes.
    pub first: PathBuf,
}

/// Whose a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    package: String,
    /// Whether it may be the publisher's.
    is_foreign: bool,
    /// Whether it is said who made it: an index of packages for a language may be the publisher's own.
    has_maker: bool,
}

/// Tells what packages brought; asked by every thread of a sweep.
#[derive(Debug)]
pub(super) struct Shipped<'i> {
    image: &'i Image,
    notes: Mutex<Notes>,
    /// What packages brought into other roots, by the store of these, and pip and conda into directories; the last few.
    manifests: Mutex<Vec<(PathBuf, Arc<Manifest>)>>,
    /// Directories into which nothing was installed by pip or conda; the last few thousand.
    barren: Mutex<HashSet<PathBuf>>,
    published: OnceLock<Published>,
    public: AtomicU64,
}

#[derive(Debug, Default)]
struct Notes {
    brought: BTreeMap<(Kind, String), (u64, PathBuf)>,
    /// Hits that count if a configuration names their file.
    keys: Vec<(Owner, Hit)>,
}

/// How many stores are remembered at a time.
const MANIFESTS: usize = 8;

/// How many directories are remembered in which nothing is.
const BARREN: usize = 4096;

impl<'i> Shipped<'i> {
    pub(super) fn new(image: &'i Image) -> Self {
        Self {
            image,
            notes: Mutex::default(),
            manifests: Mutex::default(),
            barren: Mutex::default(),
            published: OnceLock::new(),
            public: AtomicU64::new(0),
        }
    }

    /// Whether a package brought the file at `path` as it is.
    pub(super) fn brings(&self, path: &Path, file: &mut OpenFile<'_>) -> bool {
        self.owner(path, layers::root_of(self.image, path).as_ref(), file).is_some()
    }

    /// Of all `hits` in `file` those that count; what a package brought is noted.
    pub(super) fn sift(&self, file: &mut OpenFile<'_>, mut hits: Vec<Hit>) -> Vec<Hit> {
        let Some(path) = hits.first().map(|hit| hit.path.clone()) else { return hits };
        let layer = layers::root_of(self.image, &path);
        let Some(owner) = self.owner(&path, layer.as_ref(), file) else { return hits };
        let inner = layer.as_ref().map_or(path.as_path(), |layer| layer.inner);
        let mut notes = lock(&self.notes);
        let mut kinds = BTreeSet::new();
        hits.retain_mut(|hit| match judged(&owner, inner, hit.kind) {
            Verdict::Counts => true,
            Verdict::Public => {
                kinds.insert(hit.kind);
                false
            }
            Verdict::PublicUnlessNamed if notes.keys.len() >= HIT_LIMIT => true,
            Verdict::PublicUnlessNamed => {
                notes.keys.push((owner.clone(), hit.clone()));
                false
            }
        });
        for kind in kinds {
            notes.note(kind, &owner, &path);
        }
        hits
    }

    /// Whether everybody has the archive `file` at `path`: the distribution's package brought it and it is unchanged, or
    /// it is a package itself that the distribution publishes. Such a one need not be opened.
    pub(super) fn is_public(&self, path: &Path, format: Format, file: &mut OpenFile<'_>) -> bool {
        let is_public = if format == Format::Deb {
            let published = self.published.get_or_init(|| Published::read(self.image));
            published.has(file.meta().size, &mut |sink| read(file, sink)).unwrap_or(false)
        } else {
            let layer = layers::root_of(self.image, path);
            self.owner(path, layer.as_ref(), file).is_some_and(|owner| !owner.is_foreign)
        };
        self.public.fetch_add(u64::from(is_public), Ordering::Relaxed);
        is_public
    }

    /// How many archives were told to be public.
    pub(super) fn public(&self) -> u64 {
        self.public.load(Ordering::Relaxed)
    }

    /// The hits that count after all, and what packages brought.
    pub(super) fn finish(self) -> (Vec<Hit>, Vec<Brought>) {
        let mut notes = self.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut counts = Vec::new();
        let keys = std::mem::take(&mut notes.keys);
        let named = named::by_configuration(self.image, keys.iter().map(|(_, hit)| hit.path.as_path()));
        let mut seen = BTreeSet::new();
        for (owner, hit) in keys {
            if named.contains(&hit.path) {
                counts.push(hit);
            } else if seen.insert((hit.kind, hit.path.clone())) {
                notes.note(hit.kind, &owner, &hit.path);
            }
        }
        let brought = notes.brought.into_iter();
        let brought = brought.map(|((kind, package), (files, first))| Brought { kind, package, files, first });
        (counts, brought.collect())
    }

    /// Whose the file at `path` is, when it is as its package brought it. What cannot be read is nobody's.
    fn owner(&self, path: &Path, layer: Option<&Layer<'_>>, file: &mut OpenFile<'_>) -> Option<Owner> {
        let content: Content<'_> = &mut |sink| read(file, sink);
        let owned = |package: &Package, libc: Option<&Package>| Owner {
            package: package.name.clone(),
            is_foreign: origins::is_foreign(package, libc),
            has_maker: !package.vendor.is_empty(),
        };
        let by_system = match layer {
            None => self.image.packages().ok().and_then(|packages| {
                let package = packages.ships_file(self.image, path, content).ok()??;
                Some(owned(package, packages.get("glibc")))
            }),
            Some(layer) => {
                let manifest = self.manifest(layer.store.map_or(layer.root, |(store, _)| store), || {
                    Manifest::of_systems(self.image, &layers::beside(self.image, layer))
                });
                let package = manifest.ships_file(layer.inner, content).ok()?;
                package.map(|package| owned(package, manifest.get("glibc")))
            }
        };
        by_system.or_else(|| {
            let above = path.ancestors().skip(1).filter(|above| above.parent().is_some());
            let mut found = above.filter_map(|directory| self.installed_into(directory));
            found.find_map(|manifest| manifest.ships_file(path, content).ok()?.map(|package| owned(package, None)))
        })
    }

    /// What pip or conda installed into `directory`, when they did.
    fn installed_into(&self, directory: &Path) -> Option<Arc<Manifest>> {
        if lock(&self.barren).contains(directory) {
            return None;
        }
        if Manifest::is_of_python(self.image, directory) {
            return Some(self.manifest(directory, || Manifest::of_python(self.image, directory)));
        }
        let mut barren = lock(&self.barren);
        if barren.len() >= BARREN {
            barren.clear();
        }
        barren.insert(directory.to_owned());
        None
    }

    /// The manifest of `place`; made once, while the other threads that ask for any wait.
    fn manifest(&self, place: &Path, make: impl FnOnce() -> Manifest) -> Arc<Manifest> {
        let mut manifests = lock(&self.manifests);
        if let Some((_, manifest)) = manifests.iter().find(|(known, _)| known == place) {
            return Arc::clone(manifest);
        }
        if manifests.len() >= MANIFESTS {
            manifests.remove(0);
        }
        let manifest = Arc::new(make());
        manifests.push((place.to_owned(), Arc::clone(&manifest)));
        manifest
    }
}

impl Notes {
    fn note(&mut self, kind: Kind, owner: &Owner, path: &Path) {
        let (files, first) = self.brought.entry((kind, owner.package.clone())).or_insert_with(|| (0, path.to_owned()));
        *files += 1;
        if path < first.as_path() {
            path.clone_into(first);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read at a time.
const PIECE: usize = 64 << 10;

/// Hands over the whole of `file`.
fn read(file: &mut OpenFile<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    let length = usize::try_from(file.meta().size).unwrap_or(PIECE);
    let mut buffer = vec![0; length.clamp(1, PIECE)];
    let mut offset = 0;
    let result = loop {
        match file.read_at(offset, &mut buffer) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                sink(buffer.get(..length).unwrap_or_default());
                offset += length as u64;
            }
            Err(error) => break Err(error),
        }
    };
    // It may have held a secret.
    buffer.fill(0);
    std::hint::black_box(&buffer);
    result
}

/// What becomes of a hit in a file that is as its package brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Counts,
    Public,
    PublicUnlessNamed,
}

/// Where distributions put nothing, but products do (Filesystem Hierarchy Standard 3.0).
const PRODUCTS: [&str; 6] = ["/opt", "/srv", "/usr/local", "/home", "/root", "/var/www"];

/// The keys with which every machine of Red Hat's in the cloud asks for its updates: the distribution's, not the
/// machine's.
const RHUI: &str = "/etc/pki/rhui";

/// Judges a hit of `kind` in the file at `inner` of its root, which `owner` brought.
fn judged(owner: &Owner, inner: &Path, kind: Kind) -> Verdict {
    let is_key = kind == Kind::PrivateKey;
    if is_key && !owner.is_foreign && inner.starts_with(RHUI) {
        return Verdict::Public;
    }
    if is_key && inner.starts_with("/etc") {
        return Verdict::Counts;
    }
    let is_secret = matches!(kind, Kind::PrivateKey | Kind::AwsKey | Kind::Secret);
    if (owner.is_foreign || !owner.has_maker && !is_key) && is_secret && !is_for_tests(inner) {
        let is_among_programs = !PRODUCTS.iter().any(|place| inner.starts_with(place));
        if !(is_key && is_among_programs) {
            return Verdict::Counts;
        }
    }
    if is_key { Verdict::PublicUnlessNamed } else { Verdict::Public }
}

/// Whether it lies among tests, examples and documents.
fn is_for_tests(path: &Path) -> bool {
    const NAMES: [&str; 15] = [
        "test",
        "tests",
        "testing",
        "testdata",
        "test-data",
        "test_data",
        "fixtures",
        "spec",
        "doc",
        "docs",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
    ];
    // The product itself may have such a name.
    let below = PRODUCTS.iter().find_map(|place| path.strip_prefix(place).ok());
    let directory = below.unwrap_or(path).parent().unwrap_or(Path::new(""));
    let is_one = |name: &OsStr| name.to_str().is_some_and(|name| NAMES.contains(&name));
    directory.iter().skip(usize::from(below.is_some())).any(is_one)
}
