//! Carrying out the moves of a run, to its end or back, from wherever it stands.
//!
//! Everything new is made beside its place first; then each path is changed by one rename, and what was there lies
//! beside it until the whole run is done. A path is judged by what is at it, not by what the journal says was done last:
//! a crash may come between the two.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ApplyStep;
use super::journal::{Event, Journal};
use super::legs::{self, Leg, Way};
use super::links::Joints;
use super::manifest;
use super::run::{DirectoryTimes, Held, HeldBody, Raw, Run};
use super::state::{State, write_file};
use crate::image::walk::Inode;
use crate::image::write::locks::Locks;
use crate::image::write::ready::Need;
use crate::image::write::{self, Content, Outcome, Seen, Wanted};
use crate::image::{Error, Image, Mode};

/// Why a path was not changed.
#[derive(Debug)]
pub(super) enum Why {
    /// Something else is at it than was expected.
    Changed(PathBuf),
    /// Reading or writing failed.
    Failed(Error),
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where a run stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// After so many legs, the last perhaps in part.
    Midway { why: Why, legs: usize },
    /// Everything is in its place, but what lies beside could not all be removed.
    Untidy(Error),
}

/// What the log says of a move: its path, what was there and what is there now.
pub(super) type Said = fn(&Path, Option<&Held>, Option<&Held>) -> String;

/// Carries out every move of `run`. With `resume`, what is done already is passed over.
pub(super) fn forward(
    image: &Image,
    state: &State,
    run: &Run,
    journal: &mut Journal,
    resume: bool,
    said: Said,
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), Stop> {
    let legs = legs::of(run);
    let early = |error| Stop::Midway { why: Why::Failed(error), legs: 0 };
    let _locks = locked(image, run, progress).map_err(early)?;
    let mut left = Vec::new();
    for leg in &legs {
        left.push(leg.way() != Way::Nothing && !(resume && is_done(image, run, leg).map_err(early)?));
    }
    ready(image, legs.iter().zip(&left).filter(|(_, left)| **left).map(|(leg, _)| leg)).map_err(early)?;
    let kept = manifest::begin(image, state, run, &legs, &left).map_err(early)?;
    let pending = || legs.iter().zip(&left).filter(|(_, left)| **left).map(|(leg, _)| leg);
    let mut joints =
        Joints::of(legs.iter().zip(&left).filter(|(_, left)| **left).map(|(leg, _)| (leg, leg.to, &leg.made)));
    for leg in pending() {
        stage(image, state, leg, leg.to, &leg.made, &leg.tag(run, ""), &mut joints).map_err(early)?;
    }
    sync(image, pending()).map_err(early)?;
    kept.staged(image, run, &legs, &left).map_err(early)?;

    let mut log = Log { run, said, next: 0, shown: None, done: vec![false; run.moves.len()] };
    for (at, (leg, left)) in legs.iter().zip(&left).enumerate() {
        let failed = |error| Stop::Midway { why: Why::Failed(error), legs: at + 1 };
        if *left && commit(image, run, leg).map_err(failed)? == Outcome::Changed {
            return Err(Stop::Midway { why: Why::Changed(leg.path.clone()), legs: at });
        }
        journal.note(leg.moves.iter().map(|number| Event::Done { number: *number })).map_err(failed)?;
        log.done(leg, progress);
    }
    let late = |error| Stop::Midway { why: Why::Failed(error), legs: legs.len() };
    sync(image, legs.iter()).map_err(late)?;
    tidy_up(image, state, run, &legs, progress).map_err(Stop::Untidy)
}

/// Files by which shadow's programs and ours know accounts.
const ACCOUNTS: [&str; 6] = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid"];

/// Keeps the programs away that change the same files: those of accounts where the run changes one, on a mounted image
/// too (a `useradd --root` takes the same lock); those of packages only while the machine runs, for nobody else installs
/// anything into a mounted image without being told to.
pub(super) fn locked(image: &Image, run: &Run, progress: &mut dyn FnMut(ApplyStep)) -> Result<Locks, Error> {
    let accounts = run.moves.iter().any(|step| ACCOUNTS.iter().any(|path| Path::new(path) == step.path.to_path()));
    let packages = image.mode() == Mode::Live && !run.moves.is_empty();
    Locks::take(image, accounts, packages, &mut |line| progress(ApplyStep::Output { line }))
}

/// Looks whether `legs` can all be carried out, before anything is written.
fn ready<'l>(image: &Image, legs: impl Iterator<Item = &'l Leg<'l>>) -> Result<(), Error> {
    let legs: Vec<_> = legs.filter(|leg| leg.way() != Way::Nothing).collect();
    let size = |held: &Held| match &held.body {
        HeldBody::File { size, .. } => *size,
        _ => 0,
    };
    // What goes along with a directory is removed with it, and must let that happen.
    let gone: Vec<_> = legs.iter().flat_map(|leg| leg.gone.keys().map(|path| leg.path.join(path))).collect();
    let mut needs = Vec::new();
    for leg in &legs {
        let staged = leg.to.iter().filter(|_| leg.way() == Way::Swap).chain(leg.made.values());
        let (bytes, things) = staged.fold((0, 0), |(bytes, things), held| (bytes + size(held), things + 1));
        needs.push(Need { path: &leg.path, bytes, things });
    }
    needs.extend(gone.iter().map(|path| Need { path, bytes: 0, things: 0 }));
    write::ready::ready(image, &needs)
}

/// After the last rename: what was replaced goes, and directories get their times.
fn tidy_up(
    image: &Image,
    state: &State,
    run: &Run,
    legs: &[Leg<'_>],
    progress: &mut dyn FnMut(ApplyStep),
) -> Result<(), Error> {
    for leg in legs.iter().filter(|leg| leg.way() == Way::Swap) {
        let overwritten = run.shred && leg.gives_up_bytes();
        let shown = crate::image::text::path(&leg.path);
        match write::tidy(image, &leg.path, &leg.tag(run, ""), overwritten)? {
            Outcome::NotOverwritten(why) => {
                progress(ApplyStep::Done { what: format!("{shown} was not overwritten: {why}") });
            }
            _ if overwritten => progress(ApplyStep::Done { what: format!("overwrote the bytes of {shown}") }),
            _ => {}
        }
        write::discard(image, &leg.path, &leg.tag(run, "b"))?;
    }
    for (path, tag) in &run.leftovers {
        write::discard(image, &path.to_path(), tag)?;
    }
    sync(image, legs.iter())?;
    for (path, times) in &run.restore {
        set_directory_times(image, &path.to_path(), *times)?;
    }
    manifest::end(image, state, &run.id)?;
    remember_times(image, state, run)
}

/// Says what was done in the order of the plan, whatever the order of the renames.
struct Log<'r> {
    run: &'r Run,
    said: Said,
    next: usize,
    shown: Option<String>,
    /// By move.
    done: Vec<bool>,
}

impl Log<'_> {
    fn done(&mut self, leg: &Leg<'_>, progress: &mut dyn FnMut(ApplyStep)) {
        for number in &leg.moves {
            if let Some(done) = self.done.get_mut(*number) {
                *done = true;
            }
        }
        while let (Some(true), Some(step)) = (self.done.get(self.next), self.run.moves.get(self.next)) {
            announce(self.run, &step.guideline, &mut self.shown, progress);
            let what = (self.said)(&step.path.to_path(), step.from.as_ref(), step.to.as_ref());
            progress(ApplyStep::Done { what });
            self.next += 1;
        }
    }
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

/// Makes what is to come to the path of `leg`, with everything `below` it, beside it.
fn stage(
    image: &Image,
    state: &State,
    leg: &Leg<'_>,
    top: Option<&Held>,
    below: &std::collections::BTreeMap<PathBuf, &Held>,
    tag: &str,
    joints: &mut Joints<'_>,
) -> Result<(), Error> {
    let Some(top) = top.filter(|_| leg.way() == Way::Swap) else { return Ok(()) };
    write::discard(image, &leg.path, tag)?;
    let staged = leg.staged(tag);
    let survivor = joints.survivor(image, top)?;
    wanted(state, top, survivor.as_ref(), |wanted| write::stage(image, &leg.path, wanted, tag))?;
    joints.staged(leg.path.clone(), staged.clone());
    for (path, held) in below {
        let survivor = joints.survivor(image, held)?;
        wanted(state, held, survivor.as_ref(), |wanted| write::make(image, &staged.join(path), wanted))?;
        joints.staged(leg.path.join(path), staged.join(path));
    }
    // What was made in a directory has changed its time.
    let all = below.iter().map(|(path, held)| (staged.join(path), *held)).chain([(staged.clone(), top)]);
    for (path, held) in all.filter(|(_, held)| held.body == HeldBody::Directory) {
        write::sync(image, &path)?;
        if let Some(times) = held.times {
            write::set_times(image, &path, times, true)?;
        }
    }
    Ok(())
}

/// Calls `write` with what `held` says is wanted: where it is there under another name already, one more name of it.
fn wanted<T>(
    state: &State,
    held: &Held,
    survivor: Option<&(PathBuf, Inode)>,
    write: impl FnOnce(&mut Wanted<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut bytes = state.content(&held.body)?;
    let target;
    let content = match (&held.body, survivor) {
        (_, Some((other, inode))) => Content::Name(other, *inode),
        (HeldBody::File { .. }, None) if held.is_sparse => Content::Sparse(&mut bytes),
        (HeldBody::File { .. }, None) => Content::File(&mut bytes),
        (HeldBody::Symlink(text), None) => {
            target = text.to_path();
            Content::Symlink(&target)
        }
        (HeldBody::Directory, None) => Content::Directory,
    };
    let (mode, uid, gid) = (held.mode, held.uid, held.gid);
    write(&mut Wanted { content, mode, uid, gid, xattrs: held.xattrs(), times: held.times })
}

/// Puts what is staged in place; what was there lies beside it afterwards.
fn commit(image: &Image, run: &Run, leg: &Leg<'_>) -> Result<Outcome, Error> {
    match (leg.way(), leg.from, leg.to) {
        (Way::Set, Some(from), Some(to)) => set(image, &leg.path, from, to),
        _ => write::commit(image, &leg.path, leg.before().as_ref(), leg.to.is_some(), &leg.tag(run, "")),
    }
}

/// Gives what is at `path` the mode and owner of `to`.
fn set(image: &Image, path: &Path, from: &Held, to: &Held) -> Result<Outcome, Error> {
    let outcome = write::set_mode(image, path, &from.expected(), (to.mode, to.uid, to.gid))?;
    if outcome == Outcome::Changed && is_set_by_other_name(image, path, to)? {
        return Ok(Outcome::Done);
    }
    if let (Outcome::Done, Some(times), HeldBody::File { .. }) = (&outcome, to.times, &to.body) {
        write::set_times(image, path, times, true)?;
    }
    Ok(outcome)
}

/// Whether a file with several names has got its mode and owner by another one of them already.
fn is_set_by_other_name(image: &Image, path: &Path, to: &Held) -> Result<bool, Error> {
    Ok(write::look(image, path, None)?.is_some_and(|seen| seen.links > 1 && to.is(&seen)))
}

/// Takes back the first `count` legs of `run`, newest first; of the others only what is staged goes. Nothing is changed
/// when a path is neither as before the run nor as the run made it.
pub(super) fn back(image: &Image, state: &State, run: &Run, count: usize) -> Result<(), Why> {
    let legs = legs::of(run);
    let (done, drafts) = legs.split_at_checked(count).unwrap_or((&legs, &[]));
    for leg in drafts {
        write::discard(image, &leg.path, &leg.tag(run, ""))?;
    }
    let done = || done.iter().rev().filter(|leg| leg.way() != Way::Nothing);
    let mut stands = Vec::new();
    for leg in done() {
        settle(image, run, leg)?;
        let stand = stand(image, leg)?;
        if matches!(stand, Stand::Other) {
            return Err(Why::Changed(leg.path.clone()));
        }
        stands.push(stand);
    }
    let mut joints = Joints::of(done().map(|leg| (leg, leg.from, &leg.gone)));
    for (leg, stand) in done().zip(stands) {
        let outcome = match (stand, leg.from) {
            (Stand::Before | Stand::Other, _) => Outcome::Done,
            (Stand::Half(now), Some(from)) => set(image, &leg.path, &now, from)?,
            _ => reverse(image, state, run, leg, &mut joints)?,
        };
        joints.put(&leg.path, &leg.gone);
        if outcome == Outcome::Changed {
            return Err(Why::Changed(leg.path.clone()));
        }
    }
    sync(image, legs.iter())?;
    for leg in &legs {
        write::discard(image, &leg.path, &leg.tag(run, ""))?;
        write::discard(image, &leg.path, &leg.tag(run, "b"))?;
    }
    sync(image, legs.iter())?;
    for (path, times) in &run.directories {
        set_directory_times(image, &path.to_path(), *times)?;
    }
    Ok(manifest::end(image, state, &run.id)?)
}

/// Takes back one leg that is in place: by the rename that undoes it where what was replaced lies beside it still, by
/// writing it anew where not.
fn reverse(image: &Image, state: &State, run: &Run, leg: &Leg<'_>, joints: &mut Joints<'_>) -> Result<Outcome, Error> {
    if let (Way::Set, Some(from), Some(to)) = (leg.way(), leg.from, leg.to) {
        return set(image, &leg.path, to, from);
    }
    let (old, new, tag, back) = (leg.before(), leg.after(), leg.tag(run, ""), leg.tag(run, "b"));
    if let Some(old) = &old
        && write::is_aside(image, &leg.path, old, &tag)?
    {
        return write::revert(image, &leg.path, new.as_ref(), &tag);
    }
    stage(image, state, leg, leg.from, &leg.gone, &back, joints)?;
    write::commit(image, &leg.path, new.as_ref(), old.is_some(), &back)
}

/// What is at the path of a leg.
enum Stand {
    /// What was there before the run.
    Before,
    /// What the run makes.
    After,
    /// Setting mode and owner was interrupted; what it is now.
    Half(Box<Held>),
    /// Something else.
    Other,
}

fn stand(image: &Image, leg: &Leg<'_>) -> Result<Stand, Error> {
    let seen = write::look(image, &leg.path, None)?;
    let whole = |held: Option<&Held>, tree: Option<write::Tree>| match tree {
        _ if !is(held, seen.as_ref()) => Ok(false),
        Some(tree) if leg.way() == Way::Swap && tree.top.shape == write::Shape::Directory => {
            write::is_at(image, &leg.path, &tree)
        }
        _ => Ok(true),
    };
    if whole(leg.to, leg.after())? {
        return Ok(Stand::After);
    }
    if whole(leg.from, leg.before())? {
        return Ok(Stand::Before);
    }
    Ok(half(leg, seen.as_ref()).map_or(Stand::Other, |now| Stand::Half(Box::new(now))))
}

/// What a change of mode and owner that was interrupted between the two has left.
fn half(leg: &Leg<'_>, seen: Option<&Seen>) -> Option<Held> {
    let (Way::Set, Some(from), Some(to), Some(seen)) = (leg.way(), leg.from, leg.to, seen) else { return None };
    let mut now = to.clone();
    (now.mode, now.uid, now.gid) = (seen.mode, seen.uid, seen.gid);
    let is_owner = |seen: (u32, u32)| seen == (from.uid, from.gid) || seen == (to.uid, to.gid);
    // chown(2) clears set-id bits by itself.
    let modes = [from.mode, to.mode, from.mode & !0o6000, to.mode & !0o6000];
    (now.is(seen) && is_owner((seen.uid, seen.gid)) && modes.contains(&seen.mode)).then_some(now)
}

pub(super) fn is(held: Option<&Held>, seen: Option<&Seen>) -> bool {
    match (held, seen) {
        (Some(held), Some(seen)) => held.is(seen),
        (None, None) => true,
        _ => false,
    }
}

/// Whether `leg` was done before the crash. Tidies up beside its path first.
fn is_done(image: &Image, run: &Run, leg: &Leg<'_>) -> Result<bool, Error> {
    settle(image, run, leg)?;
    match (stand(image, leg)?, leg.to) {
        (Stand::After, _) => Ok(true),
        (Stand::Half(now), Some(to)) => Ok(set(image, &leg.path, &now, to)? == Outcome::Done),
        _ => Ok(false),
    }
}

/// What `run` may have left beside its paths when it was interrupted: paths and tags.
pub(super) fn leftovers(run: &Run) -> Vec<(Raw, String)> {
    let legs = legs::of(run);
    let swapped = legs.iter().filter(|leg| leg.way() == Way::Swap);
    swapped.flat_map(|leg| ["", "b"].map(|direction| (Raw::path(&leg.path), leg.tag(run, direction)))).collect()
}

fn settle(image: &Image, run: &Run, leg: &Leg<'_>) -> Result<(), Error> {
    if leg.way() != Way::Swap {
        return Ok(());
    }
    let (old, new) = (leg.before(), leg.after());
    write::settle(image, &leg.path, old.as_ref(), new.as_ref(), &leg.tag(run, ""), run.shred)?;
    // A take-back that was interrupted itself may have left its own draft.
    write::settle(image, &leg.path, new.as_ref(), old.as_ref(), &leg.tag(run, "b"), false)
}

/// The directories that hold the paths of `legs`, each once, reach the disk.
fn sync<'l>(image: &Image, legs: impl Iterator<Item = &'l Leg<'l>>) -> Result<(), Error> {
    let swapped = legs.filter(|leg| leg.way() == Way::Swap);
    let directories: BTreeSet<_> = swapped.filter_map(|leg| leg.path.parent()).collect();
    directories.into_iter().try_for_each(|directory| write::sync(image, directory))
}

pub(super) fn set_directory_times(image: &Image, path: &Path, times: write::Times) -> Result<(), Error> {
    match write::look(image, path, None)? {
        Some(seen) if seen.shape == write::Shape::Directory && seen.times.modified != times.modified => {
            write::set_times(image, path, times, false)
        }
        _ => Ok(()),
    }
}

/// Remembers the times of what it changed and of the directories that holds, so that undo knows whether somebody else
/// changed them since, and the image is known by them wherever it is mounted.
fn remember_times(image: &Image, state: &State, run: &Run) -> Result<(), Error> {
    let mut settled = DirectoryTimes::new();
    let directories = run.directories.iter().map(|(path, _)| path);
    let paths: BTreeSet<&Raw> = run.moves.iter().map(|step| &step.path).chain(directories).collect();
    for path in paths {
        // What cannot be looked at tells nothing later.
        if let Ok(Some(times)) = write::times(image, &path.to_path()) {
            settled.push((path.clone(), times));
        }
    }
    let path = state.run_directory(&run.id).join("settled.json");
    let bytes = serde_json::to_vec(&settled).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
    write_file(&path, &bytes)
}
