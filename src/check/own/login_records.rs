//! LOG-02: nobody can tell who logged in: utmp(5), lastlog(8), faillog(5), and the databases that follow them.

use std::path::PathBuf;

use super::logs::{self, Log, Way};
use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind};

/// Databases that are made anew when they are missing (`pam_wtmpdb`, `pam_lastlog2`, `pam_faillock`).
const DATABASES: [&str; 4] = [
    "/var/lib/wtmpdb/wtmp.db*",
    "/var/lib/lastlog/lastlog2.db*",
    "/var/lib/faillock/*",
    "/var/lib/lastlog2/lastlog2.db*",
];

/// Every login record with something in it.
pub(crate) fn filled(image: &Image) -> Result<Vec<Log>, Error> {
    let mut records = Vec::new();
    let add = |path: PathBuf, way: Way, records: &mut Vec<Log>| -> Result<(), Error> {
        if let Some(meta) = image.lstat(&path)?
            && meta.kind == Kind::File
            && meta.size > 0
            // lastlog and faillog have a place for every account, which useradd fills with zeros.
            && !image.is_blank_from(&path, 0)?
        {
            records.push(Log { way, size: meta.size, path });
        }
        Ok(())
    };
    for path in image.glob("/var/log/*")?.into_iter().filter(|path| logs::is_login_record(path)) {
        let way = logs::way(&path);
        add(path, way, &mut records)?;
    }
    for pattern in DATABASES {
        for path in image.glob(pattern)? {
            add(path, Way::Remove, &mut records)?;
        }
    }
    Ok(records)
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let records = filled(image)?;
    if records.is_empty() {
        return Ok(Finding::new(Status::Pass, "No record of a log-in is on the image."));
    }
    let seen = records.iter().map(|record| Observation::at(&record.path).text(format!("{} bytes", record.size)));
    Ok(Finding::new(Status::Fail, "Records tell who logged in while the image was built.").seen(seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "makes a file with a hole from outside")]
    fn filled_records_fail_and_empty_ones_pass() {
        let fixture = Fixture::debian();
        fixture.file("/var/log/wtmp", "").file("/var/log/lastlog", [0; 9000]).file("/var/log/syslog", "x");
        let sparse = std::fs::OpenOptions::new().append(true).open(fixture.outside("/var/log/lastlog")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Pass);
        fixture
            .file("/var/log/wtmp", "x")
            .file("/var/log/btmp-20261101", "x")
            .file("/var/lib/wtmpdb/wtmp.db", "SQLite");
        let found: Vec<_> = filled(&fixture.image()).unwrap().into_iter().map(|record| record.way).collect();
        assert_eq!(found, [Way::Remove, Way::Truncate, Way::Remove]);
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Fail);
    }
}
