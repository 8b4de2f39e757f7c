//! Removes what a finding observed; a directory with all that is in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::real;
use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::image::{Error, Image, Kind};

/// The most paths one directory's removal takes; more than that is for a person.
const LIMIT: usize = 20_000;

pub(in crate::change) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let observed: Vec<_> = finding.observations.iter().filter_map(|observation| observation.path.clone()).collect();
    all(image, &observed)
}

/// Removes what is at each of `observed`.
pub(in crate::change) fn all(image: &Image, observed: &[PathBuf]) -> Result<Remedy, Error> {
    let mut paths = BTreeSet::new();
    for path in observed {
        paths.insert(real(image, path)?);
    }
    let mut changes = Vec::new();
    for path in &paths {
        // What lies below another observed path goes with it.
        if path.ancestors().skip(1).any(|above| paths.contains(above)) {
            continue;
        }
        if path.parent().is_none() {
            return Ok(Remedy::ByHand("The image's root itself was observed; that is never removed.".to_owned()));
        }
        if !remove(image, path, &mut changes)? {
            return Ok(Remedy::ByHand(format!(
                "More than {LIMIT} files would go at once; look before you remove them."
            )));
        }
    }
    Ok(Remedy::Changes(changes))
}

/// Removes what is at `path`, content first. `false` when it would be too much.
fn remove(image: &Image, path: &Path, changes: &mut Vec<Change>) -> Result<bool, Error> {
    let Some(meta) = image.lstat(path)? else { return Ok(true) };
    if meta.kind == Kind::Directory {
        for entry in image.list(path)? {
            if !remove(image, &path.join(entry.name), changes)? {
                return Ok(false);
            }
        }
    }
    if changes.len() >= LIMIT {
        return Ok(false);
    }
    let before = image.node(path)?;
    changes.push(Change::Path { path: path.to_owned(), before, after: None, secret: false });
    Ok(true)
}
