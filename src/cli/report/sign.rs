//! `seaworthy report sign`.

use std::path::{Path, PathBuf};

use crate::change::note_created_here;
use crate::cli::args::{Common, Format, SignArgs};
use crate::cli::environment::Environment;
use crate::cli::output::{Failure, confirm, note, print, print_json};
use crate::cli::{OK, engine};
use crate::image::text;
use crate::report::sign::{self, Agent, KeyPlace, Keygen, SignError, dsse};
use crate::report::{self, FormError, bind};

/// Exit code: the agent, ssh-keygen or the user refused to sign.
const UNSIGNED: u8 = 8;

pub(super) fn run(args: &SignArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if args.tbs.is_none() && args.attach.is_none() && args.key.is_none() && !args.agent {
        return Err(Failure::Usage(
            "say how to sign: --agent, --key FILE, --tbs FILE, or --attach FILE --pub FILE".into(),
        ));
    }
    if args.dsse && args.key.is_some() && !args.agent {
        return Err(Failure::Usage(
            "ssh-keygen signs in SSH's own form only, so a key file makes no DSSE envelope; give the key to an agent (ssh-add) and use --agent, or use --tbs and --attach"
                .into(),
        ));
    }
    let bytes = report::read_file(&args.file, report::REPORT_LIMIT).map_err(Failure::failed)?;
    let (headline, question) = match bind::parse(&bytes) {
        Ok(binding) => (format!("Binding to {}", text::visible(&binding.ami)), "Sign this binding?"),
        Err(_) => (
            headline(&bytes).map_err(|error| {
                Failure::Failed(format!("{} is no report that may be signed: {error}", text::path(&args.file)))
            })?,
            "Is this the digest that the image's last screen showed? Sign it?",
        ),
    };
    let statement = if args.dsse { Some(statement(args, &bytes)?) } else { None };
    if let Some(path) = &args.tbs {
        note_created_here([path.as_path()])?;
        let to_be_signed = match &statement {
            Some(statement) => dsse::to_be_signed(statement),
            None => sign::to_be_signed(&bytes),
        };
        report::write_file(path, &to_be_signed, args.yes).map_err(Failure::failed)?;
        let again = if args.dsse { " --dsse" } else { "" };
        note(&format!(
            "Sign the bytes of {} and come back with --attach SIGNATURE --pub KEY.pub{again}.",
            text::path(path)
        ));
        return Ok(OK);
    }
    let path = if args.dsse { args.file.with_extension("intoto.json") } else { with_sig(&args.file) };
    if !args.yes {
        // Before anybody touches a token or types a passphrase for nothing.
        report::is_free(&path).map_err(Failure::failed)?;
    }
    note(&headline);
    let sha256 = report::sha256_hex(&bytes);
    note(&format!("SHA-256 {sha256}  {} bytes", bytes.len()));
    note(&format!("        {}", report::view::grouped(&sha256)));
    if environment.answers && !args.yes && !confirm(question)? {
        note("Nothing was signed.");
        return Ok(UNSIGNED);
    }
    let signature = if let Some(raw) = &args.attach {
        let public = args.public.as_deref().map(engine::read_host_file).transpose()?.unwrap_or_default();
        let raw = report::read_file(raw, report::sshsig::SIGNATURE_LIMIT).map_err(Failure::failed)?;
        match &statement {
            Some(statement) => dsse::attach(statement, &raw, &public),
            None => sign::attach(&bytes, &raw, &public),
        }
    } else if let (Some(key), false) = (&args.key, args.agent) {
        with_key_file(key, &bytes)
    } else {
        let agent = Agent { socket: environment.agent.as_deref(), sudo: environment.sudo_user.is_some() };
        let waiting = || note("Waiting for your agent: it may want a touch or a confirmation.");
        let wanted = agent_key(args);
        match &statement {
            Some(statement) => dsse::with_agent(agent, wanted.as_deref(), statement, &waiting),
            None => sign::with_agent_telling(agent, wanted.as_deref(), &bytes, &waiting),
        }
    };
    let signature = match signature {
        Ok(signature) => signature,
        Err(error) => {
            note(&format!("seaworthy: {error}"));
            return Ok(UNSIGNED);
        }
    };
    note_created_here([path.as_path()])?;
    report::write_signature(&path, &signature, args.yes).map_err(Failure::failed)?;
    let path = text::path(&path);
    match common.format {
        Format::Text => print(&format!("{path}\n"))?,
        Format::Json => print_json(&serde_json::json!({"signature": path}))?,
    }
    Ok(OK)
}

fn with_sig(report: &Path) -> PathBuf {
    let mut path = report.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// What an envelope says of the report.
fn statement(args: &SignArgs, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let report = report::parse(bytes).map_err(|error| {
        Failure::Failed(format!("{} is nothing to make a statement about: {error}", text::path(&args.file)))
    })?;
    Ok(report::view::intoto(&report, &report::sha256_hex(bytes)).into_bytes())
}

fn with_key_file(key: &Path, bytes: &[u8]) -> Result<String, SignError> {
    if sign::key_place(key)? == KeyPlace::Memory {
        note(
            "This looks like an EC2 instance, and its root can read the key while it is in memory. Better sign on your own machine.",
        );
    }
    sign::with_keygen(&Keygen { key, environment: &Environment::variables() }, bytes)
}

/// Which report it is.
fn headline(bytes: &[u8]) -> Result<String, FormError> {
    let report = report::parse(bytes)?;
    let publisher = text::visible(&report.publisher);
    Ok(format!("Report {} by {publisher}, verdict: {}", report.report_id, report.summary.verdict.word()))
}

/// The key wanted of the agent: a fingerprint, or the text of a `.pub` file.
fn agent_key(args: &SignArgs) -> Option<String> {
    let key = args.key.as_ref()?;
    let name = key.to_string_lossy().into_owned();
    let file = if name.starts_with("SHA256:") { None } else { engine::read_host_file(key).ok() };
    Some(file.unwrap_or(name))
}
