//! Whether cloud-init runs at the next boot, and what keeps it from running (cloud-init documentation, "How to
//! disable cloud-init"; `ds-identify` and `cloud-init-generator`).

use std::path::{Path, PathBuf};

use super::{Base, Runs, Value, find};
use crate::image::units::State;
use crate::image::{Error, Image, kernel, text};

const PROGRAM: &str = "/usr/bin/cloud-init";
const DISABLED: &str = "/etc/cloud/cloud-init.disabled";
const DS_IDENTIFY: &str = "/etc/cloud/ds-identify.cfg";

pub(super) fn runs(image: &Image, base: &Base) -> Result<Runs, Error> {
    let packaged = image.packages().is_ok_and(|packages| packages.get("cloud-init").is_some());
    if !packaged && image.stat(Path::new(PROGRAM))?.is_none() {
        return Ok(Runs::NotInstalled);
    }
    let why = match command_line(image)? {
        Some((path, false)) => Some(format!("{} says cloud-init=disabled", text::path(&path))),
        Some((_, true)) => None,
        None => image.stat(Path::new(DISABLED))?.map(|_| format!("{DISABLED} is there")),
    };
    let why = match why {
        None => units(image)?,
        some => some,
    };
    let why = match why {
        None => data_sources(image, base)?,
        some => some,
    };
    Ok(why.map_or(Runs::Yes, Runs::Disabled))
}

/// What the kernel command line says of cloud-init, and where: `cloud-init=enabled` beats every file.
fn command_line(image: &Image) -> Result<Option<(PathBuf, bool)>, Error> {
    let lines = kernel::command_lines(image)?;
    Ok(lines.into_iter().find_map(|(path, text)| word(&text).map(|enabled| (path, enabled))))
}

/// The last `cloud-init=enabled` or `cloud-init=disabled` of a configuration.
fn word(text: &str) -> Option<bool> {
    let said = kernel::words(text).filter_map(|word| match word {
        "cloud-init=disabled" => Some(false),
        "cloud-init=enabled" => Some(true),
        _ => None,
    });
    said.last()
}

/// The services that do the work; since 24.3 they have other names.
fn units(image: &Image) -> Result<Option<String>, Error> {
    let units = image.units()?;
    let new = units.unit("cloud-init-main.service").is_some();
    let names: &[&str] = if new {
        &["cloud-init-main", "cloud-init-local", "cloud-init-network", "cloud-config", "cloud-final"]
    } else {
        &["cloud-init-local", "cloud-init", "cloud-config", "cloud-final"]
    };
    if units.state("cloud-init.target") == State::Masked {
        return Ok(Some("cloud-init.target is masked".to_owned()));
    }
    let mut missing = 0;
    for name in names {
        match units.state(&format!("{name}.service")) {
            State::Masked => return Ok(Some(format!("{name}.service is masked"))),
            State::Disabled => return Ok(Some(format!("{name}.service is disabled"))),
            State::Missing => missing += 1,
            State::Enabled | State::Static | State::Other => {}
        }
    }
    Ok((missing == names.len()).then(|| "none of its systemd services is there".to_owned()))
}

fn data_sources(image: &Image, base: &Base) -> Result<Option<String>, Error> {
    if let Some(Value::List(list)) = find(&base.config, &["datasource_list"])
        && let [Value::Text(only)] = list.as_slice()
        && only == "None"
    {
        let place = base.origins.iter().find(|(name, _)| name == "datasource_list");
        let place = place.map(|(_, origin)| text::path(&origin.path)).unwrap_or_default();
        return Ok(Some(format!("{place} says datasource_list: [ None ]")));
    }
    let policy = image.read_text(Path::new(DS_IDENTIFY))?.unwrap_or_default();
    Ok(policy_disabled(&policy).then(|| format!("{DS_IDENTIFY} says policy: disabled")))
}

/// `policy: disabled` in `ds-identify.cfg`, which is read line by line; the last line counts.
fn policy_disabled(text: &str) -> bool {
    let value = text.lines().rev().find_map(|line| line.split('#').next()?.trim().strip_prefix("policy:"));
    value.is_some_and(|value| {
        let value = value.trim().trim_matches(['"', '\'']);
        value.split(',').next() == Some("disabled")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_found_wherever_command_lines_are() {
        assert_eq!(word("GRUB_CMDLINE_LINUX=\"quiet cloud-init=disabled\"\n"), Some(false));
        assert_eq!(word("GRUB_CMDLINE_LINUX=cloud-init=disabled"), Some(false));
        assert_eq!(word("\tlinux /vmlinuz root=/dev/xvda1 cloud-init=disabled ro\n"), Some(false));
        assert_eq!(word("options root=x cloud-init=disabled cloud-init=enabled"), Some(true));
        assert_eq!(word("# cloud-init=disabled\noptions xcloud-init=disabled cloud-init=maybe"), None);
    }

    #[test]
    fn ds_identify_policy() {
        assert!(policy_disabled("policy: disabled\n"));
        assert!(policy_disabled("policy: enabled\npolicy: \"disabled\" # why\n"));
        assert!(!policy_disabled("#policy: disabled\npolicy: search,found=all,maybe=all,notfound=disabled\n"));
    }
}
