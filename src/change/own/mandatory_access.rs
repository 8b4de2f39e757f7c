//! BOT-13: has the next boot label every file.

use std::path::Path;

use crate::change::Remedy;
use crate::change::fix::put;
use crate::check::own::mandatory_access::RELABEL;
use crate::check::{Finding, Observation};
use crate::image::{Error, Image, Node};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let is_label = |seen: &Observation| seen.text.as_deref().is_some_and(|text| text.starts_with("its type is"));
    if !finding.observations.iter().all(is_label) {
        return Ok(Remedy::ByHand("It is a setting, not a label; only a person knows which was meant.".to_owned()));
    }
    let mut changes = Vec::new();
    put(image, Path::new(RELABEL), Some(Node::new_file(Vec::new(), 0o644)), &mut changes)?;
    Ok(Remedy::Changes(changes))
}
