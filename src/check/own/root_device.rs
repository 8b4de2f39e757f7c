//! IMG-04: the root device is an EBS volume.
//!
//! On Nitro instances a volume tells its sort in the model of its `NVMe` controller (EC2 user guide, "Identify an EBS
//! volume"). What an AMI is registered with, only the AWS interface tells.

use std::path::Path;

use crate::catalogue::AmiAttribute;
use crate::check::kinds::ami;
use crate::check::{Context, Finding, Observation, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    if let Some(described) = context.ami.as_deref() {
        return Ok(ami::judge(described, AmiAttribute::RootDeviceType, &["ebs".to_owned()]));
    }
    if image.live().is_none() {
        return Ok(ami::not_described("A mounted image does not tell what its AMI starts from"));
    }
    let mounts = image.read_text(Path::new("/proc/self/mounts"))?.unwrap_or_default();
    let Some(controller) = root_controller(&mounts) else {
        return Ok(unknown());
    };
    let model = image.read_text(Path::new(&format!("/sys/class/nvme/{controller}/model")))?.unwrap_or_default();
    Ok(judge(model.trim()))
}

fn judge(model: &str) -> Finding {
    let seen = [Observation::fact(format!("the root device is: {}", crate::image::text::visible(model)))];
    match model {
        "Amazon Elastic Block Store" => Finding::new(Status::Pass, "This instance runs from an EBS volume."),
        "Amazon EC2 NVMe Instance Storage" => {
            Finding::new(Status::Fail, "This instance runs from instance store; build on an EBS-backed base.")
        }
        _ => unknown(),
    }
    .seen(seen)
}

fn unknown() -> Finding {
    ami::not_described("The root device does not tell whether it is an EBS volume")
}

/// `nvme0` for a root on `/dev/nvme0n1p1`.
fn root_controller(mounts: &str) -> Option<&str> {
    let mut fields = mounts.lines().map(|line| line.split(' '));
    let device = fields.find_map(|mut fields| {
        let device = fields.next()?;
        (fields.next()? == "/" && device.starts_with("/dev/")).then_some(device)
    })?;
    let name = device.strip_prefix("/dev/")?;
    let digits = name.strip_prefix("nvme")?.find('n')?;
    name.get(.."nvme".len() + digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::{context, judged_ami};
    use crate::image::ami::tests::with;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_ami_decides_where_it_is_described() {
        assert_eq!(judged_ami(with("acme", "acme"), "IMG-04").status, Status::Pass);
        assert_eq!(judged_ami(with("\"ebs\"", "\"instance-store\""), "IMG-04").status, Status::Fail);
    }

    #[test]
    fn the_model_decides() {
        assert_eq!(judge("Amazon Elastic Block Store").status, Status::Pass);
        assert_eq!(judge("Amazon EC2 NVMe Instance Storage").status, Status::Fail);
        assert_eq!(judge("QEMU NVMe Ctrl").status, Status::Unknown);
    }

    #[test]
    fn the_controller_is_found_in_the_mounts() {
        assert_eq!(root_controller("proc /proc proc rw 0 0\n/dev/nvme1n1p1 / ext4 rw 0 0\n"), Some("nvme1"));
        assert_eq!(root_controller("/dev/xvda1 / ext4 rw 0 0\n"), None);
        assert_eq!(root_controller("overlay / overlay rw 0 0\n"), None);
    }

    #[test]
    fn a_mounted_image_does_not_tell() {
        assert_eq!(check(&Fixture::debian().image(), &context()).unwrap().status, Status::Unknown);
    }
}
