//! Packages that no guideline may tell anybody to remove: the table beside this file.

use std::sync::OnceLock;

use crate::texts::text;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    keep: Vec<Kept>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    why: String,
    packages: Vec<String>,
}

fn table() -> &'static [Kept] {
    static TABLE: OnceLock<Vec<Kept>> = OnceLock::new();
    // A released program never lacks it: a test loads it.
    TABLE.get_or_init(|| {
        toml::from_str(text("catalogue/keep.toml")).map_or_else(|_| Vec::new(), |table: Table| table.keep)
    })
}

/// Why the package called `name` must stay; `None` when it may go.
pub fn reason(name: &str) -> Option<&'static str> {
    let fits = |pattern: &String| match pattern.split_once('*') {
        Some((start, end)) => {
            name.strip_prefix(start).is_some_and(|rest| rest.len() >= end.len() && rest.ends_with(end))
        }
        None => pattern == name,
    };
    table().iter().find(|kept| kept.packages.iter().any(fits)).map(|kept| kept.why.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Check};

    #[test]
    fn what_a_copy_needs_stays_and_tools_may_go() {
        let needed = "kernel kernel-core linux-image-6.1.0-40-cloud-amd64 linux-aws cloud-init cloud-init-cfg-ec2 openssh-server \
                      sudo isc-dhcp-client dhcp-client NetworkManager netplan.io grub2-efi-x64 grub-pc systemd glibc \
                      libc6 amazon-linux-release rocky-release gcc-12-base libgcc-s1";
        for name in needed.split_whitespace() {
            assert!(reason(name).is_some(), "{name}");
        }
        for name in [
            "gcc",
            "gcc-12",
            "kernel-devel",
            "kernel-headers",
            "linux-headers-amd64",
            "make",
            "tcpdump",
            "telnetd",
            "libc6-dev",
        ] {
            assert_eq!(reason(name), None, "{name}");
        }
    }

    #[test]
    fn no_guideline_asks_for_what_must_stay() {
        for guideline in Catalogue::built_in().unwrap().guidelines {
            if let Check::PackagesAbsent { packages } = guideline.check {
                let kept: Vec<_> = packages.iter().filter(|name| reason(name).is_some()).collect();
                assert!(kept.is_empty(), "{}: {kept:?}", guideline.id);
            }
        }
    }
}
