//! Envelopes through an agent, honest and not, and from signatures made elsewhere.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use super::*;
use crate::report::fixture::{TestKey, fido};
use crate::report::sshsig::wire::put_string;

const STATEMENT: &[u8] = b"{\"a\":\"statement\"}\n";

/// What signing through an agent comes to that holds one key and answers a request for a signature with `answer`; and
/// the message it was asked to sign.
fn through(blob: &[u8], answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    let blob = blob.to_vec();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut length = [0; 4];
            while stream.read_exact(&mut length).is_ok() {
                let mut request = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut request).unwrap();
                let mut reply = Vec::new();
                if request[0] == 11 {
                    let mut held = vec![12, 0, 0, 0, 1];
                    put_string(&mut held, &blob);
                    put_string(&mut held, b"release");
                    put_string(&mut reply, &held);
                } else {
                    assert_eq!(request[request.len() - 4..], 2_u32.to_be_bytes(), "SHA-256 is asked for");
                    let message = &request[1 + 4 + blob.len() + 4..request.len() - 4];
                    let mut signed = vec![14];
                    put_string(&mut signed, &answer(message));
                    put_string(&mut reply, &signed);
                }
                stream.write_all(&reply).unwrap();
            }
        }
    });
    let agent = Agent { socket: Some(&socket), sudo: false };
    with_agent(agent, None, STATEMENT, &|| ()).map_err(|error| error.to_string())
}

#[test]
fn an_agent_signs_the_bytes_of_the_protocol() {
    let key = TestKey::new(1);
    let envelope = through(&key.blob(), |message| {
        assert_eq!(message, b"DSSEv1 28 application/vnd.in-toto+json 18 {\"a\":\"statement\"}\n");
        TestKey::new(1).ssh_signature(message)
    });
    let read = Envelope::parse(envelope.unwrap().as_bytes()).unwrap();
    assert_eq!(read.payload, STATEMENT);
    assert_eq!(read.signatures[0].bytes, key.raw(&to_be_signed(STATEMENT)));
    assert_eq!(read.signatures[0].keyid, PublicKey::parse(&key.blob()).unwrap().fingerprint());
}

#[test]
fn agents_whose_answer_is_of_no_use() {
    let blob = TestKey::new(1).blob();
    let why = through(&blob, |_| TestKey::new(1).ssh_signature(b"something else")).unwrap_err();
    assert!(why.contains("does not hold and was thrown away"), "{why}");
    let why = through(&blob, |_| b"garbage".to_vec()).unwrap_err();
    assert!(why.contains("cannot be used in an envelope"), "{why}");
    let (_, token) = fido(b"", 1);
    let token = PublicKey::parse_line(&token).unwrap();
    let why = through(token.blob(), |_| panic!("nobody is asked to touch anything")).unwrap_err();
    assert!(why.contains("is a security key"), "{why}");
    let long = vec![b'x'; REQUEST_LIMIT];
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        let mut held = vec![12, 0, 0, 0, 1];
        put_string(&mut held, &blob);
        put_string(&mut held, b"release");
        let mut reply = Vec::new();
        put_string(&mut reply, &held);
        stream.write_all(&reply).unwrap();
    });
    let agent = Agent { socket: Some(&socket), sudo: false };
    let why = with_agent(agent, None, &long, &|| ()).unwrap_err().to_string();
    assert!(why.contains("signs no more than 256 KiB"), "{why}");
}

#[test]
fn signatures_made_elsewhere_are_attached() {
    use base64ct::{Base64, Encoding};
    let key = TestKey::new(1);
    let raw = key.raw(&to_be_signed(STATEMENT));
    for given in [raw.clone(), format!("{}\n", Base64::encode_string(&raw)).into_bytes()] {
        let envelope = attach(STATEMENT, &given, &key.line()).unwrap();
        assert_eq!(Envelope::parse(envelope.as_bytes()).unwrap().signatures[0].bytes, raw);
    }
    let why = attach(b"another", &raw, &key.line()).unwrap_err().to_string();
    assert!(why.contains("exactly the bytes to be signed"), "{why}");
    let why = attach(STATEMENT, &raw, &TestKey::new(2).line()).unwrap_err().to_string();
    assert!(why.contains("does not hold"), "{why}");
    let why = attach(STATEMENT, &raw, &fido(b"", 1).1).unwrap_err().to_string();
    assert!(why.contains("is a security key"), "{why}");
}
