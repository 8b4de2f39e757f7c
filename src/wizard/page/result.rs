//! What a run did, and how the image stands since.

use super::export::verdict_word;
use super::{Page, Role, overview, seal};
use crate::change::Refusal;
use crate::image::text;
use crate::wizard::model::Model;
use crate::wizard::screen::{Ending, Outcome, Screen, Task};
use crate::wizard::words;

/// The result.
pub(crate) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    let Screen::Result(outcome) = model.screen() else { return page };
    let (role, title) = match &outcome.ending {
        Ending::Applied(_) => (Role::Pass, "Carried out"),
        Ending::Undone(_) => (Role::Pass, "Taken back"),
        Ending::Sealed { left: None, .. } => (Role::Accent, "Looking once more"),
        Ending::Sealed { left: Some(left), .. } if left.is_empty() => (Role::Pass, "Sealed"),
        Ending::Sealed { .. } => (Role::Warning, "Not sealed yet"),
        Ending::Failed(Task::Apply | Task::Finish | Task::Seal, _) => (Role::Error, "Stopped"),
        Ending::Failed(Task::Undo, _) => (Role::Error, "Not taken back"),
    };
    page.line(&[(role, title)]);
    page.gap();
    match &outcome.ending {
        Ending::Applied(applied) => {
            let count = words::plural(applied.guidelines.len(), "guideline");
            page.prose(Role::Text, 0, &format!("{count} dealt with in run {}.", applied.run));
            for warning in &applied.warnings {
                page.point(Role::Warning, 0, warning);
            }
            checked_again(&mut page, model, &applied.guidelines);
        }
        Ending::Undone(undone) => {
            let count = words::plural(undone.guidelines.len(), "guideline");
            page.prose(Role::Text, 0, &format!("{count} taken back; every file is as it was."));
            for path in &undone.merged {
                page.point(Role::Text, 0, &format!("{}: later edits by hand were kept", text::path(path)));
            }
            for path in &undone.apart {
                page.point(
                    Role::Warning,
                    0,
                    &format!("{}: no more one file with its other names (hard links)", text::path(path)),
                );
            }
            for command in &undone.left {
                page.point(Role::Warning, 0, &format!("not taken back: {command}"));
            }
            still_chosen(&mut page, model);
            checked_again(&mut page, model, &undone.guidelines);
        }
        Ending::Sealed { run, left } => sealed(&mut page, model, run.as_deref(), left.as_deref()),
        Ending::Failed(_, failure) => {
            page.prose(Role::Error, 0, &failure.text);
            page.gap();
            let next = if failure.changed {
                "Press Esc, then r: the plan is made anew from what is there now."
            } else {
                "Nothing else is started by itself. Esc goes back to the list."
            };
            page.prose(Role::Text, 0, next);
        }
    }
    log(&mut page, outcome);
    page
}

/// What the seal came to: a second pass says.
fn sealed(page: &mut Page, model: &Model, run: Option<&str>, left: Option<&[Refusal]>) {
    let by = run.map(|run| format!(" by run {run}")).unwrap_or_default();
    match left {
        None => {
            page.prose(
                Role::Text,
                0,
                &format!("Every step is done{by}. Everything is judged once more, from the beginning."),
            );
            page.bar(model.survey.judged, model.catalogue.guidelines.len());
            return;
        }
        Some([]) => page.prose(Role::Pass, 0, &format!("Sealed{by}: a second look found nothing left to seal.")),
        Some(left) => {
            let left_words = words::plural(left.len(), "guideline");
            page.prose(Role::Text, 0, &format!("Every step is done{by}. {left_words} still in the way:"));
            for left in left {
                page.point(Role::Error, 0, &format!("{}: {}", left.guideline, left.reason));
            }
        }
    }
    let role = overview::verdict_role(model.verdict());
    page.labelled("Verdict", 9, role, verdict_word(model.verdict()));
    page.gap();
    let undo = if run.is_some() { "; u takes the seal back" } else { "" };
    page.prose(Role::Text, 0, &format!("e writes the report, which may still be written{undo}."));
    page.heading("Afterwards");
    seal::afterwards(page, model, None);
}

fn checked_again(page: &mut Page, model: &Model, ids: &[String]) {
    page.heading(if model.survey.running { "Checking again" } else { "Checked again" });
    for id in ids {
        let standing = model.standing(id);
        let title = model.catalogue.get(id).map_or("", |guideline| &guideline.title);
        page.line(&[
            (standing.role(), &words::pad(&format!("{} {}", standing.glyph(), standing.word()), 14)),
            (Role::Accent, id),
            (Role::Text, &format!("  {title}")),
        ]);
    }
    if model.survey.running {
        page.bar(model.survey.judged, model.catalogue.guidelines.len());
    }
}

/// After taking back: what is in the next plan, and what no longer is.
fn still_chosen(page: &mut Page, model: &Model) {
    page.prose(Role::Text, 0, "What was taken back is no longer chosen: nothing of it is in the next plan.");
    let chosen = model.chosen();
    if !chosen.is_empty() {
        page.prose(Role::Warning, 0, &format!("Still chosen: {}.", chosen.join(", ")));
    }
}

fn log(page: &mut Page, outcome: &Outcome) {
    if outcome.log.is_empty() {
        return;
    }
    page.heading("What was done");
    for line in &outcome.log {
        page.prose(Role::Dim, 0, line);
    }
}
