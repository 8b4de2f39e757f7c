//! What lies beside a path: removing it when a run has ended, and finding out after a crash what it is.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use nix::fcntl::renameat;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::{Outcome, Place, Tree, look, shred, step, swap, tree};
use crate::image::{Error, Image, Kind};

/// Removes what lies beside `path` under the side name of `tag`, if anything. With `shred`, the bytes of regular files
/// are overwritten first. The directory is synced by [`super::sync`].
///
/// # Errors
/// When it cannot be removed.
pub fn tidy(image: &Image, path: &Path, tag: &str, shred: bool) -> Result<Outcome, Error> {
    let Some(place) = Place::find(image, path, tag)? else { return Ok(Outcome::Done) };
    let begun = finish(image, &place, shred)?;
    let fail = place.fail("clean up beside");
    let Some(stat) = look::stat(place.directory.as_fd(), &place.aside).map_err(&fail)? else {
        return Ok(begun);
    };
    let kind = look::kind(&stat);
    if kind != Kind::Directory && !(shred && kind == Kind::File) {
        step(|| unlinkat(&place.directory, place.aside.as_os_str(), UnlinkatFlags::NoRemoveDir)).map_err(fail)?;
        return Ok(Outcome::Done);
    }
    // What goes in more than one step gets a name that says so: it may be gone in part, and is never put back.
    let doomed = doomed(&place.aside);
    step(|| renameat(&place.directory, place.aside.as_os_str(), &place.directory, doomed.as_os_str())).map_err(fail)?;
    place.sync()?;
    finish(image, &place, shred)
}

/// As [`tidy`], for a draft that is not wanted: nothing of it is overwritten.
///
/// # Errors
/// When it cannot be removed.
pub fn discard(image: &Image, path: &Path, tag: &str) -> Result<(), Error> {
    tidy(image, path, tag, false).map(|_| ())
}

/// Removes what [`tidy`] had begun with, if anything. What cannot be overwritten is removed all the same.
fn finish(image: &Image, place: &Place<'_>, shred: bool) -> Result<Outcome, Error> {
    let name = doomed(&place.aside);
    let fail = place.fail("remove what was overwritten beside");
    let Some(stat) = look::stat(place.directory.as_fd(), &name).map_err(&fail)? else { return Ok(Outcome::Done) };
    let kept = if look::kind(&stat) == Kind::Directory {
        tree::remove(image, place, &name, shred)?
    } else {
        // A file has this name only because its bytes were to go.
        let kept = shred::overwrite(&place.directory, &name).err();
        step(|| unlinkat(&place.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir)).map_err(fail)?;
        kept
    };
    Ok(kept.map_or(Outcome::Done, Outcome::NotOverwritten))
}

/// `.name.tag~` becomes `.name.tags~`.
fn doomed(aside: &OsStr) -> OsString {
    let mut bytes = aside.as_bytes().to_vec();
    bytes.pop();
    bytes.extend(b"s~");
    OsString::from_vec(bytes)
}

/// Tidies up beside `path` after the program was ended while it turned `from` into `to` under the side name of `tag`.
/// Afterwards nothing lies beside it but, where the change is in place, what it replaced. What another program wrote in
/// the very moment of the rename is put back. A removal that had begun is carried to its end, with `shred` by overwriting.
///
/// # Errors
/// When it cannot be read or removed.
pub fn settle(
    image: &Image,
    path: &Path,
    from: Option<&Tree>,
    to: Option<&Tree>,
    tag: &str,
    shred: bool,
) -> Result<(), Error> {
    let Some(place) = Place::find(image, path, tag)? else { return Ok(()) };
    // What could not be overwritten is gone all the same, and that is what matters here.
    let _ = finish(image, &place, shred)?;
    swap::settle_slow(&place)?;
    let there = |name| look::stat(place.directory.as_fd(), name).map(|stat| stat.is_some()).map_err(place.fail("read"));
    if !there(&place.aside)? {
        return Ok(());
    }
    let is_done = match to {
        Some(to) => to.is(image, &place, &place.name)?,
        None => !there(&place.name)?,
    };
    let Some(from) = from.filter(|_| is_done) else { return discard(image, path, tag) };
    if from.is(image, &place, &place.aside)? {
        return Ok(());
    }
    if to.is_none() {
        swap::rename(&place, false).map_err(place.fail("put back"))?;
        return place.sync();
    }
    swap::exchange(&place).map_err(place.fail("put back"))?;
    discard(image, path, tag)?;
    place.sync()
}
