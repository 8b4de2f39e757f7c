use std::path::Path;

use super::*;
use crate::image::Error;
use crate::image::first_boot::Boots;
use crate::report::fixture::sample;
use crate::report::{InstanceInfo, ObservationRecord, OwnTrace};

fn audit_of(build: &Report) -> Report {
    Report { kind: Kind::ImageAudit, ..build.clone() }
}

#[test]
fn what_speaks_against_a_pair() {
    let mut build = sample();
    build.image.filesystem_uuid = Some("one".into());
    let mut audit = audit_of(&build);
    assert_eq!(foreign(&build, &audit), None);
    audit.image.filesystem_uuid = None;
    assert_eq!(foreign(&build, &audit), None, "it is not known");
    audit.image.filesystem_uuid = Some("other".into());
    assert!(foreign(&build, &audit).unwrap().contains("build's disk"));
    assert!(foreign(&build, &build).unwrap().contains("wanted are"));
    let claims = InstanceInfo { instance_id: Some("i-1".into()), image_id: None, region: None, account_id: None };
    let mut build = sample();
    build.identity.of = IdentityOf::Image;
    build.identity.claims = Some(claims);
    let mut audit = audit_of(&build);
    assert!(foreign(&build, &audit).unwrap().contains("very machine"));
    // The build instance may look at a disk made from the snapshot.
    audit.identity.of = IdentityOf::Inspector;
    assert_eq!(foreign(&build, &audit), None);
}

#[test]
fn what_is_known_of_the_build_comes_from_its_report() {
    let mut build = sample();
    let key = |text: &str| ObservationRecord {
        path: Some("/etc/ssh/ssh_host_ed25519_key".into()),
        line: None,
        text: Some(text.into()),
    };
    let record = build.guidelines.iter_mut().find(|record| record.id == "KEY-01").unwrap();
    record.before.observations = vec![key("OpenSSH Ed25519, SHA256:abc"), key("5 bytes")];
    let trace = |path: &str| OwnTrace { path: path.into(), removed_by: "the seal".into() };
    build.own_traces = vec![trace("/opt/seaworthy"), trace("relative"), trace("/opt/\\u{1b}")];
    assert_eq!(traces(&build), [Path::new("/opt/seaworthy")]);
    let fixture = crate::image::fixture::Fixture::debian();
    let known = known(&fixture.image(), &build);
    assert_eq!(known.build_keys.into_iter().collect::<Vec<_>>(), ["OpenSSH Ed25519, SHA256:abc"]);
    assert_eq!(known.boots, None);
}

#[test]
fn what_an_audit_cannot_tell_is_said() {
    let audit = |boots| Audit { boots, launch_keys: Ok(Vec::new()), build_keys: BTreeSet::new(), program: None };
    let says = |boots, part: &str| {
        let limits = limits(&audit(boots));
        assert!(limits.iter().any(|limit| limit.contains(part)), "{part}: {limits:?}");
    };
    says(None, "nothing that AWS signs");
    says(Some(Ok(Boots { this: 2_000_000, first: Some(1_000_000) })), "started again at 1970-01-24T03:33:20Z");
    says(Some(Ok(Boots { this: 2_000_000, first: None })), "Whether the instance had booted before");
    says(Some(Err(Error::malformed("read", "/proc/stat", "nothing"))), "When the instance booted is not known");
    let first = limits(&audit(Some(Ok(Boots { this: 1_000_000, first: Some(1_000_000) }))));
    assert_eq!(first.len(), 1, "{first:?}");
}
