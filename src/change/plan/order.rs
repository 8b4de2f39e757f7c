//! The order of the chosen guidelines: by phase, then as the catalogue has them, but for what comes after another.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Guideline};

/// The chosen guidelines in the order they are dealt with. What a guideline `needs`, and what it comes `after`, comes
/// first; guidelines that wait for each other in a circle keep the catalogue's order.
pub(super) fn in_order<'a>(catalogue: &'a Catalogue, chosen: &[String]) -> Vec<&'a Guideline> {
    let is_chosen = |guideline: &&Guideline| chosen.iter().any(|id| id.eq_ignore_ascii_case(&guideline.id));
    let mut waiting: Vec<&Guideline> = catalogue.guidelines.iter().filter(is_chosen).collect();
    waiting.sort_by_key(|guideline| guideline.phase);
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let left: BTreeSet<&str> = waiting.iter().map(|guideline| guideline.id.as_str()).collect();
        let is_free = |guideline: &&Guideline| {
            let mut before = guideline.after.iter().chain(&guideline.needs);
            !before.any(|id| *id != guideline.id && left.contains(id.as_str()))
        };
        let next = waiting.iter().position(is_free).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    ordered
}
