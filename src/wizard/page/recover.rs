//! An earlier run was interrupted: finish it, or take it back.

use super::{Page, Role};
use crate::change::state::RunSummary;
use crate::wizard::model::Model;

/// What is said of it.
pub(crate) fn page(model: &Model, run: &RunSummary, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Warning, "An earlier run was interrupted")]);
    page.gap();
    page.prose(
        Role::Text,
        0,
        &format!(
            "Run {} began at {} and did not end: the connection was lost, or the program was stopped. No file is half \
             written, but not every change has been made.",
            run.id, run.at
        ),
    );
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
