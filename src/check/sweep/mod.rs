//! The walk over every regular file for what must not be on an image: private keys, AWS keys, scripts that ask for
//! instance metadata without a token, and what the rules of `rules/` find in configuration and scripts.
//!
//! What was found is kept masked. Judging by it is the business of the checks in [`super::own`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::catalogue::SweptKind as Kind;
use crate::image::archive::{Format, HEAD};
use crate::image::walk::{self, Control, Ended, OpenFile, walk};
use crate::image::{Body, Error, Image, Node};
pub use memory::Memory;
pub use oddity::{Odd, Oddity};
use rules::Rules;
use scan::Scanner;
pub use shipped::Brought;
use shipped::Shipped;

mod archive;
mod assignment;
mod encoding;
mod files;
mod keys;
pub(in crate::check) mod layers;
mod memory;
mod oddity;
mod pass;
mod placeholders;
mod rules;
mod scan;
mod search;
mod shipped;
mod structure;
#[cfg(test)]
mod tests;
mod token;

/// One place where a secret was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The file.
    pub path: PathBuf,
    /// In which member of the archive that the file is; at most 200 characters, all visible.
    pub inside: Option<String>,
    /// Line, from 1; `None` in a file that has no lines.
    pub line: Option<u32>,
    /// What sort.
    pub kind: Kind,
    /// The id of the rule that found it, such as `github-token`.
    pub rule: &'static str,
    /// What was seen, masked.
    pub text: String,
}

/// Everything the sweep found, sorted by path and line, and what it could not read.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// The hits. What packages brought unchanged is left out.
    pub hits: Vec<Hit>,
    /// What was left out of them because packages brought it unchanged, sorted.
    pub shipped: Vec<Brought>,
    /// Archives that were not opened because everybody has them: the distribution's packages brought them, or they are
    /// packages that it publishes.
    pub public: u64,
    /// Hits, own files and unknown keys beyond [`HIT_LIMIT`], which are only counted.
    pub more: u64,
    /// Paths that could not be read, and why.
    pub unread: Vec<Error>,
    /// Other file systems that are mounted inside the image and were not gone into, but for `/dev`, `/proc`, `/run` and
    /// `/sys`, which are never part of it.
    pub skipped: Vec<PathBuf>,
    /// Settings larger than [`SETTINGS_LIMIT`], searched for keys and tokens alone.
    pub large: Vec<PathBuf>,
    /// Files that were changed while they were read.
    pub changed: Vec<PathBuf>,
    /// Directories that went away before they were looked into.
    pub gone: Vec<PathBuf>,
    /// Files that are copies of memory, which were not read.
    pub memory: Vec<(PathBuf, Memory)>,
    /// Archives and compressed files in which something was not opened, and what: an archive in an archive, what is
    /// encrypted or damaged. At most [`HIT_LIMIT`].
    pub unopened: Vec<(PathBuf, String)>,
    /// Copies of this program, and files that an interrupted run of it left beside others.
    pub own: Vec<PathBuf>,
    /// Files of no package whose names say that they hold a private key, in a form that is not known here.
    pub unknown_keys: Vec<Hit>,
    /// Files that are odd in themselves, whatever they hold; those of packages too.
    pub odd: Vec<Odd>,
    /// Regular files read.
    pub files: u64,
    /// Of these, configuration, scripts and texts that were looked through by the rules.
    pub settings: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// The most hits that are kept.
pub const HIT_LIMIT: usize = 20_000;

/// The most that is read of one file, holes not counted: 64 GiB. A file with more was not looked through.
pub const FILE_LIMIT: u64 = 64 << 30;

/// Files larger than this hold data, not settings: 64 MiB.
pub const SETTINGS_LIMIT: u64 = 64 << 20;

/// The ids of the rules that are code, but for those of keys.
const CODED: [&str; 6] = [
    "core-dump",
    "swap-file",
    "aws-access-key-id",
    "aws-secret-access-key",
    "metadata-without-token",
    layers::known::RULE,
];

/// Whether there is a rule of this id.
pub fn has_rule(id: &str) -> bool {
    CODED.contains(&id) || keys::RULES.contains(&id) || Rules::built_in().is_some_and(|rules| rules.has(id))
}

impl Sweep {
    /// The hits of `kind` that are still there on `image`, which may be a draft of the image that was swept.
    pub fn hits<'a>(&'a self, kind: Kind, image: &'a Image) -> impl Iterator<Item = &'a Hit> {
        self.hits.iter().filter(move |hit| hit.kind == kind && is_still_there(hit, image))
    }

    /// What was not looked at in full although nothing went wrong, and why.
    pub fn left(&self) -> impl Iterator<Item = (&Path, String)> {
        let limit = SETTINGS_LIMIT >> 20;
        let large = format!("searched for keys and tokens alone: it is larger than {limit} MiB");
        let large = self.large.iter().map(move |path| (path.as_path(), large.clone()));
        let changed = "it was changed while it was read";
        let changed = self.changed.iter().map(|path| (path.as_path(), changed.to_owned()));
        let memory =
            self.memory.iter().map(|(path, memory)| (path.as_path(), format!("not read: it is {}", memory.what())));
        let gone = "it went away before it was looked into; what was in it may lie elsewhere now";
        let gone = self.gone.iter().map(|path| (path.as_path(), gone.to_owned()));
        large.chain(changed).chain(gone).chain(memory)
    }

    /// The [`Sweep::unknown_keys`] that are still there on `image`.
    pub fn unknown_keys<'a>(&'a self, image: &'a Image) -> impl Iterator<Item = &'a Hit> {
        self.unknown_keys.iter().filter(|hit| !matches!(image.lstat(&hit.path), Ok(None)))
    }
}

/// Whether a draft leaves what `hit` saw.
fn is_still_there(hit: &Hit, image: &Image) -> bool {
    if image.overlay().is_empty() {
        return true;
    }
    match image.overlay().get(&hit.path) {
        Some(Some(Node::File(file))) => match &file.body {
            // A draft takes an archive away, or leaves it as it is.
            Body::Bytes(_) if hit.inside.is_some() => true,
            Body::Bytes(bytes) => {
                secrets(image, &hit.path, bytes).iter().any(|secret| (secret.kind, secret.rule) == (hit.kind, hit.rule))
            }
            Body::OnDisk { .. } => true,
        },
        Some(_) => false,
        None => !matches!(image.lstat(&hit.path), Ok(None)),
    }
}

/// Every secret in `bytes`, the whole file at `path`.
fn secrets(image: &Image, path: &Path, bytes: &[u8]) -> Vec<scan::Secret> {
    let kind = layers::Roots::default().kind(image, path, bytes, &homes(image).unwrap_or_default());
    let mut found = Scanner::built_in().map(|scanner| scanner.scan(bytes, kind)).unwrap_or_default();
    found.extend(keys::store(path, bytes, bytes.len() as u64).map(scan::Secret::of_file));
    without_tables(found)
}

/// What is found in `bytes`, taken for the whole file at `path`, in the order in which it stands there.
pub fn found_in(image: &Image, path: &Path, bytes: &[u8]) -> Vec<Hit> {
    let hit =
        |scan::Secret { kind, rule, line, text }| Hit { path: path.to_owned(), inside: None, line, kind, rule, text };
    secrets(image, path, bytes).into_iter().map(hit).collect()
}

/// Whether `bytes`, taken for the whole file at `path`, hold something that nobody may see.
pub(crate) fn holds_secret(path: &Path, bytes: &[u8]) -> bool {
    let kind = Rules::built_in().and_then(|rules| rules.files.kind(path, bytes, &[] as &[PathBuf]));
    let found = Scanner::built_in().map(|scanner| scanner.scan(bytes, kind)).unwrap_or_default();
    found.iter().any(|secret| matches!(secret.kind, Kind::PrivateKey | Kind::AwsKey | Kind::Secret))
}

/// What is said of the first private key in `bytes`, the whole file at `path`.
pub(crate) fn private_key(path: &Path, bytes: &[u8]) -> Option<String> {
    let found = Scanner::built_in().map(|scanner| scanner.scan(bytes, None)).unwrap_or_default();
    let store = keys::store(path, bytes, bytes.len() as u64).map(scan::Secret::of_file);
    let key = store.into_iter().chain(found).find(|secret| secret.kind == Kind::PrivateKey)?;
    Some(key.text)
}

/// Homes of services, which lie where nothing else is looked through.
fn homes(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let deep = |path: &Path| path.starts_with("/var/lib") && path.components().count() > 3;
    Ok(image.accounts()?.homes.iter().map(|home| home.path.clone()).filter(|path| deep(path)).collect())
}

/// A file that names this many Regions or more is a table of them: it ties the product to none.
const TABLE: usize = 4;

fn without_tables(mut found: Vec<scan::Secret>) -> Vec<scan::Secret> {
    let regions: BTreeSet<&str> =
        found.iter().filter(|found| found.kind == Kind::Region).map(|found| found.text.as_str()).collect();
    if regions.iter().filter(|text| text.starts_with("Region ")).count() >= TABLE {
        found.retain(|found| found.kind != Kind::Region);
    }
    found
}

/// `bytes` with `REMOVED` in the place of every AWS key; `None` for what is no text, where that would break more.
pub fn without_aws_keys(bytes: &[u8]) -> Option<Vec<u8>> {
    if memchr::memchr(0, bytes).is_some() {
        return None;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for place in Scanner::built_in()?.aws_keys(bytes) {
        kept.extend_from_slice(bytes.get(done..place.start)?);
        kept.extend_from_slice(b"REMOVED");
        done = place.end;
    }
    kept.extend_from_slice(bytes.get(done..)?);
    Some(kept)
}

/// Reads every regular file of the image's own file systems, on several threads, in memory that does not grow with them.
///
/// `control` holds it up or ends it early; a sweep that ended early says so in [`Sweep::unread`].
/// `found` gets each hit as soon as its file has been read, from any of the threads; `progress` as [`walk()`] says.
pub fn sweep(
    image: &Image,
    control: &Control,
    found: &(dyn Fn(&Hit) + Sync),
    progress: &(dyn Fn(walk::Progress) + Sync),
) -> Sweep {
    let Some(scanner) = Scanner::built_in() else {
        let error = Error::malformed("search", "/", "the search could not be made ready");
        return Sweep { unread: vec![error], ..Sweep::default() };
    };
    let (homes, no_homes) = match homes(image) {
        Ok(homes) => (homes, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let shipped = Shipped::new(image);
    let judge = memory::Judge::new(image);
    let with = With { image, scanner, homes: &homes, shipped: &shipped, judge: &judge, tell: found };
    let walked = walk(image, Gathered::default, |gathered, file| look_at(&with, file, gathered), progress, control);
    let walk::Progress { files, bytes, .. } = walked.progress;
    let mut sweep = Sweep { unread: walked.errors, gone: walked.gone, files, bytes, ..Sweep::default() };
    // Without the table of accounts, nobody knows where services have their settings.
    sweep.unread.extend(no_homes);
    let is_virtual = |path: &PathBuf| ["/dev", "/proc", "/run", "/sys"].iter().any(|place| path.starts_with(place));
    sweep.skipped = walked.skipped.into_iter().filter(|path| !is_virtual(path)).collect();
    if !walked.finished {
        let error = Error::malformed("search", "/", "the search ended before its end; try again");
        sweep.unread.push(error);
    }
    for gathered in walked.states {
        sweep.hits.extend(gathered.hits);
        sweep.large.extend(gathered.large);
        sweep.changed.extend(gathered.changed);
        sweep.memory.extend(gathered.memory);
        sweep.unopened.extend(gathered.unopened);
        sweep.own.extend(gathered.own);
        sweep.unknown_keys.extend(gathered.unknown_keys);
        sweep.odd.extend(gathered.odd);
        sweep.settings += gathered.settings;
        sweep.more += gathered.more;
    }
    sweep.public = shipped.public();
    let (named, brought) = shipped.finish();
    named.iter().for_each(found);
    sweep.hits.extend(named);
    sweep.shipped = brought;
    under_other_names(image, &mut sweep, found);
    sweep.hits.sort();
    sweep.large.sort();
    sweep.changed.sort();
    sweep.memory.sort();
    sweep.unopened.sort();
    sweep.own.sort();
    sweep.unknown_keys.sort();
    sweep.odd.sort();
    sweep.more += sweep.hits.len().saturating_sub(HIT_LIMIT) as u64;
    sweep.hits.truncate(HIT_LIMIT);
    sweep
}

/// A file with several names (hard links) was read under one of them: what was found in it is under the others too.
fn under_other_names(image: &Image, sweep: &mut Sweep, found: &(dyn Fn(&Hit) + Sync)) {
    let mut inodes: BTreeMap<walk::Inode, Vec<Hit>> = BTreeMap::new();
    for hit in &sweep.hits {
        if let Ok(Some(meta)) = image.lstat(&hit.path)
            && meta.links > 1
        {
            inodes.entry((meta.stamp.device, meta.stamp.inode)).or_default().push(hit.clone());
        }
    }
    if inodes.is_empty() {
        return;
    }
    match walk::names(image, &inodes.keys().copied().collect()) {
        Ok(names) => {
            for (inode, hits) in &inodes {
                for (hit, path) in
                    hits.iter().flat_map(|hit| names.get(inode).into_iter().flatten().map(move |path| (hit, path)))
                {
                    if *path == hit.path {
                        continue;
                    }
                    if sweep.hits.len() < HIT_LIMIT {
                        let other = Hit { path: path.clone(), ..hit.clone() };
                        found(&other);
                        sweep.hits.push(other);
                    } else {
                        sweep.more += 1;
                    }
                }
            }
        }
        Err(error) => sweep.unread.push(error),
    }
}

/// What one thread has found.
#[derive(Default)]
struct Gathered {
    hits: Vec<Hit>,
    large: Vec<PathBuf>,
    changed: Vec<PathBuf>,
    memory: Vec<(PathBuf, Memory)>,
    unopened: Vec<(PathBuf, String)>,
    own: Vec<PathBuf>,
    unknown_keys: Vec<Hit>,
    odd: Vec<Odd>,
    settings: u64,
    more: u64,
    roots: layers::Roots,
    /// What members of archives are read into.
    buffer: zeroize::Zeroizing<Vec<u8>>,
}

/// What every file is looked at with.
struct With<'w> {
    image: &'w Image,
    scanner: &'static Scanner,
    homes: &'w [PathBuf],
    shipped: &'w Shipped<'w>,
    judge: &'w memory::Judge<'w>,
    tell: &'w (dyn Fn(&Hit) + Sync),
}

fn look_at(with: &With<'_>, file: &mut OpenFile<'_>, gathered: &mut Gathered) -> Result<(), Error> {
    let &With { image, scanner, homes, shipped, judge, tell } = with;
    let size = file.meta().size;
    let mut pass = pass::Pass::new(scanner, size);
    let path = file.path();
    if is_own(file) {
        keep_in(&mut gathered.own, &mut gathered.more, path.clone());
    }
    if let Some(what) = oddity::of(&path, file)
        && gathered.odd.len() < HIT_LIMIT
    {
        gathered.odd.push(Odd { path: path.clone(), what });
    }
    // In an archive that everybody has nothing is searched: its digest is quicker to work out.
    let told = if has_archive_name(file) { format_of(file)? } else { None };
    if told.is_some_and(|format| shipped.is_public(&path, format, file)) {
        return Ok(());
    }
    let (mut store, mut format, mut copy, mut says_key) = (None, None, None, false);
    let ended = file.pieces(scan::OVERLAP, FILE_LIMIT, &mut |offset, piece| {
        if offset == 0 {
            copy = Memory::of(piece);
            if copy.is_some() {
                return ControlFlow::Break(());
            }
            store = keys::store(&path, piece, size).map(scan::Secret::of_file);
            says_key = keys::says_key(&path, piece, size);
            format = Format::of(piece).or_else(|| is_program_with_archive(&path, piece).then_some(Format::Zip));
            let kind = gathered.roots.kind(image, &path, piece, homes);
            if size <= SETTINGS_LIMIT {
                pass.kind = kind;
            } else if kind.is_some() && gathered.large.len() < HIT_LIMIT {
                gathered.large.push(path.clone());
            }
        }
        pass.piece(offset, piece);
        ControlFlow::Continue(())
    });
    if let Some(copy) = copy {
        store = judge.secret(&path, copy)?;
        if gathered.memory.len() < HIT_LIMIT {
            gathered.memory.push((path.clone(), copy));
        }
    }
    gathered.settings += u64::from(pass.kind.is_some());
    if ended == Ok(Ended::Changed) && gathered.changed.len() < HIT_LIMIT {
        gathered.changed.push(path.clone());
    }
    let kept = layers::known::credentials(&path).filter(|_| size > 0);
    let mut found = without_tables(store.into_iter().chain(kept).chain(pass.finish()).collect());
    let mut failed = match ended {
        Ok(Ended::Limit) => {
            let limit = FILE_LIMIT >> 30;
            let why = format!("more than {limit} GiB are stored in it; look through the rest yourself, or remove it");
            Some(Error::malformed("look through", &path, why))
        }
        Ok(_) => None,
        Err(error) => Some(error),
    };
    if let Some(format) = format.filter(|&format| told.is_some() || !shipped.is_public(&path, format, file)) {
        let mut looker = archive::Looker { scanner, homes, control: file.control(), buffer: &mut gathered.buffer };
        let inside = looker.look_into(format, &path, file);
        gathered.settings += inside.settings;
        gathered.more += inside.more;
        gathered.unopened.extend(inside.unopened.map(|what| (path.clone(), what)));
        // What lies in an archive as it is was seen already, on a line that says nothing.
        found.retain(|secret| {
            inside.secrets.iter().all(|(_, same)| (same.rule, &same.text) != (secret.rule, &secret.text))
        });
        let hits = inside.secrets.into_iter().map(|(member, secret)| hit(&path, Some(member), secret)).collect();
        for hit in shipped.sift(file, hits) {
            gathered.keep(hit, tell);
        }
        failed = failed.or(inside.failed);
    }
    if says_key && found.iter().all(|secret| secret.kind != Kind::PrivateKey) && !shipped.brings(&path, file) {
        keep_in(&mut gathered.unknown_keys, &mut gathered.more, keys::unknown(path.clone()));
    }
    let found = found.into_iter().map(|secret| hit(&path, None, secret)).collect();
    for hit in shipped.sift(file, found) {
        gathered.keep(hit, tell);
    }
    failed.map_or(Ok(()), Err)
}

/// Whether the file's name is that of an archive or of a compressed file.
fn has_archive_name(file: &OpenFile<'_>) -> bool {
    let extension = Path::new(file.name()).extension().and_then(|extension| extension.to_str());
    extension
        .is_some_and(|extension| ["gz", "deb", "xz", "zst", "bz2", "zip", "jar", "whl", "rpm"].contains(&extension))
}

/// Whether the file is a ZIP archive behind a script or a program that starts it: an executable jar, a Python zip
/// application. Its end record tells where the archive begins.
fn is_program_with_archive(path: &Path, head: &[u8]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["jar", "war", "zip", "pyz", "pex", "par"].contains(&extension))
        && [&b"#!"[..], b"\x7fELF", b"MZ"].iter().any(|begin| head.starts_with(begin))
}

/// The format of the file by how it begins.
fn format_of(file: &mut OpenFile<'_>) -> Result<Option<Format>, Error> {
    let mut head = [0; HEAD];
    let length = file.read_at(0, &mut head)?;
    Ok(head.get(..length).and_then(Format::of))
}

fn hit(path: &Path, inside: Option<String>, secret: scan::Secret) -> Hit {
    let scan::Secret { kind, rule, line, text } = secret;
    Hit { path: path.to_owned(), inside, line, kind, rule, text }
}

impl Gathered {
    fn keep(&mut self, hit: Hit, tell: &(dyn Fn(&Hit) + Sync)) {
        if self.hits.len() < HIT_LIMIT {
            tell(&hit);
            self.hits.push(hit);
        } else {
            self.more += 1;
        }
    }
}

/// Adds `one` to a list from which nothing may be missing unsaid; where it is full, to `more`.
fn keep_in<T>(list: &mut Vec<T>, more: &mut u64, one: T) {
    if list.len() < HIT_LIMIT {
        list.push(one);
    } else {
        *more += 1;
    }
}

/// Whether the file is a copy of this program, or one that was put aside in a run: `.NAME.20261122T154139Z-1.3~`.
fn is_own(file: &OpenFile<'_>) -> bool {
    let name = file.name().as_encoded_bytes();
    name == b"seaworthy" && file.meta().mode & 0o111 != 0 || is_put_aside(name)
}

/// Whether a run has put it aside: `.NAME.20261122T154139Z-1.3~`, or `m` for the draft of a manifest, with more letters
/// for what was being done with it.
pub(super) fn is_put_aside(name: &[u8]) -> bool {
    let [b'.', rest @ .., b'~'] = name else { return false };
    let mut parts = rest.rsplitn(3, |&byte| byte == b'.');
    let (Some(number), Some(run), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return false };
    // A number, of a manifest's draft none, and letters for what is being done with it.
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let letters = number.iter().rev().take_while(|byte| b"bosm".contains(byte)).count();
    let (number, letters) = number.split_at(number.len() - letters);
    let fits = |(at, byte): (usize, &u8)| match at {
        8 => *byte == b'T',
        15 => *byte == b'Z',
        16 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    digits(number)
        && (!number.is_empty() || letters.starts_with(b"m"))
        && run.len() > 17
        && run.iter().enumerate().all(fits)
}
