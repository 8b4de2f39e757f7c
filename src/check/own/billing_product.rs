//! IMG-13: RHEL and SLES keep the billing product that gives the buyer updates.
//!
//! It is shown as the `UsageOperation` of the AMI (EC2 user guide, "AMI billing information fields") and as
//! `billingProducts` of the instance identity document. Registering an AMI from a snapshot loses it.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Observation, Status};
use crate::image::ami::Ami;
use crate::image::live::Live;
use crate::image::live::metadata::Answer;
use crate::image::{Error, Image, text};

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let id = image.os()?.id.as_str();
    let Some(name) = billed(id) else {
        let words = format!("{} has no billing product on EC2.", if id.is_empty() { "This system" } else { id });
        return Ok(Finding::new(Status::NotApplicable, text::visible(&words)));
    };
    Ok(judge(name, context.ami.as_deref(), image.live().map(Live::metadata)))
}

/// Systems whose updates come with what EC2 charges for them.
fn billed(id: &str) -> Option<&'static str> {
    match id {
        "rhel" => Some("Red Hat Enterprise Linux"),
        "sles" | "sles_sap" => Some("SUSE Linux Enterprise Server"),
        _ => None,
    }
}

fn judge(name: &str, ami: Option<&Ami>, answer: Option<&Answer>) -> Finding {
    let lost = || {
        let words = format!("The AMI has lost the billing product of {name}: instances of it get no updates.");
        Finding::new(Status::Fail, words)
    };
    if let Some(ami) = ami {
        let Some(operation) = ami.image.usage_operation.as_deref() else { return not_whole("UsageOperation") };
        let platform = ami.image.platform_details.as_deref().unwrap_or_default();
        let seen = [said(ami, &format!("UsageOperation {operation}, PlatformDetails {platform}"))];
        return match operation {
            "RunInstances" => lost(),
            _ => Finding::new(Status::Pass, format!("The AMI carries a billing product: {operation} ({platform}).")),
        }
        .seen(seen);
    }
    let Some(Answer::Found { document, .. }) = answer else {
        return not_described(&format!(
            "A mounted image does not tell whether its AMI has the billing product of {name}"
        ));
    };
    match document.get("billingProducts").filter(|products| !products.is_empty()) {
        Some(products) => {
            let words = "This instance carries a billing product; its AMI keeps it when made with create-image.";
            Finding::new(Status::Pass, words).seen([Observation::fact(format!("billingProducts {products}"))])
        }
        None => lost().seen([Observation::fact("the instance identity document has no billingProducts")]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::ami::tests::{GOOD, ami, with};
    use crate::image::fixture::Fixture;

    #[test]
    fn the_operation_or_the_document_decides() {
        let lost = ami(&[GOOD]).unwrap();
        let kept = with("\"RunInstances\"", "\"RunInstances:0010\"");
        let cut = with("UsageOperation", "Other");
        let answer = |products: &[(&str, &str)]| Answer::Found {
            document: products.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            identity: Box::new(crate::image::live::metadata::Identity::empty()),
            product_codes: None,
            token_required: None,
        };
        let (with_it, without) = (answer(&[("billingProducts", "bp-6fa54006")]), answer(&[]));
        for (ami, answer, status) in [
            (Some(&kept), None, Status::Pass),
            (Some(&lost), None, Status::Fail),
            (Some(&cut), None, Status::Unknown),
            (None, Some(&with_it), Status::Pass),
            (None, Some(&without), Status::Fail),
            (None, Some(&Answer::Forbidden), Status::Unknown),
            (None, None, Status::Unknown),
        ] {
            let finding = judge("RHEL", ami, answer);
            assert_eq!(finding.status, status, "{finding:?}");
        }
    }

    #[test]
    fn it_is_about_two_systems() {
        assert_eq!(judged(&Fixture::debian().image(), "IMG-13").status, Status::NotApplicable);
        let fixture = Fixture::bare();
        assert_eq!(judged(&fixture.image(), "IMG-13").status, Status::Unknown);
        fixture.file("/etc/os-release", "ID=\"rhel\"\nVERSION_ID=\"9.4\"\n");
        let finding = judged(&fixture.image(), "IMG-13");
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.summary.contains("--ami"), "{finding:?}");
    }
}
