//! The seal before it begins: every step in order, what keeps it from beginning, what is left to a person, and what comes
//! afterwards, when nothing can be shown any more.

use super::{Page, Role, review};
use crate::change::seal::{Act, SealStep, Stage, TakenBack};
use crate::image::{Mode, text};
use crate::wizard::message::{Instance, SealDraft};
use crate::wizard::model::Model;
use crate::wizard::words;

/// How many paths of one step are named; the diff shows all.
const PATHS: usize = 4;

/// The page.
pub(crate) fn page(model: &Model, width: usize) -> Page {
    let mut page = Page::new(width);
    let live = model.subject.mode == Mode::Live;
    page.line(&[(
        Role::Title,
        match live {
            true => "Seal this machine",
            false if model.subject.practice => "Seal the practice image",
            false => "Seal the image",
        },
    )]);
    page.gap();
    let Some(draft) = &model.sealing else {
        page.prose(Role::Dim, 0, "Working out every step, and trying it on a draft …");
        return page;
    };
    summary(&mut page, draft, live);
    if !draft.sealing.refused.is_empty() {
        page.heading("Nothing may be sealed yet");
        for refusal in &draft.sealing.refused {
            page.point(Role::Error, 0, &refusal.reason);
        }
        page.prose(Role::Text, 0, "See to these first: the next boot would not bring what is sealed away.");
    }
    report(&mut page, draft);
    review::shredding(&mut page, &draft.shredding, draft.sealing.plan.shred);
    steps(&mut page, model, draft);
    if !draft.sealing.left.is_empty() {
        page.heading("Left to you");
        for left in &draft.sealing.left {
            page.point(Role::Warning, 0, &format!("{}: {}", left.guideline, left.reason));
        }
    }
    page.heading("Afterwards");
    afterwards(&mut page, model, draft.instance.as_ref());
    page
}

fn summary(page: &mut Page, draft: &SealDraft, live: bool) {
    let steps = words::plural(draft.sealing.steps.len(), "step");
    let stages = stages(draft, live).join(", ");
    page.prose(Role::Text, 0, &format!("{steps}: {stages}. Nothing has been changed yet."));
    if live {
        let said = "What these steps remove is gone for good once the power is off: the journal is in memory.";
        page.prose(Role::Warning, 0, said);
    } else {
        page.prose(Role::Text, 0, "All of it can be taken back: the journal lies outside the image.");
    }
    if draft.sealing.refused.is_empty() {
        page.prose(Role::Dim, 0, "S seals, and asks once more; d shows every line; Esc goes back.");
    }
}

/// How many steps each stage has, in order: `clean 12`.
fn stages(draft: &SealDraft, live: bool) -> Vec<String> {
    let mut counts: Vec<(Stage, usize)> = Vec::new();
    for step in &draft.sealing.steps {
        match counts.last_mut() {
            Some((stage, count)) if *stage == step.stage => *count += 1,
            _ => counts.push((step.stage, 1)),
        }
    }
    counts.into_iter().map(|(stage, count)| format!("{} {count}", title(stage, live).to_lowercase())).collect()
}

/// What a stage is called.
fn title(stage: Stage, live: bool) -> &'static str {
    if !live && stage == Stage::Off { "Finish" } else { stage.title() }
}

/// Whether the report is safe, on a running machine.
fn report(page: &mut Page, draft: &SealDraft) {
    let Some(report) = &draft.report else { return };
    page.heading("The report");
    match report {
        Ok(report) => {
            let at = report.at.strftime("%Y-%m-%d %H:%M UTC");
            let said = format!(
                "It was written at {at}. Copy it to your own machine: you are asked how its digest begins, as \
                 `sha256sum report.json` shows it there."
            );
            page.prose(Role::Text, 0, &said);
        }
        Err(why) => {
            page.prose(Role::Warning, 0, why);
            page.prose(Role::Warning, 0, "e writes it. Afterwards nobody can.");
        }
    }
}

fn steps(page: &mut Page, model: &Model, draft: &SealDraft) {
    let mode = model.subject.mode;
    let mut shown: Option<Stage> = None;
    for (number, step) in draft.sealing.steps.iter().enumerate() {
        if shown != Some(step.stage) {
            page.heading(title(step.stage, mode == Mode::Live));
            shown = Some(step.stage);
        }
        one(page, number + 1, step, mode);
        files(page, draft, step);
    }
}

fn one(page: &mut Page, number: usize, step: &SealStep, mode: Mode) {
    let number = format!("{number:>3}  ");
    if let Act::Carry { guideline, title } = &step.act {
        page.line(&[(Role::Dim, &number), (Role::Accent, guideline), (Role::Text, &format!("  {title}"))]);
        return;
    }
    let for_good = step.taken_back(mode) == TakenBack::Never;
    let sentence = step.sentence();
    let (role, sentence) = if for_good {
        (Role::Warning, format!("{} It cannot be taken back.", sentence.trim_end()))
    } else {
        (Role::Text, sentence)
    };
    page.labelled(&number, number.len(), role, &sentence);
}

/// The first paths that a step changes.
fn files(page: &mut Page, draft: &SealDraft, step: &SealStep) {
    let steps = draft.sealing.plan.steps.iter().zip(&draft.steps);
    let own = |id: &str| step.act.guideline() == Some(id);
    let Some((_, files)) = steps.into_iter().find(|(step, _)| own(&step.guideline)) else { return };
    for file in files.iter().take(PATHS) {
        let place = if file.path.as_os_str().is_empty() { "run".to_owned() } else { text::path(&file.path) };
        page.both_ends(
            (Role::Text, &format!("     {place}")),
            (Role::Dim, &words::fit(&file.headline, page.width() / 3)),
        );
    }
    if let Some(more) = files.len().checked_sub(PATHS + 1) {
        page.prose(Role::Dim, 5, &format!("… and {} more; d shows them.", more + 1));
    }
}

/// What to do once it is sealed. On a running machine this is read before: nothing can be shown then.
pub(crate) fn afterwards(page: &mut Page, model: &Model, instance: Option<&Instance>) {
    match model.subject.mode {
        Mode::Live => {
            let id = instance.map_or("INSTANCE-ID", |instance| instance.id.as_str());
            let region = instance.and_then(|instance| instance.region.as_ref());
            let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
            page.prose(
                Role::Text,
                0,
                "Your connection will end, and the machine powers itself off. Then make the image, on your own machine:",
            );
            page.command(2, &format!("aws ec2 wait instance-stopped{region} --instance-ids {id}"));
            page.command(2, &format!("aws ec2 create-image{region} --instance-id {id} --name NAME"));
            page.prose(
                Role::Text,
                0,
                "Do not start this machine again before: whatever it writes would be in the image.",
            );
        }
        Mode::Offline if model.subject.practice => {
            page.prose(
                Role::Text,
                0,
                "A real image would now be unmounted, and a snapshot of its volume made into an image.",
            );
        }
        Mode::Offline => {
            let place = text::path(&model.subject.mount_point);
            page.prose(Role::Text, 0, "Unmount it, then make the image from its volume:");
            page.command(2, &format!("umount {place}"));
            page.command(2, "aws ec2 create-snapshot --volume-id VOLUME-ID");
            page.command(2, "aws ec2 register-image --name NAME --block-device-mappings …");
        }
    }
}

/// What is left to be sealed, in a line or two: for the pages that lead to the seal.
pub(crate) fn remains(page: &mut Page, model: &Model) {
    let Some(draft) = &model.sealing else {
        page.prose(Role::Dim, 2, "Working out what is left …");
        return;
    };
    let steps = words::plural(draft.sealing.steps.len(), "step");
    match draft.sealing.refused.len() {
        0 => page.prose(Role::Text, 2, &format!("{steps}; S shows them, and asks before it begins.")),
        _ => page.prose(Role::Error, 2, &format!("{steps}, but nothing may be sealed yet; S says why.")),
    }
}
