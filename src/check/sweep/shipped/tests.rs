use md5::{Digest as _, Md5};

use super::super::keys::fixture::{openssh, pem};
use super::super::{Sweep, sweep};
use super::*;
use crate::image::fixture::Fixture;
use crate::image::walk::Control;

fn md5(bytes: &str) -> String {
    use std::fmt::Write as _;
    Md5::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An armoured key that decodes: an OpenSSH private key as `ssh-keygen` writes it, with nothing secret in it.
fn key() -> String {
    pem("OPENSSH PRIVATE KEY", &openssh("none"))
}

fn id() -> String {
    ["AKIA", "QX7RT2ZLM4WB", "6KDP"].concat()
}

/// A package database below `root` in which `maker`'s package `name` brought `files`.
fn package(fixture: &Fixture, root: &str, name: &str, maker: &str, files: &[(&str, &str)]) {
    let path = format!("{root}/var/lib/dpkg/status");
    let old = if fixture.outside(&path).exists() { fixture.read(&path) } else { Vec::new() };
    let status = format!("Package: {name}\nStatus: install ok installed\nVersion: 1\nMaintainer: {maker}\n\n");
    fixture.file(&path, [old, status.into_bytes()].concat());
    let sums = files.iter().map(|(path, content)| format!("{}  {}", md5(content), path.trim_start_matches('/')));
    let sums: Vec<String> = sums.collect();
    fixture.file(&format!("{root}/var/lib/dpkg/info/{name}.md5sums"), sums.join("\n"));
    for (path, content) in files {
        fixture.file(&format!("{root}{path}"), content);
    }
}

const DEBIAN: &str = "A Team <team@lists.debian.org>";
const OTHER: &str = "Acme <dev@acme.example>";

fn swept(fixture: &Fixture) -> Sweep {
    sweep(&fixture.image(), &Control::default(), &|_| {}, &|_| {})
}

fn paths(sweep: &Sweep) -> Vec<&str> {
    sweep.hits.iter().map(|hit| hit.path.to_str().unwrap()).collect()
}

#[test]
fn what_a_package_brought_is_counted_for_the_package() {
    let fixture = Fixture::debian();
    let files = [("/usr/share/x/a.pem", key()), ("/usr/lib/x/b.pem", key()), ("/usr/lib/x/c", id())];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    package(&fixture, "", "x", DEBIAN, &files);
    let found = swept(&fixture);
    assert_eq!(paths(&found), [""; 0]);
    let brought: Vec<_> = found
        .shipped
        .iter()
        .map(|one| (one.kind, one.package.as_str(), one.files, one.first.to_str().unwrap()))
        .collect();
    assert_eq!(brought, [(Kind::PrivateKey, "x", 2, "/usr/lib/x/b.pem"), (Kind::AwsKey, "x", 1, "/usr/lib/x/c")]);
    fixture.file("/usr/lib/x/c", id() + "\n");
    assert_eq!(paths(&swept(&fixture)), ["/usr/lib/x/c"], "it was changed");
}

#[test]
fn a_key_that_every_copy_would_use_counts() {
    let fixture = Fixture::debian();
    let key = key();
    let files = ["/etc/x/x.key", "/usr/lib/x/a.key", "/usr/lib/x/b.key", "/usr/lib/x/c.key", "/usr/lib/x/d.key"];
    package(&fixture, "", "x", DEBIAN, &files.map(|path| (path, key.as_str())));
    fixture
        .file(
            "/etc/nginx/x.conf",
            "# /usr/lib/x/c.key\nssl_certificate_key /usr/lib/x/a.key;\nkey /usr/lib/x/d.key.pub\n",
        )
        .link("/etc/ssl/private/server.key", "/usr/lib/x/b.key");
    assert_eq!(paths(&swept(&fixture)), ["/etc/x/x.key", "/usr/lib/x/a.key", "/usr/lib/x/b.key"]);
}

#[test]
fn keys_of_the_distribution_s_update_service_are_its_own() {
    let fixture = Fixture::debian();
    let key = key();
    package(&fixture, "", "rhui-client", DEBIAN, &[("/etc/pki/rhui/content.key", &key)]);
    package(&fixture, "", "acme", OTHER, &[("/etc/pki/rhui/acme.key", &key)]);
    fixture.file("/etc/yum.repos.d/rhui.repo", "sslclientkey=/etc/pki/rhui/content.key\n");
    assert_eq!(paths(&swept(&fixture)), ["/etc/pki/rhui/acme.key"]);
}

#[test]
fn a_product_in_a_package_of_its_own_is_no_excuse() {
    let fixture = Fixture::debian();
    let (key, id) = (key(), id());
    let files = [
        ("/opt/acme/server.key", key.as_str()),
        ("/opt/acme/tests/server.key", key.as_str()),
        ("/usr/lib/acme/self-test.pem", key.as_str()),
        ("/usr/lib/acme/conf.py", id.as_str()),
        ("/opt/demo/conf.py", id.as_str()),
    ];
    package(&fixture, "", "acme", OTHER, &files);
    assert_eq!(paths(&swept(&fixture)), ["/opt/acme/server.key", "/opt/demo/conf.py", "/usr/lib/acme/conf.py"]);
}

#[test]
fn nothing_is_excused_by_what_cannot_be_read() {
    let fixture = Fixture::debian();
    let key = key();
    package(&fixture, "", "x", DEBIAN, &[("/usr/lib/x/a.pem", &key)]);
    fixture.file("/var/lib/dpkg/status", "Status: install ok installed\n");
    assert_eq!(paths(&swept(&fixture)), ["/usr/lib/x/a.pem"]);
}

#[test]
fn a_changed_file_has_no_excuse_in_another_place() {
    let fixture = Fixture::debian();
    let (key, other) = (key(), format!("# x\n{}", key()));
    // The other side of the merge, a diversion, a path that two packages list.
    package(
        &fixture,
        "",
        "x",
        DEBIAN,
        &[("/lib/x/a.pem", &key), ("/usr/share/b.pem", &key), ("/usr/share/c.pem", &key)],
    );
    package(&fixture, "", "y", DEBIAN, &[("/usr/share/c.pem", &key)]);
    fixture.file("/var/lib/dpkg/diversions", "/usr/share/b.pem\n/usr/share/b.pem.distrib\n:\n");
    fixture
        .file("/usr/lib/x/a.pem", &other)
        .file("/usr/share/b.pem", &key)
        .file("/usr/share/b.pem.distrib", &key)
        .file("/usr/share/c.pem", &other);
    assert_eq!(paths(&swept(&fixture)), ["/usr/lib/x/a.pem", "/usr/share/b.pem", "/usr/share/c.pem"]);
}

#[test]
fn a_layer_is_judged_by_the_databases_of_its_store() {
    let fixture = Fixture::debian();
    let (key, id) = (key(), id());
    let store = "/var/lib/docker/overlay2";
    let base = format!("{store}/base/diff");
    package(&fixture, &base, "x", DEBIAN, &[("/usr/share/x/a.pem", &key), ("/usr/share/x/b.pem", &key)]);
    let copy = format!("{store}/top/diff/usr/share/x/a.pem");
    let changed = format!("{store}/top/diff/usr/share/x/b.pem");
    let credentials = format!("{store}/top/diff/root/.aws/credentials");
    fixture.file(&copy, &key).file(&changed, format!("#\n{key}")).file(&credentials, &id);
    // The image itself has no such package.
    fixture.file("/usr/share/x/a.pem", &key);
    assert_eq!(paths(&swept(&fixture)), ["/usr/share/x/a.pem", &credentials, &changed]);
}

#[test]
fn a_chroot_has_packages_of_its_own() {
    let fixture = Fixture::debian();
    let key = key();
    package(&fixture, "/srv/jail", "x", DEBIAN, &[("/usr/share/x/a.pem", &key), ("/etc/x.pem", &key)]);
    fixture.file("/srv/jail/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    assert_eq!(paths(&swept(&fixture)), ["/srv/jail/etc/x.pem"]);
}

#[test]
fn what_pip_installed_from_an_index_is_public() {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let fixture = Fixture::debian();
    let key = key();
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let digest = Base64UrlUnpadded::encode_string(digest.as_ref());
    let packages = "/opt/app/venv/lib/python3.11/site-packages";
    fixture
        .file(&format!("{packages}/x/data/a.pem"), &key)
        .file(&format!("{packages}/x/data/b.pem"), &key)
        .file(&format!("{packages}/x-1.dist-info/RECORD"), format!("x/data/a.pem,sha256={digest},1\n"));
    let found = swept(&fixture);
    assert_eq!(paths(&found), [format!("{packages}/x/data/b.pem")]);
    assert_eq!(found.shipped.iter().map(|one| (one.package.as_str(), one.files)).collect::<Vec<_>>(), [("x", 1)]);
}
