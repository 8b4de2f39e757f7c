//! Which packages are the distribution's own, and which a third party made.

use crate::image::packages::{Database, Package, Packages};

/// What third parties write into the versions of their Debian packages: `NodeSource`, the archives of `PostgreSQL` and
/// `MariaDB`, Ondřej Surý's PHP, Redis, Launchpad's personal archives.
const MARKS: [&str; 8] = ["nodesource", "pgdg", "sury.org", "+maria~", "rl1~", "ppa", "~xtradeb", "+zfsonlinux"];

/// Where the makers of Debian's and Ubuntu's own packages have their addresses, mostly.
const OWN: [&str; 5] = ["debian.org", "debian.net", "ubuntu.com", "canonical.com", "launchpad.net"];

/// The packages that a third party surely made.
///
/// rpm packages carry their vendor: the distribution is whoever made its C library. dpkg keeps a maintainer only, who
/// may write from anywhere, and the version, where known third parties leave their mark.
pub(super) fn foreign(packages: &Packages) -> impl Iterator<Item = &Package> {
    let dpkg = packages.database == Database::Dpkg;
    let own = packages.get("glibc").map(|package| package.vendor.as_str());
    packages.packages.iter().filter(move |package| {
        if dpkg {
            MARKS.iter().any(|mark| package.version.contains(mark))
        } else {
            Some(package.vendor.as_str()) != own && package.name != "gpg-pubkey"
        }
    })
}

/// The packages that a third party made as far as their maker's address tells, too: enough for a package of a name that
/// teams of the distribution maintain.
pub(super) fn perhaps_foreign(packages: &Packages) -> impl Iterator<Item = &Package> {
    let dpkg = packages.database == Database::Dpkg;
    let elsewhere = packages.packages.iter().filter(move |package| dpkg && is_elsewhere(&package.vendor));
    foreign(packages).chain(elsewhere)
}

/// Whether a third party made `package`, as far as its vendor, version or maker's address tells; `libc` is the package of
/// the C library in an rpm database, of which the distribution is the vendor.
pub(in crate::check) fn is_foreign(package: &Package, libc: Option<&Package>) -> bool {
    if let Some(libc) = libc {
        return package.vendor != libc.vendor;
    }
    let is_nobodys = !package.vendor.is_empty() && !package.vendor.contains('@');
    MARKS.iter().any(|mark| package.version.contains(mark)) || is_nobodys || is_elsewhere(&package.vendor)
}

fn is_elsewhere(maintainer: &str) -> bool {
    let Some((_, domain)) = maintainer.trim_end_matches('>').rsplit_once('@') else { return false };
    !OWN.iter().any(|own| domain.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn names<'a>(found: impl Iterator<Item = &'a Package>) -> Vec<&'a str> {
        found.map(|package| package.name.as_str()).collect()
    }

    #[test]
    fn debian_packages_are_known_by_version_and_maker() {
        let status = "Package: libc6\nStatus: install ok installed\nMaintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>\nVersion: 2.36-9\n\n\
                      Package: nodejs\nStatus: install ok installed\nMaintainer: Ivan <ivan@nodesource.com>\nVersion: 18.20.0-1nodesource1\n\n\
                      Package: libx\nStatus: install ok installed\nMaintainer: Jo <jo@notdebian.org>\nVersion: 1\n";
        let fixture = Fixture::debian();
        fixture.file("/var/lib/dpkg/status", status);
        let image = fixture.image();
        let packages = image.packages().unwrap();
        assert_eq!(names(foreign(packages)), ["nodejs"]);
        assert_eq!(names(perhaps_foreign(packages)), ["nodejs", "libx", "nodejs"]);
    }
}
