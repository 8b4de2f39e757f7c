//! PRD-08: a skeleton of the usage instructions, from what the image shows: how to log in, what listens, where data and
//! certificates lie, what runs. Evidence for a person who writes them.

use std::path::Path;

use super::{listeners, listing_details};
use crate::check::{Finding, Observation, Status, places};
use crate::image::units::State;
use crate::image::{Error, Image};

/// Where well-known programs keep what a buyer puts into them.
const DATA: [(&str, &str); 18] = [
    ("/var/lib/postgresql/*", "PostgreSQL"),
    ("/var/lib/pgsql/*", "PostgreSQL"),
    ("/var/lib/mysql", "MySQL or MariaDB"),
    ("/var/lib/mongo{,db}", "MongoDB"),
    ("/var/lib/redis", "Redis"),
    ("/var/lib/elasticsearch", "Elasticsearch"),
    ("/var/lib/opensearch", "OpenSearch"),
    ("/var/lib/influxdb", "InfluxDB"),
    ("/var/lib/grafana", "Grafana"),
    ("/var/lib/prometheus", "Prometheus"),
    ("/var/lib/rabbitmq", "RabbitMQ"),
    ("/var/lib/etcd", "etcd"),
    ("/var/lib/jenkins", "Jenkins"),
    ("/var/lib/docker/volumes", "Docker"),
    ("/var/www/*", "the web server"),
    ("/srv/*", "the product"),
    ("/var/opt/*", "the product"),
    ("/opt/*/{data,var,storage}", "the product"),
];

/// Where servers' certificates lie.
const CERTIFICATES: [&str; 3] = [
    "/etc/letsencrypt/live/*/fullchain.pem",
    "/etc/{nginx,apache2,httpd}/{ssl,tls,certs}/*.{crt,pem}",
    "/opt/*/{ssl,tls,certs}/*.{crt,pem}",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let user = listing_details::user(image).unwrap_or_else(|| "USER".to_owned());
    let port = listing_details::ports(image).unwrap_or_else(|| "22".to_owned());
    let mut seen = vec![Observation::fact(format!("log in: ssh -i KEY -p {port} {user}@ADDRESS"))];
    seen.extend(listeners::all(image)?.iter().map(|listener| listener.observation(": say what it is for")));
    for (pattern, owner) in DATA {
        for path in image.glob(&format!("{pattern}/"))? {
            if !image.list(&path)?.is_empty() {
                let words = format!("data of {owner}: say how it is encrypted, backed up and restored");
                seen.push(Observation::at(path).text(words));
            }
        }
    }
    let certificates = CERTIFICATES.map(str::to_owned);
    for path in places::matching(image, &certificates, &[])? {
        seen.push(Observation::at(path).text("a certificate: say how it is replaced"));
    }
    let units = image.units()?.units.iter();
    let own =
        units.filter(|unit| unit.state == State::Enabled && unit.name.ends_with(".service") && is_own(&unit.path));
    seen.extend(own.map(|unit| Observation::at(&unit.path).text(format!("health: systemctl status {}", unit.name))));
    let words = "Confirm that the usage instructions speak of each of these, and of quotas and costs.";
    Ok(Finding::new(Status::Attest, words).seen(seen))
}

/// Whether it was put there by a person: packages bring theirs below `/usr/lib`.
fn is_own(path: &Path) -> bool {
    ["/etc/systemd/system", "/usr/local/lib/systemd/system"].iter().any(|directory| path.starts_with(directory))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_skeleton_names_what_there_is() {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin").openssh("9.2p1").file("/etc/ssh/sshd_config", "");
        fixture.file("/var/lib/postgresql/15/main/PG_VERSION", "15\n").directory("/srv/empty");
        fixture.file("/etc/nginx/ssl/acme.crt", "x").file("/etc/nginx/ssl/acme.key", "x");
        let unit = "[Service]\nExecStart=/opt/acme/run\n[Install]\nWantedBy=multi-user.target\n";
        fixture.file("/etc/systemd/system/acme.service", unit);
        fixture.link("/etc/systemd/system/multi-user.target.wants/acme.service", "../acme.service");
        let finding = judged(&fixture.image(), "PRD-08");
        assert_eq!(finding.status, Status::Attest);
        let seen: Vec<_> = finding.observations.iter().filter_map(|seen| seen.text.as_deref()).collect();
        let wanted = [
            "log in: ssh -i KEY -p 22 admin@ADDRESS",
            "data of PostgreSQL: say how it is encrypted, backed up and restored",
            "a certificate: say how it is replaced",
            "health: systemctl status acme.service",
        ];
        assert_eq!(seen, wanted);
    }
}
