//! BOT-08: no service takes passwords in clear text.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::units::{State, Units};
use crate::image::{Error, Image, text};

/// Units of services that know nothing but clear text.
const CLEAR: [&str; 14] = [
    "telnet.socket",
    "telnetd.service",
    "telnet.service",
    "inetutils-telnetd.service",
    "rsh.socket",
    "rlogin.socket",
    "rexec.socket",
    "rsh.service",
    "proftpd.service",
    "pure-ftpd.service",
    "ftpd.service",
    "tnftpd.service",
    "uw-imapd.service",
    "in.telnetd.service",
];

/// Super-servers, and the names under which inetd.conf(5) and xinetd.conf(5) start such services.
const SUPER_SERVERS: [&str; 4] =
    ["inetd.service", "openbsd-inetd.service", "inetutils-inetd.service", "xinetd.service"];
const STARTED: [&str; 9] = ["telnet", "ftp", "shell", "login", "exec", "pop2", "pop3", "imap", "imap2"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let units = image.units()?;
    let mut seen: Vec<Observation> = CLEAR.iter().flat_map(|name| enabled(units, name)).collect();
    let ftp = enabled(units, "vsftpd.service");
    if !ftp.is_empty() && !vsftpd_insists_on_tls(image)? {
        seen.extend(ftp);
    }
    if SUPER_SERVERS.iter().any(|name| !enabled(units, name).is_empty()) {
        seen.extend(super_server_lines(image)?);
    }
    if !enabled(units, "dovecot.service").is_empty() {
        seen.extend(dovecot_lines(image)?);
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "No service that takes passwords in clear text starts.")
    } else {
        Finding::new(Status::Fail, "Services that take passwords in clear text start at boot.").seen(seen)
    })
}

fn enabled(units: &Units, name: &str) -> Vec<Observation> {
    let Some(unit) = units.unit(name).filter(|unit| unit.state == State::Enabled) else { return Vec::new() };
    let paths = if unit.enabled_by.is_empty() { std::slice::from_ref(&unit.path) } else { &unit.enabled_by };
    paths.iter().map(|path| Observation::at(path).text(format!("{} is enabled", unit.name))).collect()
}

/// vsftpd.conf(5): `ssl_enable` is off unless set; `force_local_logins_ssl` is on unless set.
fn vsftpd_insists_on_tls(image: &Image) -> Result<bool, Error> {
    let mut on = false;
    let mut forced = true;
    for path in ["/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf"] {
        for line in image.read_text(Path::new(path))?.unwrap_or_default().lines() {
            match line.trim_end().split_once('=') {
                Some(("ssl_enable", value)) => on = value.eq_ignore_ascii_case("yes"),
                Some(("force_local_logins_ssl", value)) => forced = value.eq_ignore_ascii_case("yes"),
                _ => {}
            }
        }
    }
    Ok(on && forced)
}

fn super_server_lines(image: &Image) -> Result<Vec<Observation>, Error> {
    let mut seen = Vec::new();
    lines(image, Path::new("/etc/inetd.conf"), &mut seen, |line| {
        line.split_ascii_whitespace().next().is_some_and(|name| STARTED.contains(&name))
    })?;
    for path in image.glob("/etc/xinetd.d/*")? {
        let text = image.read_text(&path)?.unwrap_or_default();
        let off = text.lines().any(|line| line.split('=').map(str::trim).eq(["disable", "yes"]));
        if !off {
            lines(image, &path, &mut seen, |line| {
                let mut words = line.split_ascii_whitespace();
                words.next() == Some("service") && words.next().is_some_and(|name| STARTED.contains(&name))
            })?;
        }
    }
    Ok(seen)
}

/// dovecot's `disable_plaintext_auth` (until 2.3) and `auth_allow_cleartext` (since 2.4).
fn dovecot_lines(image: &Image) -> Result<Vec<Observation>, Error> {
    let mut seen = Vec::new();
    for path in image.glob("/etc/dovecot/**/*.conf")? {
        lines(image, &path, &mut seen, |line| {
            let setting: Vec<&str> = line.split('=').map(str::trim).collect();
            matches!(setting.as_slice(), ["disable_plaintext_auth", "no"] | ["auth_allow_cleartext", "yes"])
        })?;
    }
    Ok(seen)
}

/// Lines of the file at `path` that are no comment and for which `counts`.
fn lines(image: &Image, path: &Path, seen: &mut Vec<Observation>, counts: impl Fn(&str) -> bool) -> Result<(), Error> {
    let text = image.read_text(path)?.unwrap_or_default();
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with('#') && counts(line.trim()) {
            seen.push(Observation::at(path).line(number).text(text::visible(line.trim())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn with(unit: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file(
            &format!("/usr/lib/systemd/system/{unit}"),
            "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        );
        fixture.link(
            &format!("/etc/systemd/system/multi-user.target.wants/{unit}"),
            &format!("/usr/lib/systemd/system/{unit}"),
        );
        fixture
    }

    fn status(fixture: &Fixture) -> Status {
        check(&fixture.image()).map_or(Status::Unknown, |finding| finding.status)
    }

    #[test]
    fn telnet_fails_and_nothing_passes() {
        assert_eq!(status(&Fixture::debian()), Status::Pass);
        assert_eq!(status(&with("telnet.socket")), Status::Fail);
    }

    #[test]
    fn ftp_passes_only_when_it_insists_on_tls() {
        let fixture = with("vsftpd.service");
        assert_eq!(status(&fixture), Status::Fail);
        fixture.file("/etc/vsftpd.conf", "listen=NO\nssl_enable=YES\n");
        assert_eq!(status(&fixture), Status::Pass);
        fixture.file("/etc/vsftpd.conf", "ssl_enable=YES\nforce_local_logins_ssl=NO\n");
        assert_eq!(status(&fixture), Status::Fail);
    }

    #[test]
    fn lines_of_inetd_count_when_it_runs() {
        let fixture = Fixture::debian();
        fixture.file("/etc/inetd.conf", "#ftp stream tcp\ntelnet stream tcp nowait root /usr/sbin/in.telnetd\n");
        assert_eq!(status(&fixture), Status::Pass);
        let fixture = with("openbsd-inetd.service");
        fixture.file("/etc/inetd.conf", "#ftp stream tcp\ntelnet stream tcp nowait root /usr/sbin/in.telnetd\n");
        let finding = check(&fixture.image()).unwrap();
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)));
    }

    #[test]
    fn dovecot_must_not_take_clear_text() {
        let fixture = with("dovecot.service");
        fixture.file("/etc/dovecot/conf.d/10-auth.conf", "#disable_plaintext_auth = no\n");
        assert_eq!(status(&fixture), Status::Pass);
        fixture.file("/etc/dovecot/conf.d/10-auth.conf", "disable_plaintext_auth = no\n");
        assert_eq!(status(&fixture), Status::Fail);
        fixture.remove("/etc/dovecot/conf.d/10-auth.conf").fifo("/etc/dovecot/conf.d/10-auth.conf");
        assert_eq!(status(&fixture), Status::Unknown);
    }
}
