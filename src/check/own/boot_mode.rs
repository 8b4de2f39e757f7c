//! IMG-15: how the AMI boots. AWS Marketplace has no rule; what cannot work is told, and whose Secure Boot keys are on
//! the image a person confirms.

use crate::check::kinds::ami::said;
use crate::check::{Context, Finding, Observation, Status};
use crate::image::ami::Ami;
use crate::image::{Error, Image};

/// Where keys for Secure Boot are made and kept (Ubuntu's update-secureboot-policy, dkms(8), `sbctl(8)`).
const KEYS: [&str; 4] = [
    "/var/lib/shim-signed/mok/*",
    "/var/lib/dkms/mok.*",
    "/{usr/share,etc}/secureboot/keys/*",
    "/var/lib/sbctl/keys/*",
];

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let mut keys = Vec::new();
    for pattern in KEYS {
        keys.extend(image.glob(pattern)?.into_iter().map(Observation::at));
    }
    Ok(judge(context.ami.as_deref(), image.arch(), keys))
}

fn judge(ami: Option<&Ami>, arch: Option<&str>, keys: Vec<Observation>) -> Finding {
    let mode = ami.and_then(|ami| ami.image.boot_mode.as_deref());
    let tpm = ami.and_then(|ami| ami.image.tpm_support.as_deref());
    let seen = ami.into_iter().flat_map(|ami| {
        let mode = mode.unwrap_or("not set: that of the instance type");
        [said(ami, &format!("BootMode {mode}")), said(ami, &format!("TpmSupport {}", tpm.unwrap_or("not set")))]
    });
    let (status, words) = if arch == Some("aarch64") && mode == Some("legacy-bios") {
        (Status::Fail, "Arm instances boot with UEFI; this AMI says legacy-bios.")
    } else if tpm.is_some() && mode == Some("legacy-bios") {
        (Status::Fail, "NitroTPM needs UEFI; this AMI boots with legacy-bios.")
    } else if !keys.is_empty() {
        (Status::Attest, "Keys for Secure Boot may lie on the image; whoever has them can sign what boots.")
    } else if arch == Some("x86_64") && mode == Some("uefi") {
        (
            Status::Attest,
            "The AMI boots with UEFI only and starts on no Xen instance type; uefi-preferred starts on both.",
        )
    } else {
        (Status::Attest, "Only a person can confirm this; the image shows nothing that speaks against it.")
    };
    Finding::new(status, words).seen(seen.chain(keys))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::ami::tests::with;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_cannot_boot_fails() {
        let (legacy, uefi) = (with("uefi-preferred", "legacy-bios"), with("uefi-preferred", "uefi"));
        let tpm = with("\"uefi-preferred\"", "\"legacy-bios\", \"TpmSupport\": \"v2.0\"");
        for (ami, arch, status, words) in [
            (Some(&legacy), "aarch64", Status::Fail, "Arm"),
            (Some(&legacy), "x86_64", Status::Attest, "nothing"),
            (Some(&tpm), "x86_64", Status::Fail, "NitroTPM"),
            (Some(&uefi), "x86_64", Status::Attest, "uefi-preferred"),
            (Some(&uefi), "aarch64", Status::Attest, "nothing"),
            (None, "x86_64", Status::Attest, "nothing"),
        ] {
            let finding = judge(ami, Some(arch), Vec::new());
            assert_eq!(finding.status, status, "{arch} {finding:?}");
            assert!(finding.summary.contains(words), "{finding:?}");
        }
    }

    #[test]
    fn keys_are_named() {
        let fixture = Fixture::debian();
        fixture.file("/var/lib/shim-signed/mok/MOK.priv", "x");
        let finding = judged(&fixture.image(), "IMG-15");
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 1));
    }
}
