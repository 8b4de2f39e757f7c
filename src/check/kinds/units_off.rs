//! None of these units is enabled.

use std::collections::BTreeSet;

use crate::check::{Finding, Observation, Status};
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

pub(in crate::check) fn check(image: &Image, names: &[String]) -> Result<Finding, Error> {
    let known = image.units()?;
    let (mut on, mut odd) = (Vec::new(), Vec::new());
    let meant: BTreeSet<&str> =
        names.iter().filter_map(|name| known.unit(name)).map(|unit| unit.name.as_str()).collect();
    let starts: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix('*')).collect();
    let is_meant =
        |unit: &Unit| meant.contains(unit.name.as_str()) || starts.iter().any(|start| unit.name.starts_with(start));
    for unit in known.units.iter().filter(|unit| is_meant(unit)) {
        let seen = |text: String| {
            let paths = if unit.enabled_by.is_empty() { vec![unit.path.clone()] } else { unit.enabled_by.clone() };
            paths.into_iter().map(move |path| Observation::at(path).text(text.clone())).collect::<Vec<_>>()
        };
        match unit.state {
            State::Enabled => on.extend(seen(format!("{} is enabled", unit.name))),
            State::Other => odd.extend(seen(format!("{} may be started by others", unit.name))),
            State::Disabled | State::Masked | State::Static | State::Missing => {}
        }
    }
    Ok(if !on.is_empty() {
        Finding::new(Status::Fail, "Services that should be off start at boot.").seen(on)
    } else if !odd.is_empty() {
        Finding::new(Status::Unknown, "Whether these services start cannot be told from the unit files.").seen(odd)
    } else {
        Finding::new(Status::Pass, "None of these services starts at boot.")
    })
}

#[cfg(test)]
mod tests {
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::check::{Finding, Observation, Status};
    use crate::image::fixture::Fixture;

    fn with(unit: &str, enabled: bool) -> Fixture {
        let fixture = Fixture::debian();
        let path = format!("/usr/lib/systemd/system/{unit}");
        fixture.file(&path, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
        if enabled {
            fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{unit}"), &path);
        }
        fixture
    }

    #[test]
    fn only_what_starts_fails_and_masking_mends_it() {
        assert_eq!(judged(&Fixture::debian().image(), "SSH-13").status, Status::Pass);
        assert_eq!(judged(&with("vsftpd.service", false).image(), "SSH-13").status, Status::Pass);
        let fixture = with("vsftpd.service", true);
        let finding = judged(&fixture.image(), "SSH-13");
        let link = "/etc/systemd/system/multi-user.target.wants/vsftpd.service";
        let seen = Observation::at(link).text("vsftpd.service is enabled");
        assert_eq!(finding, Finding::new(Status::Fail, finding.summary.clone()).seen([seen]));
        let after = mended(&fixture.image(), "SSH-13");
        let mask = "/etc/systemd/system/vsftpd.service";
        assert_eq!(after.read_link(mask.as_ref()).unwrap(), Some("/dev/null".into()));
    }

    #[test]
    fn a_unit_whose_name_only_begins_as_listed_counts() {
        let fixture = with("vncserver@:1.service", true);
        assert_eq!(judged(&fixture.image(), "SSH-13").status, Status::Fail);
        mended(&fixture.image(), "SSH-13");
    }

    #[test]
    fn what_the_way_in_needs_is_never_masked() {
        let fixture = with("ssh.service", true);
        let mut finding = judged(&fixture.image(), "SSH-13");
        assert_eq!(remedy_of(&fixture.image(), "SSH-13"), None);
        finding.status = Status::Fail;
        finding.observations = vec![Observation::at("/etc/systemd/system/multi-user.target.wants/ssh.service")];
        let remedy = crate::change::fix::mask::remedy(&fixture.image(), &finding).unwrap();
        assert!(matches!(remedy, Remedy::ByHand(why) if why.contains("ssh.service")));
    }
}
