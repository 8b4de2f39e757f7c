//! Signatures in both directions: ours read by `ssh-keygen`, and those of `ssh-keygen` and `ssh-agent` by us.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "test keys, and the real programs as judges")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use seaworthy::catalogue::Catalogue;
use seaworthy::playbook::Playbook;
use seaworthy::report::sign::{self, Agent, Keygen};
use seaworthy::report::sshsig::NAMESPACE;
use seaworthy::report::verify::{CheckStatus, Expectations, Signers, VerifyFiles, VerifyInput, verify, verify_files};
use seaworthy::report::{
    Clock, Identity, IdentityOf, ImageInfo, Kind, Mode, Operator, Report, ReportInput, Tool, new_id, record,
    write_bundle, write_signature,
};

mod agents;
mod cross;
mod differential;
pub(crate) mod golden;
pub(crate) mod softkey;

pub(crate) const SIGNER: &str = "release@example.com";

/// A report of an image nobody looked at: every guideline unknown. Enough to be signed.
pub(crate) fn report(catalogue: &Catalogue) -> Report {
    record(&ReportInput {
        report_id: new_id().unwrap(),
        tool: Tool::current(),
        image: ImageInfo::unknown(Mode::Offline, "/mnt".into()),
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

/// Runs a program with `input`; what it wrote, when it succeeded.
fn run(mut command: Command, input: &[u8]) -> Option<Vec<u8>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It may have ended before it reads.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    output.status.success().then_some(output.stdout)
}

/// Whether the real `ssh-keygen -Y verify` accepts a signature, with this list of trusted signers.
fn keygen_accepts(signature: &str, message: &[u8], signers: &str) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("sig"), signature).unwrap();
    fs::write(at("signers"), signers).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-n", NAMESPACE, "-I", SIGNER, "-f"]).arg(at("signers")).arg("-s").arg(at("sig"));
    command.stderr(Stdio::null());
    run(command, message).is_some()
}

/// The same, with the one key of `public` on the list.
fn keygen_says(signature: &str, public: &str, message: &[u8]) -> bool {
    keygen_accepts(signature, message, &format!("{SIGNER} {public}\n"))
}

/// Why our own verifier does not go beyond the signer; `None` when it does.
fn our_refusal(signature: &str, message: &[u8], signers: &str) -> Option<String> {
    let signers = match Signers::parse(signers, "signers") {
        Ok(signers) => signers,
        Err(why) => return Some(why),
    };
    let result = verify(&VerifyInput {
        signer: Some(SIGNER),
        ..VerifyInput::new(message, signature.as_bytes(), &signers, "2026-11-22T16:00:00Z".parse().unwrap())
    });
    let failed = || result.checks.iter().find(|check| check.status == CheckStatus::Failed).unwrap().sentence.clone();
    result.signer.is_none().then(failed)
}

/// A directory with a test key in it.
pub(crate) struct Keys {
    directory: tempfile::TempDir,
}

impl Keys {
    pub(crate) fn new(kind: &[&str], passphrase: &str) -> Self {
        Self::within(&std::env::temp_dir(), kind, passphrase)
    }

    fn within(parent: &Path, kind: &[&str], passphrase: &str) -> Self {
        let directory = tempfile::tempdir_in(parent).unwrap();
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

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn public(&self) -> String {
        fs::read_to_string(self.at("key.pub")).unwrap().trim().to_owned()
    }

    fn signers(&self) -> String {
        fs::read_to_string(self.at("signers")).unwrap()
    }

    fn openssh_accepts(&self, signature: &str, message: &[u8]) -> bool {
        keygen_accepts(signature, message, &self.signers())
    }

    fn we_accept(&self, signature: &str, message: &[u8]) -> bool {
        our_refusal(signature, message, &self.signers()).is_none()
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
pub(crate) struct RealAgent {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl RealAgent {
    pub(crate) fn start(directory: &Path) -> Self {
        Self::asking(directory, Path::new("/bin/false"))
    }

    /// One that has `program` ask for confirmations.
    fn asking(directory: &Path, program: &Path) -> Self {
        let socket = directory.join("agent");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .env("SSH_ASKPASS", program)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("DISPLAY", ":none")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The socket is there before it listens.
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::yield_now();
        }
        Self { child, socket }
    }

    pub(crate) fn add(&self, key: &Path) {
        self.tell(&["-q".as_ref(), key.as_os_str()], Path::new("/bin/false"));
    }

    /// Runs `ssh-add`; `program` gives the passphrase it asks for.
    fn tell(&self, args: &[&OsStr], program: &Path) {
        let told = Command::new("ssh-add")
            .args(args)
            .env("SSH_AUTH_SOCK", &self.socket)
            .env("SSH_ASKPASS", program)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(told.unwrap().success(), "ssh-add {args:?}");
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
            signer: Some(SIGNER),
            expect: Expectations { sha256: Some(&bundle.sha256), ..Expectations::default() },
            html: Some(&bundle.html),
            markdown: Some(&bundle.markdown),
            catalogue: Some(&catalogue),
            ..VerifyFiles::new(&bundle.report, &keys.at("signers"), "2026-11-22T16:00:00Z".parse().unwrap())
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
