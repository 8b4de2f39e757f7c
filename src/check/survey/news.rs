//! What the sweep has found and nobody has been told yet.
//!
//! Hits come from every thread, and there may be a great many; they are told some twenty times a second, for each
//! guideline that asks about them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Progress, TOLD_LIMIT};
use crate::catalogue::Guideline;
use crate::check::Observation;
use crate::check::kinds::swept::{Asked, observed};
use crate::check::sweep::Hit;
use crate::image::Image;

/// What each guideline asks about, and what there is of it.
pub(super) struct News<'g> {
    guidelines: Vec<(&'g Guideline, Asked<'g>)>,
    found: Mutex<Vec<Found>>,
}

#[derive(Default)]
struct Found {
    /// Not told yet.
    seen: Vec<Observation>,
    places: usize,
    /// How many places have been told.
    told: usize,
}

impl<'g> News<'g> {
    pub(super) fn new(image: &Image, guidelines: &[&'g Guideline]) -> Self {
        let asked = |guideline: &&'g Guideline| Some((*guideline, Asked::by(image, guideline)?));
        let guidelines: Vec<_> = guidelines.iter().filter_map(asked).collect();
        let found = Mutex::new(guidelines.iter().map(|_| Found::default()).collect());
        Self { guidelines, found }
    }

    fn found(&self) -> MutexGuard<'_, Vec<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hear(&self, hit: &Hit) {
        let mut found = self.found();
        for (found, (_, asked)) in found.iter_mut().zip(&self.guidelines) {
            if asked.about(hit) {
                found.places += 1;
                if found.places <= TOLD_LIMIT {
                    found.seen.push(observed(hit));
                }
            }
        }
    }

    /// Tells what is new. Nobody else tells meanwhile, so that it arrives in order.
    pub(super) fn tell(&self, progress: &(dyn Fn(Progress) + Sync)) {
        let mut found = self.found();
        for (found, (guideline, _)) in found.iter_mut().zip(&self.guidelines) {
            if found.places > found.told {
                found.told = found.places;
                let seen = std::mem::take(&mut found.seen);
                progress(Progress::Found { id: guideline.id.clone(), seen, places: found.places });
            }
        }
    }
}
