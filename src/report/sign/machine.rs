//! Where a private key lies: never on the disk of a machine that is about to be published.
#![expect(
    clippy::disallowed_methods,
    reason = "the door for facts of the signer's own machine: asks where a key file lies, never looks into it"
)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use super::SignError;
use crate::image::text::path as shown;

/// Where a key file that may be used lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// Where keys belong.
    Fine,
    /// In the memory (tmpfs) of what looks like a build machine: gone with it, but readable by its root until then.
    Memory,
}

/// Where the key file `key` lies, or of a public key the private one beside it: ssh-keygen takes that where no agent has it.
/// One that is missing is ssh-keygen's to complain about.
///
/// # Errors
/// When this looks like an EC2 instance and the key is on the same device as `/`: an AMI made of it would hold the key.
pub fn key_place(key: &Path) -> Result<KeyPlace, SignError> {
    place(key, Path::new("/"))
}

fn place(key: &Path, root: &Path) -> Result<KeyPlace, SignError> {
    let device = |path: &Path| fs::metadata(path).ok().map(|meta| meta.dev());
    let key = &private_part(key);
    let Some(lies_on) = device(key) else {
        return Ok(KeyPlace::Fine);
    };
    if !looks_like_ec2(root) {
        return Ok(KeyPlace::Fine);
    }
    if device(root) == Some(lies_on) {
        return Err(SignError::new(format!(
            "The key {} is on the disk of this machine, which looks like an EC2 instance: an AMI made of it would hold the key. Remove the key, take the report to your own machine and sign it there.",
            shown(key)
        )));
    }
    let memory = statfs(key).is_ok_and(|found| found.filesystem_type() == TMPFS_MAGIC);
    Ok(if memory { KeyPlace::Memory } else { KeyPlace::Fine })
}

/// What ssh-keygen would read the private key from, for a public key or a certificate: the same name without its ending.
fn private_part(key: &Path) -> PathBuf {
    let name = key.to_string_lossy();
    let private = name.strip_suffix("-cert.pub").or_else(|| name.strip_suffix(".pub"));
    private.map_or_else(|| key.to_owned(), PathBuf::from)
}

/// As "Detect whether a host is an EC2 instance" in the EC2 User Guide says, and as cloud-init's ds-identify looks: the
/// vendor and asset tag of Nitro, the hypervisor's UUID of Xen.
fn looks_like_ec2(root: &Path) -> bool {
    [
        ("sys/class/dmi/id/sys_vendor", "amazon ec2"),
        ("sys/class/dmi/id/board_asset_tag", "i-"),
        ("sys/class/dmi/id/product_uuid", "ec2"),
        ("sys/hypervisor/uuid", "ec2"),
    ]
    .iter()
    .any(|(file, start)| {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        text.trim().to_ascii_lowercase().starts_with(start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with one file of those that tell what it is, and a key.
    fn machine(file: &str, content: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        for key in ["key", "key.pub", "agent.pub"] {
            fs::write(root.path().join(key), "a test key").unwrap();
        }
        root
    }

    #[test]
    fn a_key_on_the_disk_of_an_instance_is_refused() {
        for (file, content, refused) in [
            ("sys/class/dmi/id/sys_vendor", "Amazon EC2\n", true),
            ("sys/class/dmi/id/board_asset_tag", "i-0123456789abcdef0\n", true),
            ("sys/class/dmi/id/product_uuid", "EC2F3A4B-0000-0000-0000-000000000000\n", true),
            ("sys/hypervisor/uuid", "ec2e1916-9099-7caf-fd21-012345abcdef\n", true),
            ("sys/class/dmi/id/sys_vendor", "LENOVO\n", false),
            ("sys/class/dmi/id/board_asset_tag", "Not Available\n", false),
            ("etc/hostname", "ec2\n", false),
        ] {
            let root = machine(file, content);
            let judged = place(&root.path().join("key"), root.path());
            assert_eq!(judged.is_err(), refused, "{file}: {content}");
            if let Err(why) = judged {
                assert!(why.to_string().contains("an AMI made of it would hold the key"), "{why}");
            }
            for public in ["key.pub", "key-cert.pub"] {
                let judged = place(&root.path().join(public), root.path());
                assert_eq!(judged.is_err(), refused, "ssh-keygen would read the key beside {public}");
            }
            assert_eq!(place(&root.path().join("agent.pub"), root.path()), Ok(KeyPlace::Fine));
            assert_eq!(place(&root.path().join("absent"), root.path()), Ok(KeyPlace::Fine));
            assert_eq!(place(Path::new("/proc/self/stat"), root.path()), Ok(KeyPlace::Fine), "another device");
        }
    }

    #[test]
    fn a_key_in_the_memory_of_an_instance_is_accepted_with_a_warning() {
        let root = machine("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
        let key = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
        assert_eq!(place(key.path(), root.path()), Ok(KeyPlace::Memory));
    }
}
