//! When a running machine booted, this time and the first, and whether a file is older: what tells the files that an
//! instance made for itself from those that its image brought.
//!
//! Whoever is root can set a clock back; this tells honest mistakes, not forgeries.
#![expect(
    clippy::disallowed_methods,
    reason = "the door to /proc of the running machine, which is no part of the image"
)]

use std::path::Path;
use std::time::UNIX_EPOCH;

use super::live::metadata::Answer;
use super::resolve::{Last, There, errno_of};
use super::{Error, Image, Overlay};

/// Seconds by which a file's time may lie before the boot and still be of it: clocks are set while a machine starts. An
/// AMI is made and launched in no less.
const SLACK: i64 = 60;

/// When something on the disk was made and changed (statx(2)), in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was made; `None` where the file system does not tell.
    pub made: Option<i64>,
    /// When its content was written last; any program may set it.
    pub modified: i64,
    /// When its content or anything about it was changed last; only the clock sets it.
    pub changed: i64,
}

/// When the running machine booted, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boots {
    /// This time.
    pub this: i64,
    /// For the first time as this instance; `None`: nobody can tell.
    pub first: Option<i64>,
}

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Made since the first boot.
    New,
    /// It was on the image.
    Old,
    /// It cannot be told; why, as a clause.
    Untold(&'static str),
}

impl Boots {
    /// How old what has these times is. `whole`: it is only ever written as a whole, so that whoever wrote it last wrote
    /// all of it.
    pub fn age(&self, times: Times, whole: bool) -> Age {
        let since = self.since();
        let is_written = times.modified >= since && times.changed >= since;
        match times.made {
            Some(made) if made >= since => Age::New,
            _ if whole && is_written => Age::New,
            _ if times.changed >= since && (is_written || times.made.is_none()) => match times.made {
                Some(_) => Age::Untold("it is older than the first boot, and was written to since"),
                None => Age::Untold("its file system does not tell when it was made"),
            },
            _ if self.first.is_some() => Age::Old,
            _ => Age::Untold("it is older than this boot, and nobody can tell whether the instance booted before"),
        }
    }

    /// From when on the instance is known to have been up.
    pub fn since(&self) -> i64 {
        self.first.unwrap_or(self.this) - SLACK
    }

    /// Whether it was started anew since its first boot; `None`: nobody can tell.
    pub fn rebooted(&self) -> Option<bool> {
        self.first.map(|first| first < self.this - SLACK)
    }
}

impl Image {
    /// The times of what is at `path` itself on the disk; `None` when nothing is there.
    ///
    /// # Errors
    /// When it could not be looked at.
    pub fn times(&self, path: &Path) -> Result<Option<Times>, Error> {
        let io = |errno| Error::io("look at", path, errno);
        let nothing = Overlay::default();
        let There::Disk(found) = self.root.find(&nothing, path, Last::Keep).map_err(io)? else { return Ok(None) };
        let (modified, changed) = (found.meta.stamp.modified.0, found.meta.stamp.changed.0);
        let made = found.file.metadata().map_err(|error| io(errno_of(error)))?.created().ok();
        let seconds = |moment: std::time::SystemTime| moment.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok();
        Ok(Some(Times { made: made.and_then(seconds), modified, changed }))
    }

    /// When this machine booted. The first boot of an EC2 instance is when cloud-init made the directory that bears the
    /// instance's name (cloud-init documentation, "Instance metadata: filesystem layout"): no image can hold it before.
    ///
    /// # Errors
    /// When the kernel does not tell, or the image is not running.
    pub fn boots(&self) -> Result<Boots, Error> {
        let path = Path::new("/proc/stat");
        let unknown =
            || Error::malformed("read", path, "it does not say when the machine booted (proc_stat(5), btime)");
        let Some(live) = self.live() else { return Err(unknown()) };
        let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, errno_of(error)))?;
        let this = btime(&text).ok_or_else(unknown)?;
        let id = match live.metadata() {
            Answer::Found { document, .. } => document.get("instanceId").filter(|id| is_instance(id)),
            Answer::Forbidden | Answer::None(_) => None,
        };
        let place = id.map(|id| Path::new("/var/lib/cloud/instances").join(id));
        let times = place.map(|place| self.times(&place)).transpose()?.flatten();
        Ok(Boots { this, first: times.and_then(|times| first(this, times.made)) })
    }
}

/// The first boot, when the directory of this instance was made at `made`.
fn first(this: i64, made: Option<i64>) -> Option<i64> {
    made.map(|made| made.min(this))
}

/// The line `btime` of `/proc/stat` (`proc_stat(5)`).
fn btime(text: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

fn is_instance(id: &str) -> bool {
    id.strip_prefix("i-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    const BOOT: i64 = 1_000_000;

    fn times(made: impl Into<Option<i64>>, modified: i64, changed: i64) -> Times {
        Times { made: made.into(), modified, changed }
    }

    #[test]
    fn a_file_is_told_by_its_times() {
        const BEFORE: i64 = BOOT - 9000;
        const AFTER: i64 = BOOT + 10;
        let known = Boots { this: BOOT, first: Some(BOOT) };
        let rebooted = Boots { this: BOOT + 5000, first: Some(BOOT) };
        let unknown = Boots { this: BOOT, first: None };
        let is_untold = |age| matches!(age, Age::Untold(_));
        for boots in [known, rebooted, unknown] {
            // A clock that is set while the machine starts.
            assert_eq!(boots.age(times(BOOT - 30, BEFORE, BOOT), false), Age::New, "{boots:?}");
            // Copied with its times kept.
            assert_eq!(boots.age(times(AFTER, BEFORE, AFTER), false), Age::New);
            // A log that goes on, and a machine id that is written into an empty file.
            assert!(is_untold(boots.age(times(BEFORE, AFTER, AFTER), false)));
            assert_eq!(boots.age(times(BEFORE, AFTER, AFTER), true), Age::New);
            // A time in the future, as `touch` sets it.
            assert_ne!(boots.age(times(BEFORE, BOOT + 99_999, BEFORE), true), Age::New);
            assert!(is_untold(boots.age(times(None, BEFORE, AFTER), false)));
        }
        for boots in [known, rebooted] {
            assert_eq!(boots.age(times(BEFORE, BEFORE, BEFORE), true), Age::Old);
            assert_eq!(boots.age(times(None, BEFORE, BEFORE), false), Age::Old);
            // Only its owner was changed since.
            assert_eq!(boots.age(times(BEFORE, BEFORE, AFTER), false), Age::Old);
        }
        assert!(is_untold(unknown.age(times(BEFORE, BEFORE, BEFORE), true)));
        assert_eq!((known.rebooted(), rebooted.rebooted(), unknown.rebooted()), (Some(false), Some(true), None));
    }

    #[test]
    fn the_first_boot_is_this_one_unless_its_directory_is_older() {
        assert_eq!(first(BOOT, Some(BOOT + 20)), Some(BOOT));
        assert_eq!(first(BOOT, Some(BOOT - 90_000)), Some(BOOT - 90_000));
        assert_eq!(first(BOOT, None), None);
    }

    #[test]
    fn the_kernel_tells_when_it_started() {
        assert_eq!(btime("cpu  1 2\nbtime 1700000000\nprocesses 3\n"), Some(1_700_000_000));
        assert_eq!(btime("cpu 1\n"), None);
        for (id, good) in [("i-0abc", true), ("i-", false), ("i-../../etc", false), ("0abc", false)] {
            assert_eq!(is_instance(id), good, "{id}");
        }
        let fixture = Fixture::debian();
        assert!(fixture.image().boots().is_err());
        let live = fixture.image().taken_for_live();
        live.live().unwrap().forbid_metadata();
        assert_eq!(live.boots().map(|boots| (boots.this > 0, boots.first)), Ok((true, None)));
        let seen = live.times(Path::new("/etc/passwd")).unwrap().unwrap();
        assert!(seen.modified > 0 && seen.made.is_none_or(|made| made <= seen.changed), "{seen:?}");
        assert_eq!(live.times(Path::new("/nothing")), Ok(None));
    }
}
