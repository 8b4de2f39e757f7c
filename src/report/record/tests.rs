use super::*;
use crate::report::fixture::sample;

#[test]
fn what_is_written_is_read_again() {
    let report = sample();
    let bytes = to_bytes(&report);
    assert_eq!(parse(&bytes).unwrap(), report);
    assert!(bytes.ends_with(b"}\n") && !bytes.contains(&b'\r'));
    assert!(bytes.starts_with(b"{\n  \"format\": \"seaworthy.report/1\",\n  \"report_id\""));
}
