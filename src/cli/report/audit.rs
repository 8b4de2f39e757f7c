//! `seaworthy report --audit-of`: what an image audit needs beside a report of its own.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::change::State;
use crate::check::Context;
use crate::cli::args::PreviousArgs;
use crate::cli::engine;
use crate::cli::output::Failure;
use crate::image::{Image, Mode};
use crate::report::{Earlier, Kind, SignedBy, audit};

/// The report of the build that is audited; `None` when this is no audit.
pub(super) fn build(args: &PreviousArgs, catalogue: &Catalogue) -> Result<Option<Earlier>, Failure> {
    let Some(path) = &args.audit_of else { return Ok(None) };
    let trust = args.previous_signers.as_deref().map(|signers| SignedBy {
        signers,
        signer: args.previous_signer.as_deref(),
        catalogue,
        now: engine::now(),
    });
    if trust.is_none() && !args.previous_unverified {
        return Err(Failure::Usage(
            "say who may have signed the report of the build: --previous-signers FILE, or --previous-unverified to take it as it is"
                .into(),
        ));
    }
    let build = Earlier::read(path, trust).map_err(Failure::Failed)?;
    match build.report.kind {
        Kind::Build => Ok(Some(build)),
        Kind::ImageAudit => Err(Failure::Usage(
            "--audit-of: this is an image audit itself; give the report of the build that it names".into(),
        )),
        Kind::Practice => Err(Failure::Usage("--audit-of: there is no image of a practice report".into())),
    }
}

/// Where the audit keeps what it remembers: nothing of the build's, which may be kept for the same disk.
pub(super) fn state(image: &Image, state: &State, build: &Earlier) -> Result<State, Failure> {
    if image.mode() == Mode::Live && !state.plans()?.is_empty() {
        return Err(Failure::Failed(
            "something was changed on this machine by Seaworthy; an audit is of a machine as it was launched: launch another instance of the AMI"
                .into(),
        ));
    }
    let name = format!("audit-{}", build.sha256.get(..16).unwrap_or_default());
    Ok(State::at(&state.directory().join(name))?)
}

/// The context that an instance of the finished image is judged in.
pub(super) fn context(image: &Image, context: Context, build: &Earlier) -> Context {
    let created = context.created.iter().cloned().chain(audit::traces(&build.report)).collect();
    Context { created, audit: Some(Arc::new(audit::known(image, &build.report))), ..context }
}
