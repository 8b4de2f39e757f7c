//! Sets an sshd keyword where it takes effect; [`crate::change::sshd_edit`] knows where that is.

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
