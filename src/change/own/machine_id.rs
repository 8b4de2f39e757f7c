//! IDN-01: empties machine-id.

use std::path::Path;

use crate::change::fix::truncate::emptied;
use crate::change::{Change, Remedy};
use crate::check::own::machine_id::PATH;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let path = image.real_path(Path::new(PATH))?;
    let before = image.node(&path)?;
    let after = before.as_ref().and_then(emptied);
    Ok(Remedy::Changes(vec![Change::Path { path, before, after, secret: false }]))
}
