//! BOT-13: SELinux and AppArmor do not keep a copy from booting or from letting anybody in.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::labels::type_of;
use crate::image::text::visible;
use crate::image::{Error, Image, kernel};

const CONFIG: &str = "/etc/selinux/config";
/// Its being there makes the next boot label every file, and boot once more.
pub(crate) const RELABEL: &str = "/.autorelabel";

/// Files that must be readable for a login, and the types the reference policy gives them.
const LABELLED: [(&str, &[&str]); 4] = [
    ("/etc/passwd", &["passwd_file_t", "etc_t"]),
    ("/etc/shadow", &["shadow_t"]),
    ("/etc/group", &["passwd_file_t", "etc_t"]),
    ("/etc/ssh/sshd_config", &["etc_t", "sshd_config_t", "sshd_conf_t"]),
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let off = word(image, &["selinux=0"])?;
    let config = image.read_text(Path::new(CONFIG))?.unwrap_or_default();
    let Some((line, mode)) = setting(&config, "SELINUX") else {
        return app_armor(image, !config.is_empty());
    };
    let at = |text: String| Observation::at(CONFIG).line(line).text(text);
    let shown = visible(&mode);
    match mode.as_str() {
        "disabled" => {
            return Ok(Finding::new(Status::Pass, "SELinux is switched off, so no label can keep anybody out.")
                .seen([at("SELINUX=disabled".to_owned())]));
        }
        "permissive" => {
            return Ok(Finding::new(Status::Pass, "SELinux only logs (permissive), so no label can keep anybody out.")
                .seen([at("SELINUX=permissive".to_owned())]));
        }
        "enforcing" => {}
        _ => {
            let unknown = format!("SELINUX={shown} is no mode that SELinux knows.");
            return Ok(Finding::new(Status::Unknown, unknown).seen([at(shown)]));
        }
    }
    if let Some(off) = off {
        return Ok(Finding::new(Status::Pass, "SELinux is switched off on the kernel's command line.").seen([off]));
    }
    let kind = setting(&config, "SELINUXTYPE").map_or_else(|| "targeted".to_owned(), |(_, kind)| kind);
    let policy = format!("/etc/selinux/{kind}/policy");
    if image.list(Path::new(&policy))?.is_empty() {
        let fail = format!(
            "SELinux enforces the policy `{}`, which is not on the image: the boot stops there.",
            visible(&kind)
        );
        return Ok(Finding::new(Status::Fail, fail).seen([at("SELINUX=enforcing".to_owned())]));
    }
    labels(image)
}

fn labels(image: &Image) -> Result<Finding, Error> {
    let (mut wrong, mut labelled) = (Vec::new(), 0);
    for (path, types) in LABELLED {
        if image.stat(Path::new(path))?.is_none() {
            continue;
        }
        let label = image.selinux_label(Path::new(path))?;
        labelled += usize::from(label.is_some());
        match label.as_deref().and_then(type_of) {
            Some(found) if types.contains(&found) => {}
            found => {
                let text = format!(
                    "its type is {}, not {}",
                    found.map_or_else(|| "missing".to_owned(), visible),
                    types.first().unwrap_or(&"")
                );
                wrong.push(Observation::at(path).text(text));
            }
        }
    }
    let relabels = image.lstat(Path::new(RELABEL))?.is_some();
    Ok(if wrong.is_empty() {
        Finding::new(Status::Pass, "SELinux enforces, and the files that a login needs have their labels.")
    } else if relabels {
        let pass = "SELinux enforces, and the next boot labels every file (/.autorelabel), then boots once more.";
        Finding::new(Status::Pass, pass).seen([Observation::at(RELABEL)])
    } else if labelled == 0 {
        let unknown =
            "SELinux enforces, and no label is to be seen: this may be a copy that lost them, or the image has none.";
        Finding::new(Status::Unknown, unknown).seen(wrong)
    } else {
        Finding::new(Status::Fail, "SELinux enforces, and files that a login needs have lost their labels.").seen(wrong)
    })
}

/// An image without SELinux: whether AppArmor is there, and switched off.
fn app_armor(image: &Image, has_config: bool) -> Result<Finding, Error> {
    if has_config {
        let unknown = "/etc/selinux/config sets no mode (SELINUX=).";
        return Ok(Finding::new(Status::Unknown, unknown).seen([Observation::at(CONFIG)]));
    }
    if image.stat(Path::new("/etc/apparmor.d"))?.is_none() {
        return Ok(Finding::new(Status::NotApplicable, "Neither SELinux nor AppArmor is set up on this image."));
    }
    Ok(match word(image, &["apparmor=0"])? {
        Some(off) => {
            let fail = "AppArmor is set up, but switched off on the kernel's command line.";
            Finding::new(Status::Fail, fail).seen([off])
        }
        None => Finding::new(Status::Pass, "AppArmor is set up; it goes by paths, so no label can be lost."),
    })
}

/// Where a kernel's command line says one of `words`.
fn word(image: &Image, words: &[&str]) -> Result<Option<Observation>, Error> {
    let lines = kernel::command_lines(image)?;
    let found = lines.iter().find_map(|(path, text)| {
        let word = kernel::words(text).find(|word| words.contains(word))?;
        Some(Observation::at(path).text(word))
    });
    Ok(found)
}

/// The last value of `key` and its line.
fn setting(text: &str, key: &str) -> Option<(u32, String)> {
    let numbered = (1u32..).zip(text.lines());
    let values = numbered.filter_map(|(line, text)| {
        let (name, value) = text.trim().split_once('=')?;
        (name.trim() == key).then(|| (line, value.trim().to_ascii_lowercase()))
    });
    values.last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn with(config: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.file(CONFIG, config);
        fixture
    }

    fn status(fixture: &Fixture) -> Status {
        judged(&fixture.image(), "BOT-13").status
    }

    #[test]
    fn modes_that_keep_nobody_out_pass() {
        for config in ["# x\nSELINUX=permissive\nSELINUXTYPE=targeted\n", "SELINUX=disabled\n", "SELINUX=Permissive\n"]
        {
            assert_eq!(status(&with(config)), Status::Pass, "{config}");
        }
        assert_eq!(status(&with("SELINUX=sometimes\n")), Status::Unknown);
        assert_eq!(status(&with("SELINUXTYPE=targeted\n")), Status::Unknown);
    }

    #[test]
    fn enforcing_needs_its_policy_and_labels() {
        let fixture = with("SELINUX=enforcing\nSELINUXTYPE=targeted\n");
        assert_eq!(status(&fixture), Status::Fail, "the policy is not there");
        fixture.file("/etc/selinux/targeted/policy/policy.33", "x");
        assert_eq!(status(&fixture), Status::Unknown, "no file of a test has a label");
        fixture.file(RELABEL, "");
        assert_eq!(status(&fixture), Status::Pass);
    }

    #[test]
    fn app_armor_may_be_switched_off() {
        let fixture = Fixture::debian();
        assert_eq!(status(&fixture), Status::NotApplicable);
        fixture.directory("/etc/apparmor.d");
        assert_eq!(status(&fixture), Status::Pass);
        fixture.file("/etc/default/grub", "GRUB_CMDLINE_LINUX=\"apparmor=0\"\n");
        assert_eq!(status(&fixture), Status::Fail);
    }

    #[test]
    fn labels_are_judged_where_some_are() {
        let fixture = with("SELINUX=enforcing\n");
        fixture.file("/etc/selinux/targeted/policy/policy.33", "x");
        let set =
            |path: &str, label: &str| xattr::set(fixture.outside(path), "security.selinux", label.as_bytes()).is_ok();
        if !set("/etc/passwd", "system_u:object_r:passwd_file_t:s0") {
            // Only root may, and not on every file system.
            return;
        }
        assert_eq!(status(&fixture), Status::Fail, "the others have none");
        crate::change::trial::mended(&fixture.image(), "BOT-13");
        assert!(
            set("/etc/group", "system_u:object_r:passwd_file_t:s0")
                && set("/etc/shadow", "system_u:object_r:shadow_t:s0")
        );
        assert_eq!(status(&fixture), Status::Pass);
        assert!(set("/etc/shadow", "system_u:object_r:etc_t:s0"));
        assert_eq!(status(&fixture), Status::Fail);
    }
}
