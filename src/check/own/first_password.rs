//! SEC-13: a first password, where there must be one, is random and made on the instance.
//!
//! What sets passwords at first boot is a script that cloud-init, systemd or rc.local runs. Whether its password is a
//! good one only a person can tell; one that is the instance id, or the same for all, is told by its line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind};

/// Scripts and units that run at boot and that no package brings.
const AT_BOOT: [&str; 6] = [
    "/var/lib/cloud/scripts/per-{boot,instance,once}/*",
    "/etc/cloud/cloud.cfg.d/*.cfg",
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/systemd/system/*.service",
    "/usr/local/lib/systemd/system/*.service",
];

/// The most that is read of one script; a longer one is a program.
const SCRIPT: u64 = 1 << 20;

/// What a line of a script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Uses the instance id as a password.
    InstanceId,
    /// Sets a password that stands in the script.
    Fixed,
    /// Sets a password.
    Sets,
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut scripts = BTreeSet::new();
    for pattern in AT_BOOT {
        scripts.extend(image.glob(pattern)?);
    }
    for unit in scripts.clone().into_iter().filter(|path| path.extension().is_some_and(|end| end == "service")) {
        if is_file(image, &unit)? {
            let text = image.read_text(&unit)?.unwrap_or_default();
            scripts.extend(programs(&text));
        }
    }
    let (mut bad, mut seen) = (Vec::new(), Vec::new());
    for path in scripts {
        if !is_file(image, &path)? {
            continue;
        }
        let bytes = image.read_start(&path, SCRIPT)?.unwrap_or_default();
        if memchr::memchr(0, &bytes).is_some() {
            continue;
        }
        for (line, act) in acts(&String::from_utf8_lossy(&bytes)) {
            let observation = Observation::at(&path).line(line);
            match act {
                Act::InstanceId => bad.push(observation.text("the instance id becomes a password")),
                Act::Fixed => bad.push(observation.text("sets a password that is the same on every copy")),
                Act::Sets => seen.push(observation.text("sets a password")),
            }
        }
    }
    Ok(if !bad.is_empty() {
        Finding::new(Status::Fail, "A script gives out a first password that others can know.").seen(bad)
    } else if seen.is_empty() {
        Finding::new(Status::Attest, "No script that runs at boot sets a password, as far as can be seen from here.")
    } else {
        Finding::new(Status::Attest, "Scripts set passwords at boot; confirm that these are random.").seen(seen)
    })
}

fn is_file(image: &Image, path: &Path) -> Result<bool, Error> {
    Ok(image.stat(path)?.is_some_and(|meta| meta.kind == Kind::File))
}

/// The programs that a unit starts (systemd.service(5)), and files that it names on their command lines: a shell's
/// script, for one.
fn programs(unit: &str) -> Vec<PathBuf> {
    let commands = unit.lines().filter_map(|line| {
        let (key, command) = line.trim().split_once('=')?;
        key.trim_end().starts_with("Exec").then_some(command)
    });
    let words = commands.flat_map(str::split_whitespace).map(|word| word.trim_start_matches(['-', '@', ':', '+', '!']));
    let is_path = |word: &&str| word.starts_with('/') && !word.starts_with("/dev/") && !word.starts_with("/proc/");
    words.filter(is_path).take(64).map(PathBuf::from).collect()
}

/// What the lines of `script` do with passwords.
fn acts(script: &str) -> Vec<(u32, Act)> {
    // Variables that hold the instance id.
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(script.lines()) {
        let line = line.trim().trim_start_matches("- ").trim_start_matches("ExecStart=");
        if line.starts_with('#') {
            continue;
        }
        let low = line.to_ascii_lowercase();
        let variable = assigned(line);
        let has_id = ["instance-id", "instance_id", "instanceid"].iter().any(|word| low.contains(word))
            || used(line).any(|name| ids.contains(name));
        let is_password = variable.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("passw") || name.ends_with("pass") || name.ends_with("pwd")
        });
        let sets = SETTERS.iter().any(|word| low.contains(word));
        if has_id && (sets || is_password) {
            found.push((number, Act::InstanceId));
        } else if sets && is_fixed(&low) {
            found.push((number, Act::Fixed));
        } else if sets {
            found.push((number, Act::Sets));
        }
        if let Some(name) = variable.filter(|_| has_id && ids.len() < 64) {
            ids.insert(name.to_owned());
        }
    }
    found
}

/// What sets a password, in lower case.
const SETTERS: [&str; 9] = [
    "chpasswd",
    "passwd --stdin",
    "usermod -p",
    "usermod --password",
    "htpasswd -",
    "identified by",
    "alter role",
    "set-password",
    "reset-password",
];

/// Whether the line gives chpasswd(8) a name and a password with no variable in them.
fn is_fixed(line: &str) -> bool {
    let Some((before, _)) = line.split_once("chpasswd") else { return false };
    let Some((given, _)) = before.rsplit_once('|') else { return false };
    let is_printed = given.contains("echo ") || given.contains("printf ");
    is_printed && given.contains(':') && !given.contains(['$', '`', '%'])
}

/// The variable that a line of a shell script assigns.
fn assigned(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("export ").trim_start_matches("local ").trim_start_matches("readonly ");
    let (name, _) = line.split_once('=')?;
    is_name(name).then_some(name)
}

/// The variables that a line of a shell script uses.
fn used(line: &str) -> impl Iterator<Item = &str> {
    line.split('$').skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches('{');
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
        rest.get(..end)
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn lines_tell_what_the_password_is() {
        for (script, expected) in [
            (
                "ID=$(curl http://169.254.169.254/latest/meta-data/instance-id)\necho \"admin:$ID\" | chpasswd\n",
                vec![(2, Act::InstanceId)],
            ),
            ("INSTANCE_ID=$(ec2-metadata -i)\nADMIN_PASSWORD=${INSTANCE_ID}\n", vec![(2, Act::InstanceId)]),
            ("htpasswd -bc /etc/p admin $(ec2metadata --instance-id)\n", vec![(1, Act::InstanceId)]),
            ("echo 'admin:admin' | chpasswd\n", vec![(1, Act::Fixed)]),
            ("PW=$(openssl rand -base64 18)\necho \"admin:$PW\" | chpasswd\n", vec![(2, Act::Sets)]),
            ("chpasswd < /root/first-password\n", vec![(1, Act::Sets)]),
            ("# echo admin:admin | chpasswd\nID=$(curl -s x/instance-id)\nhostname $ID\n", vec![]),
            ("runcmd:\n  - echo root:x | chpasswd\n", vec![(2, Act::Fixed)]),
        ] {
            assert_eq!(acts(script), expected, "{script}");
        }
    }

    #[test]
    fn scripts_are_found_through_the_units_that_run_them() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "SEC-13").status, Status::Attest);
        let unit = "[Service]\nType=oneshot\nExecStart=-/bin/sh /opt/product/first.sh\n";
        fixture.file("/etc/systemd/system/first.service", unit);
        fixture.file("/opt/product/first.sh", "PW=$(openssl rand -hex 8)\necho \"admin:$PW\" | chpasswd\n");
        let finding = judged(&fixture.image(), "SEC-13");
        let seen = Observation::at("/opt/product/first.sh").line(2).text("sets a password");
        assert_eq!((finding.status, finding.observations), (Status::Attest, vec![seen]));
        fixture.file("/opt/product/first.sh", "echo admin:hunter22 | chpasswd\n");
        let finding = judged(&fixture.image(), "SEC-13");
        assert_eq!(finding.status, Status::Fail);
        assert!(!format!("{finding:?}").contains("hunter22"));
    }

    #[test]
    fn what_is_no_script_is_left_alone() {
        let fixture = Fixture::debian();
        fixture.fifo("/etc/rc.local").file("/etc/systemd/system/a.service", "ExecStart=/usr/bin/a /dev/null\n");
        fixture.file("/usr/bin/a", "\x7fELF\0 echo a:a | chpasswd");
        fixture.link("/etc/systemd/system/b.service", "/dev/null");
        assert_eq!(judged(&fixture.image(), "SEC-13").status, Status::Attest);
    }

    proptest! {
        #[test]
        fn any_script_is_survived(script in "[a-z$={}|: \n/'\"chpasswd]{0,120}", other in "\\PC{0,60}") {
            prop_assert!(acts(&script).len() <= script.lines().count());
            prop_assert!(programs(&other).len() <= 64 && acts(&other).len() <= other.lines().count());
        }
    }
}
