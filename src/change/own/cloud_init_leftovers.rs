//! IDN-09: removes what cloud-init writes anew, file by file and line by line.

use std::path::PathBuf;

use crate::change::{Remedy, fix};
use crate::check::own::cloud_init_leftovers::leftovers;
use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let gone = leftovers(image, image.cloud_init()?)?.into_iter().filter(|leftover| leftover.kept.is_none());
    let (lines, files): (Vec<_>, Vec<_>) = gone.partition(|leftover| leftover.line.is_some());
    let files: Vec<PathBuf> = files.into_iter().map(|leftover| leftover.path).collect();
    let mut changes = match fix::remove::all(image, &files)? {
        Remedy::Changes(changes) => changes,
        by_hand => return Ok(by_hand),
    };
    if !lines.is_empty() {
        let seen = lines.into_iter().filter_map(|leftover| Some(Observation::at(leftover.path).line(leftover.line?)));
        match fix::drop_lines::remedy(image, &Finding::new(Status::Fail, "").seen(seen))? {
            Remedy::Changes(edited) => changes.extend(edited),
            by_hand => return Ok(by_hand),
        }
    }
    Ok(Remedy::Changes(changes))
}
