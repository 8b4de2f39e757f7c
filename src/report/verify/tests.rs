//! The tamper table: what is done to honest evidence, which code it must give, and what the reader is told.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::check::Status;
use crate::report::fixture::{NOW, TestKey, catalogue, journal, sample};
use crate::report::{Choice, Kind, Outcome, Verdict, to_bytes, view};

const SIGNER: &str = "release@example.com";

/// Evidence and what it is verified against; honest until changed.
struct Case {
    report: Vec<u8>,
    signature: Vec<u8>,
    signers: String,
    revoked: Option<String>,
    signer: Option<&'static str>,
    expect: Expectations<'static>,
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
            report: &self.report,
            signature: &self.signature,
            signers: &signers,
            signer: self.signer,
            expect: self.expect,
            html: self.html.as_deref(),
            markdown: self.markdown.as_deref(),
            catalogue: Some(&catalogue()),
            now: self.now.parse().unwrap(),
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
    let wanted: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).chain(["verdict"]).collect();
    assert_eq!(names, wanted);
    let failed = damaged(|bytes| bytes[1..].to_vec()).verify();
    assert_eq!(failed.checks.len(), wanted.len(), "what was not reached is listed too");
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
        ("truncated", with(good[..good.len() / 2].to_owned()), 3, "cut off"),
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
        ("RSA-1024", with(include_str!("../sshsig/golden/rsa-1024.sig").into()), 3, "1024 bits"),
        ("P-521", with(include_str!("../sshsig/golden/ecdsa-521.sig").into()), 3, "not supported"),
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
fn t07_t09_results_that_do_not_follow() {
    table(vec![
        (
            "verdict",
            lie(|report| report.summary.verdict = Verdict::Seaworthy),
            5,
            "Its verdict is seaworthy, but from its guidelines follows seaworthy-with-waivers",
        ),
        ("counts", lie(|report| report.summary.counts.pass += 1), 5, "counts"),
        (
            "pass with a failing finding",
            lie(|report| guideline(report, "SSH-13").result = Outcome::Pass),
            5,
            "SSH-13 is called pass",
        ),
        (
            "finding turned, summary forgotten",
            lie(|report| guideline(report, "OSL-01").after.status = Status::Fail),
            5,
            "OSL-01 is called unknown",
        ),
        (
            "fixed without a change",
            lie(|report| {
                guideline(report, "KEY-01").before.status = Status::Fail;
                guideline(report, "KEY-01").result = Outcome::Fixed;
            }),
            5,
            "KEY-01 is called fixed",
        ),
        (
            "a plan for the seal out of nothing",
            lie(|report| {
                report
                    .finish_plan
                    .push(crate::report::FinishStep { guideline: "KEY-01".into(), by_hand: String::new() })
            }),
            5,
            "left for the seal",
        ),
    ]);
}

#[test]
fn t08_guidelines_left_out_or_changed() {
    table(vec![
        (
            "left out",
            lie(|report| {
                report.guidelines.remove(0);
            }),
            5,
            "some were left out or added",
        ),
        (
            "left out, counted down",
            lie(|report| {
                report.guidelines.remove(0);
                report.catalogue.guidelines -= 1;
            }),
            5,
            "OSL-01 was left out",
        ),
        (
            "twice",
            lie(|report| {
                let twice = report.guidelines[0].clone();
                report.guidelines[1] = twice;
            }),
            5,
            "is in it twice",
        ),
        ("renamed", lie(|report| report.guidelines[0].id = "OSL-99".into()), 5, "OSL-01 was left out"),
        (
            "severity lowered",
            lie(|report| guideline(report, "SSH-13").severity = crate::catalogue::Severity::Optional),
            5,
            "SSH-13 is not as in catalogue",
        ),
        ("catalogue's digest", lie(|report| report.catalogue.sha256 = "0".repeat(64)), 5, "digest is another"),
        (
            "custom, with one built-in left out",
            lie(|report| {
                report.catalogue.custom = true;
                report.guidelines[0].id = "OWN-01".into();
            }),
            5,
            "OSL-01 was left out",
        ),
    ]);
    let custom = lie(|report| report.catalogue.custom = true).verify();
    assert!(custom.checks.iter().any(|check| check.name == "catalogue" && check.status == CheckStatus::Warning));
    let other = lie(|report| report.catalogue.version = "2025.01".into()).verify();
    assert_eq!(other.code, 0);
    assert!(other.text().contains("warning  catalogue  It goes by catalogue 2025.01"), "{}", other.text());
}

#[test]
fn t10_t11_decisions() {
    fn waiver(change: impl FnOnce(&mut crate::report::DecisionRecord)) -> Case {
        lie(|report| change(guideline(report, "SSH-13").decision.as_mut().unwrap()))
    }
    table(vec![
        (
            "no reason",
            waiver(|waiver| waiver.reason = None),
            5,
            "SSH-13 is waived, but a name, an end or a reason is missing",
        ),
        ("short reason", waiver(|waiver| waiver.reason = Some("because".into())), 5, "is missing"),
        ("no name", waiver(|waiver| waiver.by = Some(" ".into())), 5, "is missing"),
        ("no end", waiver(|waiver| waiver.until = None), 5, "is missing"),
        ("too long", waiver(|waiver| waiver.until = Some("2028-01-01".parse().unwrap())), 5, "more than a year"),
        (
            "ended before the report",
            waiver(|waiver| waiver.until = Some("2026-11-21".parse().unwrap())),
            5,
            "its waiver had ended on 2026-11-21",
        ),
        (
            "ended since",
            Case { now: "2027-04-01T00:00:00Z", ..Case::honest() },
            1,
            "the waiver of SSH-13 ended on 2027-03-31",
        ),
        (
            "attested by nobody",
            lie(|report| report.attestations[0].by = String::new()),
            5,
            "PRD-13 is attested, but not by one named person",
        ),
        ("attested by another", lie(|report| report.attestations[0].by = "Bob".into()), 5, "not by one named person"),
        ("attestation hidden", lie(|report| report.attestations.clear()), 5, "not by one named person"),
        (
            "another statement",
            lie(|report| report.attestations[0].statement = "Something easier.".into()),
            5,
            "is not the one of the catalogue",
        ),
        (
            "attestation without decision",
            lie(|report| guideline(report, "PRD-13").decision.as_mut().unwrap().choice = Choice::Later),
            5,
            "nothing was decided so",
        ),
    ]);
}

#[test]
fn t12_the_journal() {
    let lines = |change: fn(&mut Vec<String>)| {
        lie(|report| {
            change(&mut report.journal.lines);
            report.journal.count = report.journal.lines.len();
            report.journal.head = report.journal.lines.last().map(|line| sha256_hex(line.as_bytes()));
        })
    };
    table(vec![
        ("edited", lines(|lines| lines[0] = lines[0].replace("SSH-04", "SSH-05")), 5, "broken before line 2"),
        (
            "removed",
            lines(|lines| {
                lines.remove(0);
            }),
            5,
            "broken before line 1",
        ),
        ("reordered", lines(|lines| lines.swap(0, 1)), 5, "broken before line 1"),
        ("inserted", lines(|lines| lines.insert(1, lines[0].clone())), 5, "broken before line 2"),
        ("no JSON", lines(|lines| lines[1].push('}')), 5, "line 2 is not well formed"),
        (
            "extra field",
            lines(|lines| lines[1] = lines[1].replace("\"seq\"", "\"x\":1,\"seq\"")),
            5,
            "line 2 is not well formed",
        ),
        (
            "tail cut",
            lie(|report| {
                report.journal.lines.pop();
            }),
            5,
            "lines are missing at its end",
        ),
        (
            "clock going back",
            lie(|report| {
                let mut broken = journal(&[
                    "{\"kind\":\"begin\",\"run\":\"20261122T150500Z-1\",\"guidelines\":[\"SSH-04\",\"ACC-02\"]}",
                    "{\"kind\":\"end\"}",
                ]);
                broken.lines[1] = broken.lines[1].replace("15:05:01", "15:04:59");
                broken.head = Some(sha256_hex(broken.lines[1].as_bytes()));
                report.journal = broken;
            }),
            5,
            "the clock goes back",
        ),
        (
            "later than the report",
            lie(|report| report.generated_at = "2026-11-22T15:05:00Z".parse().unwrap()),
            5,
            "later than the report",
        ),
        (
            "rebuilt without the run",
            lie(|report| report.journal = journal(&["{\"kind\":\"begin\",\"run\":\"another\",\"guidelines\":[]}"])),
            5,
            "does not tell of the change C001",
        ),
    ]);
}

#[test]
fn t13_changes() {
    table(vec![
        (
            "diff edited",
            lie(|report| report.changes[0].diff = Some(report.changes[0].diff.clone().unwrap().replace("no", "yes"))),
            5,
            "does not fit its digest",
        ),
        ("path edited", lie(|report| report.changes[0].path = "/etc/motd".into()), 5, "a diff of another file"),
        (
            "digest edited",
            lie(|report| report.changes[0].after = report.changes[0].before.clone()),
            5,
            "not of the sort it says",
        ),
        (
            "hidden",
            lie(|report| {
                report.changes.remove(0);
            }),
            5,
            "SSH-04 lists the change C001, which is not its own",
        ),
        (
            "invented",
            lie(|report| {
                let mut more = report.changes[0].clone();
                more.id = "C003".into();
                report.changes.push(more);
            }),
            5,
            "which does not list it",
        ),
        ("twice", lie(|report| report.changes.push(report.changes[0].clone())), 5, "is in it twice"),
        (
            "of another guideline",
            lie(|report| report.changes[0].guideline = "OSL-01".into()),
            5,
            "which is not its own",
        ),
        (
            "the digest of a secret",
            lie(|report| report.changes[1].before.as_mut().unwrap().sha256 = Some("0".repeat(64))),
            5,
            "gives a size or digest",
        ),
        (
            "an impossible size",
            lie(|report| report.changes[0].after.as_mut().unwrap().size = Some(1 << 53)),
            5,
            "impossible size",
        ),
    ]);
}

#[test]
fn t14_t15_the_form() {
    let signed = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| Case::bytes(change(Case::honest().report));
    let text =
        |change: &dyn Fn(&str) -> String| signed(&|bytes| change(std::str::from_utf8(&bytes).unwrap()).into_bytes());
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    table(vec![
        (
            "duplicate key",
            signed(&replaced("\"kind\": \"build\",", "\"kind\": \"build\",\n  \"kind\": \"build\",")),
            5,
            "duplicate field `kind`",
        ),
        (
            "unknown field",
            signed(&replaced("\"kind\": \"build\",", "\"kind\": \"build\",\n  \"x\": 1,")),
            5,
            "unknown field `x`",
        ),
        ("trailing data", text(&|text| format!("{text}{{}}\n")), 5, "not well formed"),
        (
            "newer",
            signed(&replaced("seaworthy.report/1", "seaworthy.report/2")),
            5,
            "of the format \"seaworthy.report/2\"",
        ),
        (
            "newer, other fields",
            text(&|_| "{\"format\": \"seaworthy.report/2\", \"new\": true}".into()),
            5,
            "A newer one needs a newer Seaworthy",
        ),
        (
            "a missing null",
            signed(&replaced("    \"kernel\": null,\n", "")),
            5,
            "not written the way Seaworthy writes it: line",
        ),
        ("one line", signed(&|bytes| serde_json::to_vec(&parse(&bytes).unwrap()).unwrap()), 5, "line 1 differs"),
        ("no newline at its end", text(&|text| text.trim_end().to_owned()), 5, "not written the way"),
        (
            "another zone",
            signed(&replaced("2026-11-22T16:00:00Z", "2026-11-22T17:00:00+01:00")),
            5,
            "not written the way",
        ),
        (
            "deep lists",
            text(&|text| text.replacen("\"limits\": [", &format!("\"limits\": [{}", deep("[", "]")), 1)),
            5,
            "not well formed",
        ),
        ("deep from the start", text(&|_| deep("[", "]")), 5, "not well formed"),
        ("deep objects", text(&|_| format!("{}1", "{\"a\":".repeat(100_000))), 5, "not well formed"),
        ("negative", signed(&replaced("\"uid\": 0", "\"uid\": -1")), 5, "not well formed"),
        ("huge", signed(&replaced("\"uid\": 0", "\"uid\": 99999999999999999999999")), 5, "not well formed"),
        ("float", signed(&replaced("\"size\": 28", "\"size\": 28.0")), 5, "not well formed"),
        ("exponent", signed(&replaced("\"uid\": 0", "\"uid\": 0e0")), 5, "not well formed"),
        ("17 MiB", text(&|text| format!("{text}{}", " ".repeat(17 << 20))), 5, "larger than 16 MiB"),
        ("10 MiB in a string", lie(|report| report.publisher = "x".repeat(10 << 20)), 0, ""),
        (
            "not UTF-8",
            signed(&|mut bytes| {
                bytes[5] = 0xff;
                bytes
            }),
            5,
            "not well formed",
        ),
        ("empty object", text(&|_| "{}".into()), 5, "missing field `format`"),
    ]);
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
    };
    let undecided = |report: &mut Report| {
        let record = guideline(report, "PRD-13");
        record.decision = None;
        record.result = Outcome::NotAttested;
        report.attestations.clear();
        report.summary.verdict = Verdict::Undecided;
    };
    table(vec![
        ("failing", lie(failing), 1, "its verdict is not-seaworthy"),
        ("undecided", lie(undecided), 1, "its verdict is undecided"),
        ("practice", lie(|report| report.kind = Kind::Practice), 1, "about a practice image (seaworthy-with-waivers)"),
    ]);
}

#[test]
fn files_that_are_missing_or_faulty() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let honest = Case::honest();
    std::fs::write(at("report.json"), &honest.report).unwrap();
    std::fs::write(at("signers"), &honest.signers).unwrap();
    std::fs::write(at("faulty"), "nothing that is a line").unwrap();
    let judge = |report: &str, signers: &str| {
        let result = verify_files(&VerifyFiles {
            report: &at(report),
            signature: None,
            signers: &at(signers),
            revoked: None,
            signer: Some(SIGNER),
            expect: Expectations::default(),
            html: None,
            markdown: None,
            catalogue: Some(&catalogue()),
            now: NOW.parse().unwrap(),
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
