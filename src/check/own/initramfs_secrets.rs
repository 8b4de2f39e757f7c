//! KEY-07: no keys or passwords are packed in an initramfs.

use std::path::Path;

use crate::check::{Finding, Observation, Status, sweep};
use crate::image::accounts::Password;
use crate::image::initramfs::{self, Member};
use crate::image::{Error, Image, text};

/// The most that is told of one initramfs.
const LIMIT: usize = 100;

/// Kernels with their initramfs in one file (Boot Loader Specification, type 2).
const UNIFIED: &str = "{/boot/efi,/boot,/efi}/EFI/Linux/*.efi";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let all = initramfs::all(image)?;
    if all.is_empty() {
        let unified = image.glob(UNIFIED)?;
        if !unified.is_empty() {
            let summary = "The initramfs is part of a unified kernel image, which is not looked into here.";
            return Ok(Finding::new(Status::Unknown, summary).seen(unified.into_iter().map(Observation::at)));
        }
        return Ok(Finding::new(Status::NotApplicable, "There is no initramfs in /boot."));
    }
    let (mut seen, mut unread) = (Vec::new(), Vec::new());
    for path in &all {
        let mut found = Vec::new();
        let read = initramfs::read(image, path, &mut |member| {
            if let Some(what) = secret(&member).filter(|_| found.len() < LIMIT) {
                found.push(Observation::at(path).text(format!("{}: {what}", text::visible(&member.name))));
            }
        });
        seen.extend(found);
        if let Err(error) = read {
            unread.push(Observation::at(path).text(error.to_string()));
        }
    }
    Ok(if !seen.is_empty() {
        Finding::new(Status::Fail, "Keys or passwords are packed in the initramfs.").seen(seen).seen(unread)
    } else if !unread.is_empty() {
        Finding::new(Status::Unknown, "Not every initramfs could be looked into.").seen(unread)
    } else {
        let number = all.len();
        let files = if number == 1 { "The initramfs holds".to_owned() } else { format!("{number} initramfs hold") };
        Finding::new(Status::Pass, format!("{files} no keys or passwords.")).seen(all.into_iter().map(Observation::at))
    })
}

/// What secret a packed file is, if any.
fn secret(member: &Member) -> Option<&'static str> {
    if !member.is_file() || member.size == 0 {
        return None;
    }
    let name = Path::new(&member.name).file_name()?.to_str()?;
    // Of a long file only the beginning is here.
    let begins = || {
        memchr::memmem::find_iter(&member.start, b"-----BEGIN ")
            .filter_map(|at| member.start.get(at..)?.get(..80.min(member.start.len() - at)))
            .any(|head| memchr::memmem::find(head, b"PRIVATE KEY-----").is_some())
    };
    if name.starts_with("authorized_keys") {
        Some("authorized keys")
    } else if sweep::private_key(Path::new(&member.name), &member.start).is_some() || begins() {
        Some("a private key")
    } else if name.starts_with("dropbear_") && name.contains("host_key") {
        Some("a host key of dropbear")
    } else if name.ends_with(".keytab") {
        Some("Kerberos keys")
    } else if ["etc/cryptsetup-keys.d/", "cryptroot/keyfiles/"].iter().any(|place| member.name.starts_with(place)) {
        Some("a key that unlocks a disk")
    } else if matches!(member.name.as_str(), "etc/shadow" | "etc/shadow-") && has_hash(&member.start) {
        Some("a password hash")
    } else {
        None
    }
}

fn has_hash(shadow: &[u8]) -> bool {
    let mut fields = shadow.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&byte| byte == b':').nth(1));
    fields.any(|field| matches!(Password::of_shadow(field), Password::Hash { .. } | Password::Empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;
    use crate::image::initramfs::tests::{cpio, gzip};

    fn with(files: &[(&str, &[u8])]) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file("/boot/initrd.img-6.1.0", gzip(&cpio(files)));
        fixture
    }

    #[test]
    fn keys_and_hashes_are_told_apart_from_what_belongs_there() {
        let hash = ["root:$y$j9T$", "abcdefgh$abcdefgh:1::::::\n"].concat();
        for (name, content, expected) in [
            ("init", "#!/bin/sh\n", Status::Pass),
            ("etc/shadow", "root:*:1::::::\n", Status::Pass),
            ("etc/shadow", &hash, Status::Fail),
            ("root/.ssh/authorized_keys", "ssh-ed25519 AAAA build\n", Status::Fail),
            ("etc/dropbear/dropbear_ed25519_host_key", "x", Status::Fail),
            ("usr/lib/x.pem", "-----BEGIN CERTIFICATE-----\n", Status::Pass),
            ("usr/lib/x.pem", "-----BEGIN OPENSSH PRIVATE KEY-----\n", Status::Fail),
            ("cryptroot/keyfiles/root.key", "\x01\x02", Status::Fail),
            ("etc/krb5.keytab", "", Status::Pass),
        ] {
            let finding = judged(&with(&[(name, content.as_bytes())]).image(), "KEY-07");
            assert_eq!(finding.status, expected, "{name}: {finding:?}");
            assert!(!format!("{finding:?}").contains("$y$"));
        }
    }

    #[test]
    fn one_that_cannot_be_read_is_unknown_with_its_path() {
        assert_eq!(judged(&Fixture::debian().image(), "KEY-07").status, Status::NotApplicable);
        let fixture = with(&[("init", b"x")]);
        fixture.file("/boot/initramfs-5.img", "not one");
        let finding = judged(&fixture.image(), "KEY-07");
        assert_eq!(finding.status, Status::Unknown);
        assert_eq!(finding.observations[0].path.as_deref(), Some(Path::new("/boot/initramfs-5.img")));
    }

    #[test]
    fn a_unified_kernel_image_is_unknown() {
        let fixture = Fixture::debian();
        fixture.file("/boot/efi/EFI/Linux/debian-6.1.efi", "MZ");
        let finding = judged(&fixture.image(), "KEY-07");
        assert_eq!((finding.status, finding.observations.len()), (Status::Unknown, 1));
    }
}
