//! T16 to T18: which machine it was, and everything that is put in the place of it.

use base64ct::{Base64, Encoding};

use super::*;
use crate::report::fixture::identity_on;
use crate::report::identity::{Certificate, withhold};
use crate::report::{Identity, IdentityOf, InstanceInfo, Mode, sha256_hex};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/identity/", $name))
    };
}

const DOCUMENT: &[u8] = fixture!("document.json");
const SIGNED: &[u8] = fixture!("stream.p7");

fn identity(document: &[u8], rsa2048: &[u8]) -> Identity {
    Identity {
        document: Some(Base64::encode_string(document)),
        rsa2048: Some(Base64::encode_string(rsa2048)),
        document_sha256: Some(sha256_hex(document)),
        unavailable: None,
        ..identity_on("ami-0123456789abcdef0")
    }
}

/// A report of a running instance.
fn live() -> Report {
    let mut report = sample();
    report.image.mode = Mode::Live;
    report.identity = identity(DOCUMENT, SIGNED);
    report
}

fn given(pem: &[u8]) -> Trust {
    Trust::Given(Certificate::parse(pem).unwrap())
}

fn pinned(pem: &[u8]) -> Trust {
    Trust::Pinned(Certificate::parse(pem).unwrap())
}

/// The report, changed, against the test certificate.
fn case(change: impl FnOnce(&mut Report)) -> Case {
    let mut report = live();
    change(&mut report);
    Case { aws: Some(given(fixture!("signer.pem"))), ..Case::of(&report) }
}

fn claims(change: impl FnOnce(&mut InstanceInfo)) -> Case {
    case(|report| change(report.identity.claims.as_mut().unwrap()))
}

fn check<'a>(result: &'a Verification, name: &str) -> (CheckStatus, &'a str) {
    let check = result.checks.iter().find(|check| check.name == name).unwrap();
    (check.status, &check.sentence)
}

#[test]
fn an_honest_identity_holds() {
    for signed in [SIGNED, fixture!("der.p7"), fixture!("plain.p7"), fixture!("with-certificate.p7")] {
        let result = case(|report| report.identity = identity(DOCUMENT, signed)).verify();
        assert_eq!(result.code, 0, "{}", result.text());
        let (status, sentence) = check(&result, "identity");
        assert_eq!(status, CheckStatus::Ok);
        assert_eq!(
            sentence,
            "AWS signed that it was instance i-0123456789abcdef0 of account 123456789012 in Region us-east-1, started from image ami-0123456789abcdef0 at 2024-06-03T08:15:30Z. That image is what the build began with, not what was made of it."
        );
    }
}

#[test]
fn without_a_certificate_it_is_listed_as_not_checked() {
    let result = Case { aws: None, ..case(|_| ()) }.verify();
    assert_eq!(result.code, 0, "{}", result.text());
    let (status, sentence) = check(&result, "identity");
    assert_eq!(status, CheckStatus::NotChecked);
    assert!(sentence.contains("No AWS certificate was given (--aws-cert)"), "{sentence}");
    assert!(sentence.contains("signer's word alone that it was instance i-0123456789abcdef0"), "{sentence}");
    let offline = Case::honest().verify();
    assert_eq!(check(&offline, "identity").0, CheckStatus::NotChecked);
    assert!(check(&offline, "identity").1.contains("no identity document of the machine: the image is not running"));
}

#[test]
fn t16_claims_name_another_machine() {
    table(vec![
        (
            "instance",
            claims(|claims| claims.instance_id = Some("i-9999".into())),
            6,
            "The AWS document names i-0123456789abcdef0, the report names i-9999.",
        ),
        ("image", claims(|claims| claims.image_id = Some("ami-9".into())), 6, "the report names ami-9"),
        ("account", claims(|claims| claims.account_id = Some("999".into())), 6, "the report names 999"),
        ("region", claims(|claims| claims.region = None), 6, "names us-east-1, the report names nothing"),
        (
            "no certificate",
            Case { aws: None, ..claims(|claims| claims.instance_id = Some("i-9999".into())) },
            6,
            "the report names i-9999",
        ),
        (
            "no document at all",
            case(|report| {
                report.identity.document = None;
                report.identity.rsa2048 = None;
            }),
            6,
            "names an instance, but holds no identity document",
        ),
        (
            "a document, and no claims",
            case(|report| report.identity.claims = None),
            6,
            "keeps silent about the machine that it names",
        ),
        (
            "a document, no claims and no certificate",
            Case { aws: None, ..case(|report| report.identity.claims = None) },
            6,
            "keeps silent about the machine that it names",
        ),
        (
            "a mounted image takes the inspector's",
            case(|report| report.image.mode = Mode::Offline),
            6,
            "gives the identity of one machine to another",
        ),
    ]);
}

#[test]
fn t17_the_document_or_its_signature_is_another() {
    let edited = fixture!("edited.json");
    let with = |document: &[u8], signed: &[u8]| {
        let document = identity(document, signed);
        case(move |report| report.identity = document)
    };
    let mut fits_claims = identity(edited, SIGNED);
    fits_claims.claims.as_mut().unwrap().instance_id = Some("i-0ed1ted0000000000".into());
    let mut another = identity(fixture!("another.json"), fixture!("another.p7"));
    let claims = another.claims.as_mut().unwrap();
    claims.instance_id = Some("i-0fedcba9876543210".into());
    claims.image_id = Some("ami-0fedcba9876543210".into());
    let not_signed = "was not signed with the key of this certificate";
    table(vec![
        ("edited", with(edited, SIGNED), 6, "names i-0ed1ted0000000000, the report names i-0123456789abcdef0"),
        (
            "edited with its claims",
            case(|report| report.identity = fits_claims),
            6,
            "AWS signed another identity document than the one in the report: instance i-0123456789abcdef0",
        ),
        (
            "the message of another instance",
            with(DOCUMENT, fixture!("another.p7")),
            6,
            "signed another identity document than the one in the report: instance i-0fedcba9876543210",
        ),
        ("look-alike certificate inside", with(DOCUMENT, fixture!("lookalike.p7")), 6, not_signed),
        ("signed in another region", with(DOCUMENT, fixture!("other-region.p7")), 6, not_signed),
        (
            "another region's certificate",
            Case { aws: Some(pinned(fixture!("other-region.pem"))), ..case(|_| ()) },
            6,
            "The certificate is not AWS's for us-east-1: its SHA-256 is",
        ),
        (
            "AWS's own certificate",
            Case { aws: Some(pinned(fixture!("aws-us-east-1.pem"))), ..case(|_| ()) },
            6,
            not_signed,
        ),
        (
            "digest",
            case(|report| report.identity.document_sha256 = Some(sha256_hex(b"other"))),
            6,
            "not the one whose digest is in the report",
        ),
        ("no signature", case(|report| report.identity.rsa2048 = None), 6, "has no signature by AWS"),
        ("no base64", case(|report| report.identity.rsa2048 = Some("A A=".into())), 6, "not valid base64"),
        ("no document", with(b"[]", SIGNED), 6, "It is no instance identity document"),
        (
            "none, but AWS's word is wanted",
            case(|report| report.identity = Identity::unavailable(IdentityOf::Image, "--no-imds")),
            6,
            "holds no identity document of the machine: --no-imds",
        ),
        (
            "started after the preparation began",
            case(|report| report.started_at = "2024-06-03T08:10:29Z".parse().unwrap()),
            6,
            "before AWS started the machine at 2024-06-03T08:15:30Z",
        ),
        (
            "fetched after the report was written",
            case(|report| report.identity.fetched_at = Some("2026-11-22T16:10:00Z".parse().unwrap())),
            6,
            "after the report was written",
        ),
    ]);
    let honest = case(|report| report.identity = another).verify();
    assert_eq!(honest.code, 0, "{}", honest.text());
}

#[test]
fn t18_another_machine_than_expected() {
    let expecting = |expect| Case { expect, ..case(|_| ()) };
    let none = Expectations::default();
    table(vec![
        ("instance", expecting(Expectations { instance: Some("i-9"), ..none }), 6, "expected was i-9"),
        (
            "image",
            expecting(Expectations { ami: Some("ami-9"), ..none }),
            6,
            "image that the build began with is ami-0",
        ),
        ("account", expecting(Expectations { account: Some("9"), ..none }), 6, "the account is 123456789012"),
        ("region", expecting(Expectations { region: Some("eu-west-1"), ..none }), 6, "the Region is us-east-1"),
        ("report", expecting(Expectations { report: Some("01JD"), ..none }), 6, "expected was 01JD"),
        (
            "mounted",
            Case { expect: Expectations { instance: Some("i-0123456789abcdef0"), ..none }, ..Case::honest() },
            6,
            "The image was mounted",
        ),
        (
            "no document",
            Case {
                aws: None,
                expect: Expectations { region: Some("us-east-1"), ..none },
                ..case(|report| report.identity = Identity::unavailable(IdentityOf::Image, "--no-imds"))
            },
            6,
            "nothing in it says which machine",
        ),
    ]);
    let all = Expectations {
        instance: Some("i-0123456789abcdef0"),
        ami: Some("ami-0123456789abcdef0"),
        account: Some("123456789012"),
        region: Some("us-east-1"),
        report: Some("01jd8q4z6t7w8x9y0abcdefghj"),
        ..none
    };
    let signed = expecting(all).verify();
    assert_eq!((signed.code, check(&signed, "expected").0), (0, CheckStatus::Ok), "{}", signed.text());
    let unsigned = Case { aws: None, ..expecting(all) }.verify();
    assert_eq!((unsigned.code, check(&unsigned, "expected").0), (0, CheckStatus::Warning), "{}", unsigned.text());
}

#[test]
fn an_identity_that_is_kept_apart() {
    let mut report = live();
    let file = withhold(&mut report).unwrap();
    assert!(!String::from_utf8(to_bytes(&report)).unwrap().contains("i-0123456789abcdef0"), "nothing of it stays");
    let bytes = file.to_bytes();
    let file = IdentityFile::parse(&bytes).unwrap();
    let apart = |file: Option<&IdentityFile>, aws: bool| Case {
        aws: aws.then(|| given(fixture!("signer.pem"))),
        identity_file: file.cloned(),
        ..Case::of(&report)
    };
    let holds = apart(Some(&file), true).verify();
    assert_eq!((holds.code, check(&holds, "identity").0), (0, CheckStatus::Ok), "{}", holds.text());
    let unseen = apart(None, false).verify();
    assert_eq!((unseen.code, check(&unseen, "identity").0), (0, CheckStatus::NotChecked), "{}", unseen.text());

    let mut other = live();
    other.identity = identity(fixture!("another.json"), fixture!("another.p7"));
    let other = withhold(&mut other).unwrap();
    table(vec![
        ("not given", apart(None, true), 6, "holds only the digest of the identity document"),
        ("of another report", apart(Some(&other), false), 6, "not the one whose digest is in the report"),
        (
            "beside a report that has one",
            Case { identity_file: Some(other.clone()), ..case(|_| ()) },
            6,
            "holds another identity document than identity.json",
        ),
        (
            "beside a report that has none",
            Case { identity_file: Some(file.clone()), ..Case::honest() },
            6,
            "identity.json belongs to another report",
        ),
    ]);
    for bytes in [&b"{}"[..], br#"{"format":"x","document":"","rsa2048":null}"#] {
        assert!(IdentityFile::parse(bytes).is_err());
    }
}
