//! Writes a report for good: where it goes, and what the seal must know of it.

use std::path::Path;

use super::{Bundle, Report, write_bundle};
use crate::change::seal::Exported;
use crate::change::{State, note_created};
use crate::image::Error;

/// Writes the evidence into `directory` as [`write_bundle`] does, notes in `state` what is made where, and keeps the
/// report's digest for the seal.
///
/// # Errors
/// When a file is there already or cannot be written, or the state cannot; one line.
pub fn export(state: &State, directory: &Path, report: &Report, replace: bool) -> Result<Bundle, String> {
    let files = ["report.json", "report.html", "report.md", "VERIFY.txt", "report.json.sig"];
    let files = files.map(|name| directory.join(name));
    note_created(state, files.iter().map(std::path::PathBuf::as_path)).map_err(|error| error.to_string())?;
    let bundle = write_bundle(directory, report, replace).map_err(|error| error.to_string())?;
    kept(state, report, &bundle.sha256).map_err(|error| error.to_string())?;
    Ok(bundle)
}

/// Keeps for the seal that a report with the digest `sha256` was handed out.
///
/// # Errors
/// When the state cannot be written.
pub fn kept(state: &State, report: &Report, sha256: &str) -> Result<(), Error> {
    Exported::keep(state, &report.report_id, sha256, report.generated_at)
}
