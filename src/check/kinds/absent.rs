//! Nothing is at any of these places, and no file says what it must not say.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::catalogue::{Absent, Saying};
use crate::check::kinds::lines;
use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind, Reason};

/// What is there, however much.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// What must go as a whole.
    pub(crate) whole: BTreeSet<PathBuf>,
    /// Files that may stay without some of their lines, and what these say.
    pub(crate) lines: BTreeMap<PathBuf, Vec<&'a Saying>>,
    seen: Vec<Observation>,
}

pub(crate) fn found<'a>(image: &Image, wanted: &'a Absent) -> Result<Found<'a>, Error> {
    let mut found = Found::default();
    for path in places::matching(image, &wanted.paths, &wanted.except)? {
        let Some(meta) = image.lstat(&path)? else { continue };
        let is_file = meta.kind == Kind::File;
        let is_empty = wanted.empty_is_fine && is_file && meta.size == 0;
        let is_standing = wanted.directories_are_fine && meta.kind == Kind::Directory;
        if !(is_empty || is_standing || is_file && is_fine(image, wanted, &path)?) {
            found.seen.extend(places::observed(image, &path)?);
            found.whole.insert(path);
        }
    }
    let excused = places::Excused::new(image, &wanted.except)?;
    for saying in &wanted.holding {
        for seen in said(image, wanted, saying, &excused)? {
            // The first line tells why.
            if let Some(path) = seen.path.clone()
                && found.whole.insert(path)
            {
                found.seen.push(seen);
            }
        }
    }
    for saying in &wanted.lines {
        for seen in said(image, wanted, saying, &excused)? {
            let Some(path) = seen.path.clone().filter(|path| !found.whole.contains(path)) else { continue };
            let sayings = found.lines.entry(path).or_default();
            if sayings.last() != Some(&saying) {
                sayings.push(saying);
            }
            found.seen.push(seen);
        }
    }
    Ok(found)
}

fn said(image: &Image, wanted: &Absent, saying: &Saying, excused: &places::Excused) -> Result<Vec<Observation>, Error> {
    let mut kept = Vec::new();
    let mut last: Option<(PathBuf, bool)> = None;
    for seen in lines::found(image, &lines::Wanted::of(saying))? {
        let Some(path) = &seen.path else { continue };
        let counts = match &last {
            Some((same, counts)) if same == path => *counts,
            _ => !excused.has(path) && !is_fine(image, wanted, path)?,
        };
        last = Some((path.clone(), counts));
        if counts {
            kept.push(seen);
        }
    }
    Ok(kept)
}

/// What package managers append to the name of a file of theirs that they did not put in place of a changed one
/// (rpm(8), dpkg(1), ucf(1)).
const BESIDE: [&str; 4] = [".rpmnew", ".dpkg-dist", ".dpkg-new", ".ucf-dist"];

/// Whether the file is excused as one that a package brought.
fn is_fine(image: &Image, wanted: &Absent, path: &Path) -> Result<bool, Error> {
    if !wanted.shipped_is_fine {
        return Ok(false);
    }
    let bytes = match image.read(path) {
        Ok(Some(bytes)) => bytes,
        // No package brings such a large file under the names that are asked for.
        Ok(None) | Err(Error { reason: Reason::TooLarge(_), .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let packages = image.packages()?;
    let name = path.as_os_str().as_bytes();
    let plain = BESIDE.iter().find_map(|end| name.strip_suffix(end.as_bytes()));
    let mut names = [Some(name), plain].into_iter().flatten();
    Ok(names.any(|name| packages.ships(image, Path::new(std::ffi::OsStr::from_bytes(name)), &bytes).is_some()))
}

pub(in crate::check) fn check(image: &Image, wanted: &Absent) -> Result<Finding, Error> {
    let Found { whole, lines, seen } = found(image, wanted)?;
    let what = match (whole.len(), lines.len()) {
        (0, 0) => return to_judge(image, wanted),
        (1, 0) => "One file or directory that must not be published is on the image.".to_owned(),
        (many, 0) => format!("{many} files or directories that must not be published are on the image."),
        (0, 1) => "One file says what must not be published.".to_owned(),
        (0, many) => format!("{many} files say what must not be published."),
        (_, _) => {
            format!("{} files or directories are or say what must not be published.", whole.len() + lines.len())
        }
    };
    let clean = to_judge(image, wanted).unwrap_or_else(Finding::from);
    Ok(Finding::new(Status::Fail, what).seen(seen).otherwise(clean))
}

/// What stands when nothing that must not be there was found.
fn to_judge(image: &Image, wanted: &Absent) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, &wanted.to_judge, &wanted.except)? {
        seen.extend(places::observed(image, &path)?);
    }
    if seen.is_empty() {
        return Ok(Finding::new(Status::Pass, "Nothing of the kind is on the image."));
    }
    let what = "No file says anything that must not be published; what is kept here only a person can tell.";
    Ok(Finding::new(Status::Attest, what).seen(seen))
}

#[cfg(test)]
mod tests;
