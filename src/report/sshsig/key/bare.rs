//! Signatures without SSH's wrapping, as other tools make and read them: Ed25519 (RFC 8032), ECDSA in DER (RFC 3279, 2.2.3)
//! with the hash that goes with the curve, RSA PKCS #1 1.5 with SHA-256.

use super::{Material, PublicKey, der_pair, padded};
use crate::image::text::visible;
use crate::report::sshsig::Fault;
use crate::report::sshsig::wire::{Reader, put_positive, put_string};

impl PublicKey {
    /// Whether it is a security key: what one signs has a form of its own (PROTOCOL.u2f), which no other tool reads.
    pub fn is_token(&self) -> bool {
        matches!(self.material, Material::FidoEd25519 { .. } | Material::FidoEcdsa { .. })
    }

    /// Takes the wrapping off an SSH signature.
    ///
    /// # Errors
    /// When it is malformed, of a security key, or of RSA with another hash than SHA-256.
    pub(in crate::report) fn bare(&self, signature: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut reader = Reader::new(signature);
        let name = String::from_utf8_lossy(reader.string()?).into_owned();
        let body = reader.string()?;
        reader.end()?;
        let wanted = if matches!(self.material, Material::Rsa { .. }) { "rsa-sha2-256" } else { &self.kind };
        if name != wanted {
            return Err(Fault::new(format!("The signature is of type {}, not {wanted}.", visible(&name))));
        }
        match &self.material {
            Material::Ed25519 { .. } => Ok(body.to_vec()),
            Material::Ecdsa { .. } => {
                let mut pair = Reader::new(body);
                let (r, s) = (pair.positive()?, pair.positive()?);
                pair.end()?;
                Ok(der([r, s]))
            }
            Material::Rsa { modulus, .. } => padded(body, modulus.len()),
            Material::FidoEd25519 { .. } | Material::FidoEcdsa { .. } => Err(token()),
        }
    }

    /// Checks a bare signature over `message`.
    ///
    /// # Errors
    /// When it does not fit, or is malformed.
    pub(in crate::report) fn verify_bare(&self, message: &[u8], bare: &[u8]) -> Result<(), Fault> {
        let signature = match &self.material {
            Material::Ecdsa { .. } => {
                let (r, s) = der_pair(bare).ok_or_else(Fault::mismatch)?;
                let mut pair = Vec::new();
                put_positive(&mut pair, r);
                put_positive(&mut pair, s);
                let mut signature = Vec::new();
                put_string(&mut signature, self.kind.as_bytes());
                put_string(&mut signature, &pair);
                signature
            }
            Material::FidoEd25519 { .. } | Material::FidoEcdsa { .. } => return Err(token()),
            Material::Ed25519 { .. } | Material::Rsa { .. } => self.wrap(bare, 256)?,
        };
        // There is one way only to write a signature: another, with a zero more or less before a number, is none.
        if self.bare(&signature)? != bare {
            return Err(Fault::mismatch());
        }
        self.verify(message, &signature).map(drop)
    }
}

fn token() -> Fault {
    Fault::new("A security key signs in a form of its own, which no DSSE tool reads.")
}

/// `SEQUENCE { INTEGER r, INTEGER s }`; the numbers of the curves that are known make it shorter than 128 bytes, so that
/// every length is one byte.
fn der(numbers: [&[u8]; 2]) -> Vec<u8> {
    let short = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let mut inside = Vec::new();
    for number in numbers {
        let sign = number.first().is_some_and(|first| *first >= 0x80);
        inside.extend([2, short(number.len() + usize::from(sign))]);
        inside.extend(sign.then_some(0));
        inside.extend_from_slice(number);
    }
    [&[0x30, short(inside.len())][..], &inside].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::TestKey;

    #[test]
    fn numbers_have_their_sign_in_der() {
        assert_eq!(der([&[1], &[0x80, 2]]), [0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 2]);
    }

    #[test]
    fn a_signature_is_written_in_one_way_only() {
        use ring::rand::SystemRandom;
        use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
        let random = SystemRandom::new();
        let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, secret.as_ref(), &random).unwrap();
        let mut blob = Vec::new();
        for field in [b"ecdsa-sha2-nistp256".as_slice(), b"nistp256", pair.public_key().as_ref()] {
            put_string(&mut blob, field);
        }
        let key = PublicKey::parse(&blob).unwrap();
        // Some numbers are short or have a high bit: every form must hold.
        for _ in 0..40 {
            let bare = pair.sign(&random, b"message").unwrap().as_ref().to_vec();
            assert_eq!(key.verify_bare(b"message", &bare), Ok(()));
            assert_eq!(key.bare(&key.wrap(&bare, 256).unwrap()).unwrap(), bare);
            assert!(key.verify_bare(b"massage", &bare).unwrap_err().is_mismatch());
            let (r, s) = der_pair(&bare).unwrap();
            let padded = [&[0][..], r].concat();
            let longer = [&[0x30, bare[1] + 1, 2, bare[3] + 1][..], &padded, &[2, bare[4 + r.len() + 1]], s].concat();
            assert!(key.verify_bare(b"message", &longer).is_err(), "a zero more before r");
            assert!(key.verify_bare(b"message", &[&bare[..], &[0]].concat()).is_err(), "a byte more");
        }
    }

    #[test]
    fn ed25519_is_as_it_is() {
        let test = TestKey::new(3);
        let key = PublicKey::parse(&test.blob()).unwrap();
        let bare = key.bare(&test.ssh_signature(b"message")).unwrap();
        assert_eq!(bare, test.raw(b"message"));
        assert_eq!(key.verify_bare(b"message", &bare), Ok(()));
        assert!(key.verify_bare(b"message", &bare[..63]).is_err());
        assert!(!key.is_token());
    }
}
