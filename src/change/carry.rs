//! Carrying out the moves of a run, to its end or back, from wherever it stands.
//!
//! A path is judged by what is at it, not by what the journal says was done last: a crash may come between the two.

use std::collections::HashMap;
use std::path::Path;

use super::ApplyStep;
use super::journal::{Event, Journal};
use super::run::{DirectoryTimes, Held, HeldBody, Move, Raw, Run};
use super::state::{State, write_file};
use crate::image::write::{self, Content, Outcome, Wanted};
use crate::image::{Error, Image};

/// Why moves stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something else is at the path of the move with this number than was expected.
    Changed { path: std::path::PathBuf, number: usize },
    /// Reading or writing failed at the move with this number.
    Failed { error: Error, number: usize },
}

/// Turns `from` into `to` at `path`. With `shred`, the bytes of a file that goes are overwritten.
pub(super) fn carry(
    image: &Image,
    state: &State,
    path: &Path,
    from: Option<&Held>,
    to: Option<&Held>,
    tag: &str,
    shred: bool,
) -> Result<Outcome, Error> {
    let expected = from.map(Held::expected);
    let Some(to) = to else {
        return match expected {
            Some(expected) => write::remove(image, path, &expected, tag, shred),
            None => Ok(Outcome::Done),
        };
    };
    if let (Some(from), Some(expected)) = (from, &expected) {
        let is_link = matches!(to.body, HeldBody::Symlink(_));
        if from.same_content(to) && !is_link {
            let outcome = write::set_mode(image, path, expected, (to.mode, to.uid, to.gid))?;
            if let (Outcome::Done, Some(times)) = (&outcome, to.times) {
                write::set_times(image, path, times, true)?;
            }
            return Ok(outcome);
        }
        if from.body == HeldBody::Directory {
            return Err(Error::malformed("replace", path, "it is a directory; remove it first"));
        }
    }
    let mut bytes = state.content(&to.body)?;
    let target;
    let content = match &to.body {
        HeldBody::File { .. } => Content::File(&mut bytes),
        HeldBody::Symlink(text) => {
            target = text.to_path();
            Content::Symlink(&target)
        }
        HeldBody::Directory => Content::Directory,
    };
    let mut wanted = Wanted { content, mode: to.mode, uid: to.uid, gid: to.gid, xattrs: to.xattrs(), times: to.times };
    write::put(image, path, &mut wanted, expected.as_ref(), tag, shred)
}

/// What the log says of a move: its path, what was there and what is there now.
pub(super) type Said = fn(&Path, Option<&Held>, Option<&Held>) -> String;

/// Carries out every move of `run`. With `resume`, those that are done already are passed over.
pub(super) fn forward(
    image: &Image,
    state: &State,
    run: &Run,
    journal: &mut Journal,
    resume: bool,
    said: Said,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), Stop> {
    let chains = chains(run);
    let mut shown = None;
    for (number, step) in run.moves.iter().enumerate() {
        announce(run, &step.guideline, &mut shown, progress);
        let failed = |error| Stop::Failed { error, number };
        let path = step.path.to_path();
        let mut what = said(&path, step.from.as_ref(), step.to.as_ref());
        if !(resume && is_done(image, run, &chains, number).map_err(failed)?) {
            let (from, to, tag) = (step.from.as_ref(), step.to.as_ref(), tag(run, number, ""));
            match carry(image, state, &path, from, to, &tag, run.shred).map_err(failed)? {
                Outcome::Changed => return Err(Stop::Changed { path, number }),
                Outcome::NotOverwritten(why) => what = format!("{what}, not overwritten: {why}"),
                Outcome::Done if run.shred && step.gives_up_bytes() => what.push_str(", its bytes overwritten"),
                Outcome::Done => {}
            }
        }
        journal.note([Event::Done { number }]).map_err(failed)?;
        progress(ApplyStep::Done { what });
    }
    let finished = |error| Stop::Failed { error, number: run.moves.len() };
    for (path, times) in &run.restore {
        set_directory_times(image, &path.to_path(), *times).map_err(finished)?;
    }
    settle(image, state, run).map_err(finished)
}

/// Says that the changes of `guideline` begin, once.
pub(super) fn announce(run: &Run, guideline: &str, shown: &mut Option<String>, progress: &mut dyn FnMut(ApplyStep)) {
    if shown.as_deref() == Some(guideline) {
        return;
    }
    *shown = Some(guideline.to_owned());
    if let Some(place) = run.guidelines.iter().position(|id| id == guideline) {
        progress(ApplyStep::Guideline { number: place + 1, of: run.guidelines.len(), id: guideline.to_owned() });
    }
}

/// Takes back the first `count` moves of `run`, newest first. Nothing is written when a path is neither as before the
/// run nor as the run made it.
pub(super) fn back(image: &Image, state: &State, run: &Run, count: usize) -> Result<(), Stop> {
    let chains = chains(run);
    let moves = || run.moves.iter().enumerate().take(count).rev();
    for (number, step) in moves() {
        let failed = |error| Stop::Failed { error, number };
        let path = step.path.to_path();
        let (from, to) = (step.from.as_ref().map(Held::expected), step.to.as_ref().map(Held::expected));
        write::settle(image, &path, from.as_ref(), to.as_ref(), &tag(run, number, ""), false).map_err(failed)?;
        write::settle(image, &path, to.as_ref(), from.as_ref(), &tag(run, number, "b"), false).map_err(failed)?;
    }
    for (number, step) in moves() {
        let failed = |error| Stop::Failed { error, number };
        let numbers = chains.get(&step.path).map(Vec::as_slice).unwrap_or_default();
        if numbers.first() != Some(&number) {
            continue;
        }
        let seen = write::look(image, &step.path.to_path(), None).map_err(failed)?;
        let states =
            std::iter::once(&step.from).chain(numbers.iter().filter_map(|number| Some(&run.moves.get(*number)?.to)));
        let mut states = states;
        let half_set =
            numbers.iter().any(|number| run.moves.get(*number).is_some_and(|step| is_half_set(step, seen.as_ref())));
        if !states.any(|held| is(held.as_ref(), seen.as_ref())) && !half_set {
            return Err(Stop::Changed { path: step.path.to_path(), number });
        }
    }
    for (number, step) in moves() {
        let failed = |error| Stop::Failed { error, number };
        let path = step.path.to_path();
        let seen = write::look(image, &path, None).map_err(failed)?;
        let mut to = step.to.clone();
        if !is(to.as_ref(), seen.as_ref()) {
            if !is_half_set(step, seen.as_ref()) {
                continue;
            }
            if let (Some(to), Some(seen)) = (&mut to, &seen) {
                (to.mode, to.uid, to.gid) = (seen.mode, seen.uid, seen.gid);
            }
        }
        let outcome = carry(image, state, &path, to.as_ref(), step.from.as_ref(), &tag(run, number, "b"), false)
            .map_err(failed)?;
        if outcome == Outcome::Changed {
            return Err(Stop::Changed { path, number });
        }
    }
    for (path, times) in &run.directories {
        set_directory_times(image, &path.to_path(), *times).map_err(|error| Stop::Failed { error, number: 0 })?;
    }
    Ok(())
}

/// The numbers of the moves of each path.
fn chains(run: &Run) -> HashMap<&Raw, Vec<usize>> {
    let mut chains: HashMap<&Raw, Vec<usize>> = HashMap::new();
    for (number, step) in run.moves.iter().enumerate() {
        chains.entry(&step.path).or_default().push(number);
    }
    chains
}

/// Whether the move `number` was done before the crash. Tidies up beside its path first.
fn is_done(image: &Image, run: &Run, chains: &HashMap<&Raw, Vec<usize>>, number: usize) -> Result<bool, Error> {
    let Some(step) = run.moves.get(number) else { return Ok(true) };
    let path = step.path.to_path();
    let (from, to) = (step.from.as_ref().map(Held::expected), step.to.as_ref().map(Held::expected));
    write::settle(image, &path, from.as_ref(), to.as_ref(), &tag(run, number, ""), run.shred)?;
    // A take-back that was interrupted itself may have left its own draft.
    write::settle(image, &path, to.as_ref(), from.as_ref(), &tag(run, number, "b"), false)?;
    let seen = write::look(image, &path, None)?;
    if is(step.from.as_ref(), seen.as_ref()) {
        return Ok(false);
    }
    if is_half_set(step, seen.as_ref())
        && let (Some(to), Some(seen)) = (&step.to, &seen)
    {
        let mut now = to.clone();
        (now.mode, now.uid, now.gid) = (seen.mode, seen.uid, seen.gid);
        let wanted = (to.mode, to.uid, to.gid);
        return Ok(write::set_mode(image, &path, &now.expected(), wanted)? == Outcome::Done);
    }
    let later = chains.get(&step.path).into_iter().flatten().filter(|other| **other >= number);
    let mut later = later.filter_map(|number| run.moves.get(*number));
    Ok(later.any(|step| is(step.to.as_ref(), seen.as_ref())))
}

/// Whether a change of mode and owner was interrupted between the two.
fn is_half_set(step: &Move, seen: Option<&write::Seen>) -> bool {
    let (Some(from), Some(to), Some(seen)) = (&step.from, &step.to, seen) else { return false };
    let mut content = to.clone();
    (content.mode, content.uid, content.gid) = (seen.mode, seen.uid, seen.gid);
    let is_owner = |seen: (u32, u32)| seen == (from.uid, from.gid) || seen == (to.uid, to.gid);
    // chown(2) clears set-id bits by itself.
    let modes = [from.mode, to.mode, from.mode & !0o6000, to.mode & !0o6000];
    from.same_content(to) && content.is(seen) && is_owner((seen.uid, seen.gid)) && modes.contains(&seen.mode)
}

pub(super) fn is(held: Option<&Held>, seen: Option<&write::Seen>) -> bool {
    match (held, seen) {
        (Some(held), Some(seen)) => held.is(seen),
        (None, None) => true,
        _ => false,
    }
}

/// Unlike in every move and in each direction, so that what lies beside a path says what it is.
fn tag(run: &Run, number: usize, direction: &str) -> String {
    format!("{}.{number}{direction}", run.id)
}

fn set_directory_times(image: &Image, path: &Path, times: write::Times) -> Result<(), Error> {
    match write::look(image, path, None)? {
        Some(seen) if seen.shape == write::Shape::Directory && seen.times.modified != times.modified => {
            write::set_times(image, path, times, false)
        }
        _ => Ok(()),
    }
}

/// Remembers the times of the directories it changed, so that undo knows whether somebody else changed them since.
fn settle(image: &Image, state: &State, run: &Run) -> Result<(), Error> {
    let mut settled = DirectoryTimes::new();
    for (path, _) in &run.directories {
        if let Some(seen) = write::look(image, &path.to_path(), None)? {
            settled.push((path.clone(), seen.times));
        }
    }
    let path = state.run_directory(&run.id).join("settled.json");
    let bytes = serde_json::to_vec(&settled).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
    write_file(&path, &bytes)
}
