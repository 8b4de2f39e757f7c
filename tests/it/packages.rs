//! Package databases as the real `dpkg`, `rpm`, `db5.3_load` and `sqlite3` write them, and what the real programs say
//! of them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use seaworthy::image::Image;
use seaworthy::image::packages::{Database, Packages};
use tempfile::TempDir;

use crate::distros::database::made;
use crate::roots;

pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stderr(Stdio::piped()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A line for each package: name, version, architecture, vendor.
pub(crate) fn lines(packages: &Packages) -> BTreeSet<String> {
    let line = |package: &seaworthy::image::packages::Package| {
        format!("{}|{}|{}|{}", package.name, package.version, package.arch, package.vendor)
    };
    packages.packages.iter().map(line).collect()
}

/// This machine's root, and Debian's of three releases.
fn real_roots() -> [PathBuf; 4] {
    [PathBuf::from("/"), roots::debian(11), roots::debian(12), roots::debian(13)]
}

#[test]
#[ignore = "needs dpkg-query and debootstrap; run by .ci/run"]
fn dpkg_says_the_same() {
    for root in real_roots() {
        let said = run(Command::new("dpkg-query").arg("--admindir").arg(root.join("var/lib/dpkg")).args([
            "-W",
            "-f",
            "${db:Status-Status}|${Package}|${Version}|${Architecture}|${Maintainer}\n",
        ]));
        let there = ["installed", "triggers-awaited", "triggers-pending", "unpacked", "half-configured"];
        let said: BTreeSet<String> = said
            .lines()
            .filter_map(|line| line.split_once('|').filter(|(state, _)| there.contains(state)))
            .map(|(_, package)| package.to_owned())
            .collect();
        let image = Image::open(&root).expect("the root opens");
        let packages = image.packages().expect("packages are read");
        assert_eq!(packages.database, Database::Dpkg, "{}", root.display());
        assert_eq!(lines(packages), said, "{}", root.display());
    }
}

/// A status file and what an interrupted run noted beside it.
#[test]
#[ignore = "needs dpkg-query; run by .ci/run"]
fn dpkg_interrupted() {
    let root = Root::new();
    fs::create_dir_all(root.path("var/lib/dpkg/updates")).expect("directories");
    fs::create_dir_all(root.path("var/lib/dpkg/info")).expect("directories");
    let stanza = |name: &str, state: &str, version: u32| {
        format!(
            "Package: {name}\nStatus: {state}\nMaintainer: M\nArchitecture: all\nVersion: {version}\nDescription: d\n\n"
        )
    };
    let status = stanza("a", "install ok installed", 1)
        + &stanza("b", "install ok installed", 1)
        + &stanza("c", "hold ok installed", 1)
        + &stanza("d", "deinstall ok config-files", 1);
    fs::write(root.path("var/lib/dpkg/status"), status).expect("a file");
    let first = stanza("a", "install ok half-configured", 2);
    fs::write(root.path("var/lib/dpkg/updates/0000"), first).expect("a file");
    let second = stanza("a", "install ok installed", 2) + &stanza("b", "deinstall ok config-files", 1);
    fs::write(root.path("var/lib/dpkg/updates/0001"), second).expect("a file");
    let said = run(Command::new("dpkg-query").arg("--admindir").arg(root.path("var/lib/dpkg")).args([
        "-W",
        "-f",
        "${db:Status-Status}|${Package}|${Version}|${Architecture}|${Maintainer}\n",
    ]));
    let said: BTreeSet<String> =
        said.lines().filter_map(|line| line.strip_prefix("installed|")).map(str::to_owned).collect();
    assert_eq!(said.len(), 2);
    assert_eq!(lines(root.image().packages().expect("packages are read")), said);
}

/// Every program, unit and configuration file that dpkg knows is shipped, but for those `dpkg --verify` names too.
#[test]
#[ignore = "needs dpkg and debootstrap; run by .ci/run"]
fn dpkg_ships_what_it_owns() {
    for root in real_roots() {
        ships_what_it_owns(&root);
    }
}

fn ships_what_it_owns(root: &Path) {
    let image = Image::open(root).expect("the root opens");
    let packages = image.packages().expect("packages are read");
    let owners = run(Command::new("dpkg-query").arg("--admindir").arg(root.join("var/lib/dpkg")).args([
        "-S",
        "*/bin/*",
        "*/systemd/system/*",
        "/etc/*",
    ]));
    let changed = |owner: &str, path: &str| {
        let owner = owner.split(", ").next().unwrap_or_default();
        let verify =
            Command::new("dpkg").arg("--root").arg(root).args(["--verify", owner]).output().expect("dpkg runs");
        String::from_utf8_lossy(&verify.stdout).contains(path)
    };
    let (mut shipped, mut wrong) = (0, Vec::new());
    for line in owners.lines().filter(|line| !line.starts_with("diversion ")) {
        let Some((owner, path)) = line.split_once(": ") else { continue };
        let Ok(Some(bytes)) = image.read(Path::new(path)) else { continue };
        if image.read_link(Path::new(path)).is_ok_and(|link| link.is_some()) {
            continue;
        }
        match packages.ships(&image, Path::new(path), &bytes) {
            Some(package) if owner.split(", ").any(|owner| owner.split(':').next() == Some(&package.name)) => {
                shipped += 1;
            }
            _ if changed(owner, path) => {}
            other => wrong.push(format!("{path} of {owner}: {other:?}")),
        }
    }
    assert!(shipped > 100, "only {shipped} files");
    assert!(wrong.is_empty(), "{}: {} of {shipped}:\n{}", root.display(), wrong.len(), wrong.join("\n"));
}

const SPEC: &str = "\
Name: tiny
Version: 1.2~rc1
Release: 3
Epoch: 4
Summary: A tiny package
License: MIT
Vendor: Somebody <somebody@example.org>
BuildArch: noarch
%description
Tiny.
%install
mkdir -p %{buildroot}/usr/share/tiny %{buildroot}/etc
echo hello > %{buildroot}/usr/share/tiny/hello
echo setting > %{buildroot}/etc/tiny.conf
ln -s hello %{buildroot}/usr/share/tiny/link
for i in $(seq 400); do echo $i > %{buildroot}/usr/share/tiny/file-number-$i; done
%files
/usr/share/tiny
%config /etc/tiny.conf
";

/// Packages made by `rpmbuild`: `tiny` with some hundred files, and `many` packages without any.
fn build(directory: &Path, many: usize) -> Vec<PathBuf> {
    let mut spec = SPEC.to_owned();
    for number in 0..many {
        write!(spec, "%package n{number}\nSummary: s\n%description n{number}\nd\n%files n{number}\n").expect("text");
    }
    fs::write(directory.join("tiny.spec"), spec).expect("a spec file");
    let top = format!("_topdir {}", directory.join("top").display());
    run(Command::new("rpmbuild").args(["-bb", "--define", &top]).arg(directory.join("tiny.spec")));
    let mut packages: Vec<PathBuf> = fs::read_dir(directory.join("top/RPMS/noarch"))
        .expect("built packages")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    packages.sort();
    assert_eq!(packages.len(), many + 1);
    packages
}

struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir_all(root.path("etc")).expect("directories");
        fs::create_dir_all(root.path("usr/bin")).expect("directories");
        fs::create_dir_all(root.path("var/lib/rpm")).expect("directories");
        root
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn rpm(&self, backend: &str) -> Command {
        let mut command = Command::new("rpm");
        command.args(["--define", &format!("_db_backend {backend}"), "--dbpath", "/var/lib/rpm", "--root"]);
        command.arg(self.0.path());
        command
    }

    fn install(&self, packages: &[PathBuf]) {
        run(self.rpm("sqlite").args(["-i", "--nodeps", "--force-debian"]).args(packages));
    }

    /// What rpm itself says of the database.
    fn said(&self, backend: &str) -> BTreeSet<String> {
        let format = "%{NAME}|%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}|%{ARCH}|%|VENDOR?{%{VENDOR}}|\n";
        let said = run(self.rpm(backend).args(["-qa", "--qf", format]));
        said.lines().map(str::to_owned).collect()
    }

    fn image(&self) -> Image {
        Image::open(self.0.path()).expect("the root opens")
    }

    fn check(&self, database: Database, said: &BTreeSet<String>) {
        let image = self.image();
        let packages = image.packages().expect("packages are read");
        assert_eq!(packages.database, database);
        assert_eq!(&lines(packages), said);
        for (path, bytes) in [
            ("/usr/share/tiny/hello", &b"hello\n"[..]),
            ("/etc/tiny.conf", b"setting\n"),
            ("/usr/share/tiny/file-number-400", b"400\n"),
        ] {
            let owner = packages.ships(&image, Path::new(path), bytes);
            assert_eq!(owner.map(|package| package.name.as_str()), Some("tiny"), "{path}");
            assert!(packages.ships(&image, Path::new(path), b"changed\n").is_none());
        }
        assert!(packages.ships(&image, Path::new("/usr/share/tiny/other"), b"hello\n").is_none());
    }
}

#[test]
#[ignore = "needs rpm and rpmbuild; run by .ci/run"]
fn rpm_with_sqlite_says_the_same() {
    for many in [0, 600] {
        let built = tempfile::tempdir().expect("a directory");
        let root = Root::new();
        root.install(&build(built.path(), many));
        let said = root.said("sqlite");
        assert_eq!(said.len(), many + 1);
        root.check(Database::RpmSqlite, &said);
    }
}

/// A database whose newest package is in the write-ahead log alone, as in a copy of a running machine's disk.
#[test]
#[ignore = "needs rpm, rpmbuild and sqlite3; run by .ci/run"]
fn rpm_with_a_log_says_the_same() {
    let built = tempfile::tempdir().expect("a directory");
    let root = Root::new();
    root.install(&build(built.path(), 300));
    let said = root.said("sqlite");
    let database = root.path("var/lib/rpm/rpmdb.sqlite");
    let log = root.path("var/lib/rpm/rpmdb.sqlite-wal");
    run(Command::new("sqlite3").arg(&database).args([
        ".dbconfig no_ckpt_on_close on",
        "PRAGMA journal_mode=WAL",
        "DELETE FROM Packages WHERE hnum % 3 = 0",
        "INSERT INTO Packages SELECT hnum + 10000, blob FROM Packages WHERE hnum = 1",
    ]));
    assert!(fs::metadata(&log).is_ok_and(|meta| meta.len() > 0), "no log was left");
    let image = root.image();
    let seen = image.packages().expect("packages are read");
    assert_eq!(seen.packages.len(), said.len() - said.len() / 3 + 1);
    fs::remove_file(&log).expect("the log is removed");
    assert_eq!(lines(root.image().packages().expect("packages are read")), said);
}

/// The package header out of a package file: what comes after the lead and the signature (rpm's `docs/manual/format`).
pub(crate) fn header_of(package: &Path) -> Vec<u8> {
    let bytes = fs::read(package).expect("a package");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let length = |at: usize| 16 + number(at + 8) * 16 + number(at + 12);
    let signature = 96;
    let header = (signature + length(signature)).next_multiple_of(8);
    bytes[header + 8..header + length(header)].to_vec()
}

#[test]
#[ignore = "needs rpm, rpmbuild and db5.3_load; run by .ci/run"]
fn rpm_with_berkeley_db_says_the_same() {
    let built = tempfile::tempdir().expect("a directory");
    let packages = build(built.path(), 600);
    for (order, page_size) in [(1234, 4096), (4321, 512), (1234, 65536)] {
        let root = Root::new();
        let headers: Vec<Vec<u8>> = packages.iter().map(|package| header_of(package)).collect();
        load_bdb(&root.path("var/lib/rpm/Packages"), &headers, order, page_size);
        let said = root.said("bdb_ro");
        assert_eq!(said.len(), packages.len());
        root.check(Database::RpmBdb, &said);
    }
}

/// A Berkeley DB of package headers as rpm keeps it, written by `db5.3_load`.
pub(crate) fn load_bdb(database: &Path, headers: &[Vec<u8>], order: u32, page_size: u32) {
    let mut dump =
        format!("VERSION=3\nformat=bytevalue\ntype=hash\ndb_lorder={order}\ndb_pagesize={page_size}\nHEADER=END\n");
    let hex = |bytes: &[u8]| bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect::<String>();
    writeln!(dump, " 00000000\n {}", hex(&999_u32.to_ne_bytes())).expect("text");
    for (number, header) in (1_u32..).zip(headers) {
        writeln!(dump, " {}\n {}", hex(&number.to_ne_bytes()), hex(header)).expect("text");
    }
    dump.push_str("DATA=END\n");
    let text = tempfile::NamedTempFile::new().expect("a file");
    fs::write(text.path(), dump).expect("a dump");
    run(Command::new("db5.3_load").arg("-f").arg(text.path()).arg(database));
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).expect("a hexadecimal digit")
}

/// Debian's rpm cannot write ndb; this writes its format around headers that `rpmbuild` made.
#[test]
#[ignore = "needs rpm and rpmbuild; run by .ci/run"]
fn rpm_with_ndb() {
    let built = tempfile::tempdir().expect("a directory");
    let packages = build(built.path(), 600);
    let with_sqlite = Root::new();
    with_sqlite.install(&packages);

    let headers: Vec<Vec<u8>> = packages.iter().map(|package| header_of(package)).collect();
    let root = Root::new();
    fs::create_dir_all(root.path("usr/lib/sysimage/rpm")).expect("directories");
    fs::write(root.path("usr/lib/sysimage/rpm/Packages.db"), made::ndb(&headers)).expect("a database");
    root.check(Database::RpmNdb, &with_sqlite.said("sqlite"));
}

/// Real databases with bytes changed all over are read or refused, never more.
#[test]
#[ignore = "needs rpm and rpmbuild; run by .ci/run"]
fn damaged_databases_do_no_harm() {
    let built = tempfile::tempdir().expect("a directory");
    let root = Root::new();
    root.install(&build(built.path(), 100));
    let database = root.path("var/lib/rpm/rpmdb.sqlite");
    let whole = fs::read(&database).expect("the database");
    // A fixed sequence (xorshift), so that a failure can be repeated.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    let mut refused = 0;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..200 {
            // Most damage goes where pages have their headers and cell pointers.
            let at = if next(3) == 0 { next(bytes.len()) } else { next(bytes.len() / 4096) * 4096 + next(24) };
            bytes[at] = u8::try_from(next(256)).expect("a byte");
        }
        fs::write(&database, &bytes).expect("the database");
        let image = root.image();
        match image.packages() {
            Ok(packages) => drop(packages.ships(&image, Path::new("/etc/tiny.conf"), b"setting\n")),
            Err(error) => {
                refused += 1;
                assert!(error.path.as_os_str().as_bytes().ends_with(b"rpmdb.sqlite"));
            }
        }
    }
    assert!(refused > 0);
}
