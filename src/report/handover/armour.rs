//! A file as text between markers: for ways on which bytes get lost, such as a serial line or a terminal whose output is
//! copied by hand. `sed`, `tr` and `base64` take it apart again.

use base64ct::{Base64, Encoding};

use super::in_rows;
use crate::report::sha256_hex;

/// Characters of base64 a line: fewer than any terminal has columns.
const LINE: usize = 76;

/// `bytes` as base64 between two markers. `name` is `REPORT` or `SIGNATURE`; the markers carry it and the size, and the
/// digest follows, for whoever looks at the transcript.
pub fn armoured(name: &str, bytes: &[u8]) -> String {
    let encoded = Base64::encode_string(bytes);
    let mut out = format!("-----BEGIN SEAWORTHY {name} OF {} BYTES-----\n", bytes.len());
    for (at, character) in encoded.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push_str("\n-----END SEAWORTHY ");
    out.push_str(name);
    out.push_str("-----\nSHA-256 ");
    let digest = in_rows(&sha256_hex(bytes));
    out.push_str(&digest.join("\n        "));
    out.push('\n');
    out
}

/// The line that takes it apart again on the publisher's own machine, reading `from` (a redirection, or nothing for a
/// pipe). A terminal's carriage returns, and what stands before and after the markers, fall away. No line of base64 holds
/// the marker's blank. POSIX but for `base64 -d`, which the GNU system, BSD and macOS have.
pub(super) fn unarmour(from: &str, to: &str) -> String {
    format!("sed -n '/BEGIN SEAWORTHY /,/END SEAWORTHY /{{/ SEAWORTHY /!p;}}'{from} | tr -d ' \\r' | base64 -d > {to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markers_carry_name_and_size_and_the_digest_follows() {
        let text = armoured("REPORT", &[0xff; 100]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"-----BEGIN SEAWORTHY REPORT OF 100 BYTES-----"));
        assert_eq!(lines.get(1).map(|line| line.len()), Some(LINE));
        assert_eq!(lines.get(3), Some(&"-----END SEAWORTHY REPORT-----"));
        assert!(text.contains(&format!("SHA-256 {}", in_rows(&sha256_hex(&[0xff; 100]))[0])));
        assert!(lines.iter().all(|line| line.len() < 80), "{text}");
    }
}
