//! Each remedy of the guidelines beside SSH leads to a pass on the drafted image, and touches nothing else.

use std::path::Path;

use crate::change::Remedy;
use crate::change::trial::{mended, remedy_of};
use crate::check::Status;
use crate::check::trial::judged;
use crate::image::fixture::Fixture;
use crate::image::{Image, Kind};

fn size_and_mode(image: &Image, path: &str) -> Option<(u64, u32)> {
    image.lstat(Path::new(path)).unwrap().map(|meta| (meta.size, meta.mode))
}

fn is_there(image: &Image, path: &str) -> bool {
    image.lstat(Path::new(path)).unwrap().is_some()
}

/// A key id and a secret that no scanner should find in this source.
fn credentials() -> String {
    let id = ["AKIA", "QX7RT2ZLM4WB6KDP"].concat();
    let secret = ["wJb2rXUtnFEMI/K7MDENG+", "bPxRfiCYzz91TqpLsA"].concat();
    format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
}

fn private_key() -> String {
    format!(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAw{}\n-----END PRIVATE KEY-----\n",
        "BQYDK2VwBCIEIJ0".repeat(5).get(..56).unwrap()
    )
}

#[test]
fn the_machine_id_is_emptied() {
    let fixture = Fixture::debian();
    fixture.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n").mode("/etc/machine-id", 0o444);
    assert_eq!(size_and_mode(&mended(&fixture.image(), "IDN-01"), "/etc/machine-id"), Some((0, 0o444)));
}

#[test]
fn the_id_of_dbus_becomes_a_link() {
    let fixture = Fixture::debian();
    fixture.file("/var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n").file("/etc/machine-id", "");
    let draft = mended(&fixture.image(), "IDN-02");
    let target = draft.read_link(Path::new("/var/lib/dbus/machine-id")).unwrap();
    assert_eq!(target.as_deref(), Some(Path::new("/etc/machine-id")));
}

#[test]
fn cloud_init_forgets() {
    let fixture = Fixture::debian();
    fixture
        .file("/var/lib/cloud/instances/i-1/user-data.txt", "#!/bin/sh")
        .file("/var/lib/cloud/data/instance-id", "i-1");
    fixture
        .link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-1")
        .file("/var/lib/cloud/scripts/per-boot/own", "");
    mended(&fixture.image(), "SEC-09");
    let draft = mended(&fixture.image(), "IDN-08");
    assert!(!is_there(&draft, "/var/lib/cloud/instances/i-1/user-data.txt"));
    assert!(is_there(&draft, "/var/lib/cloud/scripts/per-boot/own"));
}

#[test]
fn logs_are_emptied_and_their_directories_stay() {
    let fixture = Fixture::debian();
    fixture.file("/var/log/syslog", "x").mode("/var/log/syslog", 0o640).file("/var/log/nginx/access.log.1", "x");
    fixture.file("/var/log/big", vec![b'x'; 3 << 20]).file("/var/log/wtmp", "x");
    let draft = mended(&fixture.image(), "LOG-01");
    assert_eq!(size_and_mode(&draft, "/var/log/syslog"), Some((0, 0o640)));
    assert_eq!(size_and_mode(&draft, "/var/log/big").map(|(size, _)| size), Some(0));
    assert_eq!(size_and_mode(&draft, "/var/log/wtmp").map(|(size, _)| size), Some(1));
    assert!(!is_there(&draft, "/var/log/nginx/access.log.1"));
    assert_eq!(draft.lstat(Path::new("/var/log/nginx")).unwrap().unwrap().kind, Kind::Directory);
}

#[test]
fn more_logs_than_a_finding_lists_are_emptied() {
    let fixture = Fixture::debian();
    for number in 0..1200 {
        fixture
            .file(&format!("/var/log/app/{number}.log"), "x")
            .file(&format!("/var/cache/apt/archives/p{number}.deb"), "x");
    }
    mended(&fixture.image(), "LOG-01");
    mended(&fixture.image(), "LOG-11");
}

#[test]
fn login_records_are_emptied() {
    let fixture = Fixture::debian();
    fixture.file("/var/log/wtmp", "x").file("/var/log/btmp.1", "x").file("/var/lib/lastlog/lastlog2.db", "SQLite");
    let draft = mended(&fixture.image(), "LOG-02");
    assert!(is_there(&draft, "/var/log/wtmp") && !is_there(&draft, "/var/log/btmp.1"));
}

#[test]
fn caches_histories_and_credentials_go_and_their_neighbours_stay() {
    let fixture = Fixture::debian();
    fixture.file("/var/cache/apt/archives/bash_5.deb", "!<arch>").file("/var/cache/apt/archives/lock", "");
    fixture.file("/var/lib/apt/lists/debian_Packages", "Package: bash").directory("/var/lib/apt/lists/partial");
    let draft = mended(&fixture.image(), "LOG-11");
    assert!(is_there(&draft, "/var/cache/apt/archives/lock") && is_there(&draft, "/var/lib/apt/lists/partial"));

    fixture.file("/root/.bash_history", "sudo -i").file("/home/admin/.viminfo", "x").file("/home/admin/.bashrc", "x");
    assert!(is_there(&mended(&fixture.image(), "SEC-05"), "/home/admin/.bashrc"));

    fixture.file("/home/admin/.pgpass", "a:b").file("/root/.netrc", "machine x").file("/root/.gitconfig", "x");
    let draft = mended(&fixture.image(), "SEC-02");
    assert!(is_there(&draft, "/root/.gitconfig") && !is_there(&draft, "/root/.netrc"));
}

#[test]
fn aws_keys_go_and_the_files_that_held_them_by_the_way_stay() {
    let fixture = Fixture::debian();
    fixture.file("/root/.aws/credentials", format!("[default]\n{}", credentials()));
    fixture
        .file("/opt/app/app.conf", format!("port = 80\n{}last = 1\n", credentials()))
        .mode("/opt/app/app.conf", 0o600);
    let draft = mended(&fixture.image(), "SEC-01");
    assert!(!is_there(&draft, "/root/.aws/credentials"));
    let kept = draft.read_text(Path::new("/opt/app/app.conf")).unwrap().unwrap();
    assert_eq!(kept, "port = 80\nlast = 1\n");
    assert_eq!(size_and_mode(&draft, "/opt/app/app.conf").map(|(_, mode)| mode), Some(0o600));
}

#[test]
fn a_key_in_a_binary_file_is_for_a_person() {
    let fixture = Fixture::debian();
    fixture.file("/opt/app/app.db", format!("\0{}", credentials()));
    assert!(matches!(remedy_of(&fixture.image(), "SEC-01"), Some(Remedy::ByHand(_))));
}

#[test]
fn private_keys_go_but_those_of_ssh_are_for_others() {
    let fixture = Fixture::debian();
    fixture.file("/etc/ssl/private/ssl-cert-snakeoil.key", private_key()).file("/etc/ssl/certs/ca.pem", "x");
    fixture.file("/etc/ssh/ssh_host_ed25519_key", private_key()).file("/root/.ssh/id_ed25519", private_key());
    let draft = mended(&fixture.image(), "SEC-03");
    assert!(!is_there(&draft, "/etc/ssl/private/ssl-cert-snakeoil.key"));
    assert!(is_there(&draft, "/etc/ssh/ssh_host_ed25519_key") && is_there(&draft, "/root/.ssh/id_ed25519"));
}

#[test]
fn a_key_that_is_for_others_is_found_by_them() {
    for (path, id) in [
        ("/etc/ssh/ssh_host_rsa_key.bak", "KEY-01"),
        ("/home/admin/.ssh/work", "KEY-04"),
        ("/home/admin/.ssh/old/work", "KEY-04"),
        ("/root/build.pem", "KEY-04"),
        ("/root/build.key", "KEY-04"),
        ("/etc/skel/.ssh/id", "KEY-04"),
    ] {
        let fixture = Fixture::debian();
        fixture.file(path, private_key());
        assert_eq!(judged(&fixture.image(), "SEC-03").status, Status::Pass, "{path}");
        assert_eq!(judged(&fixture.image(), id).status, Status::Fail, "{path}");
    }
}

#[test]
fn services_are_masked() {
    let fixture = Fixture::debian();
    let unit = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
    for name in ["rpcbind.service", "telnetd.service"] {
        fixture.file(&format!("/usr/lib/systemd/system/{name}"), unit);
        let wanted = format!("/etc/systemd/system/multi-user.target.wants/{name}");
        fixture.link(&wanted, &format!("/usr/lib/systemd/system/{name}"));
    }
    mended(&fixture.image(), "BOT-07");
    mended(&fixture.image(), "BOT-08");
}

#[test]
fn traces_of_the_program_go() {
    let fixture = Fixture::debian();
    fixture.file("/usr/local/bin/seaworthy", "x").file("/root/.local/state/seaworthy/run/journal", "x");
    mended(&fixture.image(), "FIN-01");
}
