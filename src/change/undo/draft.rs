//! Works out what an undo would write, from what is there now; conflicts are found here, before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::merge::{self, Merged};
use super::{UndoError, Undone};
use crate::change::carry;
use crate::change::contents::Contents;
use crate::change::run::{Held, HeldBody, Move, Raw, Run};
use crate::change::state::{Ending, History, Record, State, make_directory};
use crate::change::{prepare, services};
use crate::image::write::Times;
use crate::image::{Error, Image, Kind};

/// A run to be taken back, whole or for one guideline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picked<'a> {
    pub(super) record: &'a Record,
    pub(super) guideline: Option<&'a str>,
}

/// Drafts the undo `id` of what was picked, newest first; written and synced to the state directory when this returns.
pub(super) fn draft(
    image: &Image,
    state: &State,
    history: &History,
    picked: &[Picked<'_>],
    id: &str,
    undone: &mut Undone,
) -> Result<Run, UndoError> {
    make_directory(&state.run_directory(id))?;
    let mut contents = Contents::create(state, id)?;
    for step in history.records.iter().flat_map(|record| &record.run.moves) {
        for held in [&step.from, &step.to].into_iter().flatten() {
            contents.know(&held.body);
        }
    }
    let mut run = Run::new(id);
    let mut current: BTreeMap<PathBuf, Option<Held>> = BTreeMap::new();
    let taken = history.taken();
    for Picked { record, guideline } in picked {
        let applied = &record.run;
        let is_picked = |id: &str| guideline.is_none_or(|picked| id.eq_ignore_ascii_case(picked));
        for (number, step) in applied.moves.iter().enumerate().rev() {
            if !is_picked(&step.guideline) || taken.contains(&(applied.id.as_str(), number)) {
                continue;
            }
            run.takes_back.push((applied.id.clone(), number));
            note(&mut run, &step.guideline);
            let path = step.path.to_path();
            let now = match current.get(&path) {
                Some(held) => held.clone(),
                None => contents.hold(image, &path)?.map(|(held, _)| held),
            };
            // Gone by a later change of ours, which stays in force: then it comes back with that one.
            let is_removed_later = later(history, &run, step).last().is_some_and(|(_, later)| later.to.is_none());
            let to = reverse(state, &mut contents, step, &path, now.as_ref(), is_removed_later, undone)
                .map_err(|error| with_later(error, history, &run, step))?;
            let still = later(history, &run, step);
            if !is_any_order_alike(state, &mut contents, step, &still, (now.as_ref(), to.as_ref()))? {
                let conflict = "what was changed back and forth there rests on it".to_owned();
                let error = UndoError::Conflict { path, conflict };
                return Err(with_later(error, history, &run, step));
            }
            let mut to = to.map(|held| as_it_was(history, step, now.as_ref(), held));
            if to.is_none() && is_directory(now.as_ref()) && has_others(image, &path, &current)? {
                // Somebody keeps files in a directory we made: it stays.
                undone.merged.push(path.clone());
                to.clone_from(&now);
            }
            if to.is_some() && now.is_none() && !has_place(image, &path, &current)? {
                let conflict = "the directory it was in is gone: make it again, with `mkdir -p`".to_owned();
                return Err(UndoError::Conflict { path, conflict });
            }
            if !is_same(now.as_ref(), to.as_ref()) {
                let (guideline, secret) = (step.guideline.clone(), step.secret);
                run.moves.push(Move { guideline, path: step.path.clone(), from: now, to: to.clone(), secret });
            }
            current.insert(path, to);
        }
        for command in record.run.commands.iter().filter(|command| is_picked(&command.guideline)) {
            note(&mut run, &command.guideline);
            undone.left.push(command.argv.join(" "));
        }
        if record.ending == Ending::Open {
            run.leftovers = carry::leftovers(applied);
        }
        run.services.extend(services::to_start(record, *guideline));
        if guideline.is_none() {
            run.whole_runs.push(applied.id.clone());
        }
    }
    empty_directories(image, history, &mut run, &mut current, &mut contents)?;
    run.directories = prepare::directories(image, run.moves.iter().map(|step| step.path.to_path()))?;
    run.restore = times(history, &run);
    contents.sync()?;
    prepare::save(state, &run)?;
    Ok(run)
}

fn note(run: &mut Run, guideline: &str) {
    if !run.guidelines.iter().any(|id| id == guideline) {
        run.guidelines.push(guideline.to_owned());
    }
}

/// What taking `step` back makes of what is at its path `now`.
fn reverse(
    state: &State,
    contents: &mut Contents,
    step: &Move,
    path: &Path,
    now: Option<&Held>,
    is_removed_later: bool,
    undone: &mut Undone,
) -> Result<Option<Held>, UndoError> {
    if is_same(now, step.to.as_ref()) {
        return Ok(step.from.clone());
    }
    if is_same(now, step.from.as_ref()) {
        return Ok(step.from.clone());
    }
    match merge::merge(state, step, now)? {
        Merged::Gone if is_removed_later => {
            let conflict = "it was removed since".to_owned();
            Err(UndoError::Conflict { path: path.to_owned(), conflict })
        }
        Merged::Gone => {
            undone.gone.push(path.to_owned());
            Ok(None)
        }
        Merged::To(held, bytes) => {
            let body = match bytes {
                Some(bytes) => contents.hold_bytes(&bytes)?,
                None => held.body.clone(),
            };
            if !undone.merged.iter().any(|other| other == path) {
                undone.merged.push(path.to_owned());
            }
            Ok(Some(Held { body, ..*held }))
        }
        Merged::Conflict(conflict) => Err(UndoError::Conflict { path: path.to_owned(), conflict }),
    }
}

/// A conflict that a later change of the same path by a run in force explains says so.
fn with_later(error: UndoError, history: &History, undo: &Run, step: &Move) -> UndoError {
    let UndoError::Conflict { path, mut conflict } = error else { return error };
    if let Some((run, later)) = later(history, undo, step).last() {
        let guideline = &later.guideline;
        let _ = write!(
            conflict,
            "\n{guideline} changed it afterwards in run {run}: take that back first, or the whole run"
        );
    }
    UndoError::Conflict { path, conflict }
}

/// Whether `later`, the changes that stay in force, could still be taken back from what taking `step` back makes of what
/// is there, with the same end as the other way round. Where they undid each other, no line need differ from what `step`
/// left, and yet each of them stands on it.
fn is_any_order_alike(
    state: &State,
    contents: &mut Contents,
    step: &Move,
    later: &[(&str, &Move)],
    (now, to): (Option<&Held>, Option<&Held>),
) -> Result<bool, UndoError> {
    if later.is_empty() {
        return Ok(true);
    }
    let mut end = |start: Option<&Held>, last: Option<&Move>| {
        let newest_first = later.iter().rev().map(|(_, later)| *later).chain(last);
        newest_first.into_iter().try_fold(start.cloned(), |held, step| {
            reverse(state, contents, step, &step.path.to_path(), held.as_ref(), false, &mut Undone::default())
        })
    };
    match (end(now, Some(step)), end(to, None)) {
        (Ok(newest_first), Ok(oldest_first)) => Ok(is_same(newest_first.as_ref(), oldest_first.as_ref())),
        // Somebody's edits are in the way of the later ones, whatever becomes of this one.
        (Err(UndoError::Conflict { .. }), _) => Ok(true),
        (_, Err(UndoError::Conflict { .. })) => Ok(false),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// The changes of the path of `step` that come after it and stay in force, oldest first.
fn later<'h>(history: &'h History, undo: &Run, step: &Move) -> Vec<(&'h str, &'h Move)> {
    let mut taken = history.taken();
    taken.extend(undo.takes_back.iter().map(|(run, number)| (run.as_str(), *number)));
    let mut moves = history.in_force().flat_map(|record| {
        record.run.moves.iter().enumerate().map(|(number, step)| (record.run.id.as_str(), number, step))
    });
    moves.by_ref().find(|(_, _, other)| std::ptr::eq(*other, step));
    let later = moves.filter(|(run, number, other)| other.path == step.path && !taken.contains(&(*run, *number)));
    later.map(|(run, _, other)| (run, other)).collect()
}

/// Whether the directory that `path` is put into is there, or will be.
fn has_place(image: &Image, path: &Path, current: &BTreeMap<PathBuf, Option<Held>>) -> Result<bool, Error> {
    let Some(above) = path.parent() else { return Ok(true) };
    match current.get(above) {
        Some(held) => Ok(is_directory(held.as_ref())),
        None => Ok(image.lstat(above)?.is_some_and(|meta| meta.kind == Kind::Directory)),
    }
}

/// Directories that a run made and that stayed, for somebody else's file was in them, go once the last one does.
fn empty_directories(
    image: &Image,
    history: &History,
    run: &mut Run,
    current: &mut BTreeMap<PathBuf, Option<Held>>,
    contents: &mut Contents,
) -> Result<(), UndoError> {
    let taken = history.taken();
    let steps = history.records.iter().filter(|record| !record.is_undo).flat_map(|record| {
        record.run.moves.iter().enumerate().map(|(number, step)| (record.run.id.as_str(), number, step))
    });
    let made = steps.filter(|(id, number, step)| {
        step.from.is_none() && is_directory(step.to.as_ref()) && taken.contains(&(*id, *number))
    });
    let mut made: Vec<&Move> = made.map(|(_, _, step)| step).collect();
    made.sort_by_key(|step| std::cmp::Reverse(step.path.to_path()));
    for step in made {
        let path = step.path.to_path();
        let holds_ours = current.iter().any(|(below, held)| below.parent() == Some(&path) && held.is_none());
        if current.contains_key(&path) || !holds_ours || has_others(image, &path, current)? {
            continue;
        }
        let Some((now, _)) = contents.hold(image, &path)? else { continue };
        if is_same(Some(&now), step.to.as_ref()) {
            let (guideline, secret) = (step.guideline.clone(), step.secret);
            run.moves.push(Move { guideline, path: step.path.clone(), from: Some(now), to: None, secret });
            current.insert(path, None);
        }
    }
    Ok(())
}

/// What comes back to a content and mode that it had before a run gets back what else it had then: times, attributes and
/// other names. Attributes that are there now stay as they are: no run changes any, so whoever did was somebody else.
fn as_it_was(history: &History, step: &Move, now: Option<&Held>, mut held: Held) -> Held {
    let moves = || history.records.iter().rev().flat_map(|record| &record.run.moves);
    if held.times.is_none() {
        let mut before = moves().filter(|other| other.path == step.path).filter_map(|other| other.from.as_ref());
        if let Some(before) = before.find(|before| before.times.is_some() && before.is_like(&held)) {
            held = before.clone();
        } else if let Some(from) = step.from.as_ref().filter(|from| from.same_content(&held)) {
            held.times = from.times;
        }
    }
    if let Some(now) = now.filter(|now| now.kind() == held.kind()) {
        held.xattrs.clone_from(&now.xattrs);
    }
    if let Some(links) = &mut held.links {
        // The same file may have lost other names in other runs.
        for other in moves() {
            let Some(had) = other.from.as_ref().and_then(|from| from.links.as_ref()) else { continue };
            if had.inode == links.inode && (other.path == step.path || had.others.contains(&step.path)) {
                links.others.extend(had.others.iter().chain([&other.path]).cloned());
            }
        }
        links.others.sort();
        links.others.dedup();
        links.others.retain(|name| *name != step.path);
    }
    held
}

fn is_same(one: Option<&Held>, other: Option<&Held>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_like(other),
        (None, None) => true,
        _ => false,
    }
}

fn is_directory(held: Option<&Held>) -> bool {
    held.is_some_and(|held| held.body == HeldBody::Directory)
}

/// Whether the directory at `path` holds something that will still be there.
fn has_others(image: &Image, path: &Path, current: &BTreeMap<PathBuf, Option<Held>>) -> Result<bool, Error> {
    if image.lstat(path)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(false);
    }
    Ok(image.list(path)?.iter().any(|entry| !matches!(current.get(&path.join(&entry.name)), Some(None))))
}

/// The times that directories get back: those they had before the oldest run of which nothing is left in them, where
/// nobody but us changed them since.
fn times(history: &History, undo: &Run) -> Vec<(Raw, Times)> {
    let mut taken = history.taken();
    taken.extend(undo.takes_back.iter().map(|(run, number)| (run.as_str(), *number)));
    let done = history.records.iter().rev().filter(|record| record.ending == Ending::Done);
    let by_path = |times: &'_ [(Raw, Times)]| times.iter().cloned().collect::<BTreeMap<_, _>>();
    let records: Vec<_> =
        done.map(|record| (record, by_path(&record.run.directories), by_path(&record.settled))).collect();
    let mut restore = Vec::new();
    for (directory, now) in &undo.directories {
        let mut time = now.modified;
        let mut best = None;
        for (record, before, after) in &records {
            let (Some(before), Some(after)) = (before.get(directory), after.get(directory)) else { continue };
            if after.modified != time {
                break;
            }
            time = before.modified;
            if record.is_undo {
                continue;
            }
            if is_in_force_in(record, directory, &taken) {
                break;
            }
            best = Some(*before);
        }
        restore.extend(best.map(|times| (directory.clone(), times)));
    }
    let made = undo.moves.iter().filter(|step| step.from.is_none() && is_directory(step.to.as_ref()));
    restore.extend(made.filter_map(|step| Some((step.path.clone(), step.to.as_ref()?.times?))));
    restore
}

/// Whether something of `record` in `directory` is not taken back.
fn is_in_force_in(record: &Record, directory: &Raw, taken: &BTreeSet<(&str, usize)>) -> bool {
    let directory = directory.to_path();
    record.run.moves.iter().enumerate().any(|(number, step)| {
        step.path.to_path().parent() == Some(&directory) && !taken.contains(&(record.run.id.as_str(), number))
    })
}
