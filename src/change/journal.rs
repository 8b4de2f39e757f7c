//! The write-ahead record of a run: one JSON line an event, each chained to the one before by the SHA-256 of that
//! line's bytes.
//!
//! Lines are synced before the write they speak of. No secret and no digest of a secret enters a line; what undo needs
//! of contents lies in the run's own files beside the journal.

use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalLine {
    /// Counted from 0.
    pub seq: u64,
    /// When, RFC 3339 in UTC, whole seconds.
    pub at: String,
    /// SHA-256 of the previous line's bytes without its newline; for the first line, of `genesis`.
    pub prev: String,
    /// What happened.
    pub event: Event,
}

/// What happened. The owner of the journal adds the events; names are kebab-case and closed.
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
    /// The run ended well; nothing is half done.
    End,
}
