//! The bytes of `report.json`: one way to write a report, and only that way is read.

use std::io;

use super::{FORMAT, Report};
use crate::image::text::visible;

/// The largest report that is read: 16 MiB.
pub const REPORT_LIMIT: u64 = 16 << 20;

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
    let report: Report = serde_json::from_slice(bytes).map_err(|error| match other_format(bytes) {
        Some(format) => FormError::OtherFormat(format),
        None => FormError::Malformed(visible(&error.to_string())),
    })?;
    if report.format != FORMAT {
        return Err(FormError::OtherFormat(visible(&report.format)));
    }
    match first_difference(&report, bytes) {
        Some(line) => Err(FormError::Rewritten(line)),
        None => Ok(report),
    }
}

/// The `format` of a report that this program does not understand, so that "too new" is not called "broken".
fn other_format(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Any {
        format: String,
    }
    let any: Any = serde_json::from_slice(bytes).ok()?;
    (any.format != FORMAT).then(|| visible(&any.format))
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
