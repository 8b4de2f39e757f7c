//! Reports that are read in one way by this program and might be read in another by the next.

use super::*;

#[test]
fn t14_t15_the_form() {
    let signed = |change: &dyn Fn(Vec<u8>) -> Vec<u8>| Case::bytes(change(Case::honest().report));
    let text =
        |change: &dyn Fn(&str) -> String| signed(&|bytes| change(std::str::from_utf8(&bytes).unwrap()).into_bytes());
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    table(vec![
        (
            "duplicate key",
            signed(&replaced("\"kind\": \"build\",", "\"kind\": \"build\",\n  \"kind\": \"build\",")),
            5,
            "duplicate field `kind`",
        ),
        (
            "unknown field",
            signed(&replaced("\"kind\": \"build\",", "\"kind\": \"build\",\n  \"x\": 1,")),
            5,
            "unknown field `x`",
        ),
        ("trailing data", text(&|text| format!("{text}{{}}\n")), 5, "not well formed"),
        (
            "newer",
            signed(&replaced("seaworthy.report/1", "seaworthy.report/2")),
            5,
            "of the format \"seaworthy.report/2\"",
        ),
        (
            "newer, other fields",
            text(&|_| "{\"format\": \"seaworthy.report/2\", \"new\": true}".into()),
            5,
            "A newer one needs a newer Seaworthy",
        ),
        (
            "a field of a later version",
            signed(&|bytes| {
                let ours = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\",");
                replaced(ours, "\"version\": \"99.0.1-rc.1\",\n    \"new\": true,")(bytes)
            }),
            5,
            "made by a newer version of Seaworthy (99.0.1-rc.1; this is",
        ),
        (
            "a missing null",
            signed(&replaced("    \"kernel\": null,\n", "")),
            5,
            "not written the way Seaworthy writes it: line",
        ),
        ("one line", signed(&|bytes| serde_json::to_vec(&parse(&bytes).unwrap()).unwrap()), 5, "line 1 differs"),
        ("no newline at its end", text(&|text| text.trim_end().to_owned()), 5, "not written the way"),
        (
            "another zone",
            signed(&replaced("2026-11-22T16:00:00Z", "2026-11-22T17:00:00+01:00")),
            5,
            "not written the way",
        ),
        (
            "deep lists",
            text(&|text| text.replacen("\"limits\": [", &format!("\"limits\": [{}", deep("[", "]")), 1)),
            5,
            "not well formed",
        ),
        ("deep from the start", text(&|_| deep("[", "]")), 5, "not well formed"),
        ("deep objects", text(&|_| format!("{}1", "{\"a\":".repeat(100_000))), 5, "not well formed"),
        ("negative", signed(&replaced("\"uid\": 0", "\"uid\": -1")), 5, "not well formed"),
        ("huge", signed(&replaced("\"uid\": 0", "\"uid\": 99999999999999999999999")), 5, "not well formed"),
        ("float", signed(&replaced("\"size\": 28", "\"size\": 28.0")), 5, "not well formed"),
        (
            "rounded by others",
            signed(&replaced("\"size\": 28", "\"size\": 9007199254740992")),
            5,
            "a number that not every program reads alike: 9007199254740992",
        ),
        (
            "the largest that all read alike",
            signed(&replaced("\"duration_ms\": 1200", "\"duration_ms\": 9007199254740991")),
            0,
            "",
        ),
        ("exponent", signed(&replaced("\"uid\": 0", "\"uid\": 0e0")), 5, "not well formed"),
        ("17 MiB", text(&|text| format!("{text}{}", " ".repeat(17 << 20))), 5, "larger than 16 MiB"),
        ("10 MiB in a string", lie(|report| report.publisher = "x".repeat(10 << 20)), 0, ""),
        (
            "not UTF-8",
            signed(&|mut bytes| {
                bytes[5] = 0xff;
                bytes
            }),
            5,
            "not well formed",
        ),
        ("empty object", text(&|_| "{}".into()), 5, "missing field `format`"),
    ]);
}
