//! Real Debian roots by debootstrap, made once for each target folder and shared by all tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{put, stderr, stdout};

/// What a publisher's Debian image has on it.
const PACKAGES: [&str; 9] = [
    "openssh-server",
    "openssh-client",
    "cloud-init",
    "sudo",
    "nginx-light",
    "systemd-sysv",
    "rsyslog",
    "python3",
    "ssl-cert",
];

/// The pristine root of a Debian release: 11, 12 or 13.
pub(crate) fn debian(release: u8) -> PathBuf {
    static MADE: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
    let (name, network) = match release {
        11 => ("bullseye", "ifupdown"),
        12 => ("bookworm", "netplan.io"),
        13 => ("trixie", "netplan.io"),
        other => panic!("Debian {other} is not supported"),
    };
    MADE[usize::from(release - 11)].get_or_init(|| make(release, name, network)).clone()
}

/// debootstrap lays the base; apt, which knows alternatives and virtual packages, puts the rest on it.
fn make(release: u8, name: &str, network: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("debian-{release}"));
    let root = place.join("root");
    if place.join("made").exists() {
        return root;
    }
    run("rm", &["-rf", "--one-file-system", place.to_str().unwrap()]);
    fs::create_dir_all(&place).unwrap();
    let inside = root.to_str().unwrap();
    run("debootstrap", &["--variant=minbase", "--include=ca-certificates", name, inside]);
    // No service of the root may start on this machine (invoke-rc.d(8)).
    put(&root, "/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
    fs::set_permissions(root.join("usr/sbin/policy-rc.d"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut install = vec![inside, "apt-get", "install", "-y", "-qq", "--no-install-recommends", network];
    install.extend(PACKAGES);
    run("chroot", &install);
    fs::remove_file(root.join("usr/sbin/policy-rc.d")).unwrap();
    // debootstrap copies these two from the machine it runs on; the table must not depend on that.
    put(&root, "/etc/hostname", "build-7\n");
    put(&root, "/etc/resolv.conf", "nameserver 10.0.0.2\n");
    fs::write(place.join("made"), "").unwrap();
    root
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
    assert!(output.status.success(), "{program}: {}{}", stdout(&output), stderr(&output));
}
