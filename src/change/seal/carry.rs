//! Carrying the seal of a running machine out, in a process that belongs to nobody's session.
//!
//! Whatever fails before the disks are frozen is followed by the way back: the changes of the last stages, so that the
//! publisher comes in again, and the units that were stopped. What is irreversible comes last of all.

use super::watch::{Ending, Line, Progress};
use super::{Act, Mandate, Request, SealStep, Stage, draft, refusals, stage};
use crate::catalogue::Catalogue;
use crate::change::{self, ApplyError, ApplyStep, State, What};
use crate::check::{self, Context};
use crate::image::live::Live;
use crate::image::walk::Control;
use crate::image::{Error, Image};

/// How often the changes of a stage are worked out anew when a file was written to between the look and its turn.
const TRIES: usize = 5;

/// Carries out what was requested on the running machine `image`, and switches it off; comes back only when that
/// failed. `context` holds what the publisher handed in, without a sweep.
///
/// # Errors
/// When the image is not the running machine, or the progress cannot be written. What fails on the way is told there.
pub fn carry_out(
    image: &Image,
    catalogue: &Catalogue,
    context: &Context,
    state: &State,
    request: &Request,
) -> Result<Ending, Error> {
    let refuse = |why: &str| Err(Error::malformed("seal", image.mount_point(), why));
    let Some(live) = image.live() else { return refuse("it is not the running machine") };
    let Some(progress) = Progress::begin(state)? else { return refuse("a seal is under way already") };
    let mut work = Work {
        image,
        live,
        catalogue,
        context,
        state,
        request,
        mandate: Mandate::of(catalogue, &request.playbook),
        progress,
        held: Vec::new(),
        stopped: Vec::new(),
        runs: Vec::new(),
        steps: Vec::new(),
        is_frozen: false,
    };
    let outcome = work.all();
    if let Err(why) = outcome {
        work.progress.tell(&Line::Failed { why })?;
        work.back()?;
        work.progress.tell(&Line::End { ending: Ending::GivenUp })?;
    }
    Ok(Ending::GivenUp)
}

/// A seal that is being carried out.
struct Work<'w> {
    image: &'w Image,
    live: &'w Live,
    catalogue: &'w Catalogue,
    context: &'w Context,
    state: &'w State,
    request: &'w Request,
    mandate: Mandate,
    progress: Progress,
    /// Units that do not start by themselves.
    held: Vec<String>,
    /// Units that were stopped, in order.
    stopped: Vec<String>,
    /// What the stages have changed.
    runs: Vec<(Stage, String)>,
    steps: Vec<SealStep>,
    is_frozen: bool,
}

/// Why the seal does not go on, in a sentence.
type Stop = String;

fn why(error: impl std::fmt::Display) -> Stop {
    error.to_string()
}

impl Work<'_> {
    fn all(&mut self) -> Result<(), Stop> {
        // What goes is kept there until the machine is off. Where that is not to be had, the journal says what it lacks.
        let _ = self.live.make_room(self.state.directory(), u64::MAX);
        self.note("Looking at the whole machine once more.")?;
        let (context, findings) = self.survey();
        let sealing = draft(self.image, self.catalogue, &findings, &context, &self.request.playbook);
        if let Some(refusal) = sealing.refused.first() {
            return Err(refusal.reason.clone());
        }
        self.steps = sealing.steps;
        for stage in [Stage::Writers, Stage::Clean, Stage::Identity, Stage::Seal] {
            if stage == Stage::Seal {
                // What takes away the ways in comes now: what brings them back must stand on what there is by now.
                let refused = refusals(&self.image.refreshed(), self.catalogue, &context, &self.mandate);
                if let Some(refusal) = refused.first() {
                    return Err(refusal.reason.clone());
                }
            }
            self.acts(stage)?;
            if stage != Stage::Writers {
                self.changes(stage, &context)?;
            }
        }
        self.acts(Stage::Off)
    }

    /// What the stage does besides the changes of its guidelines.
    fn acts(&mut self, stage: Stage) -> Result<(), Stop> {
        let steps: Vec<_> = self.steps.iter().cloned().enumerate().filter(|(_, step)| step.stage == stage).collect();
        let units: Vec<String> = steps.iter().filter_map(|(_, step)| step.act.unit().map(str::to_owned)).collect();
        if !units.is_empty() {
            self.tell(&Line::Held { units: units.clone() })?;
            self.held.extend(units.iter().cloned());
            let names: Vec<&str> = units.iter().map(String::as_str).collect();
            self.live.hold(self.image, &names).map_err(why)?;
        }
        for (place, step) in steps {
            if step.act.guideline().is_none() {
                self.begin(place, &step)?;
            }
            match &step.act {
                Act::StopUnit { unit } => {
                    self.tell(&Line::Stopped { unit: unit.clone() })?;
                    self.stopped.push(unit.clone());
                    self.live.stop(self.image, unit).map_err(why)?;
                }
                Act::EndShell(shell) => self.live.end(shell).map_err(why)?,
                Act::Carry { .. } => {}
                Act::EndSessions => self.live.end_sessions().map_err(why)?,
                Act::Again => self.again()?,
                Act::Sync => self.freeze()?,
                Act::PowerOff => {
                    self.tell(&Line::End { ending: Ending::Off })?;
                    self.live.power_off(self.image).map_err(why)?;
                }
            }
        }
        Ok(())
    }

    /// Ends what is still alive, and removes what it wrote.
    fn again(&mut self) -> Result<(), Stop> {
        self.live.end_everybody().map_err(why)?;
        let (context, _) = self.survey();
        self.changes(Stage::Off, &context)
    }

    /// Nothing writes to the disks from here on, and nothing can be taken back.
    fn freeze(&mut self) -> Result<(), Stop> {
        self.image.sync().map_err(why)?;
        self.is_frozen = self.live.freeze();
        if !self.is_frozen {
            self.note("The kernel does not make the disks read-only by itself; the power goes at once.")?;
        }
        Ok(())
    }

    /// The changes of the guidelines of a stage.
    fn changes(&mut self, stage: Stage, context: &Context) -> Result<(), Stop> {
        let (image, kept) = (self.image, self.state);
        let mut tries = 0;
        loop {
            let mut plan = self::stage(image, self.catalogue, context, &self.mandate, stage);
            plan.shred = self.request.shred;
            if plan.steps.is_empty() {
                return Ok(());
            }
            tries += 1;
            let mut failed = None;
            let mut tell = |step: ApplyStep| failed = failed.take().or_else(|| self.applied(stage, step).err());
            let outcome = change::apply(image, &plan, kept, &mut tell);
            match outcome {
                Ok(applied) => {
                    self.tell(&Line::Run { run: applied.run.clone() })?;
                    self.runs.push((stage, applied.run));
                    return failed.map_or(Ok(()), Err);
                }
                Err(ApplyError::Changed { path }) if tries < TRIES => {
                    let path = crate::image::text::path(&path);
                    self.note(&format!("{path} was written to meanwhile; looking again."))?;
                }
                Err(error) => return Err(why(error)),
            }
        }
    }

    /// Tells what is applied.
    fn applied(&mut self, stage: Stage, step: ApplyStep) -> Result<(), Stop> {
        match step {
            ApplyStep::Guideline { id, .. } => {
                let place = self.steps.iter().position(|step| step.act.guideline() == Some(id.as_str()));
                match place.and_then(|place| Some((place, self.steps.get(place)?.clone()))) {
                    Some((place, step)) if stage != Stage::Off => self.begin(place, &step),
                    _ => self.note(&format!("{id} once more")),
                }
            }
            ApplyStep::Done { what } => self.note(&what),
            ApplyStep::Output { line } => self.note(&line),
        }
    }

    fn begin(&mut self, place: usize, step: &SealStep) -> Result<(), Stop> {
        let (number, of) = (place + 1, self.steps.len());
        self.tell(&Line::Step { number, of, stage: step.stage, what: step.sentence() })
    }

    fn note(&mut self, what: &str) -> Result<(), Stop> {
        self.tell(&Line::Note { what: what.to_owned() })
    }

    fn tell(&mut self, line: &Line) -> Result<(), Stop> {
        self.progress.tell(line).map_err(why)
    }

    /// Judges what the seal deals with and relies on, as the machine is now.
    fn survey(&self) -> (Context, check::Findings) {
        let is_sealed = |id: &str| self.mandate.stage_of(id).is_some();
        let mut catalogue = self.catalogue.clone();
        let needs = self.catalogue.guidelines.iter().filter(|guideline| is_sealed(&guideline.id));
        let needed: Vec<&str> = needs.flat_map(|guideline| &guideline.needs).map(|need| need.id.as_str()).collect();
        catalogue.guidelines.retain(|guideline| is_sealed(&guideline.id) || needed.contains(&guideline.id.as_str()));
        let image = self.image.refreshed();
        check::survey(&image, &catalogue, self.context.clone(), &Control::new(), &|_| {})
    }

    /// The way back: the last stages' changes, so that the ways in are there again, and the units that were stopped.
    fn back(&mut self) -> Result<(), Error> {
        if self.is_frozen {
            let what =
                "The disks are read-only and everything is done but switching the machine off: do that from outside.";
            return self.progress.tell(&Line::After { what: what.to_owned() });
        }
        for (_, run) in self.runs.iter().rev().filter(|(stage, _)| *stage >= Stage::Seal) {
            let what = match change::undo(self.image, self.state, &What::Run(run.clone()), &mut |_| {}) {
                Ok(_) => format!("Run {run} was taken back: the ways in are as they were."),
                Err(error) => format!("Run {run} could not be taken back: {error}"),
            };
            self.progress.tell(&Line::After { what })?;
        }
        if let Some(what) = start_again(self.image, self.live, &self.held, &self.stopped) {
            self.progress.tell(&Line::After { what })?;
        }
        for (_, run) in self.runs.iter().filter(|(stage, _)| *stage < Stage::Seal) {
            let what = format!("Run {run} stays; `seaworthy undo {run}` takes it back.");
            self.progress.tell(&Line::After { what })?;
        }
        Ok(())
    }
}

/// Starts the units that were stopped; says how that went.
fn start_again(image: &Image, live: &Live, held: &[String], stopped: &[String]) -> Option<String> {
    let held: Vec<&str> = held.iter().map(String::as_str).collect();
    let units: Vec<&str> = stopped.iter().map(String::as_str).collect();
    if held.is_empty() {
        return None;
    }
    let failed = live.start_again(image, &held, &units);
    Some(if failed.is_empty() {
        format!("What was stopped runs again: {}.", units.join(" "))
    } else {
        format!("These units do not start again; start them by hand: {}.", failed.join(" "))
    })
}

/// After a seal whose process was killed: starts what it had stopped, and ends its progress with what was done. What its
/// runs changed is for undo.
///
/// # Errors
/// When its progress cannot be read or written.
pub fn recover(image: &Image, state: &State) -> Result<(), Error> {
    let (Some(live), Some(mut watch)) = (image.live(), super::Watch::of(state)?) else { return Ok(()) };
    let lines = watch.lines()?;
    if watch.ending() != Some(Ending::Interrupted) || lines.is_empty() {
        return Ok(());
    }
    let Some(mut progress) = Progress::begin(state)? else { return Ok(()) };
    let (mut held, mut stopped) = (Vec::new(), Vec::new());
    for line in &lines {
        progress.tell(line)?;
        match line {
            Line::Held { units } => held.extend_from_slice(units),
            Line::Stopped { unit } => stopped.push(unit.clone()),
            _ => {}
        }
    }
    let why = "The process that carried the seal out was ended in the middle.".to_owned();
    progress.tell(&Line::Failed { why })?;
    if let Some(what) = start_again(image, live, &held, &stopped) {
        progress.tell(&Line::After { what })?;
    }
    progress.tell(&Line::End { ending: Ending::GivenUp })
}
