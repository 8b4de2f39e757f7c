//! What a run did, and how the image stands since.

use super::{Page, Role};
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
        Ending::Failed(Task::Apply | Task::Finish, _) => (Role::Error, "Stopped"),
        Ending::Failed(Task::Undo, _) => (Role::Error, "Not taken back"),
    };
    page.line(&[(role, title)]);
    page.gap();
    match &outcome.ending {
        Ending::Applied(applied) => {
            let count = words::plural(applied.guidelines.len(), "guideline");
            page.prose(Role::Text, 0, &format!("{count} dealt with in run {}.", applied.run));
            checked_again(&mut page, model, &applied.guidelines);
        }
        Ending::Undone(undone) => {
            let count = words::plural(undone.guidelines.len(), "guideline");
            page.prose(Role::Text, 0, &format!("{count} taken back; every file is as it was."));
            for path in &undone.merged {
                page.point(Role::Text, 0, &format!("{}: later edits by hand were kept", text::path(path)));
            }
            for command in &undone.left {
                page.point(Role::Warning, 0, &format!("cannot be taken back: {command}"));
            }
            still_chosen(&mut page, model);
            checked_again(&mut page, model, &undone.guidelines);
        }
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
