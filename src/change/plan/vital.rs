//! What no remedy may take away, whatever led it there: a home that is a directory of the system, a setting that calls the
//! password file a key file, a link, or a mistake of ours. Every plan is held against it.

use std::path::Path;

use super::super::Change;
use crate::image::{Kind, Node, text};

/// Directories that every Linux has (hier(7)), where packages are recorded, and files without which a machine does not
/// come up or nobody gets in.
const VITAL: [&str; 62] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/etc/apt",
    "/etc/cloud",
    "/etc/cloud/cloud.cfg",
    "/etc/fstab",
    "/etc/group",
    "/etc/gshadow",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/login.defs",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/pam.d",
    "/etc/passwd",
    "/etc/profile",
    "/etc/shadow",
    "/etc/shells",
    "/etc/ssh",
    "/etc/ssh/sshd_config",
    "/etc/ssl",
    "/etc/sudoers",
    "/etc/systemd",
    "/etc/systemd/system",
    "/home",
    "/init",
    "/lib",
    "/lib32",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib/os-release",
    "/usr/lib/systemd",
    "/usr/lib/sysimage",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/lib/dpkg",
    "/var/lib/dpkg/status",
    "/var/lib/rpm",
    "/var/log",
    "/var/spool",
    "/var/tmp",
];

/// Why `change` is never made, if it takes away something vital or puts something of another kind in its place.
pub(super) fn refused(change: &Change) -> Option<String> {
    let Change::Path { path, before: Some(before), after, .. } = change else { return None };
    let stays = after.as_ref().map(Node::kind).is_some_and(|kind| kind == before.kind() || kind == Kind::File);
    if stays || !VITAL.iter().any(|vital| path == Path::new(vital)) {
        return None;
    }
    let path = text::path(path);
    Some(format!(
        "It would take {path} away, which the system itself needs; look what leads there, and mend that by hand."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vital_things_are_edited_and_never_removed() {
        let of = |path: &str, before: Node, after: Option<Node>| {
            refused(&Change::Path { path: path.into(), before: Some(before), after, secret: false })
        };
        let file = || Node::new_file(*b"", 0o644);
        assert!(of("/etc/passwd", file(), None).is_some_and(|why| why.contains("/etc/passwd")));
        assert!(of("/etc/passwd", file(), Some(Node::new_link("/dev/null"))).is_some());
        assert_eq!(of("/etc/passwd", file(), Some(file())), None);
        assert_eq!(of("/etc/passwd-", file(), None), None);
        assert!(of("/var", Node::new_link("x"), None).is_some());
    }
}
