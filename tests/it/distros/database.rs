//! Package databases of the fixture trees: dpkg's text files, and rpm's three forms as the readers' own tests write them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use md5::{Digest as _, Md5};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

#[path = "../../../src/image/packages/rpm/made.rs"]
pub(crate) mod made;

use made::Made;

/// How the installed packages are written down.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Database {
    Dpkg,
    RpmBdb,
    RpmNdb,
    RpmSqlite,
}

/// A file's path and content.
pub(crate) type Owned = (String, Vec<u8>);

/// One installed package.
pub(crate) struct Installed {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) vendor: String,
    pub(crate) files: Vec<Owned>,
}

impl Installed {
    /// rpm's version and release.
    pub(crate) fn version_and_release(&self) -> (&str, &str) {
        self.version.rsplit_once('-').unwrap_or((&self.version, "1"))
    }
}

impl Database {
    /// Writes it for `packages` into `root`; rpm's files into the directory `rpm`.
    pub(crate) fn write(self, root: &Path, rpm: &Path, packages: &[Installed]) {
        let headers = || packages.iter().map(rpm_header).collect::<Vec<_>>();
        let (file, bytes) = match self {
            Self::Dpkg => return write_dpkg(&root.join("var/lib/dpkg"), packages),
            Self::RpmBdb => ("Packages", made::bdb(&headers(), false)),
            Self::RpmNdb => ("Packages.db", made::ndb(&headers())),
            Self::RpmSqlite => ("rpmdb.sqlite", made::sqlite(&headers())),
        };
        fs::create_dir_all(rpm).unwrap();
        fs::write(rpm.join(file), bytes).unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn rpm_header(package: &Installed) -> Vec<u8> {
    let (version, release) = package.version_and_release();
    // The keys that packages are signed with are packages without an architecture or a vendor.
    let is_key = package.name == "gpg-pubkey";
    made::header(&Made {
        name: package.name.clone(),
        epoch: None,
        version: version.to_owned(),
        release: release.to_owned(),
        arch: if is_key { "" } else { "x86_64" }.to_owned(),
        vendor: if is_key { "" } else { &package.vendor }.to_owned(),
        files: package.files.iter().map(|(path, text)| (path.clone(), hex(digest(&SHA256, text).as_ref()))).collect(),
    })
}

fn write_dpkg(place: &Path, packages: &[Installed]) {
    let info = place.join("info");
    fs::create_dir_all(&info).unwrap();
    let mut status = String::new();
    for Installed { name, version, vendor, files } in packages {
        write!(
            status,
            "Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: admin\n\
             Maintainer: {vendor}\nArchitecture: amd64\nVersion: {version}\n"
        )
        .unwrap();
        if files.iter().any(|(path, _)| path.starts_with("/etc/")) {
            status.push_str("Conffiles:\n");
        }
        let (mut sums, mut list) = (String::new(), String::new());
        for (path, text) in files {
            let sum = hex(&Md5::digest(text));
            writeln!(list, "{path}").unwrap();
            if path.starts_with("/etc/") {
                writeln!(status, " {path} {sum}").unwrap();
            } else {
                writeln!(sums, "{sum}  {}", path.trim_start_matches('/')).unwrap();
            }
        }
        writeln!(status, "Description: {name}\n").unwrap();
        fs::write(info.join(format!("{name}.md5sums")), sums).unwrap();
        fs::write(info.join(format!("{name}.list")), list).unwrap();
    }
    fs::write(place.join("status"), status).unwrap();
}
