//! BOT-12: a firewall of the image's own lets in what the image serves.

use super::listeners;
use super::ssh_reachable::{Door, EVERYBODY, firewalls};
use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    if !firewalls::any(image)? {
        return Ok(Finding::new(
            Status::Pass,
            "No firewall starts on the image; the buyer's security group decides alone.",
        ));
    }
    let (mut shut, mut unclear, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for listener in listeners::all(image)?.iter().filter(|listener| listener.protocol == "tcp") {
        let who = format!("tcp {} ({})", listener.port, crate::image::text::visible(&listener.service));
        let doors = firewalls::judge(image, listener.port, EVERYBODY)?;
        if doors.iter().all(|door| *door == Door::Open) {
            open.push(Observation::fact(format!("{who} is let in")));
        }
        for door in doors {
            match door {
                Door::Open => {}
                Door::Shut(seen) => shut.push(named(seen, &who, "is shut")),
                Door::Unclear(seen) => unclear.push(named(seen, &who, "may be shut")),
            }
        }
    }
    Ok(if !shut.is_empty() {
        Finding::new(Status::Fail, "The image's own firewall shuts out what the image serves.").seen(shut).seen(unclear)
    } else if !unclear.is_empty() {
        let what = "Whether the image's own firewall lets the product in cannot be told from its rules; try it.";
        Finding::new(Status::Unknown, what).seen(unclear)
    } else {
        Finding::new(Status::Pass, "The image's own firewall lets in everything that is known to listen.").seen(open)
    })
}

fn named(seen: Observation, who: &str, how: &str) -> Observation {
    let said = seen.text.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    Observation { text: Some(format!("{who} {how}{said}")), ..seen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn on(fixture: &Fixture, unit: &str) {
        let path = format!("/usr/lib/systemd/system/{unit}");
        fixture.file(&path, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
        fixture.link(&format!("/etc/systemd/system/multi-user.target.wants/{unit}"), &path);
    }

    fn served() -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n");
        for unit in ["ssh.service", "nginx.service"] {
            if unit == "nginx.service" {
                on(&fixture, unit);
            } else {
                fixture.link(
                    "/etc/systemd/system/multi-user.target.wants/ssh.service",
                    "/usr/lib/systemd/system/ssh.service",
                );
            }
        }
        fixture.file("/etc/nginx/nginx.conf", "listen 443 ssl;\n");
        fixture
    }

    #[test]
    fn no_firewall_shuts_nothing() {
        assert_eq!(judged(&served().image(), "BOT-12").status, Status::Pass);
    }

    #[test]
    fn a_port_that_is_not_let_in_is_named() {
        let fixture = served();
        on(&fixture, "netfilter-persistent.service");
        let rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n";
        fixture.file("/etc/iptables/rules.v4", rules);
        let finding = judged(&fixture.image(), "BOT-12");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1));
        assert!(format!("{finding:?}").contains("tcp 443 (nginx) is shut"), "{finding:?}");
        fixture.file("/etc/iptables/rules.v4", rules.replace("22", "443"));
        assert!(format!("{:?}", judged(&fixture.image(), "BOT-12")).contains("tcp 22 (sshd) is shut"));
        fixture.file("/etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\n-A INPUT -j other\nCOMMIT\n");
        assert_eq!(judged(&fixture.image(), "BOT-12").status, Status::Unknown);
        fixture.remove("/etc/iptables/rules.v4").fifo("/etc/iptables/rules.v4");
        assert_eq!(judged(&fixture.image(), "BOT-12").status, Status::Unknown);
    }
}
