//! The steps and the outcome of the seal, for people and programs.

use std::fmt::Write;

use crate::catalogue::Guideline;
use crate::change::seal::watch::{Ending, Line};
use crate::change::seal::{SealStep, Sealing, Stage, TakenBack};
use crate::change::{Change, Refusal, diff};
use crate::check::Finding;
use crate::image::{Image, Mode, text};

/// Every step in order, under the name of its stage, with each path and what becomes of it.
pub(super) fn listing(image: &Image, sealing: &Sealing) -> String {
    let mut out = String::new();
    let mode = image.mode();
    let mut shown: Option<Stage> = None;
    for (number, step) in sealing.steps.iter().enumerate() {
        if shown != Some(step.stage) {
            let title = if mode == Mode::Offline && step.stage == Stage::Off { "Finish" } else { step.stage.title() };
            let _ = writeln!(out, "{}{title}", if shown.is_some() { "\n" } else { "" });
            shown = Some(step.stage);
        }
        let for_good = if step.taken_back(mode) == TakenBack::Never { " (cannot be taken back)" } else { "" };
        let _ = writeln!(out, "{:>3}. {}{for_good}", number + 1, text::visible(&step.sentence()));
        for change in sealing.changes(step) {
            let (place, what) = effect(change);
            let _ = writeln!(out, "     {place}  {what}");
        }
    }
    let _ = match mode {
        Mode::Live => writeln!(
            out,
            "\nAs long as the machine runs, `seaworthy undo` takes the changes of files back. Nothing brings them back once \
             the power is off."
        ),
        Mode::Offline => writeln!(out, "\nAll of it can be taken back with `seaworthy undo`."),
    };
    for (title, list) in [("Stays as it is", &sealing.left), ("Refused", &sealing.refused)] {
        if !list.is_empty() {
            let _ = writeln!(out, "\n{title}");
        }
        for refusal in list {
            let _ = writeln!(out, "     {}: {}", refusal.guideline, text::visible(&refusal.reason));
        }
    }
    out
}

/// What the second look came to: `sentence` is that of the whole check.
pub(super) fn outcome(run: Option<&str>, open: &[(&Guideline, &Finding)], sentence: &str) -> String {
    let mut out = String::new();
    for (guideline, finding) in open {
        let _ = writeln!(out, "{}: {}", guideline.id, text::visible(&finding.summary));
    }
    let done = run.map(|run| format!(" by run {run}")).unwrap_or_default();
    let _ = match open.len() {
        0 => writeln!(out, "Sealed{done}; a second look found nothing left to do."),
        1 => writeln!(out, "Not sealed{done}: what is said above is left."),
        more => writeln!(out, "Not sealed{done}: {more} guidelines are left."),
    };
    let _ = writeln!(out, "The image as a whole: {sentence}");
    out
}

/// The path of a change and what becomes of it.
fn effect(change: &Change) -> (String, String) {
    let file = diff::of(change, 0);
    (text::path(&file.path), text::visible(&file.headline))
}

/// Guidelines with a reason each.
pub(super) fn refusals(list: &[Refusal]) -> Vec<serde_json::Value> {
    list.iter()
        .map(|one| serde_json::json!({"guideline": one.guideline, "reason": text::visible(&one.reason)}))
        .collect()
}

/// `seaworthy.seal/1`.
pub(super) fn document(image: &Image, sealing: &Sealing) -> serde_json::Value {
    serde_json::json!({
        "format": "seaworthy.seal/1",
        "steps": sealing.steps.iter().map(|step| document_of(step, sealing, image.mode())).collect::<Vec<_>>(),
        "refused": refusals(&sealing.refused),
        "left": refusals(&sealing.left),
    })
}

fn document_of(step: &SealStep, sealing: &Sealing, mode: Mode) -> serde_json::Value {
    let effects = sealing.changes(step).iter().map(effect);
    let changes: Vec<_> = effects.map(|(path, what)| serde_json::json!({"path": path, "what": what})).collect();
    serde_json::json!({
        "stage": step.stage.name(),
        "act": step.act.name(),
        "what": text::visible(&step.sentence()),
        "guideline": step.act.guideline(),
        "unit": step.act.unit(),
        "pid": step.act.pid(),
        "changes": changes,
        "taken_back": step.taken_back(mode).name(),
    })
}

/// A line of the progress of a running seal, for people; `None`: it is for programs only.
pub(super) fn progress(line: &Line) -> Option<String> {
    Some(match line {
        Line::Held { .. } | Line::Stopped { .. } => return None,
        Line::Step { number, of, what, .. } => format!("[{number}/{of}] {}", text::visible(what)),
        Line::Note { what } => format!("        {}", text::visible(what)),
        Line::Run { run } => format!("        That was run {run}."),
        Line::Failed { why } => format!("It could not go on: {}", text::visible(why)),
        Line::After { what } => text::visible(what),
        Line::End { ending: Ending::Off } => {
            "The machine is being switched off. Do not start it again: make the image of it.".to_owned()
        }
        Line::End { .. } => "The seal was given up before the power-off.".to_owned(),
    })
}
