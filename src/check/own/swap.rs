//! LOG-12: no swap file holds memory of the build (swapon(8), fstab(5), mkswap(8)).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Value;
use crate::image::mounts::{self, Mount};
use crate::image::{Error, Image, Kind, text};

/// Names that installers and guides give to swap files.
const USUAL: &str = "/{swap,swapfile*,swap.img,*.swap,var/swap*,var/lib/swap*,swap/*,mnt/swapfile*}";

/// Where swap is named.
const FSTAB: &str = "/etc/fstab";
const UNITS: &str = "/{etc,usr/local/lib,usr/lib}/systemd/system/*.swap";

/// What stands at the end of the first page of anything that mkswap(8) made, and how large pages are.
const SIGNATURE: &[u8] = b"SWAPSPACE2";
const PAGES: [u64; 4] = [4 << 10, 8 << 10, 16 << 10, 64 << 10];

/// A file that memory was swapped out to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SwapFile {
    pub(crate) path: PathBuf,
    /// The running machine swaps to it now.
    pub(crate) is_active: bool,
    /// What names it, and would miss it.
    pub(crate) wanted_by: Option<&'static str>,
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let filled = filled(image)?;
    if !filled.is_empty() {
        let seen = filled.iter().map(|file| {
            let active = if file.is_active { "in use" } else { "holds pages" };
            Observation::at(&file.path).text(active)
        });
        return Ok(Finding::new(Status::Fail, "What was in memory during the build lies in a swap file.").seen(seen));
    }
    let mut seen = Vec::new();
    for (path, entries) in named(image)? {
        let devices = entries.into_iter().filter(|entry| entry.file.is_none());
        seen.extend(devices.map(|entry| Observation::at(&path).line(entry.line).text(text::visible(&entry.what))));
    }
    for device in active(image)?.iter().filter(|path| path.starts_with("/dev")) {
        seen.push(Observation::fact(format!("{} is in use", text::path(device))));
    }
    if seen.is_empty() {
        return Ok(Finding::new(Status::Pass, "No swap file holds anything."));
    }
    let words = "Memory is swapped out to a partition, whose content is not looked at here; make it anew with mkswap, \
                 unless its disk is no part of the image.";
    Ok(Finding::new(Status::Unknown, words).seen(seen))
}

/// Every swap file with something in it.
pub(crate) fn filled(image: &Image) -> Result<Vec<SwapFile>, Error> {
    let (mut listed, mut by_unit) = (BTreeSet::new(), BTreeSet::new());
    for (path, entries) in named(image)? {
        let names = if path == Path::new(FSTAB) { &mut listed } else { &mut by_unit };
        names.extend(entries.into_iter().filter_map(|entry| entry.file));
    }
    let made = match image.cloud_init()?.get(&["swap", "filename"]) {
        Some(Value::Text(path)) if path.starts_with('/') => Some(PathBuf::from(path)),
        _ => None,
    };
    let active = active(image)?;
    let mut paths: BTreeSet<PathBuf> = image.glob(USUAL)?.into_iter().collect();
    paths.extend(listed.iter().chain(&by_unit).chain(&made).chain(&active).cloned());
    let mut files = Vec::new();
    for path in paths {
        if image.stat(&path)?.is_none_or(|meta| meta.kind != Kind::File) {
            continue;
        }
        let is_active = active.contains(&path);
        let page = page(&image.read_start(&path, 64 << 10)?.unwrap_or_default());
        // It looks like one, is used as one, or has a name that nothing else has.
        let is_swap =
            page.is_some() || is_active || listed.contains(&path) || by_unit.contains(&path) || is_named_one(&path);
        if is_swap && (is_active || !image.is_blank_from(&path, page.unwrap_or(0))?) {
            let wanted_by = if listed.contains(&path) {
                Some(FSTAB)
            } else if by_unit.contains(&path) {
                Some("a swap unit of systemd")
            } else {
                made.as_ref().is_some_and(|made| *made == path).then_some("cloud-init's configuration")
            };
            files.push(SwapFile { path, is_active, wanted_by });
        }
    }
    Ok(files)
}

fn is_named_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.parent() == Some(Path::new("/")) && (name.starts_with("swapfile") || name == "swap.img")
}

fn active(image: &Image) -> Result<Vec<PathBuf>, Error> {
    image.live().map_or_else(|| Ok(Vec::new()), crate::image::live::Live::swaps)
}

/// The size of the page that ends with the signature.
fn page(start: &[u8]) -> Option<u64> {
    PAGES.into_iter().find(|&page| {
        let end = usize::try_from(page).unwrap_or(usize::MAX);
        start.get(end - SIGNATURE.len()..end) == Some(SIGNATURE)
    })
}

/// A line of fstab(5) for swap.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    line: u32,
    what: String,
    /// The file; `None` for a device.
    file: Option<PathBuf>,
}

/// What fstab and the swap units of systemd (systemd.swap(5)) name, by the file that names it.
fn named(image: &Image) -> Result<Vec<(PathBuf, Vec<Entry>)>, Error> {
    let table = image.read_table(Path::new(FSTAB))?.unwrap_or_default();
    let mut named = vec![(PathBuf::from(FSTAB), swap_entries(&table))];
    for path in image.glob(UNITS)? {
        if image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            let Mount { line, what, .. } = mounts::unit(&image.read_text(&path)?.unwrap_or_default());
            named.push((path, entry(line, what).into_iter().collect()));
        }
    }
    Ok(named)
}

fn swap_entries(text: &str) -> Vec<Entry> {
    let (mounts, _) = mounts::fstab(text);
    mounts.into_iter().filter(|mount| mount.kind == "swap").filter_map(|mount| entry(mount.line, mount.what)).collect()
}

/// `None` for nothing, and for zram, which holds memory in memory.
fn entry(line: u32, what: String) -> Option<Entry> {
    let is_file = what.starts_with('/') && !Path::new(&what).starts_with("/dev");
    let counts = !what.is_empty() && !what.starts_with("/dev/zram");
    counts.then(|| Entry { line, file: is_file.then(|| what.clone().into()), what })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    /// As mkswap(8) makes it, with pages of `size` bytes, and `data` on the second.
    fn swap(size: usize, data: &str) -> Vec<u8> {
        let mut bytes = vec![0; size * 3];
        bytes[1024] = 1;
        bytes[size - SIGNATURE.len()..size].copy_from_slice(SIGNATURE);
        bytes[size..size + data.len()].copy_from_slice(data.as_bytes());
        bytes
    }

    #[test]
    fn a_swap_file_with_pages_fails_and_a_fresh_one_passes() {
        for size in [4096, 65536] {
            let fixture = Fixture::debian();
            fixture.file("/swapfile", swap(size, ""));
            assert_eq!(judged(&fixture.image(), "LOG-12").status, Status::Pass);
            fixture.file("/swapfile", swap(size, "secret")).file("/swap/readme", "no swap at all");
            let finding = judged(&fixture.image(), "LOG-12");
            assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 1));
            mended(&fixture.image(), "LOG-12");
            fixture.file("/swapfile", "").file("/swap.img", "its header was overwritten");
            mended(&fixture.image(), "LOG-12");
        }
    }

    #[test]
    fn one_that_is_wanted_is_for_a_person() {
        let fixture = Fixture::debian();
        fixture.file("/data/s", "x").file("/etc/fstab", "# /dev/sda2 none swap sw\n/data/s none swap sw 0 0\n");
        assert!(
            matches!(remedy_of(&fixture.image(), "LOG-12"), Some(Remedy::ByHand(why)) if why.contains("/etc/fstab"))
        );
        fixture.file("/etc/fstab", "").file("/swap.img", swap(4096, "x")).cloud_init("admin");
        fixture.file("/etc/cloud/cloud.cfg.d/s.cfg", "swap:\n  filename: /swap.img\n  size: 1G\n");
        assert!(
            matches!(remedy_of(&fixture.image(), "LOG-12"), Some(Remedy::ByHand(why)) if why.contains("cloud-init"))
        );
    }

    #[test]
    fn a_partition_is_unknown() {
        let fixture = Fixture::debian();
        fixture.file("/etc/fstab", "/dev/zram0 none swap\nUUID=1 / ext4 defaults\n");
        assert_eq!(judged(&fixture.image(), "LOG-12").status, Status::Pass);
        fixture.file("/etc/fstab", "\nUUID=2 swap swap defaults 0 0\n");
        let finding = judged(&fixture.image(), "LOG-12");
        assert_eq!(finding.status, Status::Unknown);
        assert_eq!(finding.observations, [Observation::at("/etc/fstab").line(2).text("UUID=2")]);
    }

    #[test]
    fn a_swap_unit_and_an_encoded_name_are_read() {
        let fixture = Fixture::debian();
        fixture
            .file("/data/pagefile", "x")
            .file("/etc/systemd/system/data-pagefile.swap", "[Swap]\nWhat=/data/pagefile\n");
        assert_eq!(judged(&fixture.image(), "LOG-12").status, Status::Fail);
        assert!(
            matches!(remedy_of(&fixture.image(), "LOG-12"), Some(Remedy::ByHand(why)) if why.contains("swap unit"))
        );
        let fixture = Fixture::debian();
        fixture.file("/my swap", "x").file("/etc/fstab", "/my\\040swap none swap sw 0 0\n");
        assert_eq!(judged(&fixture.image(), "LOG-12").status, Status::Fail);
        let fixture = Fixture::debian();
        fixture.file("/etc/systemd/system/dev-sdb.swap", "[Swap]\nWhat=/dev/sdb\n");
        assert_eq!(judged(&fixture.image(), "LOG-12").status, Status::Unknown);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in "(?s).{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
            prop_assert!(swap_entries(&text).len() <= text.lines().count());
            prop_assert!(page(&bytes).is_none_or(|page| page <= bytes.len() as u64));
        }
    }
}
