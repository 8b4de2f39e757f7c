//! The whole plan before it is carried out: every file and command in order, what cannot be taken back, what was
//! refused.

use super::details::change;
use super::{Page, Role};
use crate::change::Change;
use crate::wizard::message::Planned;
use crate::wizard::model::Model;
use crate::wizard::screen::Screen;
use crate::wizard::words;

/// The plan.
pub(crate) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Title, "The plan")]);
    page.gap();
    let Screen::Review(review) = model.screen() else { return page };
    let Some(planned) = &review.planned else {
        let chosen = words::plural(model.chosen().len(), "guideline");
        page.prose(Role::Dim, 0, &format!("Working out what would be done for {chosen}, and trying it on a draft …"));
        return page;
    };
    summary(&mut page, planned);
    let for_good = for_good(planned);
    if !for_good.is_empty() {
        page.heading("Cannot be taken back");
        for line in for_good {
            page.point(Role::Warning, 0, &line);
        }
    }
    if !planned.plan.refused.is_empty() {
        page.heading("Refused");
        for refusal in &planned.plan.refused {
            page.point(Role::Error, 0, &format!("{}: {}", refusal.guideline, refusal.reason));
        }
    }
    if !planned.plan.steps.is_empty() {
        page.heading("In this order");
    }
    for (place, (step, files)) in planned.plan.steps.iter().zip(&planned.steps).enumerate() {
        let title = model.catalogue.get(&step.guideline).map_or("", |guideline| &guideline.title);
        page.line(&[
            (Role::Dim, &format!("{:>3}  ", place + 1)),
            (Role::Accent, &step.guideline),
            (Role::Text, &format!("  {title}")),
        ]);
        for file in files {
            change(&mut page, file, 5);
        }
    }
    page
}

fn summary(page: &mut Page, planned: &Planned) {
    let steps = planned.plan.steps.len();
    if steps == 0 {
        page.prose(Role::Text, 0, "Nothing would be changed: no chosen guideline can be dealt with here.");
        return;
    }
    let changes: Vec<&Change> = planned.plan.steps.iter().flat_map(|step| &step.changes).collect();
    let commands = changes.iter().filter(|change| matches!(change, Change::Command { .. })).count();
    let mut paths: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Path { path, .. } => Some(path),
            Change::Command { .. } => None,
        })
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let lead = format!("{}, {}", words::plural(steps, "guideline"), words::plural(paths.len(), "path"));
    let run = if commands > 0 { format!(", {}", words::plural(commands, "command")) } else { String::new() };
    page.prose(Role::Text, 0, &format!("{lead}{run}. Nothing has been changed yet."));
    page.prose(Role::Dim, 0, "d shows every line; a carries it out and asks once more; Esc goes back.");
}

/// What undo could not take back, in sentences.
pub(crate) fn for_good(planned: &Planned) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &planned.plan.steps {
        for change in &step.changes {
            if let Change::Command { argv, purpose } = change {
                lines.push(format!("{}: {} ({})", step.guideline, argv.join(" "), purpose.trim_end_matches('.')));
            }
        }
    }
    lines
}
