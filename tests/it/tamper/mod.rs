//! The tamper table: what is done to honest evidence, the exit code of `seaworthy verify`, and what it says.
//!
//! The honest evidence is made by the program itself, on a root with a few faults; each row of `table.toml` forges it in
//! one way. A forger who holds the listed key signs again after the change (`resigned`), everybody else cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use seaworthy::report::sshsig::PublicKey;
use seaworthy::report::view::intoto;
use seaworthy::report::{dsse, sha256_hex};
use serde::Deserialize;
use serde_json::Value;

use crate::report::SIGNER;
use crate::report::golden::kept;
use crate::report::softkey::{SoftKey, SshBlob, strings};
use crate::support::{seaworthy, small_root, stderr, stdout};

mod edit;

use edit::Edit;

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The group of cases.
    id: String,
    what: String,
    /// The evidence it begins with; a name of [`Honest`].
    #[serde(default = "one")]
    of: String,
    /// What is done to `report.json`, one after the other.
    #[serde(default)]
    edit: Vec<Edit>,
    /// It is signed after that, not before.
    #[serde(default)]
    resigned: bool,
    /// Who signs; a name of [`Hands`].
    #[serde(default = "listed")]
    key: String,
    /// What for.
    #[serde(default = "namespace")]
    namespace: String,
    /// What is done to `report.json.sig`; `missing` takes it away.
    #[serde(default)]
    signature: Vec<Edit>,
    /// The list of trusted signers, with `{name}` and the keys by their names in braces.
    #[serde(default = "trusted")]
    signers: String,
    /// Revoked keys.
    revoked: Option<String>,
    /// A statement in a DSSE envelope.
    dsse: Option<Enveloped>,
    /// What is done to `report.html` before it is given.
    html: Option<Vec<Edit>>,
    /// What is done to `report.md` before it is given.
    markdown: Option<Vec<Edit>>,
    /// The evidence whose views are given, when not its own.
    views_of: Option<String>,
    /// More arguments; `{sha256}` is the digest of the report, `{other}` another one, `{identity}` where the certificates
    /// are.
    #[serde(default)]
    args: Vec<String>,
    /// The exit code.
    code: i32,
    /// What the check that fails says; when none does, what any check says.
    says: String,
}

/// A statement about the evidence, in an envelope.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enveloped {
    /// The evidence that it is about, when not the row's.
    of: Option<String>,
    /// What is done to the statement before it is signed.
    #[serde(default)]
    edit: Vec<Edit>,
    /// What is done to it after that.
    #[serde(default)]
    forge: Vec<Edit>,
    /// Another type of payload, before it is signed.
    signed_type: Option<String>,
    /// Another type of payload, after that.
    forged_type: Option<String>,
    /// Who signs; names of [`Hands`].
    keys: Vec<String>,
    /// Whose key id every signature bears, when not the signer's.
    keyid: Option<String>,
    /// What is done to the file.
    #[serde(default)]
    file: Vec<Edit>,
}

fn one() -> String {
    "one".into()
}

fn listed() -> String {
    "listed".into()
}

fn namespace() -> String {
    "seaworthy-report".into()
}

fn trusted() -> String {
    "{name} namespaces=\"seaworthy-report\" {listed}\n{name} {token}\n{name} {rsa}\n".into()
}

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

fn table() -> Vec<Case> {
    toml::from_str::<Table>(include_str!("table.toml")).unwrap().case
}

/// Evidence made by the program.
pub(crate) struct Evidence {
    pub(crate) report: Vec<u8>,
    html: Vec<u8>,
    markdown: Vec<u8>,
}

/// Honest reports by their names. `one` and `other` are of the same image, seaworthy with waivers; of `failing` a required
/// guideline fails, of `undecided` one is not decided, and of `hostile` the words are meant to deceive.
struct Honest {
    evidence: BTreeMap<&'static str, Evidence>,
}

/// The guidelines whose remedies are carried out.
const APPLIED: [&str; 4] = ["SSH-01", "SSH-04", "IDN-01", "SEC-05"];
/// What somebody types who wants to deceive the reader of a view.
const HOSTILE: &str = "<script>alert(1)</script> \u{1b}[31m \u{202e}gpj | `x` \u{200b}\u{7}";

impl Honest {
    fn new() -> Self {
        let reason = "The appliance has no such part.";
        let publisher = "Ann Example, Example Ltd";
        let sorts: [(&[&'static str], Option<&str>, &str, &str); 4] = [
            (&["one", "other"], None, reason, publisher),
            (&["failing"], Some("BOT-02"), reason, publisher),
            (&["undecided"], Some("ACC-05"), reason, publisher),
            (&["hostile"], None, HOSTILE, HOSTILE),
        ];
        let made = sorts
            .into_iter()
            .flat_map(|(names, left, reason, publisher)| prepared(names, &|id| Some(id) != left, reason, publisher));
        Self { evidence: made.collect() }
    }

    fn named(&self, name: &str) -> &Evidence {
        self.evidence.get(name).unwrap_or_else(|| panic!("no evidence is called {name}"))
    }
}

/// Prepares an image: decides about the guidelines that are `wanted`, carries out some remedies, and writes a report for
/// each name.
pub(crate) fn prepared(
    names: &[&'static str],
    wanted: &dyn Fn(&str) -> bool,
    reason: &str,
    publisher: &str,
) -> Vec<(&'static str, Evidence)> {
    let home = tempfile::tempdir().unwrap();
    let root = small_root(home.path());
    let run = |args: &[&str]| seaworthy(home.path(), [&["--root", root.to_str().unwrap()], args].concat());
    let checked: Value = serde_json::from_slice(&run(&["check", "--format", "json"]).stdout).unwrap();
    let until = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .saturating_add(jiff::Span::new().days(100))
        .to_string();
    let decide = |finding: &Value| {
        let id = finding["id"].as_str().unwrap();
        let choice = match finding["status"].as_str().unwrap() {
            _ if !wanted(id) => return None,
            _ if APPLIED.contains(&id) => vec![("choice", "apply")],
            "attest" => vec![("choice", "attest"), ("by", "Ann Example"), ("note", "SEC-1234")],
            "fail" | "unknown" => {
                vec![("choice", "waive"), ("reason", reason), ("until", until.as_str()), ("by", "Ann Example")]
            }
            _ => return None,
        };
        let fields = choice.into_iter().map(|(name, value)| (name.to_owned(), toml::Value::from(value)));
        Some((id.to_owned(), toml::Value::Table(fields.collect())))
    };
    let decisions: toml::Table = checked["guidelines"].as_array().unwrap().iter().filter_map(decide).collect();
    let playbook = home.path().join("playbook.toml");
    let decided: toml::Table = [("decisions".to_owned(), toml::Value::Table(decisions))].into_iter().collect();
    fs::write(&playbook, toml::to_string(&decided).unwrap()).unwrap();
    let playbook = playbook.to_str().unwrap();
    let applied = run(&["apply", "--playbook", playbook, "--yes"]);
    assert!(matches!(applied.status.code(), Some(0 | 1)), "{}{}", stdout(&applied), stderr(&applied));
    let evidence = |name: &&'static str| {
        let out = home.path().join(name);
        let to = ["report", "--playbook", playbook, "--out", out.to_str().unwrap()];
        let made = run(&[&to[..], &["--publisher", publisher, "--challenge", "case 4711"]].concat());
        assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
        let read = |file: &str| fs::read(out.join(file)).unwrap();
        (*name, Evidence { report: read("report.json"), html: read("report.html"), markdown: read("report.md") })
    };
    names.iter().map(evidence).collect()
}

/// The keys of the play.
struct Hands {
    keys: [(&'static str, SoftKey); 4],
    rsa: String,
}

impl Hands {
    fn new() -> Self {
        let keys = [
            ("listed", SoftKey::ed25519(1)),
            ("unlisted", SoftKey::ed25519(2)),
            ("token", SoftKey::fido_ed25519(3, 1)),
            ("untouched", SoftKey::fido_ed25519(3, 0)),
        ];
        Self { keys, rsa: fs::read_to_string(kept().join("rsa-2048.pub")).unwrap().trim().to_owned() }
    }

    /// The signature file: by a key of ours, malformed, or one kept as golden, which is over something else but refused
    /// before that is looked at.
    fn signature(&self, key: &str, namespace: &str, report: &[u8]) -> Vec<u8> {
        if let Some((_, key)) = self.keys.iter().find(|(name, _)| *name == key) {
            return key.signature(namespace, report).into_bytes();
        }
        let mut blob = SshBlob::honest(&self.keys[0].1, namespace, report);
        match key {
            "sha1" => {
                blob.key = PublicKey::parse_line(&self.rsa).unwrap().blob().to_vec();
                blob.signature = strings(&[b"ssh-rsa", &[1; 256]]);
            }
            "reserved" => blob.reserved = b"x".to_vec(),
            "version-2" => blob.version = 2,
            golden => return fs::read(kept().join(format!("{golden}.sha512.sig"))).unwrap(),
        }
        blob.armoured().into_bytes()
    }

    fn key(&self, name: &str) -> &SoftKey {
        &self.keys.iter().find(|(key, _)| *key == name).unwrap_or_else(|| panic!("no key is called {name}")).1
    }

    fn envelope(&self, how: &Enveloped, report: &[u8]) -> Vec<u8> {
        let parsed = seaworthy::report::parse(report).unwrap();
        let statement = intoto::intoto(&parsed, &sha256_hex(report)).into_bytes();
        let signed = edited(&how.edit, &statement).unwrap();
        let payload_type = how.signed_type.clone().unwrap_or_else(|| dsse::PAYLOAD_TYPE.into());
        let signature = |name: &String| {
            let print = |name: &str| PublicKey::parse(&self.key(name).blob()).unwrap().fingerprint();
            // What follows the algorithm's name and two lengths is the signature as other tools know it.
            let wrapped = self.key(name).sign(&dsse::signed_bytes(&payload_type, &signed));
            let bytes = wrapped[4 + "ssh-ed25519".len() + 4..].to_vec();
            dsse::Signature { keyid: print(how.keyid.as_ref().unwrap_or(name)), bytes }
        };
        let envelope = dsse::Envelope {
            signatures: how.keys.iter().map(signature).collect(),
            payload: edited(&how.forge, &signed).unwrap(),
            payload_type: how.forged_type.clone().unwrap_or(payload_type),
        };
        edited(&how.file, envelope.to_json().as_bytes()).unwrap()
    }

    fn filled(&self, template: &str) -> String {
        let text = template.replace("{name}", SIGNER).replace("{rsa}", &self.rsa);
        self.keys.iter().fold(text, |text, (name, key)| text.replace(&format!("{{{name}}}"), &key.line()))
    }
}

/// What came of a row.
struct Outcome {
    code: i32,
    /// What people read; of the first row of each group and code only, to save time.
    text: Option<String>,
    json: String,
}

/// A file after all of `edits`; `None`: it is gone.
fn edited(edits: &[Edit], bytes: &[u8]) -> Option<Vec<u8>> {
    edits.iter().try_fold(bytes.to_vec(), |bytes, edit| edit.on(bytes))
}

fn play(case: &Case, with_text: bool, honest: &Honest, hands: &Hands, directory: &Path) -> Outcome {
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let evidence = honest.named(&case.of);
    let report = edited(&case.edit, &evidence.report).unwrap();
    let signed = if case.resigned { &report } else { &evidence.report };
    let signature = hands.signature(&case.key, &case.namespace, signed);
    let mut args = vec!["verify".to_owned(), put("report.json", &report)];
    if let Some(signature) = edited(&case.signature, &signature) {
        put("report.json.sig", &signature);
    }
    args.extend(["--signers".into(), put("signers", hands.filled(&case.signers).as_bytes())]);
    args.extend(["--signer".into(), SIGNER.into()]);
    if let Some(revoked) = &case.revoked {
        args.extend(["--revoked".into(), put("revoked", hands.filled(revoked).as_bytes())]);
    }
    let views = honest.named(case.views_of.as_ref().unwrap_or(&case.of));
    if let Some(edits) = &case.html {
        args.extend(["--html".into(), put("report.html", &edited(edits, &views.html).unwrap())]);
    }
    if let Some(edits) = &case.markdown {
        args.extend(["--markdown".into(), put("report.md", &edited(edits, &views.markdown).unwrap())]);
    }
    let sha256 = sha256_hex(&report);
    let other = put("other.json", &honest.named("other").report);
    args.extend(case.args.iter().map(|arg| {
        let arg = arg.replace("{sha256}", &sha256).replace("{SHA256}", &grouped(&sha256));
        arg.replace("{other}", &other).replace("{identity}", edit::IDENTITY)
    }));
    if let Some(enveloped) = &case.dsse {
        let about = enveloped.of.as_ref().map_or(report.as_slice(), |name| &honest.named(name).report);
        args.extend(["--dsse".into(), put("report.intoto.json", &hands.envelope(enveloped, about))]);
    }
    let text = with_text.then(|| seaworthy(directory, &args));
    args.push("--json".into());
    let json = seaworthy(directory, &args);
    if let Some(text) = &text {
        assert_eq!(text.status, json.status, "{}: {}", case.id, case.what);
    }
    let code = json.status.code().unwrap_or(-1);
    Outcome { code, text: text.map(|text| stdout(&text) + &stderr(&text)), json: stdout(&json) + &stderr(&json) }
}

/// As somebody reads it out.
fn grouped(sha256: &str) -> String {
    let groups: Vec<&str> = sha256.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(" ").to_uppercase()
}

/// What is wrong with what came of a row.
fn wrong(case: &Case, outcome: &Outcome, honest: &Honest) -> Option<String> {
    let Ok(result) = serde_json::from_str::<Value>(&outcome.json) else {
        return Some(format!("code {}, and no JSON: {}", outcome.code, outcome.json));
    };
    let checks = result["checks"].as_array()?;
    let sentence = |check: &Value| check["sentence"].as_str().unwrap_or_default().to_owned();
    let failed: Vec<String> = checks.iter().filter(|check| check["status"] == "failed").map(sentence).collect();
    let said =
        if failed.is_empty() { checks.iter().map(sentence).collect::<Vec<_>>().join("\n") } else { failed.join("\n") };
    if outcome.code != case.code {
        return Some(format!("code {}, not {}: {said}", outcome.code, case.code));
    }
    if result["code"] != case.code {
        return Some(format!("JSON says code {}", result["code"]));
    }
    if !said.contains(&case.says) {
        return Some(format!("does not say {:?}: {said}", case.says));
    }
    if failed.len() != usize::from(case.code != 0) {
        return Some(format!("one failure gives the code, not {failed:?}"));
    }
    // What was not checked is listed, by name, in both forms.
    for check in checks.iter().filter(|check| check["status"] == "not-checked") {
        let name = check["name"].as_str()?;
        let text = outcome.text.as_deref().map(|text| text.split_once("Not checked").unwrap_or_default().1);
        if text.is_some_and(|list| !list.contains(name)) {
            return Some(format!("does not list {name} as not checked"));
        }
    }
    if checks.iter().filter(|check| check["status"] == "not-checked").count() == 0 {
        return Some("nothing is listed as not checked".into());
    }
    // Nothing of a report is shown before it is certain who signed it.
    let id: Value = serde_json::from_slice(&honest.named(&case.of).report).unwrap();
    let id = id["report_id"].as_str().unwrap();
    let everything = [outcome.text.as_deref().unwrap_or_default(), &outcome.json].concat();
    let shown = everything.contains(id) || everything.contains("Ann Example");
    if result["signer"].is_null() && shown {
        return Some("shows something of the report".into());
    }
    let raw = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    everything.contains(raw).then(|| "writes a control character".into())
}

#[test]
fn every_row_gives_its_code_and_says_its_sentence() {
    let (honest, hands, cases) = (Honest::new(), Hands::new(), table());
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    let alike = |other: &Case| (&other.id, other.code) == (&case.id, case.code);
                    let with_text = case.of == "hostile" || !cases[..number].iter().any(alike);
                    let directory = tempfile::tempdir().unwrap();
                    let outcome = play(case, with_text, &honest, &hands, directory.path());
                    if let Some(fault) = wrong(case, &outcome, &honest) {
                        faults.lock().unwrap().push(format!("{} {}: {fault}", case.id, case.what));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Groups that have their tests elsewhere: agents in `report/agents.rs`, pairs of reports in `src/report/verify/pair`.
const ELSEWHERE: [&str; 2] = ["T20", "T24"];

#[test]
fn every_group_has_its_rows() {
    let cases = table();
    let groups: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).chain(ELSEWHERE).collect();
    let wanted: BTreeSet<String> = (1..=25).map(|number| format!("T{number:02}")).collect();
    let missing: Vec<&String> = wanted.iter().filter(|id| !groups.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "no rows for {missing:?}");
    let names: BTreeSet<(&str, &str)> = cases.iter().map(|case| (case.id.as_str(), case.what.as_str())).collect();
    assert_eq!(names.len(), cases.len(), "two rows have the same name");
}
