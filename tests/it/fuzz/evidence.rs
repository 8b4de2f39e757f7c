//! Mutated evidence: what a reviewer reads comes from somebody they do not trust yet.
//!
//! Each target says what an input comes to. A sentence that was never said before makes its input one to go on from, which
//! stands in for coverage; `SEAWORTHY_FUZZ_KEEP=1` keeps these in `tests/fixtures/corpus`, where they are tried first
//! ever after. More than not breaking down is asked: what is accepted is written again as the same bytes, and what was
//! signed stays signed.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64ct::{Base64, Encoding as _};
use seaworthy::report::bind;
use seaworthy::report::dsse;
use seaworthy::report::identity::{self, Certificate, Document};
use seaworthy::report::sshsig::{NAMESPACE, PublicKey, SshSig};
use seaworthy::report::verify::{Expectations, Signers, VerifyInput, verify};
use seaworthy::report::{Report, Verdict, parse, sha256_hex, to_bytes, view};

use super::{Chance, EXECS, number};
use crate::report::SIGNER;
use crate::report::golden::{self, kept};
use crate::report::softkey::{SoftKey, armoured};
use crate::tamper::prepared;

/// Words and signs that mean something in one format or another.
const TOKENS: [&[u8]; 36] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"\0\0\0\x01",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80",
    b"\x30\x80",
    b"\x30\x82\xff\xff",
    b"\x31\x84\xff\xff\xff\xff",
    b"\xa0\x80",
    b"\0\0",
    b"\x04\x82\x01\0",
    b"SSHSIG",
    b"ssh-ed25519",
    b"ssh-rsa",
    b"rsa-sha2-256",
    b"-----BEGIN SSH SIGNATURE-----\n",
    b"\n-----END SSH SIGNATURE-----\n",
    b"-----BEGIN CERTIFICATE-----\n",
    b"=",
    b"==",
    b"A",
    b"\"",
    b",",
    b" ",
    b"!*",
    b"namespaces=\"git\"",
    b"valid-before=\"20991231Z\"",
    b"cert-authority",
    b"null",
    b"-1",
    b"18446744073709551616",
    b"\\u001b",
    b"\xe2\x80\xae",
];

/// What an input comes to, in a sentence; an error breaks a promise.
type Judge = Box<dyn Fn(&[u8]) -> Result<String, String> + Send + Sync>;

/// What is fuzzed, and what it begins with.
struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    judge: Judge,
}

fn files(directory: &Path, end: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.to_str().unwrap().ends_with(end));
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The blob in an armoured signature, read without the program's own code.
fn blob(armour: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(armour).unwrap();
    let inside: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&inside).unwrap()
}

fn signatures() -> [Target; 2] {
    let seeds = files(&kept(), ".sig");
    let blobs: Vec<Vec<u8>> = seeds.iter().map(|seed| blob(seed)).collect();
    let good: BTreeSet<Vec<u8>> = blobs.iter().cloned().collect();
    let judge = move |armour: &[u8]| -> Result<String, String> {
        let made = match SshSig::parse(armour) {
            Ok(made) => made,
            Err(why) => return Ok(why.to_string()),
        };
        let read = blob(armour);
        // A namespace that is no text is shown, and never accepted.
        if !made.namespace.contains('\u{fffd}') && blob(made.armour().as_bytes()) != read {
            return Err("what was read is written in another way".into());
        }
        match made.verify(NAMESPACE, golden::MESSAGE) {
            Ok(_) if !good.contains(&read) => Err("a changed signature is accepted".into()),
            Ok(presence) => Ok(format!("accepted {presence:?}")),
            Err(why) => Ok(format!("read. {why}")),
        }
    };
    let of_blob = judge.clone();
    [
        Target { name: "armour", seeds, judge: Box::new(judge) },
        Target { name: "blob", seeds: blobs, judge: Box::new(move |bytes| of_blob(armoured(bytes, 70).as_bytes())) },
    ]
}

fn keys() -> Target {
    let lines = files(&kept(), ".pub");
    let decoded = |line: &Vec<u8>| {
        let text = String::from_utf8(line.clone()).unwrap();
        Base64::decode_vec(text.split_whitespace().nth(1).unwrap()).unwrap()
    };
    let seeds = lines.iter().map(decoded).collect();
    let judge = |bytes: &[u8]| match PublicKey::parse(bytes) {
        Ok(key) if key.blob() != bytes => Err("another key was read".into()),
        Ok(key) => {
            let line = format!("{} {}", key.kind(), Base64::encode_string(bytes));
            let again = PublicKey::parse_line(&line).map_err(|why| why.to_string())?;
            if again == key { Ok(format!("a key, {}", key.kind())) } else { Err("its line is another key".into()) }
        }
        Err(why) => Ok(why.to_string()),
    };
    Target { name: "key", seeds, judge: Box::new(judge) }
}

fn lists() -> Target {
    let key = SoftKey::ed25519(1);
    let (line, other) = (key.line(), SoftKey::ed25519(2).line());
    let seeds = [
        format!("{SIGNER} {line}\n"),
        format!("# a comment\n\n*@example.com,!bob@* namespaces=\"seaworthy-*,git\" {line}\n"),
        format!("{SIGNER} valid-after=\"20200101Z\",valid-before=\"20991231235959Z\" {line}\n"),
        format!("{SIGNER} cert-authority {line}\n{SIGNER} {other}\n"),
        format!("\"{SIGNER}\" namespaces=\"file\" {other}\n"),
    ];
    let stranger = SoftKey::ed25519(3).blob();
    let listed = key.blob();
    let base64 = Base64::encode_string(&listed);
    let now = "2026-11-22T16:00:00Z".parse().unwrap();
    let judge = move |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return Ok("no text".to_owned()) };
        let mut signers = match Signers::parse(text, "signers") {
            Ok(signers) => signers,
            Err(why) if why.contains(|c: char| c.is_control()) => return Err(format!("a control character: {why:?}")),
            Err(why) => return Ok(why.split_once(": ").unwrap_or_default().1.to_owned()),
        };
        if [None, Some(SIGNER)].iter().any(|name| signers.vouch(&stranger, *name, NAMESPACE, now).is_ok()) {
            return Err("somebody who is not on the list is trusted".into());
        }
        let said = match signers.vouch(&listed, Some(SIGNER), NAMESPACE, now) {
            Ok(_) if !text.contains(&base64) => return Err("a key that is not on the list is trusted".into()),
            Ok(_) => "trusted".to_owned(),
            Err(why) if why.contains(|c: char| c.is_control()) => return Err(format!("a control character: {why:?}")),
            Err(why) => why,
        };
        signers.revoke(&line, "revoked").map_err(|why| format!("the honest list of revoked keys: {why}"))?;
        match signers.vouch(&listed, None, NAMESPACE, now) {
            Ok(_) => Err("a revoked key is trusted".into()),
            Err(_) => Ok(said),
        }
    };
    Target { name: "signers", seeds: seeds.map(String::into_bytes).into(), judge: Box::new(judge) }
}

/// A report by the program, cut down to the guidelines that were decided about, so that each try is quick.
fn small_report() -> Vec<u8> {
    const DECIDED: [&str; 7] = ["SSH-01", "SSH-04", "IDN-01", "SEC-05", "BOT-02", "PRD-01", "ACC-05"];
    let mut made = prepared(&["small"], &|id| DECIDED.contains(&id), "The appliance has no such part.", "Ann Example");
    let mut report: Report = parse(&made.remove(0).1.report).unwrap();
    // One that fails and was not decided about: only so may the catalogue be unknown.
    report.guidelines.retain(|record| DECIDED.contains(&record.id.as_str()) || record.id == "KEY-02");
    report.catalogue.guidelines = report.guidelines.len();
    report.limits.truncate(1);
    report.summary.counts = seaworthy::report::Counts::of(report.guidelines.iter().map(|record| record.after.status));
    let verdicts = [Verdict::NotSeaworthy, Verdict::Undecided, Verdict::Seaworthy, Verdict::SeaworthyWithWaivers];
    let judged = verdicts.map(|verdict| {
        report.summary.verdict = verdict;
        let bytes = to_bytes(&report);
        (judged(&bytes, &SoftKey::ed25519(1).signature(NAMESPACE, &bytes)), bytes)
    });
    let said: Vec<String> = judged.iter().map(|((_, said), _)| said.clone()).collect();
    let honest = judged.into_iter().find(|((code, _), _)| *code == 1);
    honest.unwrap_or_else(|| panic!("none of them holds: {said:?}")).1
}

/// Code and text of verifying, with the key that is trusted.
fn judged(report: &[u8], signature: &str) -> (u8, String) {
    judged_with(report, signature, Expectations::default())
}

fn judged_with(report: &[u8], signature: &str, expect: Expectations<'_>) -> (u8, String) {
    let signers = Signers::parse(&format!("{SIGNER} {}", SoftKey::ed25519(1).line()), "signers").unwrap();
    let result = verify(&VerifyInput {
        signer: Some(SIGNER),
        expect,
        ..VerifyInput::new(report, signature.as_bytes(), &signers, jiff::Timestamp::now())
    });
    let failed = result.checks.iter().find(|check| check.status == seaworthy::report::verify::CheckStatus::Failed);
    let said = failed.map_or_else(|| "accepted".to_owned(), |check| format!("{} {}", check.name, check.sentence));
    if serde_json::from_str::<serde_json::Value>(&result.json()).is_err() {
        return (u8::MAX, "its result is no JSON".into());
    }
    let raw = |c: char| c.is_control() && c != '\n';
    if result.text().contains(raw) || result.json().contains(raw) {
        return (u8::MAX, "a control character is written".into());
    }
    (result.code, said)
}

/// Statements in envelopes beside an honest report.
fn envelopes(honest: &[u8]) -> Target {
    let (key, report) = (SoftKey::ed25519(1), honest.to_vec());
    let signature = key.signature(NAMESPACE, honest);
    let payload = view::intoto::intoto(&parse(honest).unwrap(), &sha256_hex(honest)).into_bytes();
    let enveloped = |payload_type: &str, keys: &[&SoftKey]| {
        let message = dsse::signed_bytes(payload_type, &payload);
        let signed = |key: &&SoftKey| dsse::Signature {
            keyid: PublicKey::parse(&key.blob()).unwrap().fingerprint(),
            bytes: key.sign(&message).split_off(4 + 11 + 4),
        };
        let signatures = keys.iter().map(signed).collect();
        dsse::Envelope { payload_type: payload_type.into(), payload: payload.clone(), signatures }
            .to_json()
            .into_bytes()
    };
    let other = SoftKey::ed25519(2);
    let seeds = vec![
        enveloped(dsse::PAYLOAD_TYPE, &[&key]),
        enveloped(dsse::PAYLOAD_TYPE, &[&key, &other]),
        enveloped("text/plain", &[&key]),
    ];
    let judge = move |bytes: &[u8]| {
        let expect = Expectations { dsse: Some(bytes), ..Expectations::default() };
        match judged_with(&report, &signature, expect) {
            (3..=5, said) => Ok(said),
            (1, said) => match dsse::Envelope::parse(bytes) {
                Ok(read) if read.payload == payload && read.payload_type == dsse::PAYLOAD_TYPE => Ok(said),
                _ => Err("a statement that was not signed is accepted".into()),
            },
            (code, said) => Err(format!("code {code}, {said}")),
        }
    };
    Target { name: "dsse", seeds, judge: Box::new(judge) }
}

fn reports(honest: Vec<u8>) -> Target {
    let key = SoftKey::ed25519(1);
    let signature = key.signature(NAMESPACE, &honest);
    let seeds = vec![honest.clone()];
    let judge = move |bytes: &[u8]| {
        let (code, said) = judged(bytes, &signature);
        if (code == 3) == (bytes == honest) {
            return Err(format!("with the old signature: code {code}, {said}"));
        }
        let parsed = parse(bytes);
        if parsed.as_ref().is_ok_and(|report| to_bytes(report) != bytes) {
            return Err("what was read is written in another way".into());
        }
        // Signed again, as whoever holds the key can.
        let (code, said) = judged(bytes, &key.signature(NAMESPACE, bytes));
        match (code, parsed) {
            (0 | 1, Ok(report)) => {
                let sha256 = sha256_hex(bytes);
                let views = [view::html(&report, &sha256), view::markdown(&report, &sha256)];
                let raw = views.iter().any(|view| view.contains(|c: char| c.is_control() && c != '\n'));
                if raw { Err("a view has a control character".into()) } else { Ok(said) }
            }
            (5 | 6, _) => Ok(said),
            (code, _) => Err(format!("signed again: code {code}, {said}")),
        }
    };
    Target { name: "report", seeds, judge: Box::new(judge) }
}

fn identities() -> [Target; 3] {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identity");
    let signer = Certificate::parse(&fs::read(directory.join("signer.pem")).unwrap()).unwrap();
    let seeds = files(&directory, ".p7");
    let vouched: BTreeSet<Vec<u8>> = seeds.iter().filter_map(|seed| identity::verify(seed, &signer).ok()).collect();
    let pkcs7 = move |bytes: &[u8]| match identity::verify(bytes, &signer) {
        Ok(content) if vouched.contains(&content) => Ok("accepted".to_owned()),
        Ok(_) => Err("a document that nobody signed is accepted".into()),
        Err(why) => Ok(why.to_string()),
    };
    let certificate = |bytes: &[u8]| match Certificate::parse(bytes) {
        Ok(_) => Ok("a certificate".to_owned()),
        Err(why) => Ok(why.to_string()),
    };
    let document = |bytes: &[u8]| match Document::parse(bytes) {
        Ok(read) => Ok(format!("a document, {} {}", read.region.is_some(), read.pending_time.is_some())),
        Err(why) => Ok(why.to_string()),
    };
    [
        Target { name: "pkcs7", seeds, judge: Box::new(pkcs7) },
        Target { name: "certificate", seeds: files(&directory, ".pem"), judge: Box::new(certificate) },
        Target { name: "document", seeds: files(&directory, ".json"), judge: Box::new(document) },
    ]
}

fn bindings() -> Target {
    let binding = bind::Binding {
        format: bind::BINDING_FORMAT.into(),
        ami: "ami-0123456789abcdef0".into(),
        region: Some("us-east-1".into()),
        account: Some("123456789012".into()),
        build_sha256: sha256_hex(b"build"),
        audit_sha256: Some(sha256_hex(b"audit")),
        bound_at: "2026-11-22T16:00:00Z".parse().unwrap(),
    };
    let judge = |bytes: &[u8]| match bind::parse(bytes) {
        Ok(read) if bind::to_bytes(&read) != bytes => Err("what was read is written in another way".into()),
        Ok(_) => Ok("a binding".to_owned()),
        Err(why) => Ok(why),
    };
    Target { name: "binding", seeds: vec![bind::to_bytes(&binding)], judge: Box::new(judge) }
}

fn targets() -> Vec<Target> {
    let mut targets: Vec<Target> = signatures().into();
    targets.extend(identities());
    let report = small_report();
    targets.extend([keys(), lists(), bindings(), envelopes(&report), reports(report)]);
    targets
}

/// The first words of a sentence: what follows them may change from input to input.
fn label(sentence: &str) -> String {
    let end = sentence.find(['"', '`']).unwrap_or(sentence.len());
    let words = sentence[..end].split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    words.take(3).map(|word| word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()).collect()
}

/// Runs one target: how it went, in a line, and what broke a promise, each a line.
fn run(target: &Target, execs: usize, seed: usize) -> (String, Vec<String>) {
    let start = std::time::Instant::now();
    let place =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus").join(format!("evidence-{}", target.name));
    let keep = number("SEAWORTHY_FUZZ_KEEP", 0) == 1;
    let mut corpus = target.seeds.clone();
    corpus.extend(if place.exists() { files(&place, "") } else { Vec::new() });
    let hostile =
        [Vec::new(), vec![0; 1 << 20], vec![b'['; 1 << 16], vec![0x30; 1 << 16], [0x30, 0x80].repeat(1 << 15)];
    let first: Vec<Vec<u8>> = corpus.iter().cloned().chain(hostile).collect();
    let (mut labels, mut broken) = (BTreeSet::new(), Vec::new());
    let mut chance = Chance::new(seed, target.name);
    for attempt in 0..first.len() + execs {
        let (bytes, fresh) = match first.get(attempt) {
            Some(bytes) => (bytes.clone(), false),
            None => (chance.mutated_with(&corpus, &TOKENS), true),
        };
        let judged = catch_unwind(AssertUnwindSafe(|| (target.judge)(&bytes)));
        let said = match judged {
            Ok(Ok(said)) => said,
            Ok(Err(fault)) => {
                broken.push((fault, bytes));
                continue;
            }
            Err(_) => {
                broken.push(("it broke down".into(), bytes));
                continue;
            }
        };
        if labels.insert(label(&said)) && fresh && bytes.len() < 64 << 10 {
            if keep {
                fs::create_dir_all(&place).unwrap();
                fs::write(place.join(sha256_hex(&bytes).split_at(12).0), &bytes).unwrap();
            }
            corpus.push(bytes);
        }
    }
    let took = start.elapsed().as_secs();
    let summary = format!("{}: {execs} inputs, {} sentences, {took} s", target.name, labels.len());
    let mut lines = Vec::new();
    for (number, (fault, bytes)) in broken.iter().take(10).enumerate() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}-{number}", target.name));
        fs::write(&kept, bytes).unwrap();
        lines.push(format!("{}: {fault}: {}", target.name, kept.display()));
    }
    (summary, lines)
}

/// Runs every target, or the one that `SEAWORTHY_FUZZ_TARGET` names; how it went.
fn all(execs: usize) -> String {
    let (mut targets, seed) = (targets(), number("SEAWORTHY_FUZZ_SEED", 1));
    if let Ok(only) = std::env::var("SEAWORTHY_FUZZ_TARGET") {
        targets.retain(|target| target.name == only);
    }
    let (next, broken, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (summary, found) = run(target, execs, seed);
                    broken.lock().unwrap().extend(found);
                    told.lock().unwrap().push(summary);
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    told.into_inner().unwrap().join("\n")
}

/// What is kept of former runs holds.
#[test]
fn the_corpus_of_evidence_holds() {
    all(0);
}

#[test]
#[ignore = "takes minutes; run by .ci/run"]
fn mutated_evidence_is_never_believed() {
    println!("{}", all(number("SEAWORTHY_FUZZ_EXECS", EXECS)));
}
