//! Signatures made once by the real `ssh-keygen` and kept in `tests/fixtures/sshsig`, so that they are read without it;
//! and the same made anew by the `ssh-keygen` that is there. All keys are test keys; their private parts were thrown away.
//!
//! `SEAWORTHY_GOLDEN=write cargo test --test it golden -- --ignored` replaces the kept ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seaworthy::report::sign;
use seaworthy::report::sshsig::{NAMESPACE, Presence, PublicKey, SshSig};

use super::softkey::{FakeAgent, SoftKey};
use super::{RealAgent, keygen_says, run};

/// What was signed.
pub(crate) const MESSAGE: &[u8] = b"golden message\n";

/// What reading a signature must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    Accepted,
    Token { touched: bool, verified: bool },
    Refused(&'static str),
}

use Comes::{Accepted, Refused, Token};

const TOUCHED: Comes = Token { touched: true, verified: false };

/// Kind of key, and what its signatures come to; of each there is one with SHA-256 and one with SHA-512.
const KEYS: [(&str, Comes); 14] = [
    ("ed25519", Accepted),
    ("ecdsa-256", Accepted),
    ("ecdsa-384", Accepted),
    ("ecdsa-521", Refused("Keys of type ecdsa-sha2-nistp521 are not supported")),
    ("rsa-1024", Refused("The RSA key has 1024 bits")),
    ("rsa-2048", Accepted),
    ("rsa-3072", Accepted),
    ("rsa-4096", Accepted),
    ("ed25519-cert", Refused("Certificates are not supported yet")),
    ("rsa-3072-cert", Refused("Certificates are not supported yet")),
    ("sk-ed25519", TOUCHED),
    ("sk-ed25519-pin", Token { touched: true, verified: true }),
    ("sk-ed25519-untouched", Token { touched: false, verified: false }),
    ("sk-ecdsa", TOUCHED),
];

const HASHES: [&str; 2] = ["sha256", "sha512"];

pub(crate) fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sshsig")
}

fn judge(directory: &Path, key: &str, hash: &str, wanted: Comes) {
    let text = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let armour = text(&format!("{key}.{hash}.sig"));
    let name = format!("{key} {hash}");
    let made = match (SshSig::parse(armour.as_bytes()), wanted) {
        (Ok(made), Accepted | Token { .. }) => made,
        (Err(why), Refused(part)) => return assert!(why.to_string().contains(part), "{name}: {why}"),
        (read, _) => panic!("{name}: {read:?}"),
    };
    assert_eq!(made.key, PublicKey::parse_line(&text(&format!("{key}.pub"))).unwrap(), "{name}");
    let presence = match wanted {
        Token { touched, verified } => Some(Presence { touched, verified }),
        _ => None,
    };
    assert_eq!(made.verify(NAMESPACE, MESSAGE), Ok(presence), "{name}");
    assert_eq!(made.armour(), armour, "{name}: written the same");
    assert!(made.verify(NAMESPACE, b"golden massage\n").unwrap_err().is_mismatch(), "{name}");
    assert!(made.verify("git", MESSAGE).unwrap_err().to_string().contains("It was signed for"), "{name}");
}

fn judge_all(directory: &Path) {
    for (key, wanted) in KEYS {
        for hash in HASHES {
            judge(directory, key, hash, wanted);
        }
    }
    judge(directory, "rsa-3072", "inner-sha256", Accepted);
    let prints = fs::read_to_string(directory.join("fingerprints")).unwrap();
    for line in prints.lines() {
        let (name, print) = line.split_once(' ').unwrap();
        let key = PublicKey::parse_line(&fs::read_to_string(directory.join(format!("{name}.pub"))).unwrap()).unwrap();
        assert_eq!(key.fingerprint(), print, "{name}");
    }
    assert!(prints.lines().count() >= 10, "{prints}");
}

#[test]
fn what_ssh_keygen_once_made_is_read() {
    judge_all(&kept());
}

/// Signs with `ssh-keygen -Y sign -f key`, through the agent at `socket` when the key is a public one.
fn sign_with(key: &Path, hash: &str, socket: Option<&Path>) -> Vec<u8> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", NAMESPACE, "-O", &format!("hashalg={hash}"), "-f"]).arg(key);
    command.env_remove("SSH_AUTH_SOCK").stderr(Stdio::null());
    if let Some(socket) = socket {
        command.env("SSH_AUTH_SOCK", socket);
    }
    run(command, MESSAGE).unwrap_or_else(|| panic!("ssh-keygen did not sign with {}", key.display()))
}

fn make(directory: &Path) {
    let at = |name: &str| directory.join(name);
    let keygen = |args: &[&str]| {
        let mut command = Command::new("ssh-keygen");
        command.arg("-q").args(args).current_dir(directory);
        assert!(run(command, b"").is_some(), "ssh-keygen {args:?}");
    };
    keygen(&["-N", "", "-C", "TEST KEY", "-t", "ed25519", "-f", "authority"]);
    for (key, _) in KEYS.iter().filter(|(key, _)| !key.starts_with("sk-") && !key.ends_with("-cert")) {
        let (kind, bits) = key.split_once('-').unwrap_or((key, "256"));
        let format = if *key == "rsa-3072" { "PEM" } else { "RFC4716" };
        keygen(&["-N", "", "-C", "TEST KEY", "-m", format, "-t", kind, "-b", bits, "-f", key]);
        for hash in HASHES {
            fs::write(at(&format!("{key}.{hash}.sig")), sign_with(&at(key), hash, None)).unwrap();
        }
    }
    for key in ["ed25519", "rsa-3072"] {
        keygen(&["-s", "authority", "-I", "test", "-n", "release", &format!("{key}.pub")]);
        let agent = RealAgent::start(directory);
        agent.add(&at(key));
        for hash in HASHES {
            let made = sign_with(&at(&format!("{key}-cert.pub")), hash, Some(&agent.socket));
            fs::write(at(&format!("{key}-cert.{hash}.sig")), made).unwrap();
        }
        drop(agent);
        fs::remove_file(at("agent")).unwrap();
    }
    for (name, token) in [
        ("sk-ed25519", SoftKey::fido_ed25519(21, 1)),
        ("sk-ed25519-pin", SoftKey::fido_ed25519(22, 5)),
        ("sk-ed25519-untouched", SoftKey::fido_ed25519(23, 0)),
        ("sk-ecdsa", SoftKey::fido_ecdsa(1)),
    ] {
        fs::write(at(&format!("{name}.pub")), token.line() + "\n").unwrap();
        let agent = FakeAgent::holding(vec![token]);
        for hash in HASHES {
            let made = sign_with(&at(&format!("{name}.pub")), hash, Some(&agent.socket()));
            fs::write(at(&format!("{name}.{hash}.sig")), made).unwrap();
        }
    }
    // ssh-keygen before 10.0 makes rsa-sha2-512 only, and reads both.
    fs::write(at("tbs"), sign::to_be_signed(MESSAGE)).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-sign"]).arg(at("rsa-3072")).arg(at("tbs"));
    let raw = run(openssl, b"").unwrap();
    let public = fs::read_to_string(at("rsa-3072.pub")).unwrap();
    fs::write(at("rsa-3072.inner-sha256.sig"), sign::attach(MESSAGE, &raw, &public).unwrap()).unwrap();
    let readable = |key: &str, wanted: Comes| !matches!(wanted, Refused(_)) && !key.ends_with("-cert");
    let prints: Vec<String> = KEYS
        .iter()
        .filter(|(key, wanted)| readable(key, *wanted))
        .map(|(key, _)| {
            let mut command = Command::new("ssh-keygen");
            command.arg("-lf").arg(at(&format!("{key}.pub")));
            let said = String::from_utf8(run(command, b"").unwrap()).unwrap();
            format!("{key} {}\n", said.split_whitespace().nth(1).unwrap())
        })
        .collect();
    fs::write(at("fingerprints"), prints.concat()).unwrap();
}

#[test]
#[ignore = "needs ssh-keygen, ssh-agent and openssl; run by .ci/run"]
fn the_golden_signatures_can_be_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    make(directory.path());
    judge_all(directory.path());
    if std::env::var("SEAWORTHY_GOLDEN").as_deref() == Ok("write") {
        for entry in fs::read_dir(directory.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let public = name.strip_suffix(".pub").is_some_and(|key| KEYS.iter().any(|(kept, _)| *kept == key));
            let signature = path.extension().is_some_and(|extension| extension == "sig");
            if public || signature || name == "fingerprints" {
                fs::copy(&path, kept().join(name)).unwrap();
            }
        }
    }
    // The ssh-keygen that is there reads the new ones and the kept ones.
    for place in [directory.path(), &kept()] {
        for (key, wanted) in KEYS.iter().filter(|(key, _)| !key.ends_with("-cert")) {
            let line = fs::read_to_string(place.join(format!("{key}.pub"))).unwrap();
            for hash in HASHES {
                let signature = fs::read_to_string(place.join(format!("{key}.{hash}.sig"))).unwrap();
                assert!(keygen_says(&signature, &line, MESSAGE), "{key} {hash}: {wanted:?}");
            }
        }
        let signature = fs::read_to_string(place.join("rsa-3072.inner-sha256.sig")).unwrap();
        let line = fs::read_to_string(place.join("rsa-3072.pub")).unwrap();
        assert!(keygen_says(&signature, &line, MESSAGE), "rsa-3072 inner-sha256");
    }
}
