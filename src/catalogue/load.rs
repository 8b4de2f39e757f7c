//! Loading: the built-in TOML files and a publisher's own (`--guidelines DIR`).

use std::path::Path;

use super::Guideline;

/// Every guideline known to this run, in catalogue order (phase, then id).
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Date-like version of the built-in part: `2026.11`.
    pub version: &'static str,
    /// SHA-256 over the TOML texts in order, lower-case hexadecimal.
    pub sha256: String,
    /// Whether house rules were added.
    pub custom: bool,
    /// The guidelines.
    pub guidelines: Vec<Guideline>,
}

/// Why a rule file was refused. Displays as one line with file and line.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}: {message}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Catalogue {
    /// The catalogue that is built in.
    ///
    /// # Errors
    /// Never in a released program: a test loads it.
    pub fn built_in() -> Result<Self, LoadError> {
        todo!("helper E")
    }

    /// The built-in catalogue with the `*.toml` files of `directory` added.
    ///
    /// # Errors
    /// When a file cannot be read, is no TOML, has an unknown field, or defines an id twice.
    pub fn with_house_rules(directory: &Path) -> Result<Self, LoadError> {
        let _ = directory;
        todo!("helper E")
    }

    /// The guideline called `id` (upper or lower case).
    pub fn get(&self, id: &str) -> Option<&Guideline> {
        self.guidelines.iter().find(|guideline| guideline.id.eq_ignore_ascii_case(id))
    }
}
