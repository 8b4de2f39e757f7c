//! The server-wide sshd setting has one of the wanted values.
//!
//! What a `Match` block makes of it for some connections is the business of [`crate::check::own`]'s match blocks.

use std::path::Path;

use crate::check::own::sshd_at_boot::NOT_TO_BE_RUN;
use crate::check::{Finding, Observation, Status};
use crate::image::sshd::{Connection, Origin, Problem, Setting, Sshd, connections, usual_name};
use crate::image::{Error, Image};

pub(in crate::check) fn check(
    image: &Image,
    keyword: &str,
    pass: &[String],
    tolerated: &[String],
) -> Result<Finding, Error> {
    let sshd = image.sshd()?;
    if sshd.main.is_none() {
        return Ok(no_server());
    }
    if let Some(refused) = refused(sshd, &format!("so `{}` has no effect yet", usual_name(keyword))) {
        return Ok(refused);
    }
    let effective = sshd.effective(None);
    Ok(match effective.get(keyword) {
        Some(setting) => {
            if setting.origins.is_empty() && sshd.version.is_none() {
                // The default depends on the version, which a database that cannot be read may know.
                image.packages()?;
            }
            judge(setting, pass, tolerated)
        }
        None => Finding::new(Status::Unknown, format!("This OpenSSH has no setting `{}`.", usual_name(keyword))),
    })
}

/// What every sshd guideline but SSH-07 says of an image without a server.
pub(in crate::check) fn no_server() -> Finding {
    Finding::new(Status::NotApplicable, "There is no SSH server on this image.")
}

/// Whom to ask for: the server (`None`), and where there are `Match` blocks every connection they tell apart.
pub(in crate::check) fn everybody(image: &Image) -> Result<Vec<Option<Connection>>, Error> {
    let mut asked = vec![None];
    if !image.sshd()?.matches.is_empty() {
        asked.extend(connections(image).into_iter().map(Some));
    }
    Ok(asked)
}

/// What sshd would refuse in its configuration. That it is told not to run at all is SSH-07's business.
pub(in crate::check) fn refusals(sshd: &Sshd) -> impl Iterator<Item = &Problem> {
    sshd.problems.iter().filter(|problem| problem.fatal && problem.origin.path != Path::new(NOT_TO_BE_RUN))
}

/// What a guideline says of a configuration that sshd would refuse; `so` is what follows from that.
pub(in crate::check) fn refused(sshd: &Sshd, so: &str) -> Option<Finding> {
    let problem = refusals(sshd).next()?;
    let summary = format!("sshd refuses its configuration, {so}: {}.", problem.message);
    Some(Finding::new(Status::Unknown, summary).seen([at(&problem.origin)]))
}

/// A configuration line as an observation.
pub(in crate::check) fn at(origin: &Origin) -> Observation {
    Observation::at(&origin.path).line(origin.line).text(crate::image::text::visible(&origin.text))
}

fn judge(setting: &Setting, pass: &[String], tolerated: &[String]) -> Finding {
    let value = setting.values.first().map_or("", String::as_str);
    let is_in = |wanted: &[String]| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(value));
    let keyword = usual_name(&setting.keyword);
    let shown = crate::image::text::visible(value);
    let default = if setting.origins.is_empty() { " by default: no line sets it" } else { "" };
    let finding = if is_in(pass) {
        Finding::new(Status::Pass, format!("`{keyword}` is `{shown}`{default}."))
    } else if is_in(tolerated) {
        let better = pass.first().map_or("", String::as_str);
        Finding::new(
            Status::Pass,
            format!("`{keyword}` is `{shown}`{default}. That is accepted; `{better}` is better."),
        )
    } else {
        let wanted = pass.join("` or `");
        Finding::new(Status::Fail, format!("`{keyword}` is `{shown}`{default}; it must be `{wanted}`."))
    };
    if setting.origins.is_empty() {
        return finding.seen([Observation::fact(format!("{} {shown} (the default of this OpenSSH)", setting.keyword))]);
    }
    finding.seen(setting.origins.iter().map(at))
}

#[cfg(test)]
mod tests {
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::check::{Observation, Status};
    use crate::image::fixture::Fixture;

    fn with(config: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").cloud_init("admin").file("/etc/ssh/sshd_config", config);
        fixture
    }

    #[test]
    fn wanted_tolerated_and_other_values() {
        assert_eq!(judged(&with("PermitRootLogin no\n").image(), "SSH-04").status, Status::Pass);
        let finding = judged(&with("PermitRootLogin prohibit-password\n").image(), "SSH-04");
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("`no` is better"), "{}", finding.summary);
        assert!(finding.summary.contains("`PermitRootLogin`"), "{}", finding.summary);
        let finding = judged(&with("\nPermitRootLogin Yes # for now\n").image(), "SSH-04");
        let seen = Observation::at("/etc/ssh/sshd_config").line(2).text("PermitRootLogin Yes # for now");
        assert_eq!((finding.status, finding.observations), (Status::Fail, vec![seen]));
    }

    #[test]
    fn a_default_is_judged_and_said_to_be_one() {
        let finding = judged(&with("UsePAM yes\n").image(), "SSH-01");
        assert_eq!(finding.status, Status::Fail);
        assert!(finding.summary.contains("by default"), "{}", finding.summary);
        assert_eq!(judged(&with("UsePAM yes\n").image(), "SSH-03").status, Status::Pass);
    }

    #[test]
    fn the_fix_brings_every_keyword_into_force() {
        let weak = "PasswordAuthentication yes\nPermitRootLogin yes\nPermitEmptyPasswords yes\nUseDNS yes\n\
                    KbdInteractiveAuthentication yes\nMatch User admin\nPasswordAuthentication yes\n";
        for id in ["SSH-01", "SSH-02", "SSH-03", "SSH-04", "SSH-05", "SSH-11"] {
            mended(&with(weak).image(), id);
        }
    }

    #[test]
    fn no_server_and_an_unreadable_file() {
        assert_eq!(judged(&Fixture::debian().image(), "SSH-01").status, Status::NotApplicable);
        let fixture = with("Include /etc/ssh/loop.conf\n");
        fixture.link("/etc/ssh/loop.conf", "loop.conf");
        assert_ne!(judged(&fixture.image(), "SSH-01").status, Status::Pass);
    }
}
