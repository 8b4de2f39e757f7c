//! An earlier run was interrupted: finish it, or take it back.

use super::{Page, Role};
use crate::change::state::{Interrupted, RunSummary};
use crate::wizard::model::Model;

/// What is said of it.
pub(crate) fn page(model: &Model, run: &RunSummary, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Warning, "An earlier run was interrupted")]);
    page.gap();
    let (id, at) = (&run.id, &run.at);
    let what = run.interrupted.as_ref().map_or_else(
        || {
            "the connection was lost, or the program was stopped. No file is half written, but not every change has \
             been made."
                .to_owned()
        },
        Interrupted::what_happened,
    );
    page.prose(Role::Text, 0, &format!("Run {id} began at {at} and did not end: {what}"));
    if let Some(interrupted) = &run.interrupted {
        for (is_open, said) in [
            (interrupted.can_finish, interrupted.finishing(id)),
            (interrupted.can_take_back, interrupted.taking_back(id)),
        ] {
            if !is_open {
                page.gap();
                page.prose(Role::Warning, 0, &said);
            }
        }
    }
    page.heading("What now");
    page.line(&[(Role::Key, "  f"), (Role::Text, "  finish it: make the changes that are left")]);
    page.line(&[(Role::Key, "  t"), (Role::Text, "  take it back: everything as it was before the run")]);
    page.line(&[(Role::Key, "  q"), (Role::Text, "  leave; you are asked again next time")]);
    page.heading("It was to deal with");
    for id in &run.guidelines {
        let title = model.catalogue.get(id).map_or("", |guideline| &guideline.title);
        page.line(&[(Role::Accent, &format!("  {id}")), (Role::Text, &format!("  {title}"))]);
    }
    page
}
