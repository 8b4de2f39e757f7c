//! T25: what is done to a DSSE envelope beside honest evidence.

use super::*;
use crate::report::dsse::{Envelope, PAYLOAD_TYPE, Signature, signed_bytes};
use crate::report::sshsig::PublicKey;
use crate::report::view::intoto;

fn statement(report: &Report) -> Vec<u8> {
    intoto::intoto(report, &sha256_hex(&to_bytes(report))).into_bytes()
}

fn signature(key: &TestKey, payload_type: &str, payload: &[u8]) -> Signature {
    Signature {
        keyid: PublicKey::parse(&key.blob()).unwrap().fingerprint(),
        bytes: key.raw(&signed_bytes(payload_type, payload)),
    }
}

fn signed(payload: Vec<u8>, keys: &[&TestKey]) -> Envelope {
    Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: keys.iter().map(|key| signature(key, PAYLOAD_TYPE, &payload)).collect(),
        payload,
    }
}

/// The honest report with `envelope` beside it.
fn verified(envelope: &str, signers: &str, signer: Option<&'static str>) -> Verification {
    let case = Case::honest();
    let signers = Signers::parse(&format!("{}\n{signers}", case.signers), "signers").unwrap();
    let expect = Expectations { dsse: Some(envelope.as_bytes()), ..Expectations::default() };
    verify(&VerifyInput {
        signer,
        expect,
        catalogue: Some(&catalogue()),
        ..VerifyInput::new(&case.report, &case.signature, &signers, NOW.parse().unwrap())
    })
}

/// Every case must give its code and say its part in the check that failed.
fn table(cases: Vec<(&str, String, u8, &str)>) {
    for (name, envelope, code, part) in cases {
        let result = verified(&envelope, "", Some(SIGNER));
        let failed = result.checks.iter().find(|check| check.status == CheckStatus::Failed);
        let sentence = failed.map_or("", |check| check.sentence.as_str());
        assert_eq!(result.code, code, "{name}: {sentence}\n{}", result.text());
        assert!(sentence.contains(part), "{name}: {sentence}");
    }
}

#[test]
fn an_honest_envelope_holds() {
    let (key, other) = (TestKey::new(1), TestKey::new(2));
    let payload = statement(&sample());
    let honest = signed(payload.clone(), &[&key]);
    let result = verified(&honest.to_json(), "", Some(SIGNER));
    assert_eq!(result.code, 0, "{}", result.text());
    assert!(result.text().contains("release@example.com vouches for the statement in the envelope."));
    let mut without_hint = honest.clone();
    without_hint.signatures[0].keyid.clear();
    assert_eq!(verified(&without_hint.to_json(), "", None).code, 0, "the key id is a hint only");
    let both = signed(payload, &[&other, &key]).to_json();
    let listed = format!("reviewer@example.com {}", other.line());
    assert_eq!(verified(&both, &listed, Some(SIGNER)).code, 0, "somebody else on the list may sign besides");
    assert_eq!(Case::honest().verify().code, 0);
    assert!(Case::honest().verify().text().contains("No DSSE envelope was given."));
}

#[test]
fn t25_envelopes() {
    let (key, other) = (TestKey::new(1), TestKey::new(2));
    let report = sample();
    let payload = statement(&report);
    let honest = signed(payload.clone(), &[&key]);
    let edited = |from: &str, to: &str| {
        let text = String::from_utf8(payload.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let with = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = honest.clone();
        change(&mut envelope);
        envelope.to_json()
    };
    let lied = |from: &str, to: &str| signed(edited(from, to), &[&key]).to_json();
    let fingerprint = &honest.signatures[0].keyid;
    let foreign = with(&|envelope| {
        let bytes = signature(&other, PAYLOAD_TYPE, &envelope.payload).bytes;
        envelope.signatures = vec![Signature { keyid: fingerprint.clone(), bytes }];
    });
    let another = Report { publisher: "Somebody else".into(), ..sample() };
    table(vec![
        ("payload edited", with(&|it| it.payload = edited("WARNED", "PASSED")), 3, "was changed after signing"),
        ("a space added", with(&|it| it.payload.push(b' ')), 3, "was changed after signing"),
        ("type changed", with(&|it| it.payload_type = "application/json".into()), 3, "holds application/json, not"),
        (
            "signed as another type",
            with(&|it| it.signatures = vec![signature(&key, "text/plain", &it.payload)]),
            3,
            "was changed after signing",
        ),
        (
            "signed as it is, without its type",
            with(&|it| it.signatures[0].bytes = key.raw(&it.payload)),
            3,
            "was changed after signing",
        ),
        (
            "signature of another statement",
            with(&|it| it.signatures = signed(vec![], &[&key]).signatures),
            3,
            "changed",
        ),
        ("cut signature", with(&|it| it.signatures[0].bytes.truncate(63)), 3, "changed"),
        ("no signature", with(&|it| it.signatures.clear()), 3, "bears 0 signatures"),
        ("no envelope", "{}".into(), 3, "not well formed"),
        ("cut off", honest.to_json().chars().take(100).collect(), 3, "not well formed"),
        ("a field more", honest.to_json().replacen('{', "{\"x\": 1,", 1), 3, "unknown field"),
        ("key id of a trusted key on a foreign signature", foreign, 3, "somebody else signed it under that name"),
        ("unknown signer", signed(payload.clone(), &[&other]).to_json(), 4, "by nobody you listed"),
        (
            "second unknown signature added",
            signed(payload.clone(), &[&key, &other]).to_json(),
            4,
            "by nobody you listed",
        ),
        ("unknown signature before", signed(payload.clone(), &[&other, &key]).to_json(), 4, "by nobody you listed"),
        ("of another report", signed(statement(&another), &[&key]).to_json(), 5, "is about another report"),
        ("re-signed: result", lied("\"WARNED\"", "\"PASSED\""), 5, "the result differs"),
        (
            "re-signed: a waived one passed",
            lied("[\"OSL-01\",\"SSH-13\"]", "[\"OSL-01\"]"),
            5,
            "with a warning differs",
        ),
        (
            "re-signed: one more passed",
            lied("\"passedTests\":[", "\"passedTests\":[\"X-01\","),
            5,
            "that passed differs",
        ),
        ("re-signed: one failed", lied("\"failedTests\":[", "\"failedTests\":[\"X-01\""), 5, "that failed differs"),
        ("re-signed: type of the predicate", lied("test-result/v0.1", "test-result/v9"), 5, "its type differs"),
        ("re-signed: catalogue", lied("seaworthy catalogue", "lax catalogue"), 5, "the catalogue differs"),
        (
            "re-signed: an AMI besides",
            lied("}],\"predicateType", "},{\"name\":\"ami\",\"digest\":{}}],\"predicateType"),
            5,
            "what it is about differs",
        ),
        ("re-signed: unknown field", lied("{\"_type\"", "{\"x\":1,\"_type\""), 5, "unknown field"),
        ("re-signed: duplicate", lied("{\"_type\"", "{\"_type\":\"x\",\"_type\""), 5, "duplicate field"),
        ("re-signed: no statement", signed(b"[]".to_vec(), &[&key]).to_json(), 5, "not well formed"),
    ]);
}

#[test]
fn the_signer_of_an_envelope_is_judged_like_that_of_a_report() {
    let other = TestKey::new(2);
    let envelope = signed(statement(&sample()), &[&other]).to_json();
    for (line, part) in [
        ("reviewer@example.com KEY", "is listed for reviewer@example.com, not for release@example.com"),
        ("release@example.com namespaces=\"git\" KEY", "may sign for \"git\" only"),
        ("release@example.com valid-before=\"20251231Z\" KEY", "was valid until"),
        ("release@example.com cert-authority KEY", "by nobody you listed"),
    ] {
        let result = verified(&envelope, &line.replace("KEY", &other.line()), Some(SIGNER));
        assert_eq!(result.code, 4, "{line}: {}", result.text());
        assert!(result.text().contains(part), "{line}: {}", result.text());
    }
}

proptest! {
    #[test]
    fn no_changed_envelope_is_accepted(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let honest = signed(statement(&sample()), &[&TestKey::new(1)]);
        let mut bytes = honest.to_json().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // A change between the fields, or in the hint, is none of what is signed.
        let same = Envelope::parse(text.as_bytes()).is_ok_and(|read| {
            read.payload == honest.payload
                && read.payload_type == honest.payload_type
                && read.signatures[0].bytes == honest.signatures[0].bytes
        });
        prop_assert_eq!(verified(&text, "", Some(SIGNER)).code == 0, same);
    }
}
