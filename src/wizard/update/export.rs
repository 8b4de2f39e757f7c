//! The way of the report: forward and back, what is chosen on it, and what comes of it.

use std::path::PathBuf;

use super::super::input::Input;
use super::super::message::{AgentKey, Delivered, Effect, ExportRequest, Exported, Signer};
use super::super::model::Model;
use super::super::screen::Screen;
use super::super::walk::{Step, Walk};
use super::{save, say, seal};
use crate::image::Mode;
use crate::report::handover::{WAYS, Way};

/// Opens the way: at its beginning, or at the digest of the report that is there still.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let walk = &mut model.walk;
    if walk.publisher.is_empty() {
        walk.publisher = Input::new(&model.publisher);
    }
    if walk.directory.is_empty() {
        walk.directory = Input::new(&model.export_directory.to_string_lossy());
    }
    let is_current = walk.report.as_ref().is_some_and(|(request, _)| request.playbook == model.playbook);
    go_to(walk, if is_current { Step::Digest } else { Step::Name });
    model.screens.truncate(1);
    model.screens.push(Screen::Export);
    vec![Effect::AgentKeys]
}

fn go_to(walk: &mut Walk, step: Step) {
    walk.step = step;
    walk.focus = 0;
    walk.top = 0;
    walk.error = None;
}

/// The text field that has the cursor.
pub(super) fn field(model: &mut Model) -> Option<&mut Input> {
    let is_directory = way(model).is_none();
    let walk = &mut model.walk;
    match walk.step {
        _ if walk.busy => None,
        Step::Name if walk.focus == 0 => Some(&mut walk.publisher),
        Step::Name => Some(&mut walk.challenge),
        Step::Signer if walk.is_key_file() => Some(&mut walk.key_file),
        Step::Where if is_directory => Some(&mut walk.directory),
        _ => None,
    }
}

/// Whether what is typed goes into a field.
pub(crate) fn is_typing(model: &Model) -> bool {
    let walk = &model.walk;
    match walk.step {
        Step::Name => true,
        Step::Signer => walk.is_key_file(),
        Step::Where => way(model).is_none(),
        Step::Vouched | Step::Digest | Step::Seal => false,
    }
}

/// The way that is chosen; `None` is the directory, which is all there is for a mounted image.
pub(crate) fn way(model: &Model) -> Option<Way> {
    if model.subject.mode == Mode::Offline {
        return None;
    }
    let own = || {
        let own = model.walk.exported().and_then(|exported| exported.here.as_ref()).and_then(|here| here.way);
        own.and_then(|own| WAYS.iter().position(|way| *way == own)).unwrap_or(0)
    };
    WAYS.get(model.walk.way.unwrap_or_else(own)).copied()
}

/// Goes to the next row, or the one before: of the fields, the signers, the ways. `false` where the step has none.
pub(super) fn move_focus(model: &mut Model, forward: bool) -> bool {
    let moved = |from: usize, last: usize| if forward { (from + 1).min(last) } else { from.saturating_sub(1) };
    match model.walk.step {
        Step::Name => model.walk.focus = moved(model.walk.focus, 1),
        Step::Signer => {
            model.walk.signer = moved(model.walk.signer, model.walk.agent_keys().len() + 1);
            model.walk.top = 0;
        }
        Step::Where if model.subject.mode == Mode::Live => {
            let now = way(model).and_then(|way| WAYS.iter().position(|one| *one == way)).unwrap_or(WAYS.len());
            model.walk.way = Some(moved(now, WAYS.len()));
            model.walk.top = 0;
        }
        _ => return false,
    }
    model.walk.error = None;
    true
}

/// Goes one step on; what the step asks for must be there.
pub(super) fn next(model: &mut Model) -> Vec<Effect> {
    match model.walk.step {
        Step::Name if model.walk.publisher.trimmed().is_empty() => {
            model.walk.focus = 0;
            model.walk.error = Some("the report names who prepared the image".into());
            Vec::new()
        }
        Step::Name => {
            model.publisher = model.walk.publisher.trimmed();
            go_to(&mut model.walk, Step::Vouched);
            vec![save(model)]
        }
        Step::Signer => make(model),
        Step::Where if way(model).is_none() => deliver(model),
        Step::Seal => {
            model.screens.truncate(1);
            Vec::new()
        }
        step => {
            go_to(&mut model.walk, step.next().unwrap_or(step));
            Vec::new()
        }
    }
}

/// Goes one step back; from the first one, out.
pub(super) fn back(model: &mut Model) {
    match model.walk.step.previous() {
        Some(step) => go_to(&mut model.walk, step),
        None => {
            model.screens.pop();
        }
    }
}

/// Has the report made, unless it is there already and nothing of it would be another.
fn make(model: &mut Model) -> Vec<Effect> {
    let walk = &mut model.walk;
    if walk.is_key_file() && walk.key_file.trimmed().is_empty() {
        walk.error = Some("name the key file".into());
        return Vec::new();
    }
    let key = walk.signer.checked_sub(1).and_then(|place| walk.agent_keys().get(place));
    let signer = match key {
        Some(key) => Signer::Agent(key.fingerprint.clone()),
        None if walk.is_key_file() => Signer::KeyFile(PathBuf::from(walk.key_file.trimmed())),
        None => Signer::Later,
    };
    let request = ExportRequest {
        publisher: walk.publisher.trimmed(),
        challenge: Some(walk.challenge.trimmed()).filter(|word| !word.is_empty()),
        signer,
        playbook: model.playbook.clone(),
    };
    let is_whole = |exported: &Exported| exported.not_signed.is_none();
    if walk.report.as_ref().is_some_and(|(made_from, exported)| *made_from == request && is_whole(exported)) {
        go_to(walk, Step::Digest);
        return Vec::new();
    }
    walk.busy = true;
    walk.error = None;
    walk.report = None;
    walk.delivered = None;
    walk.asked = Some(Box::new(request.clone()));
    vec![Effect::Export(Box::new(request))]
}

/// Has the evidence written into the directory, unless it is there already.
fn deliver(model: &mut Model) -> Vec<Effect> {
    let walk = &mut model.walk;
    let directory = PathBuf::from(walk.directory.trimmed());
    if directory.as_os_str().is_empty() {
        walk.error = Some("say where the report is to go".into());
        return Vec::new();
    }
    if walk.delivered.is_some() && model.exported_to.as_ref() == Some(&directory) {
        go_to(walk, Step::Seal);
        return Vec::new();
    }
    walk.busy = true;
    walk.error = None;
    let replace = model.exported_to.as_ref() == Some(&directory);
    model.export_directory.clone_from(&directory);
    vec![Effect::Deliver(directory, replace)]
}

/// The agent has answered.
pub(super) fn agent_keys(model: &mut Model, keys: Result<Vec<AgentKey>, String>) {
    let walk = &mut model.walk;
    let (key_file, chosen) = (walk.is_key_file(), walk.signer.checked_sub(1));
    let chosen = chosen.and_then(|place| walk.agent_keys().get(place).cloned());
    walk.keys = Some(keys);
    let again = chosen.and_then(|key| walk.agent_keys().iter().position(|other| *other == key));
    walk.signer = if key_file { walk.agent_keys().len() + 1 } else { again.map_or(0, |place| place + 1) };
}

/// The report is made, or not.
pub(super) fn exported(model: &mut Model, result: Result<Box<Exported>, String>) -> Vec<Effect> {
    let asked = model.walk.asked.take();
    model.walk.busy = false;
    match (result, asked) {
        (Ok(exported), Some(request)) => {
            model.walk.report = Some((*request, exported));
            go_to(&mut model.walk, Step::Digest);
            // How much is left to be sealed is said at the end of the way.
            vec![seal::draft(model)]
        }
        (Ok(_), None) => Vec::new(),
        (Err(error), _) => {
            say(model, "The report was not made", &error);
            Vec::new()
        }
    }
}

/// The evidence is in its directory, or not.
pub(super) fn delivered(model: &mut Model, result: Result<Delivered, String>) {
    model.walk.busy = false;
    match result {
        Ok(delivered) => {
            model.exported_to = Some(model.export_directory.clone());
            model.walk.delivered = Some(delivered);
            model.walk.top = 0;
        }
        Err(error) => say(model, "The report was not written", &error),
    }
}

/// The image is judged anew: what a report said of it is of yesterday.
pub(super) fn outdate(model: &mut Model) {
    model.walk.report = None;
    model.walk.delivered = None;
    if model.walk.step > Step::Signer {
        go_to(&mut model.walk, Step::Name);
    }
}

/// What there is to be copied here: the digest, or the commands, never the report.
pub(crate) fn to_copy(model: &Model) -> Option<String> {
    let exported = model.walk.exported()?;
    match model.walk.step {
        Step::Digest => Some(exported.sha256.clone()),
        Step::Where => {
            let commands = way(model).zip(exported.here.as_ref());
            let commands =
                commands.map(|(way, here)| here.commands(way, &exported.sha256, exported.signed_by.is_some()));
            commands.map(|commands| commands.there.join(" &&\n"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
