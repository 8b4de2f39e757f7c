//! What would make a failing guideline pass.

use super::Change;
use crate::catalogue::Guideline;
use crate::check::{Context, Finding};
use crate::image::{Error, Image};

/// What would make a failing guideline pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Exact changes, in order.
    Changes(Vec<Change>),
    /// A person must do it; the guideline's `by_hand` says how, and this says why no program can.
    ByHand(String),
}

/// The remedy for `guideline` on `image` as it stands (or as drafted). Only a failing finding has one.
///
/// # Errors
/// When a file the change would be made from cannot be read.
pub fn remedy(
    image: &Image,
    guideline: &Guideline,
    finding: &Finding,
    context: &Context,
) -> Result<Option<Remedy>, Error> {
    let _ = (image, guideline, finding, context);
    todo!("helper E")
}
