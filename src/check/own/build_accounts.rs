//! ACC-05: nobody of the build is left: no account a person can log in to but the buyer's, no home without an account.

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Runs;
use crate::image::text::visible;
use crate::image::{Error, Image};

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
    Ok(if !bad.is_empty() {
        Finding::new(Status::Fail, "Accounts or homes of the build are left on the image.").seen(bad).seen(unsure)
    } else if unsure.len() > 1 || (unsure.len() == 1 && buyers.is_none()) {
        Finding::new(Status::Unknown, "Which account is meant for the buyer is not known: cloud-init makes none.")
            .seen(unsure)
    } else {
        Finding::new(Status::Pass, "No account but the buyer's can be logged in to by a person.")
    })
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
    fn without_cloud_init_nobody_knows_whose_account_it_is() {
        assert_eq!(judged(&Fixture::debian().image(), "ACC-05").status, Status::Unknown);
    }
}
