//! Envelopes made with the real ssh-agent and openssl, before the tools they are made for: securesystemslib and in-toto's
//! own types.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{judge, report};
use crate::report::{Keys, RealAgent, SIGNER};
use crate::support::{stderr, stdout};

/// The program, with an agent.
fn seaworthy(agent: &RealAgent, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(args)
        .env_clear()
        .env("SSH_AUTH_SOCK", &agent.socket)
        .env("LANG", "C.UTF-8")
        .output()
        .unwrap()
}

/// A report, a key in an agent, and the report's own signature beside it.
struct Evidence {
    _directory: tempfile::TempDir,
    report: PathBuf,
    keys: Keys,
    agent: RealAgent,
}

impl Evidence {
    fn new(kind: &[&str]) -> Self {
        let (directory, report) = report();
        let keys = Keys::new(kind, "");
        let agent = RealAgent::start(directory.path());
        agent.add(&keys.at("key"));
        let made = Self { _directory: directory, report, keys, agent };
        let signed = made.sign(&["--agent"]);
        assert_eq!(signed.status.code(), Some(0), "{}", stderr(&signed));
        made
    }

    fn sign(&self, args: &[&str]) -> Output {
        let report = self.report.to_str().unwrap();
        seaworthy(&self.agent, &[&["report", "sign", report, "--yes"], args].concat())
    }

    fn envelope(&self) -> PathBuf {
        self.report.with_file_name("report.intoto.json")
    }

    fn verify(&self) -> Output {
        let (report, envelope, signers) = (&self.report, self.envelope(), self.keys.at("signers"));
        let paths = [report, &envelope, &signers].map(|path| path.to_str().unwrap());
        let args = ["verify", paths[0], "--dsse", paths[1], "--signers", paths[2], "--signer", SIGNER];
        seaworthy(&self.agent, &args)
    }

    /// securesystemslib and we accept the envelope that is there; and once its payload is another, neither does.
    fn both_judge_alike(&self, scheme: &str) {
        let public = self.keys.at("key.pub");
        let args = [public.as_path(), &self.envelope(), Path::new(scheme)];
        let judged = judge("dsse.py", &args).unwrap();
        assert!(judged.starts_with("FAILED report.json"), "{scheme}: {judged}");
        // The root is full of mistakes.
        let verified = self.verify();
        assert_eq!(verified.status.code(), Some(1), "{scheme}: {}", stdout(&verified));
        assert!(stdout(&verified).contains("release@example.com vouches for the statement in the envelope."));
        let tampered = judge("dsse.py", &[&args[..], &[Path::new("tamper")]].concat()).unwrap_err();
        assert!(tampered.contains("VerificationError"), "{scheme}: {tampered}");
        let refused = self.verify();
        assert_eq!(refused.status.code(), Some(3), "{scheme}: {}", stdout(&refused));
        assert!(stdout(&refused).contains("was changed after signing"), "{scheme}");
    }
}

#[test]
#[ignore = "needs ssh-agent and securesystemslib (PyPI); run by .ci/run"]
fn envelopes_of_an_agent_are_read_by_securesystemslib() {
    for (kind, scheme) in [
        (&["ed25519"][..], "ed25519"),
        (&["ecdsa", "-b", "256"], "ecdsa-sha2-nistp256"),
        (&["ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"),
        (&["rsa", "-b", "2048"], "rsa-pkcs1v15-sha256"),
        (&["rsa", "-b", "4096"], "rsa-pkcs1v15-sha256"),
    ] {
        let evidence = Evidence::new(kind);
        let signed = evidence.sign(&["--agent", "--dsse"]);
        assert_eq!(signed.status.code(), Some(0), "{kind:?}: {}", stderr(&signed));
        assert_eq!(stdout(&signed).trim(), evidence.envelope().to_str().unwrap());
        evidence.both_judge_alike(scheme);
    }
}

#[test]
#[ignore = "needs ssh-agent, openssl and securesystemslib (PyPI); run by .ci/run"]
fn envelopes_of_a_key_service_are_read_by_securesystemslib() {
    for (kind, digest, scheme) in [
        (&["ecdsa", "-b", "256", "-m", "PEM"][..], "-sha256", "ecdsa-sha2-nistp256"),
        (&["ecdsa", "-b", "384", "-m", "PEM"], "-sha384", "ecdsa-sha2-nistp384"),
        (&["rsa", "-b", "3072", "-m", "PEM"], "-sha256", "rsa-pkcs1v15-sha256"),
    ] {
        let evidence = Evidence::new(kind);
        let at = |name: &str| evidence.keys.at(name).to_str().unwrap().to_owned();
        let asked = evidence.sign(&["--dsse", "--tbs", &at("tbs")]);
        assert_eq!(asked.status.code(), Some(0), "{kind:?}: {}", stderr(&asked));
        assert!(fs::metadata(at("tbs")).unwrap().len() <= 4096, "AWS KMS signs no longer message as it is");
        let made = Command::new("openssl")
            .args(["dgst", digest, "-sign", &at("key"), "-out", &at("raw"), &at("tbs")])
            .status();
        assert!(made.unwrap().success());
        let attached = evidence.sign(&["--dsse", "--attach", &at("raw"), "--pub", &at("key.pub")]);
        assert_eq!(attached.status.code(), Some(0), "{kind:?}: {}", stderr(&attached));
        evidence.both_judge_alike(scheme);
    }
}

#[test]
#[ignore = "needs ssh-agent; run by .ci/run"]
fn what_makes_no_envelope_is_refused() {
    let evidence = Evidence::new(&["ed25519"]);
    let key = evidence.keys.at("key");
    let file = evidence.sign(&["--dsse", "--key", key.to_str().unwrap()]);
    assert_eq!(file.status.code(), Some(2));
    assert!(stderr(&file).contains("a key file makes no DSSE envelope"), "{}", stderr(&file));
    fs::write(evidence.keys.at("raw"), [1; 64]).unwrap();
    let (raw, public) = (evidence.keys.at("raw"), evidence.keys.at("key.pub"));
    let foreign = evidence.sign(&["--dsse", "--attach", raw.to_str().unwrap(), "--pub", public.to_str().unwrap()]);
    assert_eq!(foreign.status.code(), Some(8), "{}", stderr(&foreign));
    assert!(!evidence.envelope().exists(), "nothing is written that does not hold");
    let absent = evidence.verify();
    assert_eq!(absent.status.code(), Some(7), "{}", stdout(&absent));
}
