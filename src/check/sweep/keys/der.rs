//! Private keys in DER (X.690): PKCS #1 (RFC 8017, A.1.2), SEC 1 (RFC 5915), DSA as OpenSSL writes it, PKCS #8 and
//! `EncryptedPrivateKeyInfo` (RFC 5958), keys bound to a TPM (draft-bottomley-tpm2-keys), private and public ones told
//! apart by their structure.

use super::Key;
use super::wire::bits;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// The context-specific tag 0, constructed.
pub(super) const EXPLICIT_0: u8 = 0xa0;

/// Values that are left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'b>(pub(super) &'b [u8]);

impl<'b> Der<'b> {
    /// The next tag and its content; `None` where the content is not all there.
    pub(super) fn next(&mut self) -> Option<(u8, &'b [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |number, &digit| number << 8 | usize::from(digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value when its tag is `tag`.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'b [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// The bits of the next value, a positive INTEGER.
    fn positive(&mut self) -> Option<usize> {
        let number = self.expect(INTEGER)?;
        let bits = bits(number);
        (bits > 0 && number.first().is_some_and(|&first| first < 0x80)).then_some(bits)
    }
}

/// The private key that `der` begins with.
pub(super) fn private_key(der: &[u8]) -> Option<Key> {
    let inside = Der(Der(der).expect(SEQUENCE)?);
    match inside.clone().next()? {
        (SEQUENCE, _) => encrypted(inside),
        (INTEGER, version) => {
            let mut rest = inside;
            rest.next()?;
            match (version, rest.clone().next()?.0) {
                ([0 | 1], SEQUENCE) => pkcs8(rest),
                ([1], OCTET_STRING) => ec(rest, None),
                ([0 | 1], INTEGER) => rsa(rest, version == [0]).or_else(|| dsa(rest)),
                _ => None,
            }
        }
        (OID, [0x67, 0x81, 0x05, 0x0a, 0x01, ..]) => Some(Key::new("of a TPM, of no use without it", false)),
        _ => None,
    }
}

/// `EncryptedPrivateKeyInfo`: how it is encrypted must be a scheme of PKCS #5 or PKCS #12.
fn encrypted(mut inside: Der) -> Option<Key> {
    const PKCS5: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
    const PKCS12: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
    let scheme = Der(inside.expect(SEQUENCE)?).expect(OID)?;
    let is_known = scheme.starts_with(&PKCS5) || scheme.starts_with(&PKCS12);
    let body = inside.expect(OCTET_STRING)?;
    (is_known && body.len() >= 16 && inside.0.is_empty()).then(|| Key::new("PKCS #8", true))
}

fn pkcs8(mut rest: Der) -> Option<Key> {
    let mut algorithm = Der(rest.expect(SEQUENCE)?);
    let oid = algorithm.expect(OID)?;
    let body = rest.expect(OCTET_STRING)?;
    // Nothing but attributes and the public key may follow.
    while !rest.0.is_empty() {
        rest.next().filter(|(tag, _)| matches!(tag, 0xa0 | 0xa1 | 0x80 | 0x81))?;
    }
    match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 | 0x0a] => private_key(body),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => {
            let mut key = Der(Der(body).expect(SEQUENCE)?);
            key.expect(INTEGER).filter(|version| *version == [1])?;
            ec(key, algorithm.expect(OID))
        }
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => {
            Der(body).positive()?;
            let prime = Der(algorithm.expect(SEQUENCE)?).positive()?;
            Some(Key::new(format!("DSA {prime} bits"), false))
        }
        [0x2b, 0x65, curve @ 0x6e..=0x71] => {
            let (name, length) = match curve {
                0x6e => ("X25519", 32),
                0x6f => ("X448", 56),
                0x70 => ("Ed25519", 32),
                _ => ("Ed448", 57),
            };
            let key = Der(body).expect(OCTET_STRING)?;
            (key.len() == length).then(|| Key::new(name, false))
        }
        _ if body.len() < 16 => None,
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11..=0x13] => Some(Key::new("ML-DSA", false)),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x14..=0x1f] => Some(Key::new("SLH-DSA", false)),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, 0x01..=0x03] => Some(Key::new("ML-KEM", false)),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01] | [0x2a, 0x86, 0x48, 0xce, 0x3e, 0x02, 0x01] => {
            Some(Key::new("Diffie-Hellman", false))
        }
        _ => (3..=16).contains(&oid.len()).then(|| Key::new("PKCS #8", false)),
    }
}

/// The numbers of an RSA key after its version. Both primes together are as long as their product.
fn rsa(mut rest: Der, has_two_primes: bool) -> Option<Key> {
    let modulus = rest.positive()?;
    rest.positive()?;
    rest.positive()?;
    let primes = rest.positive()? + rest.positive()?;
    for _ in 0..3 {
        rest.positive()?;
    }
    let fits = !has_two_primes || primes == modulus || primes == modulus + 1;
    (modulus >= 256 && fits).then(|| Key::new(format!("RSA {modulus} bits"), false))
}

/// The numbers of a DSA key after its version: p, q, g, y, x.
fn dsa(mut rest: Der) -> Option<Key> {
    let prime = rest.positive()?;
    let order = rest.positive()?;
    for _ in 0..3 {
        rest.positive().filter(|bits| *bits <= prime)?;
    }
    (order < prime && prime >= 512 && rest.0.is_empty()).then(|| Key::new(format!("DSA {prime} bits"), false))
}

/// An EC key after its version; on `curve` unless it names one itself.
fn ec(mut rest: Der, curve: Option<&[u8]>) -> Option<Key> {
    let number = rest.expect(OCTET_STRING).filter(|number| (14..=72).contains(&number.len()))?;
    let mut named = curve;
    while !rest.0.is_empty() {
        match rest.next()? {
            (EXPLICIT_0, parameters) => named = Der(parameters).expect(OID).or(named),
            (0xa1, public) => {
                Der(public).expect(BIT_STRING)?;
            }
            _ => return None,
        }
    }
    let size = number.len() * 8;
    Some(match named.and_then(curve_name) {
        Some(name) => Key::new(format!("EC {name}"), false),
        None => Key::new(format!("EC {size} bits"), false),
    })
}

/// The name of the curve with this OID (RFC 5480, 2.1.1.1; SEC 2; RFC 5639).
pub(super) fn curve_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01] => "P-192",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => "P-256",
        [0x2b, 0x81, 0x04, 0x00, 0x0a] => "secp256k1",
        [0x2b, 0x81, 0x04, 0x00, 0x21] => "P-224",
        [0x2b, 0x81, 0x04, 0x00, 0x22] => "P-384",
        [0x2b, 0x81, 0x04, 0x00, 0x23] => "P-521",
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07] => "brainpoolP256r1",
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b] => "brainpoolP384r1",
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d] => "brainpoolP512r1",
        [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d] => "SM2",
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01] => "Ed25519",
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01] => "Curve25519",
        _ => return None,
    })
}

/// Whether the whole of `der` is a certificate, a request, a list of revoked ones, or a public key.
pub(super) fn is_public(der: &[u8]) -> bool {
    let mut outer = Der(der);
    let Some(content) = outer.expect(SEQUENCE).filter(|_| outer.0.is_empty()) else { return false };
    let mut inside = Der(content);
    match (inside.next(), inside.next(), inside.next()) {
        // Certificate, CertificationRequest, CertificateList; SubjectPublicKeyInfo; RSAPublicKey.
        (Some((SEQUENCE, _)), Some((SEQUENCE, _)), Some((BIT_STRING, _)))
        | (Some((SEQUENCE, _)), Some((BIT_STRING, _)), None)
        | (Some((INTEGER, _)), Some((INTEGER, _)), None) => true,
        // ContentInfo of PKCS #7: certificates that go together.
        (Some((OID, oid)), Some((EXPLICIT_0, _)), None) => oid.starts_with(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7]),
        _ => false,
    }
}
