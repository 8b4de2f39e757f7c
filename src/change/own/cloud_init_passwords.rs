//! SSH-06: takes passwords out of cloud-init's files, turns `ssh_pwauth` off and locks what was left unlocked.

use std::collections::BTreeSet;

use super::cloud_lines::{Edit, edit};
use crate::change::Remedy;
use crate::check::Finding;
use crate::check::own::cloud_init_passwords::{Weakness, weakness};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let paths: BTreeSet<_> = finding.observations.iter().filter_map(|seen| seen.path.as_deref()).collect();
    let mut changes = Vec::new();
    for path in paths {
        let outcome = edit(image, path, |key| {
            weakness(key).map(|weakness| match weakness {
                Weakness::TurnsOn => Edit::Set("false"),
                Weakness::Unlocks => Edit::Set("true"),
                Weakness::Sets => Edit::Remove,
            })
        })?;
        match outcome {
            Ok(change) => changes.extend(change),
            Err(by_hand) => return Ok(by_hand),
        }
    }
    if changes.is_empty() {
        return Ok(Remedy::ByHand("The password does not stand on a line of its own.".to_owned()));
    }
    Ok(Remedy::Changes(changes))
}
