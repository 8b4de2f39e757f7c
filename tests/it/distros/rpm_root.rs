//! Roots whose packages are real ones: the trees' packages made by `rpmbuild`, installed by `rpm --root`, and their
//! headers in each of the three database formats. The reader must say what rpm says, and the table must hold as well.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seaworthy::catalogue::Catalogue;
use seaworthy::image::Image;
use seaworthy::image::packages::Database;

use super::database::{Installed, made};
use super::tree::Tree;
use super::{EVERYWHERE, compared, judged};
use crate::packages::{header_of, lines, load_bdb, run};

/// One source package that gives all of them.
fn spec(source: &Path, packages: &[Installed]) -> String {
    let vendor = &packages[0].vendor;
    let mut spec = format!(
        "%global debug_package %{{nil}}\n%global __os_install_post %{{nil}}\n\
         %global _binaries_in_noarch_packages_terminate_build 0\n\
         Name: fixture\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nVendor: {vendor}\nBuildArch: noarch\n\
         AutoReqProv: no\n%description\nd\n%install\ncp -a {}/. %{{buildroot}}/\n",
        source.display()
    );
    for package in packages {
        let name = &package.name;
        let (version, release) = package.version_and_release();
        write!(
            spec,
            "%package -n {name}\nVersion: {version}\nRelease: {release}\nSummary: s\nAutoReqProv: no\n\
             %description -n {name}\nd\n%files -n {name}\n"
        )
        .unwrap();
        for (path, _) in &package.files {
            let kind = if path.starts_with("/etc/") { "%config(noreplace) " } else { "" };
            writeln!(spec, "{kind}\"{path}\"").unwrap();
        }
    }
    spec
}

/// The packages of a tree that is laid out at `root`, built below `place`.
fn built(place: &Path, root: &Path, packages: &[Installed]) -> Vec<PathBuf> {
    let source = place.join("source");
    for (path, _) in packages.iter().flat_map(|package| &package.files) {
        let to = source.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        run(Command::new("cp").arg("-a").arg(root.join(path.trim_start_matches('/'))).arg(to));
    }
    fs::write(place.join("fixture.spec"), spec(&source, packages)).unwrap();
    let top = format!("_topdir {}", place.join("top").display());
    run(Command::new("rpmbuild").args(["-bb", "--define", &top]).arg(place.join("fixture.spec")));
    let made =
        fs::read_dir(place.join("top/RPMS/noarch")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(made.len(), packages.len());
    made
}

fn rpm(root: &Path, backend: &str, place: &str) -> Command {
    let mut command = Command::new("rpm");
    command.args(["--define", &format!("_db_backend {backend}"), "--dbpath", place, "--root"]).arg(root);
    command
}

/// What rpm itself says is installed.
fn said(root: &Path, backend: &str, place: &str) -> BTreeSet<String> {
    let format = "%{NAME}|%{VERSION}-%{RELEASE}|%{ARCH}|%{VENDOR}\n";
    run(rpm(root, backend, place).args(["-qa", "--qf", format])).lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs rpm, rpmbuild, db5.3_load and root; run by .ci/run"]
fn real_packages_are_read_and_judged_alike_in_every_format() {
    let (catalogue, everywhere) = (Catalogue::built_in().unwrap(), Tree::read(EVERYWHERE));
    for (name, place, file, database) in [
        ("rhel-9", "/var/lib/rpm", "rpmdb.sqlite", Database::RpmSqlite),
        ("rhel-8", "/var/lib/rpm", "Packages", Database::RpmBdb),
        ("sles-15.7", "/usr/lib/sysimage/rpm", "Packages.db", Database::RpmNdb),
    ] {
        let tree = Tree::read(name);
        let root = tree.laid_out();
        let packages: Vec<Installed> =
            tree.installed().into_iter().filter(|package| package.name != "gpg-pubkey").collect();
        let work = tempfile::tempdir().unwrap();
        let files = built(work.path(), root.path(), &packages);
        let at = root.path().join(place.trim_start_matches('/')).join(file);
        fs::remove_file(&at).unwrap();
        run(rpm(root.path(), "sqlite", place)
            .args(["-i", "--nodeps", "--replacefiles", "--force-debian"])
            .args(&files));
        let mut expected = said(root.path(), "sqlite", place);
        assert_eq!(expected.len(), packages.len(), "{name}");
        if database != Database::RpmSqlite {
            for entry in fs::read_dir(at.parent().unwrap()).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
            let headers: Vec<Vec<u8>> = files.iter().map(|file| header_of(file)).collect();
            if database == Database::RpmBdb {
                load_bdb(&at, &headers, 1234, 4096);
                expected = said(root.path(), "bdb_ro", place);
            } else {
                fs::write(&at, made::ndb(&headers)).unwrap();
            }
        }
        let image = Image::open(root.path()).unwrap();
        let found = image.packages().unwrap();
        assert_eq!(found.database, database, "{name}");
        assert_eq!(lines(found), expected, "{name}");
        let (_, findings) = judged(&image, &catalogue);
        let wrong = compared(name, &findings, [&tree.stock, &everywhere.stock]);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
