//! LOG-12: removes swap files that nothing asks for.

use crate::change::Remedy;
use crate::change::fix::remove;
use crate::check::own::swap::filled;
use crate::image::{Error, Image, text};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let files = filled(image)?;
    for file in &files {
        let path = text::path(&file.path);
        if file.is_active {
            return Ok(Remedy::ByHand(format!(
                "The machine swaps to {path} now, and may run out of memory without it; see that it can do without, then swapoff."
            )));
        }
        if let Some(what) = file.wanted_by {
            return Ok(Remedy::ByHand(format!(
                "{what} names {path}; take it out there and remove the file, or make it anew: empty, with the same UUID."
            )));
        }
    }
    remove::all(image, &files.into_iter().map(|file| file.path).collect::<Vec<_>>())
}
