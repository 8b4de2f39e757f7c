//! SEC-14: certificates that servers are set to use are within their dates, and their keys are not delivered with the
//! image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use jiff::civil::Date;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::check::{Context, Finding, Observation, Status};
use crate::image::{Error, Image, Kind, text};

/// A server's configuration: its files, and the words before a certificate and before its key.
struct Server {
    files: &'static [&'static str],
    certificate: &'static [&'static str],
    key: &'static [&'static str],
}

const SERVERS: [Server; 5] = [
    Server {
        files: &["/etc/nginx/nginx.conf", "/etc/nginx/{conf.d,sites-enabled,snippets}/*"],
        certificate: &["ssl_certificate"],
        key: &["ssl_certificate_key"],
    },
    Server {
        files: &[
            "/etc/apache2/apache2.conf",
            "/etc/apache2/{sites,conf,mods}-enabled/*",
            "/etc/httpd/conf/httpd.conf",
            "/etc/httpd/conf.d/*.conf",
        ],
        certificate: &["SSLCertificateFile"],
        key: &["SSLCertificateKeyFile"],
    },
    Server {
        files: &["/etc/postfix/main.cf"],
        certificate: &["smtpd_tls_cert_file", "smtpd_tls_eccert_file"],
        key: &["smtpd_tls_key_file", "smtpd_tls_eckey_file", "smtpd_tls_chain_files"],
    },
    Server {
        files: &["/etc/dovecot/**/*.conf"],
        certificate: &["ssl_cert", "ssl_server_cert_file"],
        key: &["ssl_key", "ssl_server_key_file"],
    },
    Server { files: &["/etc/haproxy/haproxy.cfg"], certificate: &[], key: &["crt"] },
];

/// Pairs that distributions make when a package is installed, used by whatever server is set up first.
const MADE_BY_PACKAGES: [(&str, &str); 2] = [
    ("/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/private/ssl-cert-snakeoil.key"),
    ("/etc/pki/tls/certs/localhost.crt", "/etc/pki/tls/private/localhost.key"),
];

/// Shorter than this is a remark.
const SOON: i32 = 30;

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let (certificates, keys) = in_use(image)?;
    let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
    for path in &keys {
        if image.stat(path)?.is_some_and(|meta| meta.kind == Kind::File && meta.size > 0) {
            wrong.push(Observation::at(path).text("this key would be the same on every copy"));
        }
    }
    for path in &certificates {
        let Some(bytes) = image.read(path)? else {
            remarks.push(Observation::at(path).text("not there: the first boot must bring it"));
            continue;
        };
        match judge(&bytes, context.today) {
            Ok(remark) => remarks.push(Observation::at(path).text(remark)),
            Err(problem) => wrong.push(Observation::at(path).text(problem)),
        }
    }
    Ok(if !wrong.is_empty() {
        Finding::new(Status::Fail, "Certificates in use are out of date, or their keys are on the image.").seen(wrong)
    } else if certificates.is_empty() && keys.is_empty() {
        Finding::new(Status::Pass, "No server is set to use a certificate.")
    } else {
        Finding::new(
            Status::Pass,
            "The certificates in use are within their dates, and no key of theirs is on the image.",
        )
    }
    .seen(remarks))
}

/// Certificates and keys that servers are set to use.
fn in_use(image: &Image) -> Result<(BTreeSet<PathBuf>, BTreeSet<PathBuf>), Error> {
    let (mut certificates, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for server in SERVERS {
        for path in server.files.iter().map(|pattern| image.glob(pattern)).collect::<Result<Vec<_>, _>>()?.concat() {
            if image.stat(&path)?.is_none_or(|meta| meta.kind != Kind::File) {
                continue;
            }
            let configuration = image.read_text(&path)?.unwrap_or_default();
            // Names that are not absolute are looked up in the server's own directory, such as /etc/nginx.
            let base: PathBuf = path.components().take(3).collect();
            certificates.extend(values(&configuration, server.certificate).map(|value| base.join(value)));
            keys.extend(values(&configuration, server.key).map(|value| base.join(value)));
        }
    }
    for path in image.glob("/etc/cockpit/ws-certs.d/*.{cert,crt}")? {
        keys.insert(path.with_extension("key"));
        certificates.insert(path);
    }
    for (certificate, key) in MADE_BY_PACKAGES {
        if image.stat(Path::new(key))?.is_some() {
            certificates.insert(certificate.into());
            keys.insert(key.into());
        }
    }
    Ok((certificates, keys))
}

/// The paths after one of `words`, quotes and punctuation taken off. What is no plain path (a variable, a URL) is left
/// out.
fn values<'t>(configuration: &'t str, words: &'t [&str]) -> impl Iterator<Item = &'t str> {
    configuration.lines().filter_map(move |line| {
        let mut parts = line.split(|sign: char| sign.is_ascii_whitespace() || matches!(sign, '=' | ';' | '"' | '<'));
        let mut parts = parts.by_ref().filter(|part| !part.is_empty()).take_while(|part| !part.starts_with('#'));
        parts.find(|part| words.contains(part))?;
        let value = parts.next()?;
        (!value.contains(['$', '%', ':', '{'])).then_some(value)
    })
}

/// A remark on the first certificate of a PEM file, or what is wrong with it.
fn judge(pem: &[u8], today: Date) -> Result<String, String> {
    let certificate = first(pem).ok_or("this is no certificate")?;
    let certificate = certificate.tbs_certificate();
    let (begin, end) = (day(certificate.validity().not_before), day(certificate.validity().not_after));
    let name = text::visible(&certificate.subject().to_string());
    if end < today {
        return Err(format!("{name}: out of date since {end}"));
    }
    if begin > today {
        return Err(format!("{name}: not valid before {begin}"));
    }
    let signed = if certificate.issuer() == certificate.subject() { ", signed by itself" } else { "" };
    let left = today.until(end).map_or(0, |span| span.get_days());
    let soon = if left < SOON { ", which is soon" } else { "" };
    Ok(format!("{name}: valid until {end}{soon}{signed}"))
}

fn first(pem: &[u8]) -> Option<Certificate> {
    let start = memchr::memmem::find(pem, b"-----BEGIN CERTIFICATE-----")? + b"-----BEGIN CERTIFICATE-----".len();
    let rest = pem.get(start..)?;
    let body = rest.get(..memchr::memmem::find(rest, b"-----END")?)?;
    let body: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Certificate::from_der(&Base64::decode_vec(str::from_utf8(&body).ok()?).ok()?).ok()
}

fn day(time: Time) -> Date {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use jiff::civil::date;

    /// CN=example, signed by itself, valid from 2026-01-01 to 2027-01-01.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBCzCBsgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleGFtcGxlMB4XDTI2\n\
MDEwMTAwMDAwMFoXDTI3MDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZ\n\
MBMGByqGSM49AgEGCCqGSM49AwEHA0IABPaKpJnrHuN5heRDRgb30WnMwI/zMTxI\n\
8FNllaYSEGyKIOQqshVfVevyxPHMDFZQpe8WzNjpRNIHHdmcbj+zS5UwCgYIKoZI\n\
zj0EAwIDSAAwRQIgQDtyPIJzQbGzy4/dAhw2okHqXXb4QXH+e5ODdFRVffoCIQCo\n\
sQ9K/n/9eXOzEnt28zihK30UlRMtzObmuBexebJ3Cg==\n\
-----END CERTIFICATE-----\n";

    fn on(fixture: &Fixture, today: Date) -> Finding {
        check(&fixture.image(), &Context::on(today)).unwrap()
    }

    fn nginx() -> Fixture {
        let fixture = Fixture::debian();
        fixture.file(
            "/etc/nginx/sites-enabled/default",
            "server {\n  # ssl_certificate /etc/old.pem;\n  ssl_certificate /etc/ssl/server.pem;\n  ssl_certificate_key \"private/server.key\";\n  ssl_certificate $host;\n}\n",
        );
        fixture.file("/etc/ssl/server.pem", format!("Bag Attributes\n{CERTIFICATE}"));
        fixture
    }

    #[test]
    fn dates_decide() {
        let finding = on(&nginx(), date(2026, 11, 22));
        assert_eq!(finding.status, Status::Pass);
        let text = finding.observations[0].text.as_deref().unwrap();
        assert_eq!(text, "CN=example: valid until 2027-01-01, signed by itself");
        assert!(on(&nginx(), date(2026, 12, 20)).observations[0].text.as_deref().unwrap().contains("soon"));
        assert_eq!(on(&nginx(), date(2027, 1, 2)).status, Status::Fail);
        assert_eq!(on(&nginx(), date(2025, 12, 30)).status, Status::Fail);
    }

    #[test]
    fn a_key_on_the_image_fails() {
        let fixture = nginx();
        fixture.file("/etc/nginx/private/server.key", "key");
        let finding = on(&fixture, date(2026, 11, 22));
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.observations[0].path.as_deref(), Some(Path::new("/etc/nginx/private/server.key")));
    }

    #[test]
    fn the_pair_of_a_package_counts_while_its_key_is_there() {
        let fixture = Fixture::debian();
        fixture.file("/etc/ssl/certs/ssl-cert-snakeoil.pem", CERTIFICATE);
        assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
        fixture.file("/etc/ssl/private/ssl-cert-snakeoil.key", "key");
        assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Fail);
    }

    #[test]
    fn every_servers_words_are_read() {
        let read = |line: &'static str, words: &'static [&str]| values(line, words).next();
        assert_eq!(read("  SSLCertificateFile \"/a b.pem\"", &["SSLCertificateFile"]), Some("/a"));
        assert_eq!(read("smtpd_tls_cert_file=/etc/ssl/x.pem", &["smtpd_tls_cert_file"]), Some("/etc/ssl/x.pem"));
        assert_eq!(read("ssl_cert = </etc/dovecot/x.pem", &["ssl_cert"]), Some("/etc/dovecot/x.pem"));
        assert_eq!(read("  bind :443 ssl crt /etc/haproxy/x.pem", &["crt"]), Some("/etc/haproxy/x.pem"));
        assert_eq!(read("# ssl_cert = </etc/dovecot/x.pem", &["ssl_cert"]), None);
    }

    #[test]
    fn what_is_no_certificate_fails_and_what_cannot_be_read_is_unknown() {
        let fixture = nginx();
        for odd in ["", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
            fixture.file("/etc/ssl/server.pem", odd);
            assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Fail, "{odd}");
        }
        fixture.remove("/etc/ssl/server.pem");
        assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
        fixture.fifo("/etc/ssl/server.pem");
        let looked = check(&fixture.image(), &Context::on(date(2026, 11, 22)));
        assert!(looked.is_err());
    }
}
