//! What a person is told to do about a secret that no program should take out.

use std::fmt::Write as _;
use std::path::Path;

use super::named::User;
use crate::catalogue::SweptKind;
use crate::change::remedy::Left;
use crate::image::text;

pub(super) const LAYER: &str = "it lies in a layer of a container image, which cannot be edited. Build that image without it, remove this one, and pull the new one";

pub(super) const LARGE: &str = "the file is too large to be edited here";

pub(super) const BINARY: &str =
    "it is in a program, a database or another binary file. Build or fill that anew without it";

pub(super) const FORMAT: &str = "the file is no list of plain lines, from which one could be cut";

pub(super) const LINE: &str = "more than the secret is said there, so the line cannot simply go";

pub(super) const REACHED: &str =
    "the machine may not be reached, or not start, when something is missing there. Look at it and change it by hand";

/// Configuration of the start, of the network, and of logins.
const REACH: [&str; 20] = [
    "/boot",
    "/etc/crypttab",
    "/etc/default/grub",
    "/etc/default/grub.d",
    "/etc/fstab",
    "/etc/grub.d",
    "/etc/netplan",
    "/etc/network",
    "/etc/NetworkManager",
    "/etc/nslcd.conf",
    "/etc/pam.d",
    "/etc/ppp",
    "/etc/security",
    "/etc/ssh",
    "/etc/sssd",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/sysconfig/network-scripts",
    "/etc/systemd/network",
    "/etc/wpa_supplicant",
];

/// Whether the machine may not start, or not be reached, without what is at `path`.
pub(super) fn keeps_reachable(path: &Path) -> bool {
    REACH.iter().any(|place| path.starts_with(place))
}

/// Where container engines keep the layers of images.
const LAYERS: [&str; 7] = [
    "/var/lib/docker",
    "/var/lib/containers/storage",
    "/var/lib/containerd",
    "/var/lib/rancher/k3s/agent/containerd",
    "/var/lib/lxd",
    "/var/snap/lxd/common/lxd",
    "/var/lib/incus",
];

pub(super) fn is_layer(path: &Path) -> bool {
    // Volumes are data of the product, not layers.
    let is_volume =
        path.starts_with("/var/lib/docker/volumes") || path.starts_with("/var/lib/containers/storage/volumes");
    let is_rootless = path.to_string_lossy().contains("/.local/share/containers/storage/overlay/");
    !is_volume && (is_rootless || LAYERS.iter().any(|place| path.starts_with(place)))
}

pub(super) fn links(why: &str) -> String {
    format!("undo could not bring it back exactly, for {why}")
}

pub(super) fn archive(member: &str) -> String {
    format!("it is in {member}, inside an archive. Build the archive anew without it, or remove it")
}

pub(super) fn in_use(user: &User) -> String {
    let place = text::path(&user.path);
    match user.line {
        Some(line) => format!("{place}, line {line}, names it, and what reads that would not start without it"),
        None => format!("the link {place} leads to it, and what uses that would not start without it"),
    }
}

/// The whole instruction: where, why not by program, and what to do.
pub(super) fn of(kind: SweptKind, path: &Path, line: Option<u32>, why: &str) -> String {
    let place = text::path(path);
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    let then = match kind {
        SweptKind::AwsKey => {
            "Make the key inactive where it was issued, take it out, and let the product use the role of the instance."
        }
        SweptKind::PrivateKey => "Take the key out, and have the first boot of each instance make its own.",
        _ => {
            "Make the secret worthless where it was issued, take it out, and let the first boot or the buyer bring one."
        }
    };
    format!("{place}{line}: {why}. {then}")
}

/// The most that are said in one go.
const MOST: usize = 5;

pub(super) fn joined(left: &[Left]) -> String {
    let mut said = left.iter().take(MOST).map(|left| left.what.as_str()).collect::<Vec<_>>().join(" ");
    if let Some(more) = left.len().checked_sub(MOST + 1) {
        let _ = write!(said, " The same holds for {} more, listed with what was seen.", more + 1);
    }
    said
}
