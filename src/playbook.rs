//! What the publisher decided, in and out as TOML, so that the next image is prepared the same way.
//!
//! A leaf of data: it knows guideline ids and nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What the publisher chose for one guideline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "choice", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decision {
    /// Carry out the remedy.
    Apply,
    /// Let it be, for a reason and until a day.
    Waive {
        /// Why; at least ten characters.
        reason: String,
        /// The last day it holds; at most a year ahead.
        until: Date,
        /// Who decided.
        by: String,
    },
    /// Confirm the guideline's statement.
    Attest {
        /// Who confirms.
        by: String,
        /// A note, such as a ticket number; may be empty.
        #[serde(default)]
        note: String,
    },
    /// A person does it by hand.
    ByHand,
    /// Not now.
    Later,
}

/// Decisions by guideline id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// By guideline id.
    #[serde(default)]
    pub decisions: BTreeMap<String, Decision>,
}
