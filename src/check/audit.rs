//! How an instance of the finished image is judged: what a machine makes for itself when it first boots is expected to be
//! there again, and only what the image brought counts.
//!
//! A finding of failure is looked at once more, place by place. Where everything that was found was made after the first
//! boot, what stands is what the look would have said without it: a pass, unless something was not looked at. Where a
//! place's age cannot be told, it is unknown. What passes, or is unknown, stays as it is. On a mounted image nothing is
//! expected, and the ordinary rules hold.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::own::ssh_keys::key_blob;
use super::{Finding, OBSERVATION_LIMIT, Observation, Status};
use crate::image::first_boot::{Age, Boots};
use crate::image::{Error, Image, Kind, PathPattern};

/// The guidelines about files that an instance, or whoever logs in to audit it, makes anew. In all of them each
/// observation is of something that is there; how old it is decides.
const MADE_ANEW: [&str; 44] = [
    "KEY-01", "KEY-04", "KEY-05", "ACC-09", "AGT-01", "AGT-02", "AGT-03", "AGT-04", "FIN-01", "IDN-01", "IDN-02",
    "IDN-03", "IDN-04", "IDN-05", "IDN-06", "IDN-07", "IDN-08", "IDN-09", "IDN-10", "IDN-11", "LOG-01", "LOG-02",
    "LOG-03", "LOG-04", "LOG-05", "LOG-06", "LOG-07", "LOG-09", "LOG-10", "LOG-11", "LOG-13", "LOG-14", "LOG-15",
    "LOG-16", "SEC-03", "SEC-05", "SEC-06", "SEC-09", "SEC-12", "SEC-16", "SEC-18", "SEC-19", "SEC-20", "SEC-21",
];

/// Files that are only ever written as a whole: whoever wrote one last wrote all of it.
const WRITTEN_WHOLE: [&str; 10] = [
    "/etc/{machine-id,hostname,.updated}",
    "/var/.updated",
    "/var/lib/dbus/machine-id",
    "/etc/{ssh,openssh}/ssh_host_*",
    "/var/lib/{systemd/,urandom/,misc/,}random-seed",
    "/{boot/efi,efi,boot}/loader/random-seed",
    "/etc/netplan/50-cloud-init.yaml",
    "/etc/network/interfaces.d/50-cloud-init*",
    "/etc/systemd/network/10-cloud-init-*",
    "/etc/NetworkManager/system-connections/cloud-init-*",
];

/// The smallest and the largest program that may be a copy of this one, in bytes: one that was built for looking for
/// defects has close to 100 MB.
const PROGRAM_SIZES: std::ops::RangeInclusive<u64> = (1 << 20)..=(256 << 20);

/// What is known of the instance and of the build that its image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// When the instance booted, or why that is not known; `None`: the image is mounted.
    pub boots: Option<Result<Boots, Error>>,
    /// The lines of the key that the instance was launched with, or why they are not known.
    pub launch_keys: Result<Vec<String>, String>,
    /// The host keys of the build machine, as KEY-01 told them.
    pub build_keys: BTreeSet<String>,
    /// SHA-256 of the program that prepared the image, in lower-case hexadecimal.
    pub program: Option<String>,
}

impl Audit {
    /// `finding`, or what is left of it once what was made after the first boot is taken out.
    pub(super) fn view(&self, image: &Image, id: &str, finding: Finding) -> Finding {
        let is_of_places = finding.status == Status::Fail && !finding.observations.is_empty();
        let Some(boots) = self.boots.as_ref().filter(|_| is_of_places && MADE_ANEW.contains(&id)) else {
            return finding;
        };
        let boots = match boots {
            Ok(boots) => boots,
            Err(error) => return Finding::from(error.clone()).seen(finding.observations),
        };
        let whole: Vec<PathPattern> = WRITTEN_WHOLE.iter().map(|pattern| PathPattern::new(pattern)).collect();
        let (mut old, mut untold, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let is_cut = finding.observations.len() >= OBSERVATION_LIMIT;
        for seen in finding.observations {
            match self.age(image, boots, id, &seen, &whole) {
                Age::Old => old.push(seen),
                Age::New => new.push(seen),
                Age::Untold(why) => untold.push(with(seen, why)),
            }
        }
        let moment = Timestamp::from_second(boots.first.unwrap_or(boots.this)).unwrap_or_default();
        let boot = if boots.first.is_some() { "first booted" } else { "booted" };
        // What could not be read is told without a place where a place failed; the clean finding tells it too.
        let is_clean = finding.otherwise.as_ref().is_none_or(|clean| clean.status == Status::Pass);
        if old.iter().any(|seen| seen.path.is_some() || is_clean) {
            let left = format!("{} What this instance made since it {boot} ({moment}) is left out.", finding.summary);
            return Finding::new(Status::Fail, left).seen(old);
        }
        if !untold.is_empty() || is_cut {
            let what = "Whether it was on the image, or was made after this instance first booted, cannot be told of everything that was found.";
            return Finding::new(Status::Unknown, what).seen(untold);
        }
        let what = format!("Only what this instance made since it {boot} ({moment}) is there.");
        match finding.otherwise.map(|clean| *clean) {
            None => Finding::new(Status::Pass, what).seen(new),
            Some(Finding { status: Status::Pass, observations, .. }) => {
                Finding::new(Status::Pass, what).seen(new).seen(observations)
            }
            Some(Finding { status, summary, observations, .. }) => {
                Finding::new(status, format!("{what} {summary}")).seen(new).seen(observations)
            }
        }
    }

    fn age(&self, image: &Image, boots: &Boots, id: &str, seen: &Observation, whole: &[PathPattern]) -> Age {
        let Some(path) = &seen.path else { return Age::Old };
        // A copy of the build machine's key is one, whenever it was written.
        if id == "KEY-01" && seen.text.as_ref().is_some_and(|text| self.build_keys.contains(text)) {
            return Age::Old;
        }
        match image.times(path) {
            Ok(Some(times)) => boots.age(times, whole.iter().any(|pattern| pattern.fits(path))),
            Ok(None) => Age::Untold("it is gone again"),
            Err(_) => Age::Untold("it could not be looked at"),
        }
    }

    /// Whether the key `blob` in the file at `path` is the one that the instance was launched with, put in since its first
    /// boot.
    ///
    /// # Errors
    /// When that cannot be told.
    pub(super) fn is_launch_key(&self, image: &Image, path: &Path, blob: &str) -> Result<bool, Error> {
        let untold = |why: &str| Err(Error::malformed("tell whose key is in", path, why));
        let boots = match &self.boots {
            None => return Ok(false),
            Some(Ok(boots)) => boots,
            Some(Err(error)) => return Err(error.clone()),
        };
        match &self.launch_keys {
            Err(why) => return untold(&format!("the key of the launch is not known: {why}")),
            Ok(lines) if !lines.iter().any(|line| key_blob(line) == Some(blob)) => return Ok(false),
            Ok(_) => {}
        }
        match image.times(path)?.map(|times| boots.age(times, false)) {
            Some(Age::New) => Ok(true),
            Some(Age::Untold(why)) => untold(why),
            Some(Age::Old) | None => Ok(false),
        }
    }

    /// Whether the file at `path` is the very program that prepared the image. A file that nobody may execute is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn is_program(&self, image: &Image, path: &Path) -> Result<bool, Error> {
        let Some(program) = &self.program else { return Ok(false) };
        let is_one = |meta: crate::image::Meta| {
            meta.kind == Kind::File && meta.mode & 0o111 != 0 && PROGRAM_SIZES.contains(&meta.size)
        };
        if !image.lstat(path)?.is_some_and(is_one) {
            return Ok(false);
        }
        Ok(image.sha256(path)?.is_some_and(|digest| *program == hexadecimal(digest.as_ref())))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn with(seen: Observation, why: &str) -> Observation {
    let text = seen.text.as_ref().map_or_else(|| why.to_owned(), |text| format!("{text}; {why}"));
    seen.text(text)
}

#[cfg(test)]
mod tests;
