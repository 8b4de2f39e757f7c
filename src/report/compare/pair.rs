//! Two reports that somebody holds in their hands, without a machine: what `report diff` says.

use serde::{Deserialize, Serialize};

use super::{Comparison, compare, text};
use crate::image::text::visible_json;
use crate::report::Earlier;

/// The format's name and version.
const FORMAT: &str = "seaworthy.report-diff/1";

/// Two reports held against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// `seaworthy.report-diff/1`.
    pub format: String,
    /// The older report.
    pub old: Source,
    /// The newer one.
    pub new: Source,
    /// The newer report names the older one as the one it goes on from.
    pub continues: bool,
    /// What is different. Its drift is what the newer report says of it, where it goes on from the older one.
    pub comparison: Comparison,
}

/// Where one of the two comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Fingerprint of the key that signed it; `null`: not verified, so anybody can have written it.
    pub signer: Option<String>,
}

impl Pair {
    /// Compares them.
    pub fn of(old: &Earlier, new: &Earlier) -> Self {
        let source = |side: &Earlier| Source { sha256: side.sha256.clone(), signer: side.signer.clone() };
        let named = new.report.previous.as_ref().filter(|previous| previous.sha256 == old.sha256);
        let mut comparison = compare(&old.report, &new.report);
        comparison.drift = named.and_then(|previous| previous.comparison.as_ref()?.drift.clone());
        Self { format: FORMAT.to_owned(), old: source(old), new: source(new), continues: named.is_some(), comparison }
    }

    /// For people. Holds no control character but line breaks and tabs.
    pub fn text(&self) -> String {
        let mut out = match (&self.old.signer, &self.new.signer) {
            (Some(old), Some(new)) if old == new => format!("Both are signed with {new}.\n"),
            (Some(old), Some(new)) => format!("The old one is signed with {old}, the new one with {new}.\n"),
            _ => "NOT VERIFIED: anybody can have written these; --signers FILE verifies both.\n".to_owned(),
        };
        if self.old.sha256 == self.new.sha256 {
            out.push_str("They are the same report.\n");
        } else if self.continues {
            out.push_str("The new report goes on from the old one.\n");
        } else {
            out.push_str("The new report does not say that it goes on from the old one.\n");
        }
        if self.comparison.old.generated_at > self.comparison.new.generated_at {
            out.push_str("Mind their order: the first is the newer one.\n");
        }
        out.push('\n');
        out.push_str(&text(&self.comparison));
        out
    }

    /// For programs: `seaworthy.report-diff/1`, indented, with a newline at its end.
    pub fn json(&self) -> String {
        // Strings and numbers only: this cannot fail.
        let mut out = serde_json::to_string_pretty(self).unwrap_or_default();
        out.push('\n');
        visible_json(&out)
    }
}
