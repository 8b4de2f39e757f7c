//! What the image will listen on: sockets when it is live, else what services that start at boot are known and set to
//! open. Evidence for a person, not proof: a product of one's own is in no list.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::check::Observation;
use crate::image::live::sockets;
use crate::image::units::{State, Unit};
use crate::image::{Error, Image, text};

/// Something that listens, not on the loopback interface alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listener {
    pub(super) port: u16,
    pub(super) protocol: &'static str,
    /// The program or service.
    pub(super) service: String,
    /// Whether what it speaks is encrypted, where the port or the configuration tells.
    pub(super) encrypted: Option<bool>,
    /// Where that is written; nowhere for a socket.
    pub(super) place: Option<(std::path::PathBuf, u32)>,
}

impl Listener {
    /// As an observation: where, and what listens there.
    pub(super) fn observation(&self, more: &str) -> Observation {
        let words = format!("{} {} ({}){more}", self.protocol, self.port, text::visible(&self.service));
        match &self.place {
            Some((path, line)) => Observation::at(path).line(*line).text(words),
            None => Observation::fact(words),
        }
    }
}

/// Units and the ports they open unless told otherwise: unit, protocol, port, encrypted.
const KNOWN: [(&str, &str, u16, Option<bool>); 25] = [
    ("postgresql.service", "tcp", 5432, None),
    ("mysql.service", "tcp", 3306, None),
    ("mysqld.service", "tcp", 3306, None),
    ("mariadb.service", "tcp", 3306, None),
    ("redis.service", "tcp", 6379, Some(false)),
    ("redis-server.service", "tcp", 6379, Some(false)),
    ("memcached.service", "tcp", 11211, Some(false)),
    ("mongod.service", "tcp", 27017, None),
    ("rabbitmq-server.service", "tcp", 5672, None),
    ("elasticsearch.service", "tcp", 9200, None),
    ("grafana-server.service", "tcp", 3000, None),
    ("jenkins.service", "tcp", 8080, None),
    ("tomcat.service", "tcp", 8080, None),
    ("tomcat9.service", "tcp", 8080, None),
    ("tomcat10.service", "tcp", 8080, None),
    ("prometheus.service", "tcp", 9090, None),
    ("named.service", "udp", 53, Some(false)),
    ("bind9.service", "udp", 53, Some(false)),
    ("vsftpd.service", "tcp", 21, None),
    ("postfix.service", "tcp", 25, None),
    ("exim4.service", "tcp", 25, None),
    ("squid.service", "tcp", 3128, Some(false)),
    ("snmpd.service", "udp", 161, None),
    ("nfs-server.service", "tcp", 2049, Some(false)),
    ("smbd.service", "tcp", 445, None),
];

/// Ports that stand for clear text (false) or TLS (true), whoever listens there.
fn by_port(port: u16) -> Option<bool> {
    match port {
        22 | 443 | 465 | 636 | 853 | 989..=995 | 8443 | 9443 => Some(true),
        21 | 23 | 69 | 80 | 110 | 111 | 143 | 389 | 512..=514 | 873 | 2049 | 6379 | 8080 | 11211 => Some(false),
        _ => None,
    }
}

/// Everything that listens or will, sorted by port.
pub(super) fn all(image: &Image) -> Result<Vec<Listener>, Error> {
    let mut found = BTreeSet::new();
    if let Some(live) = image.live() {
        for socket in live.sockets()?.iter().filter(|socket| !is_local(socket.address.ip())) {
            found.insert(Listener {
                port: socket.address.port(),
                protocol: socket.protocol,
                service: served_by(socket),
                encrypted: by_port(socket.address.port()),
                place: None,
            });
        }
        return Ok(found.into_iter().collect());
    }
    found.extend(socket_units(image)?);
    let units = image.units()?;
    let on = |name: &str| units.state(name) == State::Enabled;
    for (unit, protocol, port, encrypted) in KNOWN.into_iter().filter(|(unit, ..)| on(unit)) {
        found.insert(Listener { port, protocol, service: unit.to_owned(), encrypted, place: None });
    }
    if on("ssh.service") || on("sshd.service") || on("ssh.socket") {
        let sshd = image.sshd()?.effective(None);
        let ports = sshd.get("port").map(|setting| setting.values.clone()).unwrap_or_default();
        let ports: Vec<u16> = ports.iter().filter_map(|port| port.parse().ok()).collect();
        for port in if ports.is_empty() { vec![22] } else { ports } {
            found.insert(Listener {
                port,
                protocol: "tcp",
                service: "sshd".to_owned(),
                encrypted: Some(true),
                place: None,
            });
        }
    }
    if on("nginx.service") {
        found.extend(written(
            image,
            "nginx",
            &["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*"],
            nginx,
        )?);
    }
    if on("apache2.service") || on("httpd.service") {
        let files = [
            "/etc/apache2/ports.conf",
            "/etc/apache2/sites-enabled/*",
            "/etc/httpd/conf/httpd.conf",
            "/etc/httpd/conf.d/*.conf",
        ];
        found.extend(written(image, "Apache httpd", &files, apache)?);
    }
    Ok(found.into_iter().collect())
}

/// The program and the unit it runs in.
fn served_by(socket: &sockets::Listener) -> String {
    match (&socket.program, &socket.unit) {
        (Some(program), Some(unit)) => format!("{program}, {unit}"),
        (Some(program), None) => program.clone(),
        (None, _) => "program not seen".to_owned(),
    }
}

/// What enabled socket units listen on (systemd.socket(5), `ListenStream=` and `ListenDatagram=`).
fn socket_units(image: &Image) -> Result<Vec<Listener>, Error> {
    let mut found = Vec::new();
    let is_sshd = |unit: &Unit| matches!(unit.name.as_str(), "ssh.socket" | "sshd.socket");
    // sshd's ports are those of its configuration.
    let on = |unit: &&Unit| unit.state == State::Enabled && unit.name.ends_with(".socket") && !is_sshd(unit);
    for unit in image.units()?.units.iter().filter(on) {
        let text = image.read_text(&unit.path)?.unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            let (protocol, value) = match line.trim().split_once('=') {
                Some(("ListenStream", value)) => ("tcp", value.trim()),
                Some(("ListenDatagram", value)) => ("udp", value.trim()),
                _ => continue,
            };
            if let Some(port) = port(value) {
                let place = Some((unit.path.clone(), number));
                let encrypted = if unit.name == "cockpit.socket" { Some(true) } else { by_port(port) };
                found.push(Listener { port, protocol, service: unit.name.clone(), encrypted, place });
            }
        }
    }
    Ok(found)
}

fn is_local(address: IpAddr) -> bool {
    address.is_loopback()
        || matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some_and(|four| four.is_loopback()))
}

/// A port, and whether TLS is spoken there, where a line names one.
type Named = Option<(u16, Option<bool>)>;

/// The ports named in configuration files, by `read`, which gives the port of a line and whether TLS is spoken there.
fn written(image: &Image, service: &str, files: &[&str], read: fn(&str) -> Named) -> Result<Vec<Listener>, Error> {
    let mut found = Vec::new();
    for pattern in files {
        for path in image.glob(pattern)? {
            let text = image.read_text(&path)?.unwrap_or_default();
            for (number, line) in (1..).zip(text.lines()) {
                if let Some((port, encrypted)) = read(line.trim()) {
                    let place = Some((path.clone(), number));
                    let encrypted = encrypted.or_else(|| by_port(port));
                    found.push(Listener { port, protocol: "tcp", service: service.to_owned(), encrypted, place });
                }
            }
        }
    }
    Ok(found)
}

/// `listen 443 ssl;`, `listen [::]:80 default_server;` (`ngx_http_core_module`).
fn nginx(line: &str) -> Named {
    let mut words = line.strip_prefix("listen")?.trim_end_matches([';', ' ']).split_ascii_whitespace();
    let port = port(words.next()?)?;
    Some((port, Some(words.any(|word| matches!(word, "ssl" | "quic")))))
}

/// `Listen 443 https` (Apache `mpm_common`).
fn apache(line: &str) -> Named {
    let mut words = line.strip_prefix("Listen ")?.split_ascii_whitespace();
    let port = port(words.next()?)?;
    Some((port, words.next().map(|protocol| protocol.eq_ignore_ascii_case("https"))))
}

/// The port of `80`, `*:80`, `10.0.0.1:80` or `[::]:80`; `None` for a loopback address or a socket in a file.
fn port(address: &str) -> Option<u16> {
    let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
    let local = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(is_local);
    if local || host == "unix" {
        return None;
    }
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn listen_lines_are_read() {
        assert_eq!(nginx("listen 443 ssl http2;"), Some((443, Some(true))));
        assert_eq!(nginx("listen [::]:80 default_server;"), Some((80, Some(false))));
        assert_eq!(nginx("listen 127.0.0.1:8080;"), None);
        assert_eq!(nginx("listen [::1]:8080;"), None);
        assert_eq!(nginx("listen unix:/run/x.sock;"), None);
        assert_eq!(nginx("# listen 80;"), None);
        assert_eq!(apache("Listen 443 https"), Some((443, Some(true))));
        assert_eq!(apache("Listen 0.0.0.0:8081"), Some((8081, None)));
    }

    #[test]
    fn socket_units_listen_where_they_say() {
        let fixture = Fixture::debian();
        let text = "[Socket]\nListenStream=9090\nListenStream=127.0.0.1:99\nListenStream=/run/x.sock\nListenDatagram=[::]:514\n[Install]\nWantedBy=sockets.target\n";
        fixture
            .file("/usr/lib/systemd/system/cockpit.socket", text)
            .link("/etc/systemd/system/sockets.target.wants/cockpit.socket", "/usr/lib/systemd/system/cockpit.socket");
        let found = socket_units(&fixture.image()).unwrap();
        let seen: Vec<_> = found.iter().map(|listener| (listener.protocol, listener.port)).collect();
        assert_eq!(seen, [("tcp", 9090), ("udp", 514)]);
    }

    #[test]
    fn services_that_start_are_listed_with_their_ports() {
        let fixture = Fixture::debian();
        let unit = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
        for name in ["nginx.service", "redis-server.service"] {
            fixture.file(&format!("/usr/lib/systemd/system/{name}"), unit);
            fixture.link(
                &format!("/etc/systemd/system/multi-user.target.wants/{name}"),
                &format!("/usr/lib/systemd/system/{name}"),
            );
        }
        fixture
            .file("/etc/nginx/sites-enabled/default", "server {\n\tlisten 80 default_server;\n\tlisten 443 ssl;\n}\n");
        let found = all(&fixture.image()).unwrap();
        let seen: Vec<_> = found.iter().map(|listener| (listener.port, listener.encrypted)).collect();
        assert_eq!(seen, [(80, Some(false)), (443, Some(true)), (6379, Some(false))]);
        assert_eq!(found[0].place.as_ref().map(|(_, line)| *line), Some(2));
    }
}
