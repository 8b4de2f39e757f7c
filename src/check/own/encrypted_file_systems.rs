//! BOT-04: no file system of the image is encrypted.

use std::path::Path;

use crate::check::places;
use crate::check::{Finding, Observation, Status};
use crate::image::text::visible;
use crate::image::{Error, Image, kernel, mounts};

const CRYPTTAB: &str = "/etc/crypttab";
const FSTAB: &str = "/etc/fstab";

/// What encrypting file systems leave where they are used: eCryptfs, fscrypt (its directory at the top of a file
/// system), `EncFS`, `gocryptfs`, and keys for ZFS.
const MARKS: [&str; 7] = [
    "/home/.ecryptfs",
    "~/.ecryptfs/wrapped-passphrase",
    "{,/home,/var,/opt,/srv}/.fscrypt/protectors/*",
    "~/.encfs6.xml",
    "~/*/gocryptfs.conf",
    "/etc/zfs/{keys,zfs-list.cache.keys}/*",
    "/etc/clevis",
];

/// Words of a kernel command line that open an encrypted root.
const WORDS: [&str; 4] = ["rd.luks.uuid=", "rd.luks.name=", "cryptdevice=", "luks.uuid="];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    let (crypts, odd) = mounts::crypttab(&image.read_table(Path::new(CRYPTTAB))?.unwrap_or_default());
    for crypt in &crypts {
        // Swap with a new key at each boot keeps nothing.
        let is_random = matches!(crypt.key.as_str(), "/dev/urandom" | "/dev/random");
        if !is_random {
            let text = format!("{} is encrypted", visible(&crypt.what));
            seen.push(Observation::at(CRYPTTAB).line(crypt.line).text(text));
        }
    }
    for mount in mounts::fstab(&image.read_table(Path::new(FSTAB))?.unwrap_or_default()).0 {
        let encrypts = matches!(mount.kind.as_str(), "ecryptfs" | "fuse.encfs" | "fuse.gocryptfs" | "fuse.cryfs");
        if encrypts || mount.what.starts_with("/dev/mapper/luks-") {
            let text = format!("{} is encrypted", visible(&mount.place));
            seen.push(Observation::at(FSTAB).line(mount.line).text(text));
        }
    }
    for (path, text) in kernel::command_lines(image)? {
        if let Some(word) = kernel::words(&text).find(|word| WORDS.iter().any(|start| word.starts_with(start))) {
            seen.push(Observation::at(path).text(visible(word)));
        }
    }
    for path in places::matching(image, &MARKS.map(str::to_owned), &[])? {
        seen.push(Observation::at(path).text("belongs to an encrypted file system"));
    }
    let live = image.live().map(crate::image::live::Live::encrypted).transpose()?;
    seen.extend(live.iter().flatten().map(|what| Observation::fact(visible(what))));
    Ok(if !seen.is_empty() {
        Finding::new(Status::Fail, "A file system is encrypted, which AWS Marketplace does not take.").seen(seen)
    } else if let Some(line) = odd.first() {
        let unknown = "A line of /etc/crypttab is not understood.";
        Finding::new(Status::Unknown, unknown).seen([Observation::at(CRYPTTAB).line(*line)])
    } else if live.is_some() {
        Finding::new(Status::Pass, "No file system is encrypted.")
    } else {
        let pass = "Nothing on the image opens or mounts an encrypted file system.";
        let rest = "the disk itself was not looked at: the image is a directory here";
        Finding::new(Status::Pass, pass).seen([Observation::fact(rest)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn each_trace_of_encryption_fails() {
        for (path, text) in [
            (CRYPTTAB, "data UUID=1 none luks\n"),
            (FSTAB, "/dev/mapper/luks-1 / ext4 defaults 0 1\n"),
            (FSTAB, "/home/a/.Private /home/a ecryptfs defaults 0 0\n"),
            ("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"rd.luks.uuid=luks-1 quiet\"\n"),
            ("/home/admin/.ecryptfs/wrapped-passphrase", "x"),
            ("/home/.fscrypt/protectors/1", "x"),
        ] {
            let fixture = Fixture::debian();
            fixture.file(path, text);
            assert_eq!(judged(&fixture.image(), "BOT-04").status, Status::Fail, "{path}");
        }
    }

    #[test]
    fn none_passes_and_says_what_was_not_seen() {
        let fixture = Fixture::debian();
        fixture.file(CRYPTTAB, "# <target>\nswap /dev/xvdb /dev/urandom swap,nofail\n");
        let finding = judged(&fixture.image(), "BOT-04");
        assert_eq!((finding.status, finding.observations.len()), (Status::Pass, 1));
        fixture.file(CRYPTTAB, "odd\n");
        assert_eq!(judged(&fixture.image(), "BOT-04").status, Status::Unknown);
    }
}
