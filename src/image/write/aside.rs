//! After a crash: what may lie beside a path, and what to do with it.

use std::os::fd::AsFd;
use std::path::Path;

use super::{Expected, Place, Shape, look, shred, stage, swap};
use crate::image::{Error, Image};

/// Tidies up beside `path` after the program was ended while it turned `from` into `to` under the side name of `tag`.
/// Afterwards nothing lies beside it. What another program wrote in the very moment of the rename is put back. With
/// `shred`, the bytes of a file that was replaced or removed are overwritten; one where that had begun is overwritten to
/// its end in any case.
///
/// # Errors
/// When it cannot be read or removed.
pub fn settle(
    image: &Image,
    path: &Path,
    from: Option<&Expected>,
    to: Option<&Expected>,
    tag: &str,
    shred: bool,
) -> Result<(), Error> {
    let Some(place) = Place::find(image, path, tag)? else { return Ok(()) };
    // What could not be overwritten is gone all the same, and that is what matters here.
    let _ = shred::finish(&place)?;
    let there = |name| look::stat(place.directory.as_fd(), name).map(|stat| stat.is_some()).map_err(place.fail("read"));
    if !there(&place.aside)? {
        return Ok(());
    }
    let is = |expected: Option<&Expected>, name| match expected {
        Some(expected) => expected.is(&place.directory, name, path),
        None => Ok(!there(name)?),
    };
    // Aside is what the rename took out of its place, unless the rename had not happened: then it is a draft.
    let renamed = is(to, &place.name)? && from.is_some();
    if renamed && !is(from, &place.aside)? {
        if to.is_some() {
            swap::exchange(&place).map_err(place.fail("put back"))?;
        } else {
            swap::rename(&place, false).map_err(place.fail("put back"))?;
            return place.sync();
        }
    }
    if shred && renamed && from.is_some_and(|from| matches!(from.shape, Shape::File { .. })) {
        let _ = shred::away(&place)?;
        return Ok(());
    }
    stage::clear(&place)?;
    place.sync()
}
