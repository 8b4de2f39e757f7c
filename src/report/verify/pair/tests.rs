#![expect(clippy::disallowed_methods, reason = "evidence is written to a directory of the test's own")]

use std::fs;

use super::*;
use crate::report::fixture::{NOW, TestKey, catalogue, continuing, identity_of, sample};
use crate::report::verdict::{Counts, outcome};
use crate::report::{Choice, DecisionRecord, FinishStep, Identity, IdentityOf, Kind, Previous, to_bytes};

const SIGNER: &str = "release@example.com";
const UUID: &str = "3e6be9de-8139-11d1-9106-a43f08d823a6";

/// Makes results, counts, verdict and plan follow from the findings.
fn settled(mut report: Report) -> Report {
    let day = report.generated_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let live = report.leaves_for_seal();
    for record in &mut report.guidelines {
        let decided = record.decided(live, day);
        record.result = outcome(record.before.status, record.after.status, decided, false, !record.changes.is_empty());
    }
    let standing =
        report.guidelines.iter().map(|record| (record.severity, record.after.status, record.decided(live, day)));
    report.summary.verdict = verdict(standing);
    report.summary.counts = Counts::of(report.guidelines.iter().map(|record| record.after.status));
    let left = report.guidelines.iter().filter(|record| record.result == Outcome::Deferred);
    let by_hand = "sudo rm /root/.ssh/authorized_keys\nsudo sync";
    report.finish_plan =
        left.map(|record| FinishStep { guideline: record.id.clone(), by_hand: by_hand.into() }).collect();
    report
}

fn guideline<'a>(report: &'a mut Report, id: &str) -> &'a mut GuidelineRecord {
    report.guidelines.iter_mut().find(|record| record.id == id).unwrap()
}

fn stands(report: &mut Report, id: &str, status: Status) {
    guideline(report, id).after.status = status;
}

/// When the report of the build was written.
const WRITTEN: &str = "2026-11-22T15:30:00Z";
const AMI: &str = "ami-0123456789abcdef0";

/// A build on a running machine with the host keys left for the seal: undecided by itself.
fn build() -> Report {
    let mut build = sample();
    build.generated_at = WRITTEN.parse().unwrap();
    build.image.mode = Mode::Live;
    build.identity = Identity::unavailable(IdentityOf::Image, "the metadata service was not asked: --no-imds");
    build.image.filesystem_uuid = Some(UUID.into());
    build.image.boot_id = Some("boot of the build".into());
    stands(&mut build, "KEY-01", Status::Fail);
    guideline(&mut build, "KEY-01").before.status = Status::Fail;
    settled(build)
}

/// The identity of the build machine, an instance of `base`.
fn prepared_on(base: &str) -> Identity {
    let fetched_at = Some(WRITTEN.parse().unwrap());
    Identity { fetched_at, ..identity_of("i-1", base, "2026-11-22T14:30:00Z") }
}

/// The audit of it on an instance of the AMI, where nothing was confirmed anew.
fn audited(build: &Report) -> Report {
    let mut audit = sample();
    audit.report_id = "01JD8Q4Z6T7W8X9Y0ABCDEFGHK".into();
    audit.kind = Kind::ImageAudit;
    audit.image.mode = Mode::Live;
    audit.image.filesystem_uuid = Some(UUID.into());
    audit.image.boot_id = Some("boot of the instance".into());
    audit.identity = identity_of("i-0123456789abcdef0", AMI, "2026-11-22T15:35:00Z");
    audit.started_at = "2026-11-22T15:40:00Z".parse().unwrap();
    audit.changes.clear();
    audit.commands.clear();
    audit.attestations.clear();
    for record in &mut audit.guidelines {
        record.changes.clear();
        record.decision = None;
        record.before = record.after.clone();
    }
    let previous = Previous {
        report_id: build.report_id.clone(),
        sha256: sha256_hex(&to_bytes(build)),
        signer: Some("SHA256:x".into()),
        comparison: None,
    };
    audit.journal = continuing(&audit, &previous);
    audit.previous = Some(previous);
    settled(audit)
}

/// Both as files, signed; verified at `now`.
fn verified(build: &Report, audit: &Report, now: &str) -> PairVerification {
    verified_with(build, audit, now, Expectations::default(), None)
}

fn verified_with(
    build: &Report,
    audit: &Report,
    now: &str,
    expect: Expectations<'_>,
    apart: Option<&[u8]>,
) -> PairVerification {
    let directory = tempfile::tempdir().unwrap();
    let key = TestKey::new(1);
    let write = |name: &str, report: &Report| {
        let bytes = to_bytes(report);
        let path = directory.path().join(name);
        fs::write(&path, &bytes).unwrap();
        fs::write(directory.path().join(format!("{name}.sig")), key.sign_report(&bytes)).unwrap();
        path
    };
    let (build, audit) = (write("build.json", build), write("audit.json", audit));
    let identity = directory.path().join("identity.json");
    let identity_file = apart.map(|bytes| {
        fs::write(&identity, bytes).unwrap();
        identity.as_path()
    });
    let signers = directory.path().join("signers");
    fs::write(&signers, format!("{SIGNER} {}\n", key.line())).unwrap();
    let files = VerifyFiles {
        signer: Some(SIGNER),
        catalogue: Some(&catalogue()),
        expect,
        identity_file,
        ..VerifyFiles::new(&build, &signers, now.parse().unwrap())
    };
    verify_pair_files(&files, &audit)
}

/// What both come to once `change` was made to the audit before it was signed.
fn with_audit(change: impl FnOnce(&mut Report)) -> PairVerification {
    let build = build();
    let mut audit = audited(&build);
    change(&mut audit);
    verified(&build, &settled(audit), NOW)
}

fn with_build(change: impl FnOnce(&mut Report)) -> PairVerification {
    let mut build = build();
    change(&mut build);
    let build = settled(build);
    verified(&build, &audited(&build), NOW)
}

#[test]
fn a_build_that_left_the_seals_work_and_its_audit_are_seaworthy_together() {
    let both = with_audit(|_| {});
    assert_eq!(both.build.code, 1, "{}", both.build.text());
    assert_eq!(both.build.report.as_ref().map(|seen| seen.verdict), Some("undecided"));
    // What nobody confirmed in the audit was confirmed in the build, and so with waivers.
    assert_eq!((both.code, both.verdict), (0, Some(Verdict::SeaworthyWithWaivers)), "{}", both.text());
    let json: serde_json::Value = serde_json::from_str(&both.json()).unwrap();
    assert_eq!(json["format"], "seaworthy.verify-pair/1");
    assert_eq!((&json["verdict"], &json["build"]["code"]), (&"seaworthy-with-waivers".into(), &1.into()));
}

fn waived(until: &str) -> DecisionRecord {
    DecisionRecord {
        choice: Choice::Waive,
        by: Some("Ann Example".into()),
        reason: Some("The console makes its own.".into()),
        until: Some(until.parse().unwrap()),
        at: None,
        journal_seq: None,
    }
}

/// Every pair must give its code, and say its part in the check that failed.
fn table(cases: Vec<(&str, PairVerification, u8, &str)>) {
    for (name, both, code, part) in cases {
        let failed = both.checks.iter().find(|check| check.status == CheckStatus::Failed);
        let sentence = failed.map_or("", |check| check.sentence.as_str());
        assert_eq!(both.code, code, "{name}: {}", both.text());
        assert!(sentence.contains(part), "{name}: {sentence}");
    }
}

#[test]
fn an_audit_of_the_base_image_or_from_before_the_build_is_none() {
    table(vec![
        (
            "the base image",
            with_build(|build| build.identity = prepared_on(AMI)),
            6,
            "the image that the build began with",
        ),
        (
            "an image from before the build",
            with_audit(|audit| audit.identity = identity_of("i-2", AMI, "2026-11-22T15:29:59Z")),
            6,
            "AWS started the audited instance at 2026-11-22T15:29:59Z",
        ),
        (
            "begun before the build was over",
            with_build(|build| build.generated_at = "2026-11-22T15:40:01Z".parse().unwrap()),
            6,
            "before the report of the build",
        ),
    ]);
}

#[test]
fn pairs_that_are_none_or_leave_something_open() {
    table(vec![
        // T19.
        (
            "another disk",
            with_audit(|audit| audit.image.filesystem_uuid = Some("0000".into())),
            6,
            "was not made from the build's disk",
        ),
        (
            "of another build",
            with_audit(|audit| {
                audit.previous.as_mut().unwrap().sha256 = sha256_hex(b"another");
                audit.journal = continuing(audit, audit.previous.as_ref().unwrap());
            }),
            6,
            "not from the one that was given",
        ),
        ("its build left out", with_audit(|audit| audit.previous = None), 5, "By its journal it goes on from report"),
        (
            "of no build",
            with_audit(|audit| {
                audit.previous = None;
                audit.journal = crate::report::Journal::default();
            }),
            6,
            "goes on from no other report",
        ),
        (
            "no audit",
            with_audit(|audit| audit.kind = Kind::Build),
            6,
            "the report of a build and the second the report",
        ),
        ("a practice build", with_build(|build| build.kind = Kind::Practice), 6, "The first is a practice report"),
        ("a practice audit", with_audit(|audit| audit.kind = Kind::Practice), 6, "the second a practice report"),
        (
            "the same boot",
            with_audit(|audit| audit.image.boot_id = Some("boot of the build".into())),
            6,
            "the very machine that was being prepared",
        ),
        (
            "the build machine's id",
            {
                let id = crate::report::MachineId { state: "set".into(), sha256: Some(sha256_hex(b"id")) };
                let mut build = build();
                build.image.machine_id = Some(id.clone());
                let mut audit = audited(&build);
                audit.image.machine_id = Some(id);
                verified(&build, &audit, NOW)
            },
            6,
            "has the machine id of the build machine",
        ),
        // T20.
        (
            "left for the seal and failing",
            with_audit(|audit| stands(audit, "KEY-01", Status::Fail)),
            1,
            "KEY-01 was left for the seal, and the finished image fails it",
        ),
        (
            "left for the seal and not closed",
            with_audit(|audit| stands(audit, "KEY-01", Status::Unknown)),
            1,
            "the audit could not close it",
        ),
        ("came back", with_audit(|audit| stands(audit, "SSH-04", Status::Fail)), 1, "not-seaworthy. Open: SSH-04"),
        (
            "guidelines that nobody here knows",
            {
                let mut build = build();
                build.catalogue.version = "2099.01".into();
                let mut audit = audited(&build);
                audit.catalogue.version = "2099.01".into();
                verified(&build, &audit, NOW)
            },
            1,
            "cannot be called seaworthy",
        ),
        (
            "waived in the build until yesterday",
            {
                let build = build();
                verified(&build, &audited(&build), "2027-04-01T00:00:00Z")
            },
            1,
            "Open: SSH-13",
        ),
    ]);
}

#[test]
fn what_the_audit_cannot_tell_is_as_the_build_left_it() {
    // But for what was left for the seal, the build's word counts.
    let both = with_audit(|audit| stands(audit, "SSH-04", Status::Unknown));
    assert_eq!(both.code, 0, "{}", both.text());
    let both = with_audit(|audit| stands(audit, "KEY-01", Status::NotApplicable));
    assert_eq!(both.code, 0, "{}", both.text());
    let both = with_audit(|audit| audit.image.filesystem_uuid = None);
    assert_eq!(both.code, 0, "{}", both.text());
    assert!(both.text().contains("cannot be told"), "{}", both.text());
}

#[test]
fn a_waiver_closes_what_was_left_for_the_seal_as_long_as_it_holds() {
    let build = build();
    let mut record = audited(&build).guidelines.into_iter().find(|record| record.id == "KEY-01").unwrap();
    record.after.status = Status::Fail;
    record.decision = Some(waived("2026-12-31"));
    let mut audit = audited(&build);
    *guideline(&mut audit, "KEY-01") = record;
    let judged = |day: &str| seal(&build, &audit, day.parse().unwrap());
    assert!(matches!(judged("2026-12-31"), Holds(_)));
    assert!(matches!(judged("2027-01-01"), Failed(_)));
    audit.guidelines.retain(|record| record.id != "KEY-01");
    assert!(
        matches!(seal(&build, &audit, "2026-12-31".parse().unwrap()), Failed(why) if why.contains("does not speak"))
    );
}

#[test]
fn neither_is_shown_before_its_signature_holds() {
    let build = build();
    let audit = audited(&build);
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let key = TestKey::new(1);
    for (name, report) in [("build.json", &build), ("audit.json", &audit)] {
        let bytes = to_bytes(report);
        fs::write(at(name), &bytes).unwrap();
        fs::write(at(&format!("{name}.sig")), key.sign_report(&bytes)).unwrap();
    }
    fs::write(at("signers"), format!("{SIGNER} {}\n", key.line())).unwrap();
    let verify = || {
        verify_pair_files(
            &VerifyFiles {
                signer: Some(SIGNER),
                catalogue: Some(&catalogue()),
                ..VerifyFiles::new(&at("build.json"), &at("signers"), NOW.parse().unwrap())
            },
            &at("audit.json"),
        )
    };
    assert_eq!(verify().code, 0, "{}", verify().text());
    fs::write(at("audit.json.sig"), TestKey::new(2).sign_report(&to_bytes(&audit))).unwrap();
    assert_eq!(verify().code, 4);
    fs::write(at("audit.json.sig"), key.sign_report(b"another")).unwrap();
    assert_eq!(verify().code, 3);
    fs::remove_file(at("audit.json.sig")).unwrap();
    assert_eq!(verify().code, 7);
    fs::write(at("build.json"), to_bytes(&audit)).unwrap();
    let both = verify();
    assert_eq!((both.code, both.verdict), (3, None), "{}", both.text());
    assert!(!both.text().contains("Ann Example"), "{}", both.text());
}

fn disk_of(both: &PairVerification) -> (CheckStatus, &str) {
    let check = both.checks.iter().find(|check| check.name == "disk").unwrap();
    (check.status, &check.sentence)
}

#[test]
fn the_uuid_alone_does_not_say_which_image_was_audited() {
    let build = build();
    let audit = audited(&build);
    let both = verified(&build, &audit, NOW);
    let (status, sentence) = disk_of(&both);
    assert_eq!((both.code, status), (0, CheckStatus::Warning));
    assert!(sentence.contains("the UUID comes from the base image"), "{sentence}");
    assert!(sentence.contains("Neither --expect-ami nor --binding"), "{sentence}");
    let expect = Expectations { ami: Some(AMI), ..Expectations::default() };
    let both = verified_with(&build, &audit, NOW, expect, None);
    assert_eq!((both.code, disk_of(&both).0), (0, CheckStatus::Ok), "{}", both.text());
    let mut mounted = audit;
    mounted.image.mode = Mode::Offline;
    mounted.identity = crate::report::fixture::identity();
    let both = verified(&build, &settled(mounted), NOW);
    assert_eq!(disk_of(&both).0, CheckStatus::Ok, "nothing could name the AMI: {}", both.text());
}

#[test]
fn the_build_machine_is_known_by_what_the_audit_keeps_apart() {
    let mut build = build();
    build.identity = prepared_on("ami-0000000000000000b");
    let mut audit = audited(&build);
    audit.identity = identity_of("i-1", AMI, "2026-11-22T15:35:00Z");
    let file = crate::report::identity::withhold(&mut audit).unwrap().to_bytes();
    assert_eq!(verified(&build, &audit, NOW).code, 0, "nobody can know");
    let both = verified_with(&build, &audit, NOW, Expectations::default(), Some(&file));
    assert_eq!(both.code, 6, "{}", both.text());
    assert!(both.text().contains("the very machine that was being prepared"), "{}", both.text());
}
