//! The write-ahead record of every run: one JSON line an event, each chained to the one before by the SHA-256 of that
//! line's bytes.
//!
//! Lines are synced before the write they speak of. No secret and no digest of a secret enters a line; what undo needs
//! of contents lies in the run's own files beside the journal. The chain makes edits, deletions and insertions visible;
//! that the tail was cut off shows only where somebody else has seen the head.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::decisions::DecisionEvent;
use super::state::{disk_error, read_file};
use crate::image::Error;
use crate::image::write::fault;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalLine {
    /// Counted from 0.
    pub seq: u64,
    /// When, RFC 3339 in UTC, whole seconds; never before the line above: where the clock was set back meanwhile, it
    /// stands still here.
    pub at: String,
    /// SHA-256 of the previous line's bytes without its newline; for the first line, of `genesis`.
    pub prev: String,
    /// What happened.
    pub event: Event,
}

/// What happened. Names are kebab-case and closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A run began.
    Begin {
        /// The run's id.
        run: String,
        /// The guidelines it carries out, in order.
        guidelines: Vec<String>,
    },
    /// A path is going to become something else. Every line of this kind is on the disk before the first write.
    Change {
        /// Counted from 0 in its run or undo.
        number: usize,
        /// The guideline that asks for it.
        guideline: String,
        /// The path inside the image, made visible.
        path: String,
        /// What is there now; `null`: nothing.
        before: Option<Trace>,
        /// What will be there; `null`: nothing.
        after: Option<Trace>,
    },
    /// The change with this number is on the disk.
    Done {
        /// Its number.
        number: usize,
    },
    /// A program is going to be run.
    CommandStart {
        /// Counted from 0 in its run.
        number: usize,
        /// The guideline that asks for it.
        guideline: String,
        /// Program and arguments.
        argv: Vec<String>,
    },
    /// It ended.
    CommandDone {
        /// Its number.
        number: usize,
        /// `exit status 0`, `signal 9`, `no answer within 60 s` …
        outcome: String,
        /// Whether that is success.
        success: bool,
    },
    /// The run or undo stopped at an error, and taking it back did too, or only tidying up is left.
    Stopped {
        /// Why, in one sentence.
        reason: String,
    },
    /// The run ended well; nothing is half done.
    End,
    /// The run was given up: everything it had done has been taken back.
    TakenBack {
        /// Why, in one sentence.
        reason: String,
    },
    /// Changes of earlier runs are going to be taken back.
    UndoBegin {
        /// The undo's own id.
        undo: String,
        /// The runs it takes back, newest first.
        runs: Vec<String>,
        /// The guidelines whose changes it takes back.
        guidelines: Vec<String>,
    },
    /// The undo ended well.
    UndoEnd,
    /// The undo was given up: the runs it spoke of are in force as before it.
    UndoTakenBack {
        /// Why, in one sentence.
        reason: String,
    },
    /// Something was decided about a guideline, in place of what was decided before.
    Decision(DecisionEvent),
    /// What was decided about a guideline no longer counts.
    Withdrawn {
        /// The guideline.
        guideline: String,
    },
    /// The preparation goes on from a report: of the last image, or for an image audit the one of the build.
    Previous {
        /// Its id.
        report_id: String,
        /// SHA-256 of its bytes.
        sha256: String,
        /// Fingerprint of the key that signed it; `null`: its signature was not verified.
        signer: Option<String>,
    },
    /// A report was handed out. Its own journal ends before this line.
    Export {
        /// The report's id.
        report_id: String,
        /// SHA-256 of `report.json`.
        sha256: String,
    },
}

/// What is at a path, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// `file`, `link` or `directory`.
    pub what: String,
    /// Lower-case hexadecimal; the word `withheld` for what may be secret; `null` for what has no content.
    pub sha256: Option<String>,
    /// Bytes; `null` for what has no content or may be secret.
    pub size: Option<u64>,
    /// Where a link points.
    pub target: Option<String>,
    /// Permission bits in octal.
    pub mode: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The digest the first line carries as `prev`.
pub fn genesis() -> String {
    digest(b"genesis")
}

/// Lower-case hexadecimal SHA-256 of `bytes`.
pub fn digest(bytes: &[u8]) -> String {
    super::run::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// The journal, open for writing. Whoever holds it holds the state's lock.
#[derive(Debug)]
pub(super) struct Journal {
    file: std::fs::File,
    path: std::path::PathBuf,
    seq: u64,
    prev: String,
    /// When the last line was written.
    at: String,
    length: u64,
}

impl Journal {
    /// Opens the journal at `path` to add to it. A torn last line, which a crash may leave, is cut off.
    #[expect(clippy::disallowed_methods, reason = "the journal lies off the image")]
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let bytes = read_file(path)?.unwrap_or_default();
        let (lines, whole) = parse(&bytes, path)?;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(path)
            .map_err(|error| disk_error("open", path, &error))?;
        let mut trim = || -> std::io::Result<()> {
            if whole != bytes.len() {
                file.set_len(whole as u64)?;
            }
            file.seek(SeekFrom::End(0))?;
            file.sync_data()
        };
        trim().map_err(|error| disk_error("mend", path, &error))?;
        let prev = lines.last().map_or_else(genesis, |(text, _)| digest(text.as_bytes()));
        let last = lines.last().and_then(|(text, _)| serde_json::from_str::<JournalLine>(text).ok());
        let at = last.map(|line| line.at).unwrap_or_default();
        Ok(Self { file, path: path.to_owned(), seq: lines.len() as u64, prev, at, length: whole as u64 })
    }

    /// Adds `events` and returns when they are on the disk. When that fails, they are not in the journal.
    pub(super) fn write(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        self.add(events, true)
    }

    /// Adds `events`; the next [`Journal::write`] syncs them. For what the image itself shows as well.
    pub(super) fn note(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        self.add(events, false)
    }

    fn add(&mut self, events: impl IntoIterator<Item = Event>, sync: bool) -> Result<(), Error> {
        let (mut seq, mut prev) = (self.seq, self.prev.clone());
        let at = now().max(self.at.clone());
        let mut text = String::new();
        for event in events {
            let line = JournalLine { seq, at: at.clone(), prev, event };
            let line = serde_json::to_string(&line)
                .map_err(|error| Error::malformed("write", &self.path, error.to_string()))?;
            prev = digest(line.as_bytes());
            seq += 1;
            text.push_str(&line);
            text.push('\n');
        }
        let length = self.length;
        let mut write = || -> std::io::Result<()> {
            fault::point()?;
            self.file.write_all(text.as_bytes())?;
            if sync {
                fault::point()?;
                self.file.sync_data()?;
            }
            Ok(())
        };
        if let Err(error) = write() {
            let _ = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::End(0)));
            return Err(disk_error("write", &self.path, &error));
        }
        (self.seq, self.prev, self.at, self.length) = (seq, prev, at, length + text.len() as u64);
        Ok(())
    }
}

/// The whole lines of a journal with their events, checked as a chain, and how many bytes they are. What follows them
/// is a torn line.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<(Vec<(String, Event)>, usize), Error> {
    let mut lines = Vec::new();
    let mut prev = genesis();
    let mut whole = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let parsed = serde_json::from_slice::<JournalLine>(text).ok();
        let Some(parsed) = parsed.filter(|parsed| parsed.seq == lines.len() as u64 && parsed.prev == prev) else {
            let number = lines.len() + 1;
            let why = format!("line {number} does not continue the chain; somebody edited it. Nothing was changed");
            return Err(Error::malformed("read the journal", path, why));
        };
        prev = digest(text);
        whole += line.len();
        lines.push((String::from_utf8_lossy(text).into_owned(), parsed.event));
    }
    Ok((lines, whole))
}

pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        (directory, path)
    }

    #[test]
    fn lines_are_chained_over_several_openings() {
        let (_keep, path) = journal();
        Journal::open(&path).unwrap().write([Event::Begin { run: "r".into(), guidelines: vec![] }]).unwrap();
        Journal::open(&path).unwrap().write([Event::Done { number: 0 }, Event::End]).unwrap();
        let bytes = read_file(&path).unwrap().unwrap();
        let (lines, whole) = parse(&bytes, &path).unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!(whole, bytes.len());
        let third: JournalLine = serde_json::from_str(&lines[2].0).unwrap();
        assert_eq!(third.prev, digest(lines[1].0.as_bytes()));
        assert_eq!(third.seq, 2);
    }

    #[test]
    fn a_torn_last_line_is_dropped() {
        let (_keep, path) = journal();
        Journal::open(&path).unwrap().write([Event::End, Event::End]).unwrap();
        let bytes = read_file(&path).unwrap().unwrap();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in first..bytes.len() {
            #[expect(clippy::disallowed_methods, reason = "a test's own file")]
            std::fs::write(&path, &bytes[..length]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            journal.write([Event::UndoEnd]).unwrap();
            let bytes = read_file(&path).unwrap().unwrap();
            let events: Vec<_> = parse(&bytes, &path).unwrap().0.into_iter().map(|(_, event)| event).collect();
            assert_eq!(events, [Event::End, Event::UndoEnd]);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_stands_still() {
        let (_keep, path) = journal();
        let later = "2999-01-01T00:00:00Z";
        let line = JournalLine { seq: 0, at: later.into(), prev: genesis(), event: Event::End };
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&path, serde_json::to_string(&line).unwrap() + "\n").unwrap();
        Journal::open(&path).unwrap().write([Event::UndoEnd]).unwrap();
        let lines = parse(&read_file(&path).unwrap().unwrap(), &path).unwrap().0;
        let second: JournalLine = serde_json::from_str(&lines[1].0).unwrap();
        assert_eq!(second.at, later);
    }

    #[test]
    fn an_edited_line_is_refused() {
        let (_keep, path) = journal();
        Journal::open(&path)
            .unwrap()
            .write([Event::Begin { run: "one".into(), guidelines: vec![] }, Event::End])
            .unwrap();
        let text = String::from_utf8(read_file(&path).unwrap().unwrap()).unwrap().replace("one", "two");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&path, text).unwrap();
        assert!(Journal::open(&path).is_err());
    }
}
