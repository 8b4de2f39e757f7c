//! Which guidelines the seal carries out, and in which stage.

use super::Stage;
use crate::catalogue::{Catalogue, Guideline};
use crate::playbook::{Decision, Playbook};

/// The guidelines that the seal carries out where they fail, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mandate {
    /// Stages never go back: a guideline that waits for one of a later stage belongs to that stage.
    carried: Vec<(Stage, String)>,
    /// Those of the same phases that stay as they are, with the reason.
    aside: Vec<(String, String)>,
}

impl Mandate {
    /// Those of the seal's phases that a program can mend, but for what `playbook` waives or leaves, and for what may
    /// stop the product from working unless it was chosen by name.
    pub fn of(catalogue: &Catalogue, playbook: &Playbook) -> Self {
        let mut mandate = Self::default();
        let mut now = Stage::Clean;
        for guideline in catalogue.in_order() {
            let Some(stage) = Stage::of(guideline.phase) else { continue };
            if let Some(reason) = reason_to_leave(guideline, playbook) {
                mandate.aside.push((guideline.id.clone(), reason));
            } else {
                now = now.max(stage);
                mandate.carried.push((now, guideline.id.clone()));
            }
        }
        mandate
    }

    /// The ids of all of them, in order.
    pub fn ids(&self) -> Vec<String> {
        self.carried.iter().map(|(_, id)| id.clone()).collect()
    }

    /// The ids of those of one stage, in order.
    pub fn of_stage(&self, stage: Stage) -> Vec<String> {
        self.carried.iter().filter(|(one, _)| *one == stage).map(|(_, id)| id.clone()).collect()
    }

    /// In which stage a guideline is carried out; `None` when it is none of them.
    pub fn stage_of(&self, id: &str) -> Option<Stage> {
        self.carried.iter().find(|(_, one)| one == id).map(|(stage, _)| *stage)
    }

    /// Why a guideline of the seal's phases is not among them.
    pub(super) fn set_aside(&self, id: &str) -> Option<String> {
        self.aside.iter().find(|(one, _)| one == id).map(|(_, reason)| reason.clone())
    }
}

fn reason_to_leave(guideline: &Guideline, playbook: &Playbook) -> Option<String> {
    let decision = playbook.decisions.get(&guideline.id);
    match decision {
        Some(Decision::Waive { reason, until, .. }) => return Some(format!("Waived until {until}: {reason}")),
        Some(Decision::ByHand) => return Some("You chose to do it by hand.".to_owned()),
        Some(Decision::Later) => return Some("You put it off.".to_owned()),
        Some(Decision::Apply | Decision::Attest { .. }) | None => {}
    }
    if guideline.fix.is_none() {
        let why = guideline.no_fix.as_deref().unwrap_or("It needs a person's judgement.");
        return Some(format!("{why} Do it by hand: `seaworthy guidelines {}` says how.", guideline.id));
    }
    (guideline.only_by_name && decision.is_none()).then(|| {
        let why = "It may stop the product from working; decide `apply` for it where that does not matter.";
        why.to_owned()
    })
}
