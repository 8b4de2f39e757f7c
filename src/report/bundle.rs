//! The files of the evidence: `report.json`, its views, `VERIFY.txt`, the signature. They lie off the image; the caller
//! sees to that.
#![expect(clippy::disallowed_methods, reason = "the door for evidence files, which are never on the image")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Report, sha256_hex, to_bytes, view};
use crate::image::text::path as shown;

mod instructions;

/// Where the files of one bundle lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// `report.json`, what is signed.
    pub report: PathBuf,
    /// `report.html`.
    pub html: PathBuf,
    /// `report.md`.
    pub markdown: PathBuf,
    /// `VERIFY.txt`.
    pub verify: PathBuf,
    /// Where its signature belongs; not written yet.
    pub signature: PathBuf,
    /// Size of `report.json` in bytes.
    pub size: usize,
    /// SHA-256 of `report.json`, for people to compare.
    pub sha256: String,
}

/// Why a file of the evidence could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Something is there already.
    #[error("{} is there already; remove it, choose another directory, or allow it to be replaced (--yes)", shown(.0))]
    Exists(PathBuf),
    /// The system said no.
    #[error("cannot {action} {}: {message}", shown(.path))]
    Io {
        /// `read`, `write`, `make`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why, in the system's words.
        message: String,
    },
    /// Larger than anything that could be what is wanted.
    #[error("cannot read {}: it is larger than {limit} bytes", shown(.path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// It is a directory, a device or something else that is never opened.
    #[error("cannot read {}: it is not a regular file", shown(.0))]
    NotAFile(PathBuf),
}

fn io(action: &'static str, path: &Path, error: &std::io::Error) -> BundleError {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    BundleError::Io { action, path: path.to_owned(), message }
}

/// Writes `report.json`, `report.html`, `report.md` and `VERIFY.txt` into `directory`, which is made if need be. Files
/// that are there already are replaced only with `replace`; then the old signature is removed too, since it no longer fits.
///
/// # Errors
/// When a file is there already or cannot be written. What was written before stays.
pub fn write_bundle(directory: &Path, report: &Report, replace: bool) -> Result<Bundle, BundleError> {
    let bytes = to_bytes(report);
    let sha256 = sha256_hex(&bytes);
    let bundle = Bundle {
        report: directory.join("report.json"),
        html: directory.join("report.html"),
        markdown: directory.join("report.md"),
        verify: directory.join("VERIFY.txt"),
        signature: directory.join("report.json.sig"),
        size: bytes.len(),
        sha256,
    };
    fs::create_dir_all(directory).map_err(|error| io("make", directory, &error))?;
    let files: [(&Path, Vec<u8>); 4] = [
        (&bundle.report, bytes),
        (&bundle.html, view::html(report, &bundle.sha256).into_bytes()),
        (&bundle.markdown, view::markdown(report, &bundle.sha256).into_bytes()),
        (&bundle.verify, instructions::instructions(report, &bundle.sha256).into_bytes()),
    ];
    let wanted = files.iter().map(|(path, _)| *path).chain([bundle.signature.as_path()]);
    for path in wanted {
        if !replace && fs::symlink_metadata(path).is_ok() {
            return Err(BundleError::Exists(path.to_owned()));
        }
    }
    match fs::remove_file(&bundle.signature) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io("remove", &bundle.signature, &error));
        }
        _ => {}
    }
    for (path, content) in files {
        write_file(path, &content, replace)?;
    }
    Ok(bundle)
}

/// Writes `identity.json` to `path`, whose directory is made if need be.
///
/// # Errors
/// As [`write_bundle`].
pub(super) fn write_identity(path: &Path, bytes: &[u8], replace: bool) -> Result<(), BundleError> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(|error| io("make", directory, &error))?;
    write_file(path, bytes, replace)
}

/// Writes a signature to `path`.
///
/// # Errors
/// As [`write_bundle`].
pub fn write_signature(path: &Path, armoured: &str, replace: bool) -> Result<(), BundleError> {
    write_file(path, armoured.as_bytes(), replace)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// When it is missing, is something else, is larger, or cannot be read.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    // Not to hang on a FIFO that nobody writes to.
    let nonblocking = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let file = fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = file.map_err(|error| io("read", path, &error))?;
    let meta = file.metadata().map_err(|error| io("read", path, &error))?;
    if !meta.is_file() {
        return Err(BundleError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io("read", path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// That nothing is at `path` yet.
///
/// # Errors
/// When something is.
pub fn is_free(path: &Path) -> Result<(), BundleError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(BundleError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}

/// What else lies beside `report` and vouches for it in ways that are not checked here: a timestamp of the signature (RFC
/// 3161), an attestation by `NitroTPM`, further signatures. Each by its file name, in order.
pub fn unchecked_beside(report: &Path) -> Vec<String> {
    let directory = report.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = report.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Vec::new() };
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut found: Vec<String> = names
        .filter(|other| {
            let end = other.strip_prefix(&name).unwrap_or_default();
            matches!(end, ".sig.tsr" | ".nitrotpm") || end.strip_suffix(".sig").is_some_and(|who| !who.is_empty())
        })
        .collect();
    found.sort();
    found.truncate(20);
    found
}

/// Writes a file whole or not at all: a new file beside it, then a rename. One that is there already is replaced only
/// with `replace`.
///
/// # Errors
/// As [`write_bundle`].
pub fn write_file(path: &Path, content: &[u8], replace: bool) -> Result<(), BundleError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error: std::io::Error| io("write", path, &error);
    let mut file = tempfile::Builder::new()
        .prefix(".seaworthy-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(directory)
        .map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    if replace {
        file.persist(path).map(drop).map_err(|error| failed(error.error))
    } else {
        file.persist_noclobber(path).map(drop).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => BundleError::Exists(path.to_owned()),
            _ => failed(error.error),
        })
    }
}
