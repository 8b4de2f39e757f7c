//! The seal as the wizard has it carried out: of a mounted image here, of the running machine by a process of its own.

use super::{Engine, apply_failure, diffs};
use crate::change;
use crate::change::seal::watch::{Ending, Line, Watch};
use crate::change::seal::{self, Exported, Request, ends_the_machine};
use crate::image::live::metadata::Answer;
use crate::image::text::visible;
use crate::image::{Error, Image};
use crate::playbook::Playbook;
use crate::wizard::message::{Failure, Instance, Message, SealDraft};

impl Engine {
    /// Works out every step.
    pub(super) fn seal_draft(&self, playbook: Playbook) -> SealDraft {
        let (image, context, findings) = self.state();
        let state = &self.session.state;
        let sealing = seal::draft(&image, &self.session.catalogue, &findings, &context, &playbook);
        let steps = sealing.plan.steps.iter().map(|step| diffs(&step.changes)).collect();
        let shredding = sealing.plan.shredding(&image, state.directory());
        let report =
            ends_the_machine(&image).then(|| Exported::current(state).unwrap_or_else(|error| Err(error.to_string())));
        SealDraft { sealing, steps, shredding, playbook, report, instance: instance(&image) }
    }

    /// Seals. On a running machine, nothing is sent any more once it is done.
    pub(super) fn seal(&self, draft: &SealDraft, send: &(dyn Fn(Message) + Sync)) {
        self.outdate_survey();
        let image = self.image();
        let Some(live) = image.live() else {
            send(Message::Sealed(self.seal_mounted(&image, draft, send)));
            return;
        };
        let start = || -> Result<Watch, Error> {
            let request = Request {
                playbook: draft.playbook.clone(),
                house_rules: self.session.house_rules.clone(),
                shred: draft.sealing.plan.shred,
                own: live.lineage()?,
                no_metadata: self.session.no_metadata,
            };
            request.keep(&self.session.state)?;
            seal::start(&image, &self.session.state)
        };
        match start() {
            Ok(watch) => follow(watch, send),
            Err(error) => send(Message::Sealed(Err(failure(format!("{error}. Nothing was changed."))))),
        }
    }

    fn seal_mounted(
        &self,
        image: &Image,
        draft: &SealDraft,
        send: &(dyn Fn(Message) + Sync),
    ) -> Result<Option<String>, Failure> {
        let (state, findings) = (&self.session.state, self.state().2);
        state.keep_before(&findings).map_err(|error| failure(format!("{error}; nothing was changed")))?;
        let plan = &draft.sealing.plan;
        let mut run = None;
        if !plan.steps.is_empty() {
            let applied = change::apply(image, plan, state, &mut |step| send(Message::Step(step)));
            run = Some(applied.map_err(|error| apply_failure(&error))?.run);
        }
        image.sync().map_err(|error| failure(error.to_string()))?;
        Ok(run)
    }

    /// What became of a seal that was begun in an earlier session: under way, or ended before its time.
    pub(super) fn earlier_seal(&self, send: &(dyn Fn(Message) + Sync)) {
        let image = self.image();
        let state = &self.session.state;
        if image.live().is_none() {
            return;
        }
        let look = || -> Result<(), Error> {
            let Some(watch) = Watch::of(state)? else { return Ok(()) };
            if watch.is_under_way() {
                send(Message::SealUnderWay);
            } else if watch.ending() == Some(Ending::Interrupted) {
                seal::recover(&image, state)?;
                let lines = Watch::of(state)?.map_or(Ok(Vec::new()), |mut watch| watch.lines())?;
                let said: Vec<String> = lines.into_iter().filter_map(sentence).collect();
                if !said.is_empty() {
                    send(Message::News(said));
                }
            }
            Ok(())
        };
        if let Err(error) = look() {
            send(Message::Failed(format!("What became of the last seal is not known: {error}.")));
        }
    }

    /// Follows the seal that is under way.
    pub(super) fn follow_seal(&self, send: &(dyn Fn(Message) + Sync)) {
        match Watch::of(&self.session.state) {
            Ok(Some(watch)) => follow(watch, send),
            Ok(None) => {}
            Err(error) => send(Message::Sealed(Err(failure(error.to_string())))),
        }
    }
}

/// Tells every line. What was given up is a failure that says what was taken back and what is left.
fn follow(mut watch: Watch, send: &(dyn Fn(Message) + Sync)) {
    let mut said = Vec::new();
    let ending = watch.follow(&mut |line| {
        said.extend(sentence(line.clone()));
        send(Message::SealLine(line.clone()));
    });
    match ending {
        Ok(Ending::Off) => {}
        Ok(Ending::GivenUp) => send(Message::Sealed(Err(failure(said.join("\n"))))),
        Ok(Ending::Interrupted) => {
            let text = "The process that carried the seal out was ended in the middle; the next start of Seaworthy \
                        starts again what it stopped.";
            send(Message::Sealed(Err(failure(text.to_owned()))));
        }
        Err(error) => send(Message::Sealed(Err(failure(error.to_string())))),
    }
}

/// Why a seal ended before its time, and what was done after that.
fn sentence(line: Line) -> Option<String> {
    match line {
        Line::Failed { why } => Some(format!("The seal could not go on: {why}")),
        Line::After { what } => Some(what),
        _ => None,
    }
}

fn failure(text: String) -> Failure {
    Failure { text, changed: false }
}

/// Which instance `image` runs on, as far as the metadata service was asked and has told.
fn instance(image: &Image) -> Option<Instance> {
    let Answer::Found { document, .. } = image.live()?.metadata() else { return None };
    let field = |name: &str| document.get(name).map(|value| visible(value));
    Some(Instance { id: field("instanceId")?, region: field("region") })
}
