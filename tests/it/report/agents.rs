//! Agents as they should not be (T24), asked by the program itself: each gives exit code 8, a sentence with a way out,
//! and no signature file.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seaworthy::catalogue::Catalogue;
use seaworthy::report::sign;
use seaworthy::report::sshsig::PublicKey;
use seaworthy::report::to_bytes;

use super::golden::kept;
use super::softkey::{FakeAgent, SoftKey, framed, listing, signed, strings};
use super::{Keys, RealAgent, report};
use crate::support::stderr;

/// A report to be signed, in a directory of its own.
struct Unsigned {
    directory: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Unsigned {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
        fs::write(directory.path().join("report.json"), &bytes).unwrap();
        Self { directory, bytes }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Exit code and standard error of `report sign --agent` with these variables.
    fn sign(&self, variables: &[(&str, OsString)], more: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
            .args(["report", "sign", "--agent"])
            .arg(self.at("report.json"))
            .args(more)
            .env_clear()
            .env("HOME", self.directory.path())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code().unwrap(), stderr(&output))
    }

    fn refused(&self, name: &str, variables: &[(&str, OsString)], part: &str) {
        let (code, said) = self.sign(variables, &[]);
        assert_eq!(code, 8, "{name}: {said}");
        assert!(said.contains(part), "{name}: {said}");
        assert!(!self.at("report.json.sig").exists(), "{name}");
    }
}

fn socket(path: &Path) -> [(&'static str, OsString); 1] {
    [("SSH_AUTH_SOCK", path.as_os_str().to_owned())]
}

#[test]
fn t24_agents_that_misbehave() {
    let unsigned = Unsigned::new();
    let tbs = sign::to_be_signed(&unsigned.bytes);
    let (key, other) = (SoftKey::ed25519(1), SoftKey::ed25519(2));
    let one = || listing(&[(key.blob(), "release")]);
    let line = fs::read_to_string(kept().join("rsa-2048.pub")).unwrap();
    let rsa = PublicKey::parse_line(&line).unwrap().blob().to_vec();
    let sha1 = strings(&[b"ssh-rsa", &[1; 256]]);
    let token = SoftKey::fido_ed25519(3, 0);
    for (name, answers, part) in [
        ("hangs up", vec![], "The agent hung up without an answer"),
        ("garbage", vec![framed(b"hello")], "does not behave like an ssh-agent"),
        ("over-long", vec![0xffff_fff0_u32.to_be_bytes().to_vec()], "It announces an answer of 4294967280 bytes"),
        ("four billion keys", vec![framed(&[12, 0xff, 0xff, 0xff, 0xff])], "It claims to hold 4294967295 keys"),
        ("truncated", vec![framed(&[12, 0, 0, 0, 1, 0, 0, 1, 0])], "It ends too early"),
        ("no key", vec![listing(&[])], "holds no key (or is locked)"),
        ("a certificate only", vec![listing(&[(strings(&[b"ssh-ed25519-cert-v01@openssh.com"]), "c")])], "of a type"),
        ("several keys", vec![listing(&[(key.blob(), "one"), (other.blob(), "two")])], "choose one by its fingerprint"),
        (
            "refuses",
            vec![one(), framed(&[5])],
            "The agent refused to sign: the request was declined, the key is limited",
        ),
        ("an answer of no known kind", vec![one(), framed(&[99])], "of an unknown kind"),
        ("signature of other bytes", vec![one(), signed(&key.sign(b"other"))], "was thrown away"),
        ("signature of another key", vec![one(), signed(&other.sign(&tbs))], "was thrown away"),
        ("signature of no form", vec![one(), signed(b"xx")], "was thrown away"),
        ("SHA-1", vec![listing(&[(rsa, "rsa")]), signed(&sha1)], "uses SHA-1 (ssh-rsa), which is too weak"),
        ("no touch", vec![listing(&[(token.blob(), "t")]), signed(&token.sign(&tbs))], "without being touched"),
    ] {
        let agent = FakeAgent::answering(answers);
        unsigned.refused(name, &socket(&agent.socket()), part);
    }
    let honest = FakeAgent::holding(vec![SoftKey::ed25519(1)]);
    let (code, said) = unsigned.sign(&socket(&honest.socket()), &["--key", "SHA256:absent"]);
    assert!(code == 8 && said.contains("does not hold the key SHA256:absent"), "{said}");
    let (code, said) = unsigned.sign(&socket(&honest.socket()), &[]);
    assert_eq!(code, 0, "{said}");
    let sha256 = seaworthy::report::sha256_hex(&unsigned.bytes);
    let grouped = seaworthy::report::view::grouped(&sha256);
    assert!(said.contains(&sha256) && said.contains(&grouped), "both forms of the digest: {said}");
    assert_eq!(
        fs::read_to_string(unsigned.at("report.json.sig")).unwrap(),
        key.signature("seaworthy-report", &unsigned.bytes)
    );
}

#[test]
fn t24_no_agent_to_ask() {
    let unsigned = Unsigned::new();
    let stale = unsigned.at("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let absent = unsigned.at("absent");
    unsigned.refused("none", &[], "SSH_AUTH_SOCK is not set");
    let sudo = [("SUDO_USER", OsString::from("ann"))];
    unsigned.refused("sudo", &sudo, "sudo removes SSH_AUTH_SOCK. Start again with `sudo --preserve-env=SSH_AUTH_SOCK");
    unsigned.refused("stale", &socket(&stale), "nobody listens there any more");
    unsigned.refused(
        "gone",
        &socket(&absent),
        "The session that forwarded the agent has ended; set SSH_AUTH_SOCK anew (tmux",
    );
    unsigned.refused("a file", &socket(&unsigned.at("report.json")), "nobody listens there any more");
}

#[test]
#[ignore = "needs ssh-keygen and ssh-agent; run by .ci/run"]
fn t24_real_agents_that_will_not() {
    let unsigned = Unsigned::new();
    let keys = Keys::new(&["ed25519"], "");
    let key = keys.at("key");
    let program = |name: &str, text: &str| {
        fs::write(keys.at(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(keys.at(name), fs::Permissions::from_mode(0o700)).unwrap();
        keys.at(name)
    };
    let (word, no) = (program("word", "echo secret"), program("no", "exit 1"));
    let agent = RealAgent::asking(keys.directory.path(), &no);
    let refused = |name: &str, part: &str| unsigned.refused(name, &socket(&agent.socket), part);
    refused("empty", "holds no key (or is locked)");
    agent.add(&key);
    agent.tell(&["-x".as_ref()], &word);
    refused("locked", "holds no key (or is locked)");
    agent.tell(&["-X".as_ref()], &word);
    let choice = "The agent refused to sign: the request was declined, the key is limited to certain hosts";
    agent.tell(&["-D".as_ref()], &no);
    agent.tell(&["-c".as_ref(), key.as_os_str()], &no);
    refused("confirmation declined", choice);
    agent.tell(&["-D".as_ref()], &no);
    let known = keys.at("known_hosts");
    fs::write(&known, format!("host.example {}\n", keys.public())).unwrap();
    let limited = ["-h".as_ref(), "host.example".as_ref(), "-H".as_ref(), known.as_os_str(), key.as_os_str()];
    agent.tell(&limited, &no);
    refused("limited to a host", choice);
    agent.tell(&["-D".as_ref()], &no);
    agent.add(&key);
    let other = Keys::new(&["rsa", "-b", "2048"], "");
    agent.add(&other.at("key"));
    refused("several", "choose one by its fingerprint");
    let print = PublicKey::parse_line(&other.public()).unwrap().fingerprint();
    let (code, said) = unsigned.sign(&socket(&agent.socket), &["--key", &print]);
    assert_eq!(code, 0, "{said}");
}
