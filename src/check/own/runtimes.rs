//! OSL-02: what the product brought along is still supported by its maker.
//!
//! Only third parties' packages and copies outside the package manager count: a distribution mends its own packages, of
//! whatever age, as long as it lives itself (OSL-01). Nothing is executed; versions are read from headers, release notes
//! and paths.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use memchr::memmem;

use super::origins;
use crate::catalogue::runtimes::{self, End, Software};
use crate::check::{Context, Finding, Observation, Status};
use crate::image::packages::Database;
use crate::image::{Error, Image, Kind, READ_LIMIT, text};

/// Fewer days than this are a remark.
const SOON: i32 = 180;

/// One copy of a piece of software.
struct Copy {
    software: &'static Software,
    version: String,
    place: Observation,
}

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let Some(table) = runtimes::built_in() else {
        return Ok(Finding::new(Status::Unknown, "The table of runtimes is broken, which is a defect of Seaworthy."));
    };
    let mut copies = Vec::new();
    for software in &table.software {
        for pattern in &software.places {
            for path in image.glob(pattern)? {
                if let Some(version) = version_at(image, software, &path)? {
                    copies.push(Copy { software, version, place: Observation::at(path) });
                }
            }
        }
    }
    let packages = image.packages()?;
    let mut named = BTreeMap::new();
    for package in origins::perhaps_foreign(packages) {
        if let Some(software) = table.software.iter().find(|software| software.is_package(&package.name)) {
            named.insert(&package.name, (software, package));
        }
    }
    for (software, package) in named.into_values() {
        // An epoch is no part of the maker's version.
        let version = package.version.rsplit_once(':').map_or(package.version.as_str(), |(_, version)| version);
        if let Some(version) = runtimes::version(version) {
            let text = format!("package {}", package.name);
            copies.push(Copy { software, version: version.to_owned(), place: Observation::fact(text) });
        }
    }
    let mut finding = judge(&copies, context.today);
    if packages.database == Database::None && finding.status == Status::Pass {
        finding.summary.push_str(" (There is no package database; only files were looked at.)");
    }
    Ok(finding)
}

/// The version of the copy at `path`; `None` when there is none.
fn version_at(image: &Image, software: &Software, path: &Path) -> Result<Option<String>, Error> {
    if software.mark.is_empty() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(runtimes::version(name.rsplit('-').next().unwrap_or_default()).map(str::to_owned));
    }
    if image.stat(path)?.is_none_or(|meta| meta.kind != Kind::File) {
        return Ok(None);
    }
    let bytes = image.read_start(path, READ_LIMIT)?.unwrap_or_default();
    let mark = software.mark.as_bytes();
    Ok(memmem::find_iter(&bytes, mark).find_map(|at| {
        let rest = bytes.get(at + mark.len()..)?;
        runtimes::version(&String::from_utf8_lossy(rest.get(..64).unwrap_or(rest))).map(str::to_owned)
    }))
}

fn judge(copies: &[Copy], today: Date) -> Finding {
    let mut ended = Vec::new();
    let mut others = Vec::new();
    for Copy { software, version, place } in copies {
        let name = format!("{} {version}", software.name);
        let observed = |what: &str| {
            let place_text = place.text.as_deref().map(|text| format!(" ({text})")).unwrap_or_default();
            Observation { text: Some(text::visible(&format!("{name}{place_text}: {what}"))), ..place.clone() }
        };
        match software.end(version) {
            Some(End::On(end)) if end < today => ended.push(observed(&format!("ended on {end}"))),
            Some(End::LongAgo) => ended.push(observed("ended years ago")),
            Some(End::On(end)) => {
                let left = today.until(end).map_or(0, |span| span.get_days());
                let soon = if left < SOON { format!(", in {left} days") } else { String::new() };
                others.push(observed(&format!("supported until {end}{soon}")));
            }
            None => others.push(observed("in no table; ask its maker")),
        }
    }
    let finding = match (ended.len(), others.len()) {
        (0, 0) => Finding::new(Status::Pass, "No runtime, database or server of a third party was found."),
        (0, 1) => {
            Finding::new(Status::Pass, "The one runtime of a third party that was found is not known to have ended.")
        }
        (0, many) => Finding::new(
            Status::Pass,
            format!("None of {many} runtimes, databases and servers of third parties is known to have ended."),
        ),
        (1, _) => Finding::new(Status::Fail, "Software that its maker no longer mends is on the image."),
        (many, _) => {
            Finding::new(Status::Fail, format!("{many} copies of software that no maker mends are on the image."))
        }
    };
    finding.seen(ended).seen(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn texts(finding: &Finding) -> Vec<&str> {
        finding.observations.iter().filter_map(|seen| seen.text.as_deref()).collect()
    }

    #[test]
    fn copies_of_a_third_party_are_judged_by_their_version() {
        let fixture = Fixture::debian();
        fixture.openssh("9.2p1");
        assert_eq!(judged(&fixture.image(), "OSL-02").status, Status::Pass);
        fixture
            .file(
                "/opt/node/include/node/node_version.h",
                "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 1\n",
            )
            .file("/opt/acme/jre/release", "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.9\"\n")
            .file("/opt/python/include/python3.9/patchlevel.h", "#define PY_VERSION              \"3.9.18\"\n")
            .file("/usr/local/nginx/sbin/nginx", b"\x7fELF\0nginx/%s\0nginx/1.16.1\0\xff")
            .file(
                "/opt/openssl/include/openssl/opensslv.h",
                "# define OPENSSL_VERSION_TEXT \"OpenSSL 1.1.1w  11 Sep 2023\"\n",
            )
            .directory("/opt/mongodb-linux-x86_64-rhel80-5.0.9")
            .directory("/opt/dotnet/shared/Microsoft.NETCore.App/10.0.1")
            .file("/opt/tomcat/RELEASE-NOTES", "\n   Apache Tomcat Version 9.0.80\n");
        let finding = judged(&fixture.image(), "OSL-02");
        assert_eq!(
            (finding.status, finding.summary.as_str()),
            (Status::Fail, "5 copies of software that no maker mends are on the image.")
        );
        let expected = [
            "Node.js 20: ended on 2026-04-30",
            "Python 3.9.18: ended on 2025-10-31",
            "nginx 1.16.1: ended on 2020-04-21",
            "OpenSSL 1.1.1: ended on 2023-09-11",
            "MongoDB 5.0.9: ended on 2024-10-31",
            "Java 17.0.9: supported until 2029-10-31",
            ".NET 10.0.1: in no table; ask its maker",
            "Apache Tomcat 9.0.80: supported until 2027-03-31, in 129 days",
        ];
        assert_eq!(texts(&finding), expected);
    }

    #[test]
    fn the_distributions_own_packages_are_its_business() {
        let fixture = Fixture::debian();
        let package = |maker: &str, version: &str| {
            format!("Package: nodejs\nStatus: install ok installed\nMaintainer: {maker}\nVersion: {version}\n")
        };
        fixture.file(
            "/var/lib/dpkg/status",
            package("JS <pkg-javascript-devel@alioth-lists.debian.net>", "18.20.4+dfsg-1"),
        );
        assert_eq!(judged(&fixture.image(), "OSL-02").status, Status::Pass);
        fixture.file("/var/lib/dpkg/status", package("Ivan <ivan@nodesource.com>", "1:18.20.4-1nodesource1"));
        let finding = judged(&fixture.image(), "OSL-02");
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(texts(&finding), ["Node.js 18.20.4 (package nodejs): ended on 2025-04-30"]);
    }

    #[test]
    fn odd_files_are_survived() {
        let fixture = Fixture::debian();
        fixture
            .openssh("9.2p1")
            .file("/opt/a/release", "JAVA_VERSION=")
            .file("/opt/b/release", b"\xff\0JAVA_VERSION=\"\xff");
        fixture.fifo("/opt/c/release").directory("/opt/d/release");
        assert_eq!(judged(&fixture.image(), "OSL-02").status, Status::Pass);
    }
}
