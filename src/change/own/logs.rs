//! LOG-01 and LOG-02: empties what is written to, removes what was rotated.

use crate::change::fix::real;
use crate::change::fix::truncate::emptied;
use crate::change::{Change, Remedy};
use crate::check::own::logs::{Log, Way, filled};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    changes(image, filled(image)?)
}

/// Not from the finding, which may leave places out: from the image itself.
pub(super) fn changes(image: &Image, logs: Vec<Log>) -> Result<Remedy, Error> {
    let mut changes = Vec::with_capacity(logs.len());
    for log in logs {
        let path = real(image, &log.path)?;
        let before = image.node(&path)?;
        let after = match log.way {
            Way::Remove => None,
            Way::Truncate => before.as_ref().and_then(emptied),
        };
        changes.push(Change::Path { path, before, after, secret: true });
    }
    Ok(Remedy::Changes(changes))
}
