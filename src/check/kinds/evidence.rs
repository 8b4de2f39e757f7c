//! Only a person can know; what the image shows of it is gathered for them.

use super::is_listed;
use crate::check::{Finding, Observation, Status, kinds, places};
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

/// What is worth a look.
pub(in crate::check) struct Wanted<'a> {
    pub(in crate::check) places: &'a [String],
    pub(in crate::check) files: &'a [String],
    pub(in crate::check) lines: &'a [String],
    pub(in crate::check) units: &'a [String],
    pub(in crate::check) packages: &'a [String],
}

/// `otherwise` is why the guideline does not apply when nothing is seen.
pub(in crate::check) fn check(
    image: &Image,
    summary: &str,
    wanted: &Wanted,
    otherwise: Option<&str>,
) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in places::matching(image, wanted.places, &[])? {
        seen.extend(places::observed(image, &path)?);
    }
    // A file that cannot be searched must not keep a person from confirming; they are told of it.
    for path in places::matching(image, wanted.files, &[])? {
        let file = [places::literal(&path)];
        let lines = kinds::lines::Wanted { files: &file, forbid: wanted.lines, ..kinds::lines::Wanted::default() };
        match kinds::lines::found(image, &lines) {
            Ok(found) => seen.extend(found),
            Err(error) => seen.push(Observation::at(&path).text(format!("not searched: {error}"))),
        }
    }
    if !wanted.units.is_empty() {
        let units = image.units()?.units.iter();
        let is_wanted = |unit: &Unit| {
            let stem = unit.name.strip_suffix(".service").unwrap_or(&unit.name);
            is_listed(wanted.units, &unit.name) || is_listed(wanted.units, stem)
        };
        let on = units.filter(|unit| unit.state == State::Enabled && is_wanted(unit));
        seen.extend(on.map(|unit| Observation::at(&unit.path).text(format!("{} is enabled", unit.name))));
    }
    if !wanted.packages.is_empty() {
        let packages = image.packages()?.packages.iter();
        let installed = packages.filter(|package| is_listed(wanted.packages, &package.name));
        seen.extend(
            installed.map(|package| Observation::fact(format!("{} {} is installed", package.name, package.version))),
        );
    }
    Ok(match otherwise {
        Some(reason) if seen.is_empty() => Finding::new(Status::NotApplicable, reason),
        None if seen.is_empty() => {
            Finding::new(Status::Attest, "Only a person can confirm this; nothing on the image speaks of it.")
        }
        _ => Finding::new(Status::Attest, summary).seen(seen),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_is_seen_is_told_and_never_judged() {
        let fixture = Fixture::debian();
        let (places, files) = (["/opt/*/telemetry.conf".to_owned()], ["/etc/motd".to_owned()]);
        let (lines, packages) = (["*trial*".to_owned()], ["openssh-*".to_owned()]);
        let units = ["telemetry".to_owned()];
        let wanted = Wanted { places: &places, files: &files, lines: &lines, units: &units, packages: &packages };
        let finding = check(&fixture.image(), "Look.", &wanted, None).unwrap();
        assert_eq!((finding.status, finding.observations.len()), (Status::Attest, 0));
        fixture.openssh("9.2p1").file("/opt/x/telemetry.conf", "x").file("/etc/motd", "30 days of free Trial\n");
        fixture.file("/etc/systemd/system/telemetry.service", "[Service]\n[Install]\nWantedBy=multi-user.target\n");
        fixture.link("/etc/systemd/system/multi-user.target.wants/telemetry.service", "../telemetry.service");
        let finding = check(&fixture.image(), "Look.", &wanted, None).unwrap();
        assert_eq!((finding.status, finding.summary.as_str()), (Status::Attest, "Look."));
        assert_eq!(finding.observations.len(), 4, "{finding:?}");
    }
}
