//! KEY-02: something makes host keys at the first boot of a copy.
//!
//! cloud-init's `ssh` module does (cloud-init documentation, "SSH"); so do units of the RHEL family, Amazon Linux,
//! Debian 13 and SUSE; and any enabled unit that runs `ssh-keygen -A`.

use std::path::Path;

use super::{host_keys, machine_id};
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::text::visible;
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

/// The RHEL family's drop-in that leaves the keys to cloud-init.
const INHIBITS: &str = "disable-sshd-keygen-if-cloud-init-active.conf";

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    if image.sshd()?.main.is_none() {
        return Ok(crate::check::kinds::sshd::no_server());
    }
    let mut lacks = Vec::new();
    match by_cloud_init(image, image.cloud_init()?)? {
        Ok(pass) => return Ok(pass),
        Err(why) => lacks.push(why),
    }
    match by_unit(image)? {
        Ok(pass) => return Ok(pass),
        Err(why) => lacks.extend(why),
    }
    // A file that could not be understood may have set it otherwise.
    image.cloud_init()?.whole()?;
    let fail = "Nothing makes new host keys at the first boot; without keys the SSH server does not start.";
    Ok(Finding::new(Status::Fail, fail).seen(lacks))
}

type Judged<T> = Result<Result<Finding, T>, Error>;

fn by_cloud_init(image: &Image, cloud_init: &CloudInit) -> Judged<Observation> {
    let lacks = |why: &str| Ok(Err(Observation::fact(why)));
    let at = |key: &str, why: &str| match cloud_init.origin(key) {
        Some(origin) => Ok(Err(Observation::at(&origin.path).line(origin.line).text(why))),
        None => Ok(Err(Observation::fact(why))),
    };
    if !cloud_init.broken.is_empty() {
        return lacks("cloud-init's configuration is not all understood");
    }
    match &cloud_init.runs {
        Runs::Yes => {}
        Runs::NotInstalled => return lacks("cloud-init is not installed"),
        Runs::Disabled(why) => return lacks(&format!("cloud-init will not run: {}", visible(why))),
    }
    if !cloud_init.has_module("ssh") {
        return at("cloud_init_modules", "cloud-init's list of modules has no `ssh`");
    }
    if makes_no_keys(cloud_init) {
        return at("ssh_genkeytypes", "cloud-init is told to make no keys (ssh_genkeytypes)");
    }
    if keeps_keys(cloud_init) && host_keys::any(image)? {
        return at(
            "ssh_deletekeys",
            "cloud-init is told to keep the keys it finds, and there are keys (ssh_deletekeys)",
        );
    }
    let pass = "cloud-init makes new host keys at the first boot (its ssh module).";
    Ok(Ok(Finding::new(Status::Pass, pass)))
}

/// `ssh_genkeytypes` is there and empty.
pub(crate) fn makes_no_keys(cloud_init: &CloudInit) -> bool {
    match cloud_init.get(&["ssh_genkeytypes"]) {
        None => false,
        Some(Value::List(types)) => types.is_empty(),
        Some(Value::Text(text)) => text.trim().is_empty(),
        Some(_) => true,
    }
}

/// `ssh_deletekeys` is off.
pub(crate) fn keeps_keys(cloud_init: &CloudInit) -> bool {
    match cloud_init.get(&["ssh_deletekeys"]) {
        None => false,
        Some(Value::Bool(on)) => !on,
        Some(Value::Text(text)) => !matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"),
        Some(Value::Integer(number)) => *number != 1,
        Some(_) => true,
    }
}

fn by_unit(image: &Image) -> Judged<Vec<Observation>> {
    let units = image.units()?;
    let mut lacks = Vec::new();
    let pass = |unit: &Unit, how: &str| {
        let text = format!("{} makes new host keys at the first boot{how}.", visible(&unit.name));
        Ok(Ok(Finding::new(Status::Pass, text).seen([Observation::at(&unit.path)])))
    };
    for unit in &units.units {
        let is_keygen = ["sshd-keygen", "ssh-keygen"].iter().any(|start| unit.name.starts_with(start));
        let is_server = matches!(unit.name.as_str(), "sshd.service" | "ssh.service");
        let is_own = unit.state == State::Enabled && unit.path.starts_with("/etc");
        if unit.state == State::Masked || !unit.name.ends_with(".service") || !(is_keygen || is_server || is_own) {
            continue;
        }
        let text = image.read_text(&unit.path)?.unwrap_or_default();
        let runs: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("Exec")).collect();
        let runs_keygen = runs.iter().any(|line| line.contains("ssh-keygen -A"));
        if is_server && runs.iter().any(|line| line.contains("sshd-gen-keys-start")) {
            let sysconfig = image.read_text(Path::new("/etc/sysconfig/ssh"))?.unwrap_or_default();
            if switched_off(&sysconfig, "SSHD_AUTO_KEYGEN") {
                lacks.push(Observation::at("/etc/sysconfig/ssh").text("SSHD_AUTO_KEYGEN is no"));
                continue;
            }
            return pass(unit, "");
        }
        if is_own && (runs_keygen || is_keygen) && !text.contains("ConditionFirstBoot=") {
            return pass(unit, "");
        }
        if is_server && runs_keygen {
            return pass(unit, "");
        }
        if !is_keygen {
            continue;
        }
        if text.contains("ConditionFirstBoot=yes") && !machine_id::is_first_boot(image)? {
            let why = format!("{} runs only where /etc/machine-id is missing or `uninitialized`", visible(&unit.name));
            lacks.push(Observation::at(&unit.path).text(why));
            continue;
        }
        let template = unit.name.split_once('@').map_or(unit.name.clone(), |(name, _)| format!("{name}@.service"));
        if let Some(path) = inhibited(image, &template)? {
            lacks.push(Observation::at(path).text("leaves the keys to cloud-init, which runs"));
            continue;
        }
        if unit.state == State::Enabled || is_wanted(image, &unit.name)? {
            return pass(unit, "");
        }
        lacks.push(Observation::at(&unit.path).text(format!("{} is not started by anything", visible(&unit.name))));
    }
    Ok(Err(lacks))
}

/// Whether the drop-in is in force: cloud-init must be there and enabled for that.
fn inhibited(image: &Image, unit: &str) -> Result<Option<String>, Error> {
    if image.cloud_init()?.runs != Runs::Yes {
        return Ok(None);
    }
    for directory in ["/etc/systemd/system", "/usr/lib/systemd/system"] {
        let path = format!("{directory}/{unit}.d/{INHIBITS}");
        if let Some(text) = image.read_text(Path::new(&path))?
            && !text.trim().is_empty()
        {
            return Ok(Some(path));
        }
        if image.lstat(Path::new(&path))?.is_some() {
            // An empty file, or a link to /dev/null, in /etc takes the other's place.
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether the server's own unit pulls it in, by itself or through `sshd-keygen.target`.
fn is_wanted(image: &Image, name: &str) -> Result<bool, Error> {
    let template = name.split_once('@').map(|(start, _)| format!("{start}@"));
    for server in ["sshd.service", "ssh.service", "sshd-keygen.target"] {
        let Some(unit) = image.units()?.unit(server) else { continue };
        let text = image.read_text(&unit.path)?.unwrap_or_default();
        let pulls = |line: &&str| line.starts_with("Wants=") || line.starts_with("Requires=");
        let mut words = text.lines().map(str::trim).filter(pulls).flat_map(|line| line.split(['=', ' ']));
        let is_it = |word: &str| word == name || template.as_ref().is_some_and(|start| word.starts_with(start));
        if words.any(is_it) && (server != "sshd-keygen.target" || target_is_wanted(image)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn target_is_wanted(image: &Image) -> Result<bool, Error> {
    let units = image.units()?;
    for unit in ["sshd.service", "ssh.service"].iter().filter_map(|name| units.unit(name)) {
        let text = image.read_text(&unit.path)?.unwrap_or_default();
        if text.lines().any(|line| line.trim_start().starts_with("Wants=") && line.contains("sshd-keygen.target")) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn switched_off(text: &str, key: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim().split_once('='))
        .any(|(name, value)| name == key && matches!(value.trim_matches(['"', '\'']), "no" | "NO" | "No"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn debian() -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n").file("/usr/bin/ssh-keygen", "\x7fELF");
        fixture
    }

    fn status(fixture: &Fixture) -> Status {
        judged(&fixture.image(), "KEY-02").status
    }

    #[test]
    fn cloud_init_makes_keys_unless_it_is_told_not_to() {
        let fixture = debian();
        fixture.cloud_init("admin").file("/etc/ssh/ssh_host_rsa_key", "x");
        assert_eq!(status(&fixture), Status::Pass);
        for wrong in ["ssh_deletekeys: false\n", "ssh_genkeytypes: ~\n", "ssh_genkeytypes: []\n"] {
            fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", wrong);
            assert_eq!(status(&fixture), Status::Fail, "{wrong}");
            mended(&fixture.image(), "KEY-02");
        }
        fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", "ssh_deletekeys: false\n").remove("/etc/ssh/ssh_host_rsa_key");
        assert_eq!(status(&fixture), Status::Pass, "there is nothing to keep");
    }

    #[test]
    fn configuration_that_is_not_understood_is_unknown() {
        let fixture = debian();
        fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/10-x.cfg", "a: [\n");
        assert_eq!(status(&fixture), Status::Unknown);
    }

    #[test]
    fn amazon_linux_2_leaves_it_to_the_servers_keygen_unit() {
        let fixture = debian();
        fixture
            .cloud_init("ec2-user")
            .file("/etc/cloud/cloud.cfg.d/10-al2.cfg", "ssh_deletekeys: false\nssh_genkeytypes: ~\n")
            .file("/usr/lib/systemd/system/sshd.service", "[Unit]\nAfter=network.target sshd-keygen.service\nWants=sshd-keygen.service\n[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n")
            .file("/usr/lib/systemd/system/sshd-keygen.service", "[Unit]\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_rsa_key\n[Service]\nExecStart=/usr/sbin/sshd-keygen\n");
        let finding = judged(&fixture.image(), "KEY-02");
        assert_eq!(finding.status, Status::Pass, "{finding:?}");
        assert!(finding.summary.contains("sshd-keygen.service"), "{finding:?}");
        fixture.link("/etc/systemd/system/sshd-keygen.service", "/dev/null");
        assert_eq!(status(&fixture), Status::Fail);
    }

    #[test]
    fn amazon_linux_2023_has_both_and_names_cloud_init() {
        let fixture = debian();
        fixture
            .cloud_init("ec2-user")
            .file("/usr/lib/systemd/system/sshd.service", "[Unit]\nWants=sshd-keygen.target\n[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n")
            .file("/usr/lib/systemd/system/sshd-keygen.target", "[Unit]\nWants=sshd-keygen@rsa.service\nWants=sshd-keygen@ed25519.service\n")
            .file("/usr/lib/systemd/system/sshd-keygen@.service", "[Service]\nExecStart=/usr/libexec/openssh/sshd-keygen %i\n");
        assert!(judged(&fixture.image(), "KEY-02").summary.contains("cloud-init"));
        fixture.file("/etc/cloud/cloud-init.disabled", "");
        assert!(judged(&fixture.image(), "KEY-02").summary.contains("sshd-keygen@"));
    }

    #[test]
    fn debian_12_and_older_ubuntus_have_cloud_init_alone() {
        let fixture = debian();
        fixture.cloud_init("admin");
        assert!(judged(&fixture.image(), "KEY-02").summary.contains("cloud-init"));
        let server = "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n[Install]\nWantedBy=multi-user.target\n";
        fixture.file("/usr/lib/systemd/system/ssh.service", server);
        for (path, text) in [
            ("/etc/cloud/cloud-init.disabled", ""),
            ("/etc/default/grub", "GRUB_CMDLINE_LINUX=cloud-init=disabled\n"),
            ("/boot/loader/entries/a.conf", "options ro cloud-init=disabled\n"),
            ("/etc/kernel/cmdline", "root=x cloud-init=disabled\n"),
            ("/etc/cloud/ds-identify.cfg", "policy: disabled\n"),
            ("/etc/cloud/cloud.cfg.d/10-x.cfg", "datasource_list: [ None ]\n"),
        ] {
            fixture.file(path, text);
            assert_eq!(status(&fixture), Status::Fail, "{path}");
            mended(&fixture.image(), "KEY-02");
            fixture.remove(path);
        }
        fixture.link("/etc/systemd/system/cloud-init-local.service", "/dev/null");
        assert_eq!(status(&fixture), Status::Fail, "a masked unit");
    }

    #[test]
    fn without_cloud_init_a_unit_of_its_own_is_made() {
        let fixture = debian();
        assert_eq!(status(&fixture), Status::Fail);
        let after = mended(&fixture.image(), "KEY-02");
        assert!(judged(&after, "KEY-02").summary.contains("ssh-keygen-at-boot.service"));
    }

    #[test]
    fn debian_13s_unit_needs_a_first_boot() {
        let fixture = debian();
        fixture
            .file("/usr/lib/systemd/system/sshd-keygen.service", "[Unit]\nConditionFirstBoot=yes\n[Service]\nExecStart=/usr/bin/ssh-keygen -A\n[Install]\nWantedBy=multi-user.target\n")
            .link("/etc/systemd/system/multi-user.target.wants/sshd-keygen.service", "/usr/lib/systemd/system/sshd-keygen.service")
            .file("/etc/machine-id", "");
        assert_eq!(status(&fixture), Status::Fail, "an empty machine-id is no first boot");
        fixture.file("/etc/machine-id", "uninitialized\n");
        assert_eq!(status(&fixture), Status::Pass);
    }

    #[test]
    fn the_rhel_familys_units_leave_it_to_a_cloud_init_that_runs() {
        let fixture = debian();
        fixture
            .file("/usr/lib/systemd/system/sshd.service", "[Unit]\nWants=sshd-keygen.target\n[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n")
            .file("/usr/lib/systemd/system/sshd-keygen.target", "[Unit]\nWants=sshd-keygen@rsa.service\nWants=sshd-keygen@ed25519.service\n")
            .file("/usr/lib/systemd/system/sshd-keygen@.service", "[Service]\nExecStart=/usr/libexec/openssh/sshd-keygen %i\n");
        assert_eq!(status(&fixture), Status::Pass);
        let drop_in = format!("/usr/lib/systemd/system/sshd-keygen@.service.d/{INHIBITS}");
        fixture.file(&drop_in, "[Unit]\nConditionPathExists=!/run/x\n");
        assert_eq!(status(&fixture), Status::Pass, "no cloud-init, no inhibition");
        fixture.cloud_init("ec2-user").file("/etc/cloud/cloud.cfg.d/10-x.cfg", "ssh_genkeytypes: ~\n");
        assert_eq!(status(&fixture), Status::Fail);
    }

    #[test]
    fn suse_makes_them_when_the_server_starts() {
        let fixture = debian();
        fixture.file(
            "/usr/lib/systemd/system/sshd.service",
            "[Service]\nExecStartPre=/usr/sbin/sshd-gen-keys-start\nExecStart=/usr/sbin/sshd -D\n",
        );
        assert_eq!(status(&fixture), Status::Pass);
        fixture.file("/etc/sysconfig/ssh", "SSHD_AUTO_KEYGEN=\"no\"\n");
        assert_eq!(status(&fixture), Status::Fail);
    }
}
