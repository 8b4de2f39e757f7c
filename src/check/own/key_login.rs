//! SSH-09: the login user gets in with a key, and with nothing but a key.

use super::sudo_rights::words;
use crate::check::kinds::sshd::{at, no_server, refusals};
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::sshd::{Connection, Effective, Setting, Sshd};
use crate::image::text::visible;
use crate::image::{Error, Image};

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    if let Some(problem) = refusals(sshd).next() {
        let why = format!("sshd refuses its configuration: {}.", visible(&problem.message));
        return Ok(Finding::new(Status::Unknown, why).seen([at(&problem.origin)]));
    }
    let cloud_init = image.cloud_init()?;
    cloud_init.whole()?;
    let user = cloud_init.default_user().filter(|_| cloud_init.runs == Runs::Yes);
    let connection = user.map(|user| Connection {
        user: user.to_owned(),
        host: "client.example.com".to_owned(),
        addr: "203.0.113.5".to_owned(),
        laddr: "10.0.0.10".to_owned(),
        lport: sshd.effective(None).value("port").parse().unwrap_or(22),
    });
    let effective = sshd.effective(connection.as_ref());
    let mut groups: Option<Vec<&str>> =
        user.map(|user| image.accounts().map(|accounts| accounts.groups_of(user))).transpose()?;
    if let (Some(user), Some(groups)) = (user, &mut groups) {
        // What cloud-init adds when it makes the user, a group of the user's own included.
        groups.push(user);
        groups.extend(cloud_init.get(&["system_info", "default_user", "groups"]).map(words).unwrap_or_default());
    }
    let mut bad = methods(&effective);
    bad.extend(places(sshd, &effective));
    bad.extend(user.and_then(|_| locked(cloud_init, &effective)).into_iter().flatten());
    if let (Some(user), Some(groups)) = (user, groups) {
        bad.extend(lists(&effective, user, &groups));
    }
    Ok(if !bad.is_empty() {
        Finding::new(Status::Fail, "Logging in with a key would not work.").seen(bad)
    } else if let Some(user) = user {
        let files = visible(
            effective.get("authorizedkeysfile").map_or("", |setting| setting.values.first().map_or("", String::as_str)),
        );
        Finding::new(Status::Pass, format!("{} gets in with a key, which sshd looks for in {files}.", visible(user)))
    } else if ["allowusers", "denyusers", "allowgroups", "denygroups"]
        .iter()
        .any(|list| effective.get(list).is_some_and(|setting| !setting.values.is_empty()))
    {
        Finding::new(Status::Unknown, "sshd keeps lists of who may log in, and which user the buyer gets is not known.")
    } else {
        Finding::new(Status::Pass, "Every account with a key gets in.")
    })
}

/// Without PAM, sshd lets nobody in whose password field begins with `!`, and that is how cloud-init locks the password
/// of the user it makes (OpenSSH, `platform_locked_account`; cloud-init's module reference, `lock_passwd`).
fn locked(cloud_init: &CloudInit, effective: &Effective) -> Option<Vec<Observation>> {
    let is_locked =
        cloud_init.get(&["system_info", "default_user", "lock_passwd"]).and_then(Value::bool).unwrap_or(true);
    let setting = effective.get("usepam").filter(|_| is_locked && effective.value("usepam") == "no")?;
    Some(wrong(setting, "without PAM the login user counts as locked: cloud-init locks its password"))
}

/// What is wrong, on the lines that decide.
fn wrong(setting: &Setting, what: &str) -> Vec<Observation> {
    if setting.origins.is_empty() {
        return vec![Observation::fact(format!("{}: {what}", setting.keyword))];
    }
    setting.origins.iter().map(|origin| at(origin).text(format!("{} ({what})", visible(&origin.text)))).collect()
}

fn methods(effective: &Effective) -> Vec<Observation> {
    let mut bad = Vec::new();
    if let Some(setting) = effective.get("pubkeyauthentication")
        && effective.value("pubkeyauthentication") == "no"
    {
        bad.extend(wrong(setting, "keys are refused"));
    }
    if let Some(setting) = effective.get("authenticationmethods") {
        let words: Vec<&str> = setting.values.iter().flat_map(|value| value.split_whitespace()).collect();
        if !words.is_empty() && !words.iter().any(|word| matches!(*word, "any" | "publickey")) {
            bad.extend(wrong(setting, "a key alone is not enough"));
        }
    }
    bad
}

/// cloud-init puts keys where the main file's last `AuthorizedKeysFile` says, and follows no include
/// (cloud-init, `ssh_util.py`).
fn places(sshd: &Sshd, effective: &Effective) -> Vec<Observation> {
    let Some(setting) = effective.get("authorizedkeysfile") else { return Vec::new() };
    let words: Vec<&str> = setting.values.iter().flat_map(|value| value.split_whitespace()).collect();
    let is_usual = words.iter().any(|word| matches!(*word, ".ssh/authorized_keys" | "%h/.ssh/authorized_keys"));
    if is_usual {
        return Vec::new();
    }
    if words.is_empty() || words.contains(&"none") {
        return wrong(setting, "no key file is read");
    }
    let in_main = !setting.in_match && setting.origins.iter().all(|origin| Some(&origin.path) == sshd.main.as_ref());
    if in_main {
        Vec::new()
    } else {
        wrong(setting, "cloud-init puts the buyer's key elsewhere: it reads the main file only")
    }
}

fn lists(effective: &Effective, user: &str, groups: &[&str]) -> Vec<Observation> {
    let mut bad = Vec::new();
    let judged = [
        ("denyusers", false, true),
        ("allowusers", true, true),
        ("denygroups", false, false),
        ("allowgroups", true, false),
    ];
    for (keyword, allows, is_user) in judged {
        let Some(setting) = effective.get(keyword) else { continue };
        let patterns: Vec<&str> = setting.values.iter().flat_map(|value| value.split_whitespace()).collect();
        if patterns.is_empty() {
            continue;
        }
        let names: &[&str] = if is_user { &[user] } else { groups };
        // What a pattern says of the client's address is SSH-08's business when it allows, and no way in for sure.
        let is_listed = patterns.iter().any(|pattern| {
            let (name, from) = pattern.split_once('@').map_or((*pattern, None), |(name, from)| (name, Some(from)));
            let everywhere = from.is_none_or(|from| from == "*");
            (allows || everywhere) && names.iter().any(|candidate| fits(name, candidate))
        });
        if is_listed != allows {
            let what = if allows { "the login user is not on the list" } else { "the login user is on the list" };
            bad.extend(wrong(setting, what));
        }
    }
    bad
}

/// Whether `name` matches an sshd pattern of `*` and `?` (`ssh_config(5)`, "PATTERNS").
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut here) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while here < name.len() {
        match pattern.get(at) {
            Some('*') => {
                back = Some((at, here));
                at += 1;
            }
            Some(letter) if *letter == '?' || name.get(here) == Some(letter) => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((star, from)) = back else { return false };
                back = Some((star, from + 1));
                at = star + 1;
                here = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn judge(config: &str) -> Finding {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", format!("UsePAM yes\n{config}"));
        judged(&fixture.image(), "SSH-09")
    }

    #[test]
    fn the_defaults_and_lists_with_the_user_pass() {
        for config in [
            "\n",
            "AllowUsers adm*n bob\n",
            "AllowGroups admin\n",
            "AllowGroups sudo\n",
            "DenyUsers root guest\n",
            "DenyUsers admin@192.0.2.1\n",
            "AuthenticationMethods publickey publickey,password\n",
            "AuthorizedKeysFile /etc/keys/%u .ssh/authorized_keys\n",
            "AuthorizedKeysFile /etc/keys/%u\n",
        ] {
            assert_eq!(judge(config).status, Status::Pass, "{config}");
        }
    }

    #[test]
    fn what_keeps_the_buyer_out_fails_on_its_line() {
        for config in [
            "PubkeyAuthentication no\n",
            "AuthenticationMethods publickey,password\n",
            "AllowUsers bob\n",
            "DenyUsers *\n",
            "AllowGroups wheel\n",
            "DenyGroups sudo\n",
            "AuthorizedKeysFile none\n",
            "Match User admin\nPubkeyAuthentication no\n",
        ] {
            let finding = judge(config);
            assert_eq!(finding.status, Status::Fail, "{config}");
            assert!(finding.observations[0].line.is_some(), "{config}");
        }
    }

    #[test]
    fn without_pam_a_locked_user_stays_out() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", "UsePAM no\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Fail);
        let unlocked = "system_info: {default_user: {lock_passwd: false}}\n";
        fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", unlocked);
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Pass);
    }

    #[test]
    fn groups_that_cloud_init_adds_count() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("buyer").file("/etc/ssh/sshd_config", "UsePAM yes\nAllowGroups wheel\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Fail);
        let groups = "system_info: {default_user: {groups: [adm, wheel]}}\n";
        fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", groups);
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Pass);
        fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", "a: [\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Unknown);
    }

    #[test]
    fn a_drop_in_moves_the_key_file_out_of_cloud_inits_sight() {
        let fixture = Fixture::debian();
        fixture
            .openssh("9.2p1")
            .cloud_init("admin")
            .file("/etc/ssh/sshd_config", "UsePAM yes\nInclude /etc/ssh/sshd_config.d/*.conf\n")
            .file("/etc/ssh/sshd_config.d/a.conf", "AuthorizedKeysFile /etc/keys/%u\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Fail);
    }

    #[test]
    fn without_cloud_init_only_lists_of_users_are_in_doubt() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/ssh/sshd_config", "UsePAM yes\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Pass);
        fixture.file("/etc/ssh/sshd_config", "AllowUsers bob\n");
        assert_eq!(judged(&fixture.image(), "SSH-09").status, Status::Unknown);
    }

    #[test]
    fn patterns() {
        assert!(fits("*", "") && fits("a*c", "abbc") && fits("?b*", "ab") && fits("*a*b", "xaxb"));
        assert!(!fits("a", "ab") && !fits("a*c", "ab") && !fits("?", ""));
    }
}
