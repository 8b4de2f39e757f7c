//! Writes a report for good: where it goes, and what the seal must know of it.

use std::path::{Path, PathBuf};

use super::bundle::write_identity;
use super::handover::{Kept, keep};
use super::identity::IdentityFile;
use super::{Bundle, Report, parse, write_bundle, write_signature};
use crate::change::{State, note_created};

/// Keeps the report (see [`keep`]) and writes the evidence into `directory` as [`write_bundle`] does; notes in `state` what
/// is made where.
///
/// # Errors
/// When a file is there already or cannot be written, or the state cannot; one line.
pub fn export(state: &State, directory: &Path, report: &Report, replace: bool) -> Result<Bundle, String> {
    let bundle = write(state, directory, report, replace)?;
    keep(state, report).map_err(|error| error.to_string())?;
    Ok(bundle)
}

/// Writes `identity.json` for a report that goes to `directory`, and notes in `state` that it was made; where it is.
///
/// # Errors
/// As [`export`].
pub fn export_identity(state: &State, directory: &Path, file: &IdentityFile, replace: bool) -> Result<PathBuf, String> {
    let path = directory.join("identity.json");
    note_created(state, [path.as_path()]).map_err(|error| error.to_string())?;
    write_identity(&path, &file.to_bytes(), replace).map_err(|error| error.to_string())?;
    Ok(path)
}

/// Writes the evidence of the report that is kept into `directory`, its signature with it where there is one. The files that
/// are there.
///
/// # Errors
/// As [`export`]; and when no report is kept.
pub fn deliver(state: &State, directory: &Path, replace: bool) -> Result<Vec<PathBuf>, String> {
    let kept = Kept::of(state).map_err(|error| error.to_string())?;
    let kept = kept.ok_or_else(|| "no report is kept; make it again".to_owned())?;
    let report = parse(&kept.bytes).map_err(|error| error.to_string())?;
    let bundle = write(state, directory, &report, replace)?;
    let mut files = vec![bundle.report, bundle.html, bundle.markdown, bundle.verify];
    if let Some(signature) = kept.signature.and_then(|signature| String::from_utf8(signature).ok()) {
        write_signature(&bundle.signature, &signature, true).map_err(|error| error.to_string())?;
        files.push(bundle.signature);
    }
    Ok(files)
}

fn write(state: &State, directory: &Path, report: &Report, replace: bool) -> Result<Bundle, String> {
    let files = ["report.json", "report.html", "report.md", "VERIFY.txt", "report.json.sig"];
    let files = files.map(|name| directory.join(name));
    note_created(state, files.iter().map(std::path::PathBuf::as_path)).map_err(|error| error.to_string())?;
    write_bundle(directory, report, replace).map_err(|error| error.to_string())
}
