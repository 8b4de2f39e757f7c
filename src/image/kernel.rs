//! What the kernel is told when it boots: its command line, from the files the boot loader reads and from those they are
//! made from. Also which kernel boots, and which drivers it has.
//!
//! Nothing here reads an initramfs, and nothing judges.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Error, Image};

mod modules;

pub use modules::{Driver, Modules};

/// What the boot loader reads.
const LOADERS: [&str; 5] = [
    "/boot/loader/entries/*.conf",
    "/boot/efi/loader/entries/*.conf",
    "/boot/grub{,2}/grubenv",
    "/boot/grub{,2}/grub.cfg",
    "/boot/efi/EFI/*/grub.cfg",
];

/// What that is made from.
const SOURCES: [&str; 5] = [
    "/etc/kernel/cmdline",
    "/usr/lib/kernel/cmdline",
    "/etc/default/grub",
    "/etc/default/grub.d/*.cfg",
    "/boot/extlinux/extlinux.conf",
];

/// Every file of the image that holds a kernel command line, what the boot loader reads first.
///
/// # Errors
/// When one is there and cannot be read.
pub fn command_lines(image: &Image) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut found = Vec::new();
    for pattern in LOADERS.iter().chain(&SOURCES) {
        for path in image.glob(pattern)? {
            if let Some(text) = image.read_text(&path)? {
                found.push((path, text));
            }
        }
    }
    Ok(found)
}

/// The words of a kernel command line in any of these files, in order: comments, quotes and the names of the variables
/// that hold one are left out.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    const HOLDERS: [&str; 3] = ["GRUB_CMDLINE_LINUX=", "GRUB_CMDLINE_LINUX_DEFAULT=", "kernelopts="];
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let pieces = lines.flat_map(|line| line.split(|mark: char| mark.is_whitespace() || mark == '"' || mark == '\''));
    let bare = |word| HOLDERS.iter().find_map(|holder| str::strip_prefix(word, holder)).unwrap_or(word);
    pieces.map(bare).filter(|word| !word.is_empty())
}

/// The names the kernel and udev give to the first network card of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `eth0`, in the order the cards are found.
    Kernel,
    /// `ens5` and the like, by where the card sits (systemd.net-naming-scheme(7)).
    Predictable,
    /// Neither can be told: no command line of a kernel was found.
    Unknown,
}

/// How network cards are named on the image: `net.ifnames=0`, or udev's naming switched off by an empty file or a link
/// to `/dev/null` (systemd.link(5)).
///
/// # Errors
/// When one of the files cannot be read.
pub fn naming(image: &Image) -> Result<Naming, Error> {
    for path in ["/etc/systemd/network/99-default.link", "/etc/udev/rules.d/80-net-setup-link.rules"] {
        let to_null = image.read_link(path.as_ref())?.is_some_and(|target| target == std::path::Path::new("/dev/null"));
        let is_empty =
            || Ok(image.stat(path.as_ref())?.is_some_and(|meta| meta.kind == super::Kind::File && meta.size == 0));
        if to_null || is_empty()? {
            return Ok(Naming::Kernel);
        }
    }
    let lines = command_lines(image)?;
    let said: BTreeSet<&str> =
        lines.iter().flat_map(|(_, text)| words(text)).filter(|word| word.starts_with("net.ifnames=")).collect();
    Ok(if said.contains("net.ifnames=0") {
        Naming::Kernel
    } else if lines.is_empty() {
        Naming::Unknown
    } else {
        Naming::Predictable
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn words_of_every_kind_of_file() {
        let said = |text| words(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            said("GRUB_CMDLINE_LINUX=\"quiet net.ifnames=0\"\n# GRUB_CMDLINE_LINUX=x"),
            ["quiet", "net.ifnames=0"]
        );
        assert_eq!(said("GRUB_CMDLINE_LINUX=cloud-init=disabled"), ["cloud-init=disabled"]);
        assert_eq!(said("\tlinux /vmlinuz root=x ro\n"), ["linux", "/vmlinuz", "root=x", "ro"]);
    }

    #[test]
    fn names_follow_the_command_line_and_udev() {
        let fixture = Fixture::debian();
        assert_eq!(naming(&fixture.image()).unwrap(), Naming::Unknown);
        fixture.file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"console=ttyS0\"\n");
        assert_eq!(naming(&fixture.image()).unwrap(), Naming::Predictable);
        fixture.file("/boot/loader/entries/a.conf", "options root=x net.ifnames=0 ro\n");
        assert_eq!(naming(&fixture.image()).unwrap(), Naming::Kernel);
        let fixture = Fixture::debian();
        fixture.link("/etc/systemd/network/99-default.link", "/dev/null");
        assert_eq!(naming(&fixture.image()).unwrap(), Naming::Kernel);
    }
}
