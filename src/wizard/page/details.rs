//! What is said of the selected guideline: the right side of the hub.

use std::path::Path;

use super::seen::{PLACES, Remedies, remedies, seen};
use super::{Page, Role, overview};
use crate::catalogue::Guideline;
use crate::change::diff::FileDiff;
use crate::check::needs_sweep;
use crate::image::text;
use crate::playbook::Decision;
use crate::report::verdict::counting;
use crate::wizard::model::{Model, Preview};
use crate::wizard::standing::Standing;
use crate::wizard::words;

/// The details for the selected guideline, or the overview.
pub(crate) fn page(model: &Model, width: usize) -> Page {
    match model.guideline() {
        Some(guideline) => guideline_page(model, guideline, width),
        None => overview::page(model, width),
    }
}

fn guideline_page(model: &Model, guideline: &Guideline, width: usize) -> Page {
    let mut page = Page::new(width);
    let standing = model.standing(&guideline.id);
    page.line(&[
        (Role::Accent, &guideline.id),
        (Role::Dim, &format!(" · {} · {}", guideline.severity, guideline.phase.title())),
    ]);
    page.prose(Role::Title, 0, &guideline.title);
    page.gap();
    page.line(&[(standing.role(), &format!("{} {}", standing.glyph(), standing.word()))]);
    let finding = model.findings.get(&guideline.id);
    match finding {
        None => page.prose(Role::Dim, 4, not_judged(model, guideline)),
        Some(finding) => page.prose(Role::Text, 4, &finding.summary),
    }
    if let Some(decision) = counting(model.decision(&guideline.id), finding) {
        decided(&mut page, model, guideline, &decision);
    }
    if let Some(finding) = finding {
        if !finding.observations.is_empty() {
            page.heading("Seen");
        }
        seen(&mut page, &finding.observations, finding.observations.len(), &remedies(model, guideline));
    } else if let Some(found) = model.survey.found.get(&guideline.id) {
        page.heading(&format!("Found so far: {}", words::plural(found.places, "place")));
        seen(&mut page, &found.seen, found.places, &Remedies::default());
    }
    todo(&mut page, model, guideline);
    if let Some(statement) = &guideline.attest {
        page.heading("To confirm");
        page.prose(Role::Text, 2, statement);
    }
    for (heading, text) in [("What", &guideline.asks), ("Why", &guideline.why)] {
        page.heading(heading);
        page.prose(Role::Text, 2, text);
    }
    if !guideline.danger.trim().is_empty() {
        page.heading("Take care");
        page.prose(Role::Warning, 2, &guideline.danger);
    }
    let turn = guideline.turn();
    if !turn.is_empty() {
        page.heading("Its turn");
    }
    for sentence in turn {
        page.point(Role::Text, 2, &sentence);
    }
    page.heading("By hand");
    page.prose(Role::Text, 2, &guideline.by_hand);
    page.heading("Source");
    for source in &guideline.sources {
        page.point(Role::Dim, 2, &format!("{}, “{}”", source.page, source.section));
    }
    page
}

fn decided(page: &mut Page, model: &Model, guideline: &Guideline, decision: &Decision) {
    page.heading("Decided");
    let text = match decision {
        Decision::Apply => match (model.standing(&guideline.id), model.run_of(&guideline.id)) {
            (Standing::Chosen, _) => "Its changes are in the plan.".to_owned(),
            (_, Some(run)) => format!("Its changes were carried out in run {}.", run.id),
            (Standing::Waiting, None) => "Its remedy is chosen.".to_owned(),
            (_, None) => "Its remedy is chosen; as it stands, it needs no change of its own.".to_owned(),
        },
        Decision::Waive { reason, until, by } if by.is_empty() => {
            format!("Allowed by the playbook until {until}: {reason}")
        }
        Decision::Waive { reason, until, by } => format!("Waived by {by} until {until}: {reason}"),
        Decision::Attest { by, note } if note.is_empty() => format!("Confirmed by {by}."),
        Decision::Attest { by, note } => format!("Confirmed by {by}: {note}"),
        Decision::ByHand if model.standing(&guideline.id) == Standing::Pass => {
            "You chose to do it by hand; it passes.".to_owned()
        }
        Decision::ByHand => "You do it by hand; press c to check again when it is done.".to_owned(),
        Decision::Later => "Put off.".to_owned(),
    };
    page.prose(Role::Text, 2, &text);
}

/// Why there is no finding yet.
fn not_judged(model: &Model, guideline: &Guideline) -> &'static str {
    match (needs_sweep(guideline), model.survey.paused) {
        (false, _) => "Not judged yet; the checks are running.",
        (true, false) => "Being judged: the search for secrets is running.",
        (true, true) => "The search is paused; p in the list lets it go on. Until it is through, this is not known.",
    }
}

fn todo(page: &mut Page, model: &Model, guideline: &Guideline) {
    let Some(preview) = model.previews.get(&guideline.id) else { return };
    page.heading("Would be done");
    match preview {
        Preview::Working => page.prose(Role::Dim, 2, "Working it out …"),
        Preview::Nothing => page.prose(Role::Dim, 2, "Nothing."),
        Preview::ByHand(why) => page.prose(Role::Text, 2, &format!("By hand: {why}")),
        Preview::Failed(why) => page.prose(Role::Error, 2, why),
        Preview::Changes(files) => changes(page, files),
        Preview::Part(files, left) => {
            changes(page, files);
            let places = words::plural(left.len(), "place");
            page.prose(Role::Warning, 2, &format!("Left for you: {places}; the list above says why."));
            for left in left.iter().filter(|left| left.path == Path::new("/")) {
                page.prose(Role::Warning, 2, &left.what);
            }
        }
    }
}

fn changes(page: &mut Page, files: &[FileDiff]) {
    for file in files.iter().take(PLACES) {
        change(page, file, 2);
    }
    if let Some(more) = files.len().checked_sub(PLACES + 1) {
        page.prose(Role::Dim, 2, &format!("… and {} more.", words::plural(more + 1, "change")));
    }
    page.line(&[(Role::Dim, "  d shows it line by line")]);
}

/// How many lines are added and removed: `+1 -3`. Empty where the headline says it, because no line is shown.
pub(crate) fn totals(file: &FileDiff) -> String {
    if file.hunks.is_empty() { String::new() } else { format!("+{} -{}", file.added, file.removed) }
}

/// One change in a line or two: where, what, and how much.
pub(crate) fn change(page: &mut Page, file: &FileDiff, indent: usize) {
    let lead = " ".repeat(indent);
    if file.path.as_os_str().is_empty() {
        page.prose(Role::Text, indent, &format!("run  {}", file.headline));
        return;
    }
    page.both_ends((Role::Text, &format!("{lead}{}", text::path(&file.path))), (Role::Dim, &totals(file)));
    let masked = if file.masked { ", masked" } else { "" };
    page.prose(Role::Dim, indent + 2, &format!("{}{masked}", file.headline));
}
