//! KEY-06: the launch key is put in at first boot, for the image's login user.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// Scripts that older images fetch the key with.
const SCRIPTS: [&str; 3] = ["/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/ec2-get-credentials"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    let missing = match &cloud_init.runs {
        Runs::Yes => missing(image, cloud_init)?,
        Runs::Disabled(why) => Some(Observation::fact(format!("cloud-init will not run: {}", visible(why)))),
        Runs::NotInstalled => Some(Observation::fact("cloud-init is not installed")),
    };
    let Some(missing) = missing else {
        let user = visible(cloud_init.default_user().unwrap_or_default());
        let pass = format!("cloud-init asks EC2 for the launch key and puts it in for {user} (its ssh module).");
        return Ok(Finding::new(Status::Pass, pass));
    };
    for script in SCRIPTS {
        let text = image.read_text(Path::new(script))?.unwrap_or_default();
        if text.contains("169.254.169.254") && text.contains("public-keys") {
            let unknown = "A script seems to fetch the launch key; only a test launch shows whether it does.";
            return Ok(Finding::new(Status::Unknown, unknown).seen([Observation::at(script), missing]));
        }
    }
    Ok(Finding::new(Status::Fail, "Nothing puts the buyer's key in: nobody could log in.").seen([missing]))
}

/// The first link of the chain that is missing.
fn missing(image: &Image, cloud_init: &CloudInit) -> Result<Option<Observation>, Error> {
    let at = |key: &str, why: String| {
        Some(match cloud_init.origin(key) {
            Some(origin) => Observation::at(&origin.path).line(origin.line).text(why),
            None => Observation::fact(why),
        })
    };
    if let Some((path, why)) = cloud_init.broken.first() {
        // cloud-init goes on without that file; what it leaves was judged, but the file was meant for something.
        return Err(Error::malformed("read", path, visible(why)));
    }
    if let Some(sources) = cloud_init.datasources()
        && !sources.iter().any(|source| matches!(*source, "Ec2" | "Ec2Local"))
    {
        let listed = visible(&sources.join(", "));
        return Ok(at("datasource_list", format!("cloud-init looks for its data elsewhere: {listed}")));
    }
    for (path, line, key, value) in identify(image)? {
        let is_off = key == "policy" && value.split(',').any(|word| word.trim() == "disabled");
        let is_elsewhere = key == "datasource" && value != "Ec2" && !value.is_empty();
        if is_off || is_elsewhere {
            return Ok(Some(Observation::at(path).line(line).text(visible(&format!("{key}: {value}")))));
        }
    }
    if !cloud_init.has_module("ssh") {
        return Ok(at("cloud_init_modules", "the ssh module is in none of cloud-init's lists".to_owned()));
    }
    if !cloud_init.has_module("users-groups") {
        return Ok(at("cloud_init_modules", "the users-groups module is in none of cloud-init's lists".to_owned()));
    }
    if cloud_init.default_user().is_none() {
        return Ok(at("users", "cloud-init is told of no default user".to_owned()));
    }
    Ok(None)
}

/// The settings of ds-identify, which decides before cloud-init whether it runs.
fn identify(image: &Image) -> Result<Vec<(&'static str, u32, String, String)>, Error> {
    const PATH: &str = "/etc/cloud/ds-identify.cfg";
    let text = image.read_text(Path::new(PATH))?.unwrap_or_default();
    let setting = |(line, text): (u32, &str)| {
        let (key, value) = text.split_once(':')?;
        let is_comment = text.trim_start().starts_with('#');
        (!is_comment).then(|| (PATH, line, key.trim().to_owned(), value.trim().to_owned()))
    };
    Ok((1u32..).zip(text.lines()).filter_map(setting).collect())
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(drop_in: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/10-x.cfg", drop_in);
        fixture
    }

    #[test]
    fn the_whole_chain_passes_and_names_the_user() {
        for drop_in in ["\n", "datasource_list: [ NoCloud, Ec2 ]\n"] {
            let finding = judged(&with(drop_in).image(), "KEY-06");
            assert_eq!(finding.status, Status::Pass, "{finding:?}");
            assert!(finding.summary.contains("admin"));
        }
    }

    #[test]
    fn each_missing_link_fails_and_is_named() {
        for drop_in in [
            "datasource_list: [ NoCloud ]\n",
            "cloud_init_modules: [users-groups]\n",
            "cloud_init_modules: [ssh]\n",
            "users: []\n",
        ] {
            let finding = judged(&with(drop_in).image(), "KEY-06");
            assert_eq!(finding.status, Status::Fail, "{drop_in}");
            assert_eq!(
                finding.observations[0].path.as_deref(),
                Some("/etc/cloud/cloud.cfg.d/10-x.cfg".as_ref()),
                "{drop_in}"
            );
        }
        let fixture = with("\n");
        fixture.file("/etc/cloud/ds-identify.cfg", "# x\npolicy: disabled\n");
        assert_eq!(judged(&fixture.image(), "KEY-06").status, Status::Fail);
        fixture.file("/etc/cloud/ds-identify.cfg", "datasource: NoCloud\n");
        assert_eq!(judged(&fixture.image(), "KEY-06").status, Status::Fail);
        assert_eq!(judged(&Fixture::debian().image(), "KEY-06").status, Status::Fail);
    }

    #[test]
    fn a_script_is_not_taken_at_its_word() {
        let fixture = Fixture::debian();
        fixture.file("/etc/rc.local", "curl http://169.254.169.254/latest/meta-data/public-keys/0/openssh-key\n");
        assert_eq!(judged(&fixture.image(), "KEY-06").status, Status::Unknown);
    }

    #[test]
    fn configuration_that_is_no_yaml_is_unknown() {
        assert_eq!(judged(&with("a: [\n").image(), "KEY-06").status, Status::Unknown);
    }
}
