//! ACC-05: nobody of the build is left: no account a person can log in to but the buyer's, and nothing of accounts that
//! are gone: no home, crontab, mailbox, lingering session or rule of sudo's.

use super::sudoers::Sudoers;
use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Runs;
use crate::image::text::visible;
use crate::image::{Error, Image, Kind};

/// Accounts that build tools make; they count whatever their user id and shell.
const BUILD_NAMES: [&str; 14] = [
    "packer",
    "vagrant",
    "ansible",
    "jenkins",
    "gitlab-runner",
    "buildkite-agent",
    "teamcity",
    "bamboo",
    "puppet-build",
    "chef-build",
    "terraform",
    "kitchen",
    "travis",
    "circleci",
];

/// Where ids of people end on systemd's map (above are containers, dynamic users and nobody).
const LAST_PERSON: u32 = 60000;

/// Files that bear the name of the account they belong to.
const OF_ACCOUNTS: [&str; 6] = [
    "/var/lib/systemd/linger/*",
    "/var/spool/cron/crontabs/*",
    "/var/spool/cron/tabs/*",
    "/var/spool/cron/*",
    "/var/spool/mail/*",
    "/var/mail/*",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let accounts = image.accounts()?;
    let cloud_init = image.cloud_init()?;
    let buyers = cloud_init.default_user().filter(|_| cloud_init.runs == Runs::Yes);
    let (mut bad, mut unsure) = (Vec::new(), Vec::new());
    for user in &accounts.users {
        let at = |what: &str| {
            Observation::at("/etc/passwd").line(user.line).text(format!("{}: {what}", visible(&user.name)))
        };
        let is_person = (accounts.uid_min..=LAST_PERSON).contains(&user.uid) && user.can_log_in();
        if Some(user.name.as_str()) == buyers {
            continue;
        }
        if BUILD_NAMES.contains(&user.name.as_str()) {
            bad.push(at("a name that build tools use"));
        } else if is_person && buyers.is_some() {
            bad.push(at("can be logged in to, and is not the buyer's login user"));
        } else if is_person {
            unsure.push(at("can be logged in to"));
        }
    }
    for home in accounts.homes.iter().filter(|home| home.user.is_none() && !home.path.ends_with("lost+found")) {
        bad.push(Observation::at(&home.path).text("a home that belongs to no account"));
    }
    bad.extend(left_behind(image, buyers)?);
    Ok(if !bad.is_empty() {
        Finding::new(Status::Fail, "Accounts or homes of the build are left on the image.").seen(bad).seen(unsure)
    } else if unsure.len() > 1 || (unsure.len() == 1 && buyers.is_none()) {
        Finding::new(Status::Unknown, "Which account is meant for the buyer is not known: cloud-init makes none.")
            .seen(unsure)
    } else {
        Finding::new(Status::Pass, "No account but the buyer's can be logged in to by a person.")
    })
}

/// What accounts that are gone left behind.
fn left_behind(image: &Image, buyers: Option<&str>) -> Result<Vec<Observation>, Error> {
    let accounts = image.accounts()?;
    let is_gone = |name: &str| accounts.user(name).is_none() && Some(name) != buyers;
    let mut seen: Vec<Observation> = Vec::new();
    for pattern in OF_ACCOUNTS {
        for path in image.glob(pattern)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_file = image.lstat(&path)?.is_some_and(|meta| meta.kind == Kind::File);
            let is_known =
                seen.iter().any(|seen| seen.path.as_deref().and_then(|path| path.file_name()) == path.file_name());
            // Daemons keep files of their own there, with a dot or a stamp's name.
            if is_file && !name.contains('.') && is_gone(&name) && !is_known {
                seen.push(Observation::at(path).text("belongs to no account"));
            }
        }
    }
    let sudoers = Sudoers::read(image, &[])?;
    for (name, rule) in sudoers.named().filter(|(name, _)| is_gone(name)) {
        let text = format!("a rule of sudo's for {}, who is no account", visible(name));
        seen.push(Observation::at(&rule.path).line(rule.line).text(text));
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn only_the_default_user_is_left() {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin");
        assert_eq!(judged(&fixture.image(), "ACC-05").status, Status::Pass);
        fixture.directory("/home/alice").file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/bash\npacker:x:990:990::/:/usr/sbin/nologin\nadmin:x:1000:1000::/home/admin:/bin/sh\n\
             app:x:1001:1001::/srv/app:/usr/sbin/nologin\nbob:x:1002:1002::/home/bob:/bin/sh\n",
        );
        let finding = judged(&fixture.image(), "ACC-05");
        let seen: Vec<_> = finding.observations.iter().map(|seen| seen.text.clone().unwrap()).collect();
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(seen.len(), 3, "{seen:?}");
        assert!(seen[0].starts_with("packer") && seen[1].starts_with("bob"), "{seen:?}");
    }

    #[test]
    fn what_accounts_that_are_gone_left_behind_counts() {
        let fixture = Fixture::debian();
        fixture
            .cloud_init("later")
            .file("/etc/passwd", "root:x:0:0::/root:/bin/bash\nadmin:x:1000:1000::/home/admin:/usr/sbin/nologin\n")
            .file("/etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL) ALL\nOPS ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n")
            .file("/etc/sudoers.d/90-cloud-init-users", "later ALL=(ALL) NOPASSWD:ALL\n")
            .file("/var/spool/cron/crontabs/root", "")
            .file("/var/spool/cron/crontabs/.x", "");
        assert_eq!(judged(&fixture.image(), "ACC-05").status, Status::Pass);
        fixture
            .file("/etc/sudoers.d/vagrant", "vagrant ALL=(ALL) NOPASSWD: ALL\n")
            .file("/var/lib/systemd/linger/packer", "")
            .file("/var/spool/cron/bob", "")
            .file("/var/mail/alice", "");
        let finding = judged(&fixture.image(), "ACC-05");
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 4), "{finding:?}");
    }

    #[test]
    fn without_cloud_init_nobody_knows_whose_account_it_is() {
        assert_eq!(judged(&Fixture::debian().image(), "ACC-05").status, Status::Unknown);
    }
}
