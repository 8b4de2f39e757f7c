//! Signing `report.json` as bytes (SSHSIG, OpenSSH's PROTOCOL.sshsig), namespace `seaworthy-report`: by an agent, by
//! `ssh-keygen`, or anywhere else by way of the bytes to be signed. No private key is ever read. A binding of reports to
//! an AMI is signed in the same ways under a namespace of its own, so that neither ever passes for the other.
//!
//! Every signature is verified before it is handed out.

use super::bind;
use super::sshsig::{BINDING_NAMESPACE, Hash, NAMESPACE, PublicKey, SshSig};

pub mod agent;
pub mod dsse;
mod keygen;
mod machine;

pub use agent::{Agent, Identity, with_agent, with_agent_telling};
pub use keygen::{Keygen, with_keygen};
pub use machine::{KeyPlace, key_place};

/// Why there is no signature; in sentences, with a way out. `seaworthy report sign` then exits with 8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignError(String);

impl SignError {
    fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// What a signature on `document` is for.
fn namespace(document: &[u8]) -> &'static str {
    if bind::parse(document).is_ok() { BINDING_NAMESPACE } else { NAMESPACE }
}

/// The bytes a key must sign for `report` (the bytes of `report.json`): for a key management service, a smart card or
/// another tool. [`attach`] takes what it gives.
pub fn to_be_signed(report: &[u8]) -> Vec<u8> {
    super::sshsig::to_be_signed(namespace(report), Hash::Sha512, report)
}

/// Makes an armoured signature from one that was made elsewhere over [`to_be_signed`]: `signature` is raw Ed25519, ECDSA
/// (DER or two numbers side by side) or RSA PKCS #1 1.5 with SHA-512 or SHA-256, as bytes or in base64; `public` is the
/// line of the `.pub` file.
///
/// # Errors
/// When the key or signature is malformed, or the signature does not fit the report.
pub fn attach(report: &[u8], signature: &[u8], public: &str) -> Result<String, SignError> {
    let key = PublicKey::parse_line(public).map_err(|fault| SignError::new(format!("The public key: {fault}")))?;
    let mut why = SignError::new("The signature does not fit.");
    for raw in &decoded_also(signature) {
        for rsa_hash in [512, 256] {
            let attempt = key.wrap(raw, rsa_hash).map_err(|fault| SignError::new(fault.to_string()));
            match attempt.and_then(|signature| finished(report, key.clone(), signature)) {
                Ok(armoured) => return Ok(armoured),
                Err(error) => why = error,
            }
        }
    }
    Err(SignError::new(format!(
        "{why} Was it made over exactly the bytes to be signed for this report, with this key?"
    )))
}

/// The bytes of a signature file as they are, and what they are in base64.
fn decoded_also(signature: &[u8]) -> Vec<Vec<u8>> {
    use base64ct::{Base64, Encoding};
    let text: String = String::from_utf8_lossy(signature).split_ascii_whitespace().collect();
    std::iter::once(signature.to_vec()).chain(Base64::decode_vec(&text).ok()).collect()
}

/// Armours a fresh signature once it has been verified.
fn finished(report: &[u8], key: PublicKey, signature: Vec<u8>) -> Result<String, SignError> {
    let made = SshSig { key, namespace: namespace(report).to_owned(), hash: Hash::Sha512, signature };
    checked(report, made.armour().as_bytes())
}

/// `armoured`, if it parses and verifies as anybody else will verify it.
fn checked(report: &[u8], armoured: &[u8]) -> Result<String, SignError> {
    let verified = SshSig::parse(armoured).and_then(|made| made.verify(namespace(report), report));
    match verified {
        Ok(Some(presence)) if !presence.touched => {
            Err(SignError::new("The security key signed without being touched; such a signature is not accepted."))
        }
        Ok(_) => Ok(String::from_utf8_lossy(armoured).into_owned()),
        Err(fault) => {
            Err(SignError::new(format!("The signature that was made does not hold and was thrown away. {fault}")))
        }
    }
}

#[cfg(test)]
mod tests;
