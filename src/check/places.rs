//! Path patterns of the catalogue turned into what is there on the image.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Observation;
use crate::image::{Error, Image, Kind, PathPattern};

/// Everything that matches one of `patterns` and none of `except`, in byte order. A pattern that starts with `~/` is
/// tried in every home.
pub(crate) fn matching(image: &Image, patterns: &[String], except: &[String]) -> Result<Vec<PathBuf>, Error> {
    let excused = Excused::new(image, except)?;
    Ok(globbed(image, patterns)?.into_iter().filter(|path| !excused.has(path)).collect())
}

/// Patterns of paths that do not count. One with a slash at the end excuses directories only.
pub(crate) struct Excused {
    patterns: Vec<PathPattern>,
    directories: BTreeSet<PathBuf>,
}

impl Excused {
    /// `patterns`, those that start with `~/` in every home.
    pub(crate) fn new(image: &Image, patterns: &[String]) -> Result<Self, Error> {
        let mut excused = Self { patterns: Vec::new(), directories: BTreeSet::new() };
        for pattern in patterns {
            for pattern in in_homes(image, pattern)? {
                if pattern.ends_with('/') {
                    excused.directories.extend(image.glob(&pattern)?);
                } else {
                    excused.patterns.push(PathPattern::new(&pattern));
                }
            }
        }
        Ok(excused)
    }

    /// Whether `path` does not count.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.directories.contains(path) || self.patterns.iter().any(|pattern| pattern.fits(path))
    }
}

/// An observation of what lies at `path`: its size or its kind, never its content. `None` when nothing does.
pub(crate) fn observed(image: &Image, path: &Path) -> Result<Option<Observation>, Error> {
    let Some(meta) = image.lstat(path)? else { return Ok(None) };
    let text = match meta.kind {
        Kind::File => format!("{} bytes", meta.size),
        kind => kind.to_string(),
    };
    Ok(Some(Observation::at(path).text(text)))
}

/// `path` as a pattern that matches nothing but itself; a byte that is not UTF-8 matches any character, so that nobody
/// hides a home behind its name.
pub(crate) fn literal(path: &Path) -> String {
    let mut pattern = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            if matches!(letter, '*' | '?' | '[' | '{' | '}' | ',' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.extend(chunk.invalid().iter().map(|_| '?'));
    }
    pattern
}

fn globbed(image: &Image, patterns: &[String]) -> Result<BTreeSet<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let Some(rest) = pattern.strip_prefix("~/") else {
            found.extend(image.glob(pattern)?);
            continue;
        };
        for home in &image.accounts()?.homes {
            // The pattern of a home whose name is no text fits other directories, too.
            let below = image.glob(&in_home(&home.path, rest))?;
            found.extend(below.into_iter().filter(|path| path.starts_with(&home.path)));
        }
    }
    Ok(found)
}

/// `pattern`, or when it starts with `~/`, what it is in every home.
fn in_homes(image: &Image, pattern: &str) -> Result<Vec<String>, Error> {
    let Some(rest) = pattern.strip_prefix("~/") else { return Ok(vec![pattern.to_owned()]) };
    Ok(image.accounts()?.homes.iter().map(|home| in_home(&home.path, rest)).collect())
}

fn in_home(home: &Path, rest: &str) -> String {
    format!("{}/{rest}", literal(home).trim_end_matches('/'))
}
