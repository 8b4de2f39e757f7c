//! Putting in place and taking away by one rename, and back.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, RenameFlags, renameat, renameat2};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::{Expected, Outcome, Place, Tree, Wanted, aside, fault, look, stage, step};
use crate::image::{Error, Image};

/// Puts what is staged for `path` in its place (`puts`), or takes away what is there. What was there before, `from`
/// (`None`: nothing), lies under the side name afterwards. Directories are synced by [`super::sync`].
///
/// # Errors
/// When it cannot be done; what was there is there still.
pub fn commit(image: &Image, path: &Path, from: Option<&Tree>, puts: bool, tag: &str) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    let Some(from) = from else {
        return match rename_new(&place) {
            Ok(()) => Ok(Outcome::Done),
            Err(Errno::EEXIST) => Ok(Outcome::Changed),
            Err(errno) => Err(place.fail("write")(errno)),
        };
    };
    if !from.top.may_be(&place.directory, &place.name, path)? {
        return Ok(Outcome::Changed);
    }
    let action = if puts { "replace" } else { "remove" };
    let renamed = if puts { exchange(&place) } else { rename(&place, true) };
    renamed.map_err(place.fail(action))?;
    // Only now is it certain what was there: a look before the rename could be a moment too early.
    if from.is(image, &place, &place.aside)? {
        return Ok(Outcome::Done);
    }
    let back = if puts { exchange(&place) } else { rename(&place, false) };
    back.map_err(place.fail("put back"))?;
    Ok(Outcome::Changed)
}

/// Undoes [`commit`]: what lies under the side name goes back to its place, and what is in its place, `now`, goes aside.
///
/// # Errors
/// When it cannot be done; nothing was changed then.
pub fn revert(image: &Image, path: &Path, now: Option<&Tree>, tag: &str) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    let Some(now) = now else {
        return match rename_new(&place) {
            Ok(()) => Ok(Outcome::Done),
            Err(Errno::EEXIST) => Ok(Outcome::Changed),
            Err(errno) => Err(place.fail("put back")(errno)),
        };
    };
    exchange(&place).map_err(place.fail("put back"))?;
    if now.is(image, &place, &place.aside)? {
        return Ok(Outcome::Done);
    }
    exchange(&place).map_err(place.fail("put back"))?;
    Ok(Outcome::Changed)
}

/// Whether what is at `path` is `tree`.
///
/// # Errors
/// When it cannot be read.
pub fn is_at(image: &Image, path: &Path, tree: &Tree) -> Result<bool, Error> {
    let Some(place) = Place::find(image, path, "")? else { return Ok(false) };
    tree.is(image, &place, &place.name)
}

/// Whether what lies beside `path` is `tree`.
///
/// # Errors
/// When it cannot be read.
pub fn is_aside(image: &Image, path: &Path, tree: &Tree, tag: &str) -> Result<bool, Error> {
    let Some(place) = Place::find(image, path, tag)? else { return Ok(false) };
    tree.is(image, &place, &place.aside)
}

/// Puts `wanted` at `path`, where `expected` is now (`None`: nothing), in one go. `tag` names the run. With `shred`, the
/// bytes of the file that it replaces are overwritten before they are given up.
///
/// # Errors
/// When it cannot be written; what was there is there still.
pub fn put(
    image: &Image,
    path: &Path,
    wanted: &mut Wanted<'_>,
    expected: Option<&Expected>,
    tag: &str,
    shred: bool,
) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    stage::stage(image, &place, wanted)?;
    in_one_go(image, &place, expected, true, tag, shred)
}

/// Removes what is at `path`, when it is what is `expected`. A directory must be empty. With `shred`, the bytes of a
/// regular file are overwritten first.
///
/// # Errors
/// When it cannot be removed; it is there still.
pub fn remove(image: &Image, path: &Path, expected: &Expected, tag: &str, shred: bool) -> Result<Outcome, Error> {
    let place = Place::of(image, path, tag)?;
    aside::discard(image, path, tag)?;
    in_one_go(image, &place, Some(expected), false, tag, shred)
}

fn in_one_go(
    image: &Image,
    place: &Place<'_>,
    expected: Option<&Expected>,
    puts: bool,
    tag: &str,
    shred: bool,
) -> Result<Outcome, Error> {
    let from = expected.map(|top| Tree { top: top.clone(), below: std::collections::BTreeMap::new() });
    let done = commit(image, place.path, from.as_ref(), puts, tag);
    if !matches!(done, Ok(Outcome::Done)) {
        // The error is the one to tell; a rest that cannot be removed is met again by `settle`.
        let _ = aside::discard(image, place.path, tag);
        return done;
    }
    place.sync()?;
    let outcome = aside::tidy(image, place.path, tag, shred)?;
    place.sync()?;
    Ok(outcome)
}

/// What is staged goes to the name, where nothing may be.
fn rename_new(place: &Place<'_>) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    let flags = RenameFlags::RENAME_NOREPLACE;
    match step(|| fault::flags().and_then(|()| renameat2(&place.directory, aside, &place.directory, name, flags))) {
        // A file system without the flag: look, then rename. The moment between is the price.
        Err(Errno::EINVAL) if look::stat(place.directory.as_fd(), &place.name)?.is_none() => {
            step(|| renameat(&place.directory, aside, &place.directory, name))
        }
        Err(Errno::EINVAL) => Err(Errno::EEXIST),
        other => other,
    }
}

/// What is staged and what is in place change names, in one step.
pub(super) fn exchange(place: &Place<'_>) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    let flags = RenameFlags::RENAME_EXCHANGE;
    match step(|| fault::flags().and_then(|()| renameat2(&place.directory, aside, &place.directory, name, flags))) {
        Err(Errno::EINVAL) => exchange_slowly(place),
        other => other,
    }
}

/// On a file system that cannot exchange (NFS, some of FUSE): the old one gets a second name, the new one replaces it,
/// and the second name becomes the side name. Where there are no hard links, or for a directory, the name is missing for
/// a moment. Each state in between is one that [`settle_slow`] knows.
fn exchange_slowly(place: &Place<'_>) -> Result<(), Errno> {
    let (at, aside, name, old) = (&place.directory, &place.aside, &place.name, second(&place.aside));
    match step(|| linkat(at, name.as_os_str(), at, old.as_os_str(), AtFlags::empty())) {
        Ok(()) => {}
        Err(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EMLINK | Errno::EINVAL) => {
            step(|| renameat(at, name.as_os_str(), at, old.as_os_str()))?;
        }
        Err(errno) => return Err(errno),
    }
    if let Err(errno) = step(|| renameat(at, aside.as_os_str(), at, name.as_os_str())) {
        let _ = undo_second(place, &old);
        return Err(errno);
    }
    step(|| renameat(at, old.as_os_str(), at, aside.as_os_str()))
}

/// After a crash within [`exchange_slowly`]: it is carried to its end, or undone where nothing had been replaced yet.
pub(super) fn settle_slow(place: &Place<'_>) -> Result<(), Error> {
    let old = second(&place.aside);
    let fail = place.fail("put right what lies beside");
    let there = |name: &OsStr| look::stat(place.directory.as_fd(), name).map(|stat| stat.is_some());
    if !there(&old).map_err(&fail)? {
        return Ok(());
    }
    if there(&place.aside).map_err(&fail)? {
        return undo_second(place, &old).map_err(fail);
    }
    step(|| renameat(&place.directory, old.as_os_str(), &place.directory, place.aside.as_os_str())).map_err(fail)
}

/// After a crash: an exchange in several steps at `path` is carried to its end or undone.
///
/// # Errors
/// When it cannot be done.
pub fn steady(image: &Image, path: &Path, tag: &str) -> Result<(), Error> {
    Place::find(image, path, tag)?.as_ref().map_or(Ok(()), settle_slow)
}

/// Where what was replaced at `path` lies under the side name of `tag`; another place where an exchange in several steps was
/// interrupted. `None`: it lies nowhere, and so does what is staged.
///
/// # Errors
/// When it cannot be looked at.
pub fn old_aside(image: &Image, path: &Path, tag: &str) -> Result<Option<std::path::PathBuf>, Error> {
    let Some(place) = Place::find(image, path, tag)? else { return Ok(None) };
    let there = |name: &OsStr| look::stat(place.directory.as_fd(), name).map_err(place.fail("look beside"));
    for name in [&place.aside, &second(&place.aside)] {
        if there(name)?.is_some() {
            return Ok(Some(path.with_file_name(name)));
        }
    }
    Ok(None)
}

/// The second name goes, or becomes the first again where that is missing.
fn undo_second(place: &Place<'_>, old: &OsStr) -> Result<(), Errno> {
    if look::stat(place.directory.as_fd(), &place.name)?.is_some() {
        step(|| unlinkat(&place.directory, old, UnlinkatFlags::NoRemoveDir))
    } else {
        step(|| renameat(&place.directory, old, &place.directory, place.name.as_os_str()))
    }
}

/// `.name.tag~` becomes `.name.tago~`.
fn second(aside: &OsStr) -> OsString {
    let mut bytes = aside.as_bytes().to_vec();
    bytes.pop();
    bytes.extend(b"o~");
    OsString::from_vec(bytes)
}

/// Moves the thing in place aside (`true`), or back.
pub(super) fn rename(place: &Place<'_>, away: bool) -> Result<(), Errno> {
    let (aside, name) = (place.aside.as_os_str(), place.name.as_os_str());
    let (from, to) = if away { (name, aside) } else { (aside, name) };
    let flags = RenameFlags::RENAME_NOREPLACE;
    match step(|| fault::flags().and_then(|()| renameat2(&place.directory, from, &place.directory, to, flags))) {
        Err(Errno::EINVAL) => step(|| renameat(&place.directory, from, &place.directory, to)),
        other => other,
    }
}
