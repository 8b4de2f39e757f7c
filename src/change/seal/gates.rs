//! What the next boot must bring before anything may be sealed away: host keys, the buyer's key, sudo, a network.
//!
//! The gates are the guidelines of earlier phases that those of the seal `need` (the catalogue's data, nothing of its
//! own). They count whether or not there is anything left to remove: an image that nobody can log in to is worse than
//! one that was not sealed.

use super::{Mandate, Stage};
use crate::catalogue::Catalogue;
use crate::change::Refusal;
use crate::change::plan::stands;
use crate::check::{self, Context};
use crate::image::Image;

/// The gates that do not stand on `image`, in catalogue order, each with what was found and why it matters. One that
/// could not be judged does not stand.
pub(super) fn closed(catalogue: &Catalogue, context: &Context, image: &Image, mandate: &Mandate) -> Vec<Refusal> {
    let carried: Vec<_> = mandate.ids().iter().filter_map(|id| catalogue.get(id)).collect();
    let mut closed = Vec::new();
    for gate in catalogue.in_order().into_iter().filter(|guideline| Stage::of(guideline.phase).is_none()) {
        let needed = carried.iter().find_map(|guideline| {
            let need = guideline.needs.iter().find(|need| need.id == gate.id)?;
            Some((&guideline.id, need.why.as_deref().unwrap_or("without it nobody may get in any more.")))
        });
        let Some((for_what, why)) = needed else { continue };
        if stands(catalogue, context, image, &gate.id) {
            continue;
        }
        let found = check::judge(image, gate, context).summary;
        closed.push(Refusal {
            guideline: gate.id.clone(),
            reason: format!("{} must pass before {for_what} is sealed: {} {found}", gate.id, why.trim()),
        });
    }
    closed
}
