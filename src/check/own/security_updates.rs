//! OSL-03: no security update is pending, and no scanner knows of a critical or high vulnerability.
//!
//! On a running machine the package manager is asked, by the lists it has; no file of a mounted image tells what has been
//! published since. A scanner's result that the publisher hands in does, while it is fresh.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::check::{Context, Finding, Observation, Status};
use crate::image::os::Os;
use crate::image::updates::{self, Answer, Known, Update};
use crate::image::{Error, Image, text};

mod scans;

/// Lists of packages that are older than this many days say too little.
const FRESH: i32 = 3;

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let os = image.os()?;
    let answer = match image.live() {
        Some(live) => live.updates(image)?,
        None => None,
    };
    let scanned = context.scans.iter().map(|scan| scans::judge(scan, os, context.today)).reduce(worse);
    let told = answer.map(|answer| told(answer, context.today));
    Ok(match (scanned, told) {
        (Some(scanned), Some(told)) if told.status == Status::Unknown && scanned.status == Status::Pass => {
            scanned.seen(told.observations)
        }
        (Some(scanned), Some(told)) => worse(scanned, told),
        (one, other) => one.or(other).unwrap_or_else(|| nobody_said(image, os)),
    })
}

/// What is waited for while this is judged, as a phrase; `None` when nothing takes long.
pub(in crate::check) fn waits(image: &Image) -> Option<String> {
    let live = image.live()?;
    let manager = updates::manager(image).ok().flatten()?.name();
    let (whom, limit) =
        if live.may_ask_repositories() { ("the repositories", updates::NETWORK_LIMIT) } else { ("", updates::LIMIT) };
    let and = if whom.is_empty() { String::new() } else { format!(" and {whom}") };
    Some(format!("asking {manager}{and} for security updates, at most {} s", limit.as_secs()))
}

/// What the package manager's answer comes to.
fn told(answer: &Answer, today: Date) -> Finding {
    let name = answer.manager.name();
    let refresh = answer.manager.refresh();
    let unknown = |why: &str| {
        Finding::new(Status::Unknown, text::visible(&format!("{name} cannot tell: {why}."))).seen([
            Observation::fact(format!("fetch its lists and look again: {refresh}")),
            Observation::fact("or let it ask the repositories now, over the network: --ask-repositories"),
        ])
    };
    let Known { updates, others, as_of, pinned, newest } = match &answer.known {
        Ok(known) => known,
        Err(why) => return unknown(why),
    };
    let made = as_of.map(|when| when.to_zoned(TimeZone::UTC).date());
    let by = made.map_or_else(|| "asked its repositories".to_owned(), |made| format!("went by its lists of {made}"));
    let behind = pinned.as_ref().zip(newest.as_ref()).filter(|(pinned, newest)| newest != pinned);
    let behind = behind.map(|(pinned, newest)| format!("release {newest} is out; this is {pinned}"));
    if !updates.is_empty() {
        let summary = match updates.len() {
            1 => format!("A security update waits to be installed ({name} {by})."),
            many => format!("{many} security updates wait to be installed ({name} {by})."),
        };
        let seen = behind.map(Observation::fact).into_iter().chain(updates.iter().map(observed));
        return Finding::new(Status::Fail, summary).seen(seen);
    }
    if let Some(behind) = behind {
        let summary = format!("Amazon Linux is pinned to an old release: {behind}.");
        return Finding::new(Status::Fail, text::visible(&summary));
    }
    if let Some(made) = made {
        let age = made.until(today).map_or(i32::MAX, |span| span.get_days());
        if age > FRESH {
            return unknown(&format!("its lists are of {made}, {age} days old; it knows of nothing newer"));
        }
        if let Some(pinned) = pinned {
            return unknown(&format!(
                "its repositories are pinned to release {pinned}, and only the network knows of a newer one"
            ));
        }
    }
    if *others > 0 {
        let have =
            if *others == 1 { "A package has updates".to_owned() } else { format!("{others} packages have updates") };
        let summary = format!("{have}; whether one mends a vulnerability {name} does not say: install them.");
        return Finding::new(Status::Unknown, summary);
    }
    Finding::new(Status::Pass, format!("{name} knows of no security update that waits; it {by}."))
}

fn observed(update: &Update) -> Observation {
    let Update { package, notice, severity } = update;
    let words = [severity.as_str(), package.as_str(), notice.as_str()];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    Observation::fact(text::visible(&words.join(" ")))
}

/// The worse of two findings, with what both observed.
fn worse(one: Finding, other: Finding) -> Finding {
    let rank = |finding: &Finding| match finding.status {
        Status::Fail => 0,
        Status::Unknown => 1,
        _ => 2,
    };
    let (first, second) = if rank(&other) < rank(&one) { (other, one) } else { (one, other) };
    first.seen(second.observations)
}

fn nobody_said(image: &Image, os: &Os) -> Finding {
    let ask = if os.is_like("debian") || os.id == "ubuntu" {
        "apt-get update && apt-get -s dist-upgrade"
    } else if os.id == "amzn" && os.version_id == "2023" {
        "dnf check-release-update && dnf updateinfo list --security"
    } else if os.id == "amzn" {
        "yum updateinfo list security"
    } else if os.is_like("suse") || os.id == "sles" {
        "zypper list-patches -g security"
    } else {
        "dnf updateinfo list --security"
    };
    let place = if image.live().is_some() { "on this machine" } else { "on the build machine, before it is stopped" };
    let summary = format!("Only the package manager's servers, or a scanner, know. Ask them {place}.");
    Finding::new(Status::Unknown, summary).seen([
        Observation::fact(format!("to find out: {ask}")),
        Observation::fact("or hand in a scanner's result: seaworthy check --cve FILE"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::context;
    use crate::image::fixture::Fixture;

    #[test]
    fn it_says_how_to_find_out() {
        let finding = check(&Fixture::debian().image(), &context()).unwrap();
        assert_eq!(finding.status, Status::Unknown);
        assert!(format!("{finding:?}").contains("apt-get -s dist-upgrade"), "{finding:?}");
        let fixture = Fixture::bare();
        fixture.file("/etc/os-release", "ID=amzn\nVERSION_ID=2023\n");
        assert!(format!("{:?}", check(&fixture.image(), &context()).unwrap()).contains("check-release-update"));
    }

    fn answer(known: Result<Known, String>) -> Answer {
        Answer { manager: updates::Manager::Dnf, asked: false, known }
    }

    fn verdict(known: Known) -> (Status, String) {
        let finding = told(&answer(Ok(known)), jiff::civil::date(2026, 11, 22));
        (finding.status, finding.summary)
    }

    fn fetched(when: &str) -> Known {
        Known { as_of: Some(when.parse().unwrap()), ..Known::default() }
    }

    #[test]
    fn fresh_lists_decide_and_old_ones_do_not() {
        assert_eq!(verdict(fetched("2026-11-20T10:00:00Z")).0, Status::Pass);
        assert_eq!(verdict(Known::default()).0, Status::Pass);
        let (status, summary) = verdict(fetched("2026-10-20T10:00:00Z"));
        assert_eq!(status, Status::Unknown);
        assert!(summary.contains("33 days old"), "{summary}");
        let update = Update { package: "curl-8".to_owned(), notice: "ALAS-1".to_owned(), severity: "low".to_owned() };
        let (status, summary) = verdict(Known { updates: vec![update], ..fetched("2026-10-20T10:00:00Z") });
        assert_eq!(
            (status, summary.as_str()),
            (Status::Fail, "A security update waits to be installed (dnf went by its lists of 2026-10-20).")
        );
        let finding = told(&answer(Err("no list was fetched".to_owned())), jiff::civil::date(2026, 11, 22));
        assert_eq!(finding.status, Status::Unknown);
        assert!(format!("{finding:?}").contains("dnf makecache"), "{finding:?}");
    }

    #[test]
    fn nothing_to_do_on_a_pinned_release_is_no_pass() {
        let release = |name: &str| Some(name.to_owned());
        let pinned = Known { pinned: release("2023.5.1"), ..fetched("2026-11-22T10:00:00Z") };
        assert_eq!(verdict(pinned.clone()).0, Status::Unknown);
        let asked = Known { as_of: None, ..pinned };
        assert_eq!(verdict(asked.clone()).0, Status::Pass);
        let (status, summary) = verdict(Known { newest: release("2023.6.2"), ..asked });
        assert_eq!(status, Status::Fail);
        assert!(summary.contains("2023.6.2 is out"), "{summary}");
    }

    #[test]
    fn other_updates_that_may_mend_a_vulnerability_are_no_pass() {
        let (status, summary) = verdict(Known { others: 3, ..fetched("2026-11-22T10:00:00Z") });
        assert_eq!(status, Status::Unknown);
        assert!(summary.starts_with("3 packages have updates; whether one mends"), "{summary}");
    }
}
