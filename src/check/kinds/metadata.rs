//! A field of the instance identity document has one of the wanted values.

use crate::check::{Finding, Observation, Status};
use crate::image::Image;
use crate::image::live::metadata::Answer;

pub(in crate::check) fn check(image: &Image, field: &str, pass: &[String]) -> Finding {
    let Some(live) = image.live() else {
        return Finding::new(Status::Unknown, "Only the running instance can tell; this is a mounted image.");
    };
    judge(live.metadata(), field, pass)
}

fn judge(answer: &Answer, field: &str, pass: &[String]) -> Finding {
    match answer {
        Answer::Forbidden => Finding::new(Status::Unknown, "The instance metadata service was not asked (--no-imds)."),
        Answer::None(why) => {
            Finding::new(Status::Unknown, format!("The instance metadata service could not be asked: {why}."))
        }
        Answer::Found { document, .. } => match document.get(field) {
            None => Finding::new(Status::Unknown, format!("The instance identity document has no `{field}`.")),
            Some(value) => {
                let seen = Observation::fact(format!("{field}: {}", crate::image::text::visible(value)));
                let (status, word) =
                    if pass.contains(value) { (Status::Pass, "as wanted") } else { (Status::Fail, "not as wanted") };
                let wanted = pass.join(" or ");
                Finding::new(status, format!("The instance's {field} is {word} ({wanted}).")).seen([seen])
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(region: &str) -> Answer {
        let document = [("region".to_owned(), region.to_owned())].into();
        Answer::Found { document, token_required: Some(true) }
    }

    fn status(answer: &Answer) -> Status {
        judge(answer, "region", &["us-east-1".to_owned()]).status
    }

    #[test]
    fn the_field_decides() {
        assert_eq!(status(&found("us-east-1")), Status::Pass);
        assert_eq!(status(&found("eu-west-1")), Status::Fail);
    }

    #[test]
    fn no_answer_is_unknown() {
        assert_eq!(status(&Answer::Forbidden), Status::Unknown);
        assert_eq!(status(&Answer::None("no route".to_owned())), Status::Unknown);
        assert_eq!(judge(&found("x"), "imageId", &[]).status, Status::Unknown);
    }
}
