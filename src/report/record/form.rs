//! The bytes of `report.json`: one way to write a report, and only that way is read.

use std::io;

use serde::Deserialize;

use super::{FORMAT, Report};
use crate::image::text::visible;

/// The largest report that is read: 16 MiB.
pub const REPORT_LIMIT: u64 = 16 << 20;

/// The first number that not every reader of JSON reads alike (RFC 8259, section 6).
pub(in crate::report) const EXACT: u64 = 1 << 53;

/// Why bytes are no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Over [`REPORT_LIMIT`].
    #[error("The report is larger than 16 MiB.")]
    TooLarge,
    /// It begins with a byte order mark.
    #[error("The report begins with a byte order mark: an editor or mail program changed it.")]
    ByteOrderMark,
    /// Another format, or another version of it.
    #[error(
        "The report is of the format \"{0}\"; this program reads \"{FORMAT}\". A newer one needs a newer Seaworthy."
    )]
    OtherFormat(String),
    /// Of this format, with something in it that only a later version of this program knows.
    #[error("The report was made by a newer version of Seaworthy ({0}; this is {ours}), and holds what this one does not know: update.", ours = env!("CARGO_PKG_VERSION"))]
    Newer(String),
    /// A number from 2^53 on, which readers of JSON that know only floating point round.
    #[error("The report has a number that not every program reads alike: {0}.")]
    Number(u64),
    /// It is no JSON, or not of this shape.
    #[error("The report is not well formed: {0}.")]
    Malformed(String),
    /// The same contents, written in another way.
    #[error(
        "The report is not written the way Seaworthy writes it: line {0} differs. It was put together or changed by another program."
    )]
    Rewritten(usize),
}

/// The bytes that are signed: indented by two spaces, fields in their fixed order, one newline at the end.
pub fn to_bytes(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and every key is a string; should it fail, what is written does not parse.
    let _ = serde_json::to_writer_pretty(&mut bytes, report);
    bytes.push(b'\n');
    bytes
}

/// Reads a report. What [`to_bytes`] would write for it must be the same bytes, so that nothing that is read in one way
/// by this program is read in another by the next: no duplicate or extra field, no other number form, no trailing data.
///
/// # Errors
/// See [`FormError`].
pub fn parse(bytes: &[u8]) -> Result<Report, FormError> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > REPORT_LIMIT {
        return Err(FormError::TooLarge);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(FormError::ByteOrderMark);
    }
    let report: Report = serde_json::from_slice(bytes)
        .map_err(|error| other_version(bytes).unwrap_or_else(|| FormError::Malformed(visible(&error.to_string()))))?;
    if report.format != FORMAT {
        return Err(FormError::OtherFormat(visible(&report.format)));
    }
    if let Some(line) = first_difference(&report, bytes) {
        return Err(FormError::Rewritten(line));
    }
    match largest_number(bytes) {
        number if number >= EXACT => Err(FormError::Number(number)),
        _ => Ok(report),
    }
}

/// The largest whole number outside of the strings of `json`, which is well formed.
pub(in crate::report) fn largest_number(json: &[u8]) -> u64 {
    let (mut largest, mut number) = (0, 0_u64);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'0'..=b'9' if !in_string => {
                number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                largest = largest.max(number);
                continue;
            }
            _ => {}
        }
        number = 0;
    }
    largest
}

/// What a report that this program does not understand says of its version, so that "too new" is not called "broken".
fn other_version(bytes: &[u8]) -> Option<FormError> {
    #[derive(Deserialize)]
    struct Any {
        format: String,
        tool: Option<AnyTool>,
    }
    #[derive(Deserialize)]
    struct AnyTool {
        version: String,
    }
    let any: Any = serde_json::from_slice(bytes).ok()?;
    if any.format != FORMAT {
        return Some(FormError::OtherFormat(visible(&any.format)));
    }
    let version = any.tool?.version;
    (numbers(&version)? > numbers(env!("CARGO_PKG_VERSION"))?).then(|| FormError::Newer(visible(&version)))
}

/// The numbers of a version: `1.2.3`, with or without something after it.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let release = version.split(['-', '+']).next()?;
    release.split('.').map(|number| number.parse().ok()).collect()
}

/// The line where `bytes` and the one way to write `report` part.
fn first_difference(report: &Report, bytes: &[u8]) -> Option<usize> {
    /// Compares what is written with what is expected, without a second copy of the report.
    struct Compare<'a> {
        expected: &'a [u8],
        line: usize,
        differs: bool,
    }
    impl io::Write for Compare<'_> {
        fn write(&mut self, written: &[u8]) -> io::Result<usize> {
            let same = written.iter().zip(self.expected).take_while(|(one, other)| one == other).count();
            let (passed, rest) = self.expected.split_at_checked(same).unwrap_or_default();
            self.line += memchr::memchr_iter(b'\n', passed).count();
            self.expected = rest;
            self.differs |= same < written.len();
            if self.differs { Err(io::ErrorKind::InvalidData.into()) } else { Ok(written.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut compare = Compare { expected: bytes, line: 1, differs: false };
    let written = serde_json::to_writer_pretty(&mut compare, report).is_ok();
    (!written || compare.expected != b"\n").then_some(compare.line)
}
