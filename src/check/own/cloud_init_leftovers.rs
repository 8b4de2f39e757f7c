//! IDN-09: what cloud-init wrote for the build instance is gone, where it writes it anew.
//!
//! A file goes only when the next boot does without it or makes it again. What must stay is told with the reason.

use std::path::{Path, PathBuf};

use crate::check::next_boot::{self, DROP_IN};
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::{Error, Image, Kind};

/// Network configuration that cloud-init renders (cloud-init documentation, "clean", `--configs network`).
const NETWORK: [&str; 6] = [
    "/etc/netplan/50-cloud-init.yaml",
    "/etc/network/interfaces.d/50-cloud-init{,.cfg}",
    "/etc/NetworkManager/system-connections/cloud-init-*.nmconnection",
    "/etc/NetworkManager/conf.d/{99-cloud-init,30-cloud-init-ip6-addr-gen-mode}.conf",
    "/etc/systemd/network/10-cloud-init-*.network",
    "/etc/systemd/network/10-cloud-init-*.network.d/*.conf",
];

/// The same for distributions whose file has no name of cloud-init's; its first line says whose it is.
const SYSCONFIG: [&str; 2] = ["/etc/sysconfig/network-scripts/ifcfg-*", "/etc/sysconfig/network/ifcfg-*"];
const HEADER: &str = "# Created by cloud-init";

/// Where the kernel command line may switch cloud-init's network configuration off.
const COMMAND_LINES: [&str; 4] =
    ["/boot/loader/entries/*.conf", "/boot/grub{,2}/grub.cfg", "/etc/default/grub", "/etc/kernel/cmdline"];

/// One thing that cloud-init wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// The file.
    pub(crate) path: PathBuf,
    /// The line, where the rest of the file is not cloud-init's.
    pub(crate) line: Option<u32>,
    /// Why it must stay.
    pub(crate) kept: Option<String>,
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    if cloud_init.runs == Runs::NotInstalled {
        return Ok(Finding::new(Status::NotApplicable, "cloud-init is not installed."));
    }
    let found = leftovers(image, cloud_init)?;
    let seen = |leftover: &Leftover| {
        let text = match &leftover.kept {
            None => "cloud-init writes it anew at the first boot".to_owned(),
            Some(why) => format!("stays: {why}"),
        };
        Observation { line: leftover.line, ..Observation::at(&leftover.path).text(text) }
    };
    let (kept, gone): (Vec<_>, Vec<_>) = found.iter().partition(|leftover| leftover.kept.is_some());
    Ok(if !gone.is_empty() {
        let fail = "Configuration that cloud-init made for the build instance is on the image.";
        Finding::new(Status::Fail, fail).seen(gone.into_iter().chain(kept).map(seen))
    } else if kept.is_empty() {
        Finding::new(Status::Pass, "Nothing that cloud-init made for the build instance is left.")
    } else {
        let pass = "What cloud-init made for the build instance must stay: nothing would make it anew.";
        Finding::new(Status::Pass, pass).seen(kept.into_iter().map(seen))
    })
}

/// Everything that cloud-init wrote for this instance.
///
/// # Errors
/// When a place cannot be read.
pub(crate) fn leftovers(image: &Image, cloud_init: &CloudInit) -> Result<Vec<Leftover>, Error> {
    let mut found = Vec::new();
    let lack = lack(image, cloud_init)?;
    for pattern in NETWORK {
        for path in image.glob(pattern)? {
            found.push(Leftover { path, line: None, kept: lack.clone() });
        }
    }
    for pattern in SYSCONFIG {
        for path in image.glob(pattern)? {
            let is_file = image.stat(&path)?.is_some_and(|meta| meta.kind == Kind::File);
            if is_file && image.read_text(&path)?.is_some_and(|text| text.starts_with(HEADER)) {
                found.push(Leftover { path, line: None, kept: lack.clone() });
            }
        }
    }
    if image.lstat(Path::new(DROP_IN))?.is_some() {
        found.push(Leftover { path: DROP_IN.into(), line: None, kept: needed_drop_in(image)? });
    }
    let fstab = Path::new("/etc/fstab");
    let text = image.read_table(fstab)?.unwrap_or_default();
    let mounts = (cloud_init.runs != Runs::Yes || !cloud_init.has_module("mounts"))
        .then(|| "cloud-init would not write it anew".to_owned());
    for (line, text) in (1_u32..).zip(text.lines()) {
        let is_its_own = text
            .split_whitespace()
            .nth(3)
            .is_some_and(|options| options.split(',').any(|option| option == "comment=cloudconfig"));
        if is_its_own && !text.trim_start().starts_with('#') {
            let fields: Vec<&str> = text.split_whitespace().take(3).collect();
            // cloud-init's own defaults (cc_mounts); anything else was asked for by somebody's user data.
            let is_default = matches!(fields.as_slice(), [_, "/mnt", _] | [_, _, "swap"]);
            let kept = mounts.clone().or_else(|| {
                let why = "the build instance's user data asked for it, and a copy has none: keep or drop it by hand";
                (!is_default).then(|| why.to_owned())
            });
            found.push(Leftover { path: fstab.into(), line: Some(line), kept });
        }
    }
    Ok(found)
}

/// Why cloud-init would not render the network anew at the buyer's first boot.
fn lack(image: &Image, cloud_init: &CloudInit) -> Result<Option<String>, Error> {
    if let Runs::Disabled(why) = &cloud_init.runs {
        return Ok(Some(format!(
            "cloud-init does not run ({}), and the machine would have no network",
            crate::image::text::visible(why)
        )));
    }
    if let Some((path, _)) = cloud_init.broken.first() {
        let path = crate::image::text::path(path);
        return Ok(Some(format!("what cloud-init will do is not known: {path} cannot be understood")));
    }
    let is_off = |value: Option<&Value>| value.and_then(Value::text) == Some("disabled");
    if is_off(cloud_init.get(&["network", "config"])) {
        return Ok(Some("cloud-init is told to leave the network alone".to_owned()));
    }
    for path in COMMAND_LINES {
        for path in image.glob(path)? {
            if image.read_text(&path)?.is_some_and(|text| text.contains("network-config=disabled")) {
                return Ok(Some("the kernel command line tells cloud-init to leave the network alone".to_owned()));
            }
        }
    }
    if cloud_init.datasources().is_some_and(|sources| !sources.iter().any(|source| source.starts_with("Ec2"))) {
        return Ok(Some("cloud-init does not ask EC2, which tells it of the network".to_owned()));
    }
    if cloud_init.get(&["manual_cache_clean"]).and_then(next_boot::truth) == Some(true) {
        return Ok(Some("with manual_cache_clean a copy takes itself for the build instance".to_owned()));
    }
    Ok(None)
}

/// Why sshd's drop-in must stay: it holds more than cloud-init writes, or sshd would let somebody in without it.
fn needed_drop_in(image: &Image) -> Result<Option<String>, Error> {
    let text = image.read_text(Path::new(DROP_IN))?.unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_foreign = |line: &str| {
        let keyword = line.split([' ', '\t', '=']).next().unwrap_or_default();
        !keyword.eq_ignore_ascii_case("PasswordAuthentication")
    };
    if lines.into_iter().any(is_foreign) {
        return Ok(Some("it says more than cloud-init writes".to_owned()));
    }
    let mut overlay = image.overlay().clone();
    overlay.put(image.real_place(Path::new(DROP_IN))?, None);
    let then = image.drafted(overlay);
    let opened = next_boot::opened(image, &then)?;
    let Some(((keyword, whom), _)) = opened.iter().next() else { return Ok(None) };
    let whom =
        whom.as_ref().map_or_else(String::new, |whom| format!(" for {}", crate::image::text::visible(&whom.user)));
    Ok(Some(format!("without it {} would be on{whom}", crate::image::sshd::usual_name(keyword))))
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const INCLUDE: &str = "Include /etc/ssh/sshd_config.d/*.conf\n";

    fn base() -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", INCLUDE);
        fixture
    }

    #[test]
    fn nothing_left_passes_and_without_cloud_init_it_does_not_apply() {
        assert_eq!(judged(&base().image(), "IDN-09").status, Status::Pass);
        assert_eq!(judged(&Fixture::debian().image(), "IDN-09").status, Status::NotApplicable);
    }

    #[test]
    fn what_is_rendered_anew_fails_and_goes() {
        for path in [
            "/etc/netplan/50-cloud-init.yaml",
            "/etc/network/interfaces.d/50-cloud-init",
            "/etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection",
            "/etc/systemd/network/10-cloud-init-ens5.network",
        ] {
            let fixture = base();
            fixture.file(path, "x\n");
            assert_eq!(judged(&fixture.image(), "IDN-09").status, Status::Fail, "{path}");
            assert!(mended(&fixture.image(), "IDN-09").lstat(path.as_ref()).unwrap().is_none());
        }
        let fixture = base();
        fixture
            .file("/etc/sysconfig/network-scripts/ifcfg-eth0", "# Created by cloud-init automatically, do not edit.\n");
        fixture.file("/etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\n");
        assert_eq!(judged(&fixture.image(), "IDN-09").observations.len(), 1);
        mended(&fixture.image(), "IDN-09");
    }

    #[test]
    fn the_only_network_configuration_stays_and_says_why() {
        for cloud in [
            "network: {config: disabled}\n",
            "datasource_list: [ NoCloud ]\n",
            "manual_cache_clean: true\n",
            "network: [\n",
        ] {
            let fixture = base();
            fixture.file("/etc/netplan/50-cloud-init.yaml", "x\n").file("/etc/cloud/cloud.cfg.d/99-n.cfg", cloud);
            let finding = judged(&fixture.image(), "IDN-09");
            assert_eq!(finding.status, Status::Pass, "{cloud}");
            assert!(finding.observations[0].text.as_deref().unwrap().starts_with("stays: "), "{finding:?}");
        }
        let fixture = base();
        fixture.file("/etc/netplan/50-cloud-init.yaml", "x\n").file("/etc/cloud/cloud-init.disabled", "");
        assert_eq!(judged(&fixture.image(), "IDN-09").status, Status::Pass);
    }

    #[test]
    fn sshds_drop_in_stays_where_it_alone_keeps_passwords_off() {
        let fixture = base();
        let drop_in = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
        fixture.file(drop_in, "PasswordAuthentication no\n").file("/etc/netplan/50-cloud-init.yaml", "x\n");
        let finding = judged(&fixture.image(), "IDN-09");
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.observations[1].text.as_deref().unwrap().contains("PasswordAuthentication"), "{finding:?}");
        let after = mended(&fixture.image(), "IDN-09");
        assert!(after.lstat(drop_in.as_ref()).unwrap().is_some());
        assert_eq!(judged(&after, "SSH-01").status, Status::Pass);
        fixture.file("/etc/ssh/sshd_config.d/60-cloudimg-settings.conf", "PasswordAuthentication no\n");
        let after = mended(&fixture.image(), "IDN-09");
        assert!(after.lstat(drop_in.as_ref()).unwrap().is_none());
        fixture.file(drop_in, "PasswordAuthentication no\nPermitRootLogin no\n");
        assert!(judged(&fixture.image(), "IDN-09").observations[1].text.as_deref().unwrap().contains("more than"));
    }

    #[test]
    fn its_mounts_go_from_fstab_and_others_stay() {
        let fixture = base();
        let kept = "UUID=1 / ext4 defaults 0 1\n# /dev/x /y auto comment=cloudconfig 0 2\n";
        fixture.file("/etc/fstab", format!("{kept}/dev/sdb /mnt auto defaults,nofail,comment=cloudconfig 0 2\n"));
        fixture.file("/etc/cloud/cloud.cfg.d/50-m.cfg", "cloud_init_modules: [users-groups, ssh, mounts]\n");
        let finding = judged(&fixture.image(), "IDN-09");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(3)));
        let after = mended(&fixture.image(), "IDN-09");
        assert_eq!(after.read_text("/etc/fstab".as_ref()).unwrap().unwrap(), kept);
        let data = "/dev/sdf /data xfs defaults,nofail,comment=cloudconfig 0 2\n";
        fixture.file("/etc/fstab", format!("{kept}{data}/dev/sdb /mnt auto defaults,nofail,comment=cloudconfig 0 2\n"));
        assert!(format!("{:?}", judged(&fixture.image(), "IDN-09")).contains("user data asked for it"));
    }
}
