//! The whole plan before it is carried out: every file and command in order, what cannot be taken back, what was
//! refused.

use super::details::change;
use super::{Page, Role, access};
use crate::catalogue::{Guideline, Phase};
use crate::change::{self, Change, PlanStep, Shredding};
use crate::image::Node;
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
    if !planned.plan.steps.is_empty() || !planned.plan.refused.is_empty() {
        access::ways_in(&mut page, &planned.plan.access, model.subject.mode);
    }
    shredding(&mut page, &planned.shredding, planned.plan.shred);
    if !planned.plan.refused.is_empty() {
        page.heading("Refused");
        for refusal in &planned.plan.refused {
            page.point(Role::Error, 0, &format!("{}: {}", refusal.guideline, refusal.reason));
        }
    }
    if !planned.plan.left.is_empty() {
        page.heading("Left for you");
        for left in &planned.plan.left {
            page.point(Role::Warning, 0, &format!("{}: {}", left.guideline, left.reason));
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
        for sentence in turn(model, planned, step) {
            page.prose(Role::Dim, 5, &sentence);
        }
        for file in files {
            change(&mut page, file, 5);
        }
        if let Some(guideline) = take_care(model, step) {
            page.prose(Role::Warning, 5, &format!("Take care: {}", guideline.danger.trim()));
        }
    }
    page.gap();
    settled(&mut page, model, planned);
    page
}

/// Whether the bytes of files that go are overwritten, and what that is worth.
pub(super) fn shredding(page: &mut Page, shredding: &Shredding, is_wanted: bool) {
    if shredding.limits.is_empty() {
        return;
    }
    if !is_wanted {
        page.prose(Role::Dim, 0, "s has the bytes of files that go overwritten first.");
        return;
    }
    page.heading("Overwritten first (s switches it off)");
    for limit in &shredding.limits {
        page.point(Role::Warning, 0, limit);
    }
    for advice in &shredding.advice {
        page.point(Role::Text, 0, advice);
    }
}

/// Those that are chosen and need no step of their own.
fn settled(page: &mut Page, model: &Model, planned: &Planned) {
    let plan = &planned.plan;
    let mut ids = model.chosen();
    ids.retain(|id| {
        plan.steps.iter().all(|step| step.guideline != *id)
            && plan.refused.iter().all(|refusal| refusal.guideline != *id)
    });
    if plan.steps.is_empty() || ids.is_empty() {
        return;
    }
    page.heading("Nothing of their own");
    page.prose(Role::Text, 0, &format!("Chosen too, and made to pass by the steps above: {}.", ids.join(", ")));
}

/// Why `step` comes after others of the plan, a sentence for each.
fn turn(model: &Model, planned: &Planned, step: &PlanStep) -> Vec<String> {
    let is_planned = |id: &str| planned.plan.steps.iter().any(|step| step.guideline == id);
    let waits_for = model.catalogue.get(&step.guideline).into_iter().flat_map(Guideline::waits_for);
    let waits_for = waits_for.filter(|earlier| is_planned(&earlier.id));
    let waits_for = waits_for.map(|earlier| earlier.because(&format!("Comes after {}", earlier.id)));
    let effects = planned.plan.effects.iter().filter(|effect| effect.guideline() == step.guideline);
    waits_for.chain(effects.map(change::Effect::sentence)).collect()
}

/// The guideline of `step` when its warning must be read before the plan is carried out: what the step does ends
/// something, or seals the image.
fn take_care<'a>(model: &'a Model, step: &PlanStep) -> Option<&'a Guideline> {
    let guideline = model.catalogue.get(&step.guideline)?;
    let ends = guideline.phase == Phase::Seal || step.changes.iter().any(removes);
    // The catalogue says “None: …” where there is nothing to be careful about.
    let danger = guideline.danger.trim();
    (ends && !danger.is_empty() && !danger.starts_with("None")).then_some(guideline)
}

/// Whether `change` leaves nothing of what was there.
fn removes(change: &Change) -> bool {
    let Change::Path { before: Some(before), after, .. } = change else { return false };
    let is_empty = |node: &Node| node.bytes().is_some_and(<[u8]>::is_empty);
    after.as_ref().is_none_or(|after| is_empty(after) && !is_empty(before))
}

/// The guidelines of the plan whose warnings are shown with their steps.
pub(crate) fn cared_for(model: &Model, planned: &Planned) -> Vec<String> {
    let steps = planned.plan.steps.iter();
    steps.filter_map(|step| take_care(model, step)).map(|guideline| guideline.id.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_nothing_removes() {
        let file = |text: &str| Some(Node::new_file(text.as_bytes().to_vec(), 0o644));
        let change = |before, after| Change::Path { path: "/x".into(), before, after, secret: false };
        assert!(removes(&change(file("a"), None)));
        assert!(removes(&change(file("a"), file(""))), "emptied");
        assert!(!removes(&change(file("a"), file("b"))));
        assert!(!removes(&change(None, file(""))));
        assert!(!removes(&change(file(""), file(""))), "its mode is set");
    }
}
