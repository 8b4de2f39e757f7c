//! Secrets that look real and open nothing, made anew for each practice image.

use anyhow::anyhow;
use base64ct::{Base64, Encoding};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// What the `{{…}}` of a lesson stand for.
pub(super) struct Secrets {
    random: SystemRandom,
    /// A fresh private key in PKCS#8, PEM armour, and its public half as an OpenSSH line without a comment.
    private_key: String,
    public_key: String,
}

impl Secrets {
    pub(super) fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let broken = |_| anyhow!("the system's random numbers cannot be had");
        let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(broken)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| anyhow!("a fresh key is not readable"))?;
        Ok(Self { private_key: pem(document.as_ref()), public_key: openssh(pair.public_key().as_ref()), random })
    }

    /// `text` with each `{{name}}` filled in; a name nobody knows stays as it is.
    pub(super) fn fill(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else { break };
            out.extend_from_slice(before.as_bytes());
            match name {
                "private-key" => out.extend_from_slice(self.private_key.as_bytes()),
                "public-key" => out.extend_from_slice(self.public_key.as_bytes()),
                "aws-key-id" => {
                    out.extend_from_slice(b"AKIA");
                    out.extend(self.pick(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
                }
                "aws-secret" => out.extend(self.pick(40, ALPHANUMERIC)),
                "token" => out.extend(self.pick(32, ALPHANUMERIC)),
                "password" => out.extend(self.pick(14, ALPHANUMERIC)),
                "sha512-hash" => {
                    out.extend_from_slice(b"$6$");
                    out.extend(self.pick(16, ALPHANUMERIC));
                    out.push(b'$');
                    out.extend(self.pick(86, ALPHANUMERIC));
                }
                "machine-id" => out.extend(self.pick(32, b"0123456789abcdef")),
                // The first bytes of a program for x86-64 (elf(5)): enough to tell the architecture.
                "elf-x86-64" => {
                    let mut header = [0u8; 64];
                    header.iter_mut().zip(b"\x7fELF\x02\x01\x01").for_each(|(byte, known)| *byte = *known);
                    for (place, byte) in [(16, 3), (18, 62), (20, 1), (52, 64)] {
                        if let Some(slot) = header.get_mut(place) {
                            *slot = byte;
                        }
                    }
                    out.extend_from_slice(&header);
                }
                unknown => out.extend_from_slice(format!("{{{{{unknown}}}}}").as_bytes()),
            }
            rest = tail;
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    fn pick(&self, count: usize, alphabet: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0u8; count];
        // Without random numbers the characters are all alike; a practice image survives that.
        let _ = self.random.fill(&mut bytes);
        bytes.iter().map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()).copied().unwrap_or(b'x')).collect()
    }
}

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// PEM armour (RFC 7468) around a PKCS#8 key.
fn pem(der: &[u8]) -> String {
    let body = Base64::encode_string(der);
    let mut out = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (place, letter) in body.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            out.push('\n');
        }
        out.push(letter);
    }
    out.push_str("\n-----END PRIVATE KEY-----\n");
    out
}

/// The public half as OpenSSH writes it (RFC 8709).
fn openssh(key: &[u8]) -> String {
    let mut blob = Vec::new();
    for part in [b"ssh-ed25519".as_slice(), key] {
        blob.extend_from_slice(&u32::try_from(part.len()).unwrap_or_default().to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!("ssh-ed25519 {}", Base64::encode_string(&blob))
}
