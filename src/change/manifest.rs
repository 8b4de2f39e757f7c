//! What a run on a running machine leaves on the image's own disk for as long as it lasts: `/var/lib/seaworthy/RUN.json`.
//!
//! The journal lies in memory there and is gone after a power loss; the old and the new content lie beside each path.
//! The manifest says which paths these are and how to tell the two apart: kinds, sizes, owners, times, inode numbers.
//! No content and no digest enters it, and of what may be secret not even the size. It is on the disk before anything is
//! staged, and goes with the last side file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::State;
use super::legs::{Leg, Way};
use super::run::{DirectoryTimes, Raw, Run};
use crate::image::write::{self, Content, Expected, Outcome, Times, Wanted};
use crate::image::{Error, Image, Kind, Meta};

mod found;

#[cfg(test)]
pub(super) use found::is_id;
pub(super) use found::{Found, find};

/// Where manifests lie.
pub(super) const DIRECTORY: &str = "/var/lib/seaworthy";

/// Says what a file of this kind is, and in which form.
const FORMAT: &str = "seaworthy.run/1";

/// One run or undo while it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    /// The id of the run or undo.
    pub(super) run: String,
    /// When it began, RFC 3339.
    pub(super) at: String,
    /// The machine's boot in which it was at work.
    boot: String,
    /// For an undo, the runs it takes back.
    pub(super) takes_back: Vec<String>,
    pub(super) guidelines: Vec<String>,
    /// Everything was staged: the first change may have been made.
    staged: bool,
    shred: bool,
    /// The times of the directories that hold the paths, before.
    directories: DirectoryTimes,
    /// The times that directories get at the end.
    restore: DirectoryTimes,
    entries: Vec<Entry>,
}

/// One path, changed by one rename or by setting its mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Names the side files.
    number: usize,
    guideline: String,
    path: Raw,
    secret: bool,
    /// Mode and owner are set in place.
    set: bool,
    /// What is there before.
    from: Option<Mark>,
    /// Something is there after.
    puts: bool,
    /// What that is, once it is staged.
    to: Option<Mark>,
}

/// By what one inode is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// `file`, `link` or `directory`.
    kind: String,
    /// Bytes of a file; `null` for what may be secret.
    size: Option<u64>,
    mode: u32,
    uid: u32,
    gid: u32,
    modified: (i64, i64),
    inode: u64,
}

impl Mark {
    fn of(meta: &Meta, secret: bool) -> Self {
        let kind = kind(meta.kind).to_owned();
        let size = (meta.kind == Kind::File && !secret).then_some(meta.size);
        let (mode, uid, gid, modified, inode) = (meta.mode, meta.uid, meta.gid, meta.stamp.modified, meta.stamp.inode);
        Self { kind, size, mode, uid, gid, modified, inode }
    }

    /// Whether `meta` may be it, by everything but the inode: a disk that was copied has others.
    fn fits(&self, meta: &Meta) -> bool {
        self.kind == kind(meta.kind)
            && self.size.is_none_or(|size| size == meta.size)
            && (self.kind == "link" || self.mode == meta.mode)
            && (self.uid, self.gid, self.modified) == (meta.uid, meta.gid, meta.stamp.modified)
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Symlink => "link",
        Kind::Directory => "directory",
        _ => "special",
    }
}

/// The manifest of a run that is at work; nothing where the journal outlives a power loss.
#[derive(Debug)]
pub(super) struct Kept(Option<Manifest>);

/// Writes the manifest of `run` before anything is staged for `legs`; of those that are not `left`, the change is made.
pub(super) fn begin(image: &Image, state: &State, run: &Run, legs: &[Leg<'_>], left: &[bool]) -> Result<Kept, Error> {
    let is_own = |leg: &Leg<'_>| leg.path.starts_with(DIRECTORY) || Path::new(DIRECTORY).starts_with(&leg.path);
    if !state.is_volatile() || legs.iter().all(|leg| leg.way() == Way::Nothing) || legs.iter().any(is_own) {
        return Ok(Kept(None));
    }
    let mut entries = Vec::new();
    for (leg, left) in legs.iter().zip(left).filter(|(leg, _)| leg.way() != Way::Nothing) {
        let step = leg.moves.iter().filter_map(|number| run.moves.get(*number));
        let (guideline, secret) =
            step.fold((String::new(), false), |(_, secret), step| (step.guideline.clone(), secret || step.secret));
        let set = leg.way() == Way::Set;
        let old = if *left || set { leg.path.clone() } else { leg.staged(&leg.tag(run, "")) };
        let mark = |path: &Path| image.lstat(path).map(|meta| meta.map(|meta| Mark::of(&meta, secret)));
        let mut from = if leg.from.is_some() { mark(&old)? } else { None };
        let mut to = None;
        if let (true, Some(before), Some(after)) = (set, leg.from, leg.to) {
            let as_set = |mark: &Mark, held: &super::run::Held| Mark {
                mode: held.mode,
                uid: held.uid,
                gid: held.gid,
                ..mark.clone()
            };
            to = from.as_ref().map(|mark| as_set(mark, after));
            from = from.map(|mark| as_set(&mark, before));
        }
        let (number, path, puts) = (leg.number, Raw::path(&leg.path), leg.to.is_some());
        entries.push(Entry { number, guideline, path, secret, set, from, puts, to });
    }
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        run: run.id.clone(),
        at: super::journal::now(),
        boot: write::boot(),
        takes_back: run.runs().into_iter().map(str::to_owned).collect(),
        guidelines: run.guidelines.clone(),
        staged: false,
        shred: run.shred,
        directories: run.directories.clone(),
        restore: run.restore.clone(),
        entries,
    };
    // One that is on the disk already says more: it knows what was staged.
    if left.iter().all(|left| *left) || image.lstat(&path(&run.id))?.is_none() {
        save(image, &manifest)?;
    }
    Ok(Kept(Some(manifest)))
}

impl Kept {
    /// Everything is staged; from here on the disk itself says how far the run came.
    pub(super) fn staged(self, image: &Image, run: &Run, legs: &[Leg<'_>], left: &[bool]) -> Result<(), Error> {
        let Some(mut manifest) = self.0 else { return Ok(()) };
        let marked = legs.iter().zip(left).filter(|(leg, _)| leg.way() != Way::Nothing);
        for (entry, (leg, left)) in manifest.entries.iter_mut().zip(marked) {
            if entry.puts && !entry.set {
                let new = if *left { leg.staged(&leg.tag(run, "")) } else { leg.path.clone() };
                entry.to = image.lstat(&new)?.map(|meta| Mark::of(&meta, entry.secret));
            }
        }
        manifest.staged = true;
        save(image, &manifest)
    }
}

fn path(run: &str) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{run}.json"))
}

fn tag(run: &str) -> String {
    format!("{run}.m")
}

/// Writes a manifest, whole or not at all. The directory above shows no trace of it.
fn save(image: &Image, manifest: &Manifest) -> Result<(), Error> {
    let (directory, path, tag) = (Path::new(DIRECTORY), path(&manifest.run), tag(&manifest.run));
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let wanted = |content, mode| Wanted { content, mode, uid, gid, xattrs: None, times: None };
    match image.lstat(directory)? {
        None => keeping_time(image, || {
            let mut wanted = wanted(Content::Directory, 0o700);
            ours(directory, &write::put(image, directory, &mut wanted, None, &tag, false)?)
        })?,
        Some(meta) if meta.kind == Kind::Directory && meta.uid == uid && meta.mode & 0o022 == 0 => {}
        Some(_) => {
            let why = "it is not a directory that only root can write to; look who made it, then remove it";
            return Err(Error::malformed("use", directory, why));
        }
    }
    let bytes = serde_json::to_vec(manifest).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
    let expected = expected(image, &path)?;
    let mut source = bytes.as_slice();
    let mut wanted = wanted(Content::File(&mut source), 0o600);
    ours(&path, &write::put(image, &path, &mut wanted, expected.as_ref(), &tag, false)?)
}

/// Removes the manifest of `run`, and the directory with the last.
pub(super) fn end(image: &Image, state: &State, run: &str) -> Result<(), Error> {
    if !state.has_disk() {
        return Ok(());
    }
    let (directory, path, tag) = (Path::new(DIRECTORY), path(run), tag(run));
    if image.lstat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        // It may have been made, but not been put in its place.
        return keeping_time(image, || write::discard(image, directory, &tag));
    }
    write::discard(image, &path, &tag)?;
    if let Some(expected) = expected(image, &path)? {
        ours(&path, &write::remove(image, &path, &expected, &tag, false)?)?;
    }
    leave(image, &tag)
}

/// Removes what a power loss left of manifests that were not in their place yet.
pub(super) fn sweep(image: &Image, state: &State) -> Result<(), Error> {
    let directory = Path::new(DIRECTORY);
    let above = directory.parent().unwrap_or(Path::new("/"));
    if !state.has_disk() || image.lstat(above)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(());
    }
    // `.seaworthy.RUN.m~` and `.RUN.json.RUN.m~`.
    let run_of = |name: &std::ffi::OsStr| {
        let name = name.to_str()?;
        let id = name.strip_suffix(".m~").or_else(|| name.strip_suffix(".ms~"))?.rsplit('.').next()?;
        found::is_id(id).then(|| id.to_owned())
    };
    for entry in image.list(above)? {
        let Some(run) = run_of(&entry.name) else { continue };
        if entry.name.to_str().is_some_and(|name| name.starts_with(".seaworthy.")) {
            keeping_time(image, || write::discard(image, directory, &tag(&run)))?;
        }
    }
    if image.lstat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(());
    }
    for run in image.list(directory)?.iter().filter_map(|entry| run_of(&entry.name)) {
        write::discard(image, &path(&run), &tag(&run))?;
    }
    leave(image, &tag("00000000T000000Z-0"))
}

/// Removes the directory of manifests, where it is ours and empty.
fn leave(image: &Image, tag: &str) -> Result<(), Error> {
    let directory = Path::new(DIRECTORY);
    let is_ours = image.lstat(directory)?.is_some_and(|meta| meta.kind == Kind::Directory && meta.mode == 0o700);
    if !is_ours || !image.list(directory)?.is_empty() {
        return Ok(());
    }
    let Some(expected) = expected(image, directory)? else { return Ok(()) };
    keeping_time(image, || ours(directory, &write::remove(image, directory, &expected, tag, false)?))
}

/// Does `act` to the directory of manifests; the one above keeps its time of last change.
fn keeping_time(image: &Image, act: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let above = Path::new(DIRECTORY).parent().unwrap_or(Path::new("/"));
    let before = image.lstat(above)?.map(|meta| meta.stamp.modified);
    act()?;
    let Some(modified) = before else { return Ok(()) };
    if image.lstat(above)?.is_some_and(|meta| meta.stamp.modified != modified) {
        write::set_times(image, above, Times { accessed: modified, modified }, false)?;
        write::sync(image, above)?;
    }
    Ok(())
}

fn expected(image: &Image, path: &Path) -> Result<Option<Expected>, Error> {
    Ok(write::look(image, path, None)?.as_ref().map(Expected::of))
}

/// Nobody else writes there.
fn ours(path: &Path, outcome: &Outcome) -> Result<(), Error> {
    match outcome {
        Outcome::Changed => Err(Error::malformed("write", path, "somebody else writes to it; end that and try again")),
        Outcome::Done | Outcome::NotOverwritten(_) => Ok(()),
    }
}
