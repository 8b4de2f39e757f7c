//! The seal of the running machine: what is asked before it begins.

use super::{Failure, Look, NOT_SEAWORTHY, OK, Order, confirm, note, nothing_pending, print, seal, show};
use crate::change::State;
use crate::change::seal::watch::{Ending, Line, Watch};
use crate::change::seal::{DIGEST_CHARS, Exported, Request};
use crate::cli::args::Common;
use crate::cli::engine;
use crate::cli::environment::Environment;
use crate::cli::output::ask;
use crate::image::Image;
use crate::image::live::Live;

/// What is typed to seal without a report.
const GIVEN_UP: &str = "without report";

impl Order<'_> {
    /// Asks whatever must be known before the running machine is sealed, and hands over to the process that does it.
    pub(super) fn live(&self, image: &Image, state: &State, look: &Look) -> Result<u8, Failure> {
        let args = self.args;
        if args.yes && args.report.is_none() && !args.without_report {
            return Err(Failure::Usage(
                "what is not in the report is gone after the seal: add --report SHA256 (of report.json, as your own \
                 machine shows it) or --without-report"
                    .into(),
            ));
        }
        nothing_pending(state)?;
        if !look.sealing.refused.is_empty() {
            return self.refuse(&look.sealing);
        }
        if !args.yes {
            print(&show::listing(image, &look.sealing))?;
        }
        if let Some(why) = self.no_report(state)? {
            note(&why);
            note("Nothing was changed.");
            return Ok(NOT_SEAWORTHY);
        }
        if !args.yes && !confirm("Seal this machine? It is switched off at the end, and must not be started again.")? {
            note("Nothing was changed.");
            return Ok(NOT_SEAWORTHY);
        }
        let request = Request {
            playbook: self.playbook.clone(),
            house_rules: self.common.guidelines.as_deref().and_then(|path| std::path::absolute(path).ok()),
            shred: args.shred,
            own: image.live().map_or(Ok(Vec::new()), Live::lineage)?,
            no_metadata: self.common.no_imds,
        };
        request.keep(state)?;
        self.follow(seal::start(image, state)?)
    }

    /// Shows what the process that carries the seal out does, until this session is ended.
    pub(super) fn follow(&self, mut watch: Watch) -> Result<u8, Failure> {
        let quiet = self.common.quiet;
        let ending = watch.follow(&mut |line| {
            let is_shown = !quiet || matches!(line, Line::Failed { .. } | Line::After { .. });
            if let Some(said) = show::progress(line).filter(|_| is_shown) {
                note(&said);
            }
        })?;
        match ending {
            Ending::Off => Ok(OK),
            Ending::GivenUp => Err(Failure::Failed("the seal was given up; mend the cause and call it again".into())),
            Ending::Interrupted => Err(Failure::Failed(
                "the process that carried the seal out was ended in the middle; `seaworthy seal` starts again what it stopped"
                    .into(),
            )),
        }
    }

    /// Attaches to the seal that is under way, and says how one that ended before its time did, after starting again what
    /// it had stopped. `None`: a new one may begin.
    pub(super) fn resume(&self, image: &Image, state: &State) -> Result<Option<u8>, Failure> {
        let Some(watch) = Watch::of(state)? else { return Ok(None) };
        if watch.is_under_way() {
            note("A seal is under way; this is what it does.");
            return self.follow(watch).map(Some);
        }
        seal::recover(image, state)?;
        let mut watch = Watch::of(state)?;
        let lines = watch.as_mut().map_or(Ok(Vec::new()), Watch::lines)?;
        if !self.common.quiet {
            for line in lines.iter().filter(|line| matches!(line, Line::Failed { .. } | Line::After { .. })) {
                note(&format!("The last seal: {}", show::progress(line).unwrap_or_default()));
            }
        }
        Ok(None)
    }

    /// Why the report does not count as stored elsewhere; `None` when it does, or was given up.
    pub(super) fn no_report(&self, state: &State) -> Result<Option<String>, Failure> {
        if self.args.without_report {
            return Ok(None);
        }
        let exported = Exported::current(state)?;
        let typed = if let Some(digest) = &self.args.report {
            digest.clone()
        } else {
            if let Err(why) = &exported {
                note(why);
            }
            let typed = ask(&format!(
                "The first {DIGEST_CHARS} characters of the report's SHA-256, as your own machine shows it \
                 (sha256sum report.json), or `{GIVEN_UP}`: "
            ))?;
            if typed == GIVEN_UP {
                return Ok(None);
            }
            typed
        };
        Ok(match exported {
            Err(why) => Some(why),
            Ok(exported) if exported.is(&typed) => None,
            Ok(exported) => Some(format!(
                "That is not the beginning ({DIGEST_CHARS} characters or more) of the digest of the report written at {}. \
                 Copy that report to your own machine, and look there.",
                exported.at
            )),
        })
    }
}

/// What the process that was started to carry the seal out does.
pub(super) fn carry_out(common: &Common, environment: &Environment) -> Result<u8, Failure> {
    let image = engine::image(common)?;
    let state = engine::state(&image, environment)?;
    let request = Request::load(&state)?.ok_or_else(|| Failure::Usage("nobody asked for a seal".into()))?;
    let common = Common { guidelines: request.house_rules.clone(), no_imds: request.no_metadata, ..common.clone() };
    let catalogue = engine::catalogue(&common)?;
    if let Some(live) = image.live() {
        live.act_for(request.own.clone());
        if request.no_metadata {
            live.forbid_metadata();
        }
    }
    let context = engine::context(&image, &common, &request.playbook)?;
    let ending = seal::carry_out(&image, &catalogue, &context, &state, &request)?;
    Ok(if ending == Ending::Off { OK } else { NOT_SEAWORTHY })
}
