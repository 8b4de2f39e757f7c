//! BOT-03: the kernel that boots has the drivers of EC2's network cards and disks, and can reach its root with them.

use super::newest_kernel::by_version;
use crate::check::{Finding, Observation, Status};
use crate::image::kernel::{Driver, Modules};
use crate::image::text::visible;
use crate::image::{Error, Image, initramfs};

/// Instances of the Nitro system have no other network card and no other disks (EC2 User Guide, "Nitro-based
/// instances").
const NEEDED: [(&str, &str); 2] = [("ena", "network cards"), ("nvme", "disks")];
/// What older instance types need besides.
const OLDER: [(&str, &str); 2] = [("xen-netfront", "network cards"), ("xen-blkfront", "disks")];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut kernels = Modules::all(image)?;
    kernels.sort_by(|one, other| by_version(&one.release, &other.release));
    let Some(kernel) = kernels.last() else {
        let unknown = "No kernel with a list of its drivers was found, so which drivers it has is not known.";
        return Ok(Finding::new(Status::Unknown, unknown));
    };
    let shown = visible(&kernel.release);
    let lacks = |(name, what): &(&str, &str)| {
        (kernel.driver(name) == Driver::Missing)
            .then(|| Observation::at(&kernel.path).text(format!("no {name}, for {what}")))
    };
    let missing: Vec<_> = NEEDED.iter().filter_map(lacks).collect();
    if !missing.is_empty() {
        let fail = format!("Kernel {shown} has no driver for the hardware of current instance types.");
        return Ok(Finding::new(Status::Fail, fail).seen(missing));
    }
    let mut remarks = Vec::new();
    if image.arch() != Some("aarch64") {
        let older = OLDER.iter().filter_map(lacks);
        remarks.extend(
            older.map(|seen| Observation {
                text: seen.text.map(|text| format!("{text} of older instance types")),
                ..seen
            }),
        );
    }
    let pass = format!("Kernel {shown} has the drivers for the network cards and disks of current instance types");
    if kernel.driver("nvme") == Driver::BuiltIn {
        return Ok(Finding::new(Status::Pass, format!("{pass}, the one for its root built in.")).seen(remarks));
    }
    let mut names = initramfs::all(image)?.into_iter().filter(|path| {
        let name = path.to_string_lossy();
        name.contains(&kernel.release) && !name.contains("kdump") && !name.contains("rescue")
    });
    let Some(path) = names.next_back() else {
        let unknown = format!(
            "Kernel {shown} needs an initramfs to find its root on current instance types, and there is none in /boot."
        );
        return Ok(Finding::new(Status::Unknown, unknown));
    };
    let mut holds = false;
    initramfs::read(image, &path, &mut |member| {
        let file = member.name.rsplit('/').next().unwrap_or_default();
        holds |= member.is_file() && file.starts_with("nvme.ko");
    })?;
    Ok(if holds {
        Finding::new(Status::Pass, format!("{pass}; its initramfs has the one for its root.")).seen(remarks)
    } else {
        let fail = format!(
            "The initramfs of kernel {shown} has no nvme driver: it does not find its root on current instance types."
        );
        Finding::new(Status::Fail, fail).seen([Observation::at(path).text("no nvme.ko")])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;
    use crate::image::initramfs::tests::cpio;

    const ALL: &str = "kernel/drivers/net/ethernet/amazon/ena/ena.ko.xz:\nkernel/drivers/nvme/host/nvme.ko.xz:\nkernel/a/xen-netfront.ko:\nkernel/a/xen-blkfront.ko:\n";

    fn with(modules: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file("/boot/vmlinuz-6.10-1", "x").file("/lib/modules/6.10-1/modules.dep", modules);
        fixture.file("/boot/vmlinuz-6.9-1", "x").file("/lib/modules/6.9-1/modules.dep", "");
        fixture
    }

    fn judge(fixture: &Fixture) -> Finding {
        judged(&fixture.image(), "BOT-03")
    }

    #[test]
    fn the_newest_kernel_and_its_initramfs_decide() {
        let fixture = with(ALL);
        assert_eq!(judge(&fixture).status, Status::Unknown, "no initramfs");
        fixture.file(
            "/boot/initrd.img-6.10-1",
            cpio(&[("usr/lib/modules/6.10-1/kernel/drivers/nvme/host/nvme.ko.xz", b"x")]),
        );
        let finding = judge(&fixture);
        assert_eq!((finding.status, finding.observations.len()), (Status::Pass, 0), "{finding:?}");
        fixture.file("/boot/initrd.img-6.10-1", cpio(&[("usr/lib/modules/nvme-core.ko", b"x")]));
        assert_eq!(judge(&fixture).status, Status::Fail);
        fixture.file("/boot/initrd.img-6.10-1", "junk junk");
        assert_eq!(judge(&fixture).status, Status::Unknown);
    }

    #[test]
    fn a_driver_that_is_missing_fails_and_one_built_in_needs_no_initramfs() {
        let fixture = with("kernel/drivers/nvme/host/nvme.ko:\n");
        let finding = judge(&fixture);
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.observations[0].text.as_deref().is_some_and(|text| text.contains("ena")));
        let fixture = with("");
        fixture.file("/lib/modules/6.10-1/modules.builtin", ALL.replace(':', ""));
        assert_eq!(judge(&fixture).status, Status::Pass);
        fixture.file("/lib/modules/6.10-1/modules.builtin", "a/ena.ko\na/nvme.ko\n");
        assert_eq!(judge(&fixture).observations.len(), 2, "Xen is a remark");
    }

    #[test]
    fn without_a_kernel_it_is_unknown() {
        assert_eq!(judge(&Fixture::debian()).status, Status::Unknown);
    }
}
