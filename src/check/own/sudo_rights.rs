//! ACC-07: the buyer's login user becomes root with sudo, unasked.

use std::path::Path;

use super::sudoers::{CLOUD_INIT_FILE, Grant, Sudoers};
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::text::{path, visible};
use crate::image::{Error, Image};

const PROGRAMS: [&str; 3] = ["/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo"];

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    cloud_init.whole()?;
    let runs = cloud_init.runs == Runs::Yes;
    let Some(user) = cloud_init.default_user().filter(|_| runs) else {
        let text = "Which account is meant for the buyer is not known: cloud-init makes none.";
        return Ok(Finding::new(Status::Unknown, text));
    };
    let shown = visible(user);
    if user == "root" {
        return Ok(Finding::new(Status::NotApplicable, "The login user is root itself; see ACC-06."));
    }
    if !has_sudo(image)? {
        return Ok(Finding::new(Status::Fail, format!("sudo is not installed, so {shown} cannot become root.")));
    }
    let seeded = seeded_rules(cloud_init, user);
    let sudoers = Sudoers::read(image, &seeded)?;
    let mut groups: Vec<&str> = image.accounts()?.groups_of(user);
    groups.extend(cloud_init.get(&["system_info", "default_user", "groups"]).map(words).unwrap_or_default());
    let (grant, rule) = sudoers.grant(user, &groups);
    let seen: Vec<_> = rule
        .map(|rule| {
            if rule.line == 0 {
                let origin = cloud_init.origin("system_info");
                let text = format!("cloud-init writes this rule to {CLOUD_INIT_FILE}");
                origin.map_or(Observation::fact(&text), |at| Observation::at(&at.path).line(at.line).text(&text))
            } else {
                Observation::at(&rule.path).line(rule.line).text(format!("the rule for {shown} that counts"))
            }
        })
        .into_iter()
        .collect();
    Ok(match grant {
        Grant::Free => {
            let by = match rule.filter(|rule| rule.line != 0) {
                Some(rule) => format!("the rule in {}", path(&rule.path)),
                None => format!("the rule that cloud-init writes to {CLOUD_INIT_FILE}"),
            };
            let text = format!("{shown} may run everything with sudo, without a password, by {by}.");
            Finding::new(Status::Pass, text)
        }
        _ if !sudoers.unclear.is_empty() => {
            let unclear = sudoers.unclear.iter().map(|rule| Observation::at(&rule.path).line(rule.line));
            Finding::new(Status::Unknown, "Some lines of sudo's rules are not understood.").seen(unclear)
        }
        Grant::WithPassword => match &sudoers.asks_for_roots {
            Some(rule) => {
                let fail = format!("sudo asks {shown} for root's password (targetpw), and root has none to give.");
                let seen = Observation::at(&rule.path).line(rule.line).text("Defaults targetpw");
                Finding::new(Status::Fail, fail).seen([seen])
            }
            None => Finding::new(Status::Fail, format!("sudo asks {shown} for a password, and there is none to give.")),
        },
        Grant::None => Finding::new(Status::Fail, format!("No rule lets {shown} become root with sudo.")),
    }
    .seen(seen))
}

/// Whether sudo is installed.
pub(crate) fn has_sudo(image: &Image) -> Result<bool, Error> {
    for program in PROGRAMS {
        if image.stat(Path::new(program))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The lines cloud-init will write for its default user.
fn seeded_rules(cloud_init: &CloudInit, user: &str) -> Vec<String> {
    let rules = match cloud_init.get(&["system_info", "default_user", "sudo"]) {
        Some(Value::Text(rule)) => vec![rule.as_str()],
        Some(Value::List(rules)) => rules.iter().filter_map(Value::text).collect(),
        _ => Vec::new(),
    };
    rules.into_iter().map(|rule| format!("{user} {rule}")).collect()
}

/// A list of names, written as a list or with commas.
pub(super) fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::Text(text) => text.split(',').map(str::trim).collect(),
        Value::List(list) => list.iter().filter_map(Value::text).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn without_rule() -> Fixture {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin");
        let config = String::from_utf8(fixture.read("/etc/cloud/cloud.cfg")).unwrap();
        let config: String = config.split_inclusive('\n').filter(|line| !line.contains("sudo:")).collect();
        fixture.file("/etc/cloud/cloud.cfg", config).file("/etc/sudoers", "@includedir /etc/sudoers.d\n");
        fixture
    }

    #[test]
    fn cloud_inits_rule_will_do() {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin");
        let finding = judged(&fixture.image(), "ACC-07");
        assert_eq!(finding.status, Status::Pass, "{finding:?}");
        assert_eq!(finding.observations[0].path.as_deref(), Some("/etc/cloud/cloud.cfg".as_ref()));
    }

    #[test]
    fn no_rule_fails_and_the_fix_goes_through_cloud_init() {
        let fixture = without_rule();
        assert_eq!(judged(&fixture.image(), "ACC-07").status, Status::Fail);
        mended(&fixture.image(), "ACC-07");
    }

    #[test]
    fn a_rule_that_asks_for_a_password_is_none() {
        let fixture = without_rule();
        fixture.file("/etc/sudoers.d/admins", "%sudo ALL=(ALL:ALL) ALL\n");
        let finding = judged(&fixture.image(), "ACC-07");
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.observations[0].path.as_deref(), Some("/etc/sudoers.d/admins".as_ref()));
    }

    /// ACC-07 on SUSE: the stock rule asks for root's password, cloud-init's does not.
    #[test]
    fn suses_targetpw_counts_unless_a_rule_asks_for_nothing() {
        let stock = "Defaults targetpw   # ask for the password of the target user i.e. root\n\
                     ALL   ALL=(ALL) ALL   # WARNING! Only use this together with 'Defaults targetpw'!\n\
                     root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n";
        let fixture = without_rule();
        fixture.remove("/etc/sudoers").file("/usr/etc/sudoers", stock);
        let finding = judged(&fixture.image(), "ACC-07");
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("root's password"), "{}", finding.summary);
        let seen = &finding.observations[0];
        assert_eq!((seen.path.as_deref(), seen.line), (Some("/usr/etc/sudoers".as_ref()), Some(1)));
        fixture.file("/etc/sudoers.d/90-cloud-init-users", "# User rules for admin\nadmin ALL=(ALL) NOPASSWD:ALL\n");
        assert_eq!(judged(&fixture.image(), "ACC-07").status, Status::Pass);
    }

    #[test]
    fn a_line_that_is_not_understood_is_unknown_with_its_place() {
        let fixture = without_rule();
        fixture.file("/etc/sudoers", "Defaults env_reset\nadmin whatever\n");
        let finding = judged(&fixture.image(), "ACC-07");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Unknown, Some(2)), "{finding:?}");
    }

    #[test]
    fn without_sudo_a_person_must_install_it() {
        let fixture = without_rule();
        fixture.remove("/usr/bin/sudo");
        assert_eq!(judged(&fixture.image(), "ACC-07").status, Status::Fail);
        assert!(matches!(remedy_of(&fixture.image(), "ACC-07"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn without_cloud_init_it_is_unknown() {
        assert_eq!(judged(&Fixture::debian().image(), "ACC-07").status, Status::Unknown);
    }

    #[test]
    fn rules_that_cannot_be_read_are_unknown() {
        let fixture = without_rule();
        fixture.remove("/etc/sudoers").fifo("/etc/sudoers");
        assert_eq!(judged(&fixture.image(), "ACC-07").status, Status::Unknown);
    }
}
