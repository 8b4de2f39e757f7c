//! The same signature files given to the real `ssh-keygen` and to us. Where they differ we are the stricter one, and
//! each row says why that matters.

use std::process::Command;

use seaworthy::report::sshsig::NAMESPACE;

use super::golden::{MESSAGE, kept};
use super::softkey::{SoftKey, SshBlob, armoured, number, strings};
use super::{SIGNER, keygen_accepts, our_refusal};

/// One file: what `ssh-keygen` of OpenSSH 9.2 does with it, and our sentence (empty when we accept it).
struct Row {
    name: &'static str,
    signature: String,
    signers: String,
    keygen: bool,
    ours: &'static str,
}

fn line(public: &str) -> String {
    format!("{SIGNER} {public}\n")
}

fn rows() -> Vec<Row> {
    let key = SoftKey::ed25519(7);
    let honest = || SshBlob::honest(&key, NAMESPACE, MESSAGE);
    let good = honest().armoured();
    let over = |namespace: &[u8], reserved: &[u8], hash: &[u8]| {
        SshBlob::over(&key, namespace, reserved, hash, MESSAGE).armoured()
    };
    let changed = |change: &dyn Fn(&mut SshBlob)| {
        let mut blob = honest();
        change(&mut blob);
        blob.armoured()
    };
    let by = |other: &SoftKey| other.signature(NAMESPACE, MESSAGE);
    let namespace = NAMESPACE.as_bytes();
    let with_nul = [namespace, b"\0"].concat();
    let mut rows: Vec<Row> = [
        ("honest", good.clone(), true, ""),
        ("honest, SHA-256", over(namespace, b"", b"sha256"), true, ""),
        ("reserved field filled in after signing", changed(&|b| b.reserved = b"x".to_vec()), true, "reserved field"),
        ("reserved field filled in and signed over", over(namespace, b"x", b"sha512"), false, "reserved field"),
        ("text after the END line", format!("{good}text\n"), true, "something after"),
        ("two signatures in one file", format!("{good}{good}"), true, "something after"),
        ("text before BEGIN", format!("text\n{good}"), false, "something before"),
        ("a newline before BEGIN", format!("\n{good}"), false, "something before"),
        ("CRLF", good.replace('\n', "\r\n"), false, "Windows line ends"),
        (
            "NUL put after the namespace",
            changed(&|b| b.namespace.push(0)),
            true,
            "signed for \"seaworthy-report\\u{0}\"",
        ),
        (
            "NUL after the namespace signed over",
            over(&with_nul, b"", b"sha512"),
            false,
            "signed for \"seaworthy-report\\u{0}\"",
        ),
        ("a longer namespace", over(b"seaworthy-report.evil", b"", b"sha512"), false, "signed for"),
        ("no namespace", over(b"", b"", b"sha512"), false, "signed for \"\""),
        ("version 0", changed(&|b| b.version = 0), true, "of version 0"),
        ("version 2", changed(&|b| b.version = 2), false, "of version 2"),
        ("bytes after the blob", changed(&|b| b.tail = b"x".to_vec()), false, "extra bytes"),
        ("bytes after the key", changed(&|b| b.key.push(0)), false, "extra bytes"),
        ("bytes after the signature", changed(&|b| b.signature.push(0)), false, "extra bytes"),
        ("another hash named", changed(&|b| b.hash = b"sha256".to_vec()), false, "does not match"),
        ("SHA-1 named", changed(&|b| b.hash = b"sha1".to_vec()), false, "Its hash is sha1"),
        ("another key put in", changed(&|b| b.key = SoftKey::ed25519(8).blob()), false, "does not match"),
        ("another key's signature", by(&SoftKey::ed25519(8)), false, "is not in the list"),
        ("another kind of key named", changed(&|b| b.signature = strings(&[b"ssh-rsa", &[1; 64]])), false, "SHA-1"),
        ("no last newline", good.trim_end().to_owned(), true, ""),
        ("lines of 60 letters", armoured(&honest().bytes(), 60), true, ""),
        ("one long line", armoured(&honest().bytes(), 4096), true, "not valid base64"),
        ("a blank within a line", good.replacen("U1NI", "U1 NI", 1), true, "not valid base64"),
    ]
    .into_iter()
    .map(|(name, signature, keygen, ours)| Row { name, signature, signers: line(&key.line()), keygen, ours })
    .collect();
    for (name, flags, ours) in [
        ("token", 1, ""),
        ("token, not touched", 0, "without being touched"),
        ("token, PIN without touch", 4, "without being touched"),
    ] {
        let token = SoftKey::fido_ed25519(9, flags);
        rows.push(Row { name, signature: by(&token), signers: line(&token.line()), keygen: true, ours });
    }
    rows.extend(ecdsa_rows());
    for (name, file, keygen, ours) in [
        ("RSA of 2048 bits", "rsa-2048", true, ""),
        ("RSA of 1024 bits", "rsa-1024", true, "has 1024 bits"),
        ("ECDSA P-521", "ecdsa-521", true, "nistp521 are not supported"),
    ] {
        let read = |end: &str| std::fs::read_to_string(kept().join(format!("{file}.{end}"))).unwrap();
        rows.push(Row { name, signature: read("sha512.sig"), signers: line(read("pub").trim()), keygen, ours });
    }
    rows.extend(list_rows(&key, &good));
    rows
}

/// Numbers written in more than one way.
fn ecdsa_rows() -> Vec<Row> {
    let token = SoftKey::fido_ecdsa(1);
    let honest = SshBlob::honest(&token, NAMESPACE, MESSAGE);
    let kind = token.kind().as_bytes();
    let body = &honest.signature[4 + kind.len() + 4..honest.signature.len() - 5];
    let first = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
    let (r, s) = (&body[4..4 + first], &body[8 + first..]);
    let presence = &honest.signature[honest.signature.len() - 5..];
    let with = |r: &[u8], s: &[u8]| {
        let signature = [strings(&[kind, &strings(&[r, s])]), presence.to_vec()].concat();
        SshBlob { signature, ..honest.clone() }.armoured()
    };
    let long = [&[0][..], &number(r)].concat();
    [
        ("ECDSA token", with(r, s), true, ""),
        ("ECDSA, a number with a zero too many", with(&[&[0, 0][..], r].concat(), s), true, "not well formed"),
        ("ECDSA, a negative number", with(&[&[0xff][..], r].concat(), s), false, "not well formed"),
        ("ECDSA, no number", with(&[], s), false, "not well formed"),
        ("ECDSA, the numbers swapped", with(s, r), false, "does not match"),
        ("ECDSA, a number too long", with(&[&[1; 33][..], &long].concat(), s), false, "does not match"),
    ]
    .map(|(name, signature, keygen, ours)| Row { name, signature, signers: line(&token.line()), keygen, ours })
    .into()
}

/// Lists of trusted signers.
fn list_rows(key: &SoftKey, good: &str) -> Vec<Row> {
    let public = key.line();
    let other = SoftKey::ed25519(8).line();
    [
        ("namespace allowed", format!("{SIGNER} namespaces=\"git,seaworthy-*\" {public}\n"), true, ""),
        ("namespace not allowed", format!("{SIGNER} namespaces=\"git\" {public}\n"), false, "may sign for"),
        ("another name", line(&public).replace(SIGNER, "bob@example.com"), false, "is listed for"),
        ("a pattern", line(&public).replace(SIGNER, "*@example.???"), true, ""),
        ("a name taken out", line(&public).replace(SIGNER, "*,!release@example.com"), false, "is listed for"),
        ("an authority", format!("{SIGNER} cert-authority {public}\n"), false, "certificate authority"),
        ("expired", format!("{SIGNER} valid-before=\"20200101Z\" {public}\n"), false, "was valid until"),
        ("not valid yet", format!("{SIGNER} valid-after=\"20990101Z\" {public}\n"), false, "is not valid before"),
        ("a time without Z", format!("{SIGNER} valid-before=\"20990101\" {public}\n"), true, "without the Z"),
        ("an unknown option", format!("{SIGNER} surprise {public}\n"), false, "unknown option"),
        ("a faulty line before", format!("{SIGNER} ssh-ed25519 A$A\n{SIGNER} {public}\n"), true, "not valid base64"),
        ("a faulty line after", format!("{SIGNER} {public}\nnonsense\n"), true, "a key type"),
        ("two lines", format!("{SIGNER} {other}\n{SIGNER} {public}\n"), true, ""),
    ]
    .map(|(name, signers, keygen, ours)| Row { name, signature: good.to_owned(), signers, keygen, ours })
    .into()
}

#[test]
fn we_judge_as_the_table_says() {
    for row in rows() {
        let refusal = our_refusal(&row.signature, MESSAGE, &row.signers);
        match refusal {
            None => assert!(row.ours.is_empty(), "{}: we accept", row.name),
            Some(why) => assert!(!row.ours.is_empty() && why.contains(row.ours), "{}: {why}", row.name),
        }
    }
}

/// Newer ones may have become stricter, never laxer.
#[test]
#[ignore = "needs ssh-keygen; run by .ci/run"]
fn ssh_keygen_judges_as_the_table_says() {
    let version = Command::new("ssh").arg("-V").output().unwrap().stderr;
    let exactly = String::from_utf8_lossy(&version).starts_with("OpenSSH_9.2");
    let wrong: Vec<String> = rows()
        .iter()
        .filter_map(|row| {
            let accepts = keygen_accepts(&row.signature, MESSAGE, &row.signers);
            let differs = accepts != row.keygen && (exactly || accepts);
            differs.then(|| format!("{}: ssh-keygen {}", row.name, if accepts { "accepts" } else { "refuses" }))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for row in rows().iter().filter(|row| row.ours.is_empty()) {
        assert!(row.keygen, "{}: we accept what ssh-keygen does not", row.name);
    }
}
