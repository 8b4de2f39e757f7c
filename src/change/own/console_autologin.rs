//! ACC-13: removes agetty's drop-ins and credentials, and the lines of display managers.

use std::path::Path;

use crate::change::{Remedy, fix};
use crate::check::{Finding, Observation};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let path = |seen: &Observation| seen.path.clone().unwrap_or_default();
    let is_unit = |path: &Path| path.starts_with("/etc/systemd/system") || path == Path::new("/etc/inittab");
    let is_elsewhere = |path: &Path| path.starts_with("/usr/lib/systemd") || path.starts_with("/usr/local/lib/systemd");
    if finding.observations.iter().map(path).any(|path| is_elsewhere(&path)) {
        let why = "A drop-in outside /etc says so; what put it there would put it there again.";
        return Ok(Remedy::ByHand(why.to_owned()));
    }
    let is_drop_in = |path: &Path| {
        let directory = path.parent().and_then(Path::file_name).unwrap_or_default();
        directory.as_encoded_bytes().ends_with(b".d") && path.starts_with("/etc/systemd/system")
    };
    if finding.observations.iter().map(path).any(|path| is_unit(&path) && !is_drop_in(&path)) {
        let why = "A whole unit was written for this console; without the line it would start nothing.";
        return Ok(Remedy::ByHand(why.to_owned()));
    }
    // A drop-in that empties ExecStart= and sets it anew must go as a whole: half of it is no unit.
    let is_whole = |seen: &Observation| seen.line.is_none() || is_drop_in(&path(seen));
    let mut changes = Vec::new();
    let (mut whole, mut lines) = (finding.clone(), finding.clone());
    whole.observations.retain(is_whole);
    lines.observations.retain(|seen| !is_whole(seen));
    if !whole.observations.is_empty() {
        match fix::remove::remedy(image, &whole)? {
            Remedy::Changes(removed) => changes.extend(removed),
            by_hand => return Ok(by_hand),
        }
    }
    if !lines.observations.is_empty() {
        match fix::drop_lines::remedy(image, &lines)? {
            Remedy::Changes(edited) => changes.extend(edited),
            by_hand => return Ok(by_hand),
        }
    }
    Ok(Remedy::Changes(changes))
}
