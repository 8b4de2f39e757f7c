//! IMG-16: nothing keeps the AMI from being shared with everybody (EC2 user guide, "Make your AMI publicly available").

use super::{product_codes, snapshot_encryption};
use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::Ami;

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami),
        None => not_described("The image does not tell whether its AMI can be shared with everybody"),
    })
}

fn judge(ami: &Ami) -> Finding {
    let volumes = ami.image.volumes().filter(|(_, ebs)| snapshot_encryption::encrypted(ami, ebs) == Some(true));
    let mut blockers: Vec<_> =
        volumes.map(|(mapping, _)| said(ami, &format!("{} encrypted", mapping.name()))).collect();
    blockers.extend(product_codes::of_ami(ami));
    if !blockers.is_empty() {
        let words = "An AMI with encrypted volumes or product codes cannot be shared with everybody.";
        return Finding::new(Status::Fail, words).seen(blockers);
    }
    if !ami.image.is_whole() {
        return not_whole("what tells whether it can be shared");
    }
    if ami.image.public == Some(true) {
        return Finding::new(Status::Pass, "The AMI is public.").seen([said(ami, "Public true")]);
    }
    let words = "Nothing in the AMI keeps it from being shared; confirm that the account does not either.";
    Finding::new(Status::Attest, words).seen([said(ami, "Public false")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::{ami, with};

    #[test]
    fn blockers_fail_and_the_account_is_for_a_person() {
        for (what, by, status) in [
            ("acme", "acme", Status::Attest),
            ("\"Public\": false", "\"Public\": true", Status::Pass),
            ("\"Encrypted\": false", "\"Encrypted\": true", Status::Fail),
            ("\"Public\"", "\"ProductCodes\": [{}], \"Public\"", Status::Fail),
        ] {
            assert_eq!(judge(&with(what, by)).status, status, "{by}");
        }
        assert_eq!(judge(&ami(&[r#"{"ImageId": "ami-1"}"#]).unwrap()).status, Status::Unknown);
    }
}
