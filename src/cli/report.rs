//! `seaworthy report`: write the evidence, sign it, show it.

use std::path::Path;

use super::args::{Common, Format, ReportArgs, ReportCommand, SignArgs};
use super::environment::Environment;
use super::output::{Failure, confirm, note, print, print_json};
use super::{OK, confirm, engine};
use crate::change::note_created_here;
use crate::image::text;
use crate::playbook::Playbook;
use crate::report::sign::{self, Agent, Keygen};
use crate::report::{self, Particulars, Preparation, Report};

/// Exit code: the agent, ssh-keygen or the user refused to sign.
const UNSIGNED: u8 = 8;

pub(super) fn run(args: &ReportArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    match &args.command {
        Some(ReportCommand::Sign(args)) => sign(args, common, environment),
        Some(ReportCommand::Show { file }) => show(file, common),
        None => write(args, common, environment),
    }
}

fn write(args: &ReportArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
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
    let state = engine::state(&image, environment)?;
    confirm::nothing_waits(&state)?;
    let playbook = match &args.playbook {
        Some(path) => engine::playbook(path, &catalogue)?,
        None => session(&state)?,
    };
    let (context, findings) =
        engine::survey(&image, &catalogue, engine::context(&image, common, &playbook)?, common, environment);
    let preparation = Preparation::of(&state, &findings)?;
    let publisher = args.publisher.clone().unwrap_or_else(|| environment.person());
    let particulars = Particulars {
        playbook: &playbook,
        publisher: &publisher,
        challenge: args.challenge.as_deref(),
        practice: false,
        now: engine::now(),
    };
    let report = preparation.report(&image, &catalogue, &context, &findings, particulars)?;
    engine::tell_interrupted(&image, common, environment);
    if args.stdout {
        let bytes = report::to_bytes(&report);
        print(&String::from_utf8_lossy(&bytes))?;
        report::kept(&state, &report, &report::sha256_hex(&bytes))?;
    } else if let Some(directory) = &directory {
        let bundle = report::export(&state, directory, &report, args.yes).map_err(Failure::Failed)?;
        let files = [&bundle.report, &bundle.html, &bundle.markdown, &bundle.verify].map(|path| text::path(path));
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
        if !common.quiet {
            note(&format!("SHA-256 {}  {} bytes", bundle.sha256, bundle.size));
            note(&format!(
                "Next: seaworthy report sign {} --agent (or --key FILE), on a machine that is not the image.",
                text::path(&bundle.report)
            ));
        }
    }
    if publisher.is_empty() {
        note("Nobody is named as the one who vouches for this report; --publisher NAME does.");
    }
    if !common.quiet {
        note(&format!("Verdict: {}", report.summary.verdict.word()));
    }
    Ok(OK)
}

/// The decisions of the wizard's session, when there is one.
pub(super) fn session(state: &crate::change::State) -> Result<Playbook, Failure> {
    match state.load_session()? {
        None => Ok(Playbook::default()),
        Some(text) => crate::wizard::saved_playbook(&text).map_err(Failure::Failed),
    }
}

fn sign(args: &SignArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if args.tbs.is_none() && args.attach.is_none() && args.key.is_none() && !args.agent {
        return Err(Failure::Usage(
            "say how to sign: --agent, --key FILE, --tbs FILE, or --attach FILE --pub FILE".into(),
        ));
    }
    let bytes = report::read_file(&args.file, report::REPORT_LIMIT).map_err(Failure::failed)?;
    let parsed: Report = report::parse(&bytes).map_err(|error| {
        Failure::Failed(format!("{} is no report that may be signed: {error}", text::path(&args.file)))
    })?;
    if let Some(path) = &args.tbs {
        note_created_here([path.as_path()])?;
        report::write_file(path, &sign::to_be_signed(&bytes), args.yes).map_err(Failure::failed)?;
        note(&format!("Sign the bytes of {} and come back with --attach SIGNATURE --pub KEY.pub.", text::path(path)));
        return Ok(OK);
    }
    note(&format!(
        "Report {} by {}, verdict: {}",
        parsed.report_id,
        text::visible(&parsed.publisher),
        parsed.summary.verdict.word()
    ));
    note(&format!("SHA-256 {}  {} bytes", report::sha256_hex(&bytes), bytes.len()));
    if environment.interactive
        && !args.yes
        && !confirm("Is this the digest that the image's last screen showed? Sign it?")?
    {
        note("Nothing was signed.");
        return Ok(UNSIGNED);
    }
    let signature = if let Some(raw) = &args.attach {
        let public = args.public.as_deref().map(engine::read_host_file).transpose()?.unwrap_or_default();
        let raw = report::read_file(raw, report::sshsig::SIGNATURE_LIMIT).map_err(Failure::failed)?;
        sign::attach(&bytes, &raw, &public)
    } else if let (Some(key), false) = (&args.key, args.agent) {
        sign::with_keygen(&Keygen { key, environment: &Environment::variables() }, &bytes)
    } else {
        let agent = Agent { socket: environment.agent.as_deref(), sudo: environment.sudo_user.is_some() };
        sign::with_agent(agent, agent_key(args).as_deref(), &bytes)
    };
    let signature = match signature {
        Ok(signature) => signature,
        Err(error) => {
            note(&format!("seaworthy: {error}"));
            return Ok(UNSIGNED);
        }
    };
    let mut path = args.file.clone().into_os_string();
    path.push(".sig");
    note_created_here([Path::new(&path)])?;
    report::write_signature(Path::new(&path), &signature, args.yes).map_err(Failure::failed)?;
    let path = text::path(Path::new(&path));
    match common.format {
        Format::Text => print(&format!("{path}\n"))?,
        Format::Json => print_json(&serde_json::json!({"signature": path}))?,
    }
    Ok(OK)
}

/// The key wanted of the agent: a fingerprint, or the text of a `.pub` file.
fn agent_key(args: &SignArgs) -> Option<String> {
    let key = args.key.as_ref()?;
    let name = key.to_string_lossy().into_owned();
    let file = if name.starts_with("SHA256:") { None } else { engine::read_host_file(key).ok() };
    Some(file.unwrap_or(name))
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
