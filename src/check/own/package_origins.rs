//! OSL-09: which packages are not the distribution's own. Whether they may be sold on, only a person knows.
//!
//! rpm packages carry their vendor; dpkg's hardly tell, so there the repositories are listed, too, that are not the
//! distribution's.

use super::origins;
use crate::check::{Finding, Observation, Status};
use crate::image::packages::{Database, Packages};
use crate::image::repositories::{host, shown};
use crate::image::{Error, Image, text};

/// Domains of the distributions' own archives; their mirrors in AWS are below them.
const ARCHIVES: [&str; 6] = ["debian.org", "ubuntu.com", "kali.org", "raspbian.org", "canonical.com", "devuan.org"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let packages = image.packages()?;
    let (seen, summary) = match packages.database {
        Database::None => {
            return Ok(Finding::new(
                Status::Unknown,
                "No dpkg or rpm database was found, so what is installed is not known.",
            ));
        }
        Database::Dpkg => {
            let mut seen = foreign_repositories(image)?;
            seen.extend(foreign_packages(packages));
            let summary = match seen.len() {
                0 => "Only the distribution's own repositories are set up. Confirm the origin of what was installed by hand.".to_owned(),
                _ => "Packages may come from repositories that are not the distribution's own. Confirm their origin.".to_owned(),
            };
            (seen, summary)
        }
        _ => {
            let seen = foreign_packages(packages);
            let summary = match seen.len() {
                0 => "Every package is the distribution's own. Confirm the origin of what was installed by hand."
                    .to_owned(),
                1 => "One package is not the distribution's own. Confirm its origin.".to_owned(),
                many => format!("{many} packages are not the distribution's own. Confirm their origin."),
            };
            (seen, summary)
        }
    };
    Ok(Finding::new(Status::Attest, summary).seen(seen))
}

fn foreign_packages(packages: &Packages) -> Vec<Observation> {
    origins::foreign(packages)
        .map(|package| {
            let vendor = if package.vendor.is_empty() { "an unknown vendor" } else { &package.vendor };
            Observation::fact(text::visible(&format!("{} {} by {vendor}", package.name, package.version)))
        })
        .collect()
}

/// apt sources on another host than the distribution's.
fn foreign_repositories(image: &Image) -> Result<Vec<Observation>, Error> {
    let foreign = |uri: &String| host(uri).is_some_and(|host| !is_own(host));
    let sources = image.repositories()?.apt.iter();
    Ok(sources
        .flat_map(|source| source.uris.iter().filter(|uri| foreign(uri)).map(move |uri| (source, uri)))
        .map(|(source, uri)| {
            let text = format!("{} {}", shown(uri), text::visible(&source.suites.join(" ")));
            Observation::at(&source.path).line(source.line).text(text)
        })
        .collect())
}

fn is_own(host: &str) -> bool {
    host.is_empty()
        || ARCHIVES.iter().any(|own| host == *own || host.strip_suffix(own).is_some_and(|sub| sub.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn other_repositories_are_named_and_their_passwords_are_not() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/apt/sources.list", "deb http://mirror.debian.org/debian bookworm main\n# deb http://x.org y\n");
        assert_eq!(foreign_repositories(&fixture.image()).unwrap(), []);
        fixture.file(
            "/etc/apt/sources.list.d/acme.list",
            "deb [trusted=yes] https://joe:hunter2@apt.acme.example/debian stable main\n",
        );
        fixture.file("/etc/apt/sources.list.d/x.sources", "Types: deb\nURIs: https://notdebian.org/x\nSuites: y\n");
        let seen = foreign_repositories(&fixture.image()).unwrap();
        assert_eq!(seen.len(), 2);
        assert!(!format!("{seen:?}").contains("hunter2"));
        assert_eq!(seen[1].line, Some(1));
    }

    #[test]
    fn no_database_is_unknown() {
        assert_eq!(check(&Fixture::bare().image()).unwrap().status, Status::Unknown);
    }
}
