//! The second login, with the real sshd as the judge: a Debian root in namespaces of its own, with `/run` in memory and no
//! systemd, to which the tests come over SSH as a publisher does.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir_in};

use crate::roots;
use crate::support::{put, stderr, stdout};

/// Far more than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(180);

/// A running machine that the tests come to over SSH.
pub(crate) struct Machine {
    directory: TempDir,
    port: u16,
    namespaces: Child,
}

impl Machine {
    /// A machine with two accounts that one key opens: root, and admin, who becomes root with sudo unasked.
    pub(crate) fn start() -> Self {
        let directory = tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = directory.path().join("root");
        assert!(Command::new("cp").arg("-a").arg(roots::debian(12)).arg(&root).status().unwrap().success());
        fs::copy(env!("CARGO_BIN_EXE_seaworthy"), root.join("usr/local/bin/seaworthy")).unwrap();
        let key = directory.path().join("key");
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        let add = |path: &str, line: &str| {
            let old = fs::read_to_string(root.join(path)).unwrap();
            put(&root, &format!("/{path}"), &format!("{old}{line}\n"));
        };
        add("etc/passwd", "admin:x:1000:1000::/home/admin:/bin/bash");
        add("etc/shadow", "admin:*:19700:0:99999:7:::");
        add("etc/group", "admin:x:1000:");
        put(&root, "/etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!("Port {port}\nListenAddress 127.0.0.1\nPermitRootLogin yes\n");
        put(&root, "/etc/ssh/sshd_config.d/10-test.conf", &config);
        for home in ["root", "home/admin"] {
            put(
                &root,
                &format!("/{home}/.ssh/authorized_keys"),
                &fs::read_to_string(key.with_extension("pub")).unwrap(),
            );
            fs::set_permissions(root.join(home), fs::Permissions::from_mode(0o755)).unwrap();
            fs::set_permissions(root.join(home).join(".ssh"), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let script = "set -e; cd \"$0\"; mount --make-rprivate /; mount -t proc proc proc; mount -t tmpfs tmpfs run\n\
                      mount --rbind /dev dev; mkdir run/sshd; chroot . chown -R admin:admin /home/admin\n\
                      chroot . ssh-keygen -A; exec chroot . /usr/sbin/sshd -D -e";
        let namespaces = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script])
            .arg(&root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.path().join("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let machine = Self { directory, port, namespaces };
        machine.wait_until("sshd answers", || machine.lets_in("root"));
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn ssh(&self, user: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]);
        ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=20"]);
        ssh.arg("-i").arg(self.path("key")).args(["-p", &self.port.to_string(), &format!("{user}@127.0.0.1")]);
        ssh
    }

    pub(crate) fn run(&self, user: &str, command: &str) -> Output {
        self.ssh(user).arg(command).stdin(Stdio::null()).output().unwrap()
    }

    /// Whether sshd lets `user` in now.
    fn lets_in(&self, user: &str) -> bool {
        self.run(user, "true").status.success()
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let log = fs::read_to_string(self.path("sshd.log")).unwrap_or_default();
            assert!(start.elapsed() < LONG, "never: {what}\n{log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Whether a run waits to be confirmed.
    fn is_pending(&self) -> bool {
        self.run("admin", "sudo test -e /run/seaworthy/pending.json").status.success()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.namespaces.kill();
        let _ = self.namespaces.wait();
    }
}

/// Root may no longer log in: what takes the publisher's own account away, but leaves another with the same key.
const APPLY: &str = "seaworthy apply SSH-04 --only SSH-04 --no-imds --confirm-within";

#[test]
#[ignore = "needs debootstrap, sshd, ssh, unshare and root; run by .ci/run"]
fn without_a_second_login_everything_is_taken_back() {
    let machine = Machine::start();
    let facts = machine.run("admin", "sudo seaworthy facts access");
    let own = stdout(&facts);
    assert!(own.starts_with("own admin by SSH key SHA256:"), "{own}{}", stderr(&facts));
    assert!(
        own.lines().next().unwrap().ends_with("(/home/admin/.ssh/authorized_keys), becomes root with sudo, unasked")
    );

    // Nobody confirms.
    let applied = machine.run("root", &format!("{APPLY} 20 --yes"));
    assert!(stderr(&applied).contains("seaworthy apply --confirm"), "{}", stderr(&applied));
    assert!(!machine.lets_in("root"), "sshd has not read its new configuration: {}", stderr(&applied));
    machine.wait_until("root gets in again", || machine.lets_in("root"));
    machine.wait_until("the run is settled", || !machine.is_pending());
    let next = machine.run("root", "seaworthy undo --list");
    assert!(stderr(&next).contains("was taken back at"), "{}", stderr(&next));
    let again = machine.run("root", "seaworthy undo --list");
    assert!(!stderr(&again).contains("was taken back at"), "told once: {}", stderr(&again));

    // What was interrupted is taken back as well.
    let cut = format!("{APPLY} 20 --yes; sed -i '$d' /run/seaworthy/journal");
    let _ = machine.run("root", &cut);
    machine.wait_until("root gets in after an interrupted run", || machine.lets_in("root"));
    machine.wait_until("the interrupted run is settled", || !machine.is_pending());

    // The connection drops while the question stands.
    let mut client = machine
        .ssh("root")
        .arg("-tt")
        .arg(format!("{APPLY} 5"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.as_mut().unwrap().write_all(b"y\n").unwrap();
    let (sender, texts) = channel();
    let mut output = client.stdout.take().unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
    });
    let mut seen = String::new();
    while !seen.contains("Does a second login work?") {
        seen += &texts.recv_timeout(LONG).unwrap_or_else(|_| panic!("no question: {seen}"));
    }
    for said in ["You came in as root by SSH key", "Ways in now: ", "Afterwards: admin by SSH key", "The next user: "] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    client.kill().unwrap();
    client.wait().unwrap();
    machine.wait_until("root gets in after the connection dropped", || machine.lets_in("root"));
}

#[test]
#[ignore = "needs debootstrap, sshd, ssh, unshare and root; run by .ci/run"]
fn a_second_login_keeps_the_run_and_undo_calls_the_timer_off() {
    let machine = Machine::start();
    let same = machine.run("root", &format!("{APPLY} 600 --yes; seaworthy apply --confirm; echo code $?"));
    assert!(stdout(&same).contains("code 2") && stderr(&same).contains("does not prove"), "{}", stderr(&same));
    assert!(!machine.lets_in("root"), "sshd has not read its new configuration: {}", stderr(&same));
    assert!(machine.is_pending());

    // Nothing else begins before somebody has answered.
    for command in ["apply SSH-02 --yes --no-imds", "report --stdout --no-imds"] {
        let refused = machine.run("admin", &format!("sudo seaworthy {command}"));
        assert_eq!(refused.status.code(), Some(3), "{command}");
        assert!(stderr(&refused).contains("confirm"), "{command}: {}", stderr(&refused));
    }
    let confirmed = machine.run("admin", "sudo seaworthy apply --confirm");
    assert_eq!(confirmed.status.code(), Some(0), "{}", stderr(&confirmed));
    let left = machine.run("admin", "pgrep -f wait-detached");
    assert!(!machine.is_pending() && stdout(&left).is_empty(), "a timer is left: {}", stdout(&left));
    assert!(!machine.lets_in("root"), "it is kept");
    assert_eq!(machine.run("admin", "sudo seaworthy apply --confirm").status.code(), Some(2));

    assert!(machine.run("admin", "sudo seaworthy undo --yes").status.success());
    machine.wait_until("root gets in again", || machine.lets_in("root"));
    let _ = machine.run("root", &format!("{APPLY} 600 --yes"));
    assert!(machine.is_pending());
    let undone = machine.run("admin", "sudo seaworthy undo --yes");
    assert!(undone.status.success(), "{}", stderr(&undone));
    assert!(!machine.is_pending());
    machine.wait_until("root gets in once more", || machine.lets_in("root"));
}
