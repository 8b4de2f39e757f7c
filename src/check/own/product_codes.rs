//! IMG-09: the AMI carries no product code. An instance whose base had one shows it in its metadata, and so does every
//! AMI made from it.

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Observation, Status};
use crate::image::ami::Ami;
use crate::image::live::Live;
use crate::image::live::metadata::Answer;
use crate::image::{Error, Image};

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    Ok(judge(context.ami.as_deref(), image.live().map(Live::metadata)))
}

fn judge(ami: Option<&Ami>, answer: Option<&Answer>) -> Finding {
    let mut seen = answer.map(of_instance).unwrap_or_default();
    seen.extend(ami.map(of_ami).unwrap_or_default());
    if !seen.is_empty() {
        let words = "The image is made from a product of AWS Marketplace, whose code every AMI made from it carries.";
        return Finding::new(Status::Fail, words).seen(seen);
    }
    match (ami, answer) {
        (Some(ami), _) if ami.image.is_whole() => {
            Finding::new(Status::Pass, "The AMI carries no product code.").seen([said(ami, "no ProductCodes")])
        }
        (None, Some(Answer::Found { product_codes: Some(_), .. })) => {
            Finding::new(Status::Pass, "The base of this instance carries no product code.")
        }
        (Some(_), _) => not_whole("what tells whether it has product codes"),
        (None, _) => not_described("A mounted image does not tell whether its AMI carries a product code"),
    }
}

fn of_instance(answer: &Answer) -> Vec<Observation> {
    let Answer::Found { document, product_codes, .. } = answer else { return Vec::new() };
    let codes = product_codes.iter().flatten().map(|code| Observation::fact(format!("product-codes: {code}")));
    let fields = ["marketplaceProductCodes", "devpayProductCodes"].into_iter().filter_map(|field| {
        let codes = document.get(field).filter(|codes| !codes.is_empty())?;
        Some(Observation::fact(format!("instance identity document: {field} {codes}")))
    });
    codes.chain(fields).collect()
}

pub(super) fn of_ami(ami: &Ami) -> Vec<Observation> {
    let codes = ami.image.product_codes.iter();
    let texts = codes.map(|code| {
        let id = code.product_code_id.as_deref().unwrap_or("without an id");
        said(ami, &format!("product code {id} ({})", code.product_code_type.as_deref().unwrap_or("of no type")))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::{GOOD, ami, with};

    fn answer(document: &[(&str, &str)], codes: Option<&[&str]>) -> Answer {
        let document = document.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let product_codes = codes.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect());
        Answer::Found {
            document,
            identity: Box::new(crate::image::live::metadata::Identity::empty()),
            product_codes,
            token_required: None,
        }
    }

    #[test]
    fn the_ami_or_the_instance_tells() {
        let good = ami(&[GOOD]).unwrap();
        let bad = with(
            "\"Public\"",
            r#""ProductCodes": [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}], "Public""#,
        );
        let cut = ami(&[r#"{"ImageId": "ami-1"}"#]).unwrap();
        let clean = answer(&[], Some(&[]));
        let coded = answer(&[], Some(&["abc"]));
        let documented = answer(&[("marketplaceProductCodes", "abc")], None);
        let silent = answer(&[], None);
        for (ami, answer, status) in [
            (Some(&good), None, Status::Pass),
            (Some(&bad), None, Status::Fail),
            (Some(&cut), None, Status::Unknown),
            (Some(&good), Some(&coded), Status::Fail),
            (None, Some(&clean), Status::Pass),
            (None, Some(&coded), Status::Fail),
            (None, Some(&documented), Status::Fail),
            (None, Some(&silent), Status::Unknown),
            (None, Some(&Answer::Forbidden), Status::Unknown),
            (None, None, Status::Unknown),
        ] {
            let finding = judge(ami, answer);
            assert_eq!(finding.status, status, "{finding:?}");
        }
    }
}
