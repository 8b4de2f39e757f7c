//! IDN-01: machine-id(5) is empty.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::units::{Preset, State};
use crate::image::{Error, Image};

/// The file.
pub(crate) const PATH: &str = "/etc/machine-id";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let id = image.read_text(Path::new(PATH))?;
    let word = match id.as_deref().map(str::trim) {
        Some("") => return Ok(Finding::new(Status::Pass, "The machine id is empty: each copy makes its own.")),
        Some("uninitialized") => "The machine id is `uninitialized`: each copy makes its own.",
        None => "There is no machine id: each copy makes its own. An empty file is safer, for a read-only /etc too.",
        Some(_) => {
            let words = "The image carries a machine id, which every copy would share.";
            return Ok(Finding::new(Status::Fail, words).seen([Observation::at(PATH).line(1).text("an id is set")]));
        }
    };
    if !is_first_boot(image)? {
        let words = "The systemd of this image is older than 247 and does not know the word; an empty file is clearer.";
        return Ok(Finding::new(Status::Pass, format!("{word} {words}")));
    }
    let returning = returning(image);
    let words = "The next boot counts as the very first, which sets services back to the distribution's presets; only \
                 masked ones stay as you left them.";
    let words = match returning.len() {
        0 => format!("{word} {words}"),
        1 => format!("{word} {words} One disabled unit would be switched on."),
        many => format!("{word} {words} {many} disabled units would be switched on."),
    };
    Ok(Finding::new(Status::Pass, words).seen(returning))
}

/// What systemd takes for a first boot; an empty file is none. The word came with systemd 247; before it stood for an id
/// that is not valid, and a new one was made in its place.
pub(crate) fn is_first_boot(image: &Image) -> Result<bool, Error> {
    let id = image.read_text(Path::new(PATH))?;
    Ok(id.is_none_or(|id| id.trim() == "uninitialized" && systemd(image).is_none_or(|version| version >= 247)))
}

/// The version of systemd by the package database, such as 252 of `252.36-1~deb12u1`; `None` when that does not tell.
fn systemd(image: &Image) -> Option<u32> {
    let packages = image.packages().ok()?;
    let version = packages.get("systemd")?.version.as_str();
    let upstream = version.split_once(':').map_or(version, |(_, upstream)| upstream);
    upstream.split(|mark: char| !mark.is_ascii_digit()).next()?.parse().ok()
}

/// The disabled units that presets enable at a first boot.
fn returning(image: &Image) -> Vec<Observation> {
    let Ok(known) = image.units() else { return Vec::new() };
    let disabled = known.units.iter().filter(|unit| unit.state == State::Disabled);
    let returning = disabled.filter(|unit| matches!(known.presets.of(&unit.name), Preset::Enable(_)));
    returning.map(|unit| Observation::at(&unit.path).text(format!("{} would be enabled", unit.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn status(prepare: impl Fn(&Fixture) -> &Fixture) -> Status {
        let fixture = Fixture::debian();
        prepare(&fixture);
        check(&fixture.image()).map_or(Status::Unknown, |finding| finding.status)
    }

    #[test]
    fn an_id_fails_and_none_passes() {
        assert_eq!(status(|fixture| fixture.file(PATH, "0123456789abcdef0123456789abcdef\n")), Status::Fail);
        assert_eq!(status(|fixture| fixture.file(PATH, "")), Status::Pass);
        assert_eq!(status(|fixture| fixture.file(PATH, "uninitialized\n")), Status::Pass);
        assert_eq!(status(|fixture| fixture), Status::Pass);
    }

    #[test]
    fn what_a_first_boot_does_is_told() {
        let fixture = Fixture::debian();
        fixture
            .file(PATH, "uninitialized\n")
            .file("/usr/lib/systemd/system/a.service", "[Install]\nWantedBy=x.target\n");
        let finding = check(&fixture.image()).unwrap();
        assert!(finding.summary.contains("very first") && finding.observations.len() == 1, "{finding:?}");
        fixture.file("/usr/lib/systemd/system-preset/99-all.preset", "disable *\n");
        assert!(check(&fixture.image()).unwrap().observations.is_empty());
        for (version, is_first) in [("1:246.6-1", false), ("247.3-7+deb11u4", true), ("odd", true)] {
            let package =
                format!("Package: systemd\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n");
            fixture.file("/var/lib/dpkg/status", package);
            assert_eq!(is_first_boot(&fixture.image()).unwrap(), is_first, "{version}");
            let summary = check(&fixture.image()).unwrap().summary;
            assert_eq!(summary.contains("older than 247"), !is_first, "{summary}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(status(|fixture| fixture.fifo(PATH)), Status::Unknown);
        assert_eq!(status(|fixture| fixture.directory(PATH)), Status::Unknown);
    }
}
