//! KEY-06: the launch key is put in at first boot, for the image's login user.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{CloudInit, Runs, Value};
use crate::image::text::visible;
use crate::image::{Error, Image, kernel};

/// Scripts that older images fetch the key with.
const SCRIPTS: [&str; 3] = ["/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/ec2-get-credentials"];

pub(crate) fn check(image: &Image) -> Result<Finding, Error> {
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
    // cloud-init goes on without a file it cannot read, but the file was meant for something.
    cloud_init.whole()?;
    if let Some(seen) = seeded(image, cloud_init)? {
        return Ok(Some(seen));
    }
    if let Some(seen) = cached(image, cloud_init)? {
        return Ok(Some(seen));
    }
    let is_off = matches!(cloud_init.get(&["allow_public_ssh_keys"]), Some(Value::Bool(false)));
    if is_off {
        return Ok(at(
            "allow_public_ssh_keys",
            "cloud-init is told to take no keys (allow_public_ssh_keys)".to_owned(),
        ));
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

/// A data source that lies on the image itself, or that the kernel is told of: cloud-init then asks EC2 for nothing.
fn seeded(image: &Image, cloud_init: &CloudInit) -> Result<Option<Observation>, Error> {
    for (path, line) in kernel::command_lines(image)? {
        let is_other = |word: &&str| {
            let source = word.strip_prefix("ds=").or_else(|| word.strip_prefix("ci.ds=")).unwrap_or("ec2");
            !source.to_ascii_lowercase().starts_with("ec2")
        };
        if let Some(word) = kernel::words(&line).find(is_other) {
            return Ok(Some(Observation::at(path).text(visible(word))));
        }
    }
    let sources = cloud_init.datasources();
    // The list of cloud-init itself begins with NoCloud.
    let before = sources.as_ref().is_none_or(|listed| {
        listed.iter().take_while(|source| !source.starts_with("Ec2")).any(|source| source.starts_with("NoCloud"))
    });
    let seeds = image.glob("/var/lib/cloud/seed/nocloud{,-net}/{meta-data,user-data}")?;
    let seed = seeds.into_iter().next().filter(|_| before);
    Ok(seed.map(|path| Observation::at(path).text("a NoCloud seed: cloud-init takes it before it asks EC2")))
}

/// The build instance's record, where cloud-init is told to trust it on a machine with another id.
fn cached(image: &Image, cloud_init: &CloudInit) -> Result<Option<Observation>, Error> {
    const MARKER: &str = "/var/lib/cloud/instance/manual_clean_marker";
    if image.lstat(Path::new("/var/lib/cloud/instance"))?.is_none() {
        return Ok(None);
    }
    let why = "cloud-init is told to go on with the record of the build instance (manual_cache_clean)";
    if matches!(cloud_init.get(&["manual_cache_clean"]), Some(Value::Bool(true))) {
        let origin = cloud_init.origin("manual_cache_clean");
        return Ok(Some(origin.map_or_else(
            || Observation::fact(why),
            |origin| Observation::at(&origin.path).line(origin.line).text(why),
        )));
    }
    Ok(image.stat(Path::new(MARKER))?.map(|_| Observation::at(MARKER).text(why)))
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
    fn a_seed_or_the_build_instances_record_comes_before_ec2() {
        let fails = |fixture: &Fixture| judged(&fixture.image(), "KEY-06").status == Status::Fail;
        let fixture = with("datasource_list: [ Ec2, NoCloud ]\n");
        fixture.file("/var/lib/cloud/seed/nocloud/user-data", "#cloud-config\n");
        assert!(!fails(&fixture), "Ec2 comes first");
        fixture.file("/etc/cloud/cloud.cfg.d/10-x.cfg", "datasource_list: [ NoCloud, Ec2 ]\n");
        assert!(fails(&fixture));
        let fixture = with("allow_public_ssh_keys: false\n");
        assert!(fails(&fixture));
        let fixture = with("\n");
        fixture.file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"ds=nocloud;s=/seed/\"\n");
        assert!(fails(&fixture));
        let fixture = with("manual_cache_clean: true\n");
        assert!(!fails(&fixture), "nothing is recorded");
        fixture.link("/var/lib/cloud/instance", "instances/i-1");
        assert!(fails(&fixture));
        fixture
            .file("/etc/cloud/cloud.cfg.d/10-x.cfg", "\n")
            .file("/var/lib/cloud/instances/i-1/manual_clean_marker", "");
        assert!(fails(&fixture));
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
