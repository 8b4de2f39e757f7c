//! IMG-10: the AMI is younger than two years and not deprecated.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::{Span, tz::TimeZone};

use crate::check::kinds::ami::{not_described, not_whole, said};
use crate::check::{Context, Finding, Status};
use crate::image::Error;
use crate::image::ami::Ami;

/// Fewer days than this are a remark: a version should live for months.
const SOON: i32 = 180;

#[expect(clippy::unnecessary_wraps, reason = "every check of its own has the same form")]
pub(super) fn check(context: &Context) -> Result<Finding, Error> {
    Ok(match context.ami.as_deref() {
        Some(ami) => judge(ami, context.today),
        None => not_described("The AMI's age is known once it is made"),
    })
}

fn judge(ami: &Ami, today: Date) -> Finding {
    let Some(text) = ami.image.creation_date.as_deref() else { return not_whole("CreationDate") };
    let mut seen = vec![said(ami, &format!("CreationDate {text}"))];
    let Some(made) = day(text) else { return not_whole("a CreationDate that can be read").seen(seen) };
    let Ok(end) = made.checked_add(Span::new().years(2)) else {
        return not_whole("a CreationDate that can be true").seen(seen);
    };
    let mut last = end;
    if let Some(text) = ami.image.deprecation_time.as_deref() {
        seen.push(said(ami, &format!("DeprecationTime {text}")));
        match day(text) {
            None => return not_whole("a DeprecationTime that can be read").seen(seen),
            Some(day) if day <= today => {
                return Finding::new(Status::Fail, format!("The AMI is deprecated since {day}.")).seen(seen);
            }
            Some(day) => last = last.min(day),
        }
    }
    let left = |until: Date| today.until(until).map_or(0, |span| span.get_days());
    // Its clock is AWS's, ours may be a day off.
    if left(made) > 1 {
        Finding::new(
            Status::Unknown,
            format!("The AMI was made on {made}, which is ahead; check this machine's clock."),
        )
    } else if end <= today {
        Finding::new(Status::Fail, format!("The AMI was made on {made}: more than two years ago. Build it anew."))
    } else if left(last) < SOON {
        let words =
            format!("The AMI was made on {made}; it lasts until {last}, in {} days: plan the next.", left(last));
        Finding::new(Status::Pass, words)
    } else {
        Finding::new(Status::Pass, format!("The AMI was made on {made}; build it anew before {last}."))
    }
    .seen(seen)
}

/// The day of a time such as `2026-11-20T09:30:11.000Z`, in UTC.
fn day(text: &str) -> Option<Date> {
    text.parse::<Timestamp>().ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ami::tests::with;
    use jiff::civil::date;

    #[test]
    fn two_years_are_the_end() {
        for (made, status) in [
            ("2026-11-20T09:30:11.000Z", Status::Pass),
            ("2026-11-23T00:00:00.000Z", Status::Pass),
            ("2024-12-01T00:00:00Z", Status::Pass),
            ("2024-11-22T23:59:59.000Z", Status::Fail),
            ("2010-01-01T00:00:00.000Z", Status::Fail),
            ("2027-11-20T09:30:11.000Z", Status::Unknown),
            ("yesterday", Status::Unknown),
            ("9999-12-30T00:00:00Z", Status::Unknown),
        ] {
            let finding = judge(&with("2026-11-20T09:30:11.000Z", made), date(2026, 11, 22));
            assert_eq!(finding.status, status, "{made}: {finding:?}");
        }
    }

    #[test]
    fn deprecation_ends_it_earlier() {
        for (time, status, words) in [
            ("2026-11-01T00:00:00.000Z", Status::Fail, "deprecated since 2026-11-01"),
            ("2027-01-01T00:00:00.000Z", Status::Pass, "in 40 days"),
            ("2030-01-01T00:00:00.000Z", Status::Pass, "before 2028-11-20"),
            ("soon", Status::Unknown, "DeprecationTime"),
        ] {
            let ami = with("\"Public\"", &format!("\"DeprecationTime\": \"{time}\", \"Public\""));
            let finding = judge(&ami, date(2026, 11, 22));
            assert_eq!(finding.status, status, "{time}");
            assert!(finding.summary.contains(words), "{finding:?}");
        }
    }
}
