//! Which files decide who gets in: a run that changes one of them is taken back unless somebody confirms it.

use std::path::Path;

use super::{Access, By};
use crate::image::Image;
use crate::image::sshd::Sshd;

/// Files and directories that decide it wherever sshd is told to look.
const PLACES: [&str; 29] = [
    "/etc/ssh",
    "/usr/etc/ssh",
    "/etc/crypto-policies",
    "/etc/pam.d",
    "/usr/lib/pam.d",
    "/etc/security",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/usr/etc/sudoers",
    "/etc/doas.conf",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/nologin",
    "/etc/nsswitch.conf",
    "/etc/sssd",
    "/etc/krb5.keytab",
    "/etc/hosts.allow",
    "/etc/hosts.deny",
    "/etc/ufw",
    "/etc/default/ufw",
    "/etc/firewalld",
    "/etc/iptables",
    "/etc/nftables.conf",
    "/etc/sysconfig/sshd",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
    "/etc/sysconfig/nftables.conf",
];

/// Of those, what only the client reads.
const CLIENT: [&str; 3] = ["ssh_config", "ssh_config.d", "ssh_known_hosts"];

/// The beginnings of the names of units that let connections in or keep them out.
const UNITS: [&str; 9] = [
    "ssh",
    "amazon-ssm-agent",
    "snap.amazon-ssm-agent",
    "ufw",
    "firewalld",
    "iptables",
    "nftables",
    "netfilter",
    "systemd-logind",
];

/// Whether what `path` is decides who gets into `image`.
pub(in crate::change) fn concerns(image: &Image, access: &Access, path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_client = path.iter().any(|part| CLIENT.iter().any(|client| part == *client));
    let is_place = PLACES.iter().any(|place| path.starts_with(place)) && !is_client;
    let is_unit = path.iter().any(|part| part == "systemd")
        && path.iter().any(|part| UNITS.iter().any(|unit| part.to_string_lossy().starts_with(unit)));
    let reads = |sshd: &Sshd| sshd.files().any(|file| file == path);
    let is_key_file = access.now.list.iter().chain(&access.then.list).any(|way| match &way.by {
        // A directory above it counts as well: where others may write to it, sshd takes no key.
        By::Key { file, .. } | By::Authority { file, .. } => file.starts_with(path),
        _ => false,
    });
    is_place || is_unit || is_key_file || name.starts_with("authorized_keys") || image.sshd().is_ok_and(reads)
}
