//! PRD-10: the rules that the security group in the listing would need, as far as the image tells.

use serde::Serialize;

use super::listeners::{self, Listener};
use crate::check::{Finding, Status};
use crate::image::{Error, Image};

/// Ports for administration: open to a range the buyer chooses, never to the world.
const ADMINISTRATION: [u16; 12] = [22, 3306, 5432, 5672, 6379, 8086, 9090, 9200, 10_000, 11_211, 27_017, 2049];

/// The private networks of RFC 1918, which stand for the range the buyer chooses.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// A rule as the listing takes it: an item of `SecurityGroups` in a change set of type `AddDeliveryOptions`
/// (AWS Marketplace Catalog API, "Add a new version").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupRule {
    /// `tcp` or `udp`.
    pub ip_protocol: &'static str,
    /// The first port.
    pub from_port: u16,
    /// The last port.
    pub to_port: u16,
    /// Who gets in, as CIDR blocks.
    pub ip_ranges: Vec<&'static str>,
}

/// The rules that follow from what listens on the image, each once, by port. What is for administration is open to
/// private networks; the publisher puts in what fits.
///
/// # Errors
/// When what listens cannot be found out.
pub fn security_group_rules(image: &Image) -> Result<Vec<SecurityGroupRule>, Error> {
    let listeners = listeners::all(image)?;
    let rule = |listener: &Listener| SecurityGroupRule {
        ip_protocol: listener.protocol,
        from_port: listener.port,
        to_port: listener.port,
        ip_ranges: if is_administration(listener) { PRIVATE.to_vec() } else { vec!["0.0.0.0/0"] },
    };
    let mut rules: Vec<SecurityGroupRule> = listeners.iter().filter(|listener| !is_own(listener)).map(rule).collect();
    rules.sort_by_key(|rule| (rule.from_port, rule.ip_protocol));
    rules.dedup_by_key(|rule| (rule.from_port, rule.ip_protocol));
    Ok(rules)
}

fn is_administration(listener: &Listener) -> bool {
    listener.service.starts_with("sshd") || ADMINISTRATION.contains(&listener.port)
}

/// What the machine opens for itself: a DHCP client's and a time client's sockets take answers, which security groups
/// let in anyway.
fn is_own(listener: &Listener) -> bool {
    listener.protocol == "udp" && matches!(listener.port, 68 | 123 | 323 | 546 | 5353 | 5355)
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let listeners = listeners::all(image)?;
    let served: Vec<_> = listeners.iter().filter(|listener| !is_own(listener)).collect();
    let seen = served.iter().map(|listener| {
        listener.observation(if is_administration(listener) {
            " from the administrators' range"
        } else {
            " from 0.0.0.0/0"
        })
    });
    let summary = match served.len() {
        0 => "Nothing on the image is known to listen. Compare the listing's rules with what your product opens.",
        _ => {
            "Compare the listing's rules with these, which follow from what listens on the image \
             (`seaworthy facts security-group --format json` prints them for the form)."
        }
    };
    Ok(Finding::new(Status::Attest, summary).seen(seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn administration_is_not_for_the_world() {
        let fixture = Fixture::debian();
        let unit = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
        for name in ["nginx.service", "mariadb.service"] {
            fixture.file(&format!("/usr/lib/systemd/system/{name}"), unit);
            fixture.link(
                &format!("/etc/systemd/system/multi-user.target.wants/{name}"),
                &format!("/usr/lib/systemd/system/{name}"),
            );
        }
        fixture.file("/etc/nginx/nginx.conf", "listen 443 ssl;\n");
        let finding = check(&fixture.image()).unwrap();
        let rules: Vec<_> = finding.observations.iter().filter_map(|seen| seen.text.as_deref()).collect();
        assert_eq!(
            rules,
            ["tcp 443 (nginx) from 0.0.0.0/0", "tcp 3306 (mariadb.service) from the administrators' range"]
        );
        assert_eq!(finding.status, Status::Attest);
        let rules = security_group_rules(&fixture.image()).unwrap();
        let written = serde_json::to_string(&rules[0]).unwrap();
        assert_eq!(written, r#"{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"IpRanges":["0.0.0.0/0"]}"#);
        assert_eq!((rules[1].from_port, rules[1].ip_ranges.len()), (3306, 3));
    }
}
