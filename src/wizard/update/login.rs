//! A run that waits for a second login: asking, following the time that is left, and what comes of it.

use jiff::Timestamp;

use super::super::message::{Effect, Waiting};
use super::super::model::Model;
use super::super::screen::{Overlay, Screen, Task};
use super::{notice, run, say};
use crate::change::What;

/// What is known of it now, and what time it is.
pub(super) fn pending(model: &mut Model, waiting: Option<Waiting>, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    // Being confirmed or taken back: whoever was asked has answered.
    let waiting = waiting.filter(|waiting| model.answered.as_ref() != Some(&waiting.run));
    let before = std::mem::replace(&mut model.pending, waiting);
    match (before, model.pending.is_some()) {
        (None, true) => {
            if !matches!(model.screen(), Screen::Recover(_)) {
                ask(model);
            }
            vec![Effect::Watch]
        }
        (Some(over), false) => {
            close(model);
            if model.answered.is_some() || matches!(model.screen(), Screen::Working(_)) {
                return Vec::new();
            }
            // What they say of the run may be true no more.
            if !matches!(model.screen(), Screen::Recover(_)) {
                model.screens.truncate(1);
            }
            notice(model, false, format!("Run {} waits no more.", over.run));
            let mut effects = vec![Effect::Runs];
            effects.extend(run::check_again(model));
            effects
        }
        _ => Vec::new(),
    }
}

/// Opens the dialog.
pub(super) fn ask(model: &mut Model) {
    if !model.overlays.iter().any(|overlay| matches!(overlay, Overlay::SecondLogin { .. })) {
        model.overlays.push(Overlay::SecondLogin { top: 0 });
    }
}

fn close(model: &mut Model) {
    model.overlays.retain(|overlay| !matches!(overlay, Overlay::SecondLogin { .. }));
}

/// A second login works.
pub(super) fn works(model: &mut Model) -> Vec<Effect> {
    close(model);
    let Some(waiting) = model.pending.take() else { return Vec::new() };
    model.answered = Some(waiting.run);
    vec![Effect::ConfirmLogin]
}

/// It does not, or the run is not wanted any more.
pub(super) fn take_back(model: &mut Model) -> Vec<Effect> {
    close(model);
    let Some(waiting) = model.pending.take() else { return Vec::new() };
    let of = model.runs.iter().find(|run| run.id == waiting.run).map_or(0, |run| run.guidelines.len());
    model.answered = Some(waiting.run.clone());
    run::work(model, Task::Undo, of);
    vec![Effect::Undo(What::Run(waiting.run))]
}

/// The answer is noted, or not.
pub(super) fn confirmed(model: &mut Model, result: Result<String, String>) {
    match result {
        Ok(run) => notice(model, false, format!("Run {run} is kept: a second login works.")),
        Err(why) => {
            model.answered = None;
            say(model, "The run is not confirmed", &why);
        }
    }
}

/// Tells what happened while nobody was looking.
pub(super) fn news(model: &mut Model, lines: &[String]) {
    say(model, "What happened meanwhile", &lines.join("\n\n"));
}
