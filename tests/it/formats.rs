//! The views for programs, from the real binary, before judges that are not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::{TempDir, tempdir};

use crate::support::{seaworthy, small_root, stderr, stdout};

mod dsse;

/// A report of a small root, as the program writes it.
fn report() -> (TempDir, PathBuf) {
    let directory = tempdir().unwrap();
    let root = small_root(directory.path());
    // A file name that would be markup, a link or a placeholder somewhere.
    let odd = root.join("etc/ssh/sshd_config.d/00<b>&\"'{0}[a](b)\u{202e}\u{1b}.conf");
    fs::write(odd, "PasswordAuthentication yes\n").unwrap();
    let made = seaworthy(
        directory.path(),
        ["report", "--root", root.to_str().unwrap(), "--stdout", "--publisher", "Ann <Example> & \"Sons\" ]]>"],
    );
    assert!(made.status.success(), "{}", stderr(&made));
    let path = directory.path().join("report.json");
    fs::write(&path, &made.stdout).unwrap();
    (directory, path)
}

fn render(home: &Path, report: &Path, format: &str) -> Output {
    seaworthy(home, ["report", "render", report.to_str().unwrap(), "--format", format])
}

#[test]
fn every_view_is_rendered_to_standard_output_or_a_file() {
    let (directory, report) = report();
    for format in ["html", "markdown", "junit", "hdf", "sarif", "intoto"] {
        let shown = render(directory.path(), &report, format);
        assert_eq!(shown.status.code(), Some(0), "{format}: {}", stderr(&shown));
        assert!(stderr(&shown).starts_with("NOT VERIFIED"), "{format}");
        let out = directory.path().join(format);
        let again = || {
            let args = ["report", "render", report.to_str().unwrap(), "--format", format, "--out"];
            seaworthy(directory.path(), args.into_iter().chain([out.to_str().unwrap()]))
        };
        assert_eq!(again().status.code(), Some(0), "{format}");
        assert_eq!(fs::read_to_string(&out).unwrap(), stdout(&shown), "{format}");
        assert!(stderr(&again()).contains("is there already"), "{format}");
    }
    for (format, said) in [("csv", "possible values: html, markdown, junit, hdf, sarif, intoto"), ("json", "possible")]
    {
        let refused = render(directory.path(), &report, format);
        assert_eq!(refused.status.code(), Some(2), "{format}");
        assert!(stderr(&refused).contains(said), "{}", stderr(&refused));
    }
    let missing = seaworthy(directory.path(), ["report", "render", report.to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(2), "{}", stderr(&missing));
}

/// Python with the judges in it (see `.ci/run`), fed with one of the scripts beside this file.
fn judge(script: &str, args: &[&Path]) -> Result<String, String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = project.join("target/judges/bin/python3");
    let made =
        Command::new(python).arg(project.join("tests/judges").join(script)).args(args).stdin(Stdio::null()).output();
    let made = made.unwrap_or_else(|error| panic!("target/judges is missing, .ci/run makes it: {error}"));
    if made.status.success() { Ok(stdout(&made)) } else { Err(stdout(&made) + &stderr(&made)) }
}

#[test]
#[ignore = "needs lxml and jsonschema (PyPI); run by .ci/run"]
fn junit_and_sarif_are_valid_by_their_schemas() {
    let (directory, report) = report();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemas");
    for (format, script, schema) in
        [("junit", "xml_schema.py", "junit-10.xsd"), ("sarif", "json_schema.py", "sarif-2.1.0.json")]
    {
        let view = directory.path().join(format);
        fs::write(&view, render(directory.path(), &report, format).stdout).unwrap();
        let judged = judge(script, &[&fixtures.join(schema), &view]);
        assert!(judged.is_ok(), "{format}: {judged:?}");
        let odd = if format == "junit" {
            "00&lt;b&gt;&amp;&quot;&apos;{0}[a](b)\\u{202e}"
        } else {
            "00%3Cb%3E%26%22%27%7B0%7D"
        };
        assert!(fs::read_to_string(&view).unwrap().contains(odd), "{format}");
        let spoilt = fs::read_to_string(&view).unwrap().replace("tests=", "test=").replace("\"runs\"", "\"walks\"");
        fs::write(&view, spoilt).unwrap();
        assert!(judge(script, &[&fixtures.join(schema), &view]).is_err(), "{format}: the judge accepts anything");
    }
}

/// Heimdall's own reader, whose parser is generated from MITRE's schema, and which tells how it understands each control.
#[test]
#[ignore = "needs node and inspecjs (npm); run by .ci/run"]
fn heimdall_reads_hdf_and_takes_nothing_for_passed_that_is_not() {
    let (directory, report) = report();
    let view = directory.path().join("hdf");
    fs::write(&view, render(directory.path(), &report, "hdf").stdout).unwrap();
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let heimdall = |file: &Path| {
        Command::new("node")
            .arg(project.join("tests/judges/heimdall.js"))
            .arg(project.join("target/judges/node_modules/inspecjs"))
            .arg(file)
            .output()
            .unwrap()
    };
    let read = heimdall(&view);
    assert!(read.status.success(), "{}", stderr(&read));
    let parsed: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let results = parsed["guidelines"].as_array().unwrap();
    let understood = stdout(&read);
    assert_eq!(understood.lines().count(), results.len());
    for (line, record) in understood.lines().zip(results) {
        let wanted = match record["result"].as_str().unwrap() {
            "pass" | "fixed" | "by-hand" | "attested" => "Passed",
            "fail" => "Failed",
            "waived" | "not-applicable" => "Not Applicable",
            _ => "Not Reviewed",
        };
        assert_eq!(line, format!("{} {wanted}", record["id"].as_str().unwrap()));
    }
    let spoilt = fs::read_to_string(&view).unwrap().replace("\"code_desc\"", "\"code\"");
    fs::write(&view, spoilt).unwrap();
    assert!(!heimdall(&view).status.success(), "the judge accepts anything");
}
