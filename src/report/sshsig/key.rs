//! Public keys as OpenSSH writes them, and the signatures they check (RFC 4253, 5656, 8332, 8709; OpenSSH's PROTOCOL.u2f).

use base64ct::{Base64, Base64Unpadded, Encoding};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::Fault;
use super::wire::{Reader, put_string};
use crate::image::text::visible;
use crate::report::sha256;

mod bare;

/// A public key this program can check signatures with: Ed25519, ECDSA P-256 and P-384, RSA of 2048 to 8192 bits, and
/// the FIDO variants of Ed25519 and P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    blob: Vec<u8>,
    kind: String,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Ed25519 { point: Vec<u8> },
    Ecdsa { curve: Curve, point: Vec<u8> },
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    FidoEd25519 { point: Vec<u8>, application: Vec<u8> },
    FidoEcdsa { point: Vec<u8>, application: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
}

impl Curve {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "nistp256",
            Self::P384 => "nistp384",
        }
    }

    /// Bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
        }
    }
}

/// What a FIDO token says about the person before it; `None` for keys that are no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// It was touched.
    pub touched: bool,
    /// A PIN or a fingerprint was asked for.
    pub verified: bool,
}

const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
const SK_ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

impl PublicKey {
    /// Reads a key blob (what is in base64 in a `.pub` file).
    ///
    /// # Errors
    /// When it is malformed, of a type that is not supported, or too weak.
    pub fn parse(blob: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(blob);
        let kind = String::from_utf8_lossy(reader.string()?).into_owned();
        let material = match kind.as_str() {
            "ssh-ed25519" => Material::Ed25519 { point: point(&mut reader, 32)? },
            "ecdsa-sha2-nistp256" => ecdsa(&mut reader, Curve::P256)?,
            "ecdsa-sha2-nistp384" => ecdsa(&mut reader, Curve::P384)?,
            "ssh-rsa" => rsa(&mut reader)?,
            SK_ED25519 => {
                Material::FidoEd25519 { point: point(&mut reader, 32)?, application: reader.string()?.to_vec() }
            }
            SK_ECDSA => {
                let Material::Ecdsa { point, .. } = ecdsa(&mut reader, Curve::P256)? else {
                    return Err(Fault::new("The key is not well formed."));
                };
                Material::FidoEcdsa { point, application: reader.string()?.to_vec() }
            }
            other => return Err(unsupported(other)),
        };
        reader.end()?;
        Ok(Self { blob: blob.to_vec(), kind, material })
    }

    /// Reads the line of a `.pub` file: type, base64, comment.
    ///
    /// # Errors
    /// As [`PublicKey::parse`], and when the line is none.
    pub fn parse_line(line: &str) -> Result<Self, Fault> {
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else {
            return Err(Fault::new("It is not the line of a .pub file: a key type and base64 were expected."));
        };
        let key = Self::parse(&blob(kind, base64)?)?;
        Ok(key)
    }

    /// The blob.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The type: `ssh-ed25519` and so on.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// `SHA256:` and base64, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.blob)
    }

    /// Checks an SSH signature (algorithm name, then its bytes) over `message`.
    ///
    /// # Errors
    /// When it does not fit, is malformed, or uses a weak algorithm.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<Option<Presence>, Fault> {
        let mut reader = Reader::new(signature);
        let name = reader.string()?;
        if name == b"ssh-rsa" {
            return Err(Fault::new(
                "The signature uses SHA-1 (ssh-rsa), which is too weak. Sign with rsa-sha2-512, or with an Ed25519 key.",
            ));
        }
        let wanted: &[&str] = match &self.material {
            Material::Rsa { .. } => &["rsa-sha2-256", "rsa-sha2-512"],
            _ => &[self.kind.as_str()],
        };
        if !wanted.iter().any(|wanted| wanted.as_bytes() == name) {
            return Err(Fault::new(format!(
                "The signature says it is of type {}, but the key is {}.",
                visible(&String::from_utf8_lossy(name)),
                self.kind
            )));
        }
        let body = reader.string()?;
        let fits = |algorithm: &'static dyn VerificationAlgorithm, point: &[u8], message: &[u8], body: &[u8]| {
            UnparsedPublicKey::new(algorithm, point).verify(message, body).map_err(|_| Fault::mismatch())
        };
        match &self.material {
            Material::Ed25519 { point } => {
                reader.end()?;
                fits(&ED25519, point, message, body)?;
                Ok(None)
            }
            Material::Ecdsa { curve, point } => {
                reader.end()?;
                fits(curve.algorithm(), point, message, &fixed(body, *curve)?)?;
                Ok(None)
            }
            Material::Rsa { modulus, exponent } => {
                reader.end()?;
                let algorithm =
                    if name == b"rsa-sha2-256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA512 };
                let components = RsaPublicKeyComponents { n: modulus, e: exponent };
                components.verify(algorithm, message, &padded(body, modulus.len())?).map_err(|_| Fault::mismatch())?;
                Ok(None)
            }
            Material::FidoEd25519 { point, application } => {
                let (presence, signed) = fido(reader, application, message)?;
                fits(&ED25519, point, &signed, body)?;
                Ok(Some(presence))
            }
            Material::FidoEcdsa { point, application } => {
                let (presence, signed) = fido(reader, application, message)?;
                fits(Curve::P256.algorithm(), point, &signed, &fixed(body, Curve::P256)?)?;
                Ok(Some(presence))
            }
        }
    }

    /// Turns a signature as other tools give it (raw Ed25519; ECDSA in DER or as two numbers side by side; raw RSA
    /// PKCS #1) into an SSH signature. `hash` is the bit length for RSA: 256 or 512.
    pub(in crate::report) fn wrap(&self, raw: &[u8], rsa_hash: u32) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        match &self.material {
            Material::Ed25519 { .. } => {
                put_string(&mut out, self.kind.as_bytes());
                put_string(&mut out, raw);
            }
            Material::Ecdsa { curve, .. } => {
                put_string(&mut out, self.kind.as_bytes());
                let (r, s) = match raw.split_at_checked(curve.size()) {
                    Some((r, s)) if s.len() == curve.size() => (r, s),
                    _ => der_pair(raw)
                        .ok_or_else(|| Fault::new("It is no ECDSA signature: neither DER nor two numbers."))?,
                };
                let mut pair = Vec::new();
                super::wire::put_positive(&mut pair, r);
                super::wire::put_positive(&mut pair, s);
                put_string(&mut out, &pair);
            }
            Material::Rsa { .. } => {
                put_string(&mut out, format!("rsa-sha2-{rsa_hash}").as_bytes());
                put_string(&mut out, raw);
            }
            Material::FidoEd25519 { .. } | Material::FidoEcdsa { .. } => {
                return Err(Fault::new("A security key signs through ssh-keygen or ssh-agent only."));
            }
        }
        Ok(out)
    }
}

/// `SHA256:` and base64 of a key blob, as `ssh-keygen -l` prints it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", Base64Unpadded::encode_string(&sha256(blob)))
}

/// Decodes the base64 of a key and checks that it is of the type named before it.
pub(in crate::report) fn blob(kind: &str, base64: &str) -> Result<Vec<u8>, Fault> {
    let blob = Base64::decode_vec(base64).map_err(|_| Fault::new("The key is not valid base64."))?;
    if Reader::new(&blob).string()? == kind.as_bytes() {
        Ok(blob)
    } else {
        Err(Fault::new(format!("The key is not of the type {} named before it.", visible(kind))))
    }
}

fn unsupported(kind: &str) -> Fault {
    let hint = if kind.contains("-cert-v") {
        "Certificates are not supported yet; sign with the plain key."
    } else {
        "Use Ed25519, ECDSA P-256 or P-384, RSA of at least 2048 bits, or a FIDO key."
    };
    Fault::new(format!("Keys of type {} are not supported. {hint}", visible(kind)))
}

fn point(reader: &mut Reader<'_>, size: usize) -> Result<Vec<u8>, Fault> {
    let point = reader.string()?;
    if point.len() == size { Ok(point.to_vec()) } else { Err(Fault::new("The key has the wrong length.")) }
}

fn ecdsa(reader: &mut Reader<'_>, curve: Curve) -> Result<Material, Fault> {
    if reader.string()? != curve.name().as_bytes() {
        return Err(Fault::new("The key names two different curves."));
    }
    Ok(Material::Ecdsa { curve, point: point(reader, 1 + 2 * curve.size())? })
}

fn rsa(reader: &mut Reader<'_>) -> Result<Material, Fault> {
    let exponent = reader.positive()?.to_vec();
    let modulus = reader.positive()?.to_vec();
    let unused = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = modulus.len() * 8 - unused;
    match bits {
        2048..=8192 => Ok(Material::Rsa { modulus, exponent }),
        _ => Err(Fault::new(format!("The RSA key has {bits} bits; 2048 to 8192 are accepted."))),
    }
}

/// Two numbers of an ECDSA signature side by side, as ring wants them.
fn fixed(body: &[u8], curve: Curve) -> Result<Vec<u8>, Fault> {
    let mut reader = Reader::new(body);
    let (r, s) = (reader.positive()?, reader.positive()?);
    reader.end()?;
    Ok([padded(r, curve.size())?, padded(s, curve.size())?].concat())
}

/// `number` with zeros before it, `size` bytes in all.
fn padded(number: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    let missing = size.checked_sub(number.len()).ok_or_else(Fault::mismatch)?;
    let mut out = vec![0; missing];
    out.extend_from_slice(number);
    Ok(out)
}

/// What a token signs: SHA-256 of the application, flags, counter, SHA-256 of the message (PROTOCOL.u2f).
fn fido(mut reader: Reader<'_>, application: &[u8], message: &[u8]) -> Result<(Presence, Vec<u8>), Fault> {
    let flags = reader.byte()?;
    let counter = reader.u32()?;
    reader.end()?;
    let mut signed = sha256(application).to_vec();
    signed.push(flags);
    signed.extend_from_slice(&counter.to_be_bytes());
    signed.extend_from_slice(&sha256(message));
    Ok((Presence { touched: flags & 1 != 0, verified: flags & 4 != 0 }, signed))
}

/// `SEQUENCE { INTEGER r, INTEGER s }` with one- or two-byte lengths (X.690).
fn der_pair(der: &[u8]) -> Option<(&[u8], &[u8])> {
    fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let (first, rest) = bytes.split_first()?;
        let (length, rest) = match rest.split_first()? {
            (0x81, rest) => rest.split_first()?,
            (length @ 0..=0x7f, rest) => (length, rest),
            _ => return None,
        };
        (*first == tag).then(|| rest.split_at_checked(usize::from(*length)))?
    }
    let (inside, after) = element(0x30, der)?;
    let (r, rest) = element(2, inside)?;
    let (s, left) = element(2, rest)?;
    (after.is_empty() && left.is_empty()).then_some((r, s))
}
