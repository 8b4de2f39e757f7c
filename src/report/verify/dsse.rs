//! Checks of a DSSE envelope: who vouches for its statement, and that it says of this report what the report says.

use super::output::Judgement::{self, Failed, Holds, NotChecked};
use super::{Signers, VerifyInput};
use crate::image::text::visible;
use crate::report::Report;
use crate::report::dsse::{Envelope, PAYLOAD_TYPE, Signature};
use crate::report::sshsig::{Fault, NAMESPACE, PublicKey};
use crate::report::view::intoto::{self, Statement};

/// The listed key that a signature fits. The `keyid` is a hint that anybody can write, so every listed key is tried.
fn made_with(envelope: &Envelope, signature: &Signature, signers: &Signers) -> Option<PublicKey> {
    let message = envelope.signed_bytes();
    let keys = signers.keys().filter_map(|blob| PublicKey::parse(blob).ok());
    keys.into_iter().find(|key| key.verify_bare(&message, &signature.bytes).is_ok())
}

fn envelope(bytes: &[u8]) -> Result<Envelope, Fault> {
    let envelope = Envelope::parse(bytes)?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Fault::new(format!(
            "The envelope says that it holds {}, not an in-toto statement ({PAYLOAD_TYPE}).",
            visible(&envelope.payload_type)
        )));
    }
    Ok(envelope)
}

/// The envelope is well formed, and no signature is broken that claims to be by a listed key.
pub(super) fn signature(input: &VerifyInput<'_>) -> Judgement {
    let Some(bytes) = input.expect.dsse else {
        return NotChecked("No DSSE envelope was given.".to_owned());
    };
    let envelope = match envelope(bytes) {
        Ok(envelope) => envelope,
        Err(fault) => return Failed(fault.to_string()),
    };
    for signature in &envelope.signatures {
        let claimed = input
            .signers
            .keys()
            .filter_map(|blob| PublicKey::parse(blob).ok())
            .find(|key| key.fingerprint() == signature.keyid);
        if let Some(claimed) = claimed
            && made_with(&envelope, signature, input.signers).is_none()
        {
            return Failed(format!(
                "The envelope's signature does not match with the key that it names, {}: its payload or type was changed after signing, or somebody else signed it under that name.",
                claimed.fingerprint()
            ));
        }
    }
    Holds(format!("It is an in-toto statement with {} bytes.", envelope.payload.len()))
}

/// Every signature is by somebody on the list, one of them by who is wanted.
pub(super) fn signer(input: &VerifyInput<'_>) -> Judgement {
    let envelope = match input.expect.dsse.map(envelope) {
        None => return NotChecked("No DSSE envelope was given.".to_owned()),
        Some(Err(fault)) => return Failed(fault.to_string()),
        Some(Ok(envelope)) => envelope,
    };
    let mut wanted = Err("The envelope bears no signature.".to_owned());
    for signature in &envelope.signatures {
        let Some(key) = made_with(&envelope, signature, input.signers) else {
            return Failed(format!(
                "A signature of the envelope, with the key id \"{}\", is by nobody you listed.",
                visible(&signature.keyid)
            ));
        };
        // Anybody on the list may have signed besides.
        if let Err(sentence) = input.signers.vouch(key.blob(), None, NAMESPACE, input.now) {
            return Failed(format!("The envelope: {sentence}"));
        }
        if wanted.is_err() {
            let listed = input.signers.vouch(key.blob(), input.signer, NAMESPACE, input.now);
            wanted = listed.map(|listed| visible(input.signer.unwrap_or(listed)));
        }
    }
    match wanted {
        Ok(name) => Holds(format!("{name} vouches for the statement in the envelope.")),
        Err(sentence) => Failed(format!("The envelope: {sentence}")),
    }
}

/// Its statement is about this very report and follows from it.
pub(super) fn statement(report: &Report, sha256: &str, input: &VerifyInput<'_>) -> Judgement {
    let envelope = match input.expect.dsse.map(envelope) {
        None => return NotChecked("No DSSE envelope was given.".to_owned()),
        Some(Err(fault)) => return Failed(fault.to_string()),
        Some(Ok(envelope)) => envelope,
    };
    let found: Statement = match serde_json::from_slice(&envelope.payload) {
        Ok(found) => found,
        Err(error) => {
            return Failed(format!(
                "The statement in the envelope is not well formed: {}.",
                visible(&error.to_string())
            ));
        }
    };
    let wanted = intoto::statement(report, sha256);
    let (of, to) = (&found.predicate, &wanted.predicate);
    let differs = [
        ("its type", found.kind != wanted.kind || found.predicate_type != wanted.predicate_type),
        ("what it is about", found.subject != wanted.subject),
        ("the result", of.result != to.result),
        ("the catalogue", of.configuration != to.configuration),
        ("the list of those that passed", of.passed_tests != to.passed_tests),
        ("the list of those with a warning", of.warned_tests != to.warned_tests),
        ("the list of those that failed", of.failed_tests != to.failed_tests),
    ];
    let named = found.subject.iter().find_map(|artifact| artifact.digest.get("sha256"));
    if named.map(String::as_str) != Some(sha256) {
        return Failed("The statement in the envelope is about another report.".to_owned());
    }
    match differs.iter().find(|(_, differs)| *differs) {
        Some((what, _)) => Failed(format!(
            "The statement in the envelope does not follow from the report: {what} differs. Do not rely on it."
        )),
        None => Holds("The statement in the envelope says what the report says.".to_owned()),
    }
}
