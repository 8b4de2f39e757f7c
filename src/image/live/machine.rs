//! What the running kernel says of the machine: this boot, what it runs on, which security module is at work.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc, /sys and /run of the running machine, which are no part of the image"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::image::text::visible;

/// The most that is read of any of these files: they have a line or two.
const LONGEST: u64 = 4096;

/// How the firmware names what it runs on, and the word of systemd-detect-virt(1) for it.
const FIRMWARE: [(&str, &str); 15] = [
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Google Compute Engine", "google"),
];

fn line(root: &Path, file: &str) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(root.join(file)).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(visible(String::from_utf8_lossy(&bytes).trim())).filter(|line| !line.is_empty())
}

/// The kernel's name for this boot (random(4)).
pub(super) fn boot_id(root: &Path) -> Option<String> {
    line(root, "proc/sys/kernel/random/boot_id")
}

/// Whether the kernel is in FIPS mode; one that has no such mode is not.
pub(super) fn fips(root: &Path) -> Option<bool> {
    let there = root.join("proc/sys").is_dir();
    there.then(|| line(root, "proc/sys/crypto/fips_enabled").is_some_and(|mode| mode == "1"))
}

/// The security module at work and its mode.
pub(super) fn security(root: &Path) -> Option<String> {
    let mode = match line(root, "sys/fs/selinux/enforce").as_deref() {
        Some("1") => "selinux: enforcing",
        Some("0") => "selinux: permissive",
        _ if line(root, "sys/module/apparmor/parameters/enabled").as_deref() == Some("Y") => "apparmor: enabled",
        _ => return None,
    };
    Some(mode.to_owned())
}

/// What the machine runs on, in the words of systemd-detect-virt(1).
pub(super) fn virtualization(root: &Path) -> Option<String> {
    if let Some(container) = line(root, "run/systemd/container") {
        return Some(container);
    }
    let dmi = |name: &str| line(root, &format!("sys/class/dmi/id/{name}")).unwrap_or_default();
    let is_metal = |instance: String| instance.rsplit_once('.').is_some_and(|(_, size)| size.starts_with("metal"));
    if dmi("sys_vendor") == "Amazon EC2" && is_metal(dmi("product_name")) {
        return Some("none".to_owned());
    }
    let told = ["product_name", "sys_vendor", "board_vendor", "bios_vendor"].map(dmi);
    let word = FIRMWARE.iter().find(|(name, _)| told.iter().any(|told| told.starts_with(name)));
    word.map(|(_, word)| (*word).to_owned()).or_else(|| line(root, "sys/hypervisor/type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, content) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn the_firmware_says_what_it_runs_on() {
        let on = |files: &[(&str, &str)]| virtualization(machine(files).path());
        let (vendor, product) = ("sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name");
        assert_eq!(on(&[(vendor, "Amazon EC2\n"), (product, "m7i.large\n")]).as_deref(), Some("amazon"));
        assert_eq!(on(&[(vendor, "Amazon EC2\n"), (product, "m7i.metal-24xl\n")]).as_deref(), Some("none"));
        assert_eq!(on(&[(vendor, "Xen\n"), (product, "HVM domU\n")]).as_deref(), Some("xen"));
        assert_eq!(on(&[("sys/hypervisor/type", "xen\n")]).as_deref(), Some("xen"));
        assert_eq!(on(&[("run/systemd/container", "lxc\n"), (vendor, "QEMU\n")]).as_deref(), Some("lxc"));
        assert_eq!(on(&[(vendor, "Dell Inc.\n")]), None);
        assert_eq!(on(&[]), None);
    }

    #[test]
    fn security_modules_and_modes() {
        let (selinux, apparmor) = ("sys/fs/selinux/enforce", "sys/module/apparmor/parameters/enabled");
        let at_work = |files: &[(&str, &str)]| security(machine(files).path());
        assert_eq!(at_work(&[(selinux, "1")]).as_deref(), Some("selinux: enforcing"));
        assert_eq!(at_work(&[(selinux, "0"), (apparmor, "Y\n")]).as_deref(), Some("selinux: permissive"));
        assert_eq!(at_work(&[(apparmor, "Y\n")]).as_deref(), Some("apparmor: enabled"));
        assert_eq!(at_work(&[(apparmor, "N\n")]), None);
        let fips_of = |files: &[(&str, &str)]| fips(machine(files).path());
        assert_eq!(fips_of(&[("proc/sys/crypto/fips_enabled", "1\n")]), Some(true));
        assert_eq!(fips_of(&[("proc/sys/kernel/random/boot_id", "x\n")]), Some(false));
        assert_eq!(fips_of(&[]), None);
        assert_eq!(boot_id(machine(&[("proc/sys/kernel/random/boot_id", "a\u{1b}b\n")]).path()).unwrap(), "a\\u{1b}b");
    }
}
