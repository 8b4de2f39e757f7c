//! OSL-06: security fixes reach the image, and only genuine ones: a source of security updates is set up, signatures
//! are checked, and no source is one that only the build network knows or that stands still.

use std::net::Ipv4Addr;

use crate::check::{Finding, Observation, Status};
use crate::image::os::Os;
use crate::image::packages::Database;
use crate::image::repositories::apt::{self, Source};
use crate::image::repositories::apt_conf;
use crate::image::repositories::rpm::Repository;
use crate::image::repositories::{Repositories, host, shown};
use crate::image::{Error, Image, text};

/// Options of an apt source that let in what nobody signed (`sources.list(5)`).
pub(crate) const TRUSTING: [&str; 4] = ["trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"];

/// Settings of apt that do the same for every source, with the value that does not (`apt.conf(5)`, `apt-secure(8)`).
const SETTINGS: [(&str, &str, bool); 6] = [
    ("apt::get::allowunauthenticated", "packages without a signature are installed", false),
    ("acquire::allowinsecurerepositories", "sources without a signature are used", false),
    ("acquire::allowweakrepositories", "sources with a weak signature are used", false),
    ("acquire::allowdowngradetoinsecurerepositories", "a source may lose its signature", false),
    ("acquire::check-valid-until", "old lists of packages are taken for new ones", true),
    ("acquire::https::verify-peer", "nobody looks who answers over HTTPS", true),
];

/// Hosts whose archives stand still.
const FROZEN: [&str; 3] = ["snapshot.debian.org", "snapshot.ubuntu.com", "old-releases.ubuntu.com"];

/// Ends of names that only a network of one's own knows.
const PRIVATE: [&str; 8] = [".internal", ".local", ".lan", ".corp", ".intranet", ".home", ".home.arpa", ".localdomain"];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let found = image.repositories()?;
    let packages = image.packages()?;
    if packages.database == Database::None {
        let why = "No dpkg or rpm database was found: this image gets no packages from repositories.";
        return Ok(Finding::new(Status::NotApplicable, why));
    }
    let mut faults = Vec::new();
    let in_use;
    let mut no_security = false;
    if packages.database == Database::Dpkg {
        in_use = found.apt.len();
        faults.extend(found.apt.iter().flat_map(of_source));
        faults.extend(of_apt(found));
        if let Some(wanted) = missing_security(image.os()?, &found.apt) {
            no_security = true;
            faults.push(Observation::at("/etc/apt/sources.list").text(format!("no source has the suite {wanted}")));
        }
    } else {
        let used = || found.rpm.iter().filter(|repository| repository.enabled);
        in_use = used().count();
        faults.extend(used().flat_map(of_repository));
    }
    if in_use == 0 {
        // SUSE's images for sale get theirs when an instance registers at its first boot.
        return Ok(if packages.get("cloud-regionsrv-client").is_some() {
            Finding::new(Status::Pass, "No repository is set up: cloud-regionsrv-client brings them at first boot.")
        } else {
            Finding::new(Status::Fail, "No package repository is in use, so security fixes reach nobody.")
        });
    }
    Ok(match faults.len() {
        1 if no_security => Finding::new(Status::Fail, "No source of security updates is set up."),
        0 => Finding::new(Status::Pass, "Security updates have a source, and signatures are checked."),
        1 => Finding::new(Status::Fail, "One setting of the package repositories is unsafe or of the build network."),
        many => Finding::new(
            Status::Fail,
            format!("{many} settings of the package repositories are unsafe or of the build network."),
        ),
    }
    .seen(faults))
}

fn of_source(source: &Source) -> Vec<Observation> {
    let trusting = TRUSTING.iter().filter_map(|name| source.option(name)).filter(|option| apt::is_yes(&option.value));
    let mut faults: Vec<_> = trusting
        .map(|option| {
            let place = source.uris.first().map(|uri| shown(uri)).unwrap_or_default();
            let text = format!("{}={}: {place} is used unsigned", option.name, text::visible(&option.value));
            Observation::at(&source.path).line(option.line).text(text)
        })
        .collect();
    if let Some(option) = source.option("check-valid-until")
        && !apt::is_yes(&option.value)
    {
        let text = "check-valid-until: old lists of packages are taken for new ones";
        faults.push(Observation::at(&source.path).line(option.line).text(text));
    }
    let places = source.uris.iter().filter_map(|uri| Some((uri, of_the_build(uri)?)));
    faults.extend(
        places.map(|(uri, why)| Observation::at(&source.path).line(source.line).text(format!("{} {why}", shown(uri)))),
    );
    faults
}

fn of_apt(found: &Repositories) -> impl Iterator<Item = Observation> {
    SETTINGS.iter().filter_map(|(name, what, wanted)| {
        let setting = apt_conf::get(&found.apt_settings, name)?;
        (apt::is_yes(&setting.value) != *wanted)
            .then(|| Observation::at(&setting.path).line(setting.line).text(format!("{name}: {what}")))
    })
}

fn of_repository(repository: &Repository) -> Vec<Observation> {
    let mut faults = Vec::new();
    let id = text::visible(&repository.section.name);
    if !repository.packages.on && !repository.metadata.on {
        let (path, line) = match &repository.packages.said {
            Some((path, line)) => (path, *line),
            None => (&repository.path, repository.section.line),
        };
        let plain = repository.urls().any(|(url, _)| url.starts_with("http://") || url.starts_with("ftp://"));
        let how = if plain { ", and come over an open line" } else { "" };
        faults.push(
            Observation::at(path).line(line).text(format!("[{id}] gpgcheck is off: packages are not verified{how}")),
        );
    }
    let places = repository.urls().filter_map(|(url, line)| Some((url, line, of_the_build(url)?)));
    faults.extend(places.map(|(url, line, why)| {
        Observation::at(&repository.path).line(line).text(format!("[{id}] {} {why}", shown(url)))
    }));
    faults
}

/// Why a buyer gets nothing new from there.
fn of_the_build(url: &str) -> Option<&'static str> {
    if url.starts_with("cdrom:") || url.starts_with("cd:") || url.starts_with("dvd:") {
        return Some("is a disc that buyers do not have");
    }
    let host = host(url)?.to_ascii_lowercase();
    if FROZEN.contains(&host.as_str()) {
        return Some("stands still: no security fix comes from there");
    }
    let private = match host.parse::<Ipv4Addr>() {
        Ok(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        // A variable may stand for a whole name.
        Err(_) => PRIVATE.iter().any(|end| host.ends_with(end)) || !host.contains(['.', ':', '$']),
    };
    private.then_some("is an address that buyers cannot reach")
}

/// The suite of security updates that no source has; `None` when one has it, or the release has none of its own.
fn missing_security(os: &Os, sources: &[Source]) -> Option<String> {
    let codename = os.fields.get("VERSION_CODENAME").map_or("", String::as_str);
    // Debian's testing and unstable have no number and get fixes through their only suite.
    if !matches!(os.id.as_str(), "debian" | "ubuntu") || os.version_id.is_empty() {
        return None;
    }
    let is_security = |suite: &String| {
        let name = suite.strip_suffix("-security").or_else(|| suite.trim_end_matches('/').strip_suffix("/updates"));
        name.is_some_and(|name| codename.is_empty() || name == codename || name.ends_with("stable"))
    };
    if sources.iter().flat_map(|source| &source.suites).any(is_security) {
        return None;
    }
    Some(format!("{}-security", if codename.is_empty() { "…" } else { codename }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn debian(sources: &str) -> Fixture {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1").file("/etc/apt/sources.list", sources);
        fixture.file("/etc/os-release", "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n");
        fixture
    }

    fn amazon(repo: &str) -> Fixture {
        let fixture = Fixture::bare();
        fixture
            .file("/etc/os-release", "ID=amzn\nVERSION_ID=2023\n")
            .file("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\n")
            .file("/etc/yum.repos.d/a.repo", repo);
        fixture
    }

    /// The faults of `fixture`'s repositories, as `line text`.
    fn faults(fixture: &Fixture) -> Vec<String> {
        let image = fixture.image();
        let found = image.repositories().unwrap();
        let seen = found.apt.iter().flat_map(of_source).chain(of_apt(found));
        let seen = seen.chain(found.rpm.iter().filter(|one| one.enabled).flat_map(of_repository));
        seen.map(|seen| format!("{} {}", seen.line.unwrap(), seen.text.unwrap())).collect()
    }

    const SECURITY: &str = "deb http://security.debian.org/debian-security bookworm-security main\n";

    #[test]
    fn stock_sources_pass() {
        let cloud = "Types: deb deb-src\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm bookworm-updates\nComponents: main\n\n\
                     Types: deb deb-src\nURIs: mirror+file:///etc/apt/mirrors/debian-security.list\nSuites: bookworm-security\nComponents: main\n";
        let fixture = debian("# See debian.sources\n");
        fixture.file("/etc/apt/sources.list.d/debian.sources", cloud);
        assert_eq!(judged(&fixture.image(), "OSL-06").status, Status::Pass);
        let alpine = Fixture::bare();
        assert_eq!(judged(&alpine.image(), "OSL-06").status, Status::NotApplicable);
        let amazon = amazon(
            "[amazonlinux]\nmirrorlist=https://cdn.amazonlinux.com/al2023/core/mirrors/$releasever/$basearch/mirror.list\ngpgcheck=1\nrepo_gpgcheck=0\n",
        );
        assert_eq!(faults(&amazon), [""; 0]);
    }

    #[test]
    fn a_debian_without_security_updates_or_sources_fails() {
        let fixture = debian("deb http://deb.debian.org/debian bookworm main\n");
        let finding = judged(&fixture.image(), "OSL-06");
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.observations[0].text.as_deref(), Some("no source has the suite bookworm-security"));
        assert_eq!(judged(&debian(SECURITY).image(), "OSL-06").status, Status::Pass);
        for none in ["", "deb http://security.debian.org/ bullseye-security main\n"] {
            assert_eq!(judged(&debian(none).image(), "OSL-06").status, Status::Fail, "{none}");
        }
        let sid = debian("deb http://deb.debian.org/debian sid main\n");
        sid.file("/etc/os-release", "ID=debian\nVERSION_CODENAME=forky\n");
        assert_eq!(judged(&sid.image(), "OSL-06").status, Status::Pass);
    }

    #[test]
    fn unsigned_and_frozen_sources_fail() {
        let text = format!(
            "{SECURITY}deb [trusted=yes] https://joe:hunter2@apt.example.com ./\ndeb [trusted=no] https://x.example ./\n\
             deb http://snapshot.debian.org/archive/debian/20260101T000000Z bookworm main\ndeb http://aptly/debian x main\n"
        );
        let fixture = debian(&text);
        fixture.file(
            "/etc/apt/apt.conf.d/99build",
            "Acquire { Check-Valid-Until \"false\"; };\nAPT::Get::AllowUnauthenticated 0;\n",
        );
        let seen = faults(&fixture);
        assert_eq!(seen.len(), 4, "{seen:?}");
        assert_eq!(seen[0], "2 trusted=yes: https://…@apt.example.com is used unsigned");
        assert!(seen[1].starts_with("4 ") && seen[2].starts_with("5 ") && seen[3].starts_with("1 "), "{seen:?}");
        assert_eq!(judged(&fixture.image(), "OSL-06").observations.len(), 4);
    }

    #[test]
    fn unverified_rpm_packages_fail() {
        let fixture = amazon(
            "[a]\nbaseurl=http://a.example.com/\ngpgcheck=0\n[b]\nbaseurl=https://b.example.com/\ngpgcheck=0\nenabled=0\n\
             [c]\nbaseurl=https://10.1.2.3/\n[d]\nbaseurl=https://d.example.com/\ngpgcheck=0\nrepo_gpgcheck=1\n",
        );
        let seen = faults(&fixture);
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!(seen[0], "3 [a] gpgcheck is off: packages are not verified, and come over an open line");
        assert!(seen[1].contains("[c]"), "{seen:?}");
    }

    #[test]
    fn a_file_apt_would_refuse_is_unknown() {
        let finding = judged(&debian("debian http://x y z\n").image(), "OSL-06");
        assert_eq!(finding.status, Status::Unknown);
        assert!(finding.summary.contains("/etc/apt/sources.list") && finding.summary.contains("line 1"), "{finding:?}");
    }
}
