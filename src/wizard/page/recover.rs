//! An earlier run was interrupted: what happened, how far it came, and what finishing it or taking it back would mean.

use super::{Page, Role};
use crate::change::state::{Interrupted, RunSummary};
use crate::wizard::model::Model;

/// Columns of the keys.
const KEYS: usize = 5;

/// What is said of it.
pub(crate) fn page(model: &Model, run: &RunSummary, width: usize) -> Page {
    let mut page = Page::new(width);
    let is_undo = run.interrupted.as_ref().is_some_and(|interrupted| interrupted.is_undo);
    let what = if is_undo { "Taking an earlier run back was interrupted" } else { "An earlier run was interrupted" };
    page.line(&[(Role::Warning, what)]);
    page.gap();
    page.prose(Role::Text, 0, &format!("Run {} began at {}.", run.id, run.at));
    if let Some(interrupted) = &run.interrupted {
        let mut happened = interrupted.what_happened();
        if let Some(first) = happened.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        page.prose(Role::Text, 0, &happened);
        page.gap();
        page.bar(interrupted.done, interrupted.of.max(1));
    }
    page.heading("What now");
    let (finish, take_back) = (finish(run.interrupted.as_ref(), &run.id), take_back(run.interrupted.as_ref(), &run.id));
    // Where neither way is open, one reason holds for both.
    if finish.is_ok() || finish != take_back {
        way(&mut page, "f", finish);
    }
    way(&mut page, "t", take_back);
    way(&mut page, "q", Ok("leave; you are asked again next time"));
    page.heading("It was to deal with");
    for id in &run.guidelines {
        let title = model.catalogue.get(id).map_or("", |guideline| &guideline.title);
        page.line(&[(Role::Accent, &format!("  {id}")), (Role::Text, &format!("  {title}"))]);
    }
    page
}

/// A key and what it would do, or why it does nothing.
fn way(page: &mut Page, key: &str, what: Result<&str, String>) {
    match what {
        Ok(what) => page.labelled(&format!("  {key}"), KEYS, Role::Text, what),
        Err(why) => page.labelled("  -", KEYS, Role::Dim, &why),
    }
}

/// What finishing `run` would mean; `Err` with the reason where it cannot be.
pub(crate) fn finish(interrupted: Option<&Interrupted>, run: &str) -> Result<&'static str, String> {
    match interrupted {
        Some(interrupted) if !interrupted.can_finish => Err(interrupted.finishing(run)),
        Some(interrupted) if interrupted.is_undo => {
            Ok("finish the run instead: what was taken back already is made again, and the run is in force")
        }
        _ => Ok("finish it: the changes that are left are made"),
    }
}

/// What taking `run` back would mean; `Err` with the reason where it cannot be.
pub(crate) fn take_back(interrupted: Option<&Interrupted>, run: &str) -> Result<&'static str, String> {
    match interrupted {
        Some(interrupted) if !interrupted.can_take_back => Err(interrupted.taking_back(run)),
        Some(interrupted) if interrupted.is_undo => Ok("take it back to the end: everything as it was before the run"),
        _ => Ok("take it back: everything as it was before the run"),
    }
}
