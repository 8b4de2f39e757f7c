//! None of these packages is installed.

use super::is_listed;
use crate::catalogue::keep;
use crate::check::{Finding, Observation, Status};
use crate::image::packages::Database;
use crate::image::{Error, Image};

pub(in crate::check) fn check(image: &Image, names: &[String]) -> Result<Finding, Error> {
    let packages = image.packages()?;
    if packages.database == Database::None {
        return Ok(Finding::new(
            Status::Unknown,
            "No dpkg or rpm database was found, so what is installed is not known.",
        ));
    }
    let unwanted = |name: &str| is_listed(names, name) && keep::reason(name).is_none();
    let seen: Vec<_> = packages
        .packages
        .iter()
        .filter(|package| unwanted(&package.name))
        .map(|package| Observation::fact(format!("{} {} is installed", package.name, package.version)))
        .collect();
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "None of these packages is installed.")
    } else {
        Finding::new(Status::Fail, "Packages that should not be on the image are installed.").seen(seen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn status(fixture: &Fixture, names: &[&str]) -> Status {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        check(&fixture.image(), &names).unwrap().status
    }

    #[test]
    fn names_and_beginnings_of_names() {
        let fixture = Fixture::debian();
        assert_eq!(status(&fixture, &["telnetd"]), Status::Unknown, "there is no database");
        fixture.openssh("9.2p1");
        assert_eq!(status(&fixture, &["telnetd", "ssh*"]), Status::Pass);
        let status_file = String::from_utf8(fixture.read("/var/lib/dpkg/status")).unwrap();
        fixture.file("/var/lib/dpkg/status", status_file.replace("openssh-server", "tcpdump"));
        assert_eq!(status(&fixture, &["tcpdump"]), Status::Fail);
        assert_eq!(status(&fixture, &["tcp*"]), Status::Fail);
    }

    #[test]
    fn what_a_copy_needs_is_never_named() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1");
        assert_eq!(status(&fixture, &["openssh-*"]), Status::Pass);
    }
}
