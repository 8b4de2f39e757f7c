//! SEC-01: removes credential files, and takes keys out of other files.

use std::collections::BTreeSet;

use crate::change::fix::{real, remove};
use crate::change::{Change, Remedy};
use crate::check::sweep::without_aws_keys;
use crate::check::{Finding, Status};
use crate::image::{Error, Image, text};

/// An observation with a line is a key in a file of another purpose: the file stays.
pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let (keys, files) = finding.observations.iter().cloned().partition::<Vec<_>, _>(|seen| seen.line.is_some());
    let mut changes = match remove::remedy(image, &Finding::new(Status::Fail, "").seen(files))? {
        Remedy::Changes(changes) => changes,
        by_hand @ Remedy::ByHand(_) => return Ok(by_hand),
    };
    for path in keys.into_iter().filter_map(|seen| seen.path).collect::<BTreeSet<_>>() {
        let path = real(image, &path)?;
        let Some(before) = image.node(&path)? else { continue };
        let Some(after) = before.bytes().and_then(without_aws_keys) else {
            let path = text::path(&path);
            return Ok(Remedy::ByHand(format!(
                "{path} is no small text file; take the key out with the program it is of."
            )));
        };
        let after = Some(before.with_bytes(after));
        changes.push(Change::Path { path, before: Some(before), after, secret: true });
    }
    Ok(Remedy::Changes(changes))
}
