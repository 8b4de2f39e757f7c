//! What the reviewer expects of the report, and what its times allow.

use jiff::{SignedDuration, Timestamp};

use super::VerifyInput;
use super::output::Judgement::{self, Failed, Holds, NotChecked};
use crate::image::text::visible;
use crate::report::Report;

/// The times do not contradict each other or the clock here.
pub(super) fn times(report: &Report, now: Timestamp) -> Judgement {
    let latest = now.checked_add(SignedDuration::from_mins(5)).unwrap_or(Timestamp::MAX);
    if report.generated_at > latest {
        Failed(format!("The report says it was written at {}, which has not come yet.", report.generated_at))
    } else if report.started_at > report.generated_at {
        Failed(format!("The preparation began at {}, after the report was written.", report.started_at))
    } else {
        Holds(format!("Written at {}, by the clock of the machine that wrote it.", report.generated_at))
    }
}

/// It is the report that was expected.
pub(super) fn digest(expected: Option<&str>, actual: &str) -> Judgement {
    let Some(expected) = expected else {
        return NotChecked("No SHA-256 was given to compare with.".to_owned());
    };
    let expected: String =
        expected.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect();
    if expected == actual {
        Holds("The SHA-256 is the expected one.".to_owned())
    } else {
        Failed(format!("The SHA-256 of the report is {actual}, which is not the expected one. It is another report."))
    }
}

/// It answers the challenge that was given.
pub(super) fn challenge(report: &Report, expected: Option<&str>) -> Judgement {
    match (expected.map(visible), &report.challenge) {
        (None, None) => {
            NotChecked("No challenge was given, so it could be an older report that is shown again.".to_owned())
        }
        (None, Some(_)) => NotChecked("The report answers a challenge, but none was given to compare with.".to_owned()),
        (Some(expected), Some(found)) if expected == *found => Holds("It answers the challenge.".to_owned()),
        (Some(_), Some(found)) => Failed(format!("It answers another challenge: \"{}\".", visible(found))),
        (Some(_), None) => Failed("It answers no challenge. It may be an older report that is shown again.".to_owned()),
    }
}

/// It is not too old.
pub(super) fn age(report: &Report, input: &VerifyInput<'_>) -> Judgement {
    let Some(limit) = input.expect.max_age else {
        return NotChecked("No limit was given for its age.".to_owned());
    };
    let age = input.now.duration_since(report.generated_at);
    let hours = age.as_hours();
    if age > limit {
        Failed(format!("It is {hours} hours old; {} are allowed. Ask for a new one.", limit.as_hours()))
    } else {
        Holds(format!("It is {hours} hours old."))
    }
}
