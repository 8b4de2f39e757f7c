//! Shell patterns (glob(7)) over the image: one walk for each alternative, every directory looked at once.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

mod pattern;
#[cfg(test)]
mod tests;

pub(in crate::image) use pattern::fits;
use pattern::{Part, alternatives, parts};

use super::{ENTRY_LIMIT, Entry, Error, Image, Kind, Reason};

/// Directories that hold no files of the image and that `**` stays out of.
const VIRTUAL: [&str; 2] = ["/proc", "/sys"];

/// The deepest that `**` goes below the fixed part.
const DEPTH: usize = 4096;

/// Whether `name`, which has no `/`, fits the shell pattern.
pub(super) fn name_fits(pattern: &str, name: &str) -> bool {
    fits(pattern.as_bytes(), name.as_bytes())
}

pub(super) fn glob(image: &Image, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for alternative in alternatives(pattern.as_bytes()) {
        let parts = parts(&alternative);
        let directories_only = alternative.ends_with(b"/");
        let mut prefix = PathBuf::from("/");
        let mut wild = parts.as_slice();
        while let [Part::Name(name), rest @ ..] = wild {
            prefix.push(OsStr::from_bytes(name));
            wild = rest;
        }
        if wild.is_empty() {
            let there = if directories_only { image.stat(&prefix)? } else { image.lstat(&prefix)? };
            if there.is_some_and(|meta| !directories_only || meta.kind == Kind::Directory) {
                found.insert(prefix);
            }
        } else {
            Search { image, wild, directories_only, found: &mut found }.run(prefix)?;
        }
    }
    Ok(found.into_iter().collect())
}

/// The walk for one alternative.
struct Search<'a> {
    image: &'a Image,
    /// The components from the first wildcard on.
    wild: &'a [Part],
    directories_only: bool,
    found: &'a mut BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn run(&mut self, prefix: PathBuf) -> Result<(), Error> {
        if self.image.stat(&prefix)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            return Ok(());
        }
        let real = self.image.real_path(&prefix)?;
        // Directories still to be looked at: as shown, as they really are, which parts may come next, how deep.
        let mut open = vec![(prefix, real, self.closed_over(vec![0]), 0)];
        while let Some((shown, real, next, depth)) = open.pop() {
            for Entry { name, kind } in self.image.list(&real)? {
                let below = self.after(&next, name.as_bytes());
                let path = shown.join(&name);
                if below.contains(&self.wild.len()) && (kind == Kind::Directory || !self.directories_only) {
                    if self.found.len() >= ENTRY_LIMIT {
                        return Err(too_many(path, ENTRY_LIMIT));
                    }
                    self.found.insert(path.clone());
                }
                let real = real.join(&name);
                let is_virtual = VIRTUAL.iter().any(|path| real == Path::new(path));
                let goes_on = below.iter().any(|part| *part < self.wild.len());
                if kind == Kind::Directory && goes_on && !is_virtual {
                    if depth >= DEPTH {
                        return Err(too_many(path, DEPTH));
                    }
                    open.push((path, real, below, depth + 1));
                }
            }
        }
        Ok(())
    }

    /// The parts that may come after `name` where those in `next` may come now.
    fn after(&self, next: &[usize], name: &[u8]) -> Vec<usize> {
        let mut after = Vec::new();
        for at in next {
            match self.wild.get(*at) {
                // Stays for the next directory; in the last place it also takes this entry.
                Some(Part::Any) if at + 1 == self.wild.len() => after.extend([*at, at + 1]),
                Some(Part::Any) => after.push(*at),
                Some(Part::Name(wanted)) if wanted == name => after.push(at + 1),
                Some(Part::Pattern(pattern)) if fits(pattern, name) => after.push(at + 1),
                _ => {}
            }
        }
        self.closed_over(after)
    }

    /// With every part that `**` before it lets come too, as it also stands for no directory at all.
    fn closed_over(&self, mut next: Vec<usize>) -> Vec<usize> {
        let mut place = 0;
        while let Some(at) = next.get(place).copied() {
            if self.wild.get(at) == Some(&Part::Any) && at + 1 < self.wild.len() {
                next.push(at + 1);
            }
            place += 1;
        }
        next.sort_unstable();
        next.dedup();
        next
    }
}

fn too_many(path: PathBuf, limit: usize) -> Error {
    Error { action: "search", path, reason: Reason::TooMany(limit) }
}
