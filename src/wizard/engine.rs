//! Carries out effects: the wizard's only way to the image.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::export::{self, Keys};
use super::message::{Delivered, Effect, ExportRequest, Exported, Failure, Message, Planned};
use super::model::{Model, Preview, Subject};
use super::saved::Saved;
use crate::catalogue::Catalogue;
use crate::change::diff::{self, FileDiff};
use crate::change::{self, ApplyError, Remedy, State, UndoError, What, decisions};
use crate::check::{self, Context, Findings, Progress};
use crate::image::walk::Control;
use crate::image::{Error, Image};
use crate::playbook::Playbook;
use crate::report::{Caller, Kind, Particulars, Preparation, Report, off_image};

mod login;
mod seal;
#[cfg(test)]
mod tests;

/// What a wizard is opened with.
#[derive(Debug)]
pub struct Session {
    /// The image.
    pub image: Arc<Image>,
    /// The guidelines.
    pub catalogue: Arc<Catalogue>,
    /// Where its runs and session are kept.
    pub state: State,
    /// Not every guideline is looked at (`--only`, `--skip`): nothing can be sealed then.
    pub partial: bool,
    /// A directory of house rules (`--guidelines`), absolute: for the process that seals a running machine.
    pub house_rules: Option<PathBuf>,
    /// The metadata service is never asked (`--no-imds`).
    pub no_metadata: bool,
    /// For a throw-away image for training: what happened to it. `None` for a real image.
    pub story: Option<String>,
    /// Today, and what the publisher handed in.
    pub context: Context,
    /// The publisher's name, where it is known; the session of last time wins.
    pub publisher: String,
    /// Decisions to begin with: those of a playbook that was handed in go before those of the last session.
    pub playbook: Playbook,
    /// Where reports go unless the publisher says otherwise.
    pub export_directory: PathBuf,
    /// The publisher's own keys.
    pub keys: Keys,
    /// Who called the program.
    pub caller: Caller,
}

impl Session {
    /// The model a wizard opens with.
    pub fn model(&self) -> Model {
        let subject = Subject {
            mode: self.image.mode(),
            mount_point: self.image.mount_point().to_path_buf(),
            practice: self.story.is_some(),
            partial: self.partial,
            story: self.story.clone().unwrap_or_default(),
            os: None,
            arch: None,
        };
        let mut model = Model::new(
            Arc::clone(&self.catalogue),
            subject,
            self.context.today,
            self.publisher.clone(),
            self.export_directory.clone(),
        );
        model.playbook = self.playbook.clone();
        model
    }
}

/// Carries out effects.
#[derive(Debug)]
pub struct Engine {
    session: Session,
    known: Mutex<Known>,
    /// The run that waits for a second login is being followed.
    watching: AtomicBool,
}

/// What has been found out since the start.
#[derive(Debug)]
struct Known {
    /// The image as it is since the last run.
    image: Arc<Image>,
    context: Context,
    /// By guideline, as judged.
    findings: Findings,
    /// Which survey is the newest; an older one has no say any more.
    survey: u64,
    /// Holds up and ends the newest survey's sweep.
    control: Arc<Control>,
    /// The sweep is to be held up.
    paused: bool,
    /// How long the newest survey took.
    duration: Duration,
}

impl Known {
    fn outdate_survey(&mut self) {
        self.survey += 1;
        self.control.cancel();
    }
}

impl Engine {
    /// An engine for `session`.
    pub fn new(session: Session) -> Self {
        let known = Known {
            image: Arc::clone(&session.image),
            context: session.context.clone(),
            findings: Findings::new(),
            survey: 0,
            control: Arc::default(),
            paused: false,
            duration: Duration::ZERO,
        };
        Self { session, known: Mutex::new(known), watching: AtomicBool::new(false) }
    }

    /// Carries out `effect`; what it comes to goes to `send`. Effects that are about the terminal do nothing here.
    pub fn carry_out(&self, effect: Effect, send: &(dyn Fn(Message) + Sync)) {
        match effect {
            Effect::Start => self.start(send),
            Effect::Survey => self.survey(send),
            Effect::Pause(paused) => self.pause(paused),
            Effect::Runs => self.runs(send),
            Effect::Preview(id) => {
                let preview = self.preview(&id);
                send(Message::Previewed(id, preview));
            }
            Effect::Plan(ids) => send(Message::Planned(Arc::new(self.plan(&ids)))),
            Effect::Apply(planned) => self.apply(&planned, send),
            Effect::Undo(what) => self.undo(&what, send),
            Effect::Finish(run) => self.finish(&run, send),
            Effect::Watch => self.watch(send),
            Effect::ConfirmLogin => self.confirm(send),
            Effect::SealDraft(playbook) => send(Message::SealDrafted(Arc::new(self.seal_draft(*playbook)))),
            Effect::Seal(draft) => self.seal(&draft, send),
            Effect::FollowSeal => self.follow_seal(send),
            Effect::Save(text) => {
                if let Err(error) = self.save(&text) {
                    send(Message::Failed(format!("Your decisions could not be kept: {error}.")));
                }
            }
            Effect::AgentKeys => send(Message::AgentKeys(export::agent_keys(&self.session.keys))),
            Effect::Export(request) => {
                send(Message::Exported(self.export(&request).map(Box::new)));
            }
            Effect::Deliver(directory, replace) => {
                send(Message::Delivered(self.deliver(&directory, replace)));
            }
            Effect::Copy(_) | Effect::Redraw | Effect::Plain | Effect::Suspend | Effect::Quit(_) => {}
        }
    }

    /// Keeps the session, and tells the journal what was decided anew.
    fn save(&self, text: &str) -> Result<(), Error> {
        let (state, session) = (&self.session.state, &self.session);
        let read = |text: &str| Saved::from_toml(text).unwrap_or_default();
        let (before, after) = (read(&state.load_session()?.unwrap_or_default()), read(text));
        let person = after.publisher.clone().unwrap_or_else(|| session.publisher.clone());
        // While a run is at work the journal is its alone; what it lacks then, the next report adds.
        let _ = decisions::changed(state, &session.catalogue, &before.playbook(), &after.playbook(), &person);
        state.save_session(text)
    }

    fn start(&self, send: &(dyn Fn(Message) + Sync)) {
        let image = self.image();
        let os = match image.os() {
            Ok(os) if os.pretty_name.is_empty() => os.id.clone(),
            Ok(os) => os.pretty_name.clone(),
            Err(error) => format!("not known: {error}"),
        };
        send(Message::Described { os, arch: image.arch().map(str::to_owned) });
        send(Message::Loaded(self.session.state.load_session().map_err(|error| error.to_string())));
        self.runs(send);
        self.earlier_seal(send);
    }

    fn runs(&self, send: &(dyn Fn(Message) + Sync)) {
        send(Message::Runs(self.session.state.runs().map_err(|error| error.to_string())));
        self.pending(send);
    }

    fn survey(&self, send: &(dyn Fn(Message) + Sync)) {
        let image = Arc::new(self.session.image.refreshed());
        let control = Arc::new(Control::new());
        let number = {
            let mut known = self.known();
            known.outdate_survey();
            known.image = Arc::clone(&image);
            known.findings.clear();
            known.control = Arc::clone(&control);
            if known.paused {
                control.pause();
            }
            known.survey
        };
        let progress = |progress: Progress| {
            let mut known = self.known();
            if known.survey != number {
                return;
            }
            if let Progress::Judged { id, finding } = &progress {
                known.findings.push((id.clone(), finding.clone()));
            }
            send(Message::Progress(progress));
        };
        let begun = Instant::now();
        let (context, findings) =
            check::survey(&image, &self.session.catalogue, self.session.context.clone(), &control, &progress);
        let mut known = self.known();
        if known.survey == number {
            known.context = context;
            known.findings = findings;
            known.duration = begun.elapsed();
            send(Message::Surveyed);
        }
    }

    /// A run is going to change the image: what a survey that is still at work says of it is out of date.
    fn outdate_survey(&self) {
        self.known().outdate_survey();
    }

    fn pause(&self, paused: bool) {
        let mut known = self.known();
        known.paused = paused;
        if paused {
            known.control.pause();
        } else {
            known.control.resume();
        }
    }

    fn preview(&self, id: &str) -> Preview {
        let (image, context, findings) = self.state();
        let (Some(guideline), Some((_, finding))) =
            (self.session.catalogue.get(id), findings.iter().find(|(other, _)| other == id))
        else {
            return Preview::Nothing;
        };
        match change::remedy(&image, guideline, finding, &context) {
            Ok(None) => Preview::Nothing,
            Ok(Some(Remedy::ByHand(why))) => Preview::ByHand(why),
            Ok(Some(Remedy::Changes(changes))) if changes.is_empty() => Preview::Nothing,
            Ok(Some(Remedy::Changes(changes))) => Preview::Changes(diffs(&changes)),
            Ok(Some(Remedy::Part { changes, left })) => Preview::Part(diffs(&changes), left),
            Err(error) => Preview::Failed(error.to_string()),
        }
    }

    fn plan(&self, ids: &[String]) -> Planned {
        let (image, context, findings) = self.state();
        let plan = change::plan(&image, &self.session.catalogue, &findings, &context, ids);
        let steps = plan.steps.iter().map(|step| diffs(&step.changes)).collect();
        let shredding = plan.shredding(&image, self.session.state.directory());
        Planned { plan, steps, shredding }
    }

    fn apply(&self, planned: &Planned, send: &(dyn Fn(Message) + Sync)) {
        self.outdate_survey();
        let (image, _, findings) = self.state();
        let state = &self.session.state;
        let result = match state.keep_before(&findings) {
            Ok(()) => change::apply(&image, &planned.plan, state, &mut |step| send(Message::Step(step)))
                .map_err(|error| apply_failure(&error)),
            Err(error) => Err(Failure { text: format!("{error}; nothing was changed"), changed: false }),
        };
        send(Message::Applied(result));
    }

    fn finish(&self, run: &str, send: &(dyn Fn(Message) + Sync)) {
        self.outdate_survey();
        let result = change::finish(&self.image(), &self.session.state, run, &mut |step| send(Message::Step(step)));
        send(Message::Applied(result.map_err(|error| apply_failure(&error))));
    }

    fn undo(&self, what: &What, send: &(dyn Fn(Message) + Sync)) {
        self.outdate_survey();
        let result = change::undo(&self.image(), &self.session.state, what, &mut |step| send(Message::Step(step)));
        send(Message::Undone(result.map_err(|error: UndoError| Failure { text: error.to_string(), changed: false })));
    }

    fn export(&self, request: &ExportRequest) -> Result<Exported, String> {
        let (image, context, findings) = self.state();
        let session = &self.session;
        let work = || -> Result<Report, Error> {
            let particulars = Particulars {
                playbook: &request.playbook,
                publisher: &request.publisher,
                challenge: request.challenge.as_deref(),
                kind: if session.story.is_some() { Kind::Practice } else { Kind::Build },
                previous: None,
                caller: &session.caller,
                duration: self.known().duration,
                now: Timestamp::now(),
            };
            let (image, catalogue) = (&image, &session.catalogue);
            let preparation = Preparation::of(&session.state, image, catalogue, &findings, &particulars)?;
            preparation.report(image, catalogue, &context, &findings, particulars)
        };
        let report = work().map_err(|error| error.to_string())?;
        export::make(&report, &image, &session.state, &session.keys, request)
    }

    fn deliver(&self, directory: &Path, replace: bool) -> Result<Delivered, String> {
        let directory = off_image(&self.image(), directory)?;
        export::deliver(&self.session.state, &directory, replace)
    }

    fn image(&self) -> Arc<Image> {
        Arc::clone(&self.known().image)
    }

    fn state(&self) -> (Arc<Image>, Context, Findings) {
        let known = self.known();
        (Arc::clone(&known.image), known.context.clone(), known.findings.clone())
    }

    /// A thread that panicked while it held the lock has left a whole value: each is replaced in one go.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn diffs(changes: &[change::Change]) -> Vec<FileDiff> {
    changes.iter().map(|change| diff::of(change, 3)).collect()
}

fn apply_failure(error: &ApplyError) -> Failure {
    Failure { changed: matches!(error, ApplyError::Changed { .. }), text: error.to_string() }
}
