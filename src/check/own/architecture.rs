//! IMG-03: 64-bit x86 or 64-bit Arm, and the AMI is registered as what its programs are.

use crate::check::kinds::ami::{not_whole, said};
use crate::check::{Context, Finding, Observation, Status};
use crate::image::ami::Ami;
use crate::image::{Error, Image};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let finding = judge(image.arch());
    Ok(match context.ami.as_deref() {
        Some(ami) if finding.status == Status::Pass => registered(ami, image.arch().unwrap_or_default(), finding),
        _ => finding,
    })
}

/// Compares with what the AMI is registered as; `finding` is what is said when they are the same.
fn registered(ami: &Ami, arch: &str, finding: Finding) -> Finding {
    let Some(registered) = ami.image.architecture.as_deref() else { return not_whole("Architecture") };
    let seen = [said(ami, &format!("Architecture {registered}"))];
    // The EC2 API says arm64 where Linux says aarch64.
    if registered == arch || (registered, arch) == ("arm64", "aarch64") {
        return finding.seen(seen);
    }
    let words = format!("The image is for {arch}, but its AMI is registered as {registered}: it will not boot.");
    Finding::new(Status::Fail, words).seen(finding.observations).seen(seen)
}

fn judge(arch: Option<&str>) -> Finding {
    let Some(arch) = arch else {
        return Finding::new(Status::Unknown, "No program on the image tells what processor it is for.");
    };
    let seen = [Observation::fact(format!("the image's programs are for {arch}"))];
    match arch {
        "x86_64" | "aarch64" => Finding::new(Status::Pass, format!("The image is for {arch}.")),
        _ => {
            Finding::new(Status::Fail, format!("The image is for {arch}; AWS Marketplace takes x86_64 and arm64 only."))
        }
    }
    .seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::with;

    #[test]
    fn the_ami_is_registered_as_what_it_is() {
        for (registered_as, arch, status) in [
            ("x86_64", "x86_64", Status::Pass),
            ("arm64", "aarch64", Status::Pass),
            ("arm64", "x86_64", Status::Fail),
            ("i386", "x86_64", Status::Fail),
        ] {
            let ami = with("x86_64", registered_as);
            assert_eq!(registered(&ami, arch, judge(Some(arch))).status, status, "{registered_as} {arch}");
        }
        let cut = with("\"Architecture\"", "\"Other\"");
        assert_eq!(registered(&cut, "x86_64", judge(Some("x86_64"))).status, Status::Unknown);
    }

    #[test]
    fn two_architectures_pass() {
        assert_eq!(judge(Some("x86_64")).status, Status::Pass);
        assert_eq!(judge(Some("aarch64")).status, Status::Pass);
        assert_eq!(judge(Some("i386")).status, Status::Fail);
        assert_eq!(judge(None).status, Status::Unknown);
    }
}
