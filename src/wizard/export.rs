//! Has the report written and signed.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::engine::Preparation;
use super::message::{AgentKey, ExportRequest, Exported, Signer};
use crate::image::{Mode, text};
use crate::report::sign::{Agent, Keygen, with_agent, with_keygen};
use crate::report::sshsig::{NAMESPACE, SshSig};
use crate::report::{
    Bundle, ImageInfo, REPORT_LIMIT, ReportInput, Tool, new_id, read_file, record, write_bundle, write_signature,
};

/// What is known of the publisher's own keys; read from the environment by `cli`.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// `SSH_AUTH_SOCK`.
    pub agent: Option<PathBuf>,
    /// `SUDO_USER` is set, so that sudo has removed `SSH_AUTH_SOCK`.
    pub sudo: bool,
    /// The environment, of which `ssh-keygen` gets the few variables it needs.
    pub environment: Vec<(OsString, OsString)>,
}

/// The keys the agent holds that can sign a report.
pub(super) fn agent_keys(keys: &Keys) -> Result<Vec<AgentKey>, String> {
    let agent = Agent { socket: keys.agent.as_deref(), sudo: keys.sudo };
    let held = agent.identities().map_err(|error| error.to_string())?;
    Ok(held
        .into_iter()
        .filter_map(|held| {
            let kind = held.key?.kind().to_owned();
            Some(AgentKey { fingerprint: held.fingerprint, comment: held.comment, kind })
        })
        .collect())
}

/// Writes the report that `request` asks for, and signs it when a signer was chosen. A report that could not be signed
/// stays, and says so.
pub(super) fn export(preparation: &Preparation<'_>, keys: &Keys, request: &ExportRequest) -> Result<Exported, String> {
    let image = preparation.image;
    let directory = off_image(image.mode(), image.mount_point(), &request.directory)?;
    let journal = preparation.state.journal_lines().map_err(|error| error.to_string())?;
    let input = ReportInput {
        report_id: new_id().map_err(|error| error.to_string())?,
        tool: Tool::current(),
        image: ImageInfo::of(image),
        catalogue: preparation.catalogue,
        before: preparation.before,
        after: preparation.after,
        playbook: &request.playbook,
        runs: preparation.runs,
        journal: &journal,
        unread: preparation.unread,
        practice: preparation.practice,
        started_at: preparation.started_at,
        now: jiff::Timestamp::now(),
        challenge: request.challenge.as_deref(),
        publisher: &request.publisher,
    };
    let report = record(&input);
    let bundle = write_bundle(&directory, &report, request.replace).map_err(|error| error.to_string())?;
    let signed = sign(&bundle, keys, &request.signer);
    let name = signer_name(&request.publisher);
    let (signed_by, signers_line, not_signed) = match signed {
        Ok(Some(signature)) => (Some(signature.fingerprint), Some(allowed(&name, &signature.public)), None),
        Ok(None) => (None, None, None),
        Err(why) => (None, None, Some(why)),
    };
    let mut files = vec!["report.json", "report.html", "report.md", "VERIFY.txt"];
    files.extend(signed_by.is_some().then_some("report.json.sig"));
    let sign_with = if signed_by.is_some() {
        Vec::new()
    } else {
        vec![format!("ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 report.json")]
    };
    Ok(Exported {
        directory,
        files: files.into_iter().map(str::to_owned).collect(),
        size: u64::try_from(bundle.size).unwrap_or(u64::MAX),
        sha256: bundle.sha256,
        verdict: report.summary.verdict,
        signed_by,
        signers_line,
        not_signed,
        sign_with,
        verify_with: vec![
            format!(
                "ssh-keygen -Y verify -f allowed_signers -I {name} -n {NAMESPACE} -s report.json.sig < report.json"
            ),
            format!("seaworthy verify report.json --signers allowed_signers --signer {name}"),
        ],
    })
}

/// A signature that was made and written.
struct Signature {
    fingerprint: String,
    /// Type and key, as in a `.pub` file.
    public: String,
}

fn sign(bundle: &Bundle, keys: &Keys, signer: &Signer) -> Result<Option<Signature>, String> {
    use base64ct::{Base64, Encoding};
    let bytes = read_file(&bundle.report, REPORT_LIMIT).map_err(|error| error.to_string())?;
    let armoured = match signer {
        Signer::Later => return Ok(None),
        Signer::Agent(fingerprint) => {
            let agent = Agent { socket: keys.agent.as_deref(), sudo: keys.sudo };
            with_agent(agent, Some(fingerprint), &bytes)
        }
        Signer::KeyFile(key) => with_keygen(&Keygen { key, environment: &keys.environment }, &bytes),
    }
    .map_err(|error| error.to_string())?;
    write_signature(&bundle.signature, &armoured, true).map_err(|error| error.to_string())?;
    let key = SshSig::parse(armoured.as_bytes()).map_err(|fault| fault.to_string())?.key;
    let public = format!("{} {}", key.kind(), Base64::encode_string(key.blob()));
    Ok(Some(Signature { fingerprint: key.fingerprint(), public }))
}

/// The line of `allowed_signers` that lets a reviewer verify (ssh-keygen(1), ALLOWED SIGNERS).
fn allowed(name: &str, public: &str) -> String {
    format!("{name} namespaces=\"{NAMESPACE}\" {public}")
}

/// The publisher's name as a signer: one word, none of the characters that mean something in `allowed_signers`.
fn signer_name(publisher: &str) -> String {
    let word: String = publisher
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(".")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "@._+-".contains(*c))
        .collect::<String>()
        .to_ascii_lowercase();
    // A name that began with a dash would be taken for an option.
    let word = word.trim_start_matches(['-', '.']);
    if word.is_empty() { "publisher".into() } else { word.to_owned() }
}

/// Where a report may go on a running machine: file systems in memory, which no image of the machine holds.
const IN_MEMORY: [&str; 2] = ["/run", "/dev/shm"];

/// `directory` as an absolute path with every link followed as far as it exists, if it is not on the image.
fn off_image(mode: Mode, mount_point: &Path, directory: &Path) -> Result<PathBuf, String> {
    let shown = text::path(directory);
    let whole = std::path::absolute(directory).map_err(|error| format!("cannot use {shown}: {error}"))?;
    if whole.components().any(|part| part == Component::ParentDir) {
        return Err(format!("cannot use {shown}: write it without `..`"));
    }
    let mut known = whole.as_path();
    let real = loop {
        match known.canonicalize() {
            Ok(real) => break real.join(whole.strip_prefix(known).unwrap_or(Path::new(""))),
            Err(_) => match known.parent() {
                Some(parent) => known = parent,
                None => break whole.clone(),
            },
        }
    };
    let on_image = match mode {
        Mode::Live => !IN_MEMORY.iter().any(|place| real.starts_with(place)),
        Mode::Offline => real.starts_with(mount_point.canonicalize().unwrap_or_else(|_| mount_point.to_path_buf())),
    };
    match (on_image, mode) {
        (false, _) => Ok(real),
        (true, Mode::Live) => Err(format!(
            "{shown} is on the machine you are preparing, and would be published with it; choose a directory below /run \
             and copy the report from there"
        )),
        (true, Mode::Offline) => {
            Err(format!("{shown} is on the image, and would be published with it; choose a directory outside"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_never_goes_onto_the_image() {
        let image = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let link = outside.path().join("link");
        std::os::unix::fs::symlink(image.path(), &link).unwrap();
        let off = |directory: &Path| off_image(Mode::Offline, image.path(), directory);
        assert!(off(&image.path().join("srv/report")).is_err());
        assert!(off(&link.join("report")).is_err());
        assert!(off(&outside.path().join("../x")).is_err());
        assert_eq!(off(&outside.path().join("new/report")).unwrap(), outside.path().join("new/report"));
    }

    #[test]
    fn on_a_running_machine_it_stays_in_memory() {
        let off = |directory: &str| off_image(Mode::Live, Path::new("/"), Path::new(directory));
        assert!(off("/root/report").is_err());
        assert!(off("/run/seaworthy/report").is_ok());
        assert!(off("/runner").is_err());
    }

    #[test]
    fn a_name_becomes_one_harmless_word() {
        assert_eq!(signer_name("Ada  Lovelace"), "ada.lovelace");
        assert_eq!(signer_name("ada@example.com"), "ada@example.com");
        assert_eq!(signer_name("-oX $(reboot) \"; *"), "ox.reboot..");
        assert_eq!(signer_name("漢字"), "publisher");
    }
}
