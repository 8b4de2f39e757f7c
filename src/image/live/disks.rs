//! Encrypted storage of the running machine, from `/proc/self/mounts` (proc(5)) and the device mapper's `uuid`
//! (Linux documentation, "sysfs-block-dm").

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc and /sys of the running machine, which are no part of the image"
)]

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::image::Error;

/// The most that is read of the table of mounts: 4 MiB.
const LARGEST: u64 = 4 << 20;

/// What is encrypted on the running machine, each in words.
///
/// # Errors
/// When the tables cannot be read.
pub(super) fn encrypted() -> Result<Vec<String>, Error> {
    let table = start(Path::new("/proc/self/mounts"))?;
    let mut found = encrypted_mounts(&table);
    let blocks = Path::new("/sys/block");
    let Ok(entries) = fs::read_dir(blocks) else { return Ok(found) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let uuid = start(&blocks.join(&name).join("dm/uuid")).unwrap_or_default();
        if uuid.starts_with("CRYPT-") && !uuid.starts_with("CRYPT-VERITY") {
            found.push(format!("{name} is opened by dm-crypt"));
        }
    }
    found.sort();
    Ok(found)
}

fn start(path: &Path) -> Result<String, Error> {
    let error = |error: std::io::Error| Error::malformed("read", path, error.to_string());
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(error)?.take(LARGEST).read_to_end(&mut bytes).map_err(error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Mounts of a kind that encrypts by itself.
fn encrypted_mounts(table: &str) -> Vec<String> {
    let encrypts = |line: &str| {
        let mut fields = line.split(' ');
        let (_, place, kind) = (fields.next()?, fields.next()?, fields.next()?);
        let is_one = matches!(kind, "ecryptfs" | "fuse.encfs" | "fuse.gocryptfs" | "fuse.cryfs");
        is_one.then(|| format!("{place} is mounted as {kind}"))
    };
    table.lines().filter_map(encrypts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_that_encrypt_are_told_by_their_kind() {
        let table = "/dev/xvda1 / ext4 rw 0 0\n/home/.ecryptfs/a/.Private /home/a ecryptfs rw 0 0\nodd\n";
        assert_eq!(encrypted_mounts(table), ["/home/a is mounted as ecryptfs"]);
        assert!(encrypted().is_ok());
    }
}
