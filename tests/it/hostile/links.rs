//! Links that lead out of the image, at every level of every path that is read or written.

use super::yard::Yard;

/// Places that are read or cleaned, each a link to its like outside: files first, then what they lie in.
const PLACES: [&[&str]; 3] = [
    &[
        "etc/passwd",
        "etc/shadow",
        "etc/group",
        "etc/os-release",
        "etc/machine-id",
        "etc/hostname",
        "etc/ssh/sshd_config",
        "etc/ssh/sshd_config.d/10-canary.conf",
        "etc/ssh/ssh_host_ed25519_key",
        "etc/sudoers",
        "etc/cloud/cloud.cfg",
        "etc/fstab",
        "root/.bash_history",
        "root/.ssh/authorized_keys",
        "root/.ssh/id_ed25519",
        "home/ann/.bash_history",
        "home/ann/.ssh",
        "var/log/syslog",
        "var/log/wtmp",
        "var/lib/cloud/instance",
        "tmp/left",
    ],
    &["etc/ssh/sshd_config.d", "etc/cloud", "root/.ssh", "home/ann", "var/log", "var/lib/cloud", "tmp"],
    &["etc/ssh", "root", "home", "var"],
];

#[test]
fn every_place_may_be_a_link_that_leads_out() {
    for (turn, places) in PLACES.into_iter().enumerate() {
        let yard = Yard::new();
        let outside = yard.outside().display().to_string();
        for (number, place) in places.iter().enumerate() {
            let target = match (number + turn) % 3 {
                0 => format!("{}{}/{place}", "../".repeat(40), outside.trim_start_matches('/')),
                1 => format!("{outside}/{place}"),
                _ => format!("/proc/self/root{outside}/{place}"),
            };
            yard.link(format!("/{place}"), target);
        }
        yard.gone_through();
    }
}
