//! `SELinux` labels: what the attribute `security.selinux` of a file says (selinux(8), xattr(7)).

use std::path::Path;

use xattr::FileExt as _;

use super::resolve::errno_of;
use super::{Error, Image};

impl Image {
    /// The label of the regular file at `path`, such as `system_u:object_r:shadow_t:s0`; `None` when it has none, nothing
    /// is there, or the file system keeps none. A draft keeps the label of what it changes.
    ///
    /// # Errors
    /// When it is no regular file or cannot be read.
    pub fn selinux_label(&self, path: &Path) -> Result<Option<String>, Error> {
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        match file.get_xattr("security.selinux") {
            Ok(label) => Ok(label.map(|label| String::from_utf8_lossy(&label).trim_end_matches('\0').to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(Error::io("read the label of", path, errno_of(error))),
        }
    }
}

/// The type in a label: the third of its parts.
pub fn type_of(label: &str) -> Option<&str> {
    label.split(':').nth(2).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn a_label_has_a_type_and_most_files_of_a_test_none() {
        assert_eq!(type_of("system_u:object_r:shadow_t:s0"), Some("shadow_t"));
        assert_eq!(type_of("x"), None);
        let fixture = Fixture::debian();
        assert_eq!(fixture.image().selinux_label("/etc/gone".as_ref()).unwrap(), None);
        fixture.fifo("/etc/fifo");
        assert!(fixture.image().selinux_label("/etc/fifo".as_ref()).is_err());
    }
}
