use base64ct::{Base64, Encoding};
use proptest::prelude::*;

use super::wire::{Reader, put_positive, put_string};
use super::*;
use crate::report::fixture::{TestKey, fido};
use crate::report::sha256;

const MESSAGE: &[u8] = b"golden message\n";

/// Made by ssh-keygen with test keys that were thrown away; `tests/it/report/golden.rs` makes them.
const GOLDEN: [(&str, &str, &str); 4] = [
    (
        "ed25519",
        include_str!("../../../tests/fixtures/sshsig/ed25519.pub"),
        include_str!("../../../tests/fixtures/sshsig/ed25519.sha512.sig"),
    ),
    (
        "ecdsa-256",
        include_str!("../../../tests/fixtures/sshsig/ecdsa-256.pub"),
        include_str!("../../../tests/fixtures/sshsig/ecdsa-256.sha512.sig"),
    ),
    (
        "ecdsa-384",
        include_str!("../../../tests/fixtures/sshsig/ecdsa-384.pub"),
        include_str!("../../../tests/fixtures/sshsig/ecdsa-384.sha512.sig"),
    ),
    (
        "rsa-2048",
        include_str!("../../../tests/fixtures/sshsig/rsa-2048.pub"),
        include_str!("../../../tests/fixtures/sshsig/rsa-2048.sha512.sig"),
    ),
];

#[test]
fn signatures_of_ssh_keygen_verify_and_are_written_the_same() {
    for (name, public, signature) in GOLDEN {
        let made = SshSig::parse(signature.as_bytes()).unwrap();
        assert_eq!(made.key, PublicKey::parse_line(public).unwrap(), "{name}");
        assert_eq!(made.verify(NAMESPACE, MESSAGE), Ok(None), "{name}");
        assert_eq!(made.armour(), signature, "{name}");
        assert!(made.verify(NAMESPACE, b"golden massage\n").unwrap_err().is_mismatch(), "{name}");
        let other = made.verify("git", MESSAGE).unwrap_err().to_string();
        assert!(other.starts_with("It was signed for \"seaworthy-report\", not for \"git\"."), "{other}");
    }
}

#[test]
fn weak_and_unsupported_keys_are_named() {
    for (signature, part) in [
        (
            include_str!("../../../tests/fixtures/sshsig/ecdsa-521.sha512.sig"),
            "Keys of type ecdsa-sha2-nistp521 are not supported",
        ),
        (include_str!("../../../tests/fixtures/sshsig/rsa-1024.sha512.sig"), "The RSA key has 1024 bits"),
    ] {
        let why = SshSig::parse(signature.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn the_bytes_to_be_signed_are_those_of_the_protocol() {
    let bytes = to_be_signed(NAMESPACE, Hash::Sha512, b"");
    assert_eq!(bytes.len(), 6 + (4 + 16) + 4 + (4 + 6) + (4 + 64));
    assert!(bytes.starts_with(b"SSHSIG\0\0\0\x10seaworthy-report\0\0\0\0\0\0\0\x06sha512\0\0\0\x40"));
}

/// What ssh-keygen lets through, or wraps up in one sentence, is refused here with its cause.
#[test]
fn odd_signature_files() {
    let good = GOLDEN[0].2;
    for (text, part) in [
        (String::new(), "does not begin with"),
        (format!("text\n{good}"), "something before"),
        (format!("\n{good}"), "something before"),
        (format!("{good}text"), "something after"),
        (format!("{good}\n"), "something after"),
        (format!("{good}{good}"), "something after"),
        (good.replace('\n', "\r\n"), "Windows line ends"),
        (good.replace("-----END SSH SIGNATURE-----\n", ""), "cut off"),
        (good.replacen("U1NI", "U1N$", 1), "not valid base64"),
        (good.replacen("U1NI", "U1N\nI", 1), "not valid base64"),
        (format!("{good}{}", " ".repeat(70_000)), "too large"),
    ] {
        let why = SshSig::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(part), "{text}: {why}");
    }
    assert!(SshSig::parse(good.trim_end().as_bytes()).is_ok(), "the last newline may be missing");
}

/// A blob with its fields as given.
fn forged(version: u32, namespace: &[u8], reserved: &[u8], hash: &[u8], tail: &[u8]) -> String {
    let key = TestKey::new(7);
    let mut signed = MAGIC.to_vec();
    for field in [namespace, reserved, hash, digest(&SHA512, MESSAGE).as_ref()] {
        put_string(&mut signed, field);
    }
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&version.to_be_bytes());
    for field in [&key.blob(), namespace, reserved, hash, &key.ssh_signature(&signed)] {
        put_string(&mut blob, field);
    }
    blob.extend_from_slice(tail);
    armour(&blob)
}

#[test]
fn odd_blobs() {
    let judge = |text: String| SshSig::parse(text.as_bytes()).and_then(|made| made.verify(NAMESPACE, MESSAGE));
    let namespace = NAMESPACE.as_bytes();
    assert_eq!(judge(forged(1, namespace, b"", b"sha512", b"")), Ok(None));
    for (text, part) in [
        (forged(0, namespace, b"", b"sha512", b""), "of version 0"),
        (forged(2, namespace, b"", b"sha512", b""), "of version 2"),
        (forged(1, namespace, b"x", b"sha512", b""), "reserved field"),
        (forged(1, namespace, b"", b"sha1", b""), "Its hash is sha1"),
        (forged(1, namespace, b"", b"sha512", b"x"), "extra bytes"),
        (forged(1, b"seaworthy-report\0", b"", b"sha512", b""), "signed for \"seaworthy-report\\u{0}\""),
        (forged(1, b"seaworthy-report.evil", b"", b"sha512", b""), "signed for \"seaworthy-report.evil\""),
        (forged(1, b"", b"", b"sha512", b""), "signed for \"\""),
        (forged(1, namespace, b"", b"sha256", b""), "does not match"),
        (armour(b"SSHSIG"), "ends too early"),
        (armour(b"hello there"), "no SSH signature"),
    ] {
        let why = judge(text).unwrap_err().to_string();
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn a_security_key_says_whether_it_was_touched() {
    for (flags, touched, verified) in [(0, false, false), (1, true, false), (5, true, true)] {
        let made = SshSig::parse(fido(MESSAGE, flags).0.as_bytes()).unwrap();
        assert_eq!(made.verify(NAMESPACE, MESSAGE), Ok(Some(Presence { touched, verified })));
        assert!(made.verify(NAMESPACE, b"another").unwrap_err().is_mismatch());
    }
}

/// ECDSA on a token, and plain ECDSA from a key service: ring signs, we wrap.
#[test]
fn ecdsa_from_elsewhere() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let random = ring::rand::SystemRandom::new();
    let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, secret.as_ref(), &random).unwrap();
    let (fixed, der) = (pair(&ECDSA_P256_SHA256_FIXED_SIGNING), pair(&ECDSA_P256_SHA256_ASN1_SIGNING));
    let blob = |kind: &[u8], more: &[&[u8]]| {
        let mut blob = Vec::new();
        for field in [kind, b"nistp256", fixed.public_key().as_ref()].iter().chain(more) {
            put_string(&mut blob, field);
        }
        blob
    };
    let key = PublicKey::parse(&blob(b"ecdsa-sha2-nistp256", &[])).unwrap();
    // Some numbers are short or have a high bit: every form must hold.
    for _ in 0..40 {
        for signer in [&fixed, &der] {
            let raw = signer.sign(&random, MESSAGE).unwrap();
            assert_eq!(key.verify(MESSAGE, &key.wrap(raw.as_ref(), 512).unwrap()), Ok(None));
        }
    }
    let token = PublicKey::parse(&blob(b"sk-ecdsa-sha2-nistp256@openssh.com", &[b"ssh:"])).unwrap();
    let signed = [&sha256(b"ssh:")[..], &[1, 0, 0, 0, 7], &sha256(MESSAGE)].concat();
    let plain = key.wrap(fixed.sign(&random, &signed).unwrap().as_ref(), 512).unwrap();
    let mut reader = Reader::new(&plain);
    reader.string().unwrap();
    let mut signature = Vec::new();
    put_string(&mut signature, b"sk-ecdsa-sha2-nistp256@openssh.com");
    put_string(&mut signature, reader.string().unwrap());
    signature.extend_from_slice(&[1, 0, 0, 0, 7]);
    assert_eq!(token.verify(MESSAGE, &signature), Ok(Some(Presence { touched: true, verified: false })));
    assert!(token.verify(b"another", &signature).unwrap_err().is_mismatch());
    assert!(token.wrap(&[0; 64], 512).is_err());
}

#[test]
fn sha1_is_refused() {
    let key = PublicKey::parse_line(GOLDEN[3].1).unwrap();
    let mut signature = Vec::new();
    put_string(&mut signature, b"ssh-rsa");
    put_string(&mut signature, &[1; 256]);
    assert!(key.verify(MESSAGE, &signature).unwrap_err().to_string().contains("SHA-1"));
}

#[test]
fn numbers_have_one_form() {
    for (bytes, good) in
        [(&[1][..], true), (&[0, 0x80], true), (&[0x80], false), (&[0, 1], false), (&[0], false), (&[], false)]
    {
        let mut wire = Vec::new();
        put_string(&mut wire, bytes);
        assert_eq!(Reader::new(&wire).positive().is_ok(), good, "{bytes:?}");
    }
    let mut wire = Vec::new();
    put_positive(&mut wire, &[0, 0, 0x80, 1]);
    assert_eq!(Reader::new(&wire).positive().unwrap(), [0x80, 1]);
}

proptest! {
    #[test]
    fn nothing_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = SshSig::parse(&bytes);
        let _ = PublicKey::parse(&bytes);
        let _ = SshSig::parse(armour(&bytes).as_bytes());
        let _ = SshSig::parse(armour(&[b"SSHSIG\0\0\0\x01", bytes.as_slice()].concat()).as_bytes());
    }

    #[test]
    fn no_changed_signature_verifies(which in 0..4_usize, place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let text = GOLDEN[which].2;
        let good = dearmour(text.as_bytes()).unwrap();
        let mut blob = good.clone();
        let at = place.index(blob.len());
        blob[at] ^= flip;
        let judged = SshSig::parse(armour(&blob).as_bytes()).and_then(|made| made.verify(NAMESPACE, MESSAGE));
        prop_assert!(judged.is_err());
        let mut armoured = text.as_bytes().to_vec();
        let at = place.index(armoured.len());
        armoured[at] ^= flip;
        // Base64 has letters to spare: a change either shows, or stands for the same bytes.
        if let Ok(made) = SshSig::parse(&armoured) && made.verify(NAMESPACE, MESSAGE).is_ok() {
            prop_assert_eq!(dearmour(&armoured).unwrap(), good);
        }
    }

    #[test]
    fn any_other_message_is_refused(message in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assume!(message != MESSAGE);
        let made = SshSig::parse(GOLDEN[0].2.as_bytes()).unwrap();
        prop_assert!(made.verify(NAMESPACE, &message).is_err());
    }

    #[test]
    fn armour_gives_back_its_bytes(bytes in proptest::collection::vec(any::<u8>(), 1..500)) {
        prop_assert_eq!(dearmour(armour(&bytes).as_bytes()).unwrap(), bytes);
    }
}

#[test]
fn base64_is_strict() {
    assert!(Base64::decode_vec("AB==").is_err(), "bits that stand for nothing must be zero");
}
