//! The whole way on a virtual machine: a Debian image is prepared live over SSH and sealed, its disk is checked from
//! outside, and two copies of it are launched by somebody else.
//!
//! `SEAWORTHY_BINARY` names the static program that is carried into the machine.

mod audit;
mod disk;
mod machine;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;
use tempfile::tempdir_in;

use crate::support::{stderr, stdout};
use crate::terminal::Terminal;
use disk::{Files, Pristine};
use machine::{Key, Machine};

/// The password that the builder gave to root and to the login user.
const PASSWORD: &str = "correct-horse-9";

/// Words that must be nowhere in the files of the sealed disk: from a file, from a history, and typed in a shell that is
/// still open when the machine is sealed.
const SECRETS: [&str; 4] = [PASSWORD, "k8Jw+3vQzR1nT5yB7u", "staple-in-a-file", "typed-in-an-open-shell"];

/// What the builder did to the machine during the week.
fn plant(machine: &Machine, key: &Key, colleague: &Key) {
    // The parts of the key stand apart here, so that nobody takes this file for a leak.
    let script = format!(
        "set -e
        echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/50-cloud-init.conf
        echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/90-build.conf
        systemctl reload ssh
        printf 'root:{PASSWORD}\\ndebian:{PASSWORD}\\n' | chpasswd
        echo '{}' | tee -a /root/.ssh/authorized_keys >>/home/debian/.ssh/authorized_keys
        mkdir -m 700 /home/debian/.aws
        printf '[default]\\naws_access_key_id = %s%s\\naws_secret_access_key = %s%s\\n' \
            AKIA Q3EGUZXP7LMN5RST k8Jw+3vQzR1nT5yB7u XcE9mLpA2sD4fG6hH0jKqW >/home/debian/.aws/credentials
        printf 'export DB_PASSWORD=staple-in-a-file\\nexit\\n' | tee /root/.bash_history >/home/debian/.bash_history
        chown -R debian: /home/debian
        echo 'connected with staple-in-a-file' | tee /var/log/app.log >/var/log/auth.log.1",
        colleague.public
    );
    machine.does(key, "sudo sh", script.as_bytes());
    let got_in = machine.ssh("root", colleague, "true", b"");
    assert!(got_in.status.success(), "the mistakes are none: {}", stderr(&got_in));
}

/// A shell that somebody types into: commands go in one by one, each with its exit code.
struct Shell {
    terminal: Terminal,
    commands: usize,
}

impl Shell {
    fn new(terminal: Terminal) -> Self {
        let mut shell = Self { terminal, commands: 0 };
        shell.start("export LANG=C.UTF-8");
        shell.ends_with(0);
        shell
    }

    /// Types `command` and lets it run.
    fn start(&mut self, command: &str) {
        self.commands += 1;
        self.terminal.send(&format!("{command}; echo \"command {}: $?\"\n", self.commands));
    }

    /// Waits until the last command ends with `code`.
    fn ends_with(&self, code: u8) {
        self.terminal.wait_written(&format!("command {}: {code}", self.commands));
    }

    /// Waits for a question and answers it.
    fn answer(&mut self, question: &str, answer: &str) {
        self.terminal.wait_written(question);
        self.terminal.send(&format!("{answer}\n"));
    }
}

/// The guidelines of severity `required` that fail.
fn failing(document: &Value) -> Vec<&Value> {
    let rows = document["guidelines"].as_array().unwrap();
    rows.iter().filter(|row| row["status"] == "fail" && row["severity"] == "required").collect()
}

fn binary() -> PathBuf {
    std::env::var_os("SEAWORTHY_BINARY").expect("SEAWORTHY_BINARY names the static program; see .ci/vm").into()
}

/// Checks the files of a disk from outside, as `binary` judges them.
fn check(home: &Path, root: &Path) -> Value {
    let output = Command::new(binary())
        .args(["check", "--format", "json", "--root"])
        .arg(root)
        .env_clear()
        .env("HOME", home)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

fn refused(output: &Output) -> bool {
    output.status.code() == Some(255) && stderr(output).contains("Permission denied (publickey)")
}

#[test]
#[ignore = "needs QEMU; run by .ci/vm"]
fn an_image_is_sealed_over_ssh_and_its_copies_know_only_their_own_people() {
    let start = Instant::now();
    let say = |what: &str| eprintln!("== {:>4} s  {what}", start.elapsed().as_secs());
    let dir = tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = |name: &str| {
        let place = dir.path().join(name);
        fs::create_dir(&place).unwrap();
        place
    };
    let key = |name: &str| Key::new(dir.path(), name);
    let (publisher, colleague) = (key("publisher"), key("colleague"));
    let pristine = Pristine::made();
    let disk = pristine.copy(dir.path());

    say("a machine is built, with mistakes");
    let build = Machine::boot(place("build"), &pristine, &disk, &publisher, true);
    build.wait_ready();
    plant(&build, &publisher, &colleague);
    let build_host_keys = build.host_keys();
    let build_id = build.does(&publisher, "cat /etc/machine-id", b"");
    build.does(&publisher, "cat >seaworthy && chmod +x seaworthy", &fs::read(binary()).unwrap());

    say("it is checked");
    let mut other = Shell::new(build.terminal(&publisher));
    other.start(": typed-in-an-open-shell");
    other.ends_with(0);
    let mut shell = Shell::new(build.terminal(&publisher));
    shell.start("sudo ./seaworthy check --no-imds");
    shell.ends_with(1);

    say("it is mended");
    shell.start("sudo ./seaworthy apply --all --no-imds --confirm-within 900");
    shell.answer("Apply this plan?", "y");
    shell.terminal.wait_written("Does a second login work?");
    let again = build.ssh("debian", &publisher, "sudo -n true", b"");
    assert!(again.status.success(), "{}", stderr(&again));
    shell.terminal.send("yes\n");
    shell.terminal.wait_written("is kept.");
    shell.ends_with(1);

    say("the report goes through the connection");
    let report = build.does(&publisher, "sudo ./seaworthy report --stdout --no-imds", b"");
    let text = String::from_utf8(report).unwrap();
    for print in &build_host_keys {
        assert!(text.contains(print), "the report does not name the host key {print}");
    }
    let evidence = audit::Evidence::of_build(dir.path(), &publisher, &text);

    say("it is sealed");
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let digest = format!("{:08x}", u32::from_be_bytes(digest.as_ref()[..4].try_into().unwrap()));
    shell.start("sudo ./seaworthy seal --no-imds");
    shell.answer("as your own machine shows it", &digest);
    shell.answer("Seal this machine?", "y");
    shell.terminal.wait_written("Stop cron.service");
    build.wait_off();

    say("its disk is checked from outside");
    let files = Files::of(&disk, place("files"));
    if !files.is_mounted {
        say("which cannot be mounted here: its files are copied");
    }
    let document = check(dir.path(), files.root());
    assert_eq!(failing(&document), Vec::<&Value>::new());
    for secret in SECRETS {
        let kept = Command::new("grep").args(["-rlaF", secret]).arg(files.root()).output().unwrap();
        assert_eq!(stdout(&kept), "", "{secret} is still on the disk");
    }
    evidence.is_closed_by_the_disk(files.root());
    drop(files);

    say("two people launch it");
    let launch = |name: &str, buyer: &Key| Machine::boot(place(name), &pristine, &disk, buyer, false);
    let buyers = [key("one"), key("two")];
    let copies = [launch("copy-one", &buyers[0]), launch("copy-two", &buyers[1])];
    let (mut ids, mut host_keys) = (BTreeSet::from([build_id]), build_host_keys);
    for (copy, buyer) in copies.iter().zip(&buyers) {
        copy.wait_ready();
        evidence.is_closed_by_an_instance(copy, buyer);
        copy.does(buyer, "sudo -n true", b"");
        assert!(ids.insert(copy.does(buyer, "cat /etc/machine-id", b"")), "two machines have one id");
        for print in copy.host_keys() {
            assert!(!text.contains(&print), "the report names {print}, a host key of a copy");
            assert!(host_keys.insert(print), "two machines have one host key");
        }
        for user in ["debian", "root"] {
            for key in [&publisher, &colleague] {
                let output = copy.ssh(user, key, "true", b"");
                assert!(refused(&output), "{user}: {}", stderr(&output));
            }
            for password in [PASSWORD, "", "debian", "root"] {
                let said = copy.refused_password(user, password);
                assert!(said.contains("Permission denied (publickey)"), "{user}: {said}");
            }
        }
    }
}
