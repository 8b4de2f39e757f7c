//! ACC-06: cloud-init makes one login user with the usual name.

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::Runs;
use crate::image::text::visible;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    if let Runs::Disabled(why) = &cloud_init.runs {
        return Ok(Finding::new(Status::Fail, format!("cloud-init, which makes the login user, will not run: {why}.")));
    }
    if cloud_init.runs == Runs::NotInstalled {
        let text = "cloud-init is not installed; how the login user comes to be cannot be told from the image.";
        return Ok(Finding::new(Status::Unknown, text));
    }
    let Some(name) = cloud_init.default_user() else {
        return Ok(Finding::new(Status::Fail, "cloud-init is not told which login user to make."));
    };
    let origin = cloud_init.origin("system_info").or_else(|| cloud_init.origin("users"));
    let seen = origin.map(|origin| Observation::at(&origin.path).line(origin.line).text(visible(name)));
    Ok(match name {
        "root" => Finding::new(Status::Fail, "cloud-init's default user is root; buyers must log in as somebody else."),
        "ec2-user" => Finding::new(Status::Pass, "The login user is ec2-user; declare that name in the listing."),
        other => {
            let name = visible(other);
            Finding::new(
                Status::Pass,
                format!("The login user is {name}; declare that name in the listing. AWS suggests ec2-user."),
            )
        }
    }
    .seen(seen))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_name_is_told_and_root_is_none() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "ACC-06").status, Status::Unknown);
        fixture.cloud_init("admin");
        let finding = judged(&fixture.image(), "ACC-06");
        assert_eq!(finding.status, Status::Pass);
        assert!(finding.summary.contains("admin") && finding.summary.contains("ec2-user"), "{}", finding.summary);
        fixture.cloud_init("root");
        assert_eq!(judged(&fixture.image(), "ACC-06").status, Status::Fail);
        fixture.cloud_init("admin").file("/etc/cloud/cloud-init.disabled", "");
        assert_eq!(judged(&fixture.image(), "ACC-06").status, Status::Fail);
    }
}
