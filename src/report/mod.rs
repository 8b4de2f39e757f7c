//! The record of one preparation, its verdict, its views, signing and verifying.
//!
//! A report is made once, from findings, decisions and the journal; it never looks at the image again. What is signed
//! is the file's bytes. No private key is ever read here. A signature says who vouches for the bytes, not that they are
//! true: whoever is root on the machine that wrote them could have made the program lie.
//!
//! ```text
//! ReportInput ──record──▶ Report ──to_bytes──▶ report.json ──sign──▶ report.json.sig
//!                            │                      │                    │
//!                            └──view──▶ HTML, Markdown ◀────verify───────┘
//! ```
//!
//! How the front ends use it:
//!
//! 1. [`record()`] makes a [`Report`]; [`write_bundle`] puts `report.json`, its views and `VERIFY.txt` into a directory.
//!    The caller sees to it that the directory is not on the image.
//! 2. [`sign::with_agent`], [`sign::with_keygen`] or [`sign::attach`] give a signature that has already been verified;
//!    [`write_signature`] puts it beside the report.
//! 3. [`verify::verify_files`] reads and judges; [`verify::Verification`] renders as text or JSON and has the exit code.

pub mod audit;
pub mod bind;
mod bundle;
pub mod compare;
pub mod dsse;
mod earlier;
mod export;
#[cfg(test)]
mod fixture;
pub mod handover;
pub mod identity;
mod place;
mod preparation;
mod record;
mod schema;
pub mod sign;
pub mod sshsig;
#[cfg(test)]
mod tests;
pub mod verdict;
pub mod verify;
pub mod view;

pub use bundle::{
    Bundle, BundleError, is_free, read_file, unchecked_beside, write_bundle, write_file, write_signature,
};
pub use earlier::{Earlier, SignedBy};
pub use export::{deliver, export, export_identity};
pub use place::off_image;
pub use preparation::{Caller, Particulars, Preparation};
pub use record::*;
pub use schema::{Document, schema};
pub use verdict::{Counts, Decided, Outcome, Verdict, decided, outcome, unsealed};

/// SHA-256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
    sha256(bytes).into_iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    out
}
