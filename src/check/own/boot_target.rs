//! BOT-06: the machine comes up by itself.

use std::path::Path;
use std::time::Duration;

use crate::check::{Finding, Observation, Status};
use crate::image::units::{State, Units};
use crate::image::{Error, Image, program, text};

/// Targets that end in a waiting shell, or in no machine at all (systemd.special(7)).
const DEAD_ENDS: [&str; 7] = [
    "rescue.target",
    "emergency.target",
    "halt.target",
    "poweroff.target",
    "reboot.target",
    "shutdown.target",
    "sysinit.target",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut systemd = false;
    for place in ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"] {
        systemd |= image.stat(Path::new(place))?.is_some();
    }
    if !systemd && image.units()?.default_target.is_none() {
        return Ok(Finding::new(Status::Unknown, "This image boots without systemd: launch a copy and see (IMG-17)."));
    }
    let finding = judge(image.units()?);
    let failed = failed(image);
    if finding.status != Status::Pass || failed.is_empty() {
        return Ok(finding);
    }
    let summary =
        format!("{} Some units have failed since it was started: see whether the product needs them.", finding.summary);
    Ok(Finding { summary, ..finding }.seen(failed))
}

/// Units that have failed on the running machine; nothing when systemd does not tell.
fn failed(image: &Image) -> Vec<Observation> {
    if image.live().is_none() {
        return Vec::new();
    }
    let argv = ["/usr/bin/systemctl", "--failed", "--plain", "--no-legend", "--no-pager"].map(str::to_owned);
    let mut units = Vec::new();
    let ended = program::run(image, &argv, Duration::from_secs(5), &mut |line| {
        units.extend(line.split_ascii_whitespace().next().map(str::to_owned));
    });
    if !ended.is_ok_and(|ended| ended.success()) {
        return Vec::new();
    }
    units.iter().map(|unit| Observation::fact(format!("{} has failed", text::visible(unit)))).collect()
}

fn judge(units: &Units) -> Finding {
    let Some(target) = units.default_target.as_deref() else {
        return Finding::new(Status::Fail, "No default boot target is set: the next boot ends in a waiting shell.");
    };
    let seen = [Observation::at("/etc/systemd/system/default.target")
        .text(format!("the default target is {}", text::visible(target)))];
    let shown = text::visible(target);
    if DEAD_ENDS.contains(&target) {
        return Finding::new(Status::Fail, format!("The next boot ends in {shown}, where nobody can log in."))
            .seen(seen);
    }
    match units.state(target) {
        State::Missing => Finding::new(Status::Fail, format!("The default boot target, {shown}, does not exist.")),
        State::Masked => Finding::new(Status::Fail, format!("The default boot target, {shown}, is masked.")),
        _ => Finding::new(Status::Pass, format!("The machine boots into {shown}.")),
    }
    .seen(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use crate::image::units::Unit;

    fn units(target: Option<&str>, state: State) -> Units {
        let unit = Unit {
            name: "multi-user.target".to_owned(),
            path: "/usr/lib/systemd/system/multi-user.target".into(),
            state,
            enabled_by: Vec::new(),
            aliases: Vec::new(),
        };
        Units { units: vec![unit], default_target: target.map(str::to_owned), ..Units::default() }
    }

    #[test]
    fn rescue_fails() {
        assert_eq!(judge(&units(Some("rescue.target"), State::Static)).status, Status::Fail);
        assert_eq!(judge(&units(None, State::Static)).status, Status::Fail);
    }

    #[test]
    fn an_image_without_systemd_is_unknown() {
        assert_eq!(check(&Fixture::bare().image()).unwrap().status, Status::Unknown);
    }

    #[test]
    fn the_default_target_decides() {
        let fixture = Fixture::debian();
        fixture
            .file("/usr/lib/systemd/systemd", "\x7fELF")
            .file("/usr/lib/systemd/system/multi-user.target", "[Unit]\n");
        fixture.link("/etc/systemd/system/default.target", "/usr/lib/systemd/system/multi-user.target");
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Pass);
        fixture.remove("/etc/systemd/system/default.target").link("/etc/systemd/system/default.target", "gone.target");
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Fail);
    }
}
