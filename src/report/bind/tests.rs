use base64ct::{Base64, Encoding};

use super::*;
use crate::report::fixture::{NOW, TestKey, catalogue, continuing, identity_on, sample};
use crate::report::identity::{Certificate, IdentityFile, Trust, withhold};
use crate::report::sshsig::{BINDING_NAMESPACE, NAMESPACE};
use crate::report::verify::{CheckStatus, Expectations, Signed, Signers, Verification, VerifyInput, verify};
use crate::report::{Identity, Mode, Previous, sign, to_bytes as report_bytes};

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
    let mut silent = audit(AMI);
    silent.identity.claims = None;
    let silent = report_bytes(&silent);
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
        (Bound { region: Some("eu-west-1"), ..base }, "in the Region us-east-1, not in eu-west-1"),
        (Bound { audit: Some(&silent), ..base }, "keeps silent about the machine"),
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
    verified_with(report, binding, (namespace, listed_for), Expectations::default())
}

fn verified_with(
    report: &Report,
    binding: &[u8],
    (namespace, listed_for): (&str, &str),
    expect: Expectations<'_>,
) -> Verification {
    let bytes = report_bytes(report);
    let key = TestKey::new(1);
    let line = format!("{SIGNER} namespaces=\"{listed_for}\" {}", key.line());
    let signers = Signers::parse(&line, "signers").unwrap();
    let signature = key.sign(namespace, binding);
    verify(&VerifyInput {
        signer: Some(SIGNER),
        expect: Expectations { binding: Some(Signed { bytes: binding, signature: signature.as_bytes() }), ..expect },
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

const BOTH: &str = "seaworthy-report,seaworthy-binding";

/// How verifying `report` ends, and what it says of the binding, which is changed before it is signed.
fn binding_of(
    report: &Report,
    change: impl FnOnce(&mut Binding),
    expect: Expectations<'_>,
) -> (u8, CheckStatus, String) {
    let bytes = report_bytes(report);
    let mut binding = bind(&bound(&report_bytes(&sample()), None)).unwrap();
    binding.audit_sha256 = (report.kind == Kind::ImageAudit).then(|| sha256_hex(&bytes));
    change(&mut binding);
    let result = verified_with(report, &to_bytes(&binding), (BINDING_NAMESPACE, BOTH), expect);
    let failed = result.checks.iter().find(|check| check.status == CheckStatus::Failed);
    let check = failed.or_else(|| result.checks.iter().find(|check| check.name == "binding")).unwrap();
    (result.code, check.status, check.sentence.clone())
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/identity/", $name))
    };
}

/// The audit on an instance of another image, ami-0fedcba9876543210, with the document of it that AWS signed.
fn audit_of_another() -> Report {
    let (document, rsa2048): (&[u8], &[u8]) = (fixture!("another.json"), fixture!("another.p7"));
    let mut other = audit("ami-0fedcba9876543210");
    other.identity = Identity {
        document: Some(Base64::encode_string(document)),
        rsa2048: Some(Base64::encode_string(rsa2048)),
        document_sha256: Some(sha256_hex(document)),
        unavailable: None,
        ..other.identity
    };
    other.identity.claims.as_mut().unwrap().instance_id = Some("i-0fedcba9876543210".into());
    other
}

#[test]
fn the_audit_of_another_image_that_claims_nothing_is_not_bound() {
    let aws = Trust::Given(Certificate::parse(fixture!("signer.pem")).unwrap());
    let expect = Expectations { aws: Some(&aws), ..Expectations::default() };
    let mut other = audit_of_another();
    let (code, _, why) = binding_of(&other, |_| (), expect);
    assert!(code == 6 && why.contains("of another image: the audit ran on an instance of ami-0fedcba"), "{why}");
    other.identity.claims = None;
    let (code, _, why) = binding_of(&other, |_| (), expect);
    assert!(code == 6 && why.contains("keeps silent about the machine"), "{why}");
}

#[test]
fn a_binding_is_held_against_the_document_that_is_kept_apart() {
    let apart = |mut report: Report| {
        let file = withhold(&mut report).unwrap();
        (report, IdentityFile::parse(&file.to_bytes()).unwrap())
    };
    let (report, file) = apart(audit_of_another());
    let given = Expectations { identity_file: Some(&file), ..Expectations::default() };
    let (code, _, why) = binding_of(&report, |_| (), given);
    assert!(code == 6 && why.contains("the audit ran on an instance of ami-0fedcba9876543210"), "{why}");
    let (report, file) = apart(audit(AMI));
    let given = Expectations { identity_file: Some(&file), ..Expectations::default() };
    let (code, _, why) = binding_of(&report, |_| (), given);
    assert_eq!(code, 0, "{why}");
}

#[test]
fn region_and_account_of_a_binding_are_held_against_the_document() {
    let judged = |change: fn(&mut Binding)| binding_of(&audit(AMI), change, Expectations::default());
    let (code, _, why) = judged(|binding| binding.region = Some("eu-west-1".into()));
    assert!(code == 6 && why.contains("in the Region us-east-1, not in eu-west-1"), "{why}");
    let (code, status, why) = judged(|binding| binding.account = Some("999999999999".into()));
    assert_eq!((code, status), (0, CheckStatus::Warning), "the AMI may be shared with the account that audits it");
    assert!(why.contains("is of account 123456789012"), "{why}");
    let (code, status, _) = judged(|binding| {
        binding.region = Some("us-east-1".into());
        binding.account = Some("123456789012".into());
    });
    assert_eq!((code, status), (0, CheckStatus::Ok));
}

#[test]
fn a_binding_is_made_after_its_reports_and_before_now() {
    for (bound_at, code, part) in [
        ("2026-11-22T16:05:00Z", 0, "belongs to"),
        ("2026-11-22T16:05:01Z", 6, "has not come yet"),
        ("2026-11-22T15:55:00Z", 0, "belongs to"),
        ("2026-11-22T15:54:59Z", 6, "before the report that it names"),
    ] {
        for report in [sample(), audit(AMI)] {
            let change = |binding: &mut Binding| binding.bound_at = bound_at.parse().unwrap();
            let (found, _, why) = binding_of(&report, change, Expectations::default());
            assert!(found == code && why.contains(part), "{bound_at}: {found} {why}");
        }
    }
}
