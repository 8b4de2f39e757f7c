//! ACC-08: no account that people log in to expires while the image may be listed (shadow(5), fields 3, 5 and 8).

use crate::check::{Context, Finding, Observation, Status};
use crate::image::accounts::Shadow;
use crate::image::text::visible;
use crate::image::{Error, Image};
use jiff::civil::{Date, date};

/// How long a version may be listed: AWS retires images two years after they were made.
const LISTED_DAYS: i64 = 730;

/// Days from 1970-01-01 to `day`.
pub(crate) fn days(day: Date) -> i64 {
    date(1970, 1, 1).until(day).map_or(0, |span| i64::from(span.get_days()))
}

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let accounts = image.accounts()?;
    accounts.shadow.clone()?;
    let horizon = days(context.today).saturating_add(LISTED_DAYS);
    let seen: Vec<_> = accounts
        .login_users()
        .filter_map(|user| user.shadow.as_ref().map(|shadow| (user, shadow)))
        .filter_map(|(user, shadow)| {
            let why = expires(shadow, horizon)?;
            let text = format!("{}: {why}", visible(&user.name));
            Some(Observation::at("/etc/shadow").line(shadow.line).text(text))
        })
        .collect();
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "No account that people log in to expires.")
    } else {
        Finding::new(Status::Fail, "Accounts expire, and then refuse key logins too.").seen(seen)
    })
}

/// Why the account closes before the day `horizon`.
pub(crate) fn expires(shadow: &Shadow, horizon: i64) -> Option<String> {
    if shadow.last_change == Some(0) {
        return Some("the password must be changed at the next login".to_owned());
    }
    if let Some(day) = shadow.expires.filter(|&day| (0..=horizon).contains(&day)) {
        return Some(format!("the account ends on {}", shown(day)));
    }
    let (changed, max) = (shadow.last_change?, shadow.max_days?);
    // A negative maximum switches the age off.
    let end = changed.saturating_add(max);
    (max >= 0 && end <= horizon).then(|| format!("the password is too old from {}", shown(end)))
}

fn shown(day: i64) -> String {
    let span = jiff::Span::new().try_days(day);
    let date = span.and_then(|span| date(1970, 1, 1).checked_add(span));
    date.map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn status(shadow: &str) -> Status {
        let fixture = Fixture::debian();
        fixture.file("/etc/shadow", format!("root:*:20000:0:99999:7:::\nadmin:!*:{shadow}\n"));
        judged(&fixture.image(), "ACC-08").status
    }

    #[test]
    fn ages_and_end_days_are_judged_against_two_years() {
        assert_eq!(days(date(2026, 11, 22)), 20779);
        assert_eq!(status("20000:0:99999:7:::"), Status::Pass);
        assert_eq!(status("20000:0::7:::"), Status::Pass);
        assert_eq!(status(":0:90:7:::"), Status::Pass);
        assert_eq!(status("20000:0:-1:7:::"), Status::Pass);
        assert_eq!(status("0:0:99999:7:::"), Status::Fail);
        assert_eq!(status("20700:0:365:7:::"), Status::Fail);
        assert_eq!(status("20700:0:99999:7::20800:"), Status::Fail);
        assert_eq!(status("20700:0:99999:7::30000:"), Status::Pass);
    }

    #[test]
    fn accounts_nobody_logs_in_to_are_left_out() {
        let fixture = Fixture::debian();
        fixture.file("/etc/shadow", "root:*:20000:0:99999:7:::\ndaemon:*:0:0:99999:7:::\n");
        assert_eq!(judged(&fixture.image(), "ACC-08").status, Status::Pass);
    }

    #[test]
    fn the_fix_touches_nothing_but_the_days() {
        let fixture = Fixture::debian();
        fixture.file("/etc/shadow", "root:*:0:0:99999:7:::\ndaemon:*:0:0:9:7:::\nadmin:!*:20700:1:30:7:5:20800:x\n");
        let after = mended(&fixture.image(), "ACC-08");
        let shadow = after.read_text("/etc/shadow".as_ref()).unwrap().unwrap();
        let wanted = "root:*:20779:0:99999:7:::\ndaemon:*:0:0:9:7:::\nadmin:!*:20700:1:99999:7:::x\n";
        assert_eq!(shadow, wanted);
    }
}
