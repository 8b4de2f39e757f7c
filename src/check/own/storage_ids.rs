//! IDN-11: no name under which storage knows the build machine: iSCSI, `NVMe` over fabrics, LVM, multipath.

use std::path::Path;

use crate::check::{Finding, Observation, Status, places};
use crate::image::{Error, Image, Kind};

/// The name an iSCSI initiator logs in under. Debian delivers it with the line `GenerateName=yes`, which the first start
/// replaces; elsewhere it is made when it is missing.
pub(crate) const ISCSI: &str = "/etc/iscsi/initiatorname.iscsi";

/// What is made anew where it is missing (nvme(1), lvmdevices(8)).
const WHOLE: [&str; 3] = ["/etc/nvme/hostid", "/etc/nvme/hostnqn", "/etc/lvm/devices/system.devices"];

/// Lists that hold comments alone until the first path is found (multipathd(8)).
const LISTS: [&str; 2] = ["/etc/multipath/bindings", "/etc/multipath/wwids"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    if let Some(line) = line_of(image, ISCSI, |line| line.starts_with("InitiatorName="))? {
        seen.push(Observation::at(ISCSI).line(line).text("the name of an initiator is set"));
    }
    for path in WHOLE.map(Path::new) {
        if image.lstat(path)?.is_some_and(|meta| meta.kind != Kind::File || meta.size > 0) {
            seen.extend(places::observed(image, path)?);
        }
    }
    for path in LISTS {
        if let Some(line) = line_of(image, path, |line| !line.is_empty() && !line.starts_with('#'))? {
            seen.push(Observation::at(path).line(line).text("a device is named"));
        }
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "Storage has no name for the build machine or its disks.")
    } else {
        Finding::new(Status::Fail, "Storage would know every copy by the build machine's name, or look for its disks.")
            .seen(seen)
    })
}

/// The first line that says so.
fn line_of(image: &Image, path: &str, says: impl Fn(&str) -> bool) -> Result<Option<u32>, Error> {
    let text = image.read_text(Path::new(path))?.unwrap_or_default();
    Ok((1..).zip(text.lines()).find(|(_, line)| says(line.trim())).map(|(number, _)| number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn used(fixture: &Fixture) {
        fixture.file(ISCSI, "## DO NOT EDIT\nInitiatorName=iqn.1993-08.org.debian:01:0123456789a\n").mode(ISCSI, 0o600);
        fixture.file("/etc/nvme/hostnqn", "nqn.2014-08.org.nvmexpress:uuid:0123\n").file("/etc/nvme/hostid", "0123\n");
        fixture
            .file("/etc/lvm/devices/system.devices", "VERSION=1.1.1\n")
            .file("/etc/multipath/wwids", "# Valid\n/3600/\n");
    }

    #[test]
    fn names_fail_and_go() {
        let fixture = Fixture::debian();
        used(&fixture);
        assert_eq!(judged(&fixture.image(), "IDN-11").observations.len(), 5);
        let after = mended(&fixture.image(), "IDN-11");
        let text = after.read_text(ISCSI.as_ref()).unwrap().unwrap();
        assert!(text.contains("\nGenerateName=yes\n"), "{text}");
        assert_eq!(after.stat(ISCSI.as_ref()).unwrap().unwrap().mode, 0o600);
        fixture.file("/etc/os-release", "ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=9.6\n");
        assert!(mended(&fixture.image(), "IDN-11").stat(ISCSI.as_ref()).unwrap().is_none());
    }

    #[test]
    fn what_distributions_deliver_passes() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "IDN-11").status, Status::Pass);
        fixture
            .file(ISCSI, "GenerateName=yes\n")
            .file("/etc/multipath/bindings", "# Multipath bindings, Version : 1.0\n#\n");
        fixture.file("/etc/nvme/hostid", "");
        assert_eq!(judged(&fixture.image(), "IDN-11").status, Status::Pass);
        fixture.directory("/etc/multipath/wwids");
        assert_eq!(judged(&fixture.image(), "IDN-11").status, Status::Unknown);
    }
}
