//! An attribute of the AMI has one of the wanted values. Also what every check of an AMI's attributes says when none was
//! handed in, or when what was handed in has gaps.

use crate::catalogue::AmiAttribute;
use crate::check::{Context, Finding, Observation, Status};
use crate::image::Image;
use crate::image::ami::{Ami, Attributes};
use crate::image::live::metadata::Answer;

pub(in crate::check) fn check(image: &Image, context: &Context, attribute: AmiAttribute, pass: &[String]) -> Finding {
    match &context.ami {
        Some(ami) => judge(ami, attribute, pass),
        None => not_described(&format!("The image does not tell its AMI's {attribute:?}")).seen(hint(image, attribute)),
    }
}

/// Judges by the AMI alone.
pub(in crate::check) fn judge(ami: &Ami, attribute: AmiAttribute, pass: &[String]) -> Finding {
    let wanted = pass.join(" or ");
    let Some(value) = value(&ami.image, attribute) else {
        let words = format!("{attribute:?} is not set on the AMI; it must be {wanted}.");
        if !ami.image.is_whole() {
            return not_whole(&format!("{attribute:?}"));
        }
        return Finding::new(Status::Fail, words).seen([said(ami, &format!("no {attribute:?}"))]);
    };
    let seen = [said(ami, &format!("{attribute:?} {value}"))];
    if pass.contains(&value) {
        Finding::new(Status::Pass, format!("The AMI's {attribute:?} is {value}.")).seen(seen)
    } else {
        Finding::new(Status::Fail, format!("The AMI's {attribute:?} is {value}; it must be {wanted}.")).seen(seen)
    }
}

fn value(image: &Attributes, attribute: AmiAttribute) -> Option<String> {
    let text = match attribute {
        AmiAttribute::VirtualizationType => &image.virtualization_type,
        AmiAttribute::RootDeviceType => &image.root_device_type,
        AmiAttribute::ImdsSupport => &image.imds_support,
        AmiAttribute::EnaSupport => &image.ena_support.map(|on| on.to_string()),
        AmiAttribute::SriovNetSupport => &image.sriov_net_support,
        AmiAttribute::BootMode => &image.boot_mode,
        AmiAttribute::TpmSupport => &image.tpm_support,
        AmiAttribute::PlatformDetails => &image.platform_details,
    };
    text.clone()
}

/// What the running instance shows of an attribute. It is set when the AMI is made, so this decides nothing.
fn hint(image: &Image, attribute: AmiAttribute) -> Option<Observation> {
    let live = image.live().filter(|_| attribute == AmiAttribute::ImdsSupport)?;
    let Answer::Found { token_required, .. } = live.metadata() else { return None };
    let does = if (*token_required)? { "refuses" } else { "answers" };
    Some(Observation::fact(format!("this instance {does} metadata requests without a token")))
}

/// Unknown, because no AMI was handed in; `why` is the beginning of a sentence.
pub(in crate::check) fn not_described(why: &str) -> Finding {
    let how = "pass the output of `aws ec2 describe-images --image-ids ami-ID` with --ami";
    Finding::new(Status::Unknown, format!("{why}: {how}."))
}

/// Unknown, because what was handed in lacks `what`.
pub(in crate::check) fn not_whole(what: &str) -> Finding {
    let how = "pass the whole output of `aws ec2 describe-images`, without --query";
    Finding::new(Status::Unknown, format!("The description of the AMI that was passed lacks {what}: {how}."))
}

/// What the description of the AMI says, as an observation.
pub(in crate::check) fn said(ami: &Ami, words: &str) -> Observation {
    Observation::fact(format!("{}: {words}", ami.image.id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::{judged, judged_ami};
    use crate::image::ami::tests::{GOOD, ami, with};
    use crate::image::fixture::Fixture;

    #[test]
    fn the_attribute_decides() {
        for (id, what, by, status) in [
            ("IMG-07", "v2.0", "v2.0", Status::Pass),
            ("IMG-07", "\"ImdsSupport\": \"v2.0\",", "", Status::Fail),
            ("IMG-08", "\"EnaSupport\": true", "\"EnaSupport\": false", Status::Fail),
            ("IMG-08", "\"EnaSupport\": true,", "", Status::Fail),
            ("IMG-08", "Acme Corp", "Acme", Status::Pass),
        ] {
            let finding = judged_ami(with(what, by), id);
            assert_eq!(finding.status, status, "{id} {by}: {finding:?}");
            assert!(finding.observations[0].text.as_ref().unwrap().starts_with("ami-0123456789abcdef0: "));
        }
    }

    #[test]
    fn what_is_not_told_is_unknown_and_says_how_to_tell() {
        for id in ["IMG-07", "IMG-08"] {
            let finding = judged(&Fixture::debian().image(), id);
            assert_eq!(finding.status, Status::Unknown);
            assert!(finding.summary.contains("--ami"), "{finding:?}");
            let finding = judged_ami(ami(&[r#"{"ImageId": "ami-1"}"#]).unwrap(), id);
            assert_eq!(finding.status, Status::Unknown);
            assert!(finding.summary.contains("--query"), "{finding:?}");
        }
        assert_eq!(judged_ami(ami(&[GOOD]).unwrap(), "IMG-07").status, Status::Pass);
    }
}
