//! Views of a report for people: HTML and Markdown. Pure and deterministic; each carries the digest of `report.json`.

use super::Report;

/// One HTML file: inline style, no script, no remote reference.
pub fn html(report: &Report, sha256: &str) -> String {
    let _ = (report, sha256);
    todo!("helper F")
}

/// Markdown.
pub fn markdown(report: &Report, sha256: &str) -> String {
    let _ = (report, sha256);
    todo!("helper F")
}
