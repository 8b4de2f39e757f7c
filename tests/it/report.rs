//! Signatures in both directions: ours read by `ssh-keygen`, and those of `ssh-keygen` and `ssh-agent` by us.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "test keys, and the real programs as judges")]

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use seaworthy::catalogue::Catalogue;
use seaworthy::playbook::Playbook;
use seaworthy::report::sign::{self, Agent, Keygen};
use seaworthy::report::sshsig::{NAMESPACE, PublicKey};
use seaworthy::report::verify::{CheckStatus, Expectations, Signers, VerifyFiles, VerifyInput, verify, verify_files};
use seaworthy::report::{
    Clock, Identity, IdentityOf, ImageInfo, Kind, Mode, Operator, Report, ReportInput, Tool, new_id, record, to_bytes,
    write_bundle, write_signature,
};

const SIGNER: &str = "release@example.com";
const PASSPHRASE: &str = "correct horse";

/// A report of an image nobody looked at: every guideline unknown. Enough to be signed.
fn report(catalogue: &Catalogue) -> Report {
    record(&ReportInput {
        report_id: new_id().unwrap(),
        tool: Tool::current(),
        image: ImageInfo {
            mode: Mode::Offline,
            root: "/mnt".into(),
            os: None,
            arch: None,
            kernel: None,
            boot_id: None,
            machine_id: None,
            filesystem_uuid: None,
            partition_uuid: None,
            virtualization: None,
            security: None,
            fips: None,
            packages: None,
        },
        catalogue,
        before: &Vec::new(),
        after: &Vec::new(),
        playbook: &Playbook::default(),
        runs: &[],
        journal: &[],
        unread: &[],
        kind: Kind::Build,
        identity: Identity::unavailable(IdentityOf::Inspector, "the image is not running"),
        operator: Operator::default(),
        clock: Clock::default(),
        duration_ms: 1200,
        previous: None,
        own_traces: Vec::new(),
        started_at: "2026-11-22T15:00:00Z".parse().unwrap(),
        now: "2026-11-22T16:00:00Z".parse().unwrap(),
        challenge: None,
        publisher: "Ann Example",
    })
}

/// A directory with a test key in it.
struct Keys {
    directory: tempfile::TempDir,
}

impl Keys {
    fn new(kind: &[&str], passphrase: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = Command::new("ssh-keygen")
            .args(["-q", "-C", "test", "-N", passphrase, "-t"])
            .args(kind)
            .arg("-f")
            .arg(directory.path().join("key"))
            .status();
        assert!(made.unwrap().success());
        let keys = Self { directory };
        let line = keys.public();
        fs::write(keys.at("signers"), format!("{SIGNER} namespaces=\"{NAMESPACE}\" {line}\n")).unwrap();
        keys
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn public(&self) -> String {
        fs::read_to_string(self.at("key.pub")).unwrap().trim().to_owned()
    }

    /// Whether the real `ssh-keygen -Y verify` accepts it.
    fn openssh_accepts(&self, signature: &str, message: &[u8]) -> bool {
        fs::write(self.at("sig"), signature).unwrap();
        let mut child = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-n", NAMESPACE, "-I", SIGNER, "-f"])
            .arg(self.at("signers"))
            .arg("-s")
            .arg(self.at("sig"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(message);
        child.wait().unwrap().success()
    }

    /// What our own verifier says: the code up to and with the signer's.
    fn we_accept(&self, signature: &str, message: &[u8]) -> bool {
        let signers = Signers::parse(&fs::read_to_string(self.at("signers")).unwrap(), "signers").unwrap();
        let result = verify(&VerifyInput {
            report: message,
            signature: signature.as_bytes(),
            signers: &signers,
            signer: Some(SIGNER),
            expect: Expectations::default(),
            html: None,
            markdown: None,
            catalogue: None,
            now: "2026-11-22T16:00:00Z".parse().unwrap(),
        });
        result.signer.is_some()
    }

    /// Both accept it, and both refuse it once a byte of the message or of the signature is another.
    fn both_judge_alike(&self, signature: &str, message: &[u8], name: &str) {
        assert!(self.openssh_accepts(signature, message), "{name}: ssh-keygen refuses");
        assert!(self.we_accept(signature, message), "{name}: we refuse");
        for place in [0, message.len() / 2, message.len() - 1] {
            let mut changed = message.to_vec();
            changed[place] ^= 1;
            assert!(!self.openssh_accepts(signature, &changed), "{name}: ssh-keygen accepts a change at {place}");
            assert!(!self.we_accept(signature, &changed), "{name}: we accept a change at {place}");
        }
        let lines = signature.lines().count();
        for line in [1, lines / 2, lines - 2] {
            let changed: Vec<String> = signature
                .lines()
                .enumerate()
                .map(|(number, text)| {
                    let swapped = if text.starts_with('A') { "B" } else { "A" };
                    if number == line {
                        format!("{swapped}{}", text.get(1..).unwrap_or_default())
                    } else {
                        text.to_owned()
                    }
                })
                .collect();
            let changed = changed.join("\n") + "\n";
            assert!(!self.openssh_accepts(&changed, message), "{name}: ssh-keygen accepts another line {line}");
            assert!(!self.we_accept(&changed, message), "{name}: we accept another line {line}");
        }
    }
}

/// A real ssh-agent, ended with the test.
struct RealAgent {
    child: Child,
    socket: PathBuf,
}

impl RealAgent {
    fn start(directory: &Path) -> Self {
        let socket = directory.join("agent");
        let child = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        // The socket is there before it listens.
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::yield_now();
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        let added =
            Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).stdin(Stdio::null()).status();
        assert!(added.unwrap().success());
    }

    fn agent(&self) -> Agent<'_> {
        Agent { socket: Some(&self.socket), sudo: false }
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const KINDS: [&[&str]; 5] =
    [&["ed25519"], &["ecdsa", "-b", "256"], &["ecdsa", "-b", "384"], &["rsa", "-b", "2048"], &["rsa", "-b", "3072"]];

#[test]
#[ignore = "needs ssh-keygen and ssh-agent; run by .ci/run"]
fn every_kind_of_key_signs_by_agent_and_by_file() {
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    for kind in KINDS {
        let keys = Keys::new(kind, "");
        let agent = RealAgent::start(keys.directory.path());
        agent.add(&keys.at("key"));
        let signed = sign::with_agent(agent.agent(), None, &bytes).unwrap();
        keys.both_judge_alike(&signed, &bytes, &format!("agent, {kind:?}"));
        let chosen = sign::with_agent(agent.agent(), Some(&keys.public()), &bytes).unwrap();
        keys.both_judge_alike(&chosen, &bytes, &format!("agent by .pub, {kind:?}"));
        let signed = sign::with_keygen(&Keygen { key: &keys.at("key"), environment: &[] }, &bytes).unwrap();
        keys.both_judge_alike(&signed, &bytes, &format!("file, {kind:?}"));
        let environment = [(OsString::from("SSH_AUTH_SOCK"), agent.socket.clone().into_os_string())];
        let through = Keygen { key: &keys.at("key.pub"), environment: &environment };
        let signed = sign::with_keygen(&through, &bytes).unwrap();
        keys.both_judge_alike(&signed, &bytes, &format!("ssh-keygen through the agent, {kind:?}"));
    }
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn an_encrypted_key_file_asks_for_its_passphrase() {
    use std::os::unix::fs::PermissionsExt as _;
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    let keys = Keys::new(&["ed25519"], PASSPHRASE);
    let asks = keys.at("askpass");
    let signed_after = |answer: &str| {
        fs::write(&asks, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        fs::set_permissions(&asks, fs::Permissions::from_mode(0o700)).unwrap();
        let environment = [
            (OsString::from("SSH_ASKPASS"), asks.clone().into_os_string()),
            (OsString::from("SSH_ASKPASS_REQUIRE"), OsString::from("force")),
        ];
        sign::with_keygen(&Keygen { key: &keys.at("key"), environment: &environment }, &bytes)
    };
    keys.both_judge_alike(&signed_after(PASSPHRASE).unwrap(), &bytes, "encrypted file");
    let why = signed_after("wrong").unwrap_err().to_string();
    assert!(why.contains("ssh-keygen did not sign") && !why.contains(PASSPHRASE), "{why}");
}

#[test]
#[ignore = "needs ssh-keygen and ssh-agent; run by .ci/run"]
fn agents_that_cannot() {
    let keys = Keys::new(&["ed25519"], "");
    let agent = RealAgent::start(keys.directory.path());
    let sign = || sign::with_agent(agent.agent(), None, b"report").unwrap_err().to_string();
    assert!(sign().contains("holds no key"), "{}", sign());
    agent.add(&keys.at("key"));
    let other = Keys::new(&["rsa", "-b", "2048"], "");
    agent.add(&other.at("key"));
    let print = PublicKey::parse_line(&other.public()).unwrap().fingerprint();
    assert!(sign().contains("several keys") && sign().contains(&print), "{}", sign());
    assert!(sign::with_agent(agent.agent(), Some(&print), b"report").is_ok());
    let missing = Keygen { key: &keys.at("absent"), environment: &[] };
    assert!(sign::with_keygen(&missing, b"report").unwrap_err().to_string().contains("did not sign"));
}

#[test]
#[ignore = "needs ssh-keygen and openssl; run by .ci/run"]
fn signatures_of_a_key_service_are_attached() {
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    for (kind, digest) in [
        (&["ecdsa", "-b", "256", "-m", "PEM"][..], "-sha256"),
        (&["ecdsa", "-b", "384", "-m", "PEM"], "-sha384"),
        (&["rsa", "-b", "2048", "-m", "PEM"], "-sha512"),
        (&["rsa", "-b", "3072", "-m", "PEM"], "-sha256"),
    ] {
        let keys = Keys::new(kind, "");
        fs::write(keys.at("tbs"), sign::to_be_signed(&bytes)).unwrap();
        let made = Command::new("openssl")
            .args(["dgst", digest, "-sign"])
            .arg(keys.at("key"))
            .arg("-out")
            .arg(keys.at("raw"))
            .arg(keys.at("tbs"))
            .status();
        assert!(made.unwrap().success());
        let raw = fs::read(keys.at("raw")).unwrap();
        let signed = sign::attach(&bytes, &raw, &keys.public()).unwrap();
        keys.both_judge_alike(&signed, &bytes, &format!("attached, {kind:?} {digest}"));
        assert!(sign::attach(b"another", &raw, &keys.public()).is_err());
    }
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn a_bundle_is_written_signed_and_verified() {
    let catalogue = Catalogue::built_in().unwrap();
    let keys = Keys::new(&["ed25519"], "");
    let directory = keys.at("evidence");
    let report = report(&catalogue);
    let bundle = write_bundle(&directory, &report, false).unwrap();
    let again = write_bundle(&directory, &report, false).unwrap_err().to_string();
    assert!(again.contains("report.json is there already"), "{again}");
    let bytes = fs::read(&bundle.report).unwrap();
    let signed = sign::with_keygen(&Keygen { key: &keys.at("key"), environment: &[] }, &bytes).unwrap();
    write_signature(&bundle.signature, &signed, false).unwrap();
    let judge = || {
        verify_files(&VerifyFiles {
            report: &bundle.report,
            signature: None,
            signers: &keys.at("signers"),
            revoked: None,
            signer: Some(SIGNER),
            expect: Expectations { sha256: Some(&bundle.sha256), ..Expectations::default() },
            binding: None,
            html: Some(&bundle.html),
            markdown: Some(&bundle.markdown),
            catalogue: Some(&catalogue),
            now: "2026-11-22T16:00:00Z".parse().unwrap(),
        })
    };
    // Nothing was judged, so it is authentic but undecided.
    let result = judge();
    assert_eq!(result.code, 1, "{}", result.text());
    let failed: Vec<&str> =
        result.checks.iter().filter(|check| check.status == CheckStatus::Failed).map(|check| check.name).collect();
    assert_eq!(failed, ["verdict"]);
    // The command in VERIFY.txt, as it stands there.
    let text = fs::read_to_string(&bundle.verify).unwrap();
    let command: Vec<&str> = text.lines().skip_while(|line| !line.contains("ssh-keygen -Y verify")).take(2).collect();
    fs::copy(keys.at("signers"), directory.join("allowed_signers")).unwrap();
    let shell = Command::new("sh").arg("-c").arg(command.join("\n")).current_dir(&directory).output().unwrap();
    assert!(
        String::from_utf8_lossy(&shell.stdout)
            .starts_with("Good \"seaworthy-report\" signature for release@example.com")
    );
    write_bundle(&directory, &report, true).unwrap();
    assert!(!bundle.signature.exists(), "an old signature does not stay beside a new report");
    assert_eq!(judge().code, 7);
}
