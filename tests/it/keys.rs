//! Private keys as the programs that make them write them: each is found, with the right words, and no public half is.

use std::fs;
use std::path::Path;
use std::process::Command;

use seaworthy::catalogue::SweptKind;
use seaworthy::check::sweep::sweep;
use seaworthy::image::Image;
use seaworthy::image::walk::Control;

/// What makes a file, `$f`, and what is said of it; nothing for what is public.
const MADE: [(&str, &str, &str); 33] = [
    ("ed25519", "ssh-keygen -q -t ed25519 -N '' -f $f", "private key (OpenSSH Ed25519, not encrypted, SHA256:"),
    (
        "ed25519-p",
        "ssh-keygen -q -t ed25519 -N secret -f $f",
        "private key (OpenSSH Ed25519, protected by a passphrase, SHA256:",
    ),
    ("rsa", "ssh-keygen -q -t rsa -b 2048 -N '' -f $f", "private key (OpenSSH RSA 2048 bits, not encrypted, SHA256:"),
    ("ecdsa", "ssh-keygen -q -t ecdsa -b 384 -N '' -f $f", "private key (OpenSSH ECDSA P-384, not encrypted, SHA256:"),
    ("ssh-pem", "ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f $f", "private key (RSA 2048 bits, not encrypted)"),
    (
        "ssh-pem-p",
        "ssh-keygen -q -t rsa -b 2048 -m PEM -N secret -f $f",
        "private key (RSA, protected by a passphrase)",
    ),
    ("ssh-8", "ssh-keygen -q -t ecdsa -m PKCS8 -N '' -f $f", "private key (EC P-256, not encrypted)"),
    ("ssh-8-p", "ssh-keygen -q -t ecdsa -m PKCS8 -N secret -f $f", "private key (PKCS #8, protected by a passphrase)"),
    ("pkcs1", "openssl genrsa -traditional -out $f 3072", "private key (RSA 3072 bits, not encrypted)"),
    (
        "pkcs8",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $f",
        "private key (RSA 2048 bits, not encrypted)",
    ),
    (
        "pss",
        "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out $f",
        "private key (RSA 2048 bits, not encrypted)",
    ),
    ("x25519", "openssl genpkey -algorithm X25519 -out $f", "private key (X25519, not encrypted)"),
    ("ed448", "openssl genpkey -algorithm ED448 -out $f", "private key (Ed448, not encrypted)"),
    ("ec", "openssl ecparam -name secp384r1 -genkey -out $f", "private key (EC P-384, not encrypted)"),
    (
        "ec-p",
        "openssl ecparam -name prime256v1 -genkey | openssl ec -aes128 -passout pass:secret -out $f",
        "private key (EC, protected by a passphrase)",
    ),
    (
        "dsa",
        "openssl dsaparam 1024 2>/dev/null | openssl gendsa -out $f /dev/stdin",
        "private key (DSA 1024 bits, not encrypted)",
    ),
    (
        "pkcs8-p",
        "openssl pkcs8 -topk8 -in $d/pkcs1 -passout pass:secret -out $f",
        "private key (PKCS #8, protected by a passphrase)",
    ),
    (
        "pkcs8-v1",
        "openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in $d/pkcs1 -passout pass:secret -out $f",
        "private key (PKCS #8, protected by a passphrase)",
    ),
    (
        "pkcs1.der",
        "openssl rsa -in $d/pkcs1 -traditional -outform DER -out $f",
        "private key (RSA 3072 bits, not encrypted)",
    ),
    (
        "pkcs8.der",
        "openssl pkcs8 -topk8 -nocrypt -in $d/ec -outform DER -out $f",
        "private key (EC P-384, not encrypted)",
    ),
    (
        "pkcs8-p.der",
        "openssl pkcs8 -topk8 -in $d/ec -passout pass:secret -outform DER -out $f",
        "private key (PKCS #8, protected by a passphrase)",
    ),
    (
        "store",
        "openssl req -x509 -key $d/pkcs1 -subj /CN=x -out $d/certificate && openssl pkcs12 -export -inkey $d/pkcs1 -in $d/certificate -passout pass:secret -out $f",
        "private key in a key store (PKCS #12, protected by a password)",
    ),
    (
        "open-store",
        "openssl pkcs12 -export -keypbe NONE -certpbe NONE -inkey $d/pkcs1 -in $d/certificate -passout pass:secret -out $f",
        "private key in a key store (PKCS #12, the key itself not encrypted)",
    ),
    (
        "base64.yaml",
        "printf 'data:\\n  tls.key: %s\\n' $(base64 -w0 <$d/pkcs8) >$f",
        "private key (RSA 2048 bits, not encrypted), in base64 once more",
    ),
    ("wrapped.yaml", "openssl base64 -in $d/rsa -out $f", "private key (OpenSSH RSA 2048 bits, not encrypted, SHA256:"),
    ("crlf.pem", "sed 's/$/\\r/' $d/pkcs1 >$f", "private key (RSA 3072 bits, not encrypted)"),
    (
        "key.json",
        "printf '{\"k\": \"%s\"}' \"$(awk '{printf \"%s\\\\n\", $0}' $d/pkcs8)\" >$f",
        "private key (RSA 2048 bits, not encrypted)",
    ),
    ("public.pem", "openssl rsa -in $d/pkcs1 -pubout -out $f", ""),
    ("public.der", "openssl rsa -in $d/pkcs1 -pubout -outform DER -out $f", ""),
    ("certificate.key", "openssl x509 -in $d/certificate -outform DER -out $f", ""),
    ("certificates.p7b", "openssl crl2pkcs7 -nocrl -certfile $d/certificate -outform DER -out $f", ""),
    ("cut.pem", "head -c 600 $d/pkcs1 >$f; echo >>$f; tail -n 1 $d/pkcs1 >>$f", ""),
    ("noise.pem", "{ head -n 1 $d/pkcs1; head -c 900 /dev/urandom | base64 -w64; tail -n 1 $d/pkcs1; } >$f", ""),
];

#[test]
#[ignore = "needs ssh-keygen and openssl; run by .ci/run"]
fn what_programs_make_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("srv/keys");
    for directory in ["etc", "usr", "srv/keys"] {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    fs::write(root.path().join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    for (name, command, _) in MADE {
        let made = Command::new("sh").arg("-c").arg(command).env("d", &folder).env("f", folder.join(name)).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
    }
    let image = Image::open(root.path()).unwrap();
    let swept = sweep(&image, &Control::default(), &|_| (), &|_| ());
    let mut wrong = Vec::new();
    for (name, _, wanted) in MADE {
        let path = Path::new("/srv/keys").join(name);
        let said: Vec<&str> = swept
            .hits(SweptKind::PrivateKey, &image)
            .filter(|hit| hit.path == path)
            .map(|hit| hit.text.as_str())
            .collect();
        let is_right = match said.as_slice() {
            [] => wanted.is_empty(),
            [one] => !wanted.is_empty() && one.starts_with(wanted),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{name}: {said:?}, not {wanted:?}"));
        }
        // ssh-keygen's own words for the same key.
        if wanted.ends_with("SHA256:") && name != "wrapped.yaml" {
            let shown = Command::new("ssh-keygen").arg("-lf").arg(folder.join(format!("{name}.pub"))).output().unwrap();
            let shown = String::from_utf8(shown.stdout).unwrap();
            let print = shown.split(' ').nth(1).unwrap();
            if !said.iter().any(|said| said.contains(print)) {
                wrong.push(format!("{name}: {said:?} without {print}"));
            }
        }
    }
    let public = |hit: &&seaworthy::check::sweep::Hit| hit.path.extension().is_some_and(|end| end == "pub");
    wrong.extend(swept.hits.iter().filter(public).map(|hit| format!("{hit:?}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
