//! Agents as they should not be, each on a socket of its own; and signatures made elsewhere.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use base64ct::{Base64, Encoding};

use super::*;
use crate::report::fixture::TestKey;
use crate::report::sshsig::wire::put_string;

const REPORT: &[u8] = b"{\"a\": \"report\"}\n";

/// An agent that answers each message with the next of `answers`, then hangs up; gives what signing through it comes to.
fn answered(answers: Vec<Vec<u8>>, wanted: Option<&str>) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    let agent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                return;
            }
            let mut message = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut message).unwrap();
            let _ = stream.write_all(&answer);
        }
    });
    let result = with_agent(Agent { socket: Some(&socket), sudo: false }, wanted, REPORT);
    agent.join().unwrap();
    result.map_err(|error| error.to_string())
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_string(&mut out, message);
    out
}

fn holding(keys: &[(&[u8], &str)]) -> Vec<u8> {
    let mut message = vec![12];
    message.extend_from_slice(&u32::try_from(keys.len()).unwrap().to_be_bytes());
    for (blob, comment) in keys {
        put_string(&mut message, blob);
        put_string(&mut message, comment.as_bytes());
    }
    framed(&message)
}

fn signature(blob: &[u8]) -> Vec<u8> {
    let mut message = vec![14];
    put_string(&mut message, blob);
    framed(&message)
}

#[test]
fn an_honest_agent_signs() {
    let key = TestKey::new(1);
    let other = TestKey::new(2);
    let good = || signature(&key.ssh_signature(&to_be_signed(REPORT)));
    let one = holding(&[(&key.blob(), "release")]);
    let two = holding(&[(&other.blob(), "other"), (&key.blob(), "release")]);
    let armoured = answered(vec![one, good()], None).unwrap();
    assert_eq!(armoured, key.sign_report(REPORT));
    let print = PublicKey::parse(&key.blob()).unwrap().fingerprint();
    for wanted in [print.as_str(), "release", &key.line(), &format!("{} a comment", key.line())] {
        assert_eq!(answered(vec![two.clone(), good()], Some(wanted)).unwrap(), armoured, "{wanted}");
    }
    let why = answered(vec![two.clone()], None).unwrap_err();
    assert!(why.contains("several keys") && why.contains(&format!("{print} release")), "{why}");
    let why = answered(vec![two], Some("absent")).unwrap_err();
    assert!(why.contains("does not hold the key absent") && why.contains("other"), "{why}");
}

#[test]
fn t24_agents_that_do_not() {
    let key = TestKey::new(1);
    let one = || holding(&[(&key.blob(), "release")]);
    let mut sha1 = Vec::new();
    put_string(&mut sha1, b"ssh-rsa");
    put_string(&mut sha1, &[1; 256]);
    let rsa = PublicKey::parse_line(include_str!("../../../tests/fixtures/sshsig/rsa-2048.pub")).unwrap();
    let unknown = framed(&[&[0, 0, 0, 11][..], b"ssh-unknown"].concat());
    let many = framed(&[12, 0xff, 0xff, 0xff, 0xff]);
    for (name, answers, part) in [
        ("hangs up", vec![], "hung up"),
        ("no key", vec![holding(&[])], "holds no key (or is locked)"),
        ("refuses", vec![one(), framed(&[5])], "refused to sign"),
        ("garbage", vec![framed(b"hello")], "does not behave like an ssh-agent"),
        ("too long", vec![0xffff_fff0_u32.to_be_bytes().to_vec()], "answer of 4294967280 bytes"),
        ("nothing", vec![vec![0; 4]], "answer of 0 bytes"),
        ("truncated", vec![framed(&[12, 0, 0, 0, 1, 0, 0, 1, 0])], "ends too early"),
        ("four billion keys", vec![many], "claims to hold 4294967295 keys"),
        ("extra bytes", vec![framed(&[12, 0, 0, 0, 0, 0])], "extra bytes"),
        (
            "unknown key type",
            vec![holding(&[(unknown.get(4..).unwrap(), "x")])],
            "holds no key of a type that can be used",
        ),
        ("unknown answer", vec![one(), framed(&[99])], "of an unknown kind"),
        ("of other bytes", vec![one(), signature(&key.ssh_signature(b"something else"))], "was thrown away"),
        (
            "of another key",
            vec![one(), signature(&TestKey::new(2).ssh_signature(&to_be_signed(REPORT)))],
            "was thrown away",
        ),
        ("empty", vec![one(), signature(b"")], "was thrown away"),
        ("SHA-1", vec![holding(&[(rsa.blob(), "rsa")]), signature(&sha1)], "SHA-1"),
    ] {
        let why = answered(answers, None).unwrap_err();
        assert!(why.contains(part), "{name}: {why}");
    }
}

#[test]
fn t24_no_agent() {
    let directory = tempfile::tempdir().unwrap();
    let stale = directory.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let absent = directory.path().join("absent");
    for (socket, sudo, part) in [
        (None, false, "SSH_AUTH_SOCK is not set"),
        (None, true, "sudo removes SSH_AUTH_SOCK"),
        (Some(stale.as_path()), false, "nobody listens there"),
        (Some(absent.as_path()), false, "The session that forwarded the agent has ended"),
    ] {
        let why = with_agent(Agent { socket, sudo }, None, REPORT).unwrap_err().to_string();
        assert!(why.contains(part) && !why.contains('\n'), "{why}");
    }
}

#[test]
fn signatures_made_elsewhere_are_attached() {
    let key = TestKey::new(1);
    let raw = key.raw(&to_be_signed(REPORT));
    let wanted = key.sign_report(REPORT);
    assert_eq!(attach(REPORT, &raw, &key.line()).unwrap(), wanted);
    assert_eq!(attach(REPORT, format!("{}\n", Base64::encode_string(&raw)).as_bytes(), &key.line()).unwrap(), wanted);
    for (report, raw, line, part) in [
        (&b"another"[..], raw.clone(), key.line(), "thrown away"),
        (REPORT, key.raw(REPORT), key.line(), "over exactly the bytes"),
        (REPORT, raw.clone(), TestKey::new(2).line(), "thrown away"),
        (REPORT, raw, "no key".to_owned(), "The public key:"),
    ] {
        let why = attach(report, &raw, &line).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
}
