//! Views of a report, for people (HTML, Markdown) and for programs (`JUnit`, HDF, SARIF, in-toto). Pure and deterministic;
//! each carries the digest of `report.json`. All text is shown escaped, whoever wrote it. What people are told, and in which order, is in
//! [`outline`].

use super::{Kind, Report};

/// Appends formatted text; writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($args:tt)*) => {{ let _ = write!($out, $($args)*); }};
}
mod hdf;
mod html;
pub mod intoto;
mod junit;
mod markdown;
mod outline;
mod particulars;
mod programs;
mod sarif;
mod since;
mod words;

pub use hdf::hdf;
pub use html::html;
pub use intoto::intoto;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use words::grouped;
use words::{decision_words, verdict_sentence, words};

/// Every view by the name it has on the command line. Each takes the report and the SHA-256 of `report.json`.
pub const VIEWS: [(&str, View); 6] =
    [("html", html), ("markdown", markdown), ("junit", junit), ("hdf", hdf), ("sarif", sarif), ("intoto", intoto)];

/// Renders a report; its bytes have the SHA-256 given.
pub type View = fn(&Report, &str) -> String;

fn is_practice(report: &Report) -> bool {
    report.kind == Kind::Practice
}

#[cfg(test)]
mod tests;
