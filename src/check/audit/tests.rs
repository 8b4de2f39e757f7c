use std::sync::Arc;

use super::*;
use crate::catalogue::{Catalogue, SweptKind};
use crate::check::sweep::{Hit, Sweep};
use crate::check::trial::{context, guideline};
use crate::check::{Context, judge};
use crate::image::fixture::Fixture;
use crate::image::{Body, FileNode, Node, Overlay};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ launch\n";

/// A boot before everything the test makes, and one after it.
const LONG_AGO: i64 = 1_000_000;
const TO_COME: i64 = 9_000_000_000;

fn booted(first: Option<i64>, this: i64) -> Audit {
    Audit {
        boots: Some(Ok(Boots { this, first })),
        launch_keys: Ok(vec![KEY.trim().to_owned()]),
        build_keys: BTreeSet::new(),
        program: None,
    }
}

fn judged(fixture: &Fixture, id: &str, audit: &Audit) -> Finding {
    judged_with(fixture, id, audit, None)
}

fn judged_with(fixture: &Fixture, id: &str, audit: &Audit, sweep: Option<Sweep>) -> Finding {
    let context = Context { audit: Some(Arc::new(audit.clone())), sweep: sweep.map(Arc::new), ..context() };
    judge(&fixture.image(), &guideline(id), &context)
}

/// A look at every file that could not read one of them.
fn incomplete() -> Sweep {
    Sweep { unread: vec![Error::io("read", "/opt/x", nix::errno::Errno::EIO)], ..Sweep::default() }
}

#[test]
fn the_table_names_guidelines_that_judge_by_what_is_there() {
    let catalogue = Catalogue::built_in().unwrap();
    let mut ids = BTreeSet::new();
    for id in MADE_ANEW {
        assert!(catalogue.get(id).is_some_and(|guideline| guideline.id == id), "{id}");
        assert!(ids.insert(id), "{id} is in it twice");
    }
}

#[test]
fn what_the_instance_made_passes_and_what_the_image_brought_fails() {
    for (id, path, content) in [
        ("KEY-01", "/etc/ssh/ssh_host_ed25519_key", "key"),
        ("IDN-01", "/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("IDN-03", "/var/lib/systemd/random-seed", "seed"),
        ("IDN-05", "/var/lib/dhcp/dhclient.eth0.leases", "lease {}"),
        ("LOG-01", "/var/log/syslog", "started"),
        ("LOG-02", "/var/log/wtmp", "record"),
        ("SEC-05", "/home/admin/.bash_history", "sudo seaworthy report"),
        ("FIN-01", "/home/admin/seaworthy", "program"),
    ] {
        let fixture = Fixture::debian();
        fixture.file(path, content);
        let judged = |audit: &Audit| judged(&fixture, id, audit);
        let made = judged(&booted(Some(LONG_AGO), LONG_AGO));
        // FIN-01 passes only once every file was looked at.
        let wanted = if id == "FIN-01" { Status::Unknown } else { Status::Pass };
        assert_eq!(made.status, wanted, "{id}: {made:?}");
        assert_eq!(made.observations.first().and_then(|seen| seen.path.as_deref()), Some(Path::new(path)), "{id}");
        let rebooted = judged(&booted(Some(LONG_AGO), TO_COME));
        assert_eq!(rebooted.status, made.status, "{id}");
        let brought = judged(&booted(Some(TO_COME), TO_COME));
        assert_eq!((brought.status, brought.observations.len()), (Status::Fail, 1), "{id}: {brought:?}");
        let untold = judged(&booted(None, TO_COME));
        assert_eq!(untold.status, Status::Unknown, "{id}: {untold:?}");
        assert!(untold.observations[0].text.as_deref().unwrap().contains("booted before"), "{untold:?}");
        let no_clock = Audit { boots: Some(Err(Error::malformed("read", "/proc/stat", "no"))), ..booted(None, 0) };
        assert_eq!(judged(&no_clock).status, Status::Unknown, "{id}");
        let mounted = Audit { boots: None, ..booted(None, 0) };
        assert_eq!(judged(&mounted).status, Status::Fail, "{id}");
    }
}

#[test]
fn other_guidelines_and_facts_without_a_place_stay_as_they_are() {
    let fixture = Fixture::debian();
    fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
    assert_eq!(judged(&fixture, "SSH-04", &booted(Some(LONG_AGO), LONG_AGO)).status, Status::Fail);
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    let fact = Finding::new(Status::Fail, "x").seen([Observation::fact("from somewhere")]);
    assert_eq!(audit.view(&fixture.image(), "IDN-04", fact).status, Status::Fail);
    let places = std::iter::repeat_n(Observation::at("/etc/passwd"), OBSERVATION_LIMIT);
    let cut = Finding::new(Status::Fail, "x").seen(places);
    assert_eq!(audit.view(&fixture.image(), "LOG-01", cut).status, Status::Unknown);
}

#[test]
fn a_host_key_of_the_build_machine_is_one_whenever_it_was_written() {
    let fixture = Fixture::debian();
    let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB==\n-----END EC PRIVATE KEY-----\n";
    fixture.file("/etc/ssh/ssh_host_ecdsa_key", pem);
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    let passed = judged(&fixture, "KEY-01", &audit);
    assert_eq!(passed.status, Status::Pass);
    let Some(text) = passed.observations[0].text.clone() else { return };
    let copied = Audit { build_keys: [text].into(), ..audit };
    assert_eq!(judged(&fixture, "KEY-01", &copied).status, Status::Fail);
}

#[test]
fn the_launch_key_alone_may_be_there() {
    let fixture = Fixture::debian();
    fixture.cloud_init("admin").file("/etc/ssh/sshd_config", "AuthorizedKeysFile .ssh/authorized_keys\n");
    fixture.file("/home/admin/.ssh/authorized_keys", KEY);
    fixture.file("/root/.ssh/authorized_keys", format!("no-pty,command=\"echo 'Please login as the user'\" {KEY}"));
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    let judged = |audit: &Audit| judged(&fixture, "KEY-03", audit);
    let passed = judged(&audit);
    assert_eq!((passed.status, passed.observations.len()), (Status::Pass, 2), "{passed:?}");
    assert_eq!(judged(&booted(Some(TO_COME), TO_COME)).status, Status::Fail, "it was on the image");
    assert_eq!(judged(&booted(None, TO_COME)).status, Status::Unknown);
    let unknown = Audit { launch_keys: Err("nobody answered".into()), ..audit.clone() };
    let unknown = judged(&unknown);
    assert!(unknown.status == Status::Unknown && unknown.summary.contains("nobody answered"), "{unknown:?}");
    assert_eq!(judged(&Audit { launch_keys: Ok(Vec::new()), ..audit.clone() }).status, Status::Fail);
    assert_eq!(judged(&Audit { boots: None, ..audit.clone() }).status, Status::Fail, "mounted");
    fixture.file("/home/admin/.ssh/authorized_keys2", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIX publisher\n");
    let failed = judged(&audit);
    assert_eq!((failed.status, failed.observations.len()), (Status::Fail, 1), "{failed:?}");
}

#[test]
fn the_program_is_known_by_its_content() {
    let fixture = Fixture::debian();
    let program = vec![7; 2 << 20];
    let digest = hexadecimal(ring::digest::digest(&ring::digest::SHA256, &program).as_ref());
    fixture.file("/usr/local/bin/harden", &program).mode("/usr/local/bin/harden", 0o755);
    fixture.file("/opt/data", &program);
    let audit = Audit { boots: None, program: Some(digest), ..booted(None, 0) };
    let finding = judged(&fixture, "FIN-01", &audit);
    assert_eq!(finding.status, Status::Fail, "{finding:?}");
    assert_eq!(finding.observations.len(), 1);
    assert_eq!(finding.observations[0].path.as_deref(), Some(Path::new("/usr/local/bin/harden")));
}

#[test]
fn what_the_instance_made_passes_only_once_every_file_was_looked_at() {
    let fixture = Fixture::debian();
    fixture.file("/home/admin/seaworthy", "program");
    fixture.file("/etc/ssl/private/own.key", "key");
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    let key = Hit {
        path: "/etc/ssl/private/own.key".into(),
        inside: None,
        line: Some(1),
        kind: SweptKind::PrivateKey,
        rule: "private-key",
        text: "a key".into(),
    };
    let whole = Sweep { hits: vec![key], ..Sweep::default() };
    let unknown = Sweep { unknown_keys: whole.hits.clone(), ..whole.clone() };
    let with = |sweep: Sweep| Some(Sweep { hits: whole.hits.clone(), ..sweep });
    for id in ["FIN-01", "SEC-03"] {
        let judged = |sweep| judged_with(&fixture, id, &audit, sweep);
        let passed = judged(Some(whole.clone()));
        assert_eq!((passed.status, passed.observations.is_empty()), (Status::Pass, false), "{id}: {passed:?}");
        let unread = judged(with(incomplete()));
        assert_eq!(unread.status, Status::Unknown, "{id}: {unread:?}");
        assert!(unread.summary.contains("/opt/x") && unread.observations.len() > 1, "{id}: {unread:?}");
        let crowded = judged(with(Sweep { more: 1, ..Sweep::default() }));
        assert_eq!(crowded.status, Status::Unknown, "{id}: {crowded:?}");
        // What the image brought fails all the same.
        let brought = judged_with(&fixture, id, &booted(Some(TO_COME), TO_COME), with(incomplete()));
        assert_eq!(brought.status, Status::Fail, "{id}: {brought:?}");
    }
    assert_eq!(judged_with(&fixture, "FIN-01", &audit, None).status, Status::Unknown, "nothing was looked at");
    let unknown = judged_with(&fixture, "SEC-03", &audit, Some(unknown));
    assert_eq!(unknown.status, Status::Unknown, "files of an unknown form: {unknown:?}");
}

#[test]
fn what_else_a_look_would_have_said_stands_beside_what_the_instance_made() {
    let fixture = Fixture::debian();
    fixture.file("/var/lib/rabbitmq/.erlang.cookie", "COOKIE").file("/root/.ssh/id_ed25519", "key");
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    assert_eq!(judged(&fixture, "SEC-12", &audit).status, Status::Pass);
    fixture.file("/var/lib/redis/dump.rdb", "REDIS");
    let kept = judged(&fixture, "SEC-12", &audit);
    assert_eq!(kept.status, Status::Attest, "a person tells what a database holds: {kept:?}");
    // A place that could not be read, told without it, is no fact that the image brought.
    let unread = Finding::from(Error::io("read", "/root/.ssh/x", nix::errno::Errno::EIO));
    let found =
        Finding::new(Status::Fail, "x").seen([Observation::at("/root/.ssh/id_ed25519"), Observation::fact("y")]);
    let found = found.otherwise(unread);
    let viewed = audit.view(&fixture.image(), "KEY-04", found);
    assert_eq!((viewed.status, viewed.observations.len()), (Status::Unknown, 2), "{viewed:?}");
    let nowhere = audit.view(&fixture.image(), "FIN-01", Finding::new(Status::Fail, "x"));
    assert_eq!(nowhere.status, Status::Fail, "a failure without a place is none of the instance's");
}

#[test]
fn a_network_file_that_is_not_understood_is_no_pass_beside_one_that_the_instance_wrote() {
    let fixture = Fixture::debian();
    let tied = "network:\n  version: 2\n  ethernets:\n    e:\n      match: {macaddress: \"02:00:00:00:00:01\"}\n      dhcp4: true\n";
    fixture.file("/etc/netplan/60-own.yaml", tied);
    let audit = booted(Some(LONG_AGO), LONG_AGO);
    assert_eq!(judged(&fixture, "IDN-06", &audit).status, Status::Pass);
    fixture.file("/etc/netplan/70-broken.yaml", "network: [\n");
    let broken = judged(&fixture, "IDN-06", &audit);
    assert_eq!(broken.status, Status::Unknown, "{broken:?}");
}

#[test]
fn a_program_as_large_as_one_built_for_looking_for_defects_is_known() {
    let fixture = Fixture::debian();
    let path = "/home/admin/harden";
    fixture.file(path, "").mode(path, 0o755);
    nix::unistd::truncate(&fixture.outside(path), 95 << 20).unwrap();
    let digest = fixture.image().sha256(Path::new(path)).unwrap().unwrap();
    let audit = Audit { program: Some(hexadecimal(digest.as_ref())), ..booted(Some(TO_COME), TO_COME) };
    let finding = judged(&fixture, "FIN-01", &audit);
    assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1), "{finding:?}");
}

#[test]
fn a_program_that_cannot_be_read_is_not_passed_over() {
    let fixture = Fixture::debian();
    let path = "/home/admin/harden";
    fixture.directory(path);
    // Root may read every file: one that turns out to be something else fails, too.
    let body = Body::Bytes(vec![0; 2 << 20].into());
    let mut overlay = Overlay::default();
    overlay.put(path, Some(Node::File(FileNode { body, mode: 0o755, uid: 0, gid: 0 })));
    let image = fixture.image().drafted(overlay);
    let audit = Audit { program: Some("ab".repeat(32)), ..booted(Some(LONG_AGO), LONG_AGO) };
    audit.is_program(&image, Path::new(path)).unwrap_err();
    let context = Context { audit: Some(Arc::new(audit)), sweep: Some(Arc::default()), ..context() };
    let finding = judge(&image, &guideline("FIN-01"), &context);
    assert_eq!(finding.status, Status::Unknown, "{finding:?}");
    assert!(finding.summary.contains(path), "{finding:?}");
    // Nor does it pass beside what the instance made.
    fixture.file("/home/admin/seaworthy", "program");
    let finding = judge(&image, &guideline("FIN-01"), &context);
    assert_eq!(finding.status, Status::Unknown, "{finding:?}");
    assert!(finding.summary.contains(path), "{finding:?}");
}
