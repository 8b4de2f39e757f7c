//! Certificates and the servers that use them.

use base64ct::{Base64, Encoding as _};

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
fn what_is_no_certificate_is_unknown_and_what_is_missing_is_the_first_boots_to_bring() {
    let fixture = nginx();
    for odd in ["", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        fixture.file("/etc/ssl/server.pem", odd);
        let error = check(&fixture.image(), &Context::on(date(2026, 11, 22))).unwrap_err();
        assert_eq!(error.path, Path::new("/etc/ssl/server.pem"), "{odd}");
    }
    fixture.remove("/etc/ssl/server.pem");
    assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
    fixture.fifo("/etc/ssl/server.pem");
    assert!(check(&fixture.image(), &Context::on(date(2026, 11, 22))).is_err());
}

#[test]
fn every_certificate_of_a_chain_counts() {
    let fixture = nginx();
    fixture.file("/etc/ssl/server.pem", CERTIFICATE.repeat(3));
    assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    fixture.file("/etc/ssl/server.pem", format!("{CERTIFICATE}{odd}"));
    assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
    assert_eq!(on(&fixture, date(2027, 11, 22)).status, Status::Fail);
}

#[test]
fn a_file_that_holds_both_fails() {
    let fixture = Fixture::debian();
    let key = Base64::encode_string(
        &[&[0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32][..], &[3; 32]].concat(),
    );
    let label = "PRIVATE KEY";
    let both = format!("{CERTIFICATE}-----BEGIN {label}-----\n{key}\n-----END {label}-----\n");
    fixture.file("/etc/haproxy/haproxy.cfg", "frontend www\n  bind :443 ssl crt /etc/haproxy/certs/\n");
    fixture.file("/etc/haproxy/certs/www.pem", CERTIFICATE);
    assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass);
    fixture.file("/etc/haproxy/certs/www.pem", both);
    assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Fail);
}

#[test]
fn keys_at_the_places_of_lets_encrypt_and_cockpit_fail() {
    for (certificate, key) in [
        ("/etc/letsencrypt/live/www.example.org/fullchain.pem", "/etc/letsencrypt/live/www.example.org/privkey.pem"),
        ("/etc/cockpit/ws-certs.d/0-self-signed.cert", "/etc/cockpit/ws-certs.d/0-self-signed.key"),
    ] {
        let fixture = Fixture::debian();
        fixture.file(certificate, CERTIFICATE);
        assert_eq!(on(&fixture, date(2026, 11, 22)).status, Status::Pass, "{certificate}");
        fixture.file(key, "key");
        let finding = on(&fixture, date(2026, 11, 22));
        assert_eq!(finding.status, Status::Fail, "{key}");
        assert_eq!(finding.observations[0].path.as_deref(), Some(Path::new(key)));
    }
}

proptest::proptest! {
    /// Nothing that stands in for a certificate makes it panic.
    #[test]
    fn any_bytes_are_survived(
        at in 0..270_usize, with: u8, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
    ) {
        let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = Base64::decode_vec(&body).unwrap();
        if let Some(byte) = der.get_mut(at) {
            *byte = with;
        }
        for der in [der, bytes] {
            let body = Base64::encode_string(&der);
            let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
            judge(pem.as_bytes(), date(2026, 11, 22));
            judge(&der, date(2026, 11, 22));
        }
    }
}
