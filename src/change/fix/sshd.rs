//! Sets an sshd keyword where it takes effect; [`crate::change::sshd_edit`] knows where that is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::change::sshd_edit::{EditError, set};
use crate::change::{Change, Remedy};
use crate::image::{Error, Image};

pub(in crate::change) fn remedy(image: &Image, keyword: &str, value: &str) -> Result<Remedy, Error> {
    or_by_hand(set(image, keyword, value))
}

/// The changes; what must not be done by a program is for a person.
pub(in crate::change) fn or_by_hand(changes: Result<Vec<Change>, EditError>) -> Result<Remedy, Error> {
    match changes {
        Ok(changes) => Ok(Remedy::Changes(changes)),
        Err(EditError::Refused(why)) => Ok(Remedy::ByHand(format!("{why}."))),
        Err(EditError::Image(error)) => Err(error),
    }
}

/// The changes of several edits, each made from what the ones before it leave; of one file only the last text counts.
pub(in crate::change) fn one_after_another<T>(
    image: &Image,
    edits: impl IntoIterator<Item = T>,
    edit: impl Fn(&Image, T) -> Result<Vec<Change>, EditError>,
) -> Result<Remedy, Error> {
    let mut overlay = image.overlay().clone();
    let mut edited: BTreeMap<PathBuf, Change> = BTreeMap::new();
    for what in edits {
        let changes = match or_by_hand(edit(&image.drafted(overlay.clone()), what))? {
            Remedy::Changes(changes) => changes,
            by_hand => return Ok(by_hand),
        };
        for change in changes {
            let Change::Path { path, after: now, .. } = &change else { continue };
            overlay.put(path, now.clone());
            match edited.get_mut(path) {
                Some(Change::Path { after, .. }) => after.clone_from(now),
                _ => drop(edited.insert(path.clone(), change)),
            }
        }
    }
    Ok(Remedy::Changes(edited.into_values().collect()))
}
