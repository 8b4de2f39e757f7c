//! The drivers of each kernel on the image, from the lists depmod(8) and the kernel's build leave beside them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::image::{Error, Image, Kind};

/// Where a driver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// In the kernel itself (`modules.builtin`).
    BuiltIn,
    /// A file beside it (`modules.dep`).
    Module,
    /// Nowhere.
    Missing,
}

/// One kernel's drivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    /// The kernel's release, such as `6.1.0-28-cloud-amd64`.
    pub release: String,
    /// The directory of its modules.
    pub path: PathBuf,
    builtin: BTreeSet<String>,
    files: BTreeSet<String>,
}

impl Modules {
    /// Every kernel of the image that has both a kernel file and lists of its drivers, by release in byte order.
    ///
    /// # Errors
    /// When a list is there and cannot be read.
    pub fn all(image: &Image) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        let mut directories = image.glob("/lib/modules/*")?;
        if directories.is_empty() {
            directories = image.glob("/usr/lib/modules/*")?;
        }
        for path in directories {
            let Some(release) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if image.stat(&path)?.is_none_or(|meta| meta.kind != Kind::Directory) {
                continue;
            }
            let kernels = [
                format!("/boot/vmlinuz-{release}"),
                format!("/boot/vmlinux-{release}"),
                format!("/boot/Image-{release}"),
            ];
            let mut has_kernel = image.stat(&path.join("vmlinuz"))?.is_some();
            for kernel in kernels {
                has_kernel |= image.stat(kernel.as_ref())?.is_some();
            }
            let Some(files) = image.read_text(&path.join("modules.dep"))?.filter(|_| has_kernel) else { continue };
            let builtin = image.read_text(&path.join("modules.builtin"))?.unwrap_or_default();
            let (builtin, files) = (names(&builtin), names(&files));
            found.push(Self { release, path, builtin, files });
        }
        Ok(found)
    }

    /// Where the driver called `name` is; `-` and `_` are the same.
    pub fn driver(&self, name: &str) -> Driver {
        let name = name.replace('-', "_");
        if self.builtin.contains(&name) {
            Driver::BuiltIn
        } else if self.files.contains(&name) {
            Driver::Module
        } else {
            Driver::Missing
        }
    }
}

/// The names of the modules a list speaks of: `kernel/drivers/…/ena.ko.xz: …` is `ena`.
fn names(list: &str) -> BTreeSet<String> {
    let path = |line: &'_ str| line.split(':').next().unwrap_or_default().trim().to_owned();
    let stem = |path: String| {
        let file = path.rsplit('/').next()?;
        let (name, _) = file.split_once(".ko")?;
        (!name.is_empty()).then(|| name.replace('-', "_"))
    };
    list.lines().map(path).filter_map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn drivers_are_found_built_in_or_beside() {
        let fixture = Fixture::debian();
        fixture
            .file(
                "/lib/modules/6.1/modules.dep",
                "kernel/drivers/net/ethernet/amazon/ena/ena.ko.xz:\nkernel/x/xen-blkfront.ko: kernel/a.ko\n",
            )
            .file("/lib/modules/6.1/modules.builtin", "kernel/drivers/nvme/host/nvme.ko\n");
        assert_eq!(Modules::all(&fixture.image()).unwrap(), [], "no kernel boots with them");
        fixture.file("/boot/vmlinuz-6.1", "x");
        let all = Modules::all(&fixture.image()).unwrap();
        let [modules] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(modules.release, "6.1");
        assert_eq!(modules.driver("ena"), Driver::Module);
        assert_eq!(modules.driver("xen_blkfront"), Driver::Module);
        assert_eq!(modules.driver("nvme"), Driver::BuiltIn);
        assert_eq!(modules.driver("a"), Driver::Missing);
    }

    proptest::proptest! {
        #[test]
        fn no_list_panics(list in "[a-z/.:\n ko-]{0,80}") {
            let _ = names(&list);
        }
    }
}
