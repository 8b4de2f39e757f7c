#![expect(clippy::string_slice, reason = "texts made here are ASCII")]

use std::path::Path;

use base64ct::{Base64, Encoding};
use proptest::prelude::*;

use super::fixture::{der, ed25519, encrypted, openpgp, openssh, pem, pkcs1, pkcs8, sec1, string};
use super::{WORDS, armoured, store};

/// What is said of every key in `text`.
fn said(text: impl AsRef<[u8]>) -> Vec<String> {
    let text = text.as_ref();
    let found = |(word, sought): (usize, &&str)| {
        let places: Vec<usize> = memchr::memmem::find_iter(text, sought.as_bytes()).collect();
        places.into_iter().filter_map(move |at| armoured(text, at, word)).map(|find| find.text)
    };
    WORDS.iter().enumerate().flat_map(found).collect()
}

fn stored(path: &str, bytes: &[u8]) -> Option<String> {
    store(Path::new(path), bytes, bytes.len() as u64).map(|find| find.text)
}

const RSA: &str = "private key (RSA 2048 bits, not encrypted)";

#[test]
fn every_armour_is_seen_and_says_what_is_in_it() {
    let pgp = pem("PGP PRIVATE KEY BLOCK", &openpgp());
    let pgp = pgp.replacen('\n', "\nVersion: GnuPG v2\n\n", 1).replace("\n-----END", "\n=aB3d\n-----END");
    for (text, wanted) in [
        (pem("RSA PRIVATE KEY", &pkcs1(256)), RSA),
        (pem("PRIVATE KEY", &pkcs8(256)), RSA),
        (pem("ANY PRIVATE KEY", &pkcs8(256)), RSA),
        (pem("PRIVATE KEY", &ed25519()), "private key (Ed25519, not encrypted)"),
        (pem("EC PRIVATE KEY", &sec1()), "private key (EC P-256, not encrypted)"),
        (pem("ENCRYPTED PRIVATE KEY", &encrypted()), "private key (PKCS #8, protected by a passphrase)"),
        (pem("OPENSSH PRIVATE KEY", &openssh("aes256-ctr")), "private key (OpenSSH Ed25519, protected by a passphrase"),
        (pem("OPENSSH PRIVATE KEY", &openssh("none")), "private key (OpenSSH Ed25519, not encrypted, SHA256:"),
        (pgp, "private key (OpenPGP RSA 2048 bits, not encrypted)"),
        (pem("FOO PRIVATE KEY", &der(0x30, &[1; 90])), "private key (FOO, not encrypted)"),
    ] {
        let found = said(format!("Bag Attributes: <none>\n{text}more\n"));
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{text}{found:?}");
    }
}

#[test]
fn a_legacy_armour_says_that_it_is_protected() {
    let key = pem("RSA PRIVATE KEY", &[0x77; 304]);
    assert!(said(&key).is_empty());
    let headers = "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0011223344556677\n\n";
    let key = key.replacen("-----\n", headers, 1);
    assert_eq!(said(&key), ["private key (RSA, protected by a passphrase)"]);
    assert_eq!(said(key.replace('\n', "\\n")), ["private key (RSA, protected by a passphrase)"]);
}

#[test]
fn a_key_is_seen_inside_other_formats() {
    let key = pem("PRIVATE KEY", &pkcs8(256));
    let lines = |form: &dyn Fn(&str) -> String| key.lines().map(form).collect::<Vec<_>>().join("\n");
    for text in [
        format!("{{\"private_key\": \"{}\"}}", key.replace('\n', "\\n")),
        format!("\"{{\\\"key\\\": \\\"{}\\\"}}\"", key.replace('\n', "\\\\n")),
        format!("{{\"key\":\"{}\"}}", key.replace('/', "\\/").replace('+', "\\u002b").replace('\n', "\\r\\n")),
        format!("<key value=\"{}\"/>", key.replace('\n', "&#xA;")),
        format!("KEY=\"{}\"", key.trim_end().replace('\n', " ")),
        key.replace('\n', "\r\n"),
        format!("key: |\n{}", lines(&|line| format!("    {line}"))),
        format!("cat <<E >key\n{key}E\n"),
        lines(&|line| format!("  \"{line}\\n\" +")),
        lines(&|line| format!("  . '{line}'")),
        lines(&|line| format!("\t\"{line}\\n\"")),
        format!("x = '{}'", lines(&|line| format!("{line}\\n\\"))),
        lines(&|line| format!("# {line}")),
        lines(&|line| format!("//  {line}")),
    ] {
        assert_eq!(said(&text), [RSA], "{text}");
    }
}

#[test]
fn an_armour_in_base64_is_seen() {
    for (label, before) in [("PRIVATE KEY", ""), ("RSA PRIVATE KEY", ""), ("PRIVATE KEY", "a"), ("PRIVATE KEY", "ab")] {
        let text = Base64::encode_string(format!("{before}\n{}", pem(label, &pkcs8(256))).as_bytes());
        let wrapped: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [format!("client-key-data: {text}\n"), format!("key: |\n  {}\n", wrapped.join("\n  "))] {
            assert_eq!(said(&text), [format!("{RSA}, in base64 once more")], "{text}");
        }
    }
    let certificate = pem("CERTIFICATE", &pkcs8(256));
    assert!(said(Base64::encode_string(certificate.as_bytes())).is_empty());
    let bundle = Base64::encode_string(format!("{certificate}{}", pem("PRIVATE KEY", &pkcs8(256))).as_bytes());
    assert_eq!(said(bundle).len(), 1);
}

#[test]
fn a_key_without_an_armour_is_seen() {
    let key = Base64::encode_string(&pkcs8(256));
    assert_eq!(said(format!("private.key={key}\n")), [RSA]);
    assert!(said(format!("private.key={}\n", &key[..400])).is_empty());
}

#[test]
fn words_alone_and_public_keys_are_no_key() {
    let placeholder =
        format!("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{}\n-----END RSA PRIVATE KEY-----", "x".repeat(80));
    let whole = pem("RSA PRIVATE KEY", &pkcs1(256));
    let dotted = whole.replacen("\nM", "\n...\nM", 1);
    let cut = format!("{}\n-----END RSA PRIVATE KEY-----", &whole[..400]);
    for text in [
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\0-----END PRIVATE KEY-----\0",
        "-----BEGIN PRIVATE KEY-----\nshort\n-----END PRIVATE KEY-----",
        "BEGIN PRIVATE KEY",
        "PRIVATE KEY",
        &placeholder,
        &dotted,
        &cut,
        &whole[..whole.len() - 40],
        &pem("PUBLIC KEY", &pkcs8(256)),
        &pem("CERTIFICATE", &pkcs8(256)),
        &pem("OPENSSH PRIVATE KEY", &pkcs8(256)),
        &pem("PRIVATE KEY", &der(0x30, &[3; 900])),
        &pem("PGP PRIVATE KEY BLOCK", &[&[0x99], &openpgp()[1..]].concat()),
        "PuTTY-User-Key-File-2: is how such a file begins; then Encryption: none",
        "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
        "Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\n",
    ] {
        assert!(said(text).is_empty(), "{text}");
    }
}

#[test]
fn keys_of_name_servers_and_of_the_web_are_seen() {
    let secret = Base64::encode_string(&[7_u8, 1, 9, 200, 31, 4, 77, 65, 3, 99, 250, 12, 13, 14, 15, 16]);
    let file =
        format!("Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: {secret}\nCreated: 2026\n");
    assert_eq!(said(file), ["private key (DNSSEC ECDSAP256SHA256, not encrypted)"]);
    let tsig = format!("key \"xfer\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{secret}\";\n}};\n");
    assert_eq!(said(&tsig), ["key for DNS transactions (TSIG, 128 bits, not encrypted)"]);
    assert!(said(tsig.replace(&secret, "AAAAAAAAAAAAAAAAAAAAAA==")).is_empty());
    assert!(said("key x { algorithm hmac-sha256; }; other { secret \"\"; }").is_empty());
    let d = "d".repeat(43);
    let jwk = format!("{{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"{d}\", \"y\": \"{d}\", \"d\": \"{d}\"}}");
    assert_eq!(said(&jwk), ["private key (JSON Web Key EC, not encrypted)"]);
    assert!(said(jwk.replace("\"d\":", "\"e\":")).is_empty());
}

#[test]
fn stores_are_told_by_content() {
    let entry = |sort: u8, more: &[u8]| [&[0, 0, 0, sort, 0, 1, b'a'], &[0; 8][..], more].concat();
    let certificate = entry(2, &[&[0, 5], &b"X.509"[..], &string(&[1; 40])].concat());
    let java = |entries: &[Vec<u8>]| {
        let count = u8::try_from(entries.len()).unwrap();
        [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, count], &entries.concat()[..], &[9; 20]].concat()
    };
    let key = "private key in a key store (JKS, protected by a password)";
    assert_eq!(stored("/x", &java(&[entry(1, &[])])).as_deref(), Some(key));
    assert_eq!(stored("/x", &java(&[certificate.clone(), certificate.clone(), entry(1, &[])])).as_deref(), Some(key));
    assert_eq!(stored("/x.jks", &java(&[certificate])), None);
    let data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let shrouded = [6, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2];
    let hidden = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
    let pfx = |inside: &[u8]| der(0x30, &[&[2, 1, 3], &der(0x30, &[&data, inside].concat())[..]].concat());
    assert!(stored("/x", &pfx(&shrouded)).unwrap().starts_with("private key in a key store (PKCS #12"));
    assert!(stored("/x", &pfx(&hidden)).unwrap().starts_with("key store that may hold"));
    assert_eq!(stored("/truststore.p12", &pfx(&hidden)), None);
    assert_eq!(stored("/x", &pfx(&[])), None);
    assert_eq!(stored("/x.p12", &der(0x30, &[1; 300])), None);
    assert!(stored("/x", &[0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5]).is_some());
    for whole in [pkcs1(256), pkcs8(256), sec1(), ed25519(), encrypted(), openpgp()] {
        assert!(stored("/x", &whole).is_some());
        assert!(stored("/x", &whole[..whole.len() - 1]).is_none());
    }
    let entry = [&[0, 1, 0, 1, b'R', 0, 1, b'x'], &[0; 9][..], &[0, 18, 0, 32], &[5; 32]].concat();
    let table = [&[5, 2], &string(&entry)[..]].concat();
    assert_eq!(stored("/x", &table).as_deref(), Some("Kerberos key of x@R (AES 256 bits, not encrypted)"));
}

/// Valid keys in all forms, to be damaged.
fn valid() -> Vec<Vec<u8>> {
    let wrapped = Base64::encode_string(pem("PRIVATE KEY", &ed25519()).as_bytes());
    vec![
        pem("RSA PRIVATE KEY", &pkcs1(64)).into_bytes(),
        pem("OPENSSH PRIVATE KEY", &openssh("none")).into_bytes(),
        pem("PGP PRIVATE KEY BLOCK", &openpgp()).into_bytes(),
        wrapped.into_bytes(),
        pkcs8(64),
        sec1(),
        encrypted(),
        openpgp(),
        openssh("none"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Damage makes a key no key, or leaves it one; it never breaks anything.
    #[test]
    fn damage_is_survived(which in 0..9_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = valid().swap_remove(which);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        said(&bytes);
        stored("/x.key", &bytes);
        bytes.truncate(cut.index(bytes.len()));
        said(&bytes);
        stored("/x.key", &bytes);
    }

    /// Any bytes after a word or a magic number are survived.
    #[test]
    fn any_bytes_are_survived(start in 0..24_usize, noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let magic: [&[u8]; 9] = [
            &[0x30, 0x82], &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], &[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 1], &[0, 0, 0, 2, 0, 0, 0, 20],
            &[5, 2, 0, 0, 0], &[0x95, 1], &[0xc5], &[0, 0, 0, 7, b's', b's', b'h', b'-', b'r', b's', b'a'], b"(21:protected-private-key(",
        ];
        let start: &[u8] = WORDS.get(start).map_or_else(|| magic[start - WORDS.len()], |word| word.as_bytes());
        let bytes = [start, &noise].concat();
        said(&bytes);
        stored("/x.key", &bytes);
    }
}
