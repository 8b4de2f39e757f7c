//! The identity of the machine: the real openssl as signer and as judge, and a metadata service on a network of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding};
use seaworthy::catalogue::Catalogue;
use seaworthy::report::identity::{Certificate, recipe, verify};
use seaworthy::report::{Identity, IdentityOf, InstanceInfo, Mode, Report, sha256_hex, to_bytes};

use crate::report::report;
use crate::support::{seaworthy, small_root, stderr, stdout};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identity").join(name)).unwrap()
}

/// Test keys, made anew, and what they sign.
struct Openssl(tempfile::TempDir);

impl Openssl {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        for (name, subject) in [("signer", "AWS"), ("lookalike", "AWS"), ("forger", "Forger")] {
            made.run(&format!(
                "req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -sha256 -set_serial 4711 -subj /CN={subject}"
            ));
        }
        made
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn succeeds(&self, arguments: &str) -> bool {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        output.status.success()
    }

    fn run(&self, arguments: &str) {
        assert!(self.succeeds(arguments), "openssl {arguments}");
    }

    /// `document` signed by `key`.
    fn sign(&self, command: &str, document: &[u8], key: &str, more: &str) -> Vec<u8> {
        fs::write(self.at("document"), document).unwrap();
        self.run(&format!(
            "{command} -sign -binary -nodetach -outform DER -in document -signer {key}.pem -inkey {key}.key -out p7{more}"
        ));
        fs::read(self.at("p7")).unwrap()
    }

    /// What openssl says of the message, by the recipe of `VERIFY.txt`: its content.
    fn accepts(&self, message: &[u8], certificate: &str) -> Option<Vec<u8>> {
        fs::write(self.at("p7"), message).unwrap();
        let verify =
            format!("smime -verify -inform DER -in p7 -certfile {certificate}.pem -nointern -noverify -out signed");
        self.succeeds(&verify).then(|| fs::read(self.at("signed")).unwrap())
    }

    fn we_accept(&self, message: &[u8], certificate: &str) -> Option<Vec<u8>> {
        let certificate = Certificate::parse(&fs::read(self.at(&format!("{certificate}.pem"))).unwrap()).unwrap();
        verify(message, &certificate).ok()
    }
}

#[test]
#[ignore = "needs openssl; run by .ci/run"]
fn openssl_and_we_judge_alike() {
    let openssl = Openssl::new();
    let document = fixture("document.json");
    // Long enough that openssl writes it in several pieces.
    let long = document.repeat(40);
    for (name, command, document, more) in [
        ("DER", "smime", &document, " -md sha256 -nocerts"),
        ("with the certificate", "smime", &document, " -md sha256"),
        ("without attributes", "smime", &document, " -md sha256 -nocerts -noattr"),
        ("BER", "cms", &document, " -md sha256 -nocerts -stream"),
        ("BER in pieces", "cms", &long, " -md sha256 -nocerts -stream"),
        ("BER without attributes", "cms", &long, " -md sha256 -stream -noattr"),
        ("signer by key identifier", "cms", &document, " -md sha256 -keyid"),
    ] {
        let message = openssl.sign(command, document, "signer", more);
        assert_eq!(openssl.we_accept(&message, "signer").as_ref(), Some(document), "{name}");
        if !more.contains("-keyid") {
            // smime does not read those.
            assert_eq!(openssl.accepts(&message, "signer").as_ref(), Some(document), "{name}");
        }
        assert_eq!(openssl.we_accept(&message, "lookalike"), None, "{name}");
        assert_eq!(openssl.accepts(&message, "lookalike"), None, "{name}");
        let at = message.windows(10).position(|part| part == b"i-01234567").unwrap();
        let mut edited = message.clone();
        edited[at + 5] ^= 1;
        assert_eq!(openssl.we_accept(&edited, "signer"), None, "{name}, edited");
        assert_eq!(openssl.accepts(&edited, "signer"), None, "{name}, edited");
    }
    let lookalike = openssl.sign("smime", &document, "lookalike", " -md sha256");
    assert_eq!(openssl.we_accept(&lookalike, "signer"), None);
    assert_eq!(openssl.accepts(&lookalike, "signer"), None);
    let weak = openssl.sign("smime", &document, "signer", " -md sha1");
    assert_eq!(openssl.we_accept(&weak, "signer"), None, "stricter than openssl");
}

/// A report of an instance, with `rsa2048` as AWS's signature of the fixture's document.
fn identified(rsa2048: &[u8]) -> Report {
    let document = fixture("document.json");
    let mut report = report(&Catalogue::built_in().unwrap());
    report.image.mode = Mode::Live;
    report.identity = Identity {
        claims: Some(InstanceInfo {
            instance_id: Some("i-0123456789abcdef0".into()),
            image_id: Some("ami-0123456789abcdef0".into()),
            region: Some("us-east-1".into()),
            account_id: Some("123456789012".into()),
        }),
        document: Some(Base64::encode_string(&document)),
        rsa2048: Some(Base64::encode_string(rsa2048)),
        document_sha256: Some(sha256_hex(&document)),
        unavailable: None,
        ..Identity::unavailable(IdentityOf::Image, "")
    };
    report
}

#[test]
#[ignore = "needs openssl; run by .ci/run"]
fn the_recipe_of_verify_txt_works_and_is_not_fooled() {
    let judge = |rsa2048: &[u8], change: fn(String) -> String| {
        let directory = tempfile::tempdir().unwrap();
        let report = identified(rsa2048);
        fs::write(directory.path().join("report.json"), to_bytes(&report)).unwrap();
        fs::write(directory.path().join("aws.pem"), fixture("signer.pem")).unwrap();
        let text = recipe(&report);
        let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("     ")).collect();
        let script = change(commands.join("\n"));
        let shell = Command::new("sh").args(["-ec", &script]).current_dir(&directory).output().unwrap();
        (shell.status.success(), text, String::from_utf8_lossy(&shell.stdout).into_owned())
    };
    let (holds, text, printed) = judge(&fixture("stream.p7"), |script| script);
    assert!(holds, "{printed}");
    let fingerprint = Certificate::parse(&fixture("aws-us-east-1.pem")).unwrap().fingerprint().to_uppercase();
    assert!(text.replace(':', "").contains(&fingerprint), "{text}");
    assert!(
        printed.contains("ingerprint=") && text.contains("70:92:3C:22:"),
        "the form that openssl prints: {printed}"
    );
    for forged in ["lookalike.p7", "another.p7", "other-region.p7"] {
        assert!(!judge(&fixture(forged), |script| script).0, "{forged}");
    }
    // Without this word openssl believes the certificate that the forger put into the message.
    let forged = Openssl::new().sign("smime", &fixture("document.json"), "forger", " -md sha256");
    assert!(!judge(&forged, |script| script).0);
    assert!(judge(&forged, |script| script.replace(" -nointern", "")).0);
    assert_eq!(recipe(&report(&Catalogue::built_in().unwrap())), "", "nothing to check");
}

#[test]
fn a_certificate_that_cannot_be_used_is_wrong_use() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).display().to_string();
    fs::write(at("signers"), "ann ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKt0\n").unwrap();
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzEqiOHWQ5WM8J9bHyV8tnPhY2AlH0Pw0aXk8p4QFNo";
    fs::write(at("signers"), format!("ann {key}\n")).unwrap();
    fs::write(at("none"), "nothing").unwrap();
    for (certificate, part) in [("absent", "no such file"), ("none", "There is no certificate in it")] {
        for flag in ["--aws-cert", "--aws-cert-unpinned"] {
            let said = seaworthy(
                home.path(),
                ["verify", &at("report.json"), "--signers", &at("signers"), flag, &at(certificate)],
            );
            assert_eq!(said.status.code(), Some(2), "{}", stdout(&said));
            assert!(stdout(&said).contains(part), "{}", stdout(&said));
        }
    }
    let both = ["verify", "r", "--signers", "s", "--aws-cert", "a", "--aws-cert-unpinned", "b"];
    assert_eq!(seaworthy(home.path(), both).status.code(), Some(2));
}

/// The directory that the test inside a network of its own works in.
const PLACE: &str = "SEAWORTHY_TEST_IMDS";

#[test]
#[ignore = "needs root, unshare, chroot, ip and ssh-keygen; run by .ci/run"]
fn what_the_metadata_service_says_is_fetched_kept_and_verified() {
    let place = tempfile::tempdir().unwrap();
    let root = small_machine(place.path());
    let own = std::env::current_exe().unwrap();
    let inside = format!(
        "ip link set lo up && ip address add 169.254.169.254/32 dev lo && mount -t proc proc {root}/proc && \
         mount -t tmpfs tmpfs {root}/run && exec {} --exact --ignored identity::on_a_network_of_its_own",
        own.display(),
        root = root.display()
    );
    let output = Command::new("unshare")
        .args(["--net", "--mount", "/bin/sh", "-c", &inside])
        .env(PLACE, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// A root with the program and what it is linked with, quickly looked through.
fn small_machine(place: &Path) -> PathBuf {
    let root = small_root(place);
    for directory in ["proc", "run"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_seaworthy"));
    fs::copy(program, root.join("seaworthy")).unwrap();
    let linked = Command::new("ldd").arg(program).output().unwrap();
    for library in stdout(&linked).split_whitespace().filter(|word| word.starts_with('/')) {
        let inside = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::copy(library, inside).unwrap();
    }
    root
}

/// The metadata service of an instance (EC2 user guide), with the test key's signature, in lines as AWS sends it.
fn metadata_service() {
    let listener = TcpListener::bind("169.254.169.254:80").unwrap();
    std::thread::spawn(move || {
        let base64 = Base64::encode_string(&fixture("stream.p7"));
        let lines: Vec<&str> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).is_ok_and(|length| length > 0) {}
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match path {
                "/latest/api/token" => ("200 OK", b"token".to_vec()),
                _ if !request.contains("X-aws-ec2-metadata-token: token\r\n") => ("401 Unauthorized", Vec::new()),
                "/latest/dynamic/instance-identity/document" => ("200 OK", fixture("document.json")),
                "/latest/dynamic/instance-identity/rsa2048" => ("200 OK", lines.join("\n").into_bytes()),
                _ => ("404 Not Found", Vec::new()),
            };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&body);
        }
    });
}

#[test]
#[ignore = "part of another test; alone it does nothing"]
fn on_a_network_of_its_own() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    metadata_service();
    let at = |name: &str| place.join(name).display().to_string();
    let report = |more: &[&str]| {
        let made = Command::new("chroot")
            .arg(at("root"))
            .args(["/seaworthy", "report", "--only", "SSH-04", "--publisher", "Ann"])
            .args(more)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        stdout(&made)
    };
    let sign = |path: &str| {
        let _ = fs::remove_file(format!("{path}.sig"));
        let made =
            Command::new("ssh-keygen").args(["-Y", "sign", "-n", "seaworthy-report", "-f", &at("key"), path]).output();
        assert!(made.unwrap().status.success());
    };
    let verify = |path: &str, more: &[&str]| {
        let trust = ["verify", path, "--signers", &at("signers"), "--signer", "ann", "--json"];
        let said = seaworthy(&place, [&trust[..], more].concat());
        let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        let check =
            |name: &str| json["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap().clone();
        (said.status.code(), check("identity"), check("expected"))
    };
    let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at("key")]).status();
    assert!(keygen.unwrap().success());
    let public = fs::read_to_string(at("key.pub")).unwrap();
    fs::write(at("signers"), format!("ann namespaces=\"seaworthy-report\" {public}")).unwrap();
    for name in ["signer.pem", "aws-us-east-1.pem", "other-region.pem"] {
        fs::write(at(name), fixture(name)).unwrap();
    }

    fs::write(at("report.json"), report(&["--stdout"])).unwrap();
    sign(&at("report.json"));
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(at("report.json")).unwrap()).unwrap();
    let kept = &kept["identity"];
    assert_eq!(kept["of"], "image");
    assert_eq!(kept["claims"]["instance_id"], "i-0123456789abcdef0");
    assert_eq!(Base64::decode_vec(kept["document"].as_str().unwrap()).unwrap(), fixture("document.json"));
    assert_eq!(Base64::decode_vec(kept["rsa2048"].as_str().unwrap()).unwrap(), fixture("stream.p7"));
    assert_eq!(kept["document_sha256"], sha256_hex(&fixture("document.json")));
    assert!(kept["fetched_at"].as_str().unwrap().ends_with('Z') && kept["unavailable"].is_null(), "{kept}");

    let given = ["--aws-cert-unpinned", &at("signer.pem")];
    let expected = [&given[..], &["--expect-instance", "i-0123456789abcdef0", "--expect-region", "us-east-1"]].concat();
    // One guideline was judged, so the verdict is not seaworthy: code 1.
    let (code, identity, expected) = verify(&at("report.json"), &expected);
    assert_eq!((code, &identity["status"], &expected["status"]), (Some(1), &"ok".into(), &"ok".into()), "{identity}");
    let (code, identity, _) = verify(&at("report.json"), &[]);
    assert_eq!((code, &identity["status"]), (Some(1), &"not-checked".into()), "{identity}");
    for (more, part) in [
        (["--aws-cert", &at("signer.pem")], "not AWS's for us-east-1"),
        (["--aws-cert", &at("aws-us-east-1.pem")], "not signed with the key of this certificate"),
        (["--aws-cert-unpinned", &at("other-region.pem")], "not signed with the key of this certificate"),
    ] {
        let (code, identity, _) = verify(&at("report.json"), &more);
        assert_eq!((code, &identity["status"]), (Some(6), &"failed".into()), "{identity}");
        assert!(identity["sentence"].as_str().unwrap().contains(part), "{identity}");
    }
    let (code, _, expected) = verify(&at("report.json"), &["--expect-instance", "i-1"]);
    assert_eq!((code, &expected["status"]), (Some(6), &"failed".into()), "{expected}");

    let files = report(&["--out", "/run/evidence", "--without-identity"]);
    assert!(files.contains("/run/evidence/identity.json"), "{files}");
    let apart = at("root/run/evidence/identity.json");
    let path = at("root/run/evidence/report.json");
    assert!(!fs::read_to_string(&path).unwrap().contains("i-0123456789abcdef0"));
    sign(&path);
    let (code, identity, _) = verify(&path, &given);
    assert_eq!((code, &identity["status"]), (Some(6), &"failed".into()), "{identity}");
    let (code, identity, _) = verify(&path, &[&given[..], &["--identity", &apart]].concat());
    assert_eq!((code, &identity["status"]), (Some(1), &"ok".into()), "{identity}");
    let text = fs::read_to_string(&apart).unwrap().replacen("ew", "eW", 1);
    fs::write(&apart, text).unwrap();
    assert_eq!(verify(&path, &["--identity", &apart]).0, Some(6));

    let refused = report(&["--stdout", "--no-imds"]);
    assert!(refused.contains("the metadata service was not asked: --no-imds"), "{refused}");
}
