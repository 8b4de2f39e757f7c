//! OSL-03: no security update is pending, and no scanner knows of a critical or high vulnerability.
//!
//! Package lists on an image are as old as the last update and mostly gone: no file tells what has been published since.
//! A scanner's result that the publisher hands in does, while it is fresh.

use crate::check::{Context, Finding, Observation, Status};
use crate::image::os::Os;
use crate::image::{Error, Image};

mod scans;

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let os = image.os()?;
    let scanned = context.scans.iter().map(|scan| scans::judge(scan, os, context.today));
    Ok(scanned.reduce(worse).unwrap_or_else(|| nobody_said(image, os)))
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
}
