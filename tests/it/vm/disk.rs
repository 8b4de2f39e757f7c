//! The disk of a Debian 12 machine with a kernel and cloud-init, made without a loop device, and a look at it afterwards.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::roots;
use crate::support::{put, stderr, stdout};

/// What the root lacks of a machine that boots.
const PACKAGES: [&str; 9] = [
    "linux-image-cloud-amd64",
    "initramfs-tools",
    "udev",
    "kmod",
    "dbus",
    "libpam-systemd",
    "cloud-guest-utils",
    "systemd-resolved",
    "cron",
];

/// A machine as it would be launched: nobody has booted it yet.
pub(super) struct Pristine {
    place: PathBuf,
}

impl Pristine {
    /// Made once for each target folder.
    pub(super) fn made() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine");
        if !place.join("made").exists() {
            make(&place);
            fs::write(place.join("made"), "").unwrap();
        }
        Self { place }
    }

    pub(super) fn kernel(&self) -> PathBuf {
        self.place.join("kernel")
    }

    pub(super) fn initrd(&self) -> PathBuf {
        self.place.join("initrd")
    }

    /// A copy of the disk of one's own.
    pub(super) fn copy(&self, to: &Path) -> PathBuf {
        let disk = to.join("disk.raw");
        run("cp", &["--sparse=always", path(&self.place.join("disk.raw")), path(&disk)]);
        disk
    }
}

fn make(place: &Path) {
    run("rm", &["-rf", "--one-file-system", path(place)]);
    fs::create_dir_all(place).unwrap();
    let root = place.join("root");
    run("cp", &["-a", path(&roots::debian(12)), path(&root)]);
    // No service of the root may start on this machine (invoke-rc.d(8)).
    put(&root, "/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
    fs::set_permissions(root.join("usr/sbin/policy-rc.d"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy("/etc/resolv.conf", root.join("etc/resolv.conf")).unwrap();
    let mut install = vec![path(&root), "apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    install.extend(PACKAGES);
    run("chroot", &install);
    // It makes a certificate that every copy would share, which somebody has to decide about by hand.
    run("chroot", &[path(&root), "apt-get", "purge", "-y", "-qq", "ssl-cert"]);
    run("chroot", &[path(&root), "apt-get", "clean"]);
    run("rm", &["-rf", path(&root.join("var/lib/apt/lists"))]);
    fs::remove_file(root.join("usr/sbin/policy-rc.d")).unwrap();
    // As Debian's own cloud images have it: no name, no id, no host keys; names are asked of systemd-resolved.
    put(&root, "/etc/fstab", "LABEL=root / ext4 rw,discard,errors=remount-ro 0 1\n");
    put(&root, "/etc/hostname", "localhost\n");
    put(&root, "/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    put(&root, "/etc/machine-id", "");
    fs::remove_file(root.join("etc/resolv.conf")).unwrap();
    symlink("../run/systemd/resolve/stub-resolv.conf", root.join("etc/resolv.conf")).unwrap();
    for entry in fs::read_dir(root.join("etc/ssh")).unwrap() {
        let found = entry.unwrap().path();
        if found.file_name().unwrap().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(found).unwrap();
        }
    }
    fs::copy(root.join("vmlinuz"), place.join("kernel")).unwrap();
    fs::copy(root.join("initrd.img"), place.join("initrd")).unwrap();
    let disk = place.join("disk.raw");
    fs::File::create(&disk).unwrap().set_len(2 << 30).unwrap();
    run("mkfs.ext4", &["-q", "-L", "root", "-d", path(&root), path(&disk)]);
    run("rm", &["-rf", "--one-file-system", path(&root)]);
}

/// The files of a disk whose machine is off.
pub(super) struct Files {
    root: PathBuf,
    pub(super) is_mounted: bool,
}

impl Files {
    /// Mounts the disk read-only; where no loop device is to be had, copies what is on it.
    pub(super) fn of(disk: &Path, root: PathBuf) -> Self {
        fs::create_dir_all(&root).unwrap();
        let mount = Command::new("mount").args(["-o", "loop,ro,noload"]).args([disk, &root]).output().unwrap();
        let is_mounted = mount.status.success();
        if !is_mounted {
            run("debugfs", &["-R", &format!("rdump / {}", path(&root)), path(disk)]);
        }
        Self { root, is_mounted }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg(&self.root).status();
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
    assert!(output.status.success(), "{program}: {}{}", stdout(&output), stderr(&output));
}
