//! What a message makes of the model, and what is to be done about it. No I/O, no clock, no chance.

mod decide;
pub(crate) mod export;
mod keys;
mod login;
mod run;
mod seal;

pub(super) use decide::CHOICES;

use super::message::{Effect, Message};
use super::model::{Model, Notice, Preview, Quit};
use super::saved;
use super::screen::{Overlay, Review, Screen};
use super::{Standing, words};
use crate::check::{Progress, TOLD_LIMIT, needs_sweep};

/// Takes `message` in, and says what is to be done.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => return keys::key(model, key),
        Message::Paste(text) => return keys::paste(model, &text),
        Message::Resize(width, height) => {
            model.size = super::layout::Size { width, height };
            keys::clamp(model);
        }
        Message::Described { os, arch } => {
            model.subject.os = Some(os);
            model.subject.arch = arch;
        }
        Message::Loaded(Ok(text)) => return loaded(model, text.as_deref()),
        Message::Loaded(Err(error)) => {
            say(model, "The last session cannot be read", &format!("{error}.\n\nYou start with no decisions."));
        }
        Message::Runs(Ok(runs)) => return run::listed(model, runs),
        Message::Runs(Err(error)) => say(model, "Earlier runs cannot be listed", &error),
        Message::Progress(progress) => return progressed(model, progress),
        Message::Surveyed => return run::surveyed(model),
        Message::Previewed(id, preview) => {
            model.previews.insert(id.clone(), preview);
            keys::clamp(model);
            let is_awaited = model.awaited_diff.take_if(|awaited| *awaited == id).is_some();
            if is_awaited && model.selected == Some(id) && matches!(model.screen(), Screen::Hub) {
                return keys::diff(model);
            }
        }
        Message::Planned(planned) => {
            if let Some(Screen::Review(review)) = model.screens.last_mut() {
                review.planned = Some(planned);
            }
        }
        Message::Step(step) => run::step(model, step),
        Message::Applied(result) => return run::applied(model, result),
        Message::Undone(result) => return run::undone(model, result),
        Message::Pending(waiting, now) => return login::pending(model, waiting, now),
        Message::Confirmed(result) => login::confirmed(model, result),
        Message::News(lines) => login::news(model, &lines),
        Message::SealDrafted(draft) => {
            seal::drafted(model, draft);
            keys::clamp(model);
        }
        Message::SealUnderWay => return seal::under_way(model),
        Message::SealLine(line) => seal::line(model, line),
        Message::Sealed(result) => return seal::sealed(model, result),
        Message::AgentKeys(keys) => export::agent_keys(model, keys),
        Message::Exported(result) => return export::exported(model, result),
        Message::Delivered(result) => export::delivered(model, result),
        Message::Failed(text) => say(model, "Something went wrong", &text),
        Message::Signal(number) => return quit(model, Quit::Signal(number)),
        Message::Gone => return quit(model, Quit::Gone),
    }
    Vec::new()
}

/// What is to be done when the wizard opens.
pub fn start() -> Vec<Effect> {
    vec![Effect::Start, Effect::Survey]
}

fn progressed(model: &mut Model, progress: Progress) -> Vec<Effect> {
    match progress {
        Progress::Waiting { id, what } => model.survey.waiting = Some((id, what)),
        Progress::Judged { id, finding } => {
            let _ = model.survey.waiting.take_if(|(waiting, _)| *waiting == id);
            model.survey.found.remove(&id);
            if model.findings.insert(id.clone(), finding).is_none() {
                model.survey.judged += 1;
            }
            if model.selected.as_ref() == Some(&id) {
                keys::clamp(model);
                return preview_selected(model);
            }
        }
        Progress::Found { id, seen, places } => {
            let found = model.survey.found.entry(id).or_default();
            found.seen.extend(seen);
            found.seen.truncate(TOLD_LIMIT);
            found.places = found.places.max(places);
        }
        Progress::Swept { files, bytes, left } => {
            // Threads tell of their work in no particular order.
            model.survey.files = model.survey.files.max(files);
            model.survey.bytes = model.survey.bytes.max(bytes);
            model.survey.left = left;
        }
    }
    Vec::new()
}

/// Takes over what was saved; what has been decided since the start wins.
fn loaded(model: &mut Model, text: Option<&str>) -> Vec<Effect> {
    let Some(text) = text else { return Vec::new() };
    match saved::Saved::from_toml(text) {
        Err(error) => {
            let text = format!("{error}\n\nYou start with no decisions; the next one replaces the session.");
            say(model, "The last session cannot be read", &text);
            Vec::new()
        }
        Ok(saved) => {
            let count = saved.decisions.len();
            for (id, decision) in saved.decisions {
                model.playbook.decisions.entry(id).or_insert(decision);
            }
            if let Some(publisher) = saved.publisher {
                model.publisher = publisher;
            }
            if count > 0 {
                notice(model, false, format!("Welcome back: {} from last time.", words::plural(count, "decision")));
            }
            match saved.selected {
                Some(id) if model.selected.is_none() && model.catalogue.get(&id).is_some() => select(model, Some(id)),
                _ => Vec::new(),
            }
        }
    }
}

/// Selects a guideline, or the overview, and asks what would be done about it.
fn select(model: &mut Model, id: Option<String>) -> Vec<Effect> {
    if model.selected != id {
        model.selected = id;
        model.details_top = 0;
    }
    preview_selected(model)
}

/// Asks what would be done about the selected guideline, once.
fn preview_selected(model: &mut Model) -> Vec<Effect> {
    let Some(guideline) = model.guideline() else { return Vec::new() };
    let fails = matches!(model.standing(&guideline.id), Standing::Fail | Standing::Chosen | Standing::Later);
    // What is judged by the sweep is mended by it, and nobody has it before it is through.
    let too_early = model.survey.running && needs_sweep(guideline);
    if !fails || too_early || guideline.fix.is_none() || model.previews.contains_key(&guideline.id) {
        return Vec::new();
    }
    let id = guideline.id.clone();
    model.previews.insert(id.clone(), Preview::Working);
    vec![Effect::Preview(id)]
}

/// Shows something that must be read.
fn say(model: &mut Model, title: &str, text: &str) {
    model.overlays.push(Overlay::Message { title: title.into(), text: text.into(), top: 0 });
}

/// Says something in the line above the keys.
fn notice(model: &mut Model, bad: bool, text: impl Into<String>) {
    model.notice = Some(Notice { text: text.into(), bad });
}

/// Says why something is not possible: in the line above the keys, or in a dialog where that is too short.
fn not_now(model: &mut Model, reason: &str) {
    let reason = reason.trim_end_matches('.');
    if reason.chars().count() + 16 > usize::from(model.size.width) {
        say(model, "Not now", &format!("{reason}."));
    } else {
        notice(model, true, format!("Not now: {reason}."));
    }
}

fn save(model: &Model) -> Effect {
    Effect::Save(saved::Saved::of(model).to_toml())
}

fn quit(model: &mut Model, quit: Quit) -> Vec<Effect> {
    model.quit = Some(quit);
    vec![save(model), Effect::Quit(quit)]
}

/// Opens the review of everything chosen.
fn review(model: &mut Model) -> Vec<Effect> {
    model.screens.truncate(1);
    model.screens.push(Screen::Review(Review::default()));
    vec![Effect::Plan(model.chosen())]
}

#[cfg(test)]
pub(crate) mod tests;
