//! The seal of the running machine: what is asked before it begins.

use super::{Failure, Look, NOT_SEAWORTHY, Order, confirm, note, nothing_pending, print, show};
use crate::change::State;
use crate::change::seal::{DIGEST_CHARS, Exported, Request};
use crate::cli::output::ask;
use crate::image::Image;

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
            no_metadata: self.common.no_imds,
        };
        request.keep(state)?;
        Err(Failure::Failed("a running machine cannot be sealed by this build; use --root on its volume".into()))
    }

    /// Why the report does not count as stored elsewhere; `None` when it does, or was given up.
    pub(super) fn no_report(&self, state: &State) -> Result<Option<String>, Failure> {
        if self.args.without_report {
            return Ok(None);
        }
        let exported = Exported::current(state)?;
        let typed = match &self.args.report {
            Some(digest) => digest.clone(),
            None => {
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
            }
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
