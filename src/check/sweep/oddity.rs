//! What is odd about a file itself, whatever it holds: rights beyond those of who starts it, a kernel module, a hidden
//! program where anybody may write.

use std::path::{Path, PathBuf};

use crate::image::walk::OpenFile;

/// A file worth a look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Odd {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub what: Oddity,
}

/// Why a file is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// It runs with the rights of its owner, who has this id.
    SetUid(u32),
    /// It runs with the rights of its group, which has this id.
    SetGid(u32),
    /// It runs with rights of root's (capabilities(7)).
    Capabilities,
    /// It can be loaded into the kernel.
    Module,
    /// It may be run, is hidden, and lies where anybody may write.
    Hidden,
}

/// Where anybody may write.
const OPEN: [&str; 3] = ["/tmp", "/var/tmp", "/dev"];

/// What is odd about `file` at `path`. Reads nothing of it but an attribute of those that may be run.
pub(super) fn of(path: &Path, file: &OpenFile<'_>) -> Option<Oddity> {
    let meta = file.meta();
    let name = file.name().as_encoded_bytes();
    if meta.mode & 0o111 == 0 {
        let module = [&b".ko"[..], b".ko.xz", b".ko.zst", b".ko.gz"].iter().any(|end| name.ends_with(end));
        return module.then_some(Oddity::Module);
    }
    if name.starts_with(b".") && OPEN.iter().any(|place| path.starts_with(place)) {
        Some(Oddity::Hidden)
    } else if meta.mode & 0o4000 != 0 {
        Some(Oddity::SetUid(meta.uid))
    } else if meta.mode & 0o2000 != 0 {
        Some(Oddity::SetGid(meta.gid))
    } else {
        file.has_capabilities().then_some(Oddity::Capabilities)
    }
}
