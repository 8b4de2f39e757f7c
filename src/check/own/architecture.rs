//! IMG-03: 64-bit x86 or 64-bit Arm.

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    Ok(judge(image.arch()))
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

    #[test]
    fn two_architectures_pass() {
        assert_eq!(judge(Some("x86_64")).status, Status::Pass);
        assert_eq!(judge(Some("aarch64")).status, Status::Pass);
        assert_eq!(judge(Some("i386")).status, Status::Fail);
        assert_eq!(judge(None).status, Status::Unknown);
    }
}
