//! On which file system a path lies, as the kernel's table of mounts says it.
#![expect(clippy::disallowed_methods, reason = "the door to this process's own /proc, which is no part of the image")]

use std::fs::{read, read_link};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use super::mounts::decoded;
use super::resolve::{Last, There};
use super::{Image, Overlay};

/// A file system as it is mounted on the machine that does the work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSystem {
    /// Its type: `ext4`, `xfs`, `overlay`.
    pub kind: String,
    /// Its options, those of the mount and those of the file system itself.
    pub options: Vec<String>,
    /// The device or server it comes from.
    pub source: String,
    /// Where it is mounted, as this process sees it.
    pub place: PathBuf,
    /// Its device is a volume of the device mapper: LVM, dm-crypt.
    pub is_mapped: bool,
}

impl Image {
    /// The file system that holds `path`, or the directory that would hold it; `None` when it cannot be told.
    pub fn file_system(&self, path: &Path) -> Option<FileSystem> {
        let disk = Overlay::default();
        let found = path.ancestors().find_map(|path| match self.root.find(&disk, path, Last::Follow) {
            Ok(There::Disk(found)) => Some(found),
            _ => None,
        })?;
        // statx(2) tells the mount too, but only from kernel 5.8 on; `proc_pid_fdinfo(5)` does since 3.15.
        let facts = read(format!("/proc/thread-self/fdinfo/{}", found.file.as_raw_fd())).ok()?;
        let facts = String::from_utf8_lossy(&facts).into_owned();
        let id = facts.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
        let table = read("/proc/thread-self/mountinfo").ok()?;
        let mut system = mounted(&String::from_utf8_lossy(&table), id)?;
        system.is_mapped = is_mapped(&system.source);
        Some(system)
    }
}

/// The mount `id` in a table as `proc_pid_mountinfo(5)` describes it.
fn mounted(table: &str, id: &str) -> Option<FileSystem> {
    table.lines().find_map(|line| {
        let (head, tail) = line.split_once(" - ")?;
        let mut words = head.split(' ');
        (words.next()? == id).then_some(())?;
        let (place, options) = (words.nth(3)?, words.next()?);
        let mut words = tail.split(' ');
        let (kind, source, more) = (words.next()?, words.next()?, words.next().unwrap_or_default());
        let options = options.split(',').chain(more.split(',')).filter(|option| !option.is_empty());
        Some(FileSystem {
            kind: kind.to_owned(),
            options: options.map(str::to_owned).collect(),
            source: decoded(source),
            place: decoded(place).into(),
            is_mapped: false,
        })
    })
}

fn is_mapped(source: &str) -> bool {
    let is_one = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dm-"));
    let source = Path::new(source);
    source.starts_with("/dev/mapper") || is_one(source) || read_link(source).is_ok_and(|target| is_one(&target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read() {
        let table = "22 1 259:1 / / rw,noatime shared:1 - ext4 /dev/root rw,data=journal\n\
                     30 22 0:5 / /mnt/a\\040b ro - btrfs /dev/mapper/vg-lv rw\nodd\n";
        let root = mounted(table, "22").unwrap();
        assert_eq!((root.kind.as_str(), root.source.as_str()), ("ext4", "/dev/root"));
        assert_eq!(root.options, ["rw", "noatime", "rw", "data=journal"]);
        let other = mounted(table, "30").unwrap();
        assert_eq!((other.place.to_str().unwrap(), is_mapped(&other.source)), ("/mnt/a b", true));
        assert_eq!(mounted(table, "2"), None);
    }

    #[test]
    fn every_directory_lies_somewhere() {
        let fixture = crate::image::fixture::Fixture::debian();
        let image = fixture.image();
        let found = image.file_system(Path::new("/etc/passwd")).unwrap();
        assert!(!found.kind.is_empty() && image.mount_point().starts_with(&found.place), "{found:?}");
        assert_eq!(image.file_system(Path::new("/etc/missing/too")), Some(found));
    }

    proptest::proptest! {
        #[test]
        fn any_table_is_survived(table in "([ \\\\\\-0-9a-z/,\n]|\\PC){0,120}") {
            let _ = mounted(&table, "22");
        }
    }
}
