//! RHEL's family and Amazon Linux: security notices by dnf or yum.

use std::path::Path;

use super::{Known, Manager, Update, command, fetched, output, quoted};
use crate::image::Image;

/// Distributions whose repositories carry security notices. Where there are none, an empty list says nothing.
const NOTICES: [&str; 6] = ["amzn", "rhel", "rocky", "almalinux", "ol", "fedora"];

/// What the configuration leaves out counts as well, and a repository that does not answer is no answer.
const STRICT: [&str; 3] = ["-q", "--disableexcludes=all", "--setopt=*.skip_if_unavailable=0"];

pub(super) fn ask(image: &Image, network: bool) -> Result<Known, String> {
    publishes(image)?;
    let pinned = pinned(image)?;
    let as_of = if network {
        None
    } else {
        let when = fetched(image, "/etc/yum.repos.d", |id| format!("/var/cache/dnf/{id}-*/repodata/*"))?;
        if image.glob("/var/cache/dnf/*/repodata/*updateinfo*").map_err(|error| error.to_string())?.is_empty() {
            return Err("no security notices are among its lists".to_owned());
        }
        Some(when)
    };
    let mut arguments = STRICT.to_vec();
    if !network {
        arguments.push("-C");
    } else if pinned.is_some() {
        arguments.push("--releasever=latest");
    }
    arguments.extend(["updateinfo", "list", "--security", "--available"]);
    let updates = notices(&output(image, &[command(Manager::Dnf, &arguments)], network)?)?;
    let newest = if network && pinned.is_some() {
        // That there is such a command is Amazon's addition; without it the list above still holds.
        let asked = [command(Manager::Dnf, &["-q", "check-release-update"])];
        output(image, &asked, network).ok().and_then(|said| newest_release(&said))
    } else {
        None
    };
    Ok(Known { updates, as_of, pinned, newest, ..Known::default() })
}

pub(super) fn ask_yum(image: &Image, network: bool) -> Result<Known, String> {
    publishes(image)?;
    let as_of = if network {
        None
    } else {
        Some(fetched(image, "/etc/yum.repos.d", |id| format!("/var/cache/yum/*/*/{id}/{{repomd.xml,cachecookie}}"))?)
    };
    let mut arguments = vec!["-q"];
    if !network {
        arguments.push("-C");
    }
    arguments.extend(["updateinfo", "list", "security"]);
    let updates = notices(&output(image, &[command(Manager::Yum, &arguments)], network)?)?;
    Ok(Known { updates, as_of, ..Known::default() })
}

fn publishes(image: &Image) -> Result<(), String> {
    let os = image.os().map_err(|error| error.to_string())?;
    if NOTICES.contains(&os.id.as_str()) {
        return Ok(());
    }
    Err("the repositories of this distribution carry no security notices".to_owned())
}

/// The pending updates that `updateinfo list` prints: `ALAS2023-2024-501 Important/Sec. curl-8.5.0-1.amzn2023.x86_64`.
fn notices(said: &str) -> Result<Vec<Update>, String> {
    let mut updates = Vec::new();
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [notice, severity, package] = words.as_slice()
            && let Some(severity) = severity.strip_suffix("/Sec.")
        {
            updates.push(Update {
                package: (*package).to_owned(),
                notice: (*notice).to_owned(),
                severity: severity.to_ascii_lowercase(),
            });
        } else if line.starts_with("Error") || line.contains("No such command") {
            return Err(quoted(line));
        }
    }
    Ok(updates)
}

/// Amazon Linux 2023: the release its repositories are pinned to; `None` when it follows the latest, and elsewhere.
fn pinned(image: &Image) -> Result<Option<String>, String> {
    let failed = |error: crate::image::Error| error.to_string();
    let os = image.os().map_err(failed)?;
    if os.id != "amzn" || os.version_id != "2023" {
        return Ok(None);
    }
    let set = image.read_text(Path::new("/etc/dnf/vars/releasever")).map_err(failed)?;
    match set.as_deref().map(str::trim) {
        Some("latest") => return Ok(None),
        Some(release) if !release.is_empty() => return Ok(Some(release.to_owned())),
        _ => {}
    }
    let package = image.packages().map_err(failed)?.get("system-release");
    let version = package.and_then(|package| package.version.split('-').next());
    // `Amazon Linux 2023.6.20241010`
    Ok(version.or_else(|| os.pretty_name.rsplit(' ').next()).map(str::to_owned))
}

/// The newest release that `dnf check-release-update` names: `  Version 2023.6.20241010:`.
fn newest_release(said: &str) -> Option<String> {
    let versions = said.lines().filter_map(|line| line.trim().strip_prefix("Version ")?.strip_suffix(':'));
    let numbers = |version: &str| version.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    versions.filter_map(|version| Some((numbers(version)?, version))).max().map(|(_, version)| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use proptest::prelude::*;

    #[test]
    fn notices_are_read() {
        let said = "ALAS2023-2024-501 Important/Sec. curl-minimal-8.5.0-1.amzn2023.0.1.x86_64\n\
                    RHSA-2024:1234    Moderate/Sec.  openssl-libs-1:3.0.7-27.el9.x86_64\n\n\
                    ALAS2-2023-2009 medium/Sec.    kernel-4.14.314-237.533.amzn2.x86_64\nupdateinfo list done\n";
        let updates = notices(said).unwrap();
        assert_eq!(updates.len(), 3);
        assert_eq!((updates[0].notice.as_str(), updates[0].severity.as_str()), ("ALAS2023-2024-501", "important"));
        assert_eq!(updates[1].package, "openssl-libs-1:3.0.7-27.el9.x86_64");
        assert_eq!(notices(""), Ok(Vec::new()));
        let error = "Error: Cache-only enabled but no cache for 'amazonlinux'";
        assert_eq!(notices(error), Err(error.to_owned()));
    }

    #[test]
    fn amazon_linux_tells_what_it_is_pinned_to() {
        let fixture = Fixture::bare();
        let os = "ID=amzn\nVERSION_ID=2023\nPRETTY_NAME=\"Amazon Linux 2023.6.20241010\"\n";
        fixture.file("/etc/os-release", os);
        assert_eq!(pinned(&fixture.image()).unwrap().as_deref(), Some("2023.6.20241010"));
        fixture.file("/etc/dnf/vars/releasever", "2023.5.20240708\n");
        assert_eq!(pinned(&fixture.image()).unwrap().as_deref(), Some("2023.5.20240708"));
        fixture.file("/etc/dnf/vars/releasever", "latest\n");
        assert_eq!(pinned(&fixture.image()).unwrap(), None);
        fixture.file("/etc/os-release", "ID=rocky\nVERSION_ID=9.4\n");
        assert_eq!(pinned(&fixture.image()).unwrap(), None);
    }

    #[test]
    fn the_newest_release_is_the_highest() {
        let said = "WARNING:\n  A newer release of \"Amazon Linux\" is available.\n\n  Available Versions:\n\n  Version 2023.6.20241010:\n    Run the following command to upgrade to 2023.6.20241010:\n\n      dnf upgrade --releasever=2023.6.20241010\n\n  Version 2023.10.20250101:\n  Version x:\n";
        assert_eq!(newest_release(said).as_deref(), Some("2023.10.20250101"));
        assert_eq!(newest_release(""), None);
    }

    #[test]
    fn lists_must_be_there_for_every_repository() {
        let fixture = Fixture::bare();
        fixture
            .file("/etc/os-release", "ID=rocky\nVERSION_ID=9\n")
            .file(
                "/etc/yum.repos.d/r.repo",
                "[baseos]\nbaseurl=https://x.example\n[extras]\nbaseurl=https://y.example\n",
            )
            .file("/var/cache/dnf/baseos-0123456789abcdef/repodata/repomd.xml", "x");
        assert!(ask(&fixture.image(), false).unwrap_err().contains("extras"));
        fixture.file("/var/cache/dnf/extras-0123456789abcdef/repodata/repomd.xml", "x");
        assert!(ask(&fixture.image(), false).unwrap_err().contains("no security notices"));
        fixture.file("/etc/os-release", "ID=centos\nVERSION_ID=9\n");
        assert!(ask(&fixture.image(), false).unwrap_err().contains("carry no security notices"));
    }

    #[test]
    fn excluded_packages_and_silent_repositories_are_not_passed_over() {
        assert!(STRICT.contains(&"--disableexcludes=all") && STRICT.contains(&"--setopt=*.skip_if_unavailable=0"));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(said in "((Version |/Sec\\.| |\n|:|Error)|\\PC){0,60}") {
            let _ = (notices(&said), newest_release(&said));
        }
    }
}
