//! IMG-02: hardware virtualization.
//!
//! A paravirtual Xen guest tells so itself. What an AMI is registered as, only the AWS interface tells.

use std::path::Path;

use crate::catalogue::AmiAttribute;
use crate::check::kinds::ami;
use crate::check::{Context, Finding, Observation, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    if let Some(described) = context.ami.as_deref() {
        return Ok(ami::judge(described, AmiAttribute::VirtualizationType, &["hvm".to_owned()]));
    }
    let Some(live) = image.live() else {
        return Ok(ami::not_described("A mounted image does not tell how its AMI is virtualized"));
    };
    // Xen's own description of a guest: `xen-3.0-x86_64` is paravirtual, `hvm-3.0-x86_64` is not. On the kernel's side:
    // /sys/hypervisor/guest_type is PV, PVH or HVM (Documentation/ABI/stable/sysfs-hypervisor-xen).
    let guest = image.read_text(Path::new("/sys/hypervisor/guest_type")).unwrap_or_default().unwrap_or_default();
    let vendor = image.read_text(Path::new("/sys/class/dmi/id/sys_vendor"))?.unwrap_or_default();
    let on_ec2 = matches!(live.metadata(), crate::image::live::metadata::Answer::Found { .. });
    Ok(judge(guest.trim(), vendor.trim(), on_ec2))
}

fn judge(guest: &str, vendor: &str, on_ec2: bool) -> Finding {
    let seen =
        [Observation::fact(format!("hypervisor guest type: {}", if guest.is_empty() { "not Xen" } else { guest }))];
    match guest {
        "PV" => Finding::new(Status::Fail, "This instance is paravirtual; build on an HVM base."),
        "HVM" | "PVH" => Finding::new(Status::Pass, "This instance runs with hardware virtualization."),
        _ if on_ec2 && vendor.starts_with("Amazon EC2") => {
            Finding::new(Status::Pass, "This is a Nitro instance; those run HVM images only.")
        }
        _ => ami::not_described("This machine is no EC2 instance"),
    }
    .seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::{context, judged_ami};
    use crate::image::ami::tests::with;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_ami_decides_where_it_is_described() {
        assert_eq!(judged_ami(with("acme", "acme"), "IMG-02").status, Status::Pass);
        assert_eq!(judged_ami(with("\"hvm\"", "\"paravirtual\""), "IMG-02").status, Status::Fail);
    }

    #[test]
    fn the_guest_type_decides() {
        assert_eq!(judge("PV", "", true).status, Status::Fail);
        assert_eq!(judge("HVM", "Xen", true).status, Status::Pass);
        assert_eq!(judge("", "Amazon EC2", true).status, Status::Pass);
        assert_eq!(judge("", "QEMU", false).status, Status::Unknown);
    }

    #[test]
    fn a_mounted_image_does_not_tell() {
        assert_eq!(check(&Fixture::debian().image(), &context()).unwrap().status, Status::Unknown);
    }
}
