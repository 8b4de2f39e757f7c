//! LOG-10: nothing of the build lies in the directories for temporary files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::check::{Finding, Status, places};
use crate::image::{Error, Image, Kind};

/// The directories.
const PLACES: [&str; 2] = ["/tmp", "/var/tmp"];

/// Directories that each boot makes, for sockets (systemd's `x11.conf` of tmpfiles.d(5)), and that of a file system's
/// own repair. Nothing in them counts.
const STANDING: [&str; 6] = [".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix", "lost+found"];

/// Beginnings of the names that running services, and this program, keep their files under; this program itself may lie
/// there too, and goes with the last steps (FIN-01).
const IN_USE: [&str; 3] = ["systemd-private-", "snap-private-tmp", "seaworthy"];

/// The deepest that is looked.
const DEPTH: usize = 64;

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for place in PLACES.map(Path::new) {
        // On a running machine a tmpfs is none of the disk that the image is made from.
        let is_on_disk = image.live().is_none_or(|live| !live.is_in_memory(place));
        if is_on_disk && image.stat(place)?.is_some_and(|meta| meta.kind == Kind::Directory) {
            let mut left = Vec::new();
            look(image, &image.real_path(place)?, 0, &mut left)?;
            for path in left {
                seen.extend(places::observed(image, &path)?);
            }
        }
    }
    Ok(match seen.len() {
        0 => Finding::new(Status::Pass, "No temporary file of the build is on the image."),
        1 => Finding::new(Status::Fail, "One temporary file or directory of the build is on the image."),
        many => {
            Finding::new(Status::Fail, format!("{many} temporary files or directories of the build are on the image."))
        }
    }
    .seen(seen))
}

/// Adds to `left` what is to go from `directory`: each entry as a whole, but for directories with something in them
/// that stays. Whether all of it may go.
fn look(image: &Image, directory: &Path, depth: usize, left: &mut Vec<PathBuf>) -> Result<bool, Error> {
    let mut all = true;
    for entry in image.list(directory)? {
        let path = directory.join(&entry.name);
        match entry.kind {
            // Sockets and FIFOs hold nothing, and somebody may still speak through them.
            Kind::Fifo | Kind::Socket | Kind::Device => all = false,
            _ if stays(image, &entry.name, depth) => all = false,
            Kind::File | Kind::Symlink => left.push(path),
            Kind::Directory => {
                let before = left.len();
                if depth > DEPTH || look(image, &path, depth + 1, left)? {
                    left.truncate(before);
                    left.push(path);
                } else {
                    all = false;
                }
            }
        }
    }
    Ok(all)
}

fn stays(image: &Image, name: &OsStr, depth: usize) -> bool {
    let begins = |start: &&str| name.as_bytes().starts_with(start.as_bytes());
    depth == 0
        && (STANDING.iter().any(|standing| name == *standing) || image.live().is_some() && IN_USE.iter().any(begins))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_the_build_left_goes_and_sockets_stay() {
        let fixture = Fixture::debian();
        fixture.directory("/tmp/.X11-unix").directory("/var/tmp").fifo("/tmp/tmux-0/default");
        assert_eq!(judged(&fixture.image(), "LOG-10").status, Status::Pass);
        fixture
            .file("/tmp/build/a/b", "x")
            .file("/tmp/tmux-0/note", "x")
            .link("/var/tmp/l", "/etc/passwd")
            .directory("/var/tmp/empty");
        fixture.file("/var/tmp/systemd-private-0-ntp.service-x/tmp/f", "x");
        let seen = judged(&fixture.image(), "LOG-10").observations;
        let paths: Vec<_> = seen.iter().filter_map(|seen| seen.path.as_deref()?.to_str()).collect();
        let stale = "/var/tmp/systemd-private-0-ntp.service-x";
        assert_eq!(paths, ["/tmp/build", "/tmp/tmux-0/note", "/var/tmp/empty", "/var/tmp/l", stale]);
        let after = mended(&fixture.image(), "LOG-10");
        assert!(after.stat("/etc/passwd".as_ref()).unwrap().is_some());
    }

    #[test]
    fn services_that_run_keep_their_files() {
        let fixture = Fixture::debian();
        fixture.file("/var/tmp/systemd-private-0-ntp.service-x/tmp/f", "x").file("/tmp/seaworthy-x/report.json", "x");
        fixture.file("/tmp/seaworthy", "the program that runs");
        assert_eq!(judged(&fixture.image().taken_for_live(), "LOG-10").status, Status::Pass);
    }

    #[test]
    fn an_image_without_the_directories_passes_and_an_odd_one_is_unknown() {
        assert_eq!(judged(&Fixture::debian().image(), "LOG-10").status, Status::Pass);
        let fixture = Fixture::debian();
        fixture.link("/tmp", "/tmp");
        assert_eq!(judged(&fixture.image(), "LOG-10").status, Status::Unknown);
    }
}
