//! The seal: its steps, the question before it, and what came of it.

use std::sync::Arc;

use super::super::input::Input;
use super::super::message::{Effect, Failure, SealDraft};
use super::super::model::Model;
use super::super::screen::{Confirm, Ending, Intent, Overlay, Screen, Task};
use super::run;
use crate::change::Refusal;
use crate::change::seal::watch::{self, Line};
use crate::check::Findings;
use crate::image::Mode;
use crate::report::unsealed;

/// The word to type before an image is sealed.
const WORD: &str = "seal";
/// What to type to seal a running machine without a report that is stored elsewhere.
const WITHOUT_REPORT: &str = "without report";

/// Shows every step; from there, asks whether to begin.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if let (Screen::Seal { .. }, Some(draft)) = (model.screen(), &model.sealing) {
        let word = if model.subject.mode == Mode::Live { WITHOUT_REPORT } else { WORD };
        let (what, word) = (Intent::Seal(Arc::clone(draft)), Some((word, Input::default())));
        model.overlays.push(Overlay::Confirm(Confirm { what, on_yes: false, word, top: 0 }));
        return Vec::new();
    }
    model.screens.truncate(1);
    model.screens.push(Screen::Seal { top: 0 });
    vec![draft(model)]
}

/// Has the steps worked out anew.
pub(super) fn draft(model: &mut Model) -> Effect {
    model.sealing = None;
    Effect::SealDraft(Box::new(model.playbook.clone()))
}

/// The steps are worked out. What was worked out from an older look is of no use.
pub(super) fn drafted(model: &mut Model, draft: Arc<SealDraft>) {
    if !model.survey.running {
        model.sealing = Some(draft);
    }
}

/// A seal that was begun in an earlier session is followed.
pub(super) fn under_way(model: &mut Model) -> Vec<Effect> {
    run::work(model, Task::Seal, 0);
    vec![Effect::FollowSeal]
}

/// Follows the seal of the running machine.
pub(super) fn line(model: &mut Model, line: Line) {
    let Some(working) = run::working(model) else { return };
    match line {
        Line::Step { number, of, what, .. } => {
            working.log.push(what.clone());
            (working.number, working.of, working.id) = (number, of, what);
        }
        Line::Note { what } | Line::After { what } => working.log.push(format!("  {what}")),
        Line::Failed { why } => working.log.push(format!("It could not go on: {why}")),
        Line::Stopped { unit } => working.log.push(format!("  stopped {unit}")),
        Line::Run { run } => working.log.push(format!("  run {run}")),
        Line::End { ending: watch::Ending::Off } => working.log.push("The machine is being switched off.".into()),
        Line::Held { .. } | Line::End { .. } => {}
    }
    run::trim(working);
}

/// The seal has ended.
pub(super) fn sealed(model: &mut Model, result: Result<Option<String>, Failure>) -> Vec<Effect> {
    match result {
        Ok(run) => run::ended(model, Ending::Sealed { run, left: None }),
        Err(failure) => run::failed(model, failure),
    }
}

/// Everything is judged again: notes what keeps the image from being sealed, where that is what was asked.
pub(super) fn second_pass(model: &mut Model) {
    let findings: Findings = model.findings.iter().map(|(id, finding)| (id.clone(), finding.clone())).collect();
    let open = unsealed(&model.catalogue, &findings, &model.playbook, model.today);
    let open = open
        .into_iter()
        .map(|(guideline, finding)| Refusal { guideline: guideline.id.clone(), reason: finding.summary.clone() });
    let open = open.collect();
    for screen in &mut model.screens {
        if let Screen::Result(outcome) = screen
            && let Ending::Sealed { left, .. } = &mut outcome.ending
        {
            *left = Some(open);
            return;
        }
    }
}
