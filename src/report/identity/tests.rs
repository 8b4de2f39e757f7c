//! Messages made by the real openssl with test keys, and what an attacker makes of them.

use proptest::prelude::*;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/identity/", $name))
    };
}

const DOCUMENT: &[u8] = fixture!("document.json");
const DER: &[u8] = fixture!("der.p7");
const STREAM: &[u8] = fixture!("stream.p7");
const LOOKALIKE: &[u8] = fixture!("lookalike.p7");

fn signer() -> Certificate {
    Certificate::parse(fixture!("signer.pem")).unwrap()
}

fn why(pkcs7: &[u8]) -> String {
    verify(pkcs7, &signer()).unwrap_err().to_string()
}

#[test]
fn every_honest_form_gives_the_document() {
    for (name, pkcs7) in [
        ("DER", DER),
        ("indefinite lengths", STREAM),
        ("without attributes", fixture!("plain.p7")),
        ("with its certificate", fixture!("with-certificate.p7")),
    ] {
        assert_eq!(verify(pkcs7, &signer()).as_deref(), Ok(DOCUMENT), "{name}");
    }
    assert_eq!(STREAM[1], 0x80, "of indefinite length");
}

#[test]
fn the_certificate_decides_who_signed() {
    let lookalike = Certificate::parse(fixture!("lookalike.pem")).unwrap();
    assert_eq!(verify(LOOKALIKE, &lookalike).as_deref(), Ok(DOCUMENT));
    assert_eq!(why(LOOKALIKE), "It was not signed with the key of this certificate.");
    assert_eq!(why(fixture!("other-region.p7")), "It was not signed with the key of this certificate.");
}

#[test]
fn what_is_refused() {
    let edited = |from: &[u8], to: &[u8], message: &[u8]| {
        let at = memchr::memmem::find(message, from).unwrap();
        [&message[..at], to, &message[at + from.len()..]].concat()
    };
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("edited", edited(b"i-0123456789abcdef0", b"i-9999999999abcdef0", DER), "the digest differs"),
        ("edited, BER", edited(b"t3.small", b"t4.small", STREAM), "the digest differs"),
        ("edited, no attributes", edited(b"-30\"", b"-31\"", fixture!("plain.p7")), "not signed with the key"),
        ("attribute edited", edited(b"\x17\x0d26", b"\x17\x0d27", DER), "not signed with the key"),
        ("SHA-512", fixture!("sha512.p7").to_vec(), "another digest than SHA-256"),
        ("two signers", fixture!("two-signers.p7").to_vec(), "more than one signer"),
        ("detached", fixture!("detached.p7").to_vec(), "does not hold what it signs"),
        ("more at its end", [DER, b"\0"].concat(), "not well formed"),
        ("cut", DER[..DER.len() - 1].to_vec(), "not well formed"),
        ("a certificate", fixture!("aws-us-east-1.pem").to_vec(), "not well formed"),
    ];
    for (name, pkcs7, part) in cases {
        let why = why(&pkcs7);
        assert!(why.contains(part), "{name}: {why}");
    }
    assert!(why(&vec![0x30; SIGNATURE_LIMIT + 1]).contains("longer than any"));
    assert_eq!(why(b""), "It is not well formed.");
}

#[test]
fn values_that_lie_too_deep_are_given_up() {
    let deep = [0x30, 0x80].repeat(pkcs7::LIMIT / 2);
    assert_eq!(why(&deep), "It is not well formed.");
}

#[test]
fn certificates() {
    let aws = Certificate::parse(fixture!("aws-us-east-1.pem")).unwrap();
    assert_eq!(Some(aws.fingerprint()), pinned("us-east-1"), "what is pinned is AWS's certificate");
    assert_eq!(pinned("eu-nowhere-1"), None);

    let signer = fixture!("signer.pem");
    let windows = String::from_utf8(signer.to_vec()).unwrap().replace('\n', "\r\n");
    assert_eq!(Certificate::parse(windows.as_bytes()).unwrap(), self::signer(), "saved by a browser on Windows");
    let der = one_pem(signer).unwrap();
    assert_eq!(Certificate::parse(&der).unwrap(), self::signer(), "DER");
    let twice = [&signer[..], signer].concat();
    for (bytes, part) in [
        (&b"\n"[..], "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\nMIIE", "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "not valid base64"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate that can be understood"),
        (&der[..der.len() - 1], "no certificate that can be understood"),
        (&twice, "several certificates"),
        (fixture!("short.pem"), "RSA with 1024 bits. Take the certificate under the heading RSA-2048"),
        (fixture!("ec.pem"), "another sort than RSA"),
    ] {
        let why = Certificate::parse(bytes).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_certificate_is_trusted_for_its_region_only() {
    let aws = Certificate::parse(fixture!("aws-us-east-1.pem")).unwrap();
    assert_eq!(Trust::Pinned(aws.clone()).certificate("us-east-1"), Ok(&aws));
    let why = |trust: Trust, region: &str| trust.certificate(region).unwrap_err().to_string();
    let unknown = why(Trust::Pinned(aws.clone()), "eu-west-3");
    assert!(unknown.contains("does not know the fingerprint of AWS's certificate there"), "{unknown}");
    assert!(unknown.contains(aws.fingerprint()) && unknown.contains("--aws-cert-unpinned"), "{unknown}");
    let other = why(Trust::Pinned(signer()), "us-east-1");
    assert!(other.contains("not AWS's for us-east-1"), "{other}");
    assert_eq!(Trust::Given(signer()).certificate("eu-west-3"), Ok(&signer()));
}

#[test]
fn documents() {
    let document = Document::parse(DOCUMENT).unwrap();
    assert_eq!(document.instance_id.as_deref(), Some("i-0123456789abcdef0"));
    assert_eq!(document.pending_time, Some("2024-06-03T08:15:30Z".parse().unwrap()));
    for bytes in [&b"[]"[..], b"{", br#"{"region":"a","region":"b"}"#, br#"{"region":1}"#, b"1\x30"] {
        assert!(Document::parse(bytes).is_err(), "{bytes:?}");
    }
}

/// The attributes that are signed in one message are no document when shown as the content of another (the signature
/// fits both: RFC 5652 section 11 does not tell them apart).
#[test]
fn signed_attributes_are_no_document() {
    assert!(Document::parse(b"\x31\x81\x98\x30\x18\x06\x09").is_err());
}

proptest! {
    #[test]
    fn no_message_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = verify(&bytes, &signer());
        let _ = Certificate::parse(&bytes);
    }

    #[test]
    fn a_changed_message_gives_the_document_or_nothing(
        which in 0_usize..3, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut message = [DER, STREAM, fixture!("with-certificate.p7")][which].to_vec();
        let at = at.index(message.len());
        if cut {
            message.remove(at);
        } else {
            message[at] = byte;
        }
        if let Ok(content) = verify(&message, &signer()) {
            prop_assert_eq!(&content[..], DOCUMENT);
        }
    }
}
