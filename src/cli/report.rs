//! `seaworthy report`: write the evidence, sign it, show it.

use std::path::Path;
use std::time::Instant;

use super::args::{Common, Format, ReportArgs, ReportCommand, SchemaOf};
use super::environment::Environment;
use super::output::{Failure, note, print, print_json};
use super::{OK, confirm, engine};
use crate::change::State;
use crate::image::{Image, text};
use crate::playbook::Playbook;
use crate::report::compare::conclusion;
use crate::report::identity::IdentityFile;
use crate::report::{self, Earlier, Particulars, Preparation, Report};

mod audit;
mod bind;
mod diff;
mod handover;
mod previous;
mod render;
mod sign;

pub(super) fn run(args: &ReportArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    match &args.command {
        Some(ReportCommand::Sign(args)) => sign::run(args, common, environment),
        Some(ReportCommand::Bind(args)) => bind::run(args, common),
        Some(ReportCommand::Diff(args)) => diff::run(args, common),
        Some(ReportCommand::Schema { of }) => {
            print(report::schema(match of {
                SchemaOf::Report => report::Document::Report,
                SchemaOf::Verify => report::Document::Verify,
                SchemaOf::Diff => report::Document::Diff,
            }))?;
            Ok(OK)
        }
        Some(ReportCommand::Show { file }) => show(file, common),
        Some(ReportCommand::Render(args)) => render::run(args),
        None => write(args, common, environment),
    }
}

fn write(args: &ReportArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if let Some(digest) = &args.again {
        return handover::again(digest, args, common, environment);
    }
    if args.out.is_none() && !args.stdout {
        return Err(Failure::Usage("say where the report goes: --out DIR (not on the image) or --stdout".into()));
    }
    let catalogue = engine::catalogue(common)?;
    let image = engine::image(common)?;
    let directory = args
        .out
        .as_deref()
        .map(|directory| report::off_image(&image, directory))
        .transpose()
        .map_err(Failure::Usage)?;
    let build = audit::build(&args.previous, &catalogue)?;
    let last = previous::read(&args.previous, &catalogue)?;
    let state = engine::state(&image, environment)?;
    confirm::nothing_waits(&state)?;
    let own = build.as_ref().map(|build| audit::state(&image, &state, build)).transpose()?;
    let memory = own.as_ref().unwrap_or(&state);
    let mut playbook = match &args.playbook {
        Some(path) => engine::playbook(path, &catalogue)?,
        None => session(memory)?,
    };
    let mut context = engine::context(&image, common, &playbook)?;
    if let Some(build) = &build {
        context = audit::context(&image, context, build);
    }
    let begun = Instant::now();
    let (context, findings) = engine::survey(&image, &catalogue, context, common, environment);
    let publisher = args.publisher.clone().unwrap_or_else(|| environment.person());
    let duration = begun.elapsed();
    if let Some(last) = &last {
        let renewed = previous::renewed(last, &playbook, &findings, args, (&publisher, environment))?;
        previous::keep(memory, args, &renewed)?;
        playbook.decisions.extend(renewed);
    }
    let previous = build.as_ref().or(last.as_ref()).map(Earlier::previous);
    let particulars = Particulars {
        playbook: &playbook,
        publisher: &publisher,
        challenge: args.challenge.as_deref(),
        kind: if build.is_some() { report::Kind::ImageAudit } else { report::Kind::Build },
        previous: previous.as_ref(),
        caller: &environment.caller(&image),
        duration,
        now: engine::now(),
    };
    let preparation = Preparation::of(memory, &image, &catalogue, &findings, &particulars)?;
    let mut report = preparation.report(&image, &catalogue, &context, &findings, particulars)?;
    if let (Some(build), Some(audit)) = (&build, &context.audit) {
        report::audit::close(&image, audit, build, &mut report).map_err(Failure::Failed)?;
    }
    if let Some(last) = &last {
        preparation.compare(&image, last, &mut report);
    }
    let apart = args.without_identity.then(|| report::identity::withhold(&mut report)).flatten();
    hand_out(&report, apart, (&image, &state, directory.as_deref()), args, common, environment)?;
    if publisher.is_empty() {
        note("Nobody is named as the one who vouches for this report; --publisher NAME does.");
    }
    if !common.quiet {
        note(&format!("Verdict: {}", report.summary.verdict.word()));
        if let Some(comparison) = report.previous.as_ref().and_then(|previous| previous.comparison.as_ref()) {
            note(&format!("Since report {}: {}", comparison.old.report_id, conclusion(comparison)));
        }
    }
    Ok(OK)
}

/// Writes `report` to where it goes, and what was held back of its identity beside it.
fn hand_out(
    report: &Report,
    apart: Option<IdentityFile>,
    (image, state, directory): (&Image, &State, Option<&Path>),
    args: &ReportArgs,
    common: &Common,
    environment: &Environment,
) -> Result<(), Failure> {
    if args.stdout {
        let kept = handover::keep(state, report)?;
        handover::print("REPORT", &kept.bytes, args.base64)?;
        handover::digest(&kept.sha256, kept.bytes.len(), args.qr, common, environment);
        if apart.is_some() {
            note(
                "The identity document was left out, and with --stdout it is kept nowhere; --out writes identity.json.",
            );
        }
    } else if let Some(directory) = directory {
        let identity = apart.map(|file| report::export_identity(state, directory, &file, args.yes)).transpose();
        let identity = identity.map_err(Failure::Failed)?;
        let bundle = report::export(state, directory, report, args.yes).map_err(Failure::Failed)?;
        let files = [&bundle.report, &bundle.html, &bundle.markdown, &bundle.verify];
        let files: Vec<String> = files.into_iter().chain(&identity).map(|path| text::path(path)).collect();
        match common.format {
            Format::Text => print(&format!("{}\n", files.join("\n")))?,
            Format::Json => print_json(&serde_json::json!({
                "format": "seaworthy.bundle/1",
                "files": files,
                "sha256": bundle.sha256,
                "size": bundle.size,
                "verdict": report.summary.verdict,
            }))?,
        }
        let is_looked_at = environment.stderr_terminal && common.format == Format::Text;
        handover::digest(&bundle.sha256, bundle.size, args.qr || is_looked_at, common, environment);
        if !common.quiet {
            note(&format!(
                "Next: seaworthy report sign {} --agent (or --key FILE), on a machine that is not the image.",
                text::path(&bundle.report)
            ));
        }
        handover::lines(image, &bundle.sha256, common);
    }
    Ok(())
}

/// The decisions of the wizard's session, when there is one.
pub(super) fn session(state: &State) -> Result<Playbook, Failure> {
    match state.load_session()? {
        None => Ok(Playbook::default()),
        Some(text) => crate::wizard::saved_playbook(&text).map_err(Failure::Failed),
    }
}

fn show(file: &Path, common: &Common) -> Result<u8, Failure> {
    let bytes = report::read_file(file, report::REPORT_LIMIT).map_err(Failure::failed)?;
    let report = report::parse(&bytes).map_err(|error| Failure::Failed(format!("{}: {error}", text::path(file))))?;
    note("NOT VERIFIED: anybody can have written this. `seaworthy verify` tells who vouches for it.");
    match common.format {
        Format::Text => print(&report::view::markdown(&report, &report::sha256_hex(&bytes)))?,
        Format::Json => print(&String::from_utf8_lossy(&report::to_bytes(&report)))?,
    }
    Ok(OK)
}
