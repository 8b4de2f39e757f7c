use std::path::Path;

use super::*;
use crate::image::Error;
use crate::image::first_boot::Boots;
use crate::report::fixture::{NOW, identity_of, sample};
use crate::report::identity::withhold;
use crate::report::{Mode, ObservationRecord, OwnTrace};

const BASE: &str = "ami-0000000000000000b";
const PRODUCT: &str = "ami-0123456789abcdef0";

fn audit_of(build: &Report) -> Report {
    Report { kind: Kind::ImageAudit, started_at: build.generated_at, ..build.clone() }
}

/// A build on an instance of [`BASE`], and the audit of it on one of [`PRODUCT`].
fn live() -> (Report, Report) {
    let mut build = sample();
    build.image.mode = Mode::Live;
    build.identity = identity_of("i-1", BASE, "2026-11-22T14:30:00Z");
    let mut audit = audit_of(&build);
    audit.identity = identity_of("i-2", PRODUCT, NOW);
    (build, audit)
}

fn why(build: &Report, audit: &Report) -> String {
    belongs(build, audit, None).unwrap_err()
}

#[test]
fn what_speaks_against_a_pair() {
    let mut build = sample();
    build.image.filesystem_uuid = Some("one".into());
    let mut audit = audit_of(&build);
    assert_eq!(belongs(&build, &audit, None), Ok(()));
    audit.image.filesystem_uuid = None;
    assert_eq!(belongs(&build, &audit, None), Ok(()), "it is not known");
    audit.image.filesystem_uuid = Some("other".into());
    assert!(why(&build, &audit).contains("build's disk"));
    assert!(why(&build, &build).contains("wanted are"));
    let (build, audit) = live();
    assert_eq!(belongs(&build, &audit, None), Ok(()));
    let on = |identity| why(&build, &Report { identity, ..audit.clone() });
    assert!(on(identity_of("i-1", PRODUCT, NOW)).contains("very machine"), "started again");
    assert!(on(build.identity.clone()).contains("very machine"));
    // The build instance may look at a disk made from the snapshot.
    let mut offline = Report { identity: crate::report::fixture::identity(), ..audit.clone() };
    offline.image.mode = Mode::Offline;
    assert_eq!(belongs(&build, &offline, None), Ok(()));
}

#[test]
fn an_audit_of_the_base_image_is_none() {
    let (build, mut audit) = live();
    audit.identity = identity_of("i-2", BASE, NOW);
    assert!(why(&build, &audit).contains("the image that the build began with"));
}

#[test]
fn an_audit_of_an_image_from_before_the_build_is_none() {
    let (build, audit) = live();
    let identity = identity_of("i-2", PRODUCT, "2026-11-22T15:59:59Z");
    assert!(why(&build, &Report { identity, ..audit.clone() }).contains("AWS started the audited instance"));
    let earlier = Report { started_at: "2026-11-22T15:59:59Z".parse().unwrap(), ..audit };
    assert!(why(&build, &earlier).contains("The audit began"));
}

#[test]
fn a_document_that_is_kept_apart_or_not_claimed_is_looked_at_all_the_same() {
    let (build, audit) = live();
    let mut apart = Report { identity: identity_of("i-1", PRODUCT, NOW), ..audit.clone() };
    let file = withhold(&mut apart).unwrap();
    assert_eq!(belongs(&build, &apart, None), Ok(()), "nothing of it is known");
    assert!(belongs(&build, &apart, Some(&file)).unwrap_err().contains("very machine"));
    // The digest alone tells that it is the same document.
    let mut same = Report { identity: build.identity.clone(), ..audit.clone() };
    withhold(&mut same).unwrap();
    assert!(why(&build, &same).contains("very machine"));
    let mut silent = audit;
    silent.identity.claims = None;
    assert!(why(&build, &silent).contains("keeps silent about the machine"));
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
    let build = sample();
    let audit = |boots| {
        let program = Some("ab".repeat(32));
        Audit { boots, launch_keys: Ok(Vec::new()), build_keys: BTreeSet::new(), program }
    };
    let says = |boots, part: &str| {
        let limits = limits(&audit(boots), &build);
        assert!(limits.iter().any(|limit| limit.contains(part)), "{part}: {limits:?}");
    };
    says(None, "nothing that AWS signs");
    says(Some(Ok(Boots { this: 2_000_000, first: Some(1_000_000) })), "started again at 1970-01-24T03:33:20Z");
    says(Some(Ok(Boots { this: 2_000_000, first: None })), "Whether the instance had booted before");
    says(Some(Err(Error::malformed("read", "/proc/stat", "nothing"))), "When the instance booted is not known");
    let first = limits(&audit(Some(Ok(Boots { this: 1_000_000, first: Some(1_000_000) }))), &build);
    assert_eq!(first.len(), 1, "{first:?}");
}

#[test]
fn what_of_the_program_was_not_looked_for_is_said() {
    let mut build = sample();
    let trace = |path: &str| OwnTrace { path: path.into(), removed_by: "the seal".into() };
    build.own_traces = vec![trace("/opt/seaworthy"), trace("/opt/\\u{1b}"), trace("relative")];
    for boots in [None, Some(Ok(Boots { this: 1_000_000, first: Some(1_000_000) }))] {
        let audit = Audit { boots, launch_keys: Ok(Vec::new()), build_keys: BTreeSet::new(), program: None };
        let limits = limits(&audit, &build).join("\n");
        assert!(limits.contains("under another name was not looked for"), "{limits}");
        assert!(limits.contains("/opt/\\u{1b}, and one more."), "{limits}");
    }
}
