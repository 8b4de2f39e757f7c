//! Signing a statement about a report in a DSSE envelope, for tools that do not know SSH's signatures: the key signs the
//! envelope's bytes as they are.

use super::agent::{self, Agent, Patience};
use super::{SignError, decoded_also};
use crate::report::dsse::{Envelope, PAYLOAD_TYPE, Signature, signed_bytes};
use crate::report::sshsig::PublicKey;

/// The longest request that ssh-agent takes (`AGENT_MAX_LEN` of OpenSSH); it hangs up on a longer one.
const REQUEST_LIMIT: usize = 256 << 10;
/// Asks for SHA-256 from an RSA key (draft-miller-ssh-agent, section 3.6.1); other keys pay no heed.
const RSA_SHA256: u32 = 2;

/// The bytes a key must sign for `statement`. [`attach`] takes what it gives.
pub fn to_be_signed(statement: &[u8]) -> Vec<u8> {
    signed_bytes(PAYLOAD_TYPE, statement)
}

/// The envelope of `statement`, signed with a key of the agent that is chosen as [`super::with_agent`] does. `waiting` is
/// called when the agent lets a person wait.
///
/// # Errors
/// As [`super::with_agent`]; and for security keys, and where the statement is too long for an agent.
pub fn with_agent(
    agent: Agent<'_>,
    wanted: Option<&str>,
    statement: &[u8],
    waiting: &dyn Fn(),
) -> Result<String, SignError> {
    let keys = agent.identities()?;
    let key = agent::choose(&keys, wanted)?;
    let message = to_be_signed(statement);
    // Refused here, before anybody is asked to touch anything.
    refuse_token(key)?;
    if 1 + 4 + key.blob().len() + 4 + message.len() + 4 > REQUEST_LIMIT {
        return Err(SignError::new(format!(
            "The statement has {} bytes, and an agent signs no more than 256 KiB. Sign it elsewhere, with --tbs and --attach.",
            statement.len()
        )));
    }
    let print = key.fingerprint();
    let (key, signature) = agent::signature(agent, Some(&print), &message, RSA_SHA256, Patience::new(waiting))?;
    let bare = key.bare(&signature).map_err(|fault| {
        SignError::new(format!("What the agent answered cannot be used in an envelope. {fault} Use an Ed25519 key."))
    })?;
    finished(statement, &key, bare)
}

/// The envelope of `statement` with a signature that was made elsewhere over [`to_be_signed`]: raw Ed25519, ECDSA (DER or
/// two numbers side by side) or RSA PKCS #1 1.5 with SHA-256, as bytes or in base64; `public` is the line of the `.pub`
/// file.
///
/// # Errors
/// When the key or signature is malformed, or the signature does not fit.
pub fn attach(statement: &[u8], signature: &[u8], public: &str) -> Result<String, SignError> {
    let key = PublicKey::parse_line(public).map_err(|fault| SignError::new(format!("The public key: {fault}")))?;
    refuse_token(&key)?;
    let mut why = SignError::new("The signature does not fit.");
    for raw in decoded_also(signature) {
        let bare = key.wrap(&raw, 256).and_then(|wrapped| key.bare(&wrapped));
        match bare.map_err(|fault| SignError::new(fault.to_string())).and_then(|bare| finished(statement, &key, bare)) {
            Ok(envelope) => return Ok(envelope),
            Err(error) => why = error,
        }
    }
    Err(SignError::new(format!(
        "{why} Was it made over exactly the bytes to be signed for this envelope, with this key, and for RSA with SHA-256?"
    )))
}

fn refuse_token(key: &PublicKey) -> Result<(), SignError> {
    if key.is_token() {
        return Err(SignError::new(format!(
            "The key {} is a security key. It signs in a form of its own, which DSSE tools do not know; use another key for the envelope, and the security key for report.json.sig.",
            key.fingerprint()
        )));
    }
    Ok(())
}

/// The envelope, once it has been read again and verified as anybody else will verify it.
fn finished(statement: &[u8], key: &PublicKey, bare: Vec<u8>) -> Result<String, SignError> {
    let signature = Signature { keyid: key.fingerprint(), bytes: bare };
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: statement.to_vec(),
        signatures: vec![signature.clone()],
    };
    let written = envelope.to_json();
    let verified = Envelope::parse(written.as_bytes())
        .and_then(|read| key.verify_bare(&read.signed_bytes(), &signature.bytes).map(|()| read));
    match verified {
        Ok(read) if read == envelope => Ok(written),
        Ok(_) => Err(SignError::new("The envelope that was made does not say what was signed and was thrown away.")),
        Err(fault) => {
            Err(SignError::new(format!("The signature that was made does not hold and was thrown away. {fault}")))
        }
    }
}

#[cfg(test)]
mod tests;
