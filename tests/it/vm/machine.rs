//! One machine in QEMU: its console, its end, and SSH to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use super::disk::Pristine;
use crate::support::{put, stderr, stdout};
use crate::terminal::Terminal;

/// How long a wait may take; a machine boots in 30 seconds where two processors have nothing else to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(480);

/// Lines of the console that a failure shows.
const SHOWN: usize = 60;

/// A key pair of somebody who logs in.
pub(super) struct Key {
    pub(super) private: PathBuf,
    pub(super) public: String,
}

impl Key {
    pub(super) fn new(place: &Path, name: &str) -> Self {
        let private = place.join(name);
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&private).status();
        assert!(made.unwrap().success());
        let public = fs::read_to_string(private.with_extension("pub")).unwrap().trim().to_owned();
        Self { private, public }
    }
}

/// What the serial console has shown, and whether the machine is off.
#[derive(Default)]
struct Console {
    text: String,
    ended: bool,
}

pub(super) struct Machine {
    place: PathBuf,
    port: String,
    qemu: Child,
    console: Arc<(Mutex<Console>, Condvar)>,
}

impl Machine {
    /// Boots `disk`; a first boot finds in its seed (cloud-init's `NoCloud`) a name and the public half of
    /// `key`. With `keep`, what the machine writes is on the disk afterwards; else the disk stays as it is.
    pub(super) fn boot(place: PathBuf, pristine: &Pristine, disk: &Path, key: &Key, keep: bool) -> Self {
        let name = place.file_name().unwrap().to_str().unwrap();
        put(&place, "seed/meta-data", &format!("instance-id: i-{name}\nlocal-hostname: {name}\n"));
        put(&place, "seed/user-data", &format!("#cloud-config\nssh_authorized_keys:\n  - {}\n", key.public));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let snapshot = if keep { "off" } else { "on" };
        let mut qemu = Command::new("qemu-system-x86_64")
            .args(["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"])
            .args(["-nodefaults", "-display", "none", "-no-reboot", "-device", "virtio-rng-pci"])
            .args(["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"])
            .arg("-kernel")
            .arg(pristine.kernel())
            .arg("-initrd")
            .arg(pristine.initrd())
            .args(["-append", "root=LABEL=root ro console=ttyS0 TERM=dumb"])
            .arg("-drive")
            .arg(format!("file={},if=virtio,format=raw,cache=unsafe,snapshot={snapshot}", disk.display()))
            .arg("-drive")
            .arg(format!(
                "file.driver=vvfat,file.dir={},file.label=cidata,format=raw,if=virtio,readonly=on",
                place.join("seed").display()
            ))
            .arg("-netdev")
            .arg(format!("user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22"))
            .args(["-device", "virtio-net-pci,netdev=net"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let console = Arc::<(Mutex<Console>, Condvar)>::default();
        let (shared, mut output) = (Arc::clone(&console), qemu.stdout.take().unwrap());
        let mut log = fs::File::create(place.join("console.log")).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            loop {
                let count = output.read(&mut buffer).unwrap_or(0);
                log.write_all(&buffer[..count]).unwrap();
                let mut console = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                console.text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                console.ended = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { place, port, qemu, console }
    }

    /// Waits until the console has shown what `done` looks for, or until the machine is off.
    fn until(&self, what: &str, done: impl Fn(&Console) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut console = self.console.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !done(&console) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || console.ended {
                let lines: Vec<_> = console.text.lines().collect();
                let end = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
                let why = if console.ended { "the machine went off" } else { "too long" };
                drop(console);
                panic!("waited for {what}: {why}; its console:\n{end}");
            }
            console = self.console.1.wait_timeout(console, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until SSH answers and cloud-init has done all it does at a first boot.
    pub(super) fn wait_ready(&self) {
        self.until("SSH and cloud-init", |console| {
            console.text.contains("ssh.service") && console.text.contains(" finished at ")
        });
    }

    /// Waits until the machine has powered itself off.
    pub(super) fn wait_off(mut self) {
        self.until("the power to go off", |console| console.ended);
        let console = self.console.0.lock().unwrap_or_else(PoisonError::into_inner).text.clone();
        assert!(console.contains("reboot: Power down"), "it ended otherwise: {console}");
        assert!(self.qemu.wait().unwrap().success());
    }

    /// The options of every login as `user` with `key`.
    fn options(&self, user: &str, key: &Key) -> Vec<String> {
        let known = self.place.join("known_hosts");
        let mut options = ["-F", "none", "-p", &self.port, "-l", user, "-i", key.private.to_str().unwrap()]
            .map(str::to_owned)
            .to_vec();
        for option in [
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=accept-new",
            "ConnectTimeout=60",
            "LogLevel=ERROR",
            &format!("UserKnownHostsFile={}", known.display()),
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        options
    }

    /// Runs `command` as `user`, who logs in with `key`.
    pub(super) fn ssh(&self, user: &str, key: &Key, command: &str, input: &[u8]) -> Output {
        let mut ssh = Command::new("ssh")
            .args(self.options(user, key))
            .args(["-o", "BatchMode=yes", "127.0.0.1", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdin, input) = (ssh.stdin.take().unwrap(), input.to_owned());
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = ssh.wait_with_output().unwrap();
        let _ = writer.join().unwrap();
        output
    }

    /// Runs `command`, which must succeed, as the login user; gives what it printed.
    pub(super) fn does(&self, key: &Key, command: &str, input: &[u8]) -> Vec<u8> {
        let output = self.ssh("debian", key, command, input);
        assert!(output.status.success(), "{command}: {}{}", stdout(&output), stderr(&output));
        output.stdout
    }

    /// Logs in with a pseudo-terminal of 200 by 60.
    pub(super) fn terminal(&self, key: &Key) -> Terminal {
        let mut command = CommandBuilder::new("ssh");
        command.args(self.options("debian", key));
        command.args(["-tt", "127.0.0.1"]);
        command.env("TERM", "xterm-256color");
        Terminal::run(command, (200, 60), PATIENCE)
    }

    /// Tries `password` in every way that ssh(1) knows; gives what it said when it was refused.
    pub(super) fn refused_password(&self, user: &str, password: &str) -> String {
        let answer = self.place.join("answer");
        fs::write(&answer, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
        fs::set_permissions(&answer, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let output = Command::new("ssh")
            .args(["-F", "none", "-p", &self.port, "-l", user, "-o", "PubkeyAuthentication=no", "-o", "LogLevel=ERROR"])
            .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1", "true"])
            .env("SSH_ASKPASS", &answer)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success(), "{user} got in with a password");
        stderr(&output)
    }

    /// The fingerprints of the machine's host keys, as it shows them to whoever connects.
    pub(super) fn host_keys(&self) -> BTreeSet<String> {
        let keys = self.place.join("host_keys");
        let scan = Command::new("ssh-keyscan").args(["-T", "60", "-p", &self.port, "127.0.0.1"]).output().unwrap();
        fs::write(&keys, &scan.stdout).unwrap();
        let prints = Command::new("ssh-keygen").arg("-lf").arg(&keys).output().unwrap();
        let prints: BTreeSet<_> =
            stdout(&prints).lines().filter_map(|line| Some(line.split(' ').nth(1)?.to_owned())).collect();
        assert!(prints.len() > 1, "{prints:?} {}", stderr(&scan));
        prints
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
