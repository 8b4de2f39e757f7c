//! `seaworthy apply`: carry out remedies, after showing them and asking.

use std::fmt::Write;
use std::time::Duration;

use super::args::{ApplyArgs, Common, Format};
use super::environment::Environment;
use super::output::{Failure, note, print, print_json};
use super::{OK, check, confirm, diff, engine, output};
use crate::catalogue::Catalogue;
use crate::change::decisions::decide;
use crate::change::{self, Applied, ApplyError, ApplyStep, Plan, Shredding, State};
use crate::image::{Image, Mode, text};
use crate::playbook::{Decision, Playbook};
use crate::report;

pub(super) fn run(args: &ApplyArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if args.ids.is_empty() && !args.all && args.playbook.is_none() && !args.resume && !args.confirm {
        return Err(Failure::Usage(
            "say what to apply: guideline ids, --all, or --playbook FILE; `seaworthy diff` shows what there is".into(),
        ));
    }
    if args.confirm {
        let image = engine::image(common)?;
        let state = engine::state(&image, environment)?;
        return confirm::late(&image, &state, args.yes, environment.interactive);
    }
    if !args.yes && !environment.interactive {
        return Err(Failure::Usage("apply asks before it changes anything and there is no terminal; add --yes".into()));
    }
    let catalogue = engine::catalogue(common)?;
    let scope = engine::selected(common, &catalogue)?;
    let playbook = match &args.playbook {
        Some(path) => engine::playbook(path, &catalogue)?,
        None => Playbook::default(),
    };
    let named = args.ids.iter().map(|id| engine::known(&catalogue, id)).collect::<Result<Vec<_>, _>>()?;
    let image = engine::image(common)?;
    engine::may_change(&image)?;
    let state = engine::state(&image, environment)?;
    if args.resume {
        confirm::news(&state)?;
        let run = state
            .runs()?
            .into_iter()
            .find(|run| run.standing == change::state::Standing::Unfinished)
            .ok_or_else(|| Failure::Usage("no run was interrupted; there is nothing to finish".into()))?;
        if let Some(interrupted) = run.interrupted.as_ref().filter(|_| !common.quiet) {
            note(&format!("Run {}: {}", run.id, interrupted.what_happened()));
        }
        carry_out(&image, &state, args, common, |progress| change::finish(&image, &state, &run.id, progress))?;
        return after(&image, Some(&run.id), &catalogue, &scope, &playbook, common, environment);
    }
    if let Some(told) = state.runs()?.iter().find_map(change::state::RunSummary::told) {
        return Err(Failure::Failed(told));
    }
    confirm::nothing_waits(&state)?;
    let (context, findings) =
        engine::survey(&image, &catalogue, engine::context(&image, common, &playbook)?, common, environment);
    let failing = engine::failing(&scope, &findings);
    let chosen = chosen(args, common, &catalogue, &playbook, failing, named);
    let mut plan = change::plan(&image, &catalogue, &findings, &context, &chosen);
    plan.shred = args.shred;
    if let (Some(limit), Some(seconds)) = (&mut plan.revert, args.confirm_within) {
        *limit = Duration::from_secs(seconds);
    }
    if !args.all
        && let Some(refused) =
            plan.refused.iter().find(|refusal| args.ids.iter().any(|id| id.eq_ignore_ascii_case(&refusal.guideline)))
    {
        return Err(Failure::Failed(format!(
            "{} cannot be applied: {}",
            refused.guideline,
            text::visible(&refused.reason)
        )));
    }
    if !common.quiet {
        diff::refusals(&plan);
    }
    // What was decided is told before anything is done for it.
    let decide = || {
        let decisions = report::decisions(&catalogue, &playbook, &findings, &environment.account());
        if args.playbook.is_some() { decide(&state, &decisions) } else { Ok(()) }
    };
    if plan.steps.is_empty() {
        if !common.quiet {
            note("Nothing to apply.");
        }
        decide()?;
        return after(&image, None, &catalogue, &scope, &playbook, common, environment);
    }
    let shredding = if plan.shred { plan.shredding(&image, state.directory()) } else { Shredding::default() };
    if !common.quiet {
        for limit in &shredding.limits {
            note(&format!("--shred: {}", text::visible(limit)));
        }
    }
    if !args.yes {
        print(&summary(&plan, image.mode()))?;
        if !output::confirm("Apply this plan?")? {
            note("Nothing was changed.");
            return Ok(OK);
        }
    }
    decide()?;
    state.keep_before(&findings)?;
    let run = carry_out(&image, &state, args, common, |progress| change::apply(&image, &plan, &state, progress))?;
    if !common.quiet {
        for advice in &shredding.advice {
            note(&text::visible(advice));
        }
    }
    after(&image, Some(&run), &catalogue, &scope, &playbook, common, environment)
}

/// What is to be carried out: the guidelines that were `named`, or those of the `failing` ones that the flags mean.
fn chosen(
    args: &ApplyArgs,
    common: &Common,
    catalogue: &Catalogue,
    playbook: &Playbook,
    failing: Vec<String>,
    named: Vec<String>,
) -> Vec<String> {
    let by_name = |id: &String| catalogue.get(id).is_some_and(|guideline| guideline.only_by_name);
    if args.all {
        let (named, chosen) = failing.into_iter().partition::<Vec<_>, _>(by_name);
        for id in named.iter().filter(|_| !common.quiet) {
            note(&format!("{id}: It may stop the product from working; choose it by name: `seaworthy apply {id}`."));
        }
        chosen
    } else if args.playbook.is_some() {
        let wanted = |id: &String| matches!(playbook.decisions.get(id), Some(Decision::Apply));
        failing.into_iter().filter(wanted).collect()
    } else {
        named
    }
}

/// Does what `act` does, says what came of it, and asks for the second login where one is needed. Which run it was.
fn carry_out(
    image: &Image,
    state: &State,
    args: &ApplyArgs,
    common: &Common,
    act: impl FnOnce(&mut dyn FnMut(ApplyStep)) -> Result<Applied, ApplyError>,
) -> Result<String, Failure> {
    let mut log = Log::new(common);
    let outcome = act(&mut |step| log.step(&step));
    drop(log);
    let Applied { run, pending, warnings, .. } = match outcome {
        Ok(applied) => applied,
        Err(error) => {
            if let Some(pending) = state.pending()? {
                note(&confirm::advice(&pending));
            }
            return Err(Failure::failed(error));
        }
    };
    warn(&warnings);
    if !common.quiet {
        note(&format!("Run {run} is done; `seaworthy undo {run}` takes it back."));
    }
    match &pending {
        Some(pending) if args.yes => note(&confirm::advice(pending)),
        Some(pending) => confirm::ask(image, state, pending, common)?,
        None => {}
    }
    Ok(run)
}

/// Says what did not work and undid nothing, however quiet.
fn warn(warnings: &[String]) {
    for warning in warnings {
        note(&format!("{}.", text::visible(warning)));
    }
}

/// Judges the image again after `run`, and prints what it comes to: the exit code is that check's.
fn after(
    image: &Image,
    run: Option<&str>,
    catalogue: &Catalogue,
    scope: &Catalogue,
    playbook: &Playbook,
    common: &Common,
    environment: &Environment,
) -> Result<u8, Failure> {
    let image = image.refreshed();
    let (_, findings) = engine::survey(&image, scope, engine::context(&image, common, playbook)?, common, environment);
    let verdict = check::judge(&image, catalogue, &findings, playbook);
    match common.format {
        Format::Text => {
            let partial = check::partial(&findings, catalogue.guidelines.len());
            print(&format!("{partial}{}\n", check::sentence(verdict, catalogue, &findings)))?;
        }
        Format::Json => print_json(&serde_json::json!({
            "format": "seaworthy.apply/1",
            "run": run,
            "verdict": verdict,
            "counts": crate::report::Counts::of(findings.iter().map(|(_, finding)| finding.status)),
        }))?,
    }
    Ok(check::exit_code(verdict))
}

/// Each step of the plan with what it does to which path, before the question is asked.
fn summary(plan: &Plan, mode: Mode) -> String {
    let mut out = String::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(out, "{:>3}. {}", number + 1, step.guideline);
        for change in &step.changes {
            let file = change::diff::of(change, 0);
            let place = text::path(&file.path);
            let _ = writeln!(out, "     {place}  {}", text::visible(&file.headline));
        }
        for effect in plan.effects.iter().filter(|effect| effect.guideline() == step.guideline) {
            let _ = writeln!(out, "     {}", effect.sentence());
        }
    }
    let lasting = plan.steps.iter().flat_map(|step| &step.changes).filter(|change| !change.is_undoable()).count();
    if lasting > 0 {
        let _ = writeln!(out, "{lasting} of these cannot be taken back.");
    }
    for line in plan.access.lines(mode) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// How many changes of one guideline are named without `--verbose`.
const NAMED: usize = 8;

/// Says on standard error what is being done, a few lines a guideline.
#[derive(Debug)]
pub(super) struct Log {
    quiet: bool,
    most: usize,
    done: usize,
}

impl Log {
    pub(super) fn new(common: &Common) -> Self {
        Self { quiet: common.quiet, most: if common.verbose { usize::MAX } else { NAMED }, done: 0 }
    }

    pub(super) fn step(&mut self, step: &ApplyStep) {
        if self.quiet {
            return;
        }
        match step {
            ApplyStep::Guideline { number, of, id } => {
                self.rest();
                note(&format!("[{number}/{of}] {id}"));
            }
            ApplyStep::Done { what } => {
                self.done += 1;
                if self.done <= self.most {
                    note(&format!("        {}", text::visible(what)));
                }
            }
            ApplyStep::Output { line } => note(&format!("        | {}", text::visible(line))),
        }
    }

    /// Ends a guideline: says how many changes were not named.
    fn rest(&mut self) {
        let more = self.done.saturating_sub(self.most);
        if more > 0 {
            note(&format!("        and {more} more"));
        }
        self.done = 0;
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.rest();
    }
}
