//! KEY-03: removes key files, and the keys in cloud-init's configuration.

use super::cloud_lines::{Edit, edit};
use crate::change::{Remedy, fix};
use crate::check::Finding;
use crate::check::cloud_lines::files;
use crate::check::own::authorized_keys::is_seeded_key;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    if finding.observations.iter().any(|seen| seen.path.as_deref().is_some_and(|path| path.starts_with("/etc/userdb")))
    {
        let why =
            "A record in /etc/userdb holds a key; take the key out of it, or the record if the user is not needed.";
        return Ok(Remedy::ByHand(why.to_owned()));
    }
    let configuration = files(image)?;
    let mut changes = Vec::new();
    for path in &configuration {
        if !finding.observations.iter().any(|seen| seen.path.as_ref() == Some(path)) {
            continue;
        }
        match edit(image, path, |key| is_seeded_key(key).then_some(Edit::Remove))? {
            Ok(change) => changes.extend(change),
            Err(by_hand) => return Ok(by_hand),
        }
    }
    let mut rest = finding.clone();
    rest.observations.retain(|seen| seen.path.as_ref().is_none_or(|path| !configuration.contains(path)));
    Ok(match fix::remove::remedy(image, &rest)? {
        Remedy::Changes(removals) => Remedy::Changes(changes.into_iter().chain(removals).collect()),
        by_hand => by_hand,
    })
}
