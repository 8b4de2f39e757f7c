//! SSH-05: closes in every `Match` block what SSH-01 to SSH-04 close for the server.

use std::collections::BTreeMap;

use crate::change::sshd_edit::set_in_matches;
use crate::change::{Change, Remedy, fix};
use crate::check::own::match_blocks::watched;
use crate::image::{Error, Image, Overlay};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    // Each keyword's edit is made from what the ones before it leave; of one file only the last text counts.
    let mut overlay = image.overlay().clone();
    let mut edited: BTreeMap<_, Change> = BTreeMap::new();
    for (keyword, accepted, value) in watched(image)? {
        let drafted = image.drafted(overlay.clone());
        let changes = match fix::sshd::or_by_hand(set_in_matches(&drafted, keyword, value, accepted))? {
            Remedy::Changes(changes) => changes,
            by_hand @ Remedy::ByHand(_) => return Ok(by_hand),
        };
        for change in changes {
            lay(&mut overlay, &change);
            let Change::Path { path, after: now, .. } = &change else { continue };
            match edited.get_mut(path) {
                Some(Change::Path { after, .. }) => after.clone_from(now),
                _ => drop(edited.insert(path.clone(), change)),
            }
        }
    }
    Ok(Remedy::Changes(edited.into_values().collect()))
}

fn lay(overlay: &mut Overlay, change: &Change) {
    if let Change::Path { path, after, .. } = change {
        overlay.put(path, after.clone());
    }
}
