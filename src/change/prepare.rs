//! From a plan to a run: looks at everything that will be changed, compares it with what the plan was made from, and
//! keeps what undo needs. Nothing of the image is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::links::{self, Names};
use super::run::{CommandStep, DirectoryTimes, Held, HeldBody, Links, Move, Raw, Run};
use super::state::{State, disk_error, make_directory, remove_run, run_names, sync_directory, write_file};
use super::{Change, Plan, services};
use crate::image::write;
use crate::image::{Body, Error, FileNode, Image, Node};

/// Why a plan cannot be carried out.
#[derive(Debug)]
pub(super) enum NotReady {
    /// A path is not what the plan was made from.
    Changed(PathBuf),
    /// It could not be read or kept.
    Failed(Error),
}

impl From<Error> for NotReady {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A new id, sortable by time.
pub(super) fn new_id(state: &State) -> String {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let taken = |id: &String| state.run_directory(id).exists();
    let mut ids = (1..).map(|number: u64| format!("{time}-{number}"));
    ids.find(|id| !taken(id)).unwrap_or(time)
}

/// Removes what is left of runs that were interrupted before they began.
pub(super) fn sweep_up(image: &Image, state: &State, known: &BTreeSet<&str>) -> Result<(), Error> {
    super::manifest::sweep(image, state)?;
    for name in run_names(state)?.iter().filter(|name| !known.contains(name.as_str())) {
        remove_run(&state.run_directory(name))?;
    }
    Ok(())
}

/// Makes the run `id` of `plan`: written and synced to the state directory when this returns.
pub(super) fn prepare(image: &Image, state: &State, plan: &Plan, id: &str) -> Result<Run, NotReady> {
    make_directory(&state.run_directory(id))?;
    let mut contents = Contents::create(state, id)?;
    let mut current: BTreeMap<&Path, (Option<&Node>, Option<Held>)> = BTreeMap::new();
    let mut links = links_of(image, plan)?;
    let mut run = Run::new(id);
    run.shred = plan.shred;
    run.services = services::steps(plan);
    for step in &plan.steps {
        if !run.guidelines.contains(&step.guideline) {
            run.guidelines.push(step.guideline.clone());
        }
        for change in &step.changes {
            let (path, before, after, secret) = match change {
                Change::Path { path, before, after, secret } => (path, before, after, *secret),
                Change::Command { argv, purpose } => {
                    let (argv, purpose) = (argv.clone(), purpose.clone());
                    run.commands.push(CommandStep { guideline: step.guideline.clone(), argv, purpose });
                    continue;
                }
            };
            let from = if let Some((node, held)) = current.get(path.as_path()) {
                if *node != before.as_ref() {
                    return Err(NotReady::Changed(path.clone()));
                }
                held.clone()
            } else {
                let goes = is_log_that_goes(image, change);
                first(image, &mut contents, path, before.as_ref(), links.remove(path.as_path()), goes)?
            };
            let to = match after {
                Some(node) => Some(planned(&mut contents, path, from.as_ref(), node)?),
                None => None,
            };
            current.insert(path, (after.as_ref(), to.clone()));
            run.moves.push(Move { guideline: step.guideline.clone(), path: Raw::path(path), from, to, secret });
        }
    }
    run.directories = directories(image, run.moves.iter().map(|step| step.path.to_path()))?;
    contents.sync()?;
    save(state, &run)?;
    Ok(run)
}

/// Whether it removes or empties a log of the running machine: services go on writing there between the look and the
/// change, and what they wrote goes too. Undo brings all of it back.
pub(super) fn is_log_that_goes(image: &Image, change: &Change) -> bool {
    let Change::Path { path, before: Some(_), after, .. } = change else { return false };
    let is_left = match after {
        None => false,
        Some(Node::File(FileNode { body: Body::Bytes(bytes), .. })) => !bytes.is_empty(),
        Some(_) => true,
    };
    image.live().is_some() && path.starts_with("/var/log") && !is_left
}

/// What is at `path` before the run, when it is what the plan was made from; with `any_content`, whatever the file there
/// holds by now.
fn first(
    image: &Image,
    contents: &mut Contents,
    path: &Path,
    before: Option<&Node>,
    links: Option<Links>,
    any_content: bool,
) -> Result<Option<Held>, NotReady> {
    let Some((mut held, seen)) = contents.hold(image, path)? else {
        return if before.is_none() { Ok(None) } else { Err(NotReady::Changed(path.to_owned())) };
    };
    let is_written =
        matches!(before, Some(Node::File(FileNode { body: Body::OnDisk { stamp, .. }, .. })) if *stamp != seen.stamp);
    let is_same = !is_written && is_node(Some(&held), before);
    if !(is_same || any_content && matches!(held.body, HeldBody::File { .. })) {
        return Err(NotReady::Changed(path.to_owned()));
    }
    if let Some(links) = links {
        // Another name than those that were found just now.
        if u64::try_from(links.others.len() + 1) != Ok(seen.links) {
            return Err(NotReady::Changed(path.to_owned()));
        }
        held.links = Some(links);
    }
    Ok(Some(held))
}

/// The other names of every file with several of which `plan` replaces or removes one.
fn links_of<'p>(image: &Image, plan: &'p Plan) -> Result<BTreeMap<&'p Path, Links>, NotReady> {
    let splits = links::split(image, plan.steps.iter().flat_map(|step| &step.changes));
    let mut names = Names::default();
    names.find(image, &splits)?;
    let links = splits.iter().map(|split| {
        let links = names.links(split).map_err(|why| {
            let why = format!("taking it back could not be exact: {why}; change it by hand");
            NotReady::Failed(Error::malformed("change", split.path, why))
        });
        Ok((split.path, links?))
    });
    links.collect()
}

/// What `node` will be, with what it takes over from what it replaces.
fn planned(contents: &mut Contents, path: &Path, from: Option<&Held>, node: &Node) -> Result<Held, Error> {
    let too_large = || Error::malformed("write", path, "the new content is too large to hold; do it by hand");
    let mut to = match (contents.hold_node(node)?, node, from) {
        (Some(to), ..) => to,
        // A large file of which only mode or owner change.
        (None, Node::File(file), Some(from)) => Held { mode: file.mode, uid: file.uid, gid: file.gid, ..from.clone() },
        _ => return Err(too_large()),
    };
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if !user.is_root() && (to.uid, to.gid) == (0, 0) {
        // Nobody but root can give a file to root: on an ordinary user's own (practice) image it stays theirs.
        (to.uid, to.gid) = from.map_or((user.as_raw(), group.as_raw()), |from| (from.uid, from.gid));
    }
    if let Some(from) = from.filter(|from| from.same_content(&to)) {
        to.times = from.times;
        to.xattrs.clone_from(&from.xattrs);
        to.links.clone_from(&from.links);
        to.is_sparse = from.is_sparse;
        to.stamp = from.stamp;
    }
    Ok(to)
}

/// Whether `held` is the node of a change.
fn is_node(held: Option<&Held>, node: Option<&Node>) -> bool {
    let (Some(held), Some(node)) = (held, node) else { return held.is_none() && node.is_none() };
    let owner = (held.uid, held.gid);
    match (node, &held.body) {
        (Node::File(file), HeldBody::File { size, sha256, .. }) => {
            let same = match &file.body {
                Body::Bytes(bytes) => super::journal::digest(bytes) == *sha256,
                Body::OnDisk { size: large, .. } => large == size,
            };
            same && (file.mode, (file.uid, file.gid)) == (held.mode, owner)
        }
        (Node::Symlink { target, uid, gid }, HeldBody::Symlink(text)) => {
            text.to_path().as_os_str() == target.as_os_str() && (*uid, *gid) == owner
        }
        (Node::Directory { mode, uid, gid }, HeldBody::Directory) => (*mode, (*uid, *gid)) == (held.mode, owner),
        _ => false,
    }
}

/// The times of the directories that hold `paths`, where they exist.
pub(super) fn directories(image: &Image, paths: impl Iterator<Item = PathBuf>) -> Result<DirectoryTimes, Error> {
    let parents: BTreeSet<PathBuf> = paths.filter_map(|path| path.parent().map(Path::to_owned)).collect();
    let mut times = DirectoryTimes::new();
    for path in parents {
        if let Some(seen) = write::look(image, &path, None)? {
            times.push((Raw::path(&path), seen.times));
        }
    }
    Ok(times)
}

/// Writes `run.json` and everything that leads to it.
pub(super) fn save(state: &State, run: &Run) -> Result<(), Error> {
    let directory = state.run_directory(&run.id);
    let path = directory.join("run.json");
    let bytes = serde_json::to_vec(run).map_err(|error| Error::malformed("write", &path, error.to_string()))?;
    write_file(&path, &bytes)?;
    let above = directory.parent().unwrap_or(&directory);
    sync_directory(above).map_err(|error| disk_error("sync", above, &error))
}
