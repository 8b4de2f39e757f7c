//! The seal: the last steps of all, in an order that works on a running machine.
//!
//! What is carried out are the remedies of four phases (writers, data, identity, seal), through the same journal as
//! always. What only the seal does besides (stop units, end shells, power off) are steps of their own, on a running
//! machine only. Nothing is sealed away that the next boot would not bring: see [`gates`].
//!
//! ```text
//! Mandate ──draft──▶ Sealing (every step, for a look)      ──▶ question
//!    └─────stage────▶ Plan of one stage, on a fresh look   ──▶ apply
//! ```

use crate::catalogue::Catalogue;
use crate::check::{Context, Findings, Status};
use crate::image::{Image, Mode};
use crate::playbook::{Decision, Playbook};

use steps::Writers;

use super::plan::{Fate, plan_for};
use super::{Change, Plan, Refusal};

mod carry;
mod exported;
mod gates;
mod mandate;
mod request;
mod steps;
pub mod watch;

pub use carry::{carry_out, recover};
pub use exported::{DIGEST_CHARS, Exported};
pub use mandate::Mandate;
pub use request::Request;
pub use steps::{Act, SealStep, Stage, TakenBack};
pub use watch::{Watch, start};

/// Everything that the seal of one image would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sealing {
    /// Every step in order, from the first unit that is stopped to the power-off.
    pub steps: Vec<SealStep>,
    /// Why nothing may be sealed here: what the next boot must bring, and would not. Empty when it may.
    pub refused: Vec<Refusal>,
    /// What stays as it is, and why: waived, left to a person, or beyond what a program can do.
    pub left: Vec<Refusal>,
    /// The changes of all steps together, one after the other as they would be made now.
    pub plan: Plan,
}

impl Sealing {
    /// The changes that a step makes to files; none where it does something else.
    pub fn changes(&self, step: &SealStep) -> &[Change] {
        let step = self.plan.steps.iter().find(|one| step.act.guideline() == Some(one.guideline.as_str()));
        step.map_or(&[], |step| &step.changes)
    }
}

/// Works out what the seal of `image` would do. `findings` are those of the whole catalogue; the decisions of `playbook`
/// say what stays.
pub fn draft(
    image: &Image,
    catalogue: &Catalogue,
    findings: &Findings,
    context: &Context,
    playbook: &Playbook,
) -> Sealing {
    let mandate = Mandate::of(catalogue, playbook);
    let plan = plan_for(Fate::Sealed, image, catalogue, findings, context, &mandate.ids());
    let then = image.drafted(plan.overlay.clone());
    let mut refused = gates::closed(catalogue, context, &then, &mandate);
    let left = left(catalogue, findings, playbook, &mandate, &plan);
    let writers = Writers::of(image).unwrap_or_else(|error| {
        let reason = format!("What writes on this machine cannot be found out: {error}");
        refused.push(Refusal { guideline: "SEC-05".to_owned(), reason });
        Writers::default()
    });
    let steps = steps::steps(image, catalogue, &mandate, &plan, &writers);
    Sealing { steps, refused, left, plan }
}

/// The changes of one stage, from a fresh look: what lives on may have written since [`draft`], and what an earlier
/// stage removed may be there again. `context` holds a sweep of the image as it is now.
pub fn stage(image: &Image, catalogue: &Catalogue, context: &Context, mandate: &Mandate, stage: Stage) -> Plan {
    let chosen = match stage {
        // Whatever was written back since its turn came.
        Stage::Off => mandate.ids(),
        _ => mandate.of_stage(stage),
    };
    plan_for(Fate::Sealed, &image.refreshed(), catalogue, &Findings::new(), context, &chosen)
}

/// Why nothing may be sealed on `image` as it is now, or as it would be: asked again right before the first step that
/// takes away a way in.
pub fn refusals(image: &Image, catalogue: &Catalogue, context: &Context, mandate: &Mandate) -> Vec<Refusal> {
    gates::closed(catalogue, context, image, mandate)
}

/// The guidelines of the seal's phases that no step deals with and that do not pass, with the reason.
fn left(
    catalogue: &Catalogue,
    findings: &Findings,
    playbook: &Playbook,
    mandate: &Mandate,
    plan: &Plan,
) -> Vec<Refusal> {
    let mut left = Vec::new();
    let status = |id: &str| findings.iter().find(|(one, _)| one == id).map(|(_, finding)| finding.status);
    for guideline in catalogue.in_order().into_iter().filter(|guideline| Stage::of(guideline.phase).is_some()) {
        let id = &guideline.id;
        let reason = match status(id) {
            None | Some(Status::Pass | Status::NotApplicable) => continue,
            Some(_) if plan.steps.iter().any(|step| step.guideline == *id) => continue,
            Some(Status::Attest) if matches!(playbook.decisions.get(id), Some(Decision::Attest { .. })) => continue,
            Some(Status::Attest) => "A person must look and confirm it; no program can.".to_owned(),
            Some(Status::Fail | Status::Unknown) => {
                let refused = || plan.refused.iter().find(|refusal| refusal.guideline == *id);
                let Some(reason) = mandate.set_aside(id).or_else(|| refused().map(|refusal| refusal.reason.clone()))
                else {
                    // An earlier step mends it.
                    continue;
                };
                reason
            }
        };
        left.push(Refusal { guideline: id.clone(), reason });
    }
    left.extend(plan.left.iter().cloned());
    left
}

/// Whether the seal is the last act of a running machine, so that nothing can be taken back once the power is off.
pub fn ends_the_machine(image: &Image) -> bool {
    image.mode() == Mode::Live
}

#[cfg(test)]
mod tests;
