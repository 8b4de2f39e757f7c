//! The record of one preparation, its verdict, its views, signing and verifying.
//!
//! A report is made once, from findings, decisions and the journal; it never looks at the image again. What is signed
//! is the file's bytes. No private key is ever read here.

mod record;
pub mod sign;
pub mod verdict;
pub mod verify;
pub mod view;

pub use record::{Report, ReportInput, record};
pub use verdict::{Counts, Verdict};
