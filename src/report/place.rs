//! Where a report may go: anywhere but onto the image.

use std::path::{Component, Path, PathBuf};

use crate::change::state::is_on;
use crate::image::{Image, Mode, text};

/// `directory` as an absolute path, if it is not on the image.
///
/// # Errors
/// When it is on the image, or that cannot be told; one line with a way out.
pub fn off_image(image: &Image, directory: &Path) -> Result<PathBuf, String> {
    let shown = text::path(directory);
    if directory.components().any(|part| part == Component::ParentDir) {
        return Err(format!("cannot use {shown}: write it without `..`"));
    }
    match is_on(image, directory) {
        Err(error) => Err(error.to_string()),
        Ok(true) => Err(match image.mode() {
            Mode::Live => format!(
                "{shown} is on a disk of the machine you are preparing, and may be published with it; choose a directory \
                 below /run and copy the report from there"
            ),
            Mode::Offline => {
                format!("{shown} is on the image, and would be published with it; choose a directory outside")
            }
        }),
        Ok(false) => std::path::absolute(directory).map_err(|error| format!("cannot use {shown}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_never_goes_onto_the_image() {
        let image = tempfile::tempdir().unwrap();
        for directory in ["etc", "usr"] {
            mkdir(&image.path().join(directory));
        }
        let outside = tempfile::tempdir().unwrap();
        let link = outside.path().join("link");
        std::os::unix::fs::symlink(image.path(), &link).unwrap();
        let opened = Image::open(image.path()).unwrap();
        let off = |directory: &Path| off_image(&opened, directory);
        assert!(off(&image.path().join("srv/report")).is_err());
        assert!(off(&link.join("report")).is_err());
        assert!(off(&outside.path().join("../x")).is_err());
        assert_eq!(off(&outside.path().join("new/report")).unwrap(), outside.path().join("new/report"));
    }

    #[test]
    fn on_a_running_machine_only_memory_is_off_every_disk() {
        let machine = Image::open(Path::new("/")).unwrap();
        assert!(off_image(&machine, Path::new("/dev/shm/report")).is_ok());
        // Another file system than that of `/`, and none in memory: as a second disk is.
        let why = off_image(&machine, Path::new("/proc/report")).unwrap_err();
        assert!(why.contains("a disk of the machine"), "{why}");
    }

    #[expect(clippy::disallowed_methods, reason = "builds the test's own image")]
    fn mkdir(path: &Path) {
        std::fs::create_dir(path).unwrap();
    }
}
