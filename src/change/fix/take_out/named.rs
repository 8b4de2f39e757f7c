//! Which files are named by the configuration of a service: it would not start without them.

use std::collections::{BTreeMap, BTreeSet};
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
const PLACES: [&str; 7] =
    ["/etc", "/usr/local/etc", "/usr/local/bin", "/usr/local/sbin", "/usr/lib/systemd/system", "/opt", "/srv"];

/// Extensions of configuration, outside of `/etc`.
const EXTENSIONS: [&str; 14] =
    ["conf", "cnf", "cf", "ini", "cfg", "config", "env", "properties", "service", "yaml", "yml", "json", "toml", "xml"];

/// The largest configuration that is searched: 4 MiB.
const LARGEST: u64 = 4 << 20;

/// The most directory entries that are looked at.
const ENTRIES: usize = 200_000;

/// How deep below a place is looked: far beyond any product.
const DEPTH: usize = 64;

/// For each of `paths` that some configuration names, or to which a link leads, where.
///
/// # Errors
/// When not every configuration could be searched: then nobody knows who reads them.
pub(super) fn by(image: &Image, paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, User>, Error> {
    let mut found = BTreeMap::new();
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostLongest);
    let names: BTreeSet<&[u8]> = paths.iter().filter_map(|path| Some(path.file_name()?.as_bytes())).collect();
    if paths.is_empty() {
        return Ok(found);
    }
    let words = builder.build(names).map_err(|error| unsearched(Path::new("/etc"), &error.to_string()))?;
    let mut search = Search { image, paths, words, entries: 0, found: &mut found };
    for place in PLACES {
        search.directory(Path::new(place), 0)?;
    }
    Ok(found)
}

fn unsearched(path: &Path, why: &str) -> Error {
    Error::malformed("look for configuration in", path, format!("{why}; look yourself who reads the keys"))
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
                return Err(unsearched(directory, &format!("there are more than {ENTRIES} files")));
            }
            let path = directory.join(&entry.name);
            match self.image.lstat(&path)?.map(|meta| (meta.kind, meta.size)) {
                Some((Kind::Directory, _)) if depth < DEPTH => self.directory(&path, depth + 1)?,
                Some((Kind::Directory, _)) => {
                    return Err(unsearched(&path, &format!("it lies more than {DEPTH} directories deep")));
                }
                Some((Kind::Symlink, _)) => self.link(path),
                Some((Kind::File, 1..=LARGEST)) if is_configuration(&path) => self.file(&path)?,
                Some((Kind::File, size)) if size > LARGEST && is_configuration(&path) => {
                    return Err(unsearched(&path, "it is larger than 4 MiB"));
                }
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
            let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/~".contains(byte);
            let lead = bytes.get(..hit.start()).unwrap_or_default();
            let length = lead.iter().rev().take_while(|byte| goes_on(byte)).count();
            let before = lead.get(..lead.len() - length).unwrap_or_default();
            let written = bytes.get(before.len()..hit.end()).unwrap_or_default();
            let is_meant = |named: &&PathBuf| **named != path && may_mean(written, before.last().copied(), named);
            let meant: Vec<&PathBuf> = self.paths.iter().filter(is_meant).collect();
            let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
            let lead = bytes.get(start..hit.start()).unwrap_or_default().trim_ascii_start();
            let in_comment = lead.starts_with(b"#") || lead.starts_with(b";") || lead.starts_with(b"//");
            if meant.is_empty() || in_comment || bytes.get(hit.end()).is_some_and(goes_on) {
                continue;
            }
            let line = Some(1 + memchr::memchr_iter(b'\n', before).count());
            for named in meant {
                self.found.entry(named.clone()).or_insert_with(|| User { path: path.to_owned(), line });
            }
        }
        Ok(())
    }
}

/// Whether `written` in a configuration may mean the file `named`: its path, or the end of it, from a directory that only the
/// service knows or that stands before it as the variable that ends with `before`.
fn may_mean(written: &[u8], before: Option<u8>, named: &Path) -> bool {
    let path = named.as_os_str().as_bytes();
    let follows_variable = before.is_some_and(|sign| b"})%".contains(&sign));
    let mut end = written;
    if !follows_variable && end.starts_with(b"/") {
        return end == path;
    }
    while let Some(rest) = end.strip_prefix(b"../").or(end.strip_prefix(b"./")).or(end.strip_prefix(b"/")) {
        end = rest;
    }
    path.strip_suffix(end).is_some_and(|directory| directory.ends_with(b"/"))
}

fn is_configuration(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    ["/etc", "/usr/local/bin", "/usr/local/sbin"].iter().any(|place| path.starts_with(place))
        || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}
