//! What this program itself puts on the disks of the running machine that is being prepared: reports, signatures, the
//! directories made for them, and its own file. The list is kept with the runs, in memory; FIN-01 judges by it, and the
//! seal removes what it names.
//!
//! What runs change is not in it (that is the journal's), nor is a mounted image: there everything of ours lies outside.

use std::path::{Path, PathBuf};

use super::State;
use super::run::Raw;
use super::state::{read_file, write_file};
use crate::image::{Error, Image};

/// What of this program is on the disks of `image`, as far as it is known: what was noted, and the running program. Empty
/// for an image that is not the running machine.
///
/// # Errors
/// When the list cannot be read.
pub fn created(image: &Image) -> Result<Vec<PathBuf>, Error> {
    let Some(live) = image.live() else { return Ok(Vec::new()) };
    let mut paths = State::of_running_machine().map_or(Ok(Vec::new()), |state| noted(&state))?;
    paths.extend(std::env::current_exe().ok());
    paths.retain(|path| live.is_on_disk(path));
    Ok(paths)
}

/// Notes that `paths` are going to be made, and the directories above them that are not there yet. Before they are:
/// should the program be killed in between, they are known all the same.
///
/// # Errors
/// When the list cannot be read or written.
pub fn note<'p>(state: &State, paths: impl IntoIterator<Item = &'p Path>) -> Result<(), Error> {
    let mut known = noted(state)?;
    for path in paths {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let missing = path.ancestors().skip(1).take_while(|above| !above.as_os_str().is_empty() && !above.exists());
        for path in missing.chain([path.as_path()]) {
            if !known.iter().any(|one| one == path) {
                known.push(path.to_owned());
            }
        }
    }
    let list: Vec<Raw> = known.iter().map(|path| Raw::path(path)).collect();
    let file = file(state);
    let text = serde_json::to_vec(&list).map_err(|error| Error::malformed("write", &file, error.to_string()))?;
    write_file(&file, &text)
}

/// As [`note`], where the running machine is being prepared by whoever calls this; otherwise there is nothing to note.
///
/// # Errors
/// As [`note`].
pub fn note_here<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<(), Error> {
    State::of_running_machine().map_or(Ok(()), |state| note(&state, paths))
}

fn noted(state: &State) -> Result<Vec<PathBuf>, Error> {
    let file = file(state);
    let Some(bytes) = read_file(&file)? else { return Ok(Vec::new()) };
    let list: Vec<Raw> = serde_json::from_slice(&bytes)
        .map_err(|error| Error::malformed("read", &file, format!("{error}; remove it, and what it should name")))?;
    Ok(list.iter().map(Raw::to_path).collect())
}

fn file(state: &State) -> PathBuf {
    state.directory().join("created.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_are_made_on_the_way_are_noted_once() {
        let place = tempfile::tempdir().unwrap();
        let state = State::at(&place.path().join("state")).unwrap();
        let made = place.path().join("new/report");
        let files = [made.join("report.json"), made.join("report.md")];
        for _ in 0..2 {
            note(&state, files.iter().map(PathBuf::as_path)).unwrap();
        }
        let mut known = noted(&state).unwrap();
        known.sort();
        let wanted = [place.path().join("new"), made, files[0].clone(), files[1].clone()];
        assert_eq!(known, wanted);
    }
}
