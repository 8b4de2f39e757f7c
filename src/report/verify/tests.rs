//! The tamper table: what is done to honest evidence, which code it must give, and what the reader is told.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::check::Status;
use crate::report::fixture::{NOW, TestKey, catalogue, fido, retell, sample};
use crate::report::{Kind, Outcome, Verdict, to_bytes, view};

mod contents;
mod dsse;
mod form;
mod identity;
mod journal;
mod previous;

const SIGNER: &str = "release@example.com";

/// Evidence and what it is verified against; honest until changed.
struct Case {
    report: Vec<u8>,
    signature: Vec<u8>,
    signers: String,
    revoked: Option<String>,
    signer: Option<&'static str>,
    expect: Expectations<'static>,
    aws: Option<Trust>,
    identity_file: Option<IdentityFile>,
    html: Option<Vec<u8>>,
    markdown: Option<Vec<u8>>,
    now: &'static str,
}

impl Case {
    fn of(report: &Report) -> Self {
        Self::bytes(to_bytes(report))
    }

    /// Signed by the listed key, whatever it is: what a dishonest holder of the key can make.
    fn bytes(report: Vec<u8>) -> Self {
        let key = TestKey::new(1);
        Self {
            signature: key.sign_report(&report).into_bytes(),
            signers: format!("{SIGNER} namespaces=\"seaworthy-report\" {}", key.line()),
            report,
            revoked: None,
            signer: Some(SIGNER),
            expect: Expectations::default(),
            aws: None,
            identity_file: None,
            html: None,
            markdown: None,
            now: NOW,
        }
    }

    fn honest() -> Self {
        Self::of(&sample())
    }

    fn verify(&self) -> Verification {
        let mut signers = Signers::parse(&self.signers, "signers").unwrap();
        if let Some(revoked) = &self.revoked {
            signers.revoke(revoked, "revoked").unwrap();
        }
        verify(&VerifyInput {
            signer: self.signer,
            expect: Expectations { aws: self.aws.as_ref(), identity_file: self.identity_file.as_ref(), ..self.expect },
            html: self.html.as_deref(),
            markdown: self.markdown.as_deref(),
            catalogue: Some(&catalogue()),
            ..VerifyInput::new(&self.report, &self.signature, &signers, self.now.parse().unwrap())
        })
    }
}

/// Every case must give its code, and say its part in the check that failed.
fn table(cases: Vec<(&str, Case, u8, &str)>) {
    for (name, case, code, part) in cases {
        let result = case.verify();
        let failed = result.checks.iter().find(|check| check.status == CheckStatus::Failed);
        let sentence = failed.map_or("", |check| check.sentence.as_str());
        assert_eq!(result.code, code, "{name}: {sentence}\n{}", result.text());
        assert!(sentence.contains(part), "{name}: {sentence}");
        if matches!(code, 3 | 4) {
            assert_eq!(result.report, None, "{name}: nothing of the report is shown");
            assert!(!result.text().contains("Ann Example"), "{name}: {}", result.text());
        }
    }
}

/// Changes the honest bytes after signing.
fn damaged(change: impl Fn(Vec<u8>) -> Vec<u8>) -> Case {
    let honest = Case::honest();
    Case { report: change(honest.report.clone()), ..honest }
}

fn replaced(from: &str, to: &str) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    }
}

/// Changes the report before signing: a lie of the key's holder.
fn lie(change: impl FnOnce(&mut Report)) -> Case {
    let mut report = sample();
    change(&mut report);
    Case::of(&report)
}

fn guideline<'a>(report: &'a mut Report, id: &str) -> &'a mut crate::report::GuidelineRecord {
    report.guidelines.iter_mut().find(|record| record.id == id).unwrap()
}

#[test]
fn honest_evidence_holds() {
    let honest = Case::honest();
    let result = honest.verify();
    assert_eq!(result.code, 0, "{}", result.text());
    assert_eq!(result.report.as_ref().unwrap().verdict, "seaworthy-with-waivers");
    assert_eq!(result.signer.as_ref().unwrap().name, SIGNER);
    assert!(result.text().contains("The report is authentic and agrees with itself."));
    assert!(result.json().starts_with("{\n  \"format\": \"seaworthy.verify/1\",\n  \"code\": 0,"), "{}", result.json());
    let names: Vec<&str> = result.checks.iter().map(|check| check.name).collect();
    // Of a file that was not given, one line says so.
    let steps = ["binding-signature", "binding-signer", "dsse-signer", "dsse-statement"];
    let every = CHECKS.iter().map(|(name, _)| *name).chain(["verdict"]);
    let wanted: Vec<&str> = every.clone().filter(|name| !steps.contains(name)).collect();
    assert_eq!(names, wanted);
    let failed = damaged(|bytes| bytes[1..].to_vec()).verify();
    assert_eq!(failed.checks.len(), every.count(), "what was not reached is listed too");
}

#[test]
fn t01_bytes_changed_after_signing() {
    let rewritten = |bytes: Vec<u8>| {
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        serde_json::to_vec(&value).unwrap()
    };
    table(vec![
        ("result", damaged(replaced("\"fixed\"", "\"waived\"")), 3, "does not match this file. The file was changed"),
        ("justification", damaged(replaced("until 3.2 is out", "until 9.9 is out")), 3, "does not match"),
        ("newline appended", damaged(|bytes| [bytes, b"\n".to_vec()].concat()), 3, "an editor added it"),
        ("newline removed", damaged(|bytes| bytes[..bytes.len() - 1].to_vec()), 3, "an editor removed it"),
        ("re-indented", damaged(rewritten), 3, "does not match"),
        (
            "CRLF",
            damaged(|bytes| String::from_utf8(bytes).unwrap().replace('\n', "\r\n").into_bytes()),
            3,
            "Windows line ends",
        ),
        ("BOM", damaged(|bytes| [b"\xef\xbb\xbf".to_vec(), bytes].concat()), 3, "byte order mark"),
        (
            "BOM, signed again",
            Case::bytes([b"\xef\xbb\xbf".to_vec(), Case::honest().report].concat()),
            5,
            "byte order mark",
        ),
        ("empty", damaged(|_| Vec::new()), 3, "does not match"),
    ]);
}

#[test]
fn t02_t03_t04_the_signature_file() {
    let with = |signature: String| Case { signature: signature.into_bytes(), ..Case::honest() };
    let good = String::from_utf8(Case::honest().signature).unwrap();
    let key = TestKey::new(1);
    let other = lie(|report| report.publisher = "Somebody".into());
    let bytes = Case::honest().report;
    table(vec![
        ("of another report", Case { signature: other.signature, ..Case::honest() }, 3, "belongs to another report"),
        ("empty", with(String::new()), 3, "does not begin with"),
        ("truncated", with(good.chars().take(good.len() / 2).collect()), 3, "cut off"),
        ("text before", with(format!("x\n{good}")), 3, "something before"),
        ("text after", with(format!("{good}x")), 3, "something after"),
        ("two", with(format!("{good}{good}")), 3, "something after"),
        ("CRLF", with(good.replace('\n', "\r\n")), 3, "Windows line ends"),
        ("for git", with(key.sign("git", &bytes)), 3, "signed for \"git\""),
        ("for file", with(key.sign("file", &bytes)), 3, "signed for \"file\""),
        (
            "longer namespace",
            with(key.sign("seaworthy-report.evil", &bytes)),
            3,
            "signed for \"seaworthy-report.evil\"",
        ),
        ("RSA-1024", with(include_str!("../../../tests/fixtures/sshsig/rsa-1024.sha512.sig").into()), 3, "1024 bits"),
        ("P-521", with(include_str!("../../../tests/fixtures/sshsig/ecdsa-521.sha512.sig").into()), 3, "not supported"),
    ]);
}

#[test]
fn t05_the_signer() {
    let line = TestKey::new(1).line();
    let listed = |signers: String| Case { signers, ..Case::honest() };
    table(vec![
        (
            "unknown key",
            listed(format!("{SIGNER} {}", TestKey::new(2).line())),
            4,
            "is not in the list of trusted signers",
        ),
        ("another principal", listed(format!("bob@example.com {line}")), 4, "is listed for bob@example.com"),
        ("negated", listed(format!("*,!{SIGNER} {line}")), 4, "is listed for"),
        ("namespace", listed(format!("{SIGNER} namespaces=\"git\" {line}")), 4, "may sign for \"git\" only"),
        ("expired", listed(format!("{SIGNER} valid-before=\"20261122155959Z\" {line}")), 4, "was valid until"),
        ("not yet valid", listed(format!("{SIGNER} valid-after=\"20261122160001Z\" {line}")), 4, "not valid before"),
        ("revoked", Case { revoked: Some(line), ..Case::honest() }, 4, "is revoked"),
        ("anybody listed", Case { signer: None, ..Case::honest() }, 0, ""),
    ]);
}

#[test]
fn t06_a_security_key_must_be_touched() {
    let by_token = |flags| {
        let honest = Case::honest();
        let (signature, line) = fido(&honest.report, flags);
        Case { signature: signature.into_bytes(), signers: format!("{SIGNER} {line}"), ..honest }
    };
    table(vec![
        ("not touched", by_token(0), 4, "without being touched"),
        ("touched", by_token(1), 0, ""),
        ("touched, with a PIN", by_token(5), 0, ""),
    ]);
    assert!(by_token(5).verify().text().contains("its PIN or fingerprint given"));
}

#[test]
fn t18_expectations() {
    let expecting = |expect| Case { expect, ..Case::honest() };
    let none = Expectations::default();
    let day = Some(SignedDuration::from_hours(24));
    let sha256: &'static str = sha256_hex(&Case::honest().report).leak();
    table(vec![
        ("challenge", expecting(Expectations { challenge: Some("case 4711"), ..none }), 0, ""),
        (
            "another challenge",
            expecting(Expectations { challenge: Some("case 4712"), ..none }),
            6,
            "another challenge: \"case 4711\"",
        ),
        (
            "no challenge in it",
            Case {
                expect: Expectations { challenge: Some("case 4711"), ..none },
                ..lie(|report| report.challenge = None)
            },
            6,
            "answers no challenge",
        ),
        ("young enough", expecting(Expectations { max_age: day, ..none }), 0, ""),
        (
            "too old",
            Case { now: "2026-11-24T16:00:00Z", ..expecting(Expectations { max_age: day, ..none }) },
            6,
            "It is 48 hours old; 24 are allowed",
        ),
        ("digest", expecting(Expectations { sha256: Some(sha256), ..none }), 0, ""),
        (
            "digest in groups",
            expecting(Expectations { sha256: Some(view::grouped(sha256).to_uppercase().leak()), ..none }),
            0,
            "",
        ),
        ("another digest", expecting(Expectations { sha256: Some("00"), ..none }), 6, "not the expected one"),
        ("from the future", Case { now: "2026-11-22T15:54:00Z", ..Case::honest() }, 5, "has not come yet"),
        ("a clock a little ahead", Case { now: "2026-11-22T15:56:00Z", ..Case::honest() }, 0, ""),
    ]);
}

#[test]
fn t21_views() {
    let honest = sample();
    let sha256 = sha256_hex(&to_bytes(&honest));
    let (html, markdown) = (view::html(&honest, &sha256), view::markdown(&honest, &sha256));
    let html_is = |text: String| Case { html: Some(text.into_bytes()), ..Case::honest() };
    let markdown_is = |text: String| Case { markdown: Some(text.into_bytes()), ..Case::honest() };
    let other = sha256_hex(b"another report");
    table(vec![
        ("honest HTML", html_is(html.clone()), 0, ""),
        ("honest Markdown", markdown_is(markdown.clone()), 0, ""),
        ("HTML edited", html_is(html.replacen("with a password", "without a password", 1)), 5, "it was edited"),
        ("Markdown edited", markdown_is(markdown.replacen("Root may", "Root will", 1)), 5, "it was edited"),
        ("HTML of another report", html_is(view::html(&honest, &other)), 5, "another report"),
        ("Markdown of another report", markdown_is(view::markdown(&honest, &other)), 5, "another report"),
    ]);
    let mut older = sample();
    older.tool.version = "0.0.9".into();
    let case = Case {
        html: Some(html.replace(&view::grouped(&sha256), &view::grouped(&sha256_hex(&to_bytes(&older)))).into_bytes()),
        ..Case::of(&older)
    };
    assert!(case.verify().text().contains("was rendered by 0.0.9"), "{}", case.verify().text());
}

#[test]
fn t22_hostile_text_is_shown_escaped() {
    let hostile = "<script>alert(1)</script> \u{1b}[31m \u{202e}gpj | `x` \u{200b}";
    let mut report = sample();
    report.publisher = hostile.into();
    report.limits = vec![hostile.into()];
    guideline(&mut report, "SSH-13").decision.as_mut().unwrap().reason = Some(hostile.into());
    guideline(&mut report, "SSH-04").after.observations[0].path = Some(hostile.into());
    retell(&mut report);
    let result = Case::of(&report).verify();
    assert_eq!(result.code, 0, "{}", result.text());
    let text = result.text();
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200b}']) && text.contains("\\u{1b}[31m"), "{text}");
}

#[test]
fn t23_authentic_but_not_seaworthy() {
    let failing = |report: &mut Report| {
        let record = guideline(report, "SSH-13");
        record.decision = None;
        record.result = Outcome::Fail;
        report.summary.verdict = Verdict::NotSeaworthy;
        retell(report);
    };
    let undecided = |report: &mut Report| {
        let record = guideline(report, "PRD-13");
        record.decision = None;
        record.result = Outcome::NotAttested;
        report.attestations.clear();
        report.summary.verdict = Verdict::Undecided;
        retell(report);
    };
    table(vec![
        ("failing", lie(failing), 1, "its verdict is not-seaworthy"),
        ("undecided", lie(undecided), 1, "its verdict is undecided"),
        ("practice", lie(|report| report.kind = Kind::Practice), 1, "about a practice image (seaworthy-with-waivers)"),
    ]);
}

#[test]
fn a_waiver_of_what_is_only_recommended_may_end() {
    let waived = |severity| {
        let mut report = sample();
        guideline(&mut report, "SSH-13").severity = severity;
        if severity != Severity::Required {
            report.summary.verdict = Verdict::Seaworthy;
        }
        seaworthy(&report, "2027-04-01T00:00:00Z".parse().unwrap())
    };
    assert!(matches!(waived(Severity::Required), Failed(why) if why.contains("the waiver of SSH-13 ended")));
    assert_eq!(waived(Severity::Recommended), Holds("Its verdict is seaworthy.".into()));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "evidence files in a directory of the test's own")]
fn a_file_that_is_too_large_gives_the_code_of_what_it_is_for() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let honest = Case::honest();
    for (name, bytes) in [
        ("report.json", &honest.report),
        ("report.json.sig", &honest.signature),
        ("binding.json", &b"{}".to_vec()),
        ("signers", &honest.signers.clone().into_bytes()),
    ] {
        std::fs::write(at(name), bytes).unwrap();
    }
    for name in ["large.json", "binding.json.sig"] {
        std::fs::File::create(at(name)).unwrap().set_len(64 << 20).unwrap();
    }
    let (report, signers, large, binding) = (at("report.json"), at("signers"), at("large.json"), at("binding.json"));
    let base = VerifyFiles { signer: Some(SIGNER), ..VerifyFiles::new(&report, &signers, NOW.parse().unwrap()) };
    let large = Some(large.as_path());
    for (what, files, code) in [
        ("report", VerifyFiles { report: &at("large.json"), ..base }, 5),
        ("signature", VerifyFiles { signature: large, ..base }, 3),
        ("HTML", VerifyFiles { html: large, ..base }, 5),
        ("Markdown", VerifyFiles { markdown: large, ..base }, 5),
        ("binding", VerifyFiles { binding: large, ..base }, 3),
        ("the binding's signature", VerifyFiles { binding: Some(&binding), ..base }, 3),
        ("baseline", VerifyFiles { baseline: large, ..base }, 6),
        ("identity.json", VerifyFiles { identity_file: large, ..base }, 6),
        ("DSSE", VerifyFiles { dsse: large, ..base }, 3),
        ("signers", VerifyFiles { signers: &at("large.json"), ..base }, 2),
    ] {
        let result = verify_files(&files);
        let sentence = &result.checks[0].sentence;
        assert_eq!(result.code, code, "{what}: {sentence}");
        assert!(sentence.contains("it is larger than"), "{what}: {sentence}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "evidence files in a directory of the test's own")]
fn files_that_are_missing_or_faulty() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let honest = Case::honest();
    std::fs::write(at("report.json"), &honest.report).unwrap();
    std::fs::write(at("signers"), &honest.signers).unwrap();
    std::fs::write(at("faulty"), "nothing that is a line").unwrap();
    let judge = |report: &str, signers: &str| {
        let result = verify_files(&VerifyFiles {
            signer: Some(SIGNER),
            catalogue: Some(&catalogue()),
            ..VerifyFiles::new(&at(report), &at(signers), NOW.parse().unwrap())
        });
        (result.code, result.checks[0].sentence.clone())
    };
    assert_eq!(judge("report.json", "signers").0, 7, "no signature");
    std::fs::write(at("report.json.sig"), &honest.signature).unwrap();
    assert_eq!(judge("report.json", "signers").0, 0);
    let (code, sentence) = judge("absent.json", "signers");
    assert!(code == 7 && sentence.contains("absent.json: there is no such file"), "{sentence}");
    let (code, sentence) = judge("report.json", "absent");
    assert!(code == 2 && sentence.contains("there is no such file"), "{sentence}");
    let (code, sentence) = judge("report.json", "faulty");
    assert!(code == 2 && sentence.contains("faulty:1:"), "{sentence}");
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let (code, sentence) = judge("fifo", "signers");
    assert!(code == 7 && sentence.contains("not a regular file"), "{sentence}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_mutation_of_a_report_verifies(place in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<bool>()) {
        let mut case = Case::honest();
        let at = place.index(case.report.len());
        if cut { case.report.truncate(at) } else { case.report[at] ^= flip }
        prop_assert_eq!(case.verify().code, 3);
    }

    #[test]
    fn a_mutated_report_that_is_signed_again_never_panics(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = Case::honest().report;
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        let _ = Case::bytes(bytes).verify();
    }

    #[test]
    fn lists_of_signers_never_panic(text in "\\PC{0,80}", noise in "[a-z\"=,! \\t\n#*-]{0,80}") {
        let _ = Signers::parse(&text, "signers");
        let _ = Signers::parse(&format!("{noise} {}", TestKey::new(1).line()), "signers");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "evidence files in a directory of the test's own")]
fn what_lies_beside_the_report_unchecked_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let honest = Case::honest();
    std::fs::write(at("report.json"), &honest.report).unwrap();
    std::fs::write(at("report.json.sig"), &honest.signature).unwrap();
    std::fs::write(at("signers"), &honest.signers).unwrap();
    let (report, signers) = (at("report.json"), at("signers"));
    let judge = || {
        let result = verify_files(&VerifyFiles {
            catalogue: Some(&catalogue()),
            ..VerifyFiles::new(&report, &signers, NOW.parse().unwrap())
        });
        (result.code, result.checks.into_iter().find(|check| check.name == "beside"))
    };
    assert_eq!(judge(), (0, None));
    for name in ["report.json.sig.tsr", "report.json.nitrotpm", "report.json.\u{1b}reviewer.sig", "other.json.sig"] {
        std::fs::write(at(name), "x").unwrap();
    }
    let (code, check) = judge();
    let check = check.unwrap();
    assert_eq!((code, check.status), (0, CheckStatus::NotChecked));
    let named = "report.json.\\u{1b}reviewer.sig, report.json.nitrotpm, report.json.sig.tsr.";
    assert!(check.sentence.ends_with(named), "{}", check.sentence);
}
