//! PRD-10: the rules that the security group in the listing would need, as far as the image tells.

use super::listeners;
use crate::check::{Finding, Status};
use crate::image::{Error, Image};

/// Ports for administration: open to a range the buyer chooses, never to the world.
const ADMINISTRATION: [u16; 12] = [22, 3306, 5432, 5672, 6379, 8086, 9090, 9200, 10_000, 11_211, 27_017, 2049];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let listeners = listeners::all(image)?;
    let seen = listeners.iter().map(|listener| {
        let administration = listener.service == "sshd" || ADMINISTRATION.contains(&listener.port);
        listener.observation(if administration { " from the administrators' range" } else { " from 0.0.0.0/0" })
    });
    let summary = match listeners.len() {
        0 => "Nothing on the image is known to listen. Compare the listing's rules with what your product opens.",
        _ => "Compare the listing's rules with these, which follow from what listens on the image.",
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
    }
}
