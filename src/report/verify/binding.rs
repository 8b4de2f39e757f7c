//! Checks of the binding of reports to an AMI: who vouches for it, and that it names this report.

use super::output::Judgement::{self, Failed, Holds, NotChecked};
use super::{Signed, VerifyInput};
use crate::image::text::visible;
use crate::report::bind::{self, Binding};
use crate::report::sshsig::{BINDING_NAMESPACE, SshSig};
use crate::report::{Kind, Report};

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

/// It names this very report, and no other AMI than the report does.
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
    if let Some(image) = (report.kind == Kind::ImageAudit).then(|| bind::image_of(report)).flatten()
        && image != binding.ami
    {
        return Failed(format!(
            "The binding names {}, but the image audit ran on an instance of {}.",
            visible(&binding.ami),
            visible(image)
        ));
    }
    Holds(says(&binding))
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
