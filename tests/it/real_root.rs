//! A real Debian 12 root made by debootstrap, with mistakes that publishers make: checked, remedied, checked again, taken
//! back.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::tempdir_in;

use crate::roots;
use crate::support::{differences, put, seaworthy, stderr, stdout, traces};

fn copy_of_the_root(to: &Path) -> PathBuf {
    let root = to.join("root");
    let copied = Command::new("cp").arg("-a").arg(roots::debian(12)).arg(&root).status().unwrap();
    assert!(copied.success());
    root
}

/// The mistakes, and the guidelines that must find them.
fn plant(root: &Path) -> BTreeSet<&'static str> {
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(root.join(path.trim_start_matches('/')), fs::Permissions::from_mode(mode)).unwrap();
    };
    let add = |path: &str, text: &str| {
        let old = fs::read_to_string(root.join(path.trim_start_matches('/'))).unwrap_or_default();
        put(root, path, &(old + text));
    };
    let replace = |path: &str, from: &str, to: &str| {
        let old = fs::read_to_string(root.join(path.trim_start_matches('/'))).unwrap();
        assert!(old.contains(from), "{path} has no {from}");
        put(root, path, &old.replace(from, to));
    };
    // SSH: a drop-in that wins over a main file that looks right, a Match block that opens root again.
    add("/etc/ssh/sshd_config", "PasswordAuthentication no\nMatch Address 10.0.0.0/8\n    PermitRootLogin yes\n");
    put(root, "/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n");
    put(root, "/etc/ssh/sshd_config.d/90-build.conf", "PermitRootLogin yes\nPermitEmptyPasswords yes\n");
    replace("/etc/ssh/sshd_config", "KbdInteractiveAuthentication no", "KbdInteractiveAuthentication yes");
    put(root, "/etc/cloud/cloud.cfg.d/99-build.cfg", "ssh_pwauth: true\n");
    // Accounts: a hash behind a lock, a build user with a blank password, backups of both.
    let shadow = fs::read_to_string(root.join("etc/shadow")).unwrap();
    let shadow: String = shadow
        .lines()
        .map(|line| match line.strip_prefix("root:") {
            Some(rest) => format!("root:!$6$saltsalt$QmFzZTY0aXNoSGFzaA{}\n", &rest[rest.find(':').unwrap()..]),
            None => format!("{line}\n"),
        })
        .collect();
    put(root, "/etc/shadow", &(shadow.clone() + "packer::19700:0:99999:7:::\n"));
    put(root, "/etc/shadow-", &shadow);
    add("/etc/passwd", "packer:x:1000:1000:Packer:/home/packer:/bin/bash\n");
    add("/etc/group", "packer:x:1000:\n");
    mode("/etc/shadow-", 0o640);
    // Keys: host keys (made by the package), authorized keys, a private key, known hosts.
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1aWxkLWtleS1vZi1hLXB1Ymxpc2hlci1ub3QtcmVhbCE= build@laptop\n";
    put(root, "/root/.ssh/authorized_keys", key);
    put(root, "/home/packer/.ssh/authorized_keys", key);
    put(root, "/home/packer/.ssh/known_hosts", "git.internal ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n");
    let key_pair = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "build", "-f"])
        .arg(root.join("home/packer/.ssh/id_ed25519"))
        .status()
        .unwrap();
    assert!(key_pair.success());
    // Credentials and histories.
    put(
        root,
        "/root/.aws/credentials",
        "[default]\naws_access_key_id = AKIAQ3EGUZXP7LMN5RST\naws_secret_access_key = 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\n",
    );
    put(root, "/root/.bash_history", "export DB_PASSWORD=correct-horse\nexit\n");
    put(root, "/home/packer/.bash_history", "sudo reboot\n");
    put(root, "/root/.python_history", "import os\n");
    put(root, "/home/packer/.netrc", "machine git.internal login build password s3cret-netrc\n");
    put(root, "/var/lib/cloud/instances/i-0abc/user-data.txt", "#cloud-config\npassword: from-user-data\n");
    symlink("instances/i-0abc", root.join("var/lib/cloud/instance")).unwrap();
    // Identity, logs, caches.
    put(root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    put(root, "/var/log/auth.log", "Nov 22 sshd[1]: Accepted publickey for packer\n");
    put(root, "/var/log/auth.log.1", "older\n");
    put(root, "/var/log/wtmp", "not really a record\n");
    // A clear-text service that starts at boot.
    put(root, "/etc/systemd/system/telnet.socket", "[Socket]\nListenStream=23\n[Install]\nWantedBy=sockets.target\n");
    fs::create_dir_all(root.join("etc/systemd/system/sockets.target.wants")).unwrap();
    symlink("/etc/systemd/system/telnet.socket", root.join("etc/systemd/system/sockets.target.wants/telnet.socket"))
        .unwrap();
    BTreeSet::from([
        "SSH-01", "SSH-02", "SSH-03", "SSH-04", "SSH-05", "SSH-06", "SSH-13", "KEY-01", "KEY-03", "KEY-04", "KEY-05",
        "ACC-01", "ACC-02", "ACC-03", "ACC-05", "ACC-09", "SEC-01", "SEC-02", "SEC-05", "SEC-09", "IDN-01", "IDN-08",
        "LOG-01", "LOG-02", "BOT-08",
    ])
}

fn run(home: &Path, root: &Path, args: &[&str]) -> Output {
    let mut all = args.to_vec();
    all.extend(["--root", root.to_str().unwrap()]);
    seaworthy(home, all)
}

fn check(home: &Path, root: &Path) -> Value {
    let output = run(home, root, &["check", "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

fn failing(document: &Value, keep: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let rows = document["guidelines"].as_array().unwrap();
    rows.iter()
        .filter(|row| row["status"] == "fail" && keep(row))
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
#[ignore = "needs debootstrap and root; run by .ci/run"]
fn a_debian_root_is_checked_remedied_checked_again_and_taken_back() {
    let dir = tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let home = dir.path();
    let root = copy_of_the_root(home);
    let planted = plant(&root);
    let before = traces(&root);

    let first = check(home, &root);
    let found = failing(&first, |_| true);
    let missed: Vec<_> = planted.iter().filter(|id| !found.contains(**id)).collect();
    assert!(missed.is_empty(), "planted but not found: {missed:?}");

    let patch = run(home, &root, &["diff"]);
    assert_eq!(patch.status.code(), Some(0), "{}", stderr(&patch));
    let patch_file = home.join("all.patch");
    fs::write(&patch_file, &patch.stdout).unwrap();
    let git = Command::new("git").args(["apply", "--check"]).arg(&patch_file).current_dir(&root).output().unwrap();
    assert!(git.status.success(), "git apply --check: {}", stderr(&git));
    let tried = Command::new("patch")
        .args(["-p1", "--dry-run", "--force", "-i"])
        .arg(&patch_file)
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(tried.status.success(), "patch --dry-run: {}{}", stdout(&tried), stderr(&tried));
    assert_eq!(differences(&before, &traces(&root)), Vec::<String>::new(), "looking changed the root");

    let applied = run(home, &root, &["apply", "--all", "--yes"]);
    assert!(matches!(applied.status.code(), Some(0 | 1)), "{}", stderr(&applied));
    let second = check(home, &root);
    let automatic = |row: &Value| row["severity"] == "required" && !row["remedy"].is_null();
    assert_eq!(failing(&second, automatic), BTreeSet::new(), "{}", stderr(&applied));
    let left = failing(&second, |_| true);
    let stubborn: Vec<_> = planted.iter().filter(|id| left.contains(**id) && **id != "ACC-05").collect();
    assert!(stubborn.is_empty(), "still failing: {stubborn:?}\n{}", stderr(&applied));
    for secret in ["correct-horse", "s3cret-netrc", "AKIAQ3EGUZXP7LMN5RST", "from-user-data", "QmFzZTY0aXNoSGFzaA"] {
        for output in [&patch, &applied] {
            assert!(!(stdout(output) + &stderr(output)).contains(secret), "{secret} reached an output");
        }
        let kept = Command::new("grep").args(["-rlaF", secret]).arg(&root).output().unwrap();
        assert_eq!(stdout(&kept), "", "{secret} is still on the image");
    }
    let side: Vec<_> = traces(&root).into_keys().filter(|path| path.to_string_lossy().ends_with('~')).collect();
    assert_eq!(side, Vec::<PathBuf>::new(), "side files stayed on the image");

    // The real sshd, inside the root, on what we made of its configuration.
    let keys = Command::new("chroot")
        .arg(&root)
        .args(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/tmp/k"])
        .status();
    assert!(keys.unwrap().success());
    fs::create_dir_all(root.join("run/sshd")).unwrap();
    let sshd = Command::new("chroot")
        .arg(&root)
        .args(["/usr/sbin/sshd", "-T", "-h", "/tmp/k", "-C", "user=root,host=x,addr=10.1.2.3,laddr=10.0.0.1,lport=22"])
        .output()
        .unwrap();
    let settings = stdout(&sshd);
    for wanted in [
        "permitrootlogin no",
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "permitemptypasswords no",
    ] {
        assert!(settings.lines().any(|line| line == wanted), "{wanted}: {settings}{}", stderr(&sshd));
    }
    for made in ["tmp/k", "tmp/k.pub"] {
        fs::remove_file(root.join(made)).unwrap();
    }
    fs::remove_dir(root.join("run/sshd")).unwrap();

    let undone = run(home, &root, &["undo", "--yes"]);
    assert_eq!(undone.status.code(), Some(0), "{}", stderr(&undone));
    let ignored = ["tmp", "run"].map(PathBuf::from); // this test itself wrote there
    let mut after = traces(&root);
    let mut before = before;
    for path in ignored {
        before.remove(&path);
        after.remove(&path);
    }
    assert_eq!(differences(&before, &after), Vec::<String>::new());
}

#[test]
#[ignore = "needs debootstrap and root; run by .ci/run"]
fn stock_debian_roots_have_no_false_alarm_from_the_sweep() {
    for release in [12, 13] {
        let dir = tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let document = check(dir.path(), &roots::debian(release));
        let rows = document["guidelines"].as_array().unwrap();
        let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
        for id in ["SEC-01", "SEC-02", "SEC-04", "SEC-05", "KEY-04", "AGT-07", "BOT-10"] {
            assert_eq!(row(id)["status"], "pass", "Debian {release}: {:#}", row(id));
        }
        // What the root's own ssl-cert made, and every clone would share.
        let keys = row("SEC-03")["observations"].as_array().unwrap();
        let paths: Vec<_> = keys.iter().map(|seen| seen["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["/etc/ssl/private/ssl-cert-snakeoil.key"], "Debian {release}");
    }
}
