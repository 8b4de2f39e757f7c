//! No output of the program, and no file it writes but undo's own contents, gives away a secret of the image.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64ct::Encoding as _;

use crate::support::{put, seaworthy, small_root};

/// What stands in the files below as `{0}`, `{1}` and so on. Split, so that nobody takes this file for a leak.
fn secrets() -> Vec<String> {
    [
        ("ghp", "_Jq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1Ls5Pg0YaUeIo"),
        ("AKIA", "QX7RT2ZLM4WB6KDP"),
        ("", "k9Jq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1Ls5Pg0YaUeIo7q"),
        ("glpat", "-Kq7Rk2Wv9Zx4Tn8Bc3Mf"),
        ("xoxb", "-2847592047-8837462910457-Lq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1"),
        ("sk", "_live_Mq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1"),
        ("SG", ".Nq7Rk2Wv9Zx4Tn8Bc3Mf6H.Jq7Rk2Wv9Zx4Tn8Bc3Mf6Hd1Ls5Pg0YaUeIo2Wv9Zx4"),
        ("", "WKbuDE7mGZq5xQ"),
        ("", "DjPCFdcERFn5xQ"),
        ("", "dD7pHQttqDp5xQ"),
        ("", "qbDQCn9JUcK5xQ"),
        ("", "mHpVn7wMGqp5xQ"),
        ("", "tNZGnyEpDsP5xQ"),
        ("", "hwmd4WfqfZV5xQ"),
        ("", "R5Mx4RFpVkh5xQ"),
        ("", "XzeUrEHjcL35xQ"),
        ("", "XKhcCvE3np55xQ"),
        ("", "7WXxYrhq6fE5xQ"),
        ("", "8FTgxvEDzxV5xQ"),
        ("", "upw7eUyavYB5xQ"),
        ("", "fYLsHhDP4UJ5xQ"),
        ("", "2RbbhFLebnT5xQ"),
        ("", "J7dnTycYwaQ5xQ"),
    ]
    .map(|(start, rest)| format!("{start}{rest}"))
    .to_vec()
}

const FILES: [(&str, &str); 24] = [
    ("/etc/ssh/sshd_config", "# login for the build: password={19}\nPermitRootLogin yes\nX11Forwarding yes\n# {0}\n"),
    ("/etc/default/app", "TOKEN={0}\nPORT=80\nDB_PASSWORD={7}\n# {8}\n"),
    ("/opt/app/.env", "SLACK={4}\nexport APP_PASSWORD={8}\nSTRIPE={5}\nA=1\n"),
    ("/opt/app/token", "{3}\n"),
    ("/opt/app/compose.yml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: {9}\n"),
    ("/opt/app/config.json", "{{\n  \"password\": \"{10}\",\n  \"aws\": \"{1}\"\n}}\n"),
    ("/opt/app/app.py", "password = \"{11}\"\nkey = '{6}'\n"),
    ("/etc/systemd/system/app.service", "[Service]\nEnvironment=\"API_TOKEN={0}\"\nExecStart=/x --password {7}\n"),
    ("/etc/cron.d/app", "PGPASSWORD={18}\n1 1 * * * root curl -u a:{18} https://x.test/\n"),
    ("/root/.netrc", "machine h login a password {12}\n"),
    ("/root/.pgpass", "h:5432:db:me:{13}\n"),
    ("/root/.npmrc", "//registry.npmjs.org/:_authToken={20}\n"),
    ("/root/.bash_history", "mysql -p{14}\nexport TOKEN={0}\n"),
    ("/root/.aws/credentials", "[default]\naws_access_key_id = {1}\naws_secret_access_key = {2}\n"),
    ("/root/.docker/config.json", "{{\"auths\": {{\"r.test\": {{\"auth\": \"{21}\"}}}}}}\n"),
    (
        "/etc/cloud/cloud.cfg.d/99-build.cfg",
        "ssh_pwauth: true\nchpasswd:\n  list: |\n    root:{15}\nruncmd:\n  - mysql -p{15}\n",
    ),
    ("/etc/fstab", "//nas/x /mnt cifs username=a,password={16} 0 0\n"),
    ("/etc/apt/sources.list", "deb http://me:{17}@apt.test/ bookworm main\n"),
    ("/etc/apt/sources.list.d/a.sources", "Types: deb\nURIs: https://me:{17}@apt.test/\nSuites: x\n"),
    ("/var/log/app.log", "starting with --token={22} and {0}\n"),
    ("/var/log/cloud-init.log", "password: {15}\n"),
    ("/opt/app/bundle.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{KEY}"),
    ("/etc/app/tls.key", "{KEY}"),
    (
        "/etc/app/app.conf",
        "tls = /etc/app/tls.key\naws_secret_access_key = {2}\nurl = postgres://app:{7}@db.test/app\n",
    ),
];

/// A key that decodes, and its body.
fn key() -> (String, String) {
    let random = ring::rand::SystemRandom::new();
    let document = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let label = ["PRIVATE", " KEY"].concat();
    let body = base64ct::Base64::encode_string(document.as_ref());
    let (first, rest) = body.split_at(64);
    (format!("-----BEGIN {label}-----\n{first}\n{rest}\n-----END {label}-----\n"), body)
}

/// The parts that must not show: beyond the first four characters, and the whole in other spellings.
fn hidden(secret: &str) -> Vec<String> {
    let letters: Vec<char> = secret.chars().collect();
    let mut parts: Vec<String> = letters[4..].windows(6).map(|window| window.iter().collect()).collect();
    parts.push(base64ct::Base64::encode_string(secret.as_bytes()).trim_end_matches('=').to_owned());
    parts.push(secret.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }));
    parts
}

/// Every file below `directory` but the contents that undo needs.
fn written(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            written(&path, into);
        } else if path.file_name().unwrap() != "contents" {
            into.push(path);
        }
    }
}

#[test]
fn nothing_shown_or_written_gives_a_secret_away() {
    let directory = tempfile::tempdir().unwrap();
    let (home, work) = (directory.path().join("home"), directory.path().join("work"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&work).unwrap();
    let root = small_root(&work);
    let (key, body) = key();
    let mut secrets = secrets();
    for (path, text) in FILES {
        let mut text = text.replace("{KEY}", &key);
        for (number, secret) in secrets.iter().enumerate() {
            text = text.replace(&format!("{{{number}}}"), secret);
        }
        put(&root, path, &text.replace("{{", "{").replace("}}", "}"));
    }
    secrets.push(body);

    let mut said = Vec::new();
    let mut run = |words: &[&str]| {
        let place = root.display().to_string();
        let output = seaworthy(&home, words.iter().copied().chain(["--root", &place]));
        let text = [output.stdout, output.stderr].concat();
        assert!(!text.is_empty(), "{words:?} said nothing");
        said.push((words.join(" "), String::from_utf8_lossy(&text).into_owned()));
    };
    let (before, after) = (work.join("before").display().to_string(), work.join("after").display().to_string());
    for words in [
        &["check", "--verbose"][..],
        &["check", "--format", "json"],
        &["diff"],
        &["diff", "--format", "json"],
        &["facts"],
        &["facts", "secrets"],
        &["facts", "sshd"],
        &["facts", "cloud-init", "--format", "json"],
        &["report", "--out", &before, "--publisher", "Ann", "--yes"],
        &["apply", "--all", "--yes", "--verbose", "--shred"],
        &["apply", "SEC-04", "--yes", "--verbose", "--shred"],
        &["apply", "SEC-04", "--yes"],
        &["diff"],
        &["report", "--out", &after, "--publisher", "Ann", "--yes"],
        &["report", "--stdout"],
        &["undo", "--list"],
    ] {
        run(words);
    }
    // What somebody wrote at the lines that went is shown as a conflict.
    put(&root, "/etc/default/app", "TOKEN=Qk7Rk2Wv9Zx4Tn8Bc3Mf6Hd1\nPORT=81\n");
    secrets.push("Qk7Rk2Wv9Zx4Tn8Bc3Mf6Hd1".to_owned());
    run(&["undo", "SEC-04", "--yes", "--verbose"]);
    put(&root, "/etc/default/app", "PORT=80\n");
    run(&["undo", "--everything", "--yes", "--verbose"]);

    let mut files = Vec::new();
    written(&home, &mut files);
    written(Path::new(&before), &mut files);
    written(Path::new(&after), &mut files);
    assert!(files.iter().any(|path| path.ends_with("journal")) && files.len() > 8, "{files:?}");
    for path in files {
        let bytes = fs::read(&path).unwrap();
        said.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }

    let mut leaks = Vec::new();
    for secret in &secrets {
        for part in hidden(secret) {
            for (what, text) in &said {
                if let Some(line) = text.lines().find(|line| line.contains(&part)) {
                    let line: String = line.chars().take(300).collect();
                    leaks.push(format!("{what}: {part} of {secret}: {line}"));
                }
            }
        }
    }
    leaks.dedup_by(|one, other| one.split(" of ").nth(1) == other.split(" of ").nth(1));
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    // The test looks at something: what may be seen is there.
    let all = said.iter().map(|(_, text)| text.as_str()).collect::<String>();
    for start in ["ghp_", "AKIA", "glpa", "DB_PASSWORD", "/opt/app/config.json, line"] {
        assert!(all.contains(start), "{start}");
    }
}
