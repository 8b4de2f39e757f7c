//! Keys and agents made in software: nobody's, and some of them as no real one would behave.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use ring::digest::{SHA256, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use seaworthy::report::sign::Agent;

/// Appends `bytes` with their length before them (RFC 4251).
pub(crate) fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Several in a row.
pub(crate) fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        put(&mut out, field);
    }
    out
}

/// A number as `mpint`, from big-endian bytes.
pub(crate) fn number(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = digits.first().filter(|first| **first >= 0x80).map(|_| 0);
    sign.into_iter().chain(digits).collect()
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    FidoEd25519(Ed25519KeyPair),
    FidoEcdsa(EcdsaKeyPair),
}

/// A key made in software; for tokens with the flags they set (PROTOCOL.u2f): 1 touched, 4 PIN given.
pub(crate) struct SoftKey {
    secret: Secret,
    flags: u8,
}

const APPLICATION: &[u8] = b"ssh:";

impl SoftKey {
    pub(crate) fn ed25519(seed: u8) -> Self {
        Self { secret: Secret::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()), flags: 0 }
    }

    pub(crate) fn fido_ed25519(seed: u8, flags: u8) -> Self {
        Self { secret: Secret::FidoEd25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()), flags }
    }

    pub(crate) fn fido_ecdsa(flags: u8) -> Self {
        let random = SystemRandom::new();
        let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret.as_ref(), &random).unwrap();
        Self { secret: Secret::FidoEcdsa(pair), flags }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self.secret {
            Secret::Ed25519(_) => "ssh-ed25519",
            Secret::FidoEd25519(_) => "sk-ssh-ed25519@openssh.com",
            Secret::FidoEcdsa(_) => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    pub(crate) fn blob(&self) -> Vec<u8> {
        let kind = self.kind().as_bytes();
        match &self.secret {
            Secret::Ed25519(pair) => strings(&[kind, pair.public_key().as_ref()]),
            Secret::FidoEd25519(pair) => strings(&[kind, pair.public_key().as_ref(), APPLICATION]),
            Secret::FidoEcdsa(pair) => strings(&[kind, b"nistp256", pair.public_key().as_ref(), APPLICATION]),
        }
    }

    /// The line of its `.pub` file.
    pub(crate) fn line(&self) -> String {
        format!("{} {} TEST KEY", self.kind(), Base64::encode_string(&self.blob()))
    }

    /// The SSH signature of `message`, as an agent gives it.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let counter = 7_u32.to_be_bytes();
        let hash = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
        let wrapped = [&hash(APPLICATION), &[self.flags][..], &counter, &hash(message)].concat();
        let body = match &self.secret {
            Secret::Ed25519(pair) => return strings(&[self.kind().as_bytes(), pair.sign(message).as_ref()]),
            Secret::FidoEd25519(pair) => pair.sign(&wrapped).as_ref().to_vec(),
            Secret::FidoEcdsa(pair) => {
                let raw = pair.sign(&SystemRandom::new(), &wrapped).unwrap();
                let (r, s) = raw.as_ref().split_at(32);
                strings(&[&number(r), &number(s)])
            }
        };
        let mut signature = strings(&[self.kind().as_bytes(), &body]);
        signature.push(self.flags);
        signature.extend_from_slice(&counter);
        signature
    }

    /// An armoured signature over `message` for `namespace`.
    pub(crate) fn signature(&self, namespace: &str, message: &[u8]) -> String {
        SshBlob::honest(self, namespace, message).armoured()
    }
}

/// What a key signs for a file (PROTOCOL.sshsig), from its parts.
pub(crate) fn to_be_signed(namespace: &[u8], reserved: &[u8], hash: &[u8], digest: &[u8]) -> Vec<u8> {
    [b"SSHSIG".to_vec(), strings(&[namespace, reserved, hash, digest])].concat()
}

/// A signature blob whose fields can be set to anything.
#[derive(Clone)]
pub(crate) struct SshBlob {
    pub(crate) version: u32,
    pub(crate) key: Vec<u8>,
    pub(crate) namespace: Vec<u8>,
    pub(crate) reserved: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) tail: Vec<u8>,
}

impl SshBlob {
    pub(crate) fn honest(key: &SoftKey, namespace: &str, message: &[u8]) -> Self {
        Self::over(key, namespace.as_bytes(), b"", b"sha512", message)
    }

    /// Signed over the fields as given.
    pub(crate) fn over(key: &SoftKey, namespace: &[u8], reserved: &[u8], hash: &[u8], message: &[u8]) -> Self {
        let message = digest(if hash == b"sha256" { &SHA256 } else { &SHA512 }, message);
        Self {
            version: 1,
            key: key.blob(),
            namespace: namespace.to_vec(),
            reserved: reserved.to_vec(),
            hash: hash.to_vec(),
            signature: key.sign(&to_be_signed(namespace, reserved, hash, message.as_ref())),
            tail: Vec::new(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"SSHSIG".to_vec();
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend(strings(&[&self.key, &self.namespace, &self.reserved, &self.hash, &self.signature]));
        out.extend_from_slice(&self.tail);
        out
    }

    pub(crate) fn armoured(&self) -> String {
        armoured(&self.bytes(), 70)
    }
}

/// The file of a signature blob, in lines of `width` letters.
pub(crate) fn armoured(blob: &[u8], width: usize) -> String {
    let base64 = Base64::encode_string(blob);
    let lines: Vec<&str> = base64.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

/// An agent in a thread of its own (draft-miller-ssh-agent); it answers until the test ends.
pub(crate) struct FakeAgent {
    directory: tempfile::TempDir,
}

impl FakeAgent {
    /// One that holds `keys` and signs with them as an agent does.
    pub(crate) fn holding(keys: Vec<SoftKey>) -> Self {
        let keys = Arc::new(keys);
        Self::start(move |stream| {
            while let Some(message) = read_message(stream) {
                let answer = match message.first() {
                    Some(11) => listing(&keys.iter().map(|key| (key.blob(), "test key")).collect::<Vec<_>>()),
                    Some(13) => {
                        let mut rest = &message[1..];
                        let (blob, text) = (take(&mut rest), take(&mut rest));
                        match keys.iter().find(|key| key.blob() == blob) {
                            Some(key) => framed(&[vec![14], strings(&[&key.sign(&text)])].concat()),
                            None => framed(&[5]),
                        }
                    }
                    _ => framed(&[5]),
                };
                let _ = stream.write_all(&answer);
            }
        })
    }

    /// One that answers each message with the next of `answers`, whatever it is, and then hangs up.
    pub(crate) fn answering(answers: Vec<Vec<u8>>) -> Self {
        Self::start(move |stream| {
            for answer in &answers {
                if read_message(stream).is_none() || stream.write_all(answer).is_err() {
                    return;
                }
            }
            let _ = read_message(stream);
        })
    }

    fn start(serve: impl Fn(&mut UnixStream) + Send + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("agent")).unwrap();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|mut stream| serve(&mut stream)));
        Self { directory }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("agent")
    }
}

/// Where an agent is.
pub(crate) fn at(socket: &Path) -> Agent<'_> {
    Agent { socket: Some(socket), sudo: false }
}

fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

fn take(rest: &mut &[u8]) -> Vec<u8> {
    let (length, after) = rest.split_at(4);
    let (taken, after) = after.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
    *rest = after;
    taken.to_vec()
}

/// A message with its length before it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    strings(&[message])
}

/// The answer that lists keys, with their comments.
pub(crate) fn listing(keys: &[(Vec<u8>, &str)]) -> Vec<u8> {
    let mut message = vec![12];
    message.extend_from_slice(&u32::try_from(keys.len()).unwrap().to_be_bytes());
    for (blob, comment) in keys {
        message.extend(strings(&[blob, comment.as_bytes()]));
    }
    framed(&message)
}

/// The answer that is a signature.
pub(crate) fn signed(signature: &[u8]) -> Vec<u8> {
    framed(&[vec![14], strings(&[signature])].concat())
}
