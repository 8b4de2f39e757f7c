//! The EC2 instance metadata service, version 2 (EC2 user guide, "Instance metadata and user data").
//!
//! One HTTP/1.1 request to a link-local address with a token; the whole exchange ends within one second.

use std::collections::BTreeMap;

/// What the metadata service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was not asked: `--no-imds`.
    Forbidden,
    /// It did not answer in time, or this is no EC2 instance; why.
    None(String),
    /// The instance identity document's fields as text, and whether a request without a token was refused.
    Found {
        /// `region`, `imageId`, `architecture`, `instanceId`, `accountId` …
        document: BTreeMap<String, String>,
        /// `Some(true)` when IMDSv1 is off.
        token_required: Option<bool>,
    },
}

/// Asks the service at 169.254.169.254.
pub fn ask() -> Answer {
    todo!("helper C")
}
