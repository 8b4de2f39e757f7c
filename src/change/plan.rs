//! The plan: the chosen remedies in the order they will run, each made from what the ones before it leave, and each
//! proven by judging its guideline again on the drafted image.

use super::Change;
use crate::catalogue::Catalogue;
use crate::check::{Context, Findings};
use crate::image::{Image, Overlay};

/// One guideline's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// The guideline's id.
    pub guideline: String,
    /// Its changes, in order.
    pub changes: Vec<Change>,
}

/// Why a chosen guideline is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The guideline's id.
    pub guideline: String,
    /// Why, in one sentence with a way out.
    pub reason: String,
}

/// The chosen changes in the order they will run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order; a step's changes are made from what the steps before it leave.
    pub steps: Vec<PlanStep>,
    /// What was chosen but cannot be done here, and why.
    pub refused: Vec<Refusal>,
    /// What the image would look like afterwards.
    pub overlay: Overlay,
}

/// Drafts the plan for the guidelines in `chosen` (in any order; those that already pass are left out silently).
///
/// A step is refused when its guideline has no automatic remedy, when a guideline it `needs` would not pass by then,
/// when the drafted image would still fail it, when it would leave an sshd configuration that does not start, or, on a
/// live image, when it belongs to the seal.
pub fn plan(image: &Image, catalogue: &Catalogue, findings: &Findings, context: &Context, chosen: &[String]) -> Plan {
    let _ = (image, catalogue, findings, context, chosen);
    todo!("helper D")
}
