//! Path patterns of the catalogue turned into what is there on the image.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Observation;
use crate::image::{Error, Image, Kind};

/// Everything that matches one of `patterns` and none of `except`, in byte order. A pattern that starts with `~/` is
/// tried in every home.
pub(crate) fn matching(image: &Image, patterns: &[String], except: &[String]) -> Result<Vec<PathBuf>, Error> {
    let excused = globbed(image, except)?;
    Ok(globbed(image, patterns)?.into_iter().filter(|path| !excused.contains(path)).collect())
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
        if let Some(rest) = pattern.strip_prefix("~/") {
            for home in &image.accounts()?.homes {
                let home = literal(&home.path);
                found.extend(image.glob(&format!("{}/{rest}", home.trim_end_matches('/')))?);
            }
        } else {
            found.extend(image.glob(pattern)?);
        }
    }
    Ok(found)
}
