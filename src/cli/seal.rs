//! `seaworthy seal`: the last steps, after showing them and asking.

use super::args::{Common, Format, SealArgs};
use super::environment::Environment;
use super::output::{Failure, confirm, note, print, print_json};
use super::{NOT_SEAWORTHY, OK, apply, check, engine, report};
use crate::catalogue::Catalogue;
use crate::change::seal::{self, Sealing};
use crate::change::state::Standing;
use crate::change::{self, ApplyError, Shredding, State};
use crate::check::{Context, Findings};
use crate::image::{Image, Mode, text};
use crate::playbook::Playbook;
use crate::report::unsealed;

mod live;
mod show;

pub(super) fn run(args: &SealArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if !common.only.is_empty() || !common.skip.is_empty() {
        return Err(Failure::Usage(
            "the seal is one act and takes neither --only nor --skip; what is to stay is waived or put off in a playbook"
                .into(),
        ));
    }
    if args.carry_out {
        return live::carry_out(common, environment);
    }
    if !args.yes && !args.dry_run && !environment.interactive {
        return Err(Failure::Usage("the seal asks before it begins and there is no terminal; add --yes".into()));
    }
    let catalogue = engine::catalogue(common)?;
    let image = engine::image(common)?;
    if !args.dry_run {
        engine::may_change(&image)?;
    }
    let state = engine::state(&image, environment);
    let playbook = match (&args.playbook, &state) {
        (Some(path), _) => engine::playbook(path, &catalogue)?,
        (None, Ok(state)) => report::session(state)?,
        (None, Err(_)) => Playbook::default(),
    };
    let order = Order { args, common, environment, catalogue: &catalogue, playbook: &playbook };
    if let (Mode::Live, Ok(state)) = (image.mode(), &state)
        && !args.dry_run
        && let Some(code) = order.resume(&image, state)?
    {
        return Ok(code);
    }
    let look = Look::of(&image, &catalogue, &playbook, common, environment)?;
    if args.dry_run {
        match common.format {
            Format::Text => print(&show::listing(&image, &look.sealing))?,
            Format::Json => print_json(&show::document(&image, &look.sealing))?,
        }
        return Ok(if look.sealing.refused.is_empty() { OK } else { NOT_SEAWORTHY });
    }
    match image.mode() {
        Mode::Offline => order.offline(&image, &state?, look),
        Mode::Live => order.live(&image, &state?, &look),
    }
}

/// What the seal would do, and what it was worked out from.
struct Look {
    findings: Findings,
    sealing: Sealing,
}

impl Look {
    fn of(
        image: &Image,
        catalogue: &Catalogue,
        playbook: &Playbook,
        common: &Common,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let (context, findings) = survey(image, catalogue, playbook, common, environment)?;
        let sealing = seal::draft(image, catalogue, &findings, &context, playbook);
        Ok(Self { findings, sealing })
    }
}

fn survey(
    image: &Image,
    catalogue: &Catalogue,
    playbook: &Playbook,
    common: &Common,
    environment: &Environment,
) -> Result<(Context, Findings), Failure> {
    Ok(engine::survey(image, catalogue, engine::context(image, common, playbook)?, common, environment))
}

/// What was asked for.
struct Order<'a> {
    args: &'a SealArgs,
    common: &'a Common,
    environment: &'a Environment,
    catalogue: &'a Catalogue,
    playbook: &'a Playbook,
}

impl Order<'_> {
    /// Seals a mounted image, and looks at it once more.
    fn offline(&self, image: &Image, state: &State, mut look: Look) -> Result<u8, Failure> {
        let Self { args, common, environment, catalogue, playbook } = self;
        nothing_pending(state)?;
        if !look.sealing.refused.is_empty() {
            return self.refuse(&look.sealing);
        }
        // Nothing is lost by sealing a mounted image, so that the report may come later; one that is named is looked at.
        if args.report.is_some()
            && let Some(why) = self.no_report(state)?
        {
            note(&why);
            note("Nothing was changed.");
            return Ok(NOT_SEAWORTHY);
        }
        look.sealing.plan.shred = args.shred;
        let plan = &look.sealing.plan;
        let shredding = if plan.shred { plan.shredding(image, state.directory()) } else { Shredding::default() };
        if !common.quiet {
            for limit in &shredding.limits {
                note(&format!("--shred: {}", text::visible(limit)));
            }
        }
        if !args.yes {
            print(&show::listing(image, &look.sealing))?;
            if !confirm("Seal this image?")? {
                note("Nothing was changed.");
                return Ok(NOT_SEAWORTHY);
            }
        }
        let mut run = None;
        if !plan.steps.is_empty() {
            state.keep_before(&look.findings)?;
            let mut log = apply::Log::new(common);
            let applied = change::apply(image, plan, state, &mut |step| log.step(&step)).map_err(Failure::failed)?;
            run = Some(applied.run);
        }
        image.sync()?;
        let image = image.refreshed();
        let (_, findings) = survey(&image, catalogue, playbook, common, environment)?;
        let open = unsealed(catalogue, &findings, playbook, engine::today());
        let verdict = check::judge(&image, catalogue, &findings, playbook);
        match common.format {
            Format::Text => {
                let sentence = check::sentence(verdict, catalogue, &findings);
                print(&show::outcome(run.as_deref(), &open, &sentence))?;
            }
            Format::Json => print_json(&serde_json::json!({
                "format": "seaworthy.sealed/1",
                "sealed": open.is_empty(),
                "run": run,
                "open": open.iter().map(|(guideline, finding)| serde_json::json!({
                    "guideline": guideline.id,
                    "status": finding.status,
                    "summary": finding.summary,
                })).collect::<Vec<_>>(),
                "verdict": verdict,
            }))?,
        }
        if !common.quiet {
            for advice in &shredding.advice {
                note(&text::visible(advice));
            }
            note(
                "The journal lies outside the image: the report may still be written, and `seaworthy undo` takes the seal back.",
            );
        }
        Ok(if open.is_empty() { OK } else { NOT_SEAWORTHY })
    }

    /// Says why nothing is sealed here.
    fn refuse(&self, sealing: &Sealing) -> Result<u8, Failure> {
        match self.common.format {
            Format::Text => {
                note("Nothing was changed: a copy of this image might let nobody in.");
                for refusal in &sealing.refused {
                    note(&format!("     {}", text::visible(&refusal.reason)));
                }
                note("See to these first; `seaworthy guidelines ID` explains each.");
            }
            Format::Json => print_json(&serde_json::json!({
                "format": "seaworthy.sealed/1",
                "sealed": false,
                "run": null,
                "refused": show::refusals(&sealing.refused),
            }))?,
        }
        Ok(NOT_SEAWORTHY)
    }
}

/// Refuses while a run waits to be finished, taken back or confirmed.
fn nothing_pending(state: &State) -> Result<(), Failure> {
    if let Some(pending) = state.pending()? {
        return Err(Failure::Failed(format!(
            "run {} touched a way in and waits until {} for a second login to confirm it: log in once more and run \
             `seaworthy apply --confirm` there, then seal",
            pending.run,
            pending.at()
        )));
    }
    let unfinished = state.runs()?.into_iter().find(|run| run.standing == Standing::Unfinished);
    match unfinished {
        Some(run) => Err(Failure::failed(ApplyError::Unfinished { run: run.id })),
        None => Ok(()),
    }
}
