//! The reusable fixes: one file each, with parameters from the catalogue.

use std::path::{Path, PathBuf};

use super::Change;
use crate::image::{Error, Image, Node};

pub(in crate::change) mod cloud_init;
pub(in crate::change) mod drop_lines;
pub(crate) mod mask;
pub(in crate::change) mod remove;
pub(in crate::change) mod sshd;
pub(in crate::change) mod take_out;
pub(in crate::change) mod truncate;

/// The path with every link followed but the last, which is what a change speaks of.
pub(in crate::change) fn real(image: &Image, path: &Path) -> Result<PathBuf, Error> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(image.real_path(parent)?.join(name)),
        _ => Ok(PathBuf::from("/")),
    }
}

/// Puts `after` at `path` itself (a last link is not followed) when something else is there, with the directories it
/// needs. New directories are root's, mode 0755.
pub(in crate::change) fn put(
    image: &Image,
    path: &Path,
    after: Option<Node>,
    changes: &mut Vec<Change>,
) -> Result<(), Error> {
    let path = real(image, path)?;
    let before = image.node(&path)?;
    if before == after {
        return Ok(());
    }
    let mut missing = Vec::new();
    for above in path.ancestors().skip(1) {
        let is_planned = changes.iter().any(|change| matches!(change, Change::Path { path, .. } if path == above));
        if is_planned || image.lstat(above)?.is_some() {
            break;
        }
        missing.push(above.to_owned());
    }
    for path in missing.into_iter().rev().filter(|_| after.is_some()) {
        let after = Some(Node::Directory { mode: 0o755, uid: 0, gid: 0 });
        changes.push(Change::Path { path, before: None, after, secret: false });
    }
    changes.push(Change::Path { path, before, after, secret: false });
    Ok(())
}
