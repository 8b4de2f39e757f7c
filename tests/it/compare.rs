//! Two reports of the same image, made and held against each other by the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::report::softkey::SoftKey;
use crate::schema::judged;
use crate::support::{put, seaworthy, small_root, stderr, stdout};
use crate::terminal::Terminal;

/// A root, and a place for reports of it.
struct Product {
    place: TempDir,
    root: PathBuf,
}

impl Product {
    fn new() -> Self {
        let place = tempdir().unwrap();
        let root = small_root(place.path());
        Self { place, root }
    }

    fn run(&self, args: &[&str]) -> Output {
        seaworthy(self.place.path(), args)
    }

    fn at(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    /// Writes the report `name` and gives its file.
    fn report(&self, name: &str, more: &[&str]) -> String {
        let (root, out) = (self.root.display().to_string(), self.at(name));
        let output = self.run(&[&["report", "--root", &root, "--out", &out, "--publisher", "Ann"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        format!("{out}/report.json")
    }

    /// Signs the report `file` with the one key that `signers` lists.
    fn sign(&self, file: &str) {
        let key = SoftKey::ed25519(1);
        fs::write(self.place.path().join("signers"), format!("ann@example.com {}\n", key.line())).unwrap();
        let signature = key.signature("seaworthy-report", &fs::read(file).unwrap());
        fs::write(format!("{file}.sig"), signature).unwrap();
    }

    fn apply(&self, ids: &[&str]) {
        let root = self.root.display().to_string();
        let output = self.run(&[&["apply", "--root", &root, "--yes"], ids].concat());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    }

    fn playbook(&self, text: &str) -> String {
        fs::write(self.place.path().join("playbook.toml"), text).unwrap();
        self.at("playbook.toml")
    }
}

/// A day `days` after today, as a playbook takes it.
fn day(days: i64) -> String {
    use jiff::ToSpan as _;
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().checked_add(days.days()).unwrap().to_string()
}

fn waiver(id: &str, until: &str) -> String {
    format!(
        "[decisions.{id}]\nchoice = \"waive\"\nreason = \"The console needs it.\"\nuntil = \"{until}\"\nby = \"Ann\"\n"
    )
}

/// Reports tell whole seconds: two of the same second have no order.
fn wait_for_the_next_second() {
    let second = || jiff::Timestamp::now().as_second();
    let begun = second();
    while second() == begun {
        std::thread::yield_now();
    }
}

#[test]
fn a_pipeline_stops_at_what_came_back_and_at_nothing_else() {
    let product = Product::new();
    let bad = product.report("bad", &[]);
    product.apply(&["SSH-04"]);
    wait_for_the_next_second();
    let good = product.report("good", &[]);
    let better = product.run(&["report", "diff", &bad, &good]);
    assert_eq!(better.status.code(), Some(0), "{}", stdout(&better));
    let text = stdout(&better);
    assert!(text.starts_with("NOT VERIFIED: anybody can have written these"), "{text}");
    assert!(text.contains("\nFixed (") && text.contains("fail -> fixed"), "{text}");
    assert!(text.ends_with("\nNothing regressed.\n"), "{text}");

    let worse = product.run(&["report", "diff", &good, &bad]);
    assert_eq!(worse.status.code(), Some(1), "{}", stdout(&worse));
    let text = stdout(&worse);
    assert!(text.contains("Mind their order") && text.contains("fixed -> fail"), "{text}");
    assert!(text.contains("It regressed: guidelines: ") && text.contains("SSH-04"), "{text}");
    let same = product.run(&["report", "diff", &good, &good]);
    assert_eq!(same.status.code(), Some(0));
    assert!(stdout(&same).contains("They are the same report."), "{}", stdout(&same));

    let json = product.run(&["report", "diff", &good, &bad, "--format", "json"]);
    assert_eq!(json.status.code(), Some(1));
    let value: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(value["format"], "seaworthy.report-diff/1");
    assert_eq!((&value["old"]["signer"], &value["comparison"]["regression"]), (&Value::Null, &Value::Bool(true)));
    assert!(value["comparison"]["regressed"].as_array().unwrap().iter().any(|turn| turn["id"] == "SSH-04"));
}

#[test]
fn a_waiver_that_was_dropped_or_ended_is_told() {
    let product = Product::new();
    let playbook = product.playbook(&waiver("SSH-04", &day(30)));
    let waived = product.report("waived", &["--playbook", &playbook]);
    let bare = product.report("bare", &[]);
    let output = product.run(&["report", "diff", &waived, &bare]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("waived -> fail"), "{text}");
    assert!(text.contains(&format!("SSH-04   dropped; would have held until {} by Ann", day(30))), "{text}");
    let granted = product.run(&["report", "diff", &bare, &waived]);
    assert!(stdout(&granted).contains(&format!("granted until {} by Ann: \"The console needs it.\"", day(30))));
}

#[test]
fn what_is_no_report_is_told_with_code_3() {
    let product = Product::new();
    let good = product.report("good", &[]);
    fs::write(product.place.path().join("other"), "{}").unwrap();
    for (old, new, says) in [
        (product.at("absent"), good.clone(), "absent: there is no such file"),
        (good.clone(), product.at("other"), "not well formed"),
    ] {
        let output = product.run(&["report", "diff", &old, &new]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(stderr(&output).contains(says) && stderr(&output).lines().count() == 1, "{}", stderr(&output));
    }
    fs::write(product.place.path().join("signers"), "").unwrap();
    let unsigned = product.run(&["report", "diff", &good, &good, "--signers", &product.at("signers")]);
    assert_eq!(unsigned.status.code(), Some(3));
    assert!(stderr(&unsigned).contains("was not accepted"), "{}", stderr(&unsigned));
    assert!(stdout(&unsigned).is_empty());
    assert!(Path::new(&good).exists());
}

/// The JSON of the report `file`.
fn json(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_second_report_tells_what_came_of_the_first() {
    let product = Product::new();
    product.apply(&["SSH-04"]);
    let playbook = product.playbook(&waiver("ACC-01", &day(30)));
    let first = product.report("first", &["--playbook", &playbook]);
    let changed = json(&first)["changes"].as_array().unwrap().clone();
    assert!(!changed.is_empty());
    // Somebody edits what was left.
    let path = changed[0]["path"].as_str().unwrap();
    put(&product.root, path, "PermitRootLogin yes\n# by hand\n");
    let second = product.report("second", &["--previous", &first, "--previous-unverified"]);
    let report = json(&second);
    let previous = &report["previous"];
    assert_eq!((&previous["report_id"], &previous["signer"]), (&json(&first)["report_id"], &Value::Null));
    let drift = &previous["comparison"]["drift"]["files"][0];
    assert_eq!((drift["path"].as_str(), drift["state"].as_str()), (Some(path), Some("changed")));
    assert!(previous["comparison"]["regressed"].as_array().unwrap().iter().any(|turn| turn["id"] == "SSH-04"));
    let events: Vec<Value> = report["journal"]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| serde_json::from_str::<Value>(line.as_str().unwrap()).unwrap()["event"].clone())
        .collect();
    let told = events.iter().find(|event| event["kind"] == "previous").unwrap();
    assert_eq!(told["sha256"], previous["sha256"]);
    let limits = report["limits"].as_array().unwrap();
    assert!(limits.iter().any(|limit| limit.as_str().unwrap().contains("was not verified")), "{limits:?}");

    let output = product.run(&["report", "diff", &first, &second]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("The new report goes on from the old one."), "{text}");
    assert!(text.contains(&format!("{path}  changed: its content is another")), "{text}");
}

#[test]
fn waivers_of_the_last_report_are_listed_and_never_taken_over() {
    let product = Product::new();
    let playbook = product.playbook(&waiver("SSH-04", &day(30)));
    let first = product.report("first", &["--playbook", &playbook]);
    let root = product.root.display().to_string();
    let args = ["report", "--root", &root, "--stdout", "--previous", &first, "--previous-unverified"];
    let output = product.run(&args);
    let told = stderr(&output);
    assert!(told.contains("Waivers of the previous report that were not renewed: 1."), "{told}");
    assert!(
        told.contains(&format!("SSH-04  was waived until {} by Ann: \"The console needs it.\"", day(30))),
        "{told}"
    );
    assert!(told.contains("It regressed: guidelines: SSH-04."), "{told}");
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let record = report["guidelines"].as_array().unwrap().iter().find(|record| record["id"] == "SSH-04").unwrap();
    assert_eq!((&record["decision"], record["result"].as_str()), (&Value::Null, Some("fail")));
    assert_eq!(report["previous"]["comparison"]["waivers"][0]["fate"], "dropped");
}

#[test]
fn on_a_terminal_waivers_are_offered_one_by_one() {
    let product = Product::new();
    let playbook = product.playbook(&(waiver("SSH-04", &day(30)) + &waiver("ACC-02", &day(30))));
    let first = product.report("first", &["--playbook", &playbook]);
    let (root, out, state) = (product.root.display().to_string(), product.at("second"), product.at("state"));
    let args = ["report", "--root", &root, "--out", &out, "--publisher", "Bob"];
    let args = [&args[..], &["--previous", &first, "--previous-unverified"]].concat();
    let mut terminal =
        Terminal::start(product.place.path(), &args, (200, 50), &[("XDG_STATE_HOME", &state), ("TERM", "dumb")]);
    let question = |id: &str| format!("{id}  ");
    // In the catalogue's order; the one that is left out is not renewed.
    terminal.wait_written("Bob waives it until");
    terminal.send("\r");
    terminal.wait_written(&question("SSH-04"));
    terminal.send("soon\r");
    terminal.wait_written("That is no day.");
    terminal.send(&format!("{}\r", day(400)));
    terminal.wait_written("Reason (empty: as before)");
    terminal.send("\r");
    terminal.wait_written("It cannot be renewed so: `until` may be");
    terminal.send(&format!("{}\r", day(60)));
    terminal.send("\r");
    assert_eq!(terminal.end().0, 0);
    let report = json(&product.at("second/report.json"));
    let decision = |id: &str| {
        let record = report["guidelines"].as_array().unwrap().iter().find(|record| record["id"] == id).unwrap();
        record["decision"].clone()
    };
    assert_eq!(decision("ACC-02"), Value::Null);
    assert_eq!(
        (decision("SSH-04")["by"].as_str(), decision("SSH-04")["until"].as_str()),
        (Some("Bob"), Some(&*day(60)))
    );
    let waivers = report["previous"]["comparison"]["waivers"].as_array().unwrap();
    let fates: Vec<&str> = waivers.iter().map(|turn| turn["fate"].as_str().unwrap()).collect();
    assert_eq!(fates.iter().filter(|fate| **fate == "changed").count(), 1, "{fates:?}");
    assert_eq!(fates.iter().filter(|fate| **fate == "dropped").count(), 1, "{fates:?}");
    // It is kept for the seal and the next report.
    let again = json(&product.report("again", &[]));
    let kept = again["guidelines"].as_array().unwrap().iter().find(|record| record["id"] == "SSH-04").unwrap();
    assert_eq!(kept["result"], "waived");
}

#[test]
fn a_previous_report_is_verified_or_said_to_be_not() {
    let product = Product::new();
    let first = product.report("first", &[]);
    let root = product.root.display().to_string();
    fs::write(product.place.path().join("signers"), "").unwrap();
    let signers = product.at("signers");
    for (more, code, says) in [
        (&["--previous", &first][..], 2, "--previous-signers FILE"),
        (&["--previous-unverified"], 2, "--previous"),
        (&["--previous", &first, "--previous-unverified", "--previous-signers", &signers], 2, "cannot be used with"),
        (&["--previous", &first, "--previous-signers", &signers], 3, "was not accepted (as verify, code"),
    ] {
        let output = product.run(&[&["report", "--root", &root, "--stdout"], more].concat());
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        assert!(stdout(&output).is_empty());
    }
}

#[test]
fn a_chain_of_signed_reports_is_verified_link_by_link() {
    let product = Product::new();
    let first = product.report("first", &[]);
    product.sign(&first);
    let signers = product.at("signers");
    let more = ["--previous", &first, "--previous-signers", &signers, "--previous-signer", "ann@example.com"];
    let second = product.report("second", &more);
    product.sign(&second);
    let signer = json(&second)["previous"]["signer"].as_str().unwrap().to_owned();
    assert!(signer.starts_with("SHA256:"), "{signer}");
    let verify = |file: &str, baseline: &str| {
        let output = product.run(&["verify", file, "--signers", &signers, "--baseline", baseline]);
        (output.status.code(), stdout(&output))
    };
    // Nobody made the image seaworthy, so it is authentic and no more.
    let (code, text) = verify(&second, &first);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("ok       baseline   It goes on from report"), "{text}");
    assert!(text.contains("ok       comparison What it tells to be different since report"), "{text}");
    let (code, text) = verify(&first, &second);
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("It goes on from no other report"), "{text}");
    let missing = verify(&second, &product.at("absent"));
    assert_eq!(missing.0, Some(7), "{}", missing.1);

    let pair = product.run(&["report", "diff", &first, &second, "--signers", &signers]);
    assert_eq!(pair.status.code(), Some(0), "{}", stderr(&pair));
    assert!(stdout(&pair).starts_with(&format!("Both are signed with {signer}.\n")), "{}", stdout(&pair));
    let somebody = ["report", "diff", &first, &second, "--signers", &signers, "--signer", "bob@example.com"];
    let refused = product.run(&somebody);
    assert_eq!(refused.status.code(), Some(3));
    assert!(stderr(&refused).contains("was not accepted (as verify, code 4)"), "{}", stderr(&refused));
}

#[test]
#[ignore = "needs python3-jsonschema; run by .ci/run"]
fn what_programs_read_fits_its_schema_and_nothing_more_does() {
    let product = Product::new();
    product.apply(&["SSH-04"]);
    let playbook = product.playbook(&waiver("ACC-01", &day(30)));
    let first = product.report("first", &["--playbook", &playbook]);
    product.sign(&first);
    let second = product.report("second", &["--previous", &first, "--previous-unverified"]);
    product.sign(&second);
    let signers = product.at("signers");
    let said = |args: &[&str]| serde_json::from_str::<Value>(&stdout(&product.run(args))).unwrap();
    let verify = |file: &str| said(&["verify", file, "--signers", &signers, "--json"]);
    for (of, documents) in [
        ("report", vec![json(&first), json(&second)]),
        (
            "verify",
            vec![
                verify(&first),
                verify(&product.at("absent")),
                said(&["verify", &first, &second, "--signers", &signers, "--json"]),
            ],
        ),
        (
            "diff",
            vec![
                said(&["report", "diff", &first, &second, "--format", "json"]),
                said(&["report", "diff", &second, &first, "--signers", &signers, "--format", "json"]),
            ],
        ),
    ] {
        let schema = stdout(&product.run(&["report", "schema", of]));
        for (number, answer) in judged(product.place.path(), &schema, &documents).iter().enumerate() {
            assert_eq!(answer, "yes", "{of} {number}");
        }
        let extra = documents.iter().map(|document| {
            let mut document = document.clone();
            document["extra"] = Value::Null;
            document
        });
        let short = documents.iter().map(|document| {
            let mut document = document.clone();
            document.as_object_mut().unwrap().remove("format");
            document
        });
        let wrong: Vec<Value> = extra.chain(short).collect();
        for answer in judged(product.place.path(), &schema, &wrong) {
            assert!(answer.starts_with("no "), "{of}: {answer}");
        }
    }
    assert_eq!(stdout(&product.run(&["report", "schema"])), stdout(&product.run(&["report", "schema", "report"])));
}
