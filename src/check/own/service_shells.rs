//! ACC-14: accounts of services have no shell.

use crate::check::{Finding, Observation, Status};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// Service accounts whose programs switch to them with a shell (`su - postgres`): the shell is meant.
const MEANT: [&str; 14] = [
    "postgres",
    "oracle",
    "grid",
    "git",
    "gitolite",
    "gitolite3",
    "gitlab-psql",
    "db2inst1",
    "informix",
    "jenkins",
    "nagios",
    "icinga",
    "backuppc",
    "rundeck",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let accounts = image.accounts()?;
    let services = accounts.users.iter().filter(|user| user.uid != 0 && user.uid < accounts.uid_min);
    let seen: Vec<_> = services
        .filter(|user| user.can_log_in() && !MEANT.contains(&user.name.as_str()))
        .map(|user| {
            let (name, shell) = (visible(&user.name), crate::image::text::path(&user.shell));
            let shell = if shell.is_empty() { "/bin/sh, for no shell is named" } else { &shell };
            Observation::at("/etc/passwd").line(user.line).text(format!("{name}: {shell}"))
        })
        .collect();
    if !seen.is_empty() {
        return Ok(Finding::new(Status::Fail, "Accounts of services have a shell to log in with.").seen(seen));
    }
    let odd = accounts.odd_lines.iter().find(|(path, _)| path.ends_with("passwd"));
    Ok(match odd {
        Some((path, line)) => {
            let what = "A line of /etc/passwd is not of the form the manual gives.";
            Finding::new(Status::Unknown, what).seen([Observation::at(path).line(*line)])
        }
        None => Finding::new(Status::Pass, "No account of a service has a shell."),
    })
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn stock_accounts_and_those_that_need_a_shell_pass() {
        let fixture = Fixture::debian();
        fixture.file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/bash\nsync:x:4:65534::/bin:/bin/sync\nhalt:x:7:0::/sbin:/sbin/halt\n\
             shutdown:x:6:0::/sbin:/sbin/shutdown\npostgres:x:105:105::/var/lib/postgresql:/bin/bash\n\
             admin:x:1000:1000::/home/admin:/bin/bash\nDebian-exim:x:106:106::/var/spool/exim4:/bin/false\n",
        );
        assert_eq!(judged(&fixture.image(), "ACC-14").status, Status::Pass);
    }

    #[test]
    fn a_shell_of_a_service_fails_with_its_line() {
        let fixture = Fixture::debian();
        fixture.file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/bash\napp:x:990:990::/srv/app:/bin/bash\nold:x:991:991::/srv/old:\n",
        );
        let finding = judged(&fixture.image(), "ACC-14");
        let lines: Vec<_> = finding.observations.iter().map(|seen| seen.line).collect();
        assert_eq!((finding.status, lines), (Status::Fail, vec![Some(2), Some(3)]));
    }

    #[test]
    fn a_line_that_is_none_of_passwds_is_unknown() {
        let fixture = Fixture::debian();
        fixture.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\nbroken\n");
        let finding = judged(&fixture.image(), "ACC-14");
        assert_eq!((finding.status, finding.observations[0].line), (Status::Unknown, Some(2)));
    }
}
