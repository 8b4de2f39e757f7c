//! Shell patterns (glob(7)) over the image: one walk for all alternatives that begin alike, every directory looked at
//! once.

use std::collections::{BTreeMap, BTreeSet};
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
    // Alternatives that begin alike share one walk.
    let mut searches: BTreeMap<PathBuf, Vec<Wild>> = BTreeMap::new();
    for alternative in alternatives(pattern.as_bytes()) {
        let mut parts = parts(&alternative);
        let directories_only = alternative.ends_with(b"/");
        let first_wild = parts.iter().position(|part| !matches!(part, Part::Name(_))).unwrap_or(parts.len());
        let wild = parts.split_off(first_wild);
        let names = parts.iter().filter_map(|part| if let Part::Name(name) = part { Some(name) } else { None });
        let prefix = names.fold(PathBuf::from("/"), |prefix, name| prefix.join(OsStr::from_bytes(name)));
        if wild.is_empty() {
            let there = if directories_only { image.stat(&prefix)? } else { image.lstat(&prefix)? };
            if there.is_some_and(|meta| !directories_only || meta.kind == Kind::Directory) {
                found.insert(prefix);
            }
        } else {
            searches.entry(prefix).or_default().push(Wild { parts: wild, directories_only });
        }
    }
    for (prefix, wild) in searches {
        Search { image, machine: Machine(wild), found: &mut found }.run(prefix)?;
    }
    Ok(found.into_iter().collect())
}

/// One alternative from its first wildcard on.
#[derive(Debug, Clone)]
struct Wild {
    parts: Vec<Part>,
    directories_only: bool,
}

/// Which alternative, and which of its parts may come next.
type State = (usize, usize);

/// Alternatives, gone through side by side, one component after the other.
#[derive(Debug, Clone)]
struct Machine(Vec<Wild>);

impl Machine {
    fn start(&self) -> Vec<State> {
        self.closed_over((0..self.0.len()).map(|wild| (wild, 0)).collect())
    }

    /// The part that may come next; `None` at the end.
    fn part(&self, (wild, at): State) -> Option<&Part> {
        self.0.get(wild)?.parts.get(at)
    }

    /// Whether an entry of `kind` that leads to `state` is a match.
    fn ends_with(&self, state: State, kind: Kind) -> bool {
        let any = || self.0.get(state.0).is_some_and(|wild| !wild.directories_only);
        self.part(state).is_none() && (kind == Kind::Directory || any())
    }

    /// The parts that may come after `name` where those in `next` may come now.
    fn after(&self, next: &[State], name: &[u8]) -> Vec<State> {
        let mut after = Vec::new();
        for &(wild, at) in next {
            let is_last = self.part((wild, at + 1)).is_none();
            match self.part((wild, at)) {
                // Stays for the next directory; in the last place it also takes this entry.
                Some(Part::Any) if is_last => after.extend([(wild, at), (wild, at + 1)]),
                Some(Part::Any) => after.push((wild, at)),
                Some(Part::Name(wanted)) if wanted == name => after.push((wild, at + 1)),
                Some(Part::Pattern(pattern)) if fits(pattern, name) => after.push((wild, at + 1)),
                _ => {}
            }
        }
        self.closed_over(after)
    }

    /// With every part that `**` before it lets come too, as it also stands for no directory at all.
    fn closed_over(&self, mut next: Vec<State>) -> Vec<State> {
        let mut place = 0;
        while let Some((wild, at)) = next.get(place).copied() {
            if self.part((wild, at)) == Some(&Part::Any) && self.part((wild, at + 1)).is_some() {
                next.push((wild, at + 1));
            }
            place += 1;
        }
        next.sort_unstable();
        next.dedup();
        next
    }
}

/// A shell pattern as [`Image::glob`] takes it, for paths at hand: nothing is looked up, links are not followed, and a
/// slash at its end has no meaning.
#[derive(Debug, Clone)]
pub struct PathPattern(Machine);

impl PathPattern {
    /// The pattern written as `pattern`.
    pub fn new(pattern: &str) -> Self {
        let wild = |alternative: Vec<u8>| Wild { parts: parts(&alternative), directories_only: false };
        Self(Machine(alternatives(pattern.as_bytes()).into_iter().map(wild).collect()))
    }

    /// Whether it is a pattern of `path`, which is absolute.
    pub fn fits(&self, path: &Path) -> bool {
        let names = path.as_os_str().as_bytes().split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        let end = names.fold(self.0.start(), |next, name| self.0.after(&next, name));
        end.iter().any(|state| self.0.part(*state).is_none())
    }
}

/// The walk for the alternatives that begin alike.
struct Search<'a> {
    image: &'a Image,
    machine: Machine,
    found: &'a mut BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn run(&mut self, prefix: PathBuf) -> Result<(), Error> {
        if self.image.stat(&prefix)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            return Ok(());
        }
        let real = self.image.real_path(&prefix)?;
        // Directories still to be looked at: as shown, as they really are, which parts may come next, how deep.
        let mut open = vec![(prefix, real, self.machine.start(), 0)];
        while let Some((shown, real, next, depth)) = open.pop() {
            for Entry { name, kind } in self.image.list(&real)? {
                let below = self.machine.after(&next, name.as_bytes());
                let path = shown.join(&name);
                if below.iter().any(|state| self.machine.ends_with(*state, kind)) {
                    if self.found.len() >= ENTRY_LIMIT {
                        return Err(too_many(path, ENTRY_LIMIT));
                    }
                    self.found.insert(path.clone());
                }
                let real = real.join(&name);
                let is_virtual = VIRTUAL.iter().any(|path| real == Path::new(path));
                let goes_on = below.iter().any(|state| self.machine.part(*state).is_some());
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
}

fn too_many(path: PathBuf, limit: usize) -> Error {
    Error { action: "search", path, reason: Reason::TooMany(limit) }
}
