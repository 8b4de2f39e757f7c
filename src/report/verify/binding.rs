//! Checks of the binding of reports to an AMI: who vouches for it, and that it names this report.

use jiff::SignedDuration;

use super::output::Judgement::{self, Failed, Holds, NotChecked, Warning};
use super::{Signed, VerifyInput};
use crate::image::text::visible;
use crate::report::bind::{self, Binding};
use crate::report::identity;
use crate::report::sshsig::{BINDING_NAMESPACE, SshSig};
use crate::report::{Kind, Report};

/// By how much two honest clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The binding, or what is said where there is none.
fn given<'a>(input: &VerifyInput<'a>) -> Result<Signed<'a>, Judgement> {
    input.expect.binding.ok_or_else(|| NotChecked("No binding to an AMI was given.".to_owned()))
}

/// The signature fits the binding's bytes.
pub(super) fn signature(input: &VerifyInput<'_>) -> Judgement {
    let signed = match given(input) {
        Ok(signed) => signed,
        Err(judgement) => return judgement,
    };
    match SshSig::parse(signed.signature).and_then(|made| made.verify(BINDING_NAMESPACE, signed.bytes).map(|_| made)) {
        Ok(made) => Holds(format!("The binding's signature fits; made with {}.", made.key.fingerprint())),
        Err(fault) if fault.is_mismatch() => Failed(
            "The binding's signature does not match the binding: one of the two is another's, or was changed."
                .to_owned(),
        ),
        Err(fault) => Failed(format!("The binding's signature: {fault}")),
    }
}

/// Whoever signed it may speak for the publisher.
pub(super) fn signer(input: &VerifyInput<'_>) -> Judgement {
    let signed = match given(input) {
        Ok(signed) => signed,
        Err(judgement) => return judgement,
    };
    let verified = SshSig::parse(signed.signature)
        .and_then(|made| made.verify(BINDING_NAMESPACE, signed.bytes).map(|presence| (made, presence)));
    let (made, presence) = match verified {
        Ok(verified) => verified,
        Err(fault) => return Failed(fault.to_string()),
    };
    if presence.is_some_and(|presence| !presence.touched) {
        return Failed(
            "The security key signed the binding without being touched. Sign again with a touch.".to_owned(),
        );
    }
    match input.signers.vouch(made.key.blob(), input.signer, BINDING_NAMESPACE, input.now) {
        Ok(listed) => Holds(format!("{} vouches for the binding.", visible(input.signer.unwrap_or(listed)))),
        Err(sentence) => Failed(format!("The binding: {sentence}")),
    }
}

/// It names this very report, no other AMI and Region than the report's document does, and was made after the report.
pub(super) fn binding(report: &Report, sha256: &str, input: &VerifyInput<'_>) -> Judgement {
    let signed = match given(input) {
        Ok(signed) => signed,
        Err(judgement) => return judgement,
    };
    let binding = match bind::parse(signed.bytes) {
        Ok(binding) => binding,
        Err(sentence) => return Failed(sentence),
    };
    let named = match report.kind {
        Kind::ImageAudit => binding.audit_sha256.as_deref(),
        Kind::Build | Kind::Practice => Some(binding.build_sha256.as_str()),
    };
    if named != Some(sha256) {
        return Failed("The binding does not name this report: it is of other evidence.".to_owned());
    }
    if let Some(sentence) = times(&binding, report, input) {
        return Failed(sentence);
    }
    // A build began with another image than the one that was made of it.
    if report.kind != Kind::ImageAudit {
        return Holds(says(&binding));
    }
    let document = match identity::instance(report, input.expect.identity_file) {
        Ok(Some(document)) => document,
        Ok(None) => return Holds(says(&binding)),
        Err(sentence) => return Failed(sentence),
    };
    if let Some(why) = bind::another(&document, &binding.ami, binding.region.as_deref()) {
        return Failed(format!("The binding is of another image: the audit {why}."));
    }
    match (&binding.account, &document.account_id) {
        // An AMI may be shared with the account that audits it.
        (Some(owner), Some(account)) if owner != account => Warning(format!(
            "{} The instance that was audited is of account {}, so nothing but the binding says who owns the AMI.",
            says(&binding),
            visible(account)
        )),
        _ => Holds(says(&binding)),
    }
}

/// What is wrong with the time of the binding: it was made after the reports that it names, and before now.
fn times(binding: &Binding, report: &Report, input: &VerifyInput<'_>) -> Option<String> {
    let (bound, made) = (binding.bound_at, report.generated_at);
    if bound.duration_since(input.now) > SKEW {
        return Some(format!("The binding says it was made at {bound}, which has not come yet."));
    }
    (made.duration_since(bound) > SKEW)
        .then(|| format!("The binding says it was made at {bound}, before the report that it names, at {made}."))
}

fn says(binding: &Binding) -> String {
    let of = |name: &str, value: &Option<String>| {
        value.as_ref().map_or_else(String::new, |value| format!(", {name} {}", visible(value)))
    };
    format!(
        "Whoever signed the binding says that this report belongs to {}{}{}.",
        visible(&binding.ami),
        of("Region", &binding.region),
        of("account", &binding.account)
    )
}
