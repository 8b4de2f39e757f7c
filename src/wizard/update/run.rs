//! Carrying out and taking back: asking first, following a run, and what comes after.

use std::sync::Arc;

use super::super::input::Input;
use super::super::message::{Effect, Failure};
use super::super::model::{Model, Survey};
use super::super::screen::{Confirm, Ending, Intent, LOG_LIMIT, Outcome, Overlay, Review, Screen, Task, Working};
use super::{export, notice, preview_selected, save, seal};
use crate::change::state::{RunSummary, Standing};
use crate::change::{Applied, ApplyStep, Change, Undone, What};
use crate::playbook::Decision;

/// The word to type before something that cannot be taken back.
const WORD: &str = "apply";

/// Asks whether the plan is to be carried out.
pub(super) fn ask(model: &mut Model) {
    let Screen::Review(review) = model.screen() else { return };
    let Some(planned) = review.planned.clone() else { return };
    let undoable = planned.plan.steps.iter().flat_map(|step| &step.changes).all(Change::is_undoable);
    let word = (!undoable).then(|| (WORD, Input::default()));
    model.overlays.push(Overlay::Confirm(Confirm { what: Intent::Apply(planned), on_yes: false, word, top: 0 }));
}

/// Has the bytes of files that go overwritten, or no longer.
pub(super) fn shred(model: &mut Model) {
    let plan = match model.screens.last_mut() {
        Some(Screen::Review(Review { planned: Some(planned), .. })) => &mut Arc::make_mut(planned).plan,
        Some(Screen::Seal { .. }) => match &mut model.sealing {
            Some(draft) => &mut Arc::make_mut(draft).sealing.plan,
            None => return,
        },
        _ => return,
    };
    plan.shred = !plan.shred;
    let said = if plan.shred { "Files that go are overwritten first." } else { "Files that go are removed only." };
    notice(model, false, said);
}

/// Asks whether the last run is to be taken back.
pub(super) fn ask_undo(model: &mut Model) {
    if let Some(run) = model.last_run().cloned() {
        let what = Intent::UndoLast(run);
        model.overlays.push(Overlay::Confirm(Confirm { what, on_yes: false, word: None, top: 0 }));
    }
}

/// Asks whether the selected guideline's changes are to be taken back.
pub(super) fn ask_undo_guideline(model: &mut Model) {
    if let Some(id) = model.selected.clone() {
        let what = Intent::UndoGuideline(id);
        model.overlays.push(Overlay::Confirm(Confirm { what, on_yes: false, word: None, top: 0 }));
    }
}

/// Presses the button that has the keys; with a word to type, that word is the button.
pub(super) fn button(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.last() else { return Vec::new() };
    match &confirm.word {
        Some((word, input)) if input.trimmed() == *word || confirm.what.accepts(&input.trimmed()) => yes(model),
        Some((word, input)) if !input.is_empty() => {
            let text = match &confirm.what {
                Intent::Seal(draft) if matches!(draft.report, Some(Ok(_))) => {
                    format!("That is not how the report's digest begins, nor the words {word}.")
                }
                _ => format!("Type the word {word}, or press Esc to go back."),
            };
            notice(model, true, text);
            Vec::new()
        }
        None if confirm.on_yes => yes(model),
        _ => {
            model.overlays.pop();
            Vec::new()
        }
    }
}

/// Does what was asked about.
pub(super) fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = model.overlays.pop() else { return Vec::new() };
    match confirm.what {
        Intent::Apply(planned) => {
            work(model, Task::Apply, planned.plan.steps.len());
            vec![Effect::Apply(planned)]
        }
        Intent::UndoLast(run) => {
            work(model, Task::Undo, run.guidelines.len());
            vec![Effect::Undo(What::Run(run.id))]
        }
        Intent::UndoGuideline(id) => {
            work(model, Task::Undo, 1);
            vec![Effect::Undo(What::Guideline(id))]
        }
        Intent::Seal(draft) => {
            let (all, carried) = (draft.sealing.steps.len(), draft.sealing.plan.steps.len());
            work(model, Task::Seal, if draft.is_live() { all } else { carried });
            vec![Effect::Seal(draft)]
        }
    }
}

/// Finishes the interrupted run.
pub(super) fn finish(model: &mut Model) -> Vec<Effect> {
    let Screen::Recover(run) = model.screen().clone() else { return Vec::new() };
    work(model, Task::Finish, run.guidelines.len());
    vec![Effect::Finish(run.id)]
}

/// Takes the interrupted run back.
pub(super) fn take_back(model: &mut Model) -> Vec<Effect> {
    let Screen::Recover(run) = model.screen().clone() else { return Vec::new() };
    work(model, Task::Undo, run.guidelines.len());
    vec![Effect::Undo(What::Run(run.id))]
}

/// The runs are listed. What somebody else took back is chosen no longer.
pub(super) fn listed(model: &mut Model, runs: Vec<RunSummary>) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.runs, runs);
    let was_there = |id: &str| before.iter().any(|run| run.id == id && run.standing != Standing::Undone);
    let gone = model.runs.iter().filter(|run| run.standing == Standing::Undone && was_there(&run.id));
    let gone: Vec<String> = gone.flat_map(|run| &run.guidelines).cloned().collect();
    let is_dropped = drop_choices(model, &gone);
    recover(model);
    if is_dropped { vec![save(model)] } else { Vec::new() }
}

/// What was taken back must not slip into the next plan. Whether anything was chosen.
fn drop_choices(model: &mut Model, ids: &[String]) -> bool {
    let before = model.playbook.decisions.len();
    model.playbook.decisions.retain(|id, decision| *decision != Decision::Apply || !ids.contains(id));
    model.playbook.decisions.len() < before
}

/// Offers to finish or to take back an interrupted run, if there is one and nothing is at work.
pub(super) fn recover(model: &mut Model) {
    let interrupted: Option<RunSummary> =
        model.runs.iter().rev().find(|run| run.standing == Standing::Unfinished).cloned();
    if matches!(model.screen(), Screen::Working(_)) {
        return;
    }
    model.screens.retain(|screen| !matches!(screen, Screen::Recover(_)));
    if let Some(run) = interrupted {
        model.overlays.clear();
        model.screens.push(Screen::Recover(run));
    }
}

/// Judges everything again.
pub(super) fn check_again(model: &mut Model) -> Vec<Effect> {
    model.findings.clear();
    model.previews.clear();
    model.sealing = None;
    export::outdate(model);
    let was_paused = model.survey.paused;
    model.survey = Survey { running: true, ..Survey::default() };
    was_paused.then_some(Effect::Pause(false)).into_iter().chain([Effect::Survey]).collect()
}

/// Holds the sweep up, or lets it go on.
pub(super) fn pause(model: &mut Model) -> Vec<Effect> {
    model.survey.paused = !model.survey.paused;
    vec![Effect::Pause(model.survey.paused)]
}

/// Everything is judged. A plan that was made before the sweep was through is made anew.
pub(super) fn surveyed(model: &mut Model) -> Vec<Effect> {
    model.survey.running = false;
    let mut effects = if std::mem::take(&mut model.survey.paused) { vec![Effect::Pause(false)] } else { Vec::new() };
    effects.extend(preview_selected(model));
    let chosen = model.chosen();
    if let Some(Screen::Review(review)) = model.screens.iter_mut().find(|screen| matches!(screen, Screen::Review(_))) {
        review.planned = None;
        effects.push(Effect::Plan(chosen));
    }
    if model.screens.iter().any(|screen| matches!(screen, Screen::Seal { .. } | Screen::Export)) {
        effects.push(seal::draft(model));
    }
    seal::second_pass(model);
    effects
}

/// Follows a run.
pub(super) fn step(model: &mut Model, step: ApplyStep) {
    let Some(working) = working(model) else { return };
    match step {
        ApplyStep::Guideline { number, of, id } => {
            working.log.push(format!("{id}:"));
            working.number = number;
            working.of = of;
            working.id = id;
        }
        ApplyStep::Done { what } => working.log.push(format!("  {what}")),
        ApplyStep::Output { line } => working.log.push(format!("    {line}")),
    }
    trim(working);
}

/// The run that is being followed.
pub(super) fn working(model: &mut Model) -> Option<&mut Working> {
    model.screens.iter_mut().rev().find_map(|screen| match screen {
        Screen::Working(working) => Some(working),
        _ => None,
    })
}

/// The oldest lines go when the log is full.
pub(super) fn trim(working: &mut Working) {
    let excess = working.log.len().saturating_sub(LOG_LIMIT);
    working.log.drain(..excess);
}

/// A plan has been carried out, or not.
pub(super) fn applied(model: &mut Model, result: Result<Applied, Failure>) -> Vec<Effect> {
    match result {
        Ok(applied) => ended(model, Ending::Applied(applied)),
        Err(failure) => failed(model, failure),
    }
}

/// Something has been taken back, or not.
pub(super) fn undone(model: &mut Model, result: Result<Undone, Failure>) -> Vec<Effect> {
    match result {
        Ok(undone) => {
            drop_choices(model, &undone.guidelines);
            let mut effects = ended(model, Ending::Undone(undone));
            effects.push(save(model));
            effects
        }
        Err(failure) => {
            // The run that was to be taken back waits still.
            model.answered = None;
            failed(model, failure)
        }
    }
}

pub(super) fn failed(model: &mut Model, failure: Failure) -> Vec<Effect> {
    let task = model.screens.iter().find_map(|screen| match screen {
        Screen::Working(working) => Some(working.task),
        _ => None,
    });
    ended(model, Ending::Failed(task.unwrap_or(Task::Apply), failure))
}

pub(super) fn ended(model: &mut Model, ending: Ending) -> Vec<Effect> {
    let log = model
        .screens
        .iter_mut()
        .find_map(|screen| match screen {
            Screen::Working(working) => Some(std::mem::take(&mut working.log)),
            _ => None,
        })
        .unwrap_or_default();
    model.screens.truncate(1);
    model.screens.push(Screen::Result(Outcome { ending, log, top: 0 }));
    let mut effects = vec![Effect::Runs];
    effects.extend(check_again(model));
    effects
}

pub(super) fn work(model: &mut Model, task: Task, of: usize) {
    model.overlays.clear();
    model.screens.truncate(1);
    model.screens.push(Screen::Working(Working { task, number: 0, of, id: String::new(), log: Vec::new() }));
}
