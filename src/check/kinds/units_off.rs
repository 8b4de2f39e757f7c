//! None of these units is enabled.

use std::collections::BTreeSet;

use crate::check::own::machine_id::is_first_boot;
use crate::check::{Finding, Observation, Status};
use crate::image::units::{Preset, State, Unit, Units};
use crate::image::{Error, Image, text};

pub(in crate::check) fn check(image: &Image, names: &[String]) -> Result<Finding, Error> {
    let known = image.units()?;
    let (mut on, mut odd, mut back) = (Vec::new(), Vec::new(), Vec::new());
    let returns = is_first_boot(image)?;
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
            State::Disabled if returns => back.extend(preset(known, unit)),
            State::Other => odd.extend(seen(format!("{} may be started by others", unit.name))),
            State::Disabled | State::Masked | State::Static | State::Missing => {}
        }
    }
    Ok(if !on.is_empty() {
        Finding::new(Status::Fail, "Services that should be off start at boot.").seen(on).seen(back)
    } else if !back.is_empty() {
        let what = "These services are off, but the next boot counts as the first and turns them on again; mask them.";
        Finding::new(Status::Fail, what).seen(back)
    } else if !odd.is_empty() {
        Finding::new(Status::Unknown, "Whether these services start cannot be told from the unit files.").seen(odd)
    } else {
        Finding::new(Status::Pass, "None of these services starts at boot.")
    })
}

/// The unit, when a first boot enables it although it is disabled now.
fn preset(known: &Units, unit: &Unit) -> Option<Observation> {
    let Preset::Enable(rule) = known.presets.of(&unit.name) else { return None };
    let why = match rule {
        Some(rule) => format!("{}:{}", text::path(&rule.path), rule.line),
        None => "no preset says otherwise".to_owned(),
    };
    Some(Observation::at(&unit.path).text(format!("the first boot enables {} ({why})", unit.name)))
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
        fixture.file("/etc/machine-id", "");
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
    fn a_disabled_service_that_the_first_boot_brings_back_fails() {
        let fixture = with("vsftpd.service", false);
        fixture.file("/etc/machine-id", "uninitialized\n");
        let finding = judged(&fixture.image(), "SSH-13");
        assert_eq!(finding.status, Status::Fail);
        let seen = Observation::at("/usr/lib/systemd/system/vsftpd.service");
        let text = "the first boot enables vsftpd.service (no preset says otherwise)";
        assert_eq!(finding.observations, [seen.text(text)]);
        mended(&fixture.image(), "SSH-13");
        fixture.file("/usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n");
        assert_eq!(judged(&fixture.image(), "SSH-13").status, Status::Pass);
        fixture.file("/etc/systemd/system-preset/50-a.preset", "enable vsftpd.*\n");
        let finding = judged(&fixture.image(), "SSH-13");
        assert!(format!("{finding:?}").contains("/etc/systemd/system-preset/50-a.preset:1"), "{finding:?}");
    }

    #[test]
    fn a_unit_whose_name_only_begins_as_listed_counts() {
        let fixture = with("vncserver@:1.service", true);
        assert_eq!(judged(&fixture.image(), "SSH-13").status, Status::Fail);
        mended(&fixture.image(), "SSH-13");
    }

    #[test]
    fn a_unit_written_on_this_machine_is_not_replaced_by_a_mask() {
        let fixture = Fixture::debian();
        let path = "/etc/systemd/system/vsftpd.service";
        fixture
            .file("/etc/machine-id", "")
            .file(path, "[Service]\nExecStart=/opt/own/ftpd\n[Install]\nWantedBy=multi-user.target\n");
        fixture.link("/etc/systemd/system/multi-user.target.wants/vsftpd.service", path);
        let after = mended(&fixture.image(), "SSH-13");
        assert!(after.read_text(path.as_ref()).unwrap().is_some());
        assert!(after.list("/etc/systemd/system/multi-user.target.wants".as_ref()).unwrap().is_empty());
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
