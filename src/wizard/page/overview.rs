//! The image as a whole: what it is, how far the checks are, how it stands, what to do next.

use super::{Page, Role, search};
use crate::image::{Mode, text};
use crate::report::Verdict;
use crate::wizard::model::Model;
use crate::wizard::standing::{STANDINGS, Standing};
use crate::wizard::words;

/// The overview.
pub(crate) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    let subject = &model.subject;
    page.line(&[(Role::Title, "This image")]);
    page.gap();
    page.labelled("System", 9, Role::Text, subject.os.as_deref().unwrap_or("looking …"));
    page.labelled("CPU", 9, Role::Text, subject.arch.as_deref().unwrap_or("not known"));
    let mount = text::path(&subject.mount_point);
    page.labelled(
        "Where",
        9,
        Role::Text,
        &match subject.mode {
            Mode::Live => "this machine, running".to_owned(),
            Mode::Offline if subject.practice => "a temporary directory".to_owned(),
            Mode::Offline => format!("{mount}, not running"),
        },
    );
    if subject.practice {
        page.gap();
        page.prose(Role::Warning, 0, "A practice image: change what you like, it is thrown away when you leave.");
        if !subject.story.is_empty() {
            page.gap();
            page.prose(Role::Text, 0, &subject.story);
        }
    }
    checks(&mut page, model);
    next(&mut page, model);
    standings(&mut page, model);
    page
}

fn checks(page: &mut Page, model: &Model) {
    page.heading("Checks");
    let (judged, all) = (model.survey.judged, model.catalogue.guidelines.len());
    if model.survey.running {
        page.bar(judged, all);
        page.prose(Role::Text, 0, &format!("{judged} of {} judged", words::plural(all, "guideline")));
        if let Some((id, what)) = &model.survey.waiting {
            page.prose(Role::Dim, 0, &format!("{id}: {what}."));
        }
        if let Some((role, text)) = search::line(model, usize::MAX) {
            page.prose(role, 0, &format!("{text}."));
        }
        found(page, model);
        page.prose(Role::Dim, 0, "You can start already.");
    } else {
        let read = search::read(&model.survey);
        page.prose(Role::Text, 0, &format!("{} judged; {read} read.", words::plural(judged, "guideline")));
    }
}

/// What the search has come upon.
fn found(page: &mut Page, model: &Model) {
    for (id, found) in &model.survey.found {
        let places = words::plural(found.places, "place");
        let title = model.catalogue.get(id).map_or("", |guideline| &guideline.title);
        page.line(&[(Role::Fail, &format!("{id} ")), (Role::Text, &format!("{places} so far  ")), (Role::Dim, title)]);
    }
}

fn standings(page: &mut Page, model: &Model) {
    page.heading("How it stands");
    let all: Vec<Standing> = model.standings().map(|(_, standing)| standing).collect();
    for standing in STANDINGS {
        let count = all.iter().filter(|other| **other == standing).count();
        if count > 0 && standing != Standing::Waiting {
            page.line(&[
                (Role::Text, &format!("{count:>4}  ")),
                (standing.role(), &words::pad(&format!("{} {}", standing.glyph(), standing.word()), 14)),
                (Role::Dim, if page.width() < 56 { "" } else { standing.meaning() }),
            ]);
        }
    }
}

fn next(page: &mut Page, model: &Model) {
    page.heading("Next");
    if model.survey.running {
        page.prose(Role::Dim, 0, "Move down the list and look at what has been judged.");
        return;
    }
    let (open, chosen) = (model.open(), model.chosen().len());
    let verdict = match model.verdict() {
        Verdict::Seaworthy => "Every required guideline is satisfied.",
        Verdict::SeaworthyWithWaivers => "Every required guideline is satisfied or waived.",
        Verdict::Undecided => "No required guideline fails, but some are still open.",
        Verdict::NotSeaworthy => "A required guideline fails: this image would be rejected.",
    };
    let role = verdict_role(model.verdict());
    page.prose(role, 0, verdict);
    if open > 0 {
        page.prose(Role::Text, 0, &format!("g  goes through {} still to be decided", words::plural(open, "guideline")));
    }
    if chosen > 0 {
        page.prose(Role::Text, 0, &format!("r  shows the plan for {} chosen", words::plural(chosen, "guideline")));
    }
    if open == 0 {
        page.prose(Role::Text, 0, "e  writes the report");
        page.prose(Role::Text, 0, "S  shows the last steps: the seal");
    }
    if let Some(run) = model.last_run() {
        let done = words::plural(run.guidelines.len(), "guideline");
        page.prose(Role::Text, 0, &format!("u  takes back the last run ({done})"));
    }
}

/// The role a verdict is drawn in.
pub(crate) fn verdict_role(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Seaworthy => Role::Pass,
        Verdict::SeaworthyWithWaivers => Role::Waived,
        Verdict::Undecided => Role::Unknown,
        Verdict::NotSeaworthy => Role::Fail,
    }
}
