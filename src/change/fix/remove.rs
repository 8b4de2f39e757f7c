//! Removes what a finding observed; a directory with all that is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::real;
use crate::catalogue::Check;
use crate::change::{Change, Remedy};
use crate::check::kinds::{absent, lines};
use crate::check::{Finding, places};
use crate::image::{Error, Image, Kind, Node, text};

/// The most paths one directory's removal takes; more than that is for a person.
const LIMIT: usize = 20_000;

/// Removes what `finding` observed.
pub(in crate::change) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    all(image, &observed(finding))
}

/// Removes what `check` finds: a finding lists a thousand places at most, and all of them must go.
pub(in crate::change) fn found(image: &Image, check: &Check, finding: &Finding) -> Result<Remedy, Error> {
    match check {
        Check::Absent(wanted) => absent(image, &absent::found(image, wanted)?),
        _ => remedy(image, finding),
    }
}

/// As [`found`], unless something at one of `places` was observed.
pub(in crate::change) fn found_unless(
    image: &Image,
    check: &Check,
    finding: &Finding,
    places: &[String],
    why: &str,
) -> Result<Remedy, Error> {
    let excluded = places::matching(image, places, &[])?;
    let is_excluded = |path: &PathBuf| excluded.iter().any(|excluded| path.starts_with(excluded));
    if observed(finding).iter().any(is_excluded) {
        return Ok(Remedy::ByHand(why.to_owned()));
    }
    if let Check::Absent(wanted) = check {
        let found = absent::found(image, wanted)?;
        if found.whole.iter().chain(found.lines.keys()).any(is_excluded) {
            return Ok(Remedy::ByHand(why.to_owned()));
        }
    }
    found(image, check, finding)
}

fn observed(finding: &Finding) -> Vec<PathBuf> {
    finding.observations.iter().filter_map(|observation| observation.path.clone()).collect()
}

/// Removes what must go as a whole, and lines from files that may stay.
fn absent(image: &Image, found: &absent::Found) -> Result<Remedy, Error> {
    let whole: Vec<_> = found.whole.iter().cloned().collect();
    let mut changes = match all(image, &whole)? {
        Remedy::Changes(changes) => changes,
        by_hand => return Ok(by_hand),
    };
    let removed: BTreeSet<PathBuf> = changes.iter().filter_map(path_of).cloned().collect();
    let mut cleaned: BTreeMap<PathBuf, (Node, Vec<u8>)> = BTreeMap::new();
    for (path, sayings) in &found.lines {
        let path = image.real_path(path)?;
        if removed.contains(&path) {
            continue;
        }
        if !cleaned.contains_key(&path) {
            let Some(node) = image.node(&path)? else { continue };
            let Some(bytes) = node.bytes().map(<[u8]>::to_vec) else {
                let path = text::path(&path);
                return Ok(Remedy::ByHand(format!("{path} is too large to be edited here; edit it by hand.")));
            };
            cleaned.insert(path.clone(), (node, bytes));
        }
        if let Some((_, bytes)) = cleaned.get_mut(&path) {
            for saying in sayings {
                *bytes = lines::Wanted::of(saying).cleaned(bytes);
            }
        }
    }
    for (path, (before, bytes)) in cleaned {
        let after = before.with_bytes(bytes);
        changes.push(Change::Path { path, before: Some(before), after: Some(after), secret: true });
    }
    Ok(Remedy::Changes(changes))
}

fn path_of(change: &Change) -> Option<&PathBuf> {
    match change {
        Change::Path { path, .. } => Some(path),
        Change::Command { .. } => None,
    }
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

#[cfg(test)]
mod tests;
