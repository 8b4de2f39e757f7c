//! BOT-01: what is mounted at boot is there on every copy, or the machine boots without it.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::mounts::{self, Mount};
use crate::image::text::visible;
use crate::image::units::State;
use crate::image::{Error, Image};

pub(crate) const FSTAB: &str = "/etc/fstab";
const CRYPTTAB: &str = "/etc/crypttab";

/// Places without which the system itself is not whole.
pub(crate) const SYSTEM: [&str; 10] =
    ["/", "/usr", "/var", "/etc", "/boot", "/boot/efi", "/efi", "/home", "/opt", "/root"];

/// File systems that live in memory or on top of another.
const VIRTUAL: [&str; 14] = [
    "tmpfs",
    "ramfs",
    "proc",
    "sysfs",
    "devpts",
    "devtmpfs",
    "cgroup",
    "cgroup2",
    "hugetlbfs",
    "mqueue",
    "debugfs",
    "overlay",
    "securityfs",
    "binfmt_misc",
];

/// File systems that lie on another machine.
const REMOTE: [&str; 12] =
    ["nfs", "nfs4", "efs", "cifs", "smb3", "smbfs", "glusterfs", "ceph", "lustre", "fuse.sshfs", "fuse.s3fs", "9p"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    let mut remarks = Vec::new();
    let (table, mut odd) = mounts::fstab(&image.read_table(Path::new(FSTAB))?.unwrap_or_default());
    let mut odd: Vec<_> = odd.drain(..).map(|line| Observation::at(FSTAB).line(line)).collect();
    for mount in &table {
        match trouble(mount) {
            Some(why) => seen.push(Observation::at(FSTAB).line(mount.line).text(why)),
            None => remarks.extend(remark(mount)),
        }
    }
    let (crypts, more) = mounts::crypttab(&image.read_table(Path::new(CRYPTTAB))?.unwrap_or_default());
    odd.extend(more.into_iter().map(|line| Observation::at(CRYPTTAB).line(line)));
    for crypt in &crypts {
        let waits = !crypt.options.iter().any(|option| matches!(option.as_str(), "nofail" | "noauto"));
        if waits && is_named_by_place(&crypt.what) {
            let text =
                format!("{} has another name on another instance, and the boot waits for it", visible(&crypt.what));
            seen.push(Observation::at(CRYPTTAB).line(crypt.line).text(text));
        }
    }
    for unit in &image.units()?.units {
        if unit.state != State::Enabled
            || Path::new(&unit.name).extension().is_none_or(|kind| kind != "mount")
            || !unit.path.starts_with("/etc")
        {
            continue;
        }
        let mount = mounts::unit(&image.read_text(&unit.path)?.unwrap_or_default());
        if let Some(why) = trouble(&mount) {
            seen.push(Observation::at(&unit.path).line(mount.line).text(why));
        }
    }
    Ok(if !seen.is_empty() {
        let fail =
            "A copy would wait at boot for a disk or server that it does not have, and may end in emergency mode.";
        Finding::new(Status::Fail, fail).seen(seen)
    } else if !odd.is_empty() {
        Finding::new(Status::Unknown, "Some lines are not understood: they have too few fields.").seen(odd)
    } else {
        Finding::new(Status::Pass, "What is mounted at boot does not depend on the build machine.").seen(remarks)
    })
}

/// Why a copy may not boot with this entry.
pub(crate) fn trouble(mount: &Mount) -> Option<String> {
    let is_optional = ["nofail", "noauto", "x-systemd.automount"].iter().any(|option| mount.has(option));
    let is_inside = ["bind", "rbind", "loop"].iter().any(|option| mount.has(option));
    if is_optional || is_inside || VIRTUAL.contains(&mount.kind.as_str()) {
        return None;
    }
    let what = visible(&mount.what);
    if REMOTE.contains(&mount.kind.as_str()) {
        return Some(format!("{what} is on another machine, and the boot waits for it"));
    }
    is_named_by_place(&mount.what)
        .then(|| format!("{what} has another name on another instance type, and the boot waits for it"))
}

/// Device names that change with the instance type, the order disks are found in, or both: `/dev/xvdf` is `/dev/nvme1n1`
/// elsewhere (EC2 User Guide, "Device names for volumes"). Names of LVM and RAID, and those below `/dev/disk` but
/// for `by-path`, stay.
fn is_named_by_place(what: &str) -> bool {
    let Some(name) = what.strip_prefix("/dev/") else { return false };
    let starts = ["sd", "xvd", "hd", "vd", "nvme", "disk/by-path/"];
    let follows = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == 'p');
    starts.iter().any(|start| name.strip_prefix(start).is_some_and(follows)) && !name.contains("mapper")
}

/// A file system of its own that the AMI must bring along.
fn remark(mount: &Mount) -> Option<Observation> {
    let by_name =
        ["UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "/dev/disk/"].iter().any(|start| mount.what.starts_with(start));
    let is_own = by_name && mount.place.starts_with('/') && !SYSTEM.contains(&mount.place.as_str());
    (is_own && !mount.has("nofail") && !mount.has("noauto")).then(|| {
        let text = format!("{} must be on a volume of the AMI, or the boot waits for it", visible(&mount.place));
        Observation::at(FSTAB).line(mount.line).text(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(fstab: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file(FSTAB, fstab);
        fixture
    }

    fn status(fstab: &str) -> Status {
        judged(&with(fstab).image(), "BOT-01").status
    }

    #[test]
    fn stock_images_pass() {
        for stock in [
            "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n",
            "LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,commit=30,errors=remount-ro\t0 1\nLABEL=BOOT\t/boot\text4\tdefaults\t0 2\nLABEL=UEFI\t/boot/efi\tvfat\tumask=0077\t0 1\n",
            "UUID=5 / xfs defaults,noatime 1 1\nUUID=A-B /boot/efi vfat defaults,noatime,uid=0,gid=0,umask=0077,shortname=winnt,x-systemd.automount 0 2\n",
            "/dev/xvdb /mnt auto defaults,nofail,x-systemd.requires=cloud-init.service,_netdev,comment=cloudconfig 0 2\n",
            "/dev/mapper/rl-root / xfs defaults 0 0\n/swapfile none swap sw 0 0\ntmpfs /tmp tmpfs defaults 0 0\n/a /b none bind 0 0\n",
        ] {
            assert_eq!(status(stock), Status::Pass, "{stock}");
        }
        assert_eq!(judged(&with("UUID=5 /data xfs defaults 0 2\n").image(), "BOT-01").observations.len(), 1);
    }

    #[test]
    fn disks_and_servers_of_the_build_machine_get_nofail() {
        let fixture = with(
            "UUID=1 / ext4\n/dev/xvdf  /data\txfs  defaults,noatime  0 2  # build\nfs-1.efs.us-east-1.amazonaws.com:/ /efs nfs4 nfsvers=4.1,_netdev 0 0\n/dev/nvme1n1 none swap\n",
        );
        let finding = judged(&fixture.image(), "BOT-01");
        assert_eq!(finding.observations.iter().map(|seen| seen.line).collect::<Vec<_>>(), [Some(2), Some(3), Some(4)]);
        let after = mended(&fixture.image(), "BOT-01");
        let text = after.read_text(FSTAB.as_ref()).unwrap().unwrap();
        assert_eq!(
            text,
            "UUID=1 / ext4\n/dev/xvdf  /data\txfs  defaults,noatime,nofail  0 2  # build\nfs-1.efs.us-east-1.amazonaws.com:/ /efs nfs4 nfsvers=4.1,_netdev,nofail 0 0\n/dev/nvme1n1 none swap defaults,nofail\n"
        );
    }

    #[test]
    fn the_system_itself_and_units_are_for_a_person() {
        for fstab in ["/dev/xvda1 / ext4 defaults 0 1\n", "/dev/sdb1 /var ext4 defaults 0 2\n"] {
            assert!(matches!(remedy_of(&with(fstab).image(), "BOT-01"), Some(Remedy::ByHand(_))), "{fstab}");
        }
        let fixture = with("");
        let unit = "/etc/systemd/system/data.mount";
        fixture
            .file(unit, "[Mount]\nWhat=/dev/sdf\nWhere=/data\n[Install]\nWantedBy=multi-user.target\n")
            .link("/etc/systemd/system/multi-user.target.wants/data.mount", unit);
        let finding = judged(&fixture.image(), "BOT-01");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(2)));
        assert!(matches!(remedy_of(&fixture.image(), "BOT-01"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn crypttab_counts_and_odd_lines_are_unknown() {
        let fixture = with("");
        fixture.file(CRYPTTAB, "data /dev/xvdf none luks\n");
        assert_eq!(judged(&fixture.image(), "BOT-01").status, Status::Fail);
        assert_eq!(status("what is\n"), Status::Unknown);
        let fixture = Fixture::debian();
        fixture.fifo(FSTAB);
        assert_eq!(judged(&fixture.image(), "BOT-01").status, Status::Unknown);
    }
}
