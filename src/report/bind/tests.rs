use super::*;
use crate::report::fixture::{NOW, TestKey, catalogue, continuing, identity_on, sample};
use crate::report::sshsig::{BINDING_NAMESPACE, NAMESPACE};
use crate::report::verify::{CheckStatus, Expectations, Signed, Signers, Verification, VerifyInput, verify};
use crate::report::{Mode, Previous, sign, to_bytes as report_bytes};

const AMI: &str = "ami-0123456789abcdef0";
const SIGNER: &str = "release@example.com";

/// The image audit of [`sample`], on an instance of `image`.
fn audit(image: &str) -> Report {
    let mut audit = sample();
    let build = report_bytes(&audit);
    audit.kind = Kind::ImageAudit;
    let previous =
        Previous { report_id: audit.report_id.clone(), sha256: sha256_hex(&build), signer: None, comparison: None };
    audit.journal = continuing(&audit, &previous);
    audit.previous = Some(previous);
    audit.image.mode = Mode::Live;
    audit.identity = identity_on(image);
    audit
}

fn bound<'a>(build: &'a [u8], audit: Option<&'a [u8]>) -> Bound<'a> {
    Bound { ami: AMI, region: None, account: None, build, audit, now: NOW.parse().unwrap() }
}

#[test]
fn the_region_of_the_audited_instance_is_that_of_its_ami() {
    let (build, audit) = (report_bytes(&sample()), report_bytes(&audit(AMI)));
    let made = bind(&bound(&build, Some(&audit))).unwrap();
    assert_eq!((made.region.as_deref(), made.account.as_deref()), (Some("us-east-1"), None));
    assert_eq!(made.audit_sha256, Some(sha256_hex(&audit)));
    assert_eq!(parse(&to_bytes(&made)), Ok(made.clone()));
    assert_eq!(bind(&bound(&build, None)).unwrap().region, None);
}

#[test]
fn what_is_no_pair_and_no_ami_is_not_bound() {
    let build = report_bytes(&sample());
    let good = report_bytes(&audit(AMI));
    let other = report_bytes(&audit("ami-00000000000000000"));
    let mut practice = sample();
    practice.kind = Kind::Practice;
    let practice = report_bytes(&practice);
    let mut stranger = sample();
    stranger.report_id = "another".into();
    let stranger = report_bytes(&stranger);
    let base = bound(&build, Some(&good));
    for (case, part) in [
        (Bound { ami: "ami-xyz", ..base }, "no AMI id"),
        (Bound { ami: "AMI-0123456789ABCDEF0", ..base }, "no AMI id"),
        (Bound { account: Some("12"), ..base }, "12 digits"),
        (Bound { region: Some("us east"), ..base }, "no AWS Region"),
        (Bound { build: b"{}", ..base }, "build report cannot be bound"),
        (Bound { build: &good, ..base }, "give the build report first"),
        (Bound { audit: Some(&build), ..base }, "then the image audit"),
        (Bound { build: &practice, ..base }, "practice"),
        (Bound { build: &stranger, ..base }, "of another build report"),
        (Bound { audit: Some(&other), ..base }, "on an instance of ami-00000000000000000"),
    ] {
        let why = bind(&case).unwrap_err();
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn one_way_to_write_it_is_read() {
    let bytes = to_bytes(&bind(&bound(&report_bytes(&sample()), None)).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    for changed in [
        text.replace("  ", " "),
        text.replace("\"region\": null,\n", ""),
        text.replace("seaworthy.binding/1", "seaworthy.binding/2"),
        format!("{text}\n"),
        text.replace("{\n", "{\n  \"more\": 1,\n"),
    ] {
        assert!(parse(changed.as_bytes()).is_err(), "{changed}");
    }
}

#[test]
fn it_is_signed_for_itself_alone() {
    let bytes = to_bytes(&bind(&bound(&report_bytes(&sample()), None)).unwrap());
    let key = TestKey::new(1);
    assert!(
        sign::attach(&bytes, &key.raw(&sign::to_be_signed(&bytes)), &key.line()).unwrap().contains("SSH SIGNATURE")
    );
    let as_report = crate::report::sshsig::to_be_signed(NAMESPACE, crate::report::sshsig::Hash::Sha512, &bytes);
    assert!(sign::attach(&bytes, &key.raw(&as_report), &key.line()).is_err());
}

fn verified(report: &Report, binding: &[u8], namespace: &str, listed_for: &str) -> Verification {
    let bytes = report_bytes(report);
    let key = TestKey::new(1);
    let line = format!("{SIGNER} namespaces=\"{listed_for}\" {}", key.line());
    let signers = Signers::parse(&line, "signers").unwrap();
    let signature = key.sign(namespace, binding);
    verify(&VerifyInput {
        signer: Some(SIGNER),
        expect: Expectations {
            binding: Some(Signed { bytes: binding, signature: signature.as_bytes() }),
            ..Expectations::default()
        },
        catalogue: Some(&catalogue()),
        ..VerifyInput::new(&bytes, key.sign_report(&bytes).as_bytes(), &signers, NOW.parse().unwrap())
    })
}

#[test]
fn verify_holds_a_binding_against_its_report() {
    let both = "seaworthy-report,seaworthy-binding";
    let (build, audited) = (sample(), audit(AMI));
    let (build_bytes, audit_bytes) = (report_bytes(&build), report_bytes(&audited));
    let good = to_bytes(&bind(&bound(&build_bytes, Some(&audit_bytes))).unwrap());
    let alone = to_bytes(&bind(&bound(&build_bytes, None)).unwrap());
    let mut elsewhere = parse(&good).unwrap();
    elsewhere.ami = "ami-00000000000000000".into();
    let elsewhere = to_bytes(&elsewhere);
    let mut stranger = sample();
    stranger.report_id = "another".into();
    for (name, report, binding, namespace, listed, code, part) in [
        ("honest", &build, &good, BINDING_NAMESPACE, both, 0, ""),
        ("honest audit", &audited, &good, BINDING_NAMESPACE, both, 0, ""),
        ("signed as a report", &build, &good, NAMESPACE, both, 3, "\"seaworthy-report\""),
        ("signed as a commit", &build, &good, "git", both, 3, "\"git\""),
        ("not allowed to bind", &build, &good, BINDING_NAMESPACE, NAMESPACE, 4, "The binding"),
        ("of other evidence", &stranger, &good, BINDING_NAMESPACE, both, 6, "does not name this report"),
        ("without the audit", &audited, &alone, BINDING_NAMESPACE, both, 6, "does not name this report"),
        ("another AMI than was audited", &audited, &elsewhere, BINDING_NAMESPACE, both, 6, "on an instance of"),
    ] {
        let result = verified(report, binding, namespace, listed);
        let failed = result.checks.iter().find(|check| check.status == CheckStatus::Failed);
        let sentence = failed.map_or("", |check| check.sentence.as_str());
        assert_eq!(result.code, code, "{name}: {}", result.text());
        assert!(sentence.contains(part), "{name}: {sentence}");
    }
}
