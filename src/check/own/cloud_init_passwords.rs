//! SSH-06: cloud-init neither turns passwords on nor sets any.
//!
//! What its first boot would make of sshd's configuration is tried on a draft ([`next_boot`]).

use crate::check::cloud_lines::{self, KeyLine};
use crate::check::next_boot::{self, Written, truth};
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Value};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// Keys of a user that hold a password, in both spellings cloud-init takes.
const PASSWORD_KEYS: [&str; 5] = ["passwd", "hashed_passwd", "plain_text_passwd", "hashed-passwd", "plain-text-passwd"];

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// It turns password logins on; the value should be `false`.
    TurnsOn,
    /// It leaves an account's password unlocked; the value should be `true`.
    Unlocks,
    /// It sets a password; it should go.
    Sets,
}

/// What is wrong with `key`, if anything.
pub(crate) fn weakness(key: &KeyLine) -> Option<Weakness> {
    let keys: Vec<&str> = key.keys.iter().map(String::as_str).collect();
    let in_user = |name: &str| match keys.as_slice() {
        ["users", "-", last] | ["system_info", "default_user", last] | ["user", last] => *last == name,
        _ => false,
    };
    let is_null = matches!(key.value.as_str(), "null" | "~" | "Null" | "NULL" | "{}" | "[]" | "\"\"" | "''");
    match keys.as_slice() {
        ["ssh_pwauth"] if is_true(&key.value) => Some(Weakness::TurnsOn),
        ["password"] | ["chpasswd", "list" | "users"] if !is_null => Some(Weakness::Sets),
        _ if PASSWORD_KEYS.iter().any(|name| in_user(name)) && !is_null => Some(Weakness::Sets),
        _ if (in_user("lock_passwd") || in_user("lock-passwd")) && is_false(&key.value) => Some(Weakness::Unlocks),
        _ => None,
    }
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    let mut seen = Vec::new();
    for path in cloud_lines::files(image)? {
        // What a seed says is not merged here, so each of its lines counts.
        let decides = |key: &KeyLine| {
            let origin = cloud_init.origin("ssh_pwauth");
            path.starts_with("/var") || origin.is_some_and(|origin| origin.path == path && origin.line == key.line)
        };
        let Some(text) = image.read_text(&path)? else { continue };
        for key in cloud_lines::keys(&text) {
            let what = match weakness(&key) {
                Some(Weakness::TurnsOn) if decides(&key) => "turns password logins on",
                Some(Weakness::Unlocks) => "leaves the password unlocked",
                Some(Weakness::Sets) => "sets a password",
                _ => continue,
            };
            let name = visible(&key.keys.join("."));
            seen.push(Observation::at(&path).line(key.line).text(format!("{name}: {what}")));
        }
    }
    if seen.is_empty() {
        seen.extend(merged(cloud_init).into_iter().map(Observation::fact));
    }
    let written = next_boot::written(image)?;
    if let Some(written) = &written {
        seen.extend(opened(image, written)?);
    }
    let unclear = commands(cloud_init);
    Ok(if !seen.is_empty() {
        Finding::new(Status::Fail, "cloud-init's configuration brings passwords to every copy.").seen(seen)
    } else if let Some((path, why)) = cloud_init.broken.first() {
        let why = visible(why);
        Finding::new(Status::Unknown, format!("A file of cloud-init's configuration could not be understood: {why}."))
            .seen([Observation::at(path)])
    } else if !unclear.is_empty() {
        let what =
            "cloud-init changes sshd's configuration or passwords by commands or files of its own at first boot.";
        Finding::new(Status::Unknown, format!("{what} Read them, and try a launch.")).seen(unclear)
    } else if let Some(written) = written {
        let what = "cloud-init's configuration turns no passwords on and sets none; at first boot it writes";
        Finding::new(Status::Pass, format!("{what} `PasswordAuthentication no` to {}.", written.path))
    } else {
        Finding::new(Status::Pass, "cloud-init's configuration turns no passwords on and sets none.")
    })
}

/// What the first boot makes of sshd's settings: each line that then opens what is closed now, or that nothing does.
fn opened(image: &Image, written: &Written) -> Result<Vec<Observation>, Error> {
    let opened = next_boot::opened(image, &written.image)?;
    let mut seen: Vec<Observation> = next_boot::places(&opened)
        .into_iter()
        .map(|(path, line, text)| {
            Observation::at(path).line(line).text(format!("{text} (once the first boot wrote it)"))
        })
        .collect();
    if seen.is_empty() && written.passwords {
        let effective = written.image.sshd()?.effective(None);
        let setting = effective.get("passwordauthentication").filter(|setting| setting.values == ["no"]);
        seen.push(match setting.and_then(|setting| setting.origins.first()) {
            Some(origin) => {
                let text = format!("still decides when the first boot writes `yes` to {}", written.path);
                Observation::at(&origin.path).line(origin.line).text(text)
            }
            None => Observation::at(written.path).text("the first boot writes `PasswordAuthentication yes` here"),
        });
    }
    Ok(seen)
}

/// Commands and files of the configuration that change what sshd or PAM ask: what they do is not worked out.
fn commands(cloud_init: &CloudInit) -> Vec<Observation> {
    const FILES: [&str; 5] = ["/etc/ssh/", "/etc/pam.d/", "/etc/shadow", "/etc/passwd", "/usr/etc/ssh/"];
    const WORDS: [&str; 5] = ["sshd_config", "chpasswd", "passwd", "usermod -p", "PasswordAuthentication"];
    let mut seen = Vec::new();
    let mut add = |key: &str, what: &str| {
        seen.push(match cloud_init.origin(key) {
            Some(origin) => Observation::at(&origin.path).line(origin.line).text(format!("{key}: {what}")),
            None => Observation::fact(format!("{key}: {what}")),
        });
    };
    if let Some(Value::List(files)) = cloud_init.get(&["write_files"]) {
        for file in files {
            let Value::Map(entries) = file else { continue };
            let path = entries.iter().find(|(name, _)| name == "path").and_then(|(_, path)| path.text());
            if let Some(path) = path.filter(|path| FILES.iter().any(|start| path.starts_with(start))) {
                add("write_files", &visible(path));
            }
        }
    }
    for key in ["bootcmd", "runcmd"] {
        let Some(Value::List(commands)) = cloud_init.get(&[key]) else { continue };
        for command in commands {
            let words = match command {
                Value::Text(text) => text.clone(),
                Value::List(words) => words.iter().filter_map(Value::text).collect::<Vec<_>>().join(" "),
                _ => continue,
            };
            if let Some(word) = WORDS.iter().find(|word| words.contains(**word)) {
                add(key, &format!("a command with `{word}`"));
            }
        }
    }
    seen
}

/// The same judged on the merged configuration, for what is not written in block style.
fn merged(cloud_init: &CloudInit) -> Vec<String> {
    let mut seen = Vec::new();
    if cloud_init.get(&["ssh_pwauth"]).and_then(truth) == Some(true) {
        seen.push("ssh_pwauth is on".to_owned());
    }
    for keys in [&["password"][..], &["chpasswd", "list"], &["chpasswd", "users"]] {
        if cloud_init.get(keys).is_some_and(|value| *value != Value::Null) {
            seen.push(format!("{} sets a password", keys.join(".")));
        }
    }
    let mut users: Vec<&Value> = Vec::new();
    users.extend(cloud_init.get(&["system_info", "default_user"]));
    users.extend(cloud_init.get(&["user"]));
    if let Some(Value::List(list)) = cloud_init.get(&["users"]) {
        users.extend(list);
    }
    for user in users {
        let Value::Map(entries) = user else { continue };
        for (name, value) in entries {
            if PASSWORD_KEYS.contains(&name.as_str()) && *value != Value::Null {
                seen.push(format!("{} of a user sets a password", visible(name)));
            }
            if matches!(name.as_str(), "lock_passwd" | "lock-passwd") && *value == Value::Bool(false) {
                seen.push("lock_passwd of a user is false".to_owned());
            }
        }
    }
    seen
}

/// The spellings that cloud-init's `is_true` knows, quoted or not.
fn is_true(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']).to_ascii_lowercase();
    matches!(value.as_str(), "true" | "yes" | "on" | "1" | "y")
}

fn is_false(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']).to_ascii_lowercase();
    matches!(value.as_str(), "false" | "no" | "off" | "0" | "n")
}

#[cfg(test)]
mod tests {
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(drop_in: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/50-x.cfg", drop_in);
        fixture
    }

    #[test]
    fn nothing_said_passes() {
        assert_eq!(judged(&with("ssh_pwauth: false\n").image(), "SSH-06").status, Status::Pass);
        assert_eq!(judged(&with("ssh_pwauth: unchanged\n").image(), "SSH-06").status, Status::Pass);
        assert_eq!(judged(&with("chpasswd:\n  expire: false\n").image(), "SSH-06").status, Status::Pass);
        assert_eq!(judged(&Fixture::debian().image(), "SSH-06").status, Status::Pass);
    }

    #[test]
    fn the_file_that_wins_decides_whether_passwords_are_on() {
        let fixture = with("ssh_pwauth: yes\n");
        let finding = judged(&fixture.image(), "SSH-06");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Fail, Some(1)));
        fixture.file("/etc/cloud/cloud.cfg.d/60-y.cfg", "ssh_pwauth: 0\n");
        assert_eq!(judged(&fixture.image(), "SSH-06").status, Status::Pass);
    }

    #[test]
    fn passwords_are_found_taken_out_and_never_shown() {
        let fixture = with(
            "# kept\nssh_pwauth: \"true\" # on\npassword: hunter22\nchpasswd:\n  expire: false\n  list: |\n    root:hunter22\n\
             users:\n  - name: bob\n    hashed_passwd: hunter22\n    lock_passwd: false\n    shell: /bin/sh\n",
        );
        fixture.file("/var/lib/cloud/seed/nocloud/user-data", "#cloud-config\npassword: hunter22\nhostname: x\n");
        let finding = judged(&fixture.image(), "SSH-06");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 6), "{finding:?}");
        assert!(!format!("{finding:?}").contains("hunter22"));
        let after = mended(&fixture.image(), "SSH-06");
        let read = |path: &str| after.read_text(path.as_ref()).unwrap().unwrap();
        let want = "# kept\nssh_pwauth: false # on\nchpasswd:\n  expire: false\nusers:\n  - name: bob\n    lock_passwd: true\n    shell: /bin/sh\n";
        assert_eq!(read("/etc/cloud/cloud.cfg.d/50-x.cfg"), want);
        assert_eq!(read("/var/lib/cloud/seed/nocloud/user-data"), "#cloud-config\nhostname: x\n");
    }

    #[test]
    fn what_the_first_boot_makes_of_sshd_is_told_with_file_and_line() {
        let fixture = with("ssh_pwauth: true\n");
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
        fixture.file("/etc/ssh/sshd_config.d/60-cloudimg-settings.conf", "PasswordAuthentication no\n");
        let finding = judged(&fixture.image(), "SSH-06");
        let last = finding.observations.last().unwrap();
        let drop_in = "/etc/ssh/sshd_config.d/50-cloud-init.conf";
        assert_eq!((last.path.as_deref(), last.line), (Some(drop_in.as_ref()), Some(1)), "{finding:?}");
        fixture.file("/etc/ssh/sshd_config.d/00-hard.conf", "PasswordAuthentication no\n");
        let finding = judged(&fixture.image(), "SSH-06");
        let last = finding.observations.last().unwrap();
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(last.path.as_deref(), Some("/etc/ssh/sshd_config.d/00-hard.conf".as_ref()), "{finding:?}");
        mended(&fixture.image(), "SSH-06");
    }

    #[test]
    fn what_it_will_write_is_told_where_it_is_harmless() {
        let fixture = with("ssh_pwauth: false\n");
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\n");
        let finding = judged(&fixture.image(), "SSH-06");
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("50-cloud-init.conf"), "{}", finding.summary);
    }

    #[test]
    fn commands_of_the_first_boot_that_touch_passwords_are_for_a_person() {
        for cloud in [
            "runcmd:\n  - [sh, -c, \"echo root:x | chpasswd\"]\n",
            "bootcmd:\n  - sed -i s/no/yes/ /etc/ssh/sshd_config\n",
            "write_files:\n  - path: /etc/ssh/sshd_config.d/00-x.conf\n    content: PasswordAuthentication yes\n",
        ] {
            let finding = judged(&with(cloud).image(), "SSH-06");
            assert_eq!((finding.status, finding.observations[0].line), (Status::Unknown, Some(1)), "{cloud}");
            assert!(!format!("{finding:?}").contains("root:x"));
        }
        let harmless = "runcmd:\n  - systemctl start product\nwrite_files:\n  - path: /etc/motd\n    content: x\n";
        assert_eq!(judged(&with(harmless).image(), "SSH-06").status, Status::Pass);
    }

    #[test]
    fn what_is_not_in_block_style_is_found_and_left_to_a_person() {
        let fixture = with("users: [{name: bob, passwd: hunter22}]\n");
        assert_eq!(judged(&fixture.image(), "SSH-06").status, Status::Fail);
        assert!(matches!(remedy_of(&fixture.image(), "SSH-06"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn a_file_that_is_no_yaml_is_unknown() {
        assert_eq!(judged(&with("a: [\n").image(), "SSH-06").status, Status::Unknown);
    }
}
