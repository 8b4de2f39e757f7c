//! After a power loss: the manifest that is found, where every path stands, and both ways out.
//!
//! Where both ways are open, the run is taken into the journal again and dealt with like one whose journal was never lost.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{DIRECTORY, Entry, FORMAT, Manifest, Mark, end};
use crate::change::carry;
use crate::change::contents::Contents;
use crate::change::journal::{Event, Journal};
use crate::change::run::{Held, HeldBody, Move, Raw, Run};
use crate::change::state::{History, How, Interrupted, RunSummary, Standing, State, make_directory, write_file};
use crate::change::{apply, prepare};
use crate::image::write::{self, Expected, Outcome, Tree};
use crate::image::{Error, Image, Kind};

/// A manifest of a run that no journal knows.
#[derive(Debug)]
pub(in crate::change) struct Found {
    manifest: Manifest,
    spots: Vec<Spot>,
}

/// Where one path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// As before; what is to come lies beside it, where something is to come.
    Before { ready: bool },
    /// Changed; what was there lies beside it, where something was there.
    After { kept: bool },
    /// Its mode is set in place, which can be done in either direction.
    Set,
    /// Somebody changed it since.
    Other,
}

/// The run that was at work on `image` when the power went, if its journal went with it.
pub(in crate::change) fn find(image: &Image, history: &History) -> Result<Option<Found>, Error> {
    let directory = Path::new(DIRECTORY);
    if image.lstat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(None);
    }
    let known = |id: &str| history.records.iter().any(|record| record.run.id == id);
    for entry in image.list(directory)? {
        let name = entry.name.to_string_lossy().into_owned();
        let Some(id) = name.strip_suffix(".json").filter(|id| is_id(id) && !known(id)) else { continue };
        let path = directory.join(&name);
        let Some(bytes) = image.read(&path)? else { continue };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| broken(&path, &error.to_string()))?;
        let is_sound = manifest.format == FORMAT
            && manifest.run == id
            && manifest.takes_back.iter().all(|run| is_id(run) && run != id)
            && manifest.entries.iter().all(|entry| is_inside(&entry.path.to_path()));
        if !is_sound {
            return Err(broken(&path, "it is not one of this program"));
        }
        let spots = manifest.entries.iter().map(|entry| spot(image, &manifest, entry)).collect::<Result<_, _>>()?;
        return Ok(Some(Found { manifest, spots }));
    }
    Ok(None)
}

fn broken(path: &Path, why: &str) -> Error {
    let why = format!("{why}; look for files called .NAME.RUN.N~ and remove it with them");
    Error::malformed("read the manifest", path, why)
}

/// `20261122T154139Z-1`: what a run is called. It becomes part of paths.
pub(in crate::change) fn is_id(id: &str) -> bool {
    let Some((time, number)) = id.split_once('-') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = time.strip_suffix('Z').and_then(|time| time.split_once('T'));
    time.is_some_and(|(day, hour)| day.len() == 8 && hour.len() == 6 && is_number(day) && is_number(hour))
        && number.len() <= 9
        && is_number(number)
}

fn is_inside(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir) && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn tag(manifest: &Manifest, entry: &Entry) -> String {
    format!("{}.{}", manifest.run, entry.number)
}

fn spot(image: &Image, manifest: &Manifest, entry: &Entry) -> Result<Spot, Error> {
    let path = entry.path.to_path();
    let here = image.lstat(&path)?;
    let beside = match write::old_aside(image, &path, &tag(manifest, entry))? {
        Some(path) => image.lstat(&path)?,
        None => None,
    };
    let is = |mark: &Option<Mark>, other: &Option<Mark>, meta: &Option<crate::image::Meta>| match (mark, meta) {
        (Some(mark), Some(meta)) if mark.fits(meta) => {
            // Told apart by their inodes where nothing else does it.
            other.as_ref().is_none_or(|other| !other.fits(meta) || mark.inode == meta.stamp.inode)
        }
        _ => false,
    };
    let (from, to) = (&entry.from, &entry.to);
    if entry.set {
        let same = |mark: &Mark| {
            here.as_ref().is_some_and(|meta| {
                mark.fits(&crate::image::Meta { mode: mark.mode, uid: mark.uid, gid: mark.gid, ..*meta })
            })
        };
        return Ok(if from.as_ref().is_some_and(same) { Spot::Set } else { Spot::Other });
    }
    let is_before = if from.is_some() { is(from, to, &here) } else { here.is_none() };
    let is_after = if entry.puts { is(to, from, &here) } else { here.is_none() };
    Ok(match (is_before, is_after) {
        (true, _) => Spot::Before { ready: manifest.staged && (!entry.puts || is(to, from, &beside)) },
        (false, true) => Spot::After { kept: from.is_none() || is(from, to, &beside) },
        (false, false) => Spot::Other,
    })
}

impl Found {
    fn is_undo(&self) -> bool {
        !self.manifest.takes_back.is_empty()
    }

    /// Whether the changes that are left can all be made.
    fn can_go_on(&self) -> bool {
        self.manifest.staged
            && self
                .spots
                .iter()
                .all(|spot| matches!(spot, Spot::Before { ready: true } | Spot::After { .. } | Spot::Set))
    }

    /// Whether the changes that were made can all be taken back.
    fn can_go_back(&self) -> bool {
        self.spots.iter().all(|spot| matches!(spot, Spot::Before { .. } | Spot::After { kept: true } | Spot::Set))
    }

    /// The run it is about: itself, or the newest that the undo takes back.
    pub(in crate::change) fn run(&self) -> &str {
        self.manifest.takes_back.first().unwrap_or(&self.manifest.run)
    }

    pub(in crate::change) fn guidelines(&self) -> &[String] {
        &self.manifest.guidelines
    }

    pub(in crate::change) fn summary(&self) -> RunSummary {
        let done = self.spots.iter().filter(|spot| matches!(spot, Spot::After { .. })).count();
        let (forward, back) = (self.can_go_on(), self.can_go_back());
        let (can_finish, can_take_back) = if self.is_undo() { (back, forward) } else { (forward, back) };
        let guidelines = self.manifest.guidelines.iter().map(|id| crate::image::text::visible(id)).collect();
        let interrupted = Interrupted {
            how: self.manifest.how(),
            is_undo: self.is_undo(),
            done,
            of: self.spots.len(),
            can_finish,
            can_take_back,
        };
        RunSummary {
            id: self.run().to_owned(),
            at: crate::image::text::visible(&self.manifest.at),
            guidelines,
            standing: Standing::Unfinished,
            interrupted: Some(interrupted),
        }
    }

    /// Where both ways are open: takes the run into the journal, with all that its side files hold, so that it can be
    /// finished, taken back and undone later like any other. `false`: only one way is open, or none.
    pub(in crate::change) fn adopt(&self, image: &Image, state: &State) -> Result<bool, Error> {
        for entry in &self.manifest.entries {
            write::steady(image, &entry.path.to_path(), &tag(&self.manifest, entry))?;
        }
        if !self.can_go_on() || !self.can_go_back() {
            return Ok(false);
        }
        let id = &self.manifest.run;
        make_directory(&state.run_directory(id))?;
        let mut contents = Contents::create(state, id)?;
        let mut run = Run::new(id);
        run.guidelines.clone_from(&self.manifest.guidelines);
        run.shred = self.manifest.shred;
        run.directories.clone_from(&self.manifest.directories);
        run.restore.clone_from(&self.manifest.restore);
        let mut done = Vec::new();
        for (entry, spot) in self.manifest.entries.iter().zip(&self.spots) {
            let first = run.moves.len();
            hold(image, &mut contents, &self.manifest, entry, *spot, &mut run)?;
            if matches!(spot, Spot::After { .. }) {
                done.extend((first..run.moves.len()).map(|number| Event::Done { number }));
            }
        }
        contents.sync()?;
        let mut events = Vec::new();
        if let Some(taken) = self.manifest.takes_back.first() {
            events.extend(Self::taken_back_run(state, taken, &mut run)?);
            let (undo, runs, guidelines) = (id.clone(), vec![taken.clone()], run.guidelines.clone());
            events.push(Event::UndoBegin { undo, runs, guidelines });
        } else {
            events.push(Event::Begin { run: id.clone(), guidelines: run.guidelines.clone() });
        }
        prepare::save(state, &run)?;
        events.extend(apply::intentions(&run));
        events.extend(done);
        Journal::open(&state.journal())?.write(events)?;
        Ok(true)
    }

    /// The run that an undo takes back, as far as the undo's own moves tell of it.
    fn taken_back_run(state: &State, id: &str, undo: &mut Run) -> Result<Vec<Event>, Error> {
        let count = undo.moves.len();
        let mut run = Run::new(id);
        run.guidelines.clone_from(&undo.guidelines);
        run.directories.clone_from(&undo.restore);
        run.moves = undo.moves.iter().rev().cloned().collect();
        for step in &mut run.moves {
            std::mem::swap(&mut step.from, &mut step.to);
        }
        undo.takes_back = (0..count).rev().map(|number| (id.to_owned(), number)).collect();
        undo.whole_runs = vec![id.to_owned()];
        let directory = state.run_directory(id);
        make_directory(&directory)?;
        let path = directory.join("settled.json");
        let settled = serde_json::to_vec(&undo.directories)
            .map_err(|error| Error::malformed("write", &path, error.to_string()))?;
        write_file(&path, &settled)?;
        prepare::save(state, &run)?;
        let mut events = vec![Event::Begin { run: id.to_owned(), guidelines: run.guidelines.clone() }];
        events.extend(apply::intentions(&run));
        events.push(Event::End);
        Ok(events)
    }

    /// Puts the run in force, where that is the only way that is open; `false`: it is not.
    pub(in crate::change) fn finish(&self, image: &Image, state: &State) -> Result<bool, Error> {
        if self.is_undo() { self.go_back(image, state) } else { self.go_on(image, state) }
    }

    /// Takes the run back, where that is the only way that is open; `false`: it is not.
    pub(in crate::change) fn take_back(&self, image: &Image, state: &State) -> Result<bool, Error> {
        if self.is_undo() { self.go_on(image, state) } else { self.go_back(image, state) }
    }

    /// Why the run cannot be taken back, with the way that is open.
    pub(in crate::change) fn why_not_back(&self) -> String {
        let run = self.run();
        self.summary().interrupted.map_or_else(String::new, |interrupted| interrupted.taking_back(run))
    }

    /// Why the run cannot be finished, with the way that is open.
    pub(in crate::change) fn why_not_on(&self) -> String {
        let run = self.run();
        self.summary().interrupted.map_or_else(String::new, |interrupted| interrupted.finishing(run))
    }

    fn go_on(&self, image: &Image, state: &State) -> Result<bool, Error> {
        if !self.can_go_on() {
            return Ok(false);
        }
        for (entry, spot) in self.manifest.entries.iter().zip(&self.spots) {
            let path = entry.path.to_path();
            match (spot, &entry.to) {
                (Spot::Before { .. }, _) => {
                    let from = tree(image, &path)?;
                    unchanged(
                        &path,
                        &write::commit(image, &path, from.as_ref(), entry.puts, &tag(&self.manifest, entry))?,
                    )?;
                }
                (Spot::Set, Some(to)) => set(image, &path, to)?,
                _ => {}
            }
        }
        self.sync(image)?;
        self.close(image, state, &self.manifest.restore, self.manifest.shred)
    }

    fn go_back(&self, image: &Image, state: &State) -> Result<bool, Error> {
        if !self.can_go_back() {
            return Ok(false);
        }
        for (entry, spot) in self.manifest.entries.iter().zip(&self.spots).rev() {
            let (path, tag) = (entry.path.to_path(), tag(&self.manifest, entry));
            match (spot, &entry.from) {
                (Spot::After { .. }, Some(_)) => {
                    let now = if entry.puts { tree(image, &path)? } else { None };
                    unchanged(&path, &write::revert(image, &path, now.as_ref(), &tag)?)?;
                }
                (Spot::After { .. }, None) => {
                    let now = tree(image, &path)?;
                    unchanged(&path, &write::commit(image, &path, now.as_ref(), false, &format!("{tag}b"))?)?;
                }
                (Spot::Set, Some(from)) => set(image, &path, from)?,
                _ => {}
            }
        }
        self.sync(image)?;
        self.close(image, state, &self.manifest.directories, false)
    }

    fn sync(&self, image: &Image) -> Result<(), Error> {
        let paths: std::collections::BTreeSet<PathBuf> =
            self.manifest.entries.iter().filter_map(|entry| Some(entry.path.to_path().parent()?.to_owned())).collect();
        paths.iter().try_for_each(|path| write::sync(image, path))
    }

    /// What lies beside the paths goes, and the manifest after it.
    fn close(&self, image: &Image, state: &State, times: &[(Raw, write::Times)], shred: bool) -> Result<bool, Error> {
        for entry in self.manifest.entries.iter().filter(|entry| !entry.set) {
            let (path, tag) = (entry.path.to_path(), tag(&self.manifest, entry));
            // What cannot be overwritten is removed all the same.
            let _ = write::tidy(image, &path, &tag, shred)?;
            write::discard(image, &path, &format!("{tag}b"))?;
        }
        self.sync(image)?;
        for (path, times) in times {
            carry::set_directory_times(image, &path.to_path(), *times)?;
        }
        end(image, state, &self.manifest.run)?;
        Ok(true)
    }
}

impl Manifest {
    fn how(&self) -> How {
        if self.boot == write::boot() { How::JournalLost } else { How::PowerLost }
    }
}

fn unchanged(path: &Path, outcome: &Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Changed => Err(Error::malformed("change", path, "somebody else is changing it at this moment")),
        Outcome::Done | Outcome::NotOverwritten(_) => Ok(()),
    }
}

/// What is at `path` now, with everything below it.
fn tree(image: &Image, path: &Path) -> Result<Option<Tree>, Error> {
    let look = |path: &Path| write::look(image, path, None).map(|seen| seen.as_ref().map(Expected::of));
    let Some(top) = look(path)? else { return Ok(None) };
    let mut below = BTreeMap::new();
    if top.shape == write::Shape::Directory {
        for inner in inside(image, path)? {
            if let Some(expected) = look(&path.join(&inner))? {
                below.insert(inner, expected);
            }
        }
    }
    Ok(Some(Tree { top, below }))
}

/// Everything below the directory `path`, by its path from there, a directory before what is in it.
fn inside(image: &Image, path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut all = Vec::new();
    let mut next = vec![PathBuf::new()];
    while let Some(directory) = next.pop() {
        for entry in image.list(&path.join(&directory))? {
            let inner = directory.join(&entry.name);
            if entry.kind == Kind::Directory {
                next.push(inner.clone());
            }
            all.push(inner);
        }
    }
    all.sort();
    Ok(all)
}

/// Gives what is at `path` the mode and owner of `mark`.
fn set(image: &Image, path: &Path, mark: &Mark) -> Result<(), Error> {
    let Some(now) = write::look(image, path, None)? else { return Ok(()) };
    unchanged(path, &write::set_mode(image, path, &Expected::of(&now), (mark.mode, mark.uid, mark.gid))?)
}

/// Adds the moves of one entry to `run`, with the contents of both sides.
fn hold(
    image: &Image,
    contents: &mut Contents,
    manifest: &Manifest,
    entry: &Entry,
    spot: Spot,
    run: &mut Run,
) -> Result<(), Error> {
    let path = entry.path.to_path();
    let aside = write::aside(&path, &tag(manifest, entry));
    let mut one = |path: &Path| contents.hold(image, path).map(|held| held.map(|(held, _)| held));
    let (mut old, mut new) = match spot {
        Spot::After { .. } => (one(&aside)?, one(&path)?),
        Spot::Set => (one(&path)?, one(&path)?),
        _ => (one(&path)?, one(&aside)?),
    };
    if spot == Spot::Set {
        for (held, mark) in [(&mut old, &entry.from), (&mut new, &entry.to)] {
            if let (Some(held), Some(mark)) = (held, mark) {
                (held.mode, held.uid, held.gid) = (mark.mode, mark.uid, mark.gid);
            }
        }
    }
    let (old, new) = (old.filter(|_| entry.from.is_some()), new.filter(|_| entry.puts));
    let (old_at, new_at) = if matches!(spot, Spot::After { .. }) { (&aside, &path) } else { (&path, &aside) };
    let mut tree = |held: &Option<Held>, at: &Path| -> Result<Vec<(PathBuf, Held)>, Error> {
        let is_directory = held.as_ref().is_some_and(|held| held.body == HeldBody::Directory);
        if !is_directory || spot == Spot::Set {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for inner in inside(image, at)? {
            all.extend(contents.hold(image, &at.join(&inner))?.map(|(held, _)| (path.join(&inner), held)));
        }
        Ok(all)
    };
    let (gone, made) = (tree(&old, old_at)?, tree(&new, new_at)?);
    let mut add = |path: &Path, from: Option<Held>, to: Option<Held>| {
        let (guideline, secret) = (entry.guideline.clone(), entry.secret);
        run.moves.push(Move { guideline, path: Raw::path(path), from, to, secret });
    };
    for (path, held) in gone.into_iter().rev() {
        add(&path, Some(held), None);
    }
    add(&path, old, new);
    let top = run.moves.len() - 1;
    run.numbers.insert(top, entry.number);
    for (path, to) in made {
        let (guideline, secret) = (entry.guideline.clone(), entry.secret);
        run.moves.push(Move { guideline, path: Raw::path(&path), from: None, to: Some(to), secret });
    }
    Ok(())
}
