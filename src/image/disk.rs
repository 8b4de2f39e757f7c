//! Which file system the image is, told by the names udev gave to the device it lies on.

#![expect(
    clippy::disallowed_methods,
    reason = "the door to /dev/disk and the table of mounts of this machine, which are no part of the image"
)]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Image;
use super::text::visible;

/// The most that is read of the table of mounts: 4 MiB.
const LONGEST: u64 = 4 << 20;

/// The names of the file system and the partition that an image lies on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// UUID of the root file system.
    pub filesystem: Option<String>,
    /// UUID of the partition it is on.
    pub partition: Option<String>,
}

impl Image {
    /// Where it lies. Nothing for a directory that is no mount point: what lies below it is then somebody else's disk.
    pub fn disk(&self) -> Disk {
        let point = self.mount_point();
        let device = |path: &Path| fs::metadata(path).ok().map(|meta| meta.dev());
        let above = point.canonicalize().ok().and_then(|path| Some(device(path.parent()?)));
        let Some(own) = device(point).filter(|own| above != Some(Some(*own))) else { return Disk::default() };
        let mut table = Vec::new();
        let opened = fs::File::open("/proc/self/mountinfo");
        let _ = opened.and_then(|file| file.take(LONGEST).read_to_end(&mut table));
        // A file system over several devices has a number of its own.
        let block =
            source(&String::from_utf8_lossy(&table), own).and_then(|path| Some(fs::metadata(path).ok()?.rdev()));
        let wanted = [Some(own), block];
        Disk {
            filesystem: name(Path::new("/dev/disk/by-uuid"), &wanted),
            partition: name(Path::new("/dev/disk/by-partuuid"), &wanted),
        }
    }
}

/// The name in `directory` that leads to one of the devices `wanted`.
fn name(directory: &Path, wanted: &[Option<u64>]) -> Option<String> {
    let leads = |entry: &fs::DirEntry| fs::metadata(entry.path()).is_ok_and(|meta| wanted.contains(&Some(meta.rdev())));
    let mut names: Vec<String> = fs::read_dir(directory)
        .ok()?
        .flatten()
        .filter(leads)
        .map(|entry| visible(&entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// The device file that the file system with the number `device` is mounted from (proc(5), `/proc/pid/mountinfo`).
fn source(table: &str, device: u64) -> Option<String> {
    let number = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let line = table.lines().find(|line| line.split(' ').nth(2) == Some(number.as_str()))?;
    let source = line.split_once(" - ")?.1.split(' ').nth(1)?;
    source.starts_with("/dev/").then(|| source.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_on_somebody_elses_disk_has_no_file_system_of_its_own() {
        let fixture = crate::image::fixture::Fixture::debian();
        assert_eq!(fixture.image().disk(), Disk::default());
    }

    #[test]
    fn the_table_of_mounts_names_the_device() {
        let table = "29 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw\n\
                     30 29 0:26 /root /mnt rw - btrfs /dev/nvme1n1p3 rw\n31 29 0:5 / /run rw - tmpfs tmpfs rw\nodd\n";
        let device = |major, minor| nix::sys::stat::makedev(major, minor);
        assert_eq!(source(table, device(259, 1)).as_deref(), Some("/dev/nvme0n1p1"));
        assert_eq!(source(table, device(0, 26)).as_deref(), Some("/dev/nvme1n1p3"));
        assert_eq!(source(table, device(0, 5)), None);
        assert_eq!(source(table, device(8, 1)), None);
    }

    #[test]
    fn names_lead_to_devices() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/null", directory.path().join("1234-ABCD")).unwrap();
        std::os::unix::fs::symlink("/dev/nowhere", directory.path().join("gone")).unwrap();
        let null = fs::metadata("/dev/null").unwrap().rdev();
        assert_eq!(name(directory.path(), &[None, Some(null)]).as_deref(), Some("1234-ABCD"));
        assert_eq!(name(directory.path(), &[None]), None);
    }
}
