//! The export: filling in the form, and what comes back.

use std::path::PathBuf;

use super::super::input::Input;
use super::super::message::{AgentKey, Effect, ExportRequest, Exported, Signer};
use super::super::model::Model;
use super::super::screen::{ExportForm, Screen};
use super::{save, say, seal};

/// The rows of the form that take text, then the row of signers, then the key file.
pub(crate) const SIGNERS: usize = 3;
/// The row of the key file, there when a key file signs.
pub(crate) const KEY_FILE: usize = 4;

/// Opens the form.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let form = ExportForm {
        directory: Input::new(&model.export_directory.to_string_lossy()),
        publisher: Input::new(&model.publisher),
        // What is not known yet comes first.
        focus: if model.publisher.is_empty() { 1 } else { SIGNERS },
        ..ExportForm::default()
    };
    model.screens.truncate(1);
    model.screens.push(Screen::Export(form));
    vec![Effect::AgentKeys]
}

/// The text field that has the cursor.
pub(super) fn field(form: &mut ExportForm) -> Option<&mut Input> {
    match form.focus {
        0 => Some(&mut form.directory),
        1 => Some(&mut form.publisher),
        2 => Some(&mut form.challenge),
        KEY_FILE => Some(&mut form.key_file),
        _ => None,
    }
}

/// Whether a key file is the chosen signer: the last row, after "later" and the agent's keys.
pub(crate) fn is_key_file(form: &ExportForm) -> bool {
    form.signer == agent_keys_of(form).len() + 1
}

/// The keys the agent has answered with.
pub(crate) fn agent_keys_of(form: &ExportForm) -> &[AgentKey] {
    match &form.keys {
        Some(Ok(keys)) => keys,
        _ => &[],
    }
}

/// Goes to the next row, or the one before; within the signers that chooses.
pub(super) fn move_focus(form: &mut ExportForm, forward: bool) {
    let last = if is_key_file(form) { KEY_FILE } else { SIGNERS };
    if form.focus == SIGNERS {
        if forward && !is_key_file(form) {
            form.signer += 1;
            return;
        }
        if !forward && form.signer > 0 {
            form.signer -= 1;
            return;
        }
    }
    form.focus = if forward { (form.focus + 1).min(last) } else { form.focus.saturating_sub(1) };
}

/// Checks what was typed, and has the report written.
pub(super) fn write(model: &mut Model) -> Vec<Effect> {
    let playbook = model.playbook.clone();
    let Some(Screen::Export(form)) = model.screens.last_mut() else { return Vec::new() };
    let (directory, publisher) = (form.directory.trimmed(), form.publisher.trimmed());
    let wrong = if directory.is_empty() {
        Some((0, "say where the report is to go"))
    } else if publisher.is_empty() {
        Some((1, "the report names who prepared the image"))
    } else if is_key_file(form) && form.key_file.trimmed().is_empty() {
        Some((KEY_FILE, "name the key file"))
    } else {
        None
    };
    if let Some((focus, error)) = wrong {
        form.focus = focus;
        form.error = Some(error.into());
        return Vec::new();
    }
    let key = form.signer.checked_sub(1).and_then(|place| agent_keys_of(form).get(place));
    let signer = match key {
        Some(key) => Signer::Agent(key.fingerprint.clone()),
        None if is_key_file(form) => Signer::KeyFile(PathBuf::from(form.key_file.trimmed())),
        None => Signer::Later,
    };
    let challenge = Some(form.challenge.trimmed()).filter(|word| !word.is_empty());
    form.busy = true;
    form.error = None;
    model.publisher.clone_from(&publisher);
    model.export_directory = PathBuf::from(&directory);
    let directory = PathBuf::from(directory);
    let replace = model.exported_to.as_ref() == Some(&directory);
    let request = ExportRequest { directory, publisher, challenge, signer, replace, playbook };
    vec![save(model), Effect::Export(Box::new(request))]
}

/// The agent has answered.
pub(super) fn agent_keys(model: &mut Model, keys: Result<Vec<AgentKey>, String>) {
    if let Some(Screen::Export(form)) = model.screens.last_mut() {
        let key_file = is_key_file(form);
        form.keys = Some(keys);
        form.signer = if key_file { agent_keys_of(form).len() + 1 } else { 0 };
    }
}

/// The report is written, or not.
pub(super) fn exported(model: &mut Model, result: Result<Box<Exported>, String>) -> Vec<Effect> {
    match result {
        Ok(exported) => {
            model.exported_to = Some(model.export_directory.clone());
            model.screens.truncate(1);
            model.screens.push(Screen::Exported { report: exported, top: 0 });
            // How much is left to be sealed is said with it.
            vec![seal::draft(model)]
        }
        Err(error) => {
            if let Some(Screen::Export(form)) = model.screens.last_mut() {
                form.busy = false;
            }
            say(model, "The report was not written", &error);
            Vec::new()
        }
    }
}
