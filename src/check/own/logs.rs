//! LOG-01: the logs are empty.

use std::path::{Path, PathBuf};

use crate::check::{Finding, Observation, Status};
use crate::image::{Error, Image, Kind};

/// What empties a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Without its bytes: the service that writes it finds it as it left it.
    Truncate,
    /// As a whole: rotated logs, and journals, which are no journals when empty.
    Remove,
}

/// A log with something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) way: Way,
}

/// Names of login records, which are LOG-02's.
const LOGIN_RECORDS: [&str; 5] = ["wtmp", "btmp", "lastlog", "faillog", "tallylog"];

/// Every file below `/var/log` with something in it, in byte order.
pub(crate) fn filled(image: &Image) -> Result<Vec<Log>, Error> {
    let mut logs = Vec::new();
    for path in image.glob("/var/log/**")? {
        let Some(meta) = image.lstat(&path)? else { continue };
        if meta.kind == Kind::File && meta.size > 0 && !is_login_record(&path) {
            logs.push(Log { way: way(&path), size: meta.size, path });
        }
    }
    Ok(logs)
}

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let logs = filled(image)?;
    if logs.is_empty() {
        return Ok(Finding::new(Status::Pass, "No log has anything in it."));
    }
    let bytes: u64 = logs.iter().map(|log| log.size).sum();
    let files = if logs.len() == 1 { "One log holds".to_owned() } else { format!("{} logs hold", logs.len()) };
    let seen = logs.iter().map(|log| Observation::at(&log.path).text(format!("{} bytes", log.size)));
    Ok(Finding::new(Status::Fail, format!("{files} {bytes} bytes of the build.")).seen(seen))
}

/// Directly below `/var/log`, by name, rotated ones included.
pub(crate) fn is_login_record(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.split(['.', '-']).next().unwrap_or_default();
    path.parent() == Some(Path::new("/var/log")) && LOGIN_RECORDS.contains(&stem)
}

/// By the names that logrotate(8), savelog(8), dpkg and journald give.
pub(crate) fn way(path: &Path) -> Way {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let packed = ["gz", "xz", "bz2", "zst", "lz4"].iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
    let plain = packed.unwrap_or(name);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbered = plain.rsplit_once('.').is_some_and(|(_, end)| digits(end) && end.len() <= 3);
    let dated = plain.split(['-', '.']).any(|part| part.len() >= 8 && part.starts_with("20") && digits(part));
    let journal = matches!(name.rsplit_once('.'), Some((_, "journal" | "journal~")));
    if packed.is_some() || numbered || dated || journal || matches!(plain.rsplit_once('.'), Some((_, "old"))) {
        Way::Remove
    } else {
        Way::Truncate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn what_is_rotated_goes_and_what_is_written_to_is_emptied() {
        for name in [
            "syslog.1",
            "dpkg.log.2.gz",
            "messages-20261101",
            "boot.log-20261101.xz",
            "app.old",
            "a/system.journal",
            "eipp.log.xz",
        ] {
            assert_eq!(way(&Path::new("/var/log").join(name)), Way::Remove, "{name}");
        }
        for name in
            ["syslog", "dpkg.log", "nginx/access.log", "postgresql/postgresql-15-main.log", "cloud-init-output.log"]
        {
            assert_eq!(way(&Path::new("/var/log").join(name)), Way::Truncate, "{name}");
        }
    }

    #[test]
    fn logs_with_bytes_fail_and_login_records_are_left_out() {
        let fixture = Fixture::debian();
        fixture
            .file("/var/log/wtmp", "who")
            .file("/var/log/btmp.1", "who")
            .file("/var/log/syslog", "")
            .directory("/var/log/nginx");
        fixture.link("/var/log/README", "/etc/passwd").fifo("/var/log/pipe");
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Pass);
        fixture.file("/var/log/nginx/access.log", "GET /").file("/var/log/journal/0123/system.journal", "LPKSHHRH");
        let finding = check(&fixture.image()).unwrap();
        assert_eq!((finding.status, finding.observations.len()), (Status::Fail, 2));
    }

    #[test]
    fn an_image_without_logs_passes() {
        assert_eq!(check(&Fixture::debian().image()).unwrap().status, Status::Pass);
    }
}
