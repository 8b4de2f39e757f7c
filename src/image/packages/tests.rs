//! Package databases of small roots. What the real programs write is compared in `tests/it/packages.rs`.

use crate::image::fixture::Fixture;

use super::*;

const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

fn debian() -> Fixture {
    let root = Fixture::bare();
    root.file(
        "/var/lib/dpkg/status",
        format!(
            "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1.2\n\n\
             Package: bash\nStatus: hold ok installed\nMaintainer: Somebody\nArchitecture: amd64\nVersion: 5.2\n\
             Conffiles:\n /etc/bash.bashrc {ABC}\n\n\
             Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5\n"
        ),
    )
    .file("/var/lib/dpkg/info/bash.md5sums", format!("{ABC}  bin/bash\n{ABC}  bin/sh\n"))
    .file("/var/lib/dpkg/info/zlib1g:amd64.md5sums", format!("{ABC}  usr/lib/libz.so\n"))
    .file("/var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n");
    root
}

fn read(root: &Fixture) -> (Image, Packages) {
    let image = root.image();
    let packages = Packages::read(&image).unwrap();
    (image, packages)
}

#[test]
fn dpkg_packages_are_sorted_and_found_by_name() {
    let (_, packages) = read(&debian());
    assert_eq!(packages.database, Database::Dpkg);
    let names: Vec<&str> = packages.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["bash", "dash", "zlib1g"]);
    assert_eq!(packages.get("bash").unwrap().vendor, "Somebody");
    assert!(packages.get("bas").is_none());
}

#[test]
fn dpkg_knows_what_it_shipped() {
    let root = debian();
    let (image, packages) = read(&root);
    let owner =
        |path: &str, bytes: &[u8]| packages.ships(&image, Path::new(path), bytes).map(|package| package.name.clone());
    assert_eq!(owner("/usr/bin/bash", b"abc").as_deref(), Some("bash"));
    assert_eq!(owner("/bin/bash", b"abc").as_deref(), Some("bash"));
    assert_eq!(owner("/bin/bash", b"abd"), None);
    assert_eq!(owner("/etc/bash.bashrc", b"abc").as_deref(), Some("bash"));
    assert_eq!(owner("/lib/libz.so", b"abc").as_deref(), Some("zlib1g"));
    assert_eq!(owner("/bin/sh", b"abc"), None);
    assert_eq!(owner("/bin/sh.distrib", b"abc").as_deref(), Some("bash"));
}

#[test]
fn what_no_package_brought_is_told_by_digests_and_lists() {
    let root = debian();
    root.file("/var/lib/dpkg/info/dash.list", "/.\n/bin\n/bin/dash\n");
    let (image, packages) = read(&root);
    let paths = ["/usr/bin/bash", "/usr/bin/dash", "/usr/bin/evil"].map(PathBuf::from);
    let left = packages.unowned(&image, paths.into()).unwrap();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [Path::new("/usr/bin/evil")]);
    assert!(packages.has_digest(&image, Path::new("/usr/bin/bash")));
    assert!(!packages.has_digest(&image, Path::new("/usr/bin/dash")));
}

#[test]
fn what_dpkg_had_noted_counts() {
    let root = debian();
    root.file(
        "/var/lib/dpkg/updates/0000",
        "Package: bash\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 6\n\n\
         Package: dash\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 0.5\n",
    )
    .file("/var/lib/dpkg/updates/tmp.i", "Package: never\nStatus: install ok installed\n");
    let (_, packages) = read(&root);
    assert_eq!(packages.get("bash").unwrap().version, "6");
    assert!(packages.get("dash").is_none() && packages.get("never").is_none());
}

#[test]
fn distroless_images_have_a_file_for_each_package() {
    let root = Fixture::bare();
    root.file("/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n")
        .file("/var/lib/dpkg/status.d/base.md5sums", format!("{ABC}  etc/issue\n"));
    let (image, packages) = read(&root);
    assert_eq!(packages.database, Database::Dpkg);
    assert_eq!(packages.get("base-files").unwrap().version, "12.4");
    assert!(packages.ships(&image, Path::new("/etc/issue"), b"abc").is_some());
}

#[test]
fn no_database_is_no_error() {
    let (image, packages) = read(&Fixture::bare());
    assert_eq!((packages.database, packages.packages.len()), (Database::None, 0));
    assert!(packages.ships(&image, Path::new("/etc/issue"), b"abc").is_none());
}

#[test]
fn what_is_no_database_is_an_error() {
    for (path, bytes) in [
        ("/var/lib/rpm/rpmdb.sqlite", &b"nonsense"[..]),
        ("/usr/lib/sysimage/rpm/Packages.db", b""),
        ("/var/lib/rpm/Packages", &[0; 4096]),
    ] {
        let root = Fixture::bare();
        root.file(path, bytes);
        let error = Packages::read(&root.image()).unwrap_err();
        assert_eq!(error.path, Path::new(path));
    }
    let root = Fixture::bare();
    root.file("/var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0")
        .file("/var/lib/rpm/rpmdb.sqlite-journal", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7rest");
    assert!(Packages::read(&root.image()).unwrap_err().to_string().contains("--rebuilddb"));
    let root = Fixture::bare();
    root.directory("/var/lib/rpm").fifo("/var/lib/rpm/Packages");
    assert!(Packages::read(&root.image()).is_err());
}
