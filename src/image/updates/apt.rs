//! Debian and Ubuntu: a simulated upgrade, by the lists that apt has fetched.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::{Known, Manager, Update, command, output, quoted, written};
use crate::image::Image;

/// The upgrade with what is held and what is phased in, which apt would keep back.
const SIMULATED: [&str; 5] =
    ["-s", "dist-upgrade", "--ignore-hold", "-o", "APT::Get::Always-Include-Phased-Updates=true"];

pub(super) fn ask(image: &Image, network: bool) -> Result<Known, String> {
    let as_of = if network { None } else { Some(lists(image)?) };
    let quiet = ["-q", "-o", "APT::Get::Show-User-Simulation-Note=false", "-o", "APT::Color=0"];
    let mut commands = vec![command(Manager::Apt, &[&SIMULATED[..], &quiet].concat())];
    if network {
        let strict = ["-o", "APT::Update::Error-Mode=any"];
        commands.insert(0, command(Manager::Apt, &[&["update"][..], &quiet, &strict].concat()));
    }
    let said = output(image, &commands, network)?;
    // What could not be fetched is a warning only; a simulation that broke off has no last line.
    if let Some(line) = said.lines().find(|line| line.starts_with("E: ") || line.contains("Failed to fetch")) {
        return Err(quoted(line));
    }
    let (updates, others) = upgrades(&said).ok_or("its answer was not understood")?;
    Ok(Known { updates, others, as_of, ..Known::default() })
}

/// When the lists of the security suites were made; an old suite that stands still looks older than it is.
fn lists(image: &Image) -> Result<Timestamp, String> {
    let failed = |error: crate::image::Error| error.to_string();
    if image.glob("/var/lib/apt/lists/*security*_Packages*").map_err(failed)?.is_empty() {
        return Err("no list of a security suite was ever fetched".to_owned());
    }
    let mut newest = written(image, "/var/lib/apt/periodic/update-success-stamp")?;
    for path in image.glob("/var/lib/apt/lists/*security*_{InRelease,Release}").map_err(failed)? {
        let release = image.read_text(&path).map_err(failed)?.unwrap_or_default();
        newest = newest.max(made(&release));
    }
    newest.ok_or_else(|| "its lists do not say of when they are".to_owned())
}

/// The `Date` of a Release file.
fn made(release: &str) -> Option<Timestamp> {
    let date = release.lines().find_map(|line| line.strip_prefix("Date:"))?.trim();
    rfc2822::DateTimeParser::new().parse_timestamp(date.replace("UTC", "+0000").replace(" Z", " +0000")).ok()
}

/// The security updates among what `apt-get -s dist-upgrade` would install: lines such as
/// `Inst libssl3 [3.0.11-1] (3.0.14-1 Debian-Security:12/stable-security [amd64])`. With them the number
/// of updates from elsewhere (a security update may have come into those suites as well) and of what is kept back.
/// `None` when the summary that stands in every answer is missing.
fn upgrades(said: &str) -> Option<(Vec<Update>, usize)> {
    let (mut updates, mut others) = (Vec::new(), 0_usize);
    for line in said.lines() {
        let Some(rest) = line.strip_prefix("Inst ") else { continue };
        let (name, rest) = rest.split_once(' ')?;
        let (old, inside) = rest.split_once('(')?;
        let (inside, _) = inside.split_once(')')?;
        let (version, origins) = inside.split_once(' ').unwrap_or((inside, ""));
        let security = origins.split(", ").any(|origin| {
            let origin = origin.to_ascii_lowercase();
            origin.starts_with("debian-security:")
                || origin.split(' ').next().is_some_and(|name| name.ends_with("-security"))
        });
        if security {
            updates.push(Update {
                package: format!("{name} {version}"),
                notice: String::new(),
                severity: String::new(),
            });
        } else if old.starts_with('[') {
            others += 1;
        }
    }
    let summed_up = |line: &&str| line.contains(" upgraded, ") && line.contains(" newly installed, ");
    let sum = said.lines().find(summed_up)?;
    let kept_back: usize = sum.strip_suffix(" not upgraded.")?.rsplit(' ').next()?.parse().ok()?;
    Some((updates, others.saturating_add(kept_back)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use proptest::prelude::*;

    const SAID: &str = "Reading package lists...\nBuilding dependency tree...\nCalculating upgrade...\n\
        The following packages will be upgraded:\n  base-files libssl3 linux-image-amd64\n\
        3 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.\n\
        Inst base-files [12.4+deb12u5] (12.4+deb12u8 Debian:12.8/stable [amd64])\n\
        Inst libssl3 [3.0.11-1~deb12u2] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64]) []\n\
        Inst linux-image-6.1.0-28-amd64 (6.1.119-1 Debian:12.8/stable, Debian-Security:12/stable-security [amd64])\n\
        Inst curl [7.81.0-1ubuntu1.15] (7.81.0-1ubuntu1.20 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])\n\
        Inst ffmpeg [1] (2 UbuntuESMApps:22.04/jammy-apps-security [amd64])\n\
        Conf base-files (12.4+deb12u8 Debian:12.8/stable [amd64])\n";

    #[test]
    fn updates_from_security_suites_are_told_from_others() {
        let names: Vec<_> = upgrades(SAID).unwrap().0.into_iter().map(|update| update.package).collect();
        let expected =
            ["libssl3 3.0.15-1~deb12u1", "linux-image-6.1.0-28-amd64 6.1.119-1", "curl 7.81.0-1ubuntu1.20", "ffmpeg 2"];
        assert_eq!(names, expected);
        assert_eq!(upgrades("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"), Some((Vec::new(), 0)));
        assert_eq!(upgrades("Reading package lists...\n"), None);
    }

    #[test]
    fn updates_from_elsewhere_and_kept_back_are_counted() {
        assert_eq!(upgrades(SAID).unwrap().1, 1);
        let said = "The following packages have been kept back:\n  curl libssl3\n\
            1 upgraded, 1 newly installed, 0 to remove and 2 not upgraded.\n\
            Inst bash [5.1-6ubuntu1] (5.1-6ubuntu1.1 Ubuntu:22.04/jammy-updates [amd64])\n\
            Inst libnew1 (1.0 Ubuntu:22.04/jammy-updates [amd64])\n";
        assert_eq!(upgrades(said), Some((Vec::new(), 3)));
        assert!(SIMULATED.contains(&"--ignore-hold"));
    }

    #[test]
    fn lists_that_are_missing_or_say_nothing_are_no_answer() {
        let fixture = Fixture::debian();
        assert!(lists(&fixture.image()).unwrap_err().contains("ever fetched"));
        let name = "/var/lib/apt/lists/security.debian.org_dists_bookworm-security_";
        fixture.file(&format!("{name}main_binary-amd64_Packages"), "");
        assert!(lists(&fixture.image()).unwrap_err().contains("do not say"));
        fixture
            .file(&format!("{name}InRelease"), "Origin: Debian\nDate: Sat, 21 Nov 2026 10:11:12 UTC\nValid-Until: x\n");
        assert_eq!(lists(&fixture.image()).unwrap().to_string(), "2026-11-21T10:11:12Z");
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(said in "((Inst | \\[|\\(|\\)|\\]|\n| upgraded, | newly installed, |-security)|\\PC){0,40}") {
            let _ = (upgrades(&said), made(&said));
        }
    }
}
