//! What one run (or one undo) remembers: every move with both sides of it, so that it can be carried out to its end or
//! taken back from any point, by another process, after a crash.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::Trace;
use crate::image::write::{Expected, Seen, Sha256, Shape, Times};
use crate::image::{Kind, text};

/// Bytes that are usually text: paths, link targets, names of attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Raw {
    Text(String),
    Bytes(Vec<u8>),
}

impl Raw {
    pub(super) fn of(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or_else(|_| Self::Bytes(bytes.to_vec()), |text| Self::Text(text.to_owned()))
    }

    pub(super) fn path(path: &Path) -> Self {
        Self::of(path.as_os_str().as_bytes())
    }

    fn into_os(self) -> OsString {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes),
        }
    }

    pub(super) fn to_path(&self) -> PathBuf {
        self.clone().into_os().into()
    }
}

/// What is, or was, or will be at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    pub(super) body: HeldBody,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Extended attributes, where they are known; `None`: those of what it replaces.
    pub(super) xattrs: Option<Vec<(Raw, Vec<u8>)>>,
    /// Times, where they are known; `None`: when it is written.
    pub(super) times: Option<Times>,
    /// What file it was, and which other names that had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) links: Option<Links>,
    /// It was a file that took less room than it had bytes.
    #[serde(default)]
    pub(super) is_sparse: bool,
    /// Identity when it was looked at.
    #[serde(skip)]
    pub(super) stamp: Option<crate::image::Stamp>,
}

/// What a regular file was called besides (hard links).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    /// The inode number, which all its names shared.
    pub(super) inode: u64,
    /// Its other names inside the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<Raw>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum HeldBody {
    /// A regular file; its bytes lie in the `contents` of `run`, from `at` on.
    File {
        size: u64,
        sha256: String,
        run: String,
        at: u64,
    },
    Symlink(Raw),
    Directory,
}

impl Held {
    /// What must be found for this to be at its path.
    pub(super) fn expected(&self) -> Expected {
        let shape = match &self.body {
            HeldBody::File { size, sha256, .. } => Shape::File { size: *size, sha256: unhex(sha256) },
            HeldBody::Symlink(target) => Shape::Symlink(target.to_path()),
            HeldBody::Directory => Shape::Directory,
        };
        Expected { shape, mode: self.mode, uid: self.uid, gid: self.gid, stamp: self.stamp }
    }

    /// Whether both are the same but for times and attributes.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.same_content(other)
            && (self.uid, self.gid) == (other.uid, other.gid)
            && (self.mode == other.mode || matches!(self.body, HeldBody::Symlink(_)))
    }

    /// The sort of thing.
    pub(super) fn kind(&self) -> Kind {
        match self.body {
            HeldBody::File { .. } => Kind::File,
            HeldBody::Symlink(_) => Kind::Symlink,
            HeldBody::Directory => Kind::Directory,
        }
    }

    pub(super) fn same_content(&self, other: &Self) -> bool {
        match (&self.body, &other.body) {
            (HeldBody::File { sha256: one, .. }, HeldBody::File { sha256: two, .. }) => one == two,
            (HeldBody::Symlink(one), HeldBody::Symlink(two)) => one == two,
            (HeldBody::Directory, HeldBody::Directory) => true,
            _ => false,
        }
    }

    /// Whether this is what was seen.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        let mut expected = self.expected();
        if let Shape::Symlink(_) = expected.shape {
            expected.mode = seen.mode;
        }
        (&expected.shape, expected.mode, expected.uid, expected.gid) == (&seen.shape, seen.mode, seen.uid, seen.gid)
    }

    pub(super) fn xattrs(&self) -> Option<Vec<(OsString, Vec<u8>)>> {
        let xattrs = self.xattrs.as_ref()?;
        Some(xattrs.iter().map(|(name, value)| (name.clone().into_os(), value.clone())).collect())
    }

    /// For the journal.
    pub(super) fn trace(&self, secret: bool) -> Trace {
        let (what, sha256, size, target) = match &self.body {
            HeldBody::File { .. } if secret => ("file", Some("withheld".to_owned()), None, None),
            HeldBody::File { size, sha256, .. } => ("file", Some(sha256.clone()), Some(*size), None),
            HeldBody::Symlink(target) => ("link", None, None, Some(text::path(&target.to_path()))),
            HeldBody::Directory => ("directory", None, None, None),
        };
        let mode = format!("{:04o}", self.mode);
        Trace { what: what.to_owned(), sha256, size, target, mode, uid: self.uid, gid: self.gid }
    }
}

/// One path becomes something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    pub(super) guideline: String,
    pub(super) path: Raw,
    pub(super) from: Option<Held>,
    pub(super) to: Option<Held>,
    pub(super) secret: bool,
}

/// A program to run after the moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandStep {
    pub(super) guideline: String,
    pub(super) argv: Vec<String>,
    pub(super) purpose: String,
}

/// A unit to stop or start after the moves and commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceStep {
    pub(super) guideline: String,
    pub(super) unit: String,
    /// For an undo: it is started again.
    pub(super) starts: bool,
}

/// A directory's modification time.
pub(super) type DirectoryTimes = Vec<(Raw, Times)>;

/// Everything a run or an undo is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// Its id; an undo has one of its own.
    pub(super) id: String,
    /// The guidelines it carries out or takes back.
    pub(super) guidelines: Vec<String>,
    /// For an undo, the moves it takes back: run and number. Empty for a run.
    #[serde(default)]
    pub(super) takes_back: Vec<(String, usize)>,
    /// For an undo, the runs that are taken back whole.
    #[serde(default)]
    pub(super) whole_runs: Vec<String>,
    /// The bytes of files that go are overwritten first.
    #[serde(default)]
    pub(super) shred: bool,
    pub(super) moves: Vec<Move>,
    pub(super) commands: Vec<CommandStep>,
    /// Units to stop or start.
    #[serde(default)]
    pub(super) services: Vec<ServiceStep>,
    /// The times of every directory whose entries change, before.
    pub(super) directories: DirectoryTimes,
    /// For an undo, the times that directories get at its end.
    #[serde(default)]
    pub(super) restore: DirectoryTimes,
    /// For the undo of a run that was interrupted: the paths and tags of what that run may have left beside them.
    #[serde(default)]
    pub(super) leftovers: Vec<(Raw, String)>,
    /// Moves whose side files bear another number: the run was found again by its manifest.
    #[serde(default)]
    pub(super) numbers: std::collections::BTreeMap<usize, usize>,
}

impl Run {
    /// A run with nothing in it.
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            guidelines: Vec::new(),
            takes_back: Vec::new(),
            whole_runs: Vec::new(),
            shred: false,
            moves: Vec::new(),
            commands: Vec::new(),
            services: Vec::new(),
            directories: DirectoryTimes::new(),
            restore: DirectoryTimes::new(),
            leftovers: Vec::new(),
            numbers: std::collections::BTreeMap::new(),
        }
    }

    /// For an undo: the runs it takes moves of, newest first.
    pub(super) fn runs(&self) -> Vec<&str> {
        let mut runs: Vec<&str> = self.whole_runs.iter().map(String::as_str).collect();
        for (run, _) in &self.takes_back {
            if !runs.contains(&run.as_str()) {
                runs.push(run);
            }
        }
        runs
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The reverse of [`hex`] for digests of our own writing; anything else is a digest that no file has.
fn unhex(text: &str) -> Sha256 {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
    }
    bytes
}
