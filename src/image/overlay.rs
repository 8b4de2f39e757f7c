//! Pending content laid over the image, so that a plan can be read, judged and proven before anything is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Node;

/// What would be at some paths: a node, or nothing. Keys are real paths inside the image (every link followed but
/// the last).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    nodes: BTreeMap<PathBuf, Option<Node>>,
}

impl Overlay {
    /// Puts `node` (or nothing) at `path`.
    pub fn put(&mut self, path: impl Into<PathBuf>, node: Option<Node>) {
        self.nodes.insert(path.into(), node);
    }

    /// What the overlay says of `path`: `None` when it says nothing, `Some(None)` when nothing would be there.
    pub fn get(&self, path: &Path) -> Option<Option<&Node>> {
        self.nodes.get(path).map(Option::as_ref)
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every path it speaks of, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Option<&Node>)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node.as_ref()))
    }
}
