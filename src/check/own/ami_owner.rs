//! IMG-01: the AMI lies in us-east-1 and belongs to the seller.
//!
//! `describe-images` tells the owner but not the Region it was asked in; the instance identity document tells both of the
//! instance, from which an AMI is made in the same Region and account.

use std::collections::BTreeMap;

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Observation, Status};
use crate::image::ami::Ami;
use crate::image::live::metadata::Answer;
use crate::image::{Error, Image};

const REGION: &str = "us-east-1";

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let document = image.live().and_then(|live| match live.metadata() {
        Answer::Found { document, .. } => Some(document),
        Answer::Forbidden | Answer::None(_) => None,
    });
    let field = |name: &str| document.and_then(|document: &BTreeMap<_, _>| document.get(name)).map(String::as_str);
    Ok(judge(context.ami.as_deref(), field("region"), field("accountId")))
}

fn judge(ami: Option<&Ami>, region: Option<&str>, account: Option<&str>) -> Finding {
    let mut seen: Vec<_> =
        region.map(|region| Observation::fact(format!("this instance runs in {region}"))).into_iter().collect();
    if let Some(region) = region.filter(|&region| region != REGION) {
        let words =
            format!("This instance runs in {region}, and so would its AMI: build in {REGION}, or copy the AMI there.");
        return Finding::new(Status::Fail, words).seen(seen);
    }
    let Some(ami) = ami else {
        return match region {
            Some(_) => {
                Finding::new(Status::Pass, format!("This instance, from which the AMI is made, runs in {REGION}."))
            }
            None => not_described("A mounted image does not tell where its AMI lies and whose it is"),
        }
        .seen(seen);
    };
    let digests = ami.files.iter().map(|file| Observation::fact(format!("{}: SHA-256 {}", file.name, file.sha256)));
    let Some(owner) = ami.image.owner_id.as_deref() else { return not_whole("OwnerId").seen(digests) };
    seen.push(said(ami, &format!("OwnerId {owner}")));
    if let Some(state) = &ami.image.state {
        seen.push(said(ami, &format!("State {state}")));
    }
    seen.extend(digests);
    let state = ami.image.state.as_deref().unwrap_or("available");
    if let Some(alias) = ami.image.image_owner_alias.as_deref().filter(|&alias| alias != "self") {
        return Finding::new(Status::Fail, format!("This AMI belongs to {alias}; publish one of your own.")).seen(seen);
    }
    match (state, region, account) {
        ("available", Some(_), Some(account)) if account == owner => {
            let words = format!("The AMI belongs to the account of this instance, which runs in {REGION}.");
            Finding::new(Status::Pass, words)
        }
        ("available", ..) => Finding::new(
            Status::Attest,
            format!(
                "The AMI belongs to account {owner}; confirm that this is the seller's, and that you asked in {REGION}."
            ),
        ),
        ("pending", ..) => {
            Finding::new(Status::Unknown, "The AMI is still being made; describe it again when it is available.")
        }
        (state, ..) => Finding::new(Status::Fail, format!("The AMI cannot be published: its state is {state}.")),
    }
    .seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::{GOOD, ami, with};

    #[test]
    fn owner_and_region_decide() {
        let good = ami(&[GOOD]).unwrap();
        let (here, there) = (Some("us-east-1"), Some("eu-west-1"));
        for (ami, region, account, status) in [
            (Some(&good), None, None, Status::Attest),
            (Some(&good), here, Some("111122223333"), Status::Pass),
            (Some(&good), here, Some("999988887777"), Status::Attest),
            (Some(&good), there, Some("111122223333"), Status::Fail),
            (None, here, Some("111122223333"), Status::Pass),
            (None, there, None, Status::Fail),
            (None, None, None, Status::Unknown),
            (Some(&with("\"Public\"", "\"ImageOwnerAlias\": \"amazon\", \"Public\"")), None, None, Status::Fail),
            (Some(&with("available", "failed")), None, None, Status::Fail),
            (Some(&with("available", "pending")), None, None, Status::Unknown),
            (Some(&with("OwnerId", "Other")), None, None, Status::Unknown),
        ] {
            let finding = judge(ami, region, account);
            assert_eq!(finding.status, status, "{finding:?}");
        }
        let seen = judge(Some(&good), None, None).observations;
        assert!(seen.iter().any(|seen| seen.text.as_ref().is_some_and(|text| text.starts_with("0.json: SHA-256 "))));
    }
}
