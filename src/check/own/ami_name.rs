//! IMG-11: name and description of the AMI can be published. Whether they fit the product, a person judges.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::Ami;

/// Names that stand for somebody else: Amazon's own prefixes.
const AMAZON: [&str; 4] = ["amzn", "amazon", "aws-", "aws/"];
/// Words of an image that was not meant to be published.
const DRAFTS: [&str; 6] = ["test", "tmp", "temp", "wip", "draft", "debug"];

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami),
        None => not_described("The image does not tell its AMI's name"),
    })
}

fn judge(ami: &Ami) -> Finding {
    let Some(name) = ami.image.name.as_deref() else { return not_whole("Name") };
    let description = ami.image.description.as_deref().filter(|text| !text.trim().is_empty());
    let shown = description.map_or_else(|| "no Description".to_owned(), |text| format!("Description {text}"));
    let seen = [said(ami, &format!("Name {name}")), said(ami, &shown)];
    let lower = name.to_ascii_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_ascii_alphabetic());
    if let Some(prefix) = AMAZON.iter().find(|prefix| lower.starts_with(**prefix)) {
        let words =
            format!("The AMI's name begins with `{prefix}`, which stands for Amazon: begin it with your company.");
        return Finding::new(Status::Fail, words).seen(seen);
    }
    if let Some(draft) = words.find(|word| DRAFTS.contains(word)) {
        let words = format!("The AMI's name says `{draft}`: it does not look as if it were meant to be published.");
        return Finding::new(Status::Fail, words).seen(seen);
    }
    let words = match description {
        Some(_) => "Confirm that the AMI's name and description are those of the product.",
        None => "The AMI has no description. Give it one, and confirm that its name is that of the product.",
    };
    Finding::new(Status::Attest, words).seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::with;

    #[test]
    fn names_of_others_and_drafts_fail() {
        for (name, status) in [
            ("acme-gateway-4.2", Status::Attest),
            ("latest-attestation", Status::Attest),
            ("amzn2-ami-hvm-2.0", Status::Fail),
            ("AWS-gateway", Status::Fail),
            ("acme gateway TEST 3", Status::Fail),
            ("packer_tmp_1", Status::Fail),
        ] {
            let finding =
                judge(&with("acme-gateway-4.2-2026-11-20\",\n            \"Root", &format!("{name}\",\n\"Root")));
            assert_eq!(finding.status, status, "{name}: {finding:?}");
        }
    }

    #[test]
    fn a_missing_description_is_told() {
        let finding = judge(&with("Acme Gateway 4.2 by Acme Corp", " "));
        assert_eq!(finding.status, Status::Attest);
        assert!(finding.summary.contains("no description"), "{finding:?}");
        assert_eq!(judge(&with("\"Name\"", "\"Other\"")).status, Status::Unknown);
    }
}
