//! The first two steps: whether the signature fits the bytes, and whether whoever made it is trusted.

use super::VerifyInput;
use super::output::Judgement::{self, Failed, Holds};
use super::output::{SignerSeen, Verification};
use crate::image::text::visible;
use crate::report::sshsig::{NAMESPACE, SshSig};

/// The signature fits the bytes. Where it does not, damage on the way is told from a change.
pub(super) fn signature(input: &VerifyInput<'_>) -> Judgement {
    let made = match SshSig::parse(input.signature) {
        Ok(made) => made,
        Err(fault) => return Failed(fault.to_string()),
    };
    let Err(fault) = made.verify(NAMESPACE, input.report) else {
        return Holds(format!(
            "It fits these bytes; made with the {} key {}.",
            made.key.kind(),
            made.key.fingerprint()
        ));
    };
    let fits = |bytes: &[u8]| fault.is_mismatch() && made.verify(NAMESPACE, bytes).is_ok();
    if input.report.contains(&b'\r') && fits(&without_carriage_returns(input.report)) {
        return Failed(
            "The signature does not match this file. With LF line ends it does: the file was converted to Windows line ends on the way. Get it again in binary mode."
                .to_owned(),
        );
    }
    if let Some(shorter) = input.report.strip_suffix(b"\n")
        && fits(shorter)
    {
        return Failed("The signature does not match this file. Without the empty line at its end it does: an editor added it. Get the file again.".to_owned());
    }
    if fits(&[input.report, b"\n"].concat()) {
        return Failed("The signature does not match this file. With a newline at its end it does: an editor removed it. Get the file again.".to_owned());
    }
    if let Some(rest) = input.report.strip_prefix(b"\xef\xbb\xbf")
        && fits(rest)
    {
        return Failed("The signature does not match this file. Without the byte order mark at its start it does: an editor added it. Get the file again.".to_owned());
    }
    if fault.is_mismatch() {
        Failed("The signature does not match this file. The file was changed after signing, or the signature belongs to another report.".to_owned())
    } else {
        Failed(fault.to_string())
    }
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (place, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(place + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// Whoever signed is on the list, may sign reports, and touched their token.
pub(super) fn signer(input: &VerifyInput<'_>, result: &mut Verification) -> Judgement {
    let verified = SshSig::parse(input.signature).and_then(|made| {
        let presence = made.verify(NAMESPACE, input.report)?;
        Ok((made, presence))
    });
    let (made, presence) = match verified {
        Ok(verified) => verified,
        Err(fault) => return Failed(fault.to_string()),
    };
    if presence.is_some_and(|presence| !presence.touched) {
        return Failed("The security key signed without being touched, so a program alone may have done it. Sign again with a touch.".to_owned());
    }
    let token = match presence {
        Some(presence) if presence.verified => " A security key was touched and its PIN or fingerprint given.",
        Some(_) => " A security key was touched.",
        None => "",
    };
    match input.signers.vouch(made.key.blob(), input.signer, NAMESPACE, input.now) {
        Err(sentence) => Failed(sentence),
        Ok(listed) => {
            let name = visible(input.signer.unwrap_or(listed));
            result.signer = Some(SignerSeen {
                name: name.clone(),
                fingerprint: made.key.fingerprint(),
                key_type: made.key.kind().to_owned(),
            });
            let anybody = " Anybody on your list would have been accepted; give a name to accept one signer only.";
            Holds(format!("{name} vouches for it.{token}{}", if input.signer.is_none() { anybody } else { "" }))
        }
    }
}
