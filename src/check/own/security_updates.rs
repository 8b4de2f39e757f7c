//! OSL-03: no security update is pending.
//!
//! Package lists on an image are as old as the last update and mostly gone: no file tells what has been published since.
//! The package manager has to ask its servers, and this program asks nobody. (A simulated upgrade from the lists that
//! are there would say "nothing to do" on a machine that never fetched any, and writes to the package cache.)

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let os = image.os()?;
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
    Ok(Finding::new(Status::Unknown, format!("Only the package manager's servers know. Ask them {place}."))
        .seen([Observation::fact(format!("to find out: {ask}"))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn it_says_how_to_find_out() {
        let finding = check(&Fixture::debian().image()).unwrap();
        assert_eq!(finding.status, Status::Unknown);
        assert!(format!("{finding:?}").contains("apt-get -s dist-upgrade"), "{finding:?}");
        let fixture = Fixture::bare();
        fixture.file("/etc/os-release", "ID=amzn\nVERSION_ID=2023\n");
        assert!(format!("{:?}", check(&fixture.image()).unwrap()).contains("check-release-update"));
    }
}
