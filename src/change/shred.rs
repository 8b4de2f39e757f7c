//! What overwriting a file before it is removed comes to on the file system at hand, said as it is.
//!
//! Sources: shred(1), "CAUTION"; ext4(5) and xfs(5) for journals; btrfs(5) and overlayfs in the kernel's documentation
//! for copy on write; fstrim(8); Amazon EBS User Guide, "How Amazon EBS snapshots work".

use std::collections::BTreeSet;
use std::path::Path;

use super::{Change, Plan};
use crate::image::text;
use crate::image::{FileSystem, Image, Mode, Node};

/// What must be said of a run that overwrites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shredding {
    /// Why it may not be enough, a sentence or two for each file system and one for what lies below all of them.
    pub limits: Vec<String>,
    /// What to do besides; commands as they are to be typed.
    pub advice: Vec<String>,
}

impl Plan {
    /// What overwriting the bytes of every file that this plan gives up comes to on `image`. `kept` is where undo's
    /// copies lie.
    pub fn shredding(&self, image: &Image, kept: &Path) -> Shredding {
        let changes = self.steps.iter().flat_map(|step| &step.changes);
        let given_up = changes.filter_map(|change| match change {
            Change::Path { path, before: Some(before @ Node::File(_)), after, .. }
                if after.as_ref().is_none_or(|after| after.bytes() != before.bytes()) =>
            {
                Some(path.as_path())
            }
            _ => None,
        });
        let directories: BTreeSet<&Path> = given_up.filter_map(Path::parent).collect();
        if directories.is_empty() {
            return Shredding::default();
        }
        let systems: BTreeSet<Option<FileSystem>> =
            directories.into_iter().map(|directory| image.file_system(directory)).collect();
        of(&systems, image.mode(), kept)
    }
}

fn of(systems: &BTreeSet<Option<FileSystem>>, mode: Mode, kept: &Path) -> Shredding {
    let mut shredding = Shredding::default();
    for system in systems {
        let Some(system) = system else {
            shredding.limits.push("What file system some of the files lie on could not be told.".to_owned());
            continue;
        };
        let place = text::path(&system.place);
        shredding.limits.push(format!("{place} ({}): {}", text::visible(&system.kind), limit(system)));
        if system.is_mapped {
            shredding.limits.push(format!(
                "{place} is a volume of LVM or another device mapper: its own snapshots keep what was there before, and encryption of the disk does not help, for a copy comes with what opens it."
            ));
        }
        if can_trim(system) {
            let place = quoted(&place);
            shredding.advice.push(format!("Afterwards, where the volume supports it: fstrim -v {place}"));
        }
    }
    shredding.limits.push(
        "Below the file system: a snapshot of the volume made earlier holds every block as it was then, and disks move blocks about by themselves.".to_owned(),
    );
    let kept = text::path(kept);
    shredding.advice.push(match mode {
        Mode::Live => format!("For undo the contents are kept in {kept}, in memory, until the machine is switched off."),
        Mode::Offline => {
            format!("For undo the contents are kept on this machine, not on the image: {kept}. Remove that when you no longer need it.")
        }
    });
    shredding.advice.push(
        "Sure is only this: make every secret that was here worthless where it was issued, and copy the files to a fresh volume that never held them (see SEC-22).".to_owned(),
    );
    shredding
}

/// Whether overwriting in place reaches the old bytes there, in a sentence or two.
fn limit(system: &FileSystem) -> &'static str {
    let has = |option: &str| system.options.iter().any(|other| other == option);
    match system.kind.as_str() {
        "ext4" | "ext3" if has("data=journal") => {
            "contents go through its journal, which keeps a copy of what was written until it is written over."
        }
        "ext4" | "ext3" | "ext2" => {
            "it writes in place, so these bytes are gone from it; not those of earlier copies, of editors' backups, or of a file that was moved or shortened before."
        }
        "xfs" => {
            "it writes in place, so these bytes are gone from it; not where a file shares its blocks with a copy (reflink), nor those of earlier copies."
        }
        "btrfs" if has("nodatacow") => {
            "it writes in place here (nodatacow), but not where a snapshot shares the file: look at `btrfs subvolume list -s`."
        }
        "btrfs" | "bcachefs" => {
            "it never writes in place: the old bytes stay in free space, and in every snapshot of it."
        }
        "zfs" => "it never writes in place: the old bytes stay in free space, and in every snapshot and clone of it.",
        "f2fs" | "nilfs2" | "jffs2" | "ubifs" | "logfs" => {
            "it writes like a log, always elsewhere: the old bytes stay until they are cleaned up."
        }
        "overlay" | "aufs" => {
            "only its upper layer is written to: a file that comes from a lower layer is whole in there still. Overwrite it in the layer, or build the layer anew."
        }
        "tmpfs" | "ramfs" => {
            "it lies in memory and is gone when the machine is switched off; swapped out parts may be on the disk."
        }
        "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "virtiofs" | "ceph" | "glusterfs" => {
            "it lies on another machine, which decides where it writes and what it keeps of it."
        }
        "vfat" | "exfat" | "msdos" | "ext" | "jfs" | "reiserfs" => {
            "it writes in place, so these bytes are gone from it; not those of earlier copies."
        }
        kind if kind.starts_with("fuse") || kind == "ntfs" || kind == "ntfs3" => {
            "where it writes is up to the program behind it; take it that the old bytes are still there."
        }
        _ => "whether it writes in place is not known here; take it that the old bytes are still there.",
    }
}

/// Whether free blocks of it can be given back to the device.
fn can_trim(system: &FileSystem) -> bool {
    let kinds = ["ext4", "ext3", "xfs", "btrfs", "f2fs", "vfat", "jfs", "bcachefs", "nilfs2", "ntfs3", "exfat"];
    kinds.contains(&system.kind.as_str())
}

/// A path as a word of a shell's command line.
fn quoted(path: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-+@:".contains(sign);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, options: &[&str]) -> Shredding {
        let system = FileSystem {
            kind: kind.to_owned(),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            source: "/dev/nvme0n1p1".to_owned(),
            place: "/mnt/my image".into(),
            is_mapped: options.contains(&"mapped"),
        };
        of(&BTreeSet::from([Some(system)]), Mode::Offline, Path::new("/state"))
    }

    #[test]
    fn each_file_system_gets_its_honest_sentence() {
        for (kind, options, word) in [
            ("ext4", &["rw"][..], "in place, so these bytes are gone"),
            ("ext4", &["rw", "data=journal"], "journal"),
            ("xfs", &[], "reflink"),
            ("btrfs", &["compress=zstd:3"], "never writes in place"),
            ("btrfs", &["nodatacow"], "nodatacow"),
            ("zfs", &[], "never writes in place"),
            ("overlay", &["lowerdir=/l"], "lower layer"),
            ("f2fs", &[], "log"),
            ("nilfs2", &[], "log"),
            ("tmpfs", &[], "memory"),
            ("nfs4", &[], "another machine"),
            ("fuse.sshfs", &[], "program behind it"),
            ("madeup", &[], "not known"),
        ] {
            let shredding = said(kind, options);
            assert!(shredding.limits[0].contains(word), "{kind}: {:?}", shredding.limits);
            assert!(shredding.limits.last().unwrap().contains("snapshot"), "{kind}");
            assert!(!shredding.limits.concat().contains("securely"), "{kind}");
        }
        assert!(said("ext4", &["mapped"]).limits[1].contains("LVM"));
    }

    #[test]
    fn the_command_can_be_typed_as_it_is() {
        let advice = said("ext4", &[]).advice;
        assert!(advice[0].ends_with("fstrim -v '/mnt/my image'"), "{advice:?}");
        assert!(advice[1].contains("/state") && advice[2].contains("worthless"));
        assert!(!said("tmpfs", &[]).advice.concat().contains("fstrim"));
        assert_eq!((quoted("/"), quoted("/a'b")), ("/".to_owned(), "'/a'\\''b'".to_owned()));
    }

    #[test]
    fn only_files_whose_bytes_go_count() {
        let fixture = crate::image::fixture::Fixture::debian();
        fixture.file("/opt/key", "secret");
        let image = fixture.image();
        let before = image.node(Path::new("/opt/key")).unwrap();
        let mut plan = Plan::default();
        assert_eq!(plan.shredding(&image, Path::new("/s")), Shredding::default());
        let change = Change::Path { path: "/opt/key".into(), before, after: None, secret: true };
        plan.steps.push(crate::change::PlanStep { guideline: "SEC-04".into(), changes: vec![change] });
        assert!(plan.shredding(&image, Path::new("/s")).limits.len() >= 2);
    }
}
