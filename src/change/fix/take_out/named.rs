//! Which files are named by the configuration of a service: it would not start without them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::image::{Error, Image, Kind};

/// Where a file is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    /// The configuration, or a link to the file.
    pub(super) path: PathBuf,
    /// The line, from 1; `None` for a link.
    pub(super) line: Option<usize>,
}

/// Where services and products keep their configuration.
const PLACES: [&str; 5] = ["/etc", "/usr/local/etc", "/usr/lib/systemd/system", "/opt", "/srv"];

/// Extensions of configuration, outside of `/etc`.
const EXTENSIONS: [&str; 14] =
    ["conf", "cnf", "cf", "ini", "cfg", "config", "env", "properties", "service", "yaml", "yml", "json", "toml", "xml"];

/// A configuration larger than this is none: 256 KiB.
const LARGEST: u64 = 256 << 10;

/// The most directory entries that are looked at.
const ENTRIES: usize = 30_000;

/// How deep below a place is looked.
const DEPTH: usize = 6;

/// For each of `paths` that some configuration names, or to which a link leads, where.
pub(super) fn by(image: &Image, paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, User>, Error> {
    let mut found = BTreeMap::new();
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostLongest);
    let Ok(words) = builder.build(paths.iter().map(|path| path.as_os_str().as_bytes())) else { return Ok(found) };
    if paths.is_empty() {
        return Ok(found);
    }
    let mut search = Search { image, paths, words, entries: 0, found: &mut found };
    for place in PLACES {
        search.directory(Path::new(place), 0)?;
    }
    Ok(found)
}

struct Search<'a> {
    image: &'a Image,
    paths: &'a [PathBuf],
    words: AhoCorasick,
    entries: usize,
    found: &'a mut BTreeMap<PathBuf, User>,
}

impl Search<'_> {
    fn directory(&mut self, directory: &Path, depth: usize) -> Result<(), Error> {
        if self.image.lstat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            return Ok(());
        }
        for entry in self.image.list(directory)? {
            self.entries += 1;
            if self.entries > ENTRIES {
                return Ok(());
            }
            let path = directory.join(&entry.name);
            match self.image.lstat(&path)?.map(|meta| (meta.kind, meta.size)) {
                Some((Kind::Directory, _)) if depth < DEPTH => self.directory(&path, depth + 1)?,
                Some((Kind::Symlink, _)) => self.link(path),
                Some((Kind::File, 1..=LARGEST)) if is_configuration(&path) => self.file(&path)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn link(&mut self, path: PathBuf) {
        // A link that leads nowhere, or in a circle, leads to none of them.
        let Ok(target) = self.image.real_path(&path) else { return };
        if target != path && self.paths.contains(&target) {
            self.found.entry(target).or_insert(User { path, line: None });
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let Some(bytes) = self.image.read(path)? else { return Ok(()) };
        for hit in self.words.find_iter(&bytes) {
            let Some(named) = self.paths.get(hit.pattern().as_usize()).filter(|named| **named != path) else {
                continue;
            };
            let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/~".contains(byte);
            let before = bytes.get(..hit.start()).unwrap_or_default();
            let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
            let lead = bytes.get(start..hit.start()).unwrap_or_default().trim_ascii_start();
            let in_comment = lead.starts_with(b"#") || lead.starts_with(b";") || lead.starts_with(b"//");
            if in_comment || before.last().is_some_and(goes_on) || bytes.get(hit.end()).is_some_and(goes_on) {
                continue;
            }
            let line = Some(1 + memchr::memchr_iter(b'\n', before).count());
            self.found.entry(named.clone()).or_insert_with(|| User { path: path.to_owned(), line });
        }
        Ok(())
    }
}

fn is_configuration(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    path.starts_with("/etc") || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}
