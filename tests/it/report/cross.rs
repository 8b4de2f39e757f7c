//! Live, in both directions: what we have signed is read by `ssh-keygen`, what `ssh-keygen` and `ssh-agent` sign by us.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use portable_pty::CommandBuilder;
use seaworthy::catalogue::Catalogue;
use seaworthy::report::sign::{self, Keygen};
use seaworthy::report::sshsig::{NAMESPACE, SshSig};
use seaworthy::report::to_bytes;

use super::softkey::{FakeAgent, SoftKey, at};
use super::{Keys, RealAgent, SIGNER, keygen_says, our_refusal, report};
use crate::terminal::Terminal;

const PASSPHRASE: &str = "correct horse";

const KINDS: [&[&str]; 6] = [
    &["ed25519"],
    &["ecdsa", "-b", "256"],
    &["ecdsa", "-b", "384"],
    &["rsa", "-b", "2048"],
    &["rsa", "-b", "3072"],
    &["rsa", "-b", "4096"],
];

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

/// A program that gives `answer` for a passphrase.
fn answering(keys: &Keys, answer: &str) -> [(OsString, OsString); 2] {
    let asks = keys.at("askpass");
    fs::write(&asks, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    fs::set_permissions(&asks, fs::Permissions::from_mode(0o700)).unwrap();
    [("SSH_ASKPASS".into(), asks.into_os_string()), ("SSH_ASKPASS_REQUIRE".into(), "force".into())]
}

#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn encrypted_key_files_sign_with_their_passphrase() {
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    for kind in [
        &["ed25519", "-a", "1", "-Z", "aes256-ctr"][..],
        &["ed25519", "-a", "1", "-Z", "aes256-gcm@openssh.com"],
        &["ed25519", "-a", "1", "-Z", "chacha20-poly1305@openssh.com"],
        &["ecdsa", "-a", "1", "-b", "384"],
        &["rsa", "-b", "2048", "-m", "PEM"],
        &["rsa", "-b", "2048", "-m", "PKCS8"],
    ] {
        let keys = Keys::new(kind, PASSPHRASE);
        let signed_after = |answer: &str| {
            sign::with_keygen(&Keygen { key: &keys.at("key"), environment: &answering(&keys, answer) }, &bytes)
        };
        keys.both_judge_alike(&signed_after(PASSPHRASE).unwrap(), &bytes, &format!("encrypted file, {kind:?}"));
        let why = signed_after("wrong").unwrap_err().to_string();
        assert!(why.contains("ssh-keygen did not sign") && !why.contains(PASSPHRASE), "{why}");
    }
}

/// `ssh-keygen` asks on the terminal; we neither see nor show the passphrase.
#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn the_passphrase_is_asked_for_on_the_terminal() {
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    let keys = Keys::within("/dev/shm".as_ref(), &["ed25519", "-a", "1"], PASSPHRASE);
    let file = keys.at("report.json");
    fs::write(&file, &bytes).unwrap();
    let sign = |passphrase: &str| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_seaworthy"));
        command.env_clear();
        command.env("PATH", "/usr/bin:/bin");
        command.env("TERM", "xterm-256color");
        command.args(["report".as_ref(), "sign".as_ref(), file.as_os_str(), "--key".as_ref()]);
        command.args([keys.at("key").as_os_str(), "--yes".as_ref()]);
        let mut terminal = Terminal::run(command, (100, 30), Duration::from_secs(60));
        terminal.wait_written("Enter passphrase");
        terminal.send(&format!("{passphrase}\r"));
        let (code, as_found) = terminal.end();
        assert!(as_found);
        code
    };
    assert_eq!(sign("wrong"), 8);
    assert!(!keys.at("report.json.sig").exists());
    assert_eq!(sign(PASSPHRASE), 0);
    let signature = fs::read_to_string(keys.at("report.json.sig")).unwrap();
    keys.both_judge_alike(&signature, &bytes, "passphrase on the terminal");
}

/// FIDO keys by tokens made in software: the agent is ours, `ssh-keygen` is real.
#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn security_keys_sign_through_an_agent() {
    let bytes = to_bytes(&report(&Catalogue::built_in().unwrap()));
    for make in [|flags| SoftKey::fido_ed25519(9, flags), SoftKey::fido_ecdsa] {
        for flags in [1, 5] {
            let token = make(flags);
            let line = token.line();
            let agent = FakeAgent::holding(vec![token]);
            let ours = sign::with_agent(at(&agent.socket()), None, &bytes).unwrap();
            let directory = tempfile::tempdir().unwrap();
            let key = directory.path().join("key.pub");
            fs::write(&key, &line).unwrap();
            let environment = [(OsString::from("SSH_AUTH_SOCK"), agent.socket().into_os_string())];
            let theirs = sign::with_keygen(&Keygen { key: &key, environment: &environment }, &bytes).unwrap();
            for signature in [&ours, &theirs] {
                assert!(keygen_says(signature, &line, &bytes), "{line} {flags}");
                assert_eq!(our_refusal(signature, &bytes, &format!("{SIGNER} {line}\n")), None);
                let presence = SshSig::parse(signature.as_bytes()).unwrap().verify(NAMESPACE, &bytes).unwrap().unwrap();
                assert_eq!((presence.touched, presence.verified), (true, flags == 5));
            }
        }
    }
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
