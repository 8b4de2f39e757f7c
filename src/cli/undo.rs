//! `seaworthy undo`: take runs back.

use std::fmt::Write;

use super::args::{Common, Format, UndoArgs};
use super::environment::Environment;
use super::output::{Failure, note, print, print_json};
use super::{OK, apply, confirm, engine, output};
use crate::change::revert;
use crate::change::state::{RunSummary, Standing};
use crate::change::{self, UndoError, What};
use crate::image::text;
use crate::wizard::words;

pub(super) fn run(args: &UndoArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if !args.yes && !args.list && !environment.interactive {
        return Err(Failure::Usage("undo asks before it changes anything and there is no terminal; add --yes".into()));
    }
    let image = engine::image(common)?;
    if !args.list {
        engine::may_change(&image)?;
    }
    let state = engine::state(&image, environment)?;
    if let (true, Some(run)) = (args.unconfirmed, &args.what) {
        let mut log = apply::Log::new(common);
        let outcome = revert::take_back(&image, &state, run, &mut |step| log.step(&step));
        return outcome.map(|_| OK).map_err(Failure::failed);
    }
    confirm::news(&state)?;
    let runs = state.runs()?;
    if args.list {
        list(&runs, common.format)?;
        return Ok(OK);
    }
    let what = meaning(args, &runs, common)?;
    for run in runs.iter().filter(|_| !common.quiet) {
        if let Some(interrupted) = &run.interrupted {
            note(&format!("Run {}: {}", run.id, interrupted.what_happened()));
        }
    }
    if !args.yes && !output::confirm(&question(&what, &runs))? {
        note("Nothing was changed.");
        return Ok(OK);
    }
    let mut log = apply::Log::new(common);
    let undone = change::undo(&image, &state, &what, &mut |step| log.step(&step)).map_err(|error| match error {
        UndoError::Nothing(reason) => Failure::Usage(format!("nothing to take back: {reason}")),
        other => Failure::failed(other),
    })?;
    match common.format {
        Format::Json => print_json(&serde_json::json!({
            "format": "seaworthy.undo/1",
            "runs": undone.runs,
            "guidelines": undone.guidelines,
            "restored": paths(&undone.restored),
            "removed": paths(&undone.removed),
            "gone": paths(&undone.gone),
            "apart": paths(&undone.apart),
            "merged": paths(&undone.merged),
            "left": undone.left,
        }))?,
        Format::Text => {
            let mut out = format!("Taken back: {}\n", undone.guidelines.join(", "));
            for path in &undone.merged {
                let _ = writeln!(out, "Your later edits of {} were kept.", text::path(path));
            }
            let (restored, removed) = (undone.restored.len(), undone.removed.len());
            let made = if removed > 0 { format!(", removed {removed} again") } else { String::new() };
            let _ = writeln!(out, "Restored {}{made}.", words::plural(restored, "path"));
            for path in &undone.gone {
                let _ = writeln!(out, "{} was removed by somebody since, and stays so.", text::path(path));
            }
            for path in &undone.apart {
                let _ = writeln!(
                    out,
                    "{} is as it was, but no more one file with its other names (hard links): they hold something else by now.",
                    text::path(path)
                );
            }
            for command in &undone.left {
                let _ = writeln!(out, "Not taken back: {}", text::visible(command));
            }
            print(&out)?;
        }
    }
    Ok(OK)
}

fn paths(paths: &[std::path::PathBuf]) -> Vec<String> {
    paths.iter().map(|path| text::path(path)).collect()
}

/// What the argument means: a run's id, or a guideline's.
fn meaning(args: &UndoArgs, runs: &[RunSummary], common: &Common) -> Result<What, Failure> {
    match &args.what {
        None if args.everything => Ok(What::Everything),
        None => Ok(What::Last),
        Some(name) if runs.iter().any(|run| run.id == *name) => Ok(What::Run(name.clone())),
        Some(name) => {
            let catalogue = engine::catalogue(common)?;
            catalogue.get(name).map(|guideline| What::Guideline(guideline.id.clone())).ok_or_else(|| {
                Failure::Usage(format!(
                    "{} is neither a run nor a guideline; `seaworthy undo --list` lists the runs",
                    text::visible(name)
                ))
            })
        }
    }
}

fn question(what: &What, runs: &[RunSummary]) -> String {
    match what {
        What::Last => match runs.iter().rev().find(|run| run.standing != Standing::Undone) {
            Some(run) => format!("Take back run {} ({})?", run.id, run.guidelines.join(", ")),
            None => "Take back the last run?".to_owned(),
        },
        What::Run(id) => format!("Take back run {id}?"),
        What::Guideline(id) => format!("Take back the changes of {id}?"),
        What::Everything => "Take back every run?".to_owned(),
    }
}

fn list(runs: &[RunSummary], format: Format) -> Result<(), Failure> {
    let standing = |run: &RunSummary| match run.standing {
        Standing::Done => "done",
        Standing::Undone => "undone",
        Standing::Unfinished => "unfinished",
    };
    if format == Format::Json {
        let runs: Vec<_> = runs
            .iter()
            .map(|run| {
                let interrupted = run.interrupted.as_ref().map(|interrupted| {
                    serde_json::json!({
                        "what": interrupted.what_happened(),
                        "done": interrupted.done,
                        "of": interrupted.of,
                        "can_finish": interrupted.can_finish,
                        "can_take_back": interrupted.can_take_back,
                    })
                });
                serde_json::json!({
                    "id": run.id,
                    "at": run.at,
                    "guidelines": run.guidelines,
                    "standing": standing(run),
                    "interrupted": interrupted,
                })
            })
            .collect();
        return print_json(&serde_json::json!({"format": "seaworthy.runs/1", "runs": runs}));
    }
    let mut out = String::new();
    for run in runs {
        let _ = writeln!(out, "{}  {}  {:<10}  {}", run.id, run.at, standing(run), run.guidelines.join(", "));
        if let Some(told) = run.told() {
            let _ = writeln!(out, "    {told}");
        }
    }
    if runs.is_empty() {
        out.push_str("No run has been made on this image.\n");
    }
    print(&out)
}
