//! Whose runs a state directory holds. Told by what the runs left on the image, not by where that is mounted: the same
//! image may come back under another path, on another machine, as a copy, and another image under the same path.
//!
//! What a run writes has a time of modification of its own, to the nanosecond, that no other image has: neither one made
//! from the same snapshot nor one prepared in the same way. It goes along with the disk and with a copy that keeps times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Ending, Record, State};
use crate::change::run::{Held, Raw};
use crate::image::Image;

/// How a state directory and an image go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bond {
    /// Something lies on the image as a run left it.
    Proven,
    /// No run is in force, or what they wrote was changed since.
    Open,
    /// What the runs changed is as it was before all of them: another image, or an earlier copy of this.
    Foreign,
}

/// The most state directories that are looked at.
const LIMIT: usize = 256;

/// The state directory for `image` in `place`: `own`, unless another one is proven to be its, or `own` is another image's.
pub(super) fn choose(image: &Image, own: &Path, place: &Path) -> PathBuf {
    let first = bond(image, own);
    if first == Bond::Proven {
        return own.to_owned();
    }
    let proven = others(place, own).into_iter().filter(|path| bond(image, path) == Bond::Proven);
    // Of two copies of a state, the one that knows of the later run.
    if let Some(found) = proven.max_by_key(|path| last_run(path)) {
        return found;
    }
    if first == Bond::Open {
        return own.to_owned();
    }
    let name = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut free = (2..).map(|number: u32| own.with_file_name(format!("{name}-{number}")));
    free.find(|path| bond(image, path) != Bond::Foreign).unwrap_or_else(|| own.to_owned())
}

fn others(place: &Path, own: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path != own && path.join("journal").is_file()).take(LIMIT).collect()
}

fn last_run(directory: &Path) -> Option<String> {
    let history = State::read_only(directory).history().ok()?;
    history.records.last().map(|record| record.run.id.clone())
}

pub(super) fn bond(image: &Image, directory: &Path) -> Bond {
    let state = State::read_only(directory);
    let Ok(history) = state.history() else { return Bond::Open };
    let modified = |path: &Raw| image.lstat(&path.to_path()).ok().flatten().map(|meta| meta.stamp.modified);
    let done = history.records.iter().filter(|record| record.ending == Ending::Done);
    let mut traces = BTreeMap::new();
    for record in done {
        trace(record, &mut traces);
    }
    if traces.iter().any(|(path, time)| modified(path) == Some(*time)) {
        return Bond::Proven;
    }
    // What each path was before the first of the runs in force.
    let mut before: BTreeMap<&Raw, Option<&Held>> = BTreeMap::new();
    for step in history.in_force().flat_map(|record| &record.run.moves) {
        before.entry(&step.path).or_insert(step.from.as_ref());
    }
    let is_as_before = |path: &Raw, held: Option<&Held>| match (held, image.lstat(&path.to_path())) {
        (None, Ok(found)) => found.is_none(),
        (Some(held), Ok(Some(found))) => {
            held.kind() == found.kind
                && (held.mode == found.mode || held.kind() == crate::image::Kind::Symlink)
                && held.times.is_some_and(|times| times.modified == found.stamp.modified)
        }
        _ => false,
    };
    if !before.is_empty() && before.iter().all(|(path, held)| is_as_before(path, *held)) {
        Bond::Foreign
    } else {
        Bond::Open
    }
}

/// Adds the times of what `record` wrote, and takes out those of what it brought back: other images have them too.
fn trace<'r>(record: &'r Record, traces: &mut BTreeMap<&'r Raw, (i64, i64)>) {
    let mut brought: BTreeMap<&Raw, (i64, i64)> =
        record.run.restore.iter().map(|(path, times)| (path, times.modified)).collect();
    for step in &record.run.moves {
        let kept = [&step.from, &step.to].into_iter().flatten().filter_map(|held| held.times);
        for times in kept {
            brought.insert(&step.path, times.modified);
        }
    }
    if !record.is_undo {
        brought.extend(record.run.directories.iter().map(|(path, times)| (path, times.modified)));
    }
    for (path, times) in &record.settled {
        if brought.get(path) == Some(&times.modified) {
            traces.remove(path);
        } else {
            traces.insert(path, times.modified);
        }
    }
}
