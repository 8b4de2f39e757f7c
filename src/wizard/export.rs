//! Has the report written and signed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::message::{AgentKey, Delivered, ExportRequest, Exported, Signer};
use crate::change::State;
use crate::image::Image;
use crate::report::Report;
use crate::report::handover::{self, Here, Kept};
use crate::report::sign::{Agent, Keygen, key_place, with_agent, with_keygen};
use crate::report::sshsig::{BINDING_NAMESPACE, NAMESPACE, SshSig};

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

/// Keeps `report`, and signs it when a signer was chosen. A report that could not be signed stays, and says so.
pub(super) fn make(
    report: &Report,
    image: &Image,
    state: &State,
    keys: &Keys,
    request: &ExportRequest,
) -> Result<Exported, String> {
    let kept = handover::keep(state, report).map_err(|error| error.to_string())?;
    let signer_name = signer_name(&request.publisher);
    let (signed_by, signers_line, not_signed) = match sign(state, &kept, keys, &request.signer) {
        Ok(Some(signature)) => (Some(signature.fingerprint), Some(allowed(&signer_name, &signature.public)), None),
        Ok(None) => (None, None, None),
        Err(why) => (None, None, Some(why)),
    };
    Ok(Exported {
        size: u64::try_from(kept.bytes.len()).unwrap_or(u64::MAX),
        sha256: kept.sha256,
        verdict: report.summary.verdict,
        signed_by,
        signers_line,
        not_signed,
        signer_name,
        here: Here::of(image),
    })
}

/// Writes the evidence of the report that is kept into `directory`, which is not on the image.
pub(super) fn deliver(state: &State, directory: &Path, replace: bool) -> Result<Delivered, String> {
    let files = crate::report::deliver(state, directory, replace)?;
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Delivered { directory: directory.to_path_buf(), files: files.iter().filter_map(name).collect() })
}

/// A signature that was made and written.
struct Signature {
    fingerprint: String,
    /// Type and key, as in a `.pub` file.
    public: String,
}

fn sign(state: &State, kept: &Kept, keys: &Keys, signer: &Signer) -> Result<Option<Signature>, String> {
    use base64ct::{Base64, Encoding};
    let bytes = &kept.bytes;
    let armoured = match signer {
        Signer::Later => return Ok(None),
        Signer::Agent(fingerprint) => {
            let agent = Agent { socket: keys.agent.as_deref(), sudo: keys.sudo };
            with_agent(agent, Some(fingerprint), bytes)
        }
        Signer::KeyFile(key) => {
            key_place(key).and_then(|_| with_keygen(&Keygen { key, environment: &keys.environment }, bytes))
        }
    }
    .map_err(|error| error.to_string())?;
    state.keep_signature(&armoured).map_err(|error| error.to_string())?;
    let key = SshSig::parse(armoured.as_bytes()).map_err(|fault| fault.to_string())?.key;
    let public = format!("{} {}", key.kind(), Base64::encode_string(key.blob()));
    Ok(Some(Signature { fingerprint: key.fingerprint(), public }))
}

/// The line of `allowed_signers` that lets a reviewer verify (ssh-keygen(1), ALLOWED SIGNERS).
fn allowed(name: &str, public: &str) -> String {
    format!("{name} namespaces=\"{NAMESPACE},{BINDING_NAMESPACE}\" {public}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_harmless_word() {
        assert_eq!(signer_name("Ada  Lovelace"), "ada.lovelace");
        assert_eq!(signer_name("ada@example.com"), "ada@example.com");
        assert_eq!(signer_name("-oX $(reboot) \"; *"), "ox.reboot..");
        assert_eq!(signer_name("漢字"), "publisher");
    }
}
