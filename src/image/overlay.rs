//! Pending content laid over the image, so that a plan can be read, judged and proven before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::Node;

/// What would be at some paths: a node, or nothing. Keys are real paths inside the image (every link followed but
/// the last).
///
/// It is exact: a new file in a new directory needs a node for the directory too. What replaces or removes a directory
/// takes everything below it along, and a directory that is made again afterwards starts out empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    nodes: BTreeMap<PathBuf, Option<Node>>,
    /// Where a directory on the disk, if there is one, is gone with everything in it.
    gone: BTreeSet<PathBuf>,
}

impl Overlay {
    /// Puts `node` (or nothing) at `path`.
    pub fn put(&mut self, path: impl Into<PathBuf>, node: Option<Node>) {
        let path = path.into();
        if !matches!(node, Some(Node::Directory { .. })) {
            for (_, below) in self
                .nodes
                .range_mut::<Path, _>((Bound::Excluded(path.as_path()), Bound::Unbounded))
                .take_while(|(below, _)| below.starts_with(&path))
            {
                *below = None;
            }
            self.gone.insert(path.clone());
        }
        self.nodes.insert(path, node);
    }

    /// What the overlay says of `path`: `None` when it says nothing, `Some(None)` when nothing would be there.
    /// Says nothing of what is below a removed directory; [`super::Image`] knows that it is gone.
    pub fn get(&self, path: &Path) -> Option<Option<&Node>> {
        self.nodes.get(path).map(Option::as_ref)
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every path it speaks of, in byte order of the components.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&Node>)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node.as_ref()))
    }

    /// What it says of the entries of the directory `path`.
    pub(super) fn entries(&self, path: &Path) -> impl Iterator<Item = (&Path, Option<&Node>)> {
        self.nodes
            .range::<Path, _>((Bound::Excluded(path), Bound::Unbounded))
            .take_while(move |(below, _)| below.starts_with(path))
            .filter(move |(below, _)| below.parent() == Some(path))
            .map(|(path, node)| (path.as_path(), node.as_ref()))
    }

    /// Whether the entries that the disk has in the directory `path` are out of sight: it was removed or replaced, and
    /// then made anew.
    pub(super) fn hides_disk(&self, path: &Path) -> bool {
        self.gone.contains(path) && matches!(self.nodes.get(path), Some(Some(Node::Directory { .. })))
    }
}
