//! Files with several names (hard links): what a change of one name means for the others, and which of them an undo joins
//! it to again.
//!
//! A name is never written through: what replaces it is a new file, and the other names keep the old one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::legs::{Leg, Way};
use super::run::{Held, Links, Raw, Run};
use super::state::History;
use super::{Change, Effect, Plan};
use crate::image::walk::{self, Inode};
use crate::image::write::{self, Seen, Shape};
use crate::image::{Error, Image, Kind, Node};

/// The names found so far of files that have several.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<Inode, Vec<PathBuf>>);

/// A regular file with several names of which a plan replaces or removes one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split<'c> {
    pub(super) path: &'c Path,
    inode: Inode,
    links: u64,
}

/// The paths of `changes` that are split from the other names of their files.
pub(super) fn split<'c>(image: &Image, changes: impl IntoIterator<Item = &'c Change>) -> Vec<Split<'c>> {
    let mut seen = BTreeSet::new();
    let replaced = changes.into_iter().filter_map(|change| match change {
        Change::Path { path, before, after, .. } if is_replaced(before.as_ref(), after.as_ref()) => {
            Some(path.as_path())
        }
        _ => None,
    });
    let replaced = replaced.filter(|path| seen.insert(*path));
    replaced.filter_map(|path| several(image, path)).collect()
}

/// The file at `path`, when it has several names.
fn several<'p>(image: &Image, path: &'p Path) -> Option<Split<'p>> {
    let meta = image.lstat(path).ok()??;
    let inode = (meta.stamp.device, meta.stamp.inode);
    (meta.kind == Kind::File && meta.links > 1).then_some(Split { path, inode, links: meta.links })
}

/// Whether the bytes of a regular file go.
fn is_replaced(before: Option<&Node>, after: Option<&Node>) -> bool {
    match (before, after) {
        (Some(Node::File(before)), Some(Node::File(after))) => before.body != after.body,
        (Some(Node::File(_)), _) => true,
        _ => false,
    }
}

impl Names {
    /// Looks for every name of the files in `splits` that is not known yet.
    ///
    /// # Errors
    /// As [`walk::names`].
    pub(super) fn find(&mut self, image: &Image, splits: &[Split<'_>]) -> Result<(), Error> {
        let new: BTreeSet<Inode> =
            splits.iter().map(|split| split.inode).filter(|inode| !self.0.contains_key(inode)).collect();
        if !new.is_empty() {
            let found = walk::names(image, &new)?;
            self.0.extend(new.into_iter().map(|inode| (inode, found.get(&inode).cloned().unwrap_or_default())));
        }
        Ok(())
    }

    /// The other names of a file.
    ///
    /// # Errors
    /// When not all of them were found: why undo could not join them again, as the end of a sentence.
    pub(super) fn others(&self, split: &Split<'_>) -> Result<Vec<PathBuf>, String> {
        walk::others(&self.0, split.inode, split.path, split.links)
    }

    /// The same, to be kept for undo.
    ///
    /// # Errors
    /// As [`Names::others`].
    pub(super) fn links(&self, split: &Split<'_>) -> Result<Links, String> {
        let others = self.others(split)?.iter().map(|path| Raw::path(path)).collect();
        Ok(Links { inode: split.inode.1, others })
    }

    /// What `plan` means for names that it does not change.
    pub(super) fn effects(&self, image: &Image, plan: &Plan) -> Vec<Effect> {
        let splits = split(image, plan.steps.iter().flat_map(|step| &step.changes));
        let is_split = |path: &Path| splits.iter().any(|split| split.path == path);
        let mut effects = Vec::new();
        for one in &splits {
            let mut others = self.others(one).unwrap_or_default();
            others.retain(|path| !is_split(path));
            let is_about = |change: &Change| matches!(change, Change::Path { path, .. } if path == one.path);
            let step = plan.steps.iter().find(|step| step.changes.iter().any(is_about));
            if let Some(step) = step.filter(|_| !others.is_empty()) {
                let (guideline, path) = (step.guideline.clone(), one.path.to_owned());
                effects.push(Effect::Splits { guideline, path, others });
            }
        }
        effects
    }
}

/// The files among `paths` of which not every name is known, each with why, as the end of a sentence.
///
/// # Errors
/// As [`walk::names`].
pub(super) fn unfound<'p>(
    image: &Image,
    paths: impl Iterator<Item = &'p Path>,
) -> Result<BTreeMap<PathBuf, String>, Error> {
    let splits: Vec<Split<'_>> = paths.filter_map(|path| several(image, path)).collect();
    let mut names = Names::default();
    names.find(image, &splits)?;
    Ok(splits.iter().filter_map(|split| Some((split.path.to_owned(), names.others(split).err()?))).collect())
}

/// Where the names of a file that comes back are by the time it does, so that they can be joined again.
#[derive(Debug)]
pub(super) struct Joints<'r> {
    /// What every path that changes is going to be, and how it comes to that.
    goals: HashMap<PathBuf, (Way, Option<&'r Held>)>,
    /// What is put there anew, by its path, and where it lies until then.
    staged: BTreeMap<PathBuf, PathBuf>,
}

/// A leg, what its path is going to be, and what comes along.
type Goal<'r> = (&'r Leg<'r>, Option<&'r Held>, &'r BTreeMap<PathBuf, &'r Held>);

impl<'r> Joints<'r> {
    pub(super) fn of(legs: impl Iterator<Item = Goal<'r>>) -> Self {
        let mut goals = HashMap::new();
        for (leg, top, below) in legs {
            goals.insert(leg.path.clone(), (leg.way(), top));
            goals.extend(below.iter().map(|(path, held)| (leg.path.join(path), (Way::Swap, Some(*held)))));
        }
        Self { goals, staged: BTreeMap::new() }
    }

    /// What comes to `path` lies at `place` by now.
    pub(super) fn staged(&mut self, path: PathBuf, place: PathBuf) {
        self.staged.insert(path, place);
    }

    /// What comes to `path`, and what comes along, is in its place now.
    pub(super) fn put(&mut self, path: &Path, below: &BTreeMap<PathBuf, &Held>) {
        let all = below.keys().map(|below| path.join(below)).chain([path.to_owned()]);
        self.staged.extend(all.map(|path| (path.clone(), path)));
    }

    /// The name that `to` can be joined to: one of its other names that holds the same file, or will when everything is
    /// in place. Byte for byte, with the same mode, owner and attributes, and where the inode is another one (it was
    /// restored, or the whole tree copied), with the same time of modification.
    pub(super) fn survivor(&self, image: &Image, to: &Held) -> Result<Option<(PathBuf, Inode)>, Error> {
        let Some(links) = &to.links else { return Ok(None) };
        for other in &links.others {
            let other = other.to_path();
            let (place, goal) = match (self.goals.get(&other), self.staged.get(&other)) {
                (Some((Way::Swap, _)), None) => continue,
                (Some((Way::Swap, goal)), Some(place)) => (place, *goal),
                (Some((Way::Set, goal)), _) => (&other, *goal),
                (Some((Way::Nothing, _)) | None, _) => (&other, None),
            };
            if goal.is_some_and(|goal| !goal.is_like(to)) {
                continue;
            }
            if let Some(seen) = write::look(image, place, None)?
                && is_same_file(&seen, to, links, goal.is_some())
            {
                return Ok(Some((place.clone(), (seen.stamp.device, seen.stamp.inode))));
            }
        }
        Ok(None)
    }
}

/// Whether what was seen is the file that `to` was. Mode and owner may be set later.
fn is_same_file(seen: &Seen, to: &Held, links: &Links, is_set_later: bool) -> bool {
    let mut to = to.clone();
    if is_set_later {
        (to.mode, to.uid, to.gid) = (seen.mode, seen.uid, seen.gid);
    }
    let is_old = seen.stamp.inode == links.inode || to.times.is_some_and(|times| times.modified == seen.times.modified);
    let has_same = is_set_later || to.xattrs().is_none_or(|xattrs| xattrs == seen.xattrs);
    matches!(seen.shape, Shape::File { .. }) && to.is(seen) && is_old && has_same
}

/// The files that `undo` restored and could not join to a name they had before: it holds something else now, which no run
/// that is in force put there.
pub(super) fn apart(image: &Image, history: &History, undo: &Run) -> Result<Vec<PathBuf>, Error> {
    let mut taken = history.taken();
    taken.extend(undo.takes_back.iter().map(|(run, number)| (run.as_str(), *number)));
    let changed: BTreeSet<&Raw> = history
        .records
        .iter()
        .filter(|record| !record.is_undo)
        .flat_map(|record| {
            record.run.moves.iter().enumerate().map(|(number, step)| (record.run.id.as_str(), number, step))
        })
        .filter(|(run, number, _)| !taken.contains(&(*run, *number)))
        .map(|(_, _, step)| &step.path)
        .collect();
    let inode = |path: &Path| Ok(image.lstat(path)?.map(|meta| (meta.stamp.device, meta.stamp.inode)));
    let mut apart = Vec::new();
    for step in &undo.moves {
        let Some(links) = step.to.as_ref().and_then(|to| to.links.as_ref()) else { continue };
        let path = step.path.to_path();
        let own = inode(&path)?;
        for other in links.others.iter().filter(|other| !changed.contains(other)) {
            let theirs = inode(&other.to_path())?;
            if theirs.is_some() && theirs != own && !apart.contains(&path) {
                apart.push(path.clone());
            }
        }
    }
    Ok(apart)
}
