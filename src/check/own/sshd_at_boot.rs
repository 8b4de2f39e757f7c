//! SSH-07: an SSH server is there and starts at boot.

use std::path::Path;

use super::ssh_socket::{self, Listen};
use crate::check::kinds::sshd::refused;
use crate::check::{Finding, Observation, Status};
use crate::image::text::visible;
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

/// The names that distributions give the server's units.
pub(crate) const UNITS: [&str; 4] = ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"];

/// Debian's units and scripts start no server while this exists.
pub(crate) const NOT_TO_BE_RUN: &str = "/etc/ssh/sshd_not_to_be_run";

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    let units: Vec<&Unit> = image.units()?.units.iter().filter(|unit| UNITS.contains(&unit.name.as_str())).collect();
    if sshd.main.is_none() && units.is_empty() {
        return Ok(Finding::new(Status::Fail, "There is no SSH server; AWS scans a Linux image over SSH."));
    }
    if image.lstat(Path::new(NOT_TO_BE_RUN))?.is_some() {
        let fail = "The SSH server is told not to run.";
        return Ok(Finding::new(Status::Fail, fail).seen([Observation::at(NOT_TO_BE_RUN)]));
    }
    let seen = |state: &str, unit: &Unit| {
        let path = unit.enabled_by.first().unwrap_or(&unit.path);
        Observation::at(path).text(format!("{} is {state}", unit.name))
    };
    if let Some(unit) = units.iter().find(|unit| unit.state == State::Enabled) {
        if let Some(refused) = refused(sshd, "so it would not start") {
            return Ok(refused);
        }
        let effective = sshd.effective(None);
        let ports = effective.get("port").map_or_else(String::new, |setting| visible(&setting.values.join(", ")));
        if let Some(listens) = ssh_socket::listens(image)? {
            return Ok(on_demand(&listens, &ports).seen([seen("enabled", unit)]));
        }
        let how = if unit.name.ends_with(".socket") { "on demand, through its socket unit" } else { "at boot" };
        let text =
            format!("The SSH server starts {how}; its configuration says port {ports}: declare that for scanning.");
        return Ok(Finding::new(Status::Pass, text).seen([seen("enabled", unit)]));
    }
    let not_on = units.iter().filter(|unit| unit.state != State::Missing).map(|unit| {
        let state = match unit.state {
            State::Masked => "masked",
            State::Static | State::Other => "not judged by its links",
            _ => "not enabled",
        };
        seen(state, unit)
    });
    let is_odd = units.is_empty() || units.iter().all(|unit| matches!(unit.state, State::Static | State::Other));
    Ok(if is_odd {
        Finding::new(Status::Unknown, "No unit shows whether the SSH server starts at boot.")
    } else {
        Finding::new(Status::Fail, "The SSH server does not start at boot.")
    }
    .seen(not_on))
}

/// The server behind a socket, which listens where the socket says; sshd's own ports have no effect.
fn on_demand(listens: &[Listen], configured: &str) -> Finding {
    let mut ports: Vec<String> = listens.iter().filter_map(Listen::port).map(|port| port.to_string()).collect();
    ports.dedup();
    let seen = |listen: &Listen| {
        Observation::at(&listen.path).line(listen.line).text(format!("ListenStream={}", visible(&listen.value)))
    };
    if ports.is_empty() {
        let fail = "The SSH server starts through its socket unit, and that listens on no TCP port.";
        return Finding::new(Status::Fail, fail).seen(listens.iter().map(seen));
    }
    let ports = ports.join(", ");
    let but = if ports == configured {
        String::new()
    } else {
        format!(" (the port {configured} of sshd's configuration has no effect)")
    };
    let text =
        format!("The SSH server starts on demand; its socket unit says port {ports}{but}: declare that for scanning.");
    Finding::new(Status::Pass, text).seen(listens.iter().map(seen))
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn installed() -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "Port 22\n");
        fixture
    }

    #[test]
    fn an_image_without_a_server_fails() {
        assert_eq!(judged(&Fixture::debian().image(), "SSH-07").status, Status::Fail);
    }

    #[test]
    fn the_link_decides_and_the_fix_makes_it_with_its_alias() {
        let fixture = installed();
        assert_eq!(judged(&fixture.image(), "SSH-07").status, Status::Fail);
        let after = mended(&fixture.image(), "SSH-07");
        for link in ["/etc/systemd/system/multi-user.target.wants/ssh.service", "/etc/systemd/system/sshd.service"] {
            let target = after.read_link(link.as_ref()).unwrap();
            assert_eq!(target, Some("/usr/lib/systemd/system/ssh.service".into()), "{link}");
        }
    }

    #[test]
    fn a_mask_and_the_file_that_forbids_it_are_taken_away() {
        let fixture = installed();
        fixture.link("/etc/systemd/system/ssh.service", "/dev/null").file("/etc/ssh/sshd_not_to_be_run", "");
        assert_eq!(judged(&fixture.image(), "SSH-07").status, Status::Fail);
        assert_eq!(judged(&fixture.image(), "SSH-01").status, Status::Fail, "the configuration is judged all the same");
        assert_eq!(judged(&fixture.image(), "SSH-12").status, Status::Pass);
        mended(&fixture.image(), "SSH-07");
    }

    #[test]
    fn a_socket_will_do() {
        let fixture = installed();
        fixture
            .file(
                "/usr/lib/systemd/system/ssh.socket",
                "[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n",
            )
            .link("/etc/systemd/system/sockets.target.wants/ssh.socket", "/usr/lib/systemd/system/ssh.socket");
        assert_eq!(judged(&fixture.image(), "SSH-07").status, Status::Pass);
        fixture.file("/etc/systemd/system/ssh.socket.d/p.conf", "[Socket]\nListenStream=\nListenStream=2222\n");
        let finding = judged(&fixture.image(), "SSH-07");
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("port 2222 (the port 22"), "{}", finding.summary);
        fixture.file("/etc/systemd/system/ssh.socket.d/p.conf", "[Socket]\nListenStream=\nListenStream=/run/ssh\n");
        assert_eq!(judged(&fixture.image(), "SSH-07").status, Status::Fail);
    }
}
