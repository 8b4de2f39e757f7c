//! SSHSIG: signatures over files as OpenSSH makes them (PROTOCOL.sshsig), read more strictly than `ssh-keygen` does.
//!
//! Keys and bytes only; who may sign, and what a report says, do not belong here.

use base64ct::{Base64, Encoding};
use ring::digest::{SHA256, SHA512, digest};

use crate::image::text::visible;

mod key;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod wire;

pub(super) use key::blob;
pub use key::{Presence, PublicKey, fingerprint};
use wire::{Reader, put_string};

/// What a signature on a report is for. It never changes: it stands in every publisher's list of trusted signers.
pub const NAMESPACE: &str = "seaworthy-report";

/// What a signature on a binding of reports to an AMI is for; fixed for the same reason.
pub const BINDING_NAMESPACE: &str = "seaworthy-binding";

/// The largest signature file that is read: 64 KiB.
pub const SIGNATURE_LIMIT: u64 = 64 << 10;

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----";

/// What is wrong with a key or signature, in sentences for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Fault {
    sentence: String,
    mismatch: bool,
}

impl Fault {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), mismatch: false }
    }

    /// Well formed, but made over other bytes or with another key.
    pub(super) fn mismatch() -> Self {
        Self { sentence: "The signature does not match this file.".to_owned(), mismatch: true }
    }

    /// Whether everything is well formed and only the bytes (or the key) differ.
    pub fn is_mismatch(&self) -> bool {
        self.mismatch
    }
}

/// The hash of the file that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512; what OpenSSH takes by default.
    Sha512,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// One signature with the key it was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSig {
    /// The signer's public key. That it is in here says nothing about who they are.
    pub key: PublicKey,
    /// What it was made for.
    pub namespace: String,
    /// The hash.
    pub hash: Hash,
    /// Algorithm and bytes.
    pub signature: Vec<u8>,
}

impl SshSig {
    /// Reads an armoured signature. Exactly one, with nothing before or after it.
    ///
    /// # Errors
    /// When it is malformed, in any way ambiguous, or uses a key that is not supported.
    pub fn parse(armoured: &[u8]) -> Result<Self, Fault> {
        let blob = dearmour(armoured)?;
        let mut reader = Reader::new(&blob);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(Fault::new("It is no SSH signature."));
        }
        let version = reader.u32()?;
        if version != 1 {
            return Err(Fault::new(format!("It is of version {version}; only version 1 is known.")));
        }
        let key = reader.string()?;
        let namespace = reader.string()?;
        let reserved = reader.string()?;
        let hash = reader.string()?;
        let signature = reader.string()?.to_vec();
        reader.end()?;
        if !reserved.is_empty() {
            return Err(Fault::new("Its reserved field is not empty: something was put into it after signing."));
        }
        let hash = match hash {
            b"sha256" => Hash::Sha256,
            b"sha512" => Hash::Sha512,
            other => {
                let name = visible(&String::from_utf8_lossy(other));
                return Err(Fault::new(format!("Its hash is {name}; sha256 or sha512 was expected.")));
            }
        };
        let namespace = String::from_utf8_lossy(namespace).into_owned();
        Ok(Self { key: PublicKey::parse(key)?, namespace, hash, signature })
    }

    /// Checks that it was made over `message` for `namespace`.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify(&self, namespace: &str, message: &[u8]) -> Result<Option<Presence>, Fault> {
        if self.namespace != namespace {
            return Err(Fault::new(format!(
                "It was signed for \"{}\", not for \"{namespace}\". It is a signature over something else made with the same key.",
                visible(&self.namespace)
            )));
        }
        self.key.verify(&to_be_signed(namespace, self.hash, message), &self.signature)
    }

    /// The armoured file, as `ssh-keygen -Y sign` writes it.
    pub fn armour(&self) -> String {
        let mut blob = MAGIC.to_vec();
        blob.extend_from_slice(&1_u32.to_be_bytes());
        for field in [self.key.blob(), self.namespace.as_bytes(), b"", self.hash.name().as_bytes(), &self.signature] {
            put_string(&mut blob, field);
        }
        armour(&blob)
    }
}

/// The bytes a key signs for `message` in `namespace`.
pub fn to_be_signed(namespace: &str, hash: Hash, message: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha512 => &SHA512,
    };
    let mut out = MAGIC.to_vec();
    for field in [namespace.as_bytes(), b"", hash.name().as_bytes(), digest(algorithm, message).as_ref()] {
        put_string(&mut out, field);
    }
    out
}

fn armour(blob: &[u8]) -> String {
    let base64 = Base64::encode_string(blob);
    let mut out = String::from(BEGIN);
    for (place, letter) in base64.chars().enumerate() {
        if place > 0 && place % 70 == 0 {
            out.push('\n');
        }
        out.push(letter);
    }
    out.push('\n');
    out.push_str(END);
    out.push('\n');
    out
}

fn dearmour(armoured: &[u8]) -> Result<Vec<u8>, Fault> {
    if u64::try_from(armoured.len()).unwrap_or(u64::MAX) > SIGNATURE_LIMIT {
        return Err(Fault::new("The signature file is too large to be one."));
    }
    let text = std::str::from_utf8(armoured).map_err(|_| Fault::new("The signature file is not text."))?;
    if text.contains('\r') {
        return Err(Fault::new(
            "The signature file has Windows line ends: it was converted on the way. Get it again in binary mode.",
        ));
    }
    let Some(inside) = text.strip_prefix(BEGIN) else {
        let text_before = text.contains(BEGIN.trim_end());
        return Err(Fault::new(if text_before {
            "There is something before the signature in its file."
        } else {
            "The signature file does not begin with \"-----BEGIN SSH SIGNATURE-----\"."
        }));
    };
    let Some((lines, after)) = inside.split_once(END) else {
        return Err(Fault::new("The signature file is cut off: its END line is missing."));
    };
    if !matches!(after, "" | "\n") {
        return Err(Fault::new("There is something after the signature in its file."));
    }
    let not_base64 = || Fault::new("The signature is not valid base64: its file was damaged.");
    // Lines of equal length, so that there is one way only to write a signature at a given width.
    let lines: Vec<&str> = lines.strip_suffix('\n').ok_or_else(not_base64)?.split('\n').collect();
    let width = lines.first().map_or(0, |line| line.len());
    let even = lines.iter().rev().skip(1).all(|line| line.len() == width);
    let last = lines.last().map_or(0, |line| line.len());
    if !even || width > 76 || last > width || last == 0 {
        return Err(not_base64());
    }
    Base64::decode_vec(&lines.concat()).map_err(|_| not_base64())
}
