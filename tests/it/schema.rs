//! The JSON Schema of rule files against the files themselves, by a validator that is not ours; and what a wrong file is
//! answered with.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{seaworthy, stderr, stdout};

/// A rule without a fault.
const RULE: &str = r#"#:schema ./seaworthy.schema.json

[[guideline]]
id = "ACME-1"
title = "No fax machine"
severity = "optional"
phase = "reduce"
sources = [{ page = "House rules", section = "Fax" }]
asks = "No fax daemon."
why = "It rings."
by_hand = "apt-get purge hylafax"
danger = "None."
needs = ["SSH-01", { id = "SSH-04", why = "because" }]
check = { packages-absent = { packages = ["hylafax*"] } }
"#;

/// What is put in place of what in [`RULE`], the line that the message names, and what else it says. The lines are
/// counted from the first.
const WRONG: [(&str, &str, usize, &str); 22] = [
    ("title", "tilte", 5, "unknown field `tilte`, expected one of `id`, `title`"),
    ("[[guideline]]", "[[guidelines]]", 3, "unknown field `guidelines`, expected `guideline`"),
    ("[[guideline]]", "[guideline]", 3, "expected a list"),
    ("severity = \"optional\"", "severity = \"high\"", 6, "expected one of `required`, `recommended`, `optional`"),
    ("severity = \"optional\"", "severity = 1", 6, "`severity`: expected a word in quotes or a table"),
    ("phase = \"reduce\"", "phase = \"later\"", 7, "expected one of `preflight`, `update`"),
    ("asks = \"No fax daemon.\"", "asks = [\"No fax daemon.\"]", 9, "`asks`: invalid type: list, expected a string"),
    ("asks = \"No fax daemon.\"\n", "", 3, "missing field `asks`"),
    ("id = \"ACME-1\"\n", "", 3, "missing field `id`"),
    ("\"ACME-1\"", "\"acme 1\"", 3, "`id` must be capital letters, a hyphen and a number, such as `SSH-04`"),
    ("It rings.", "  ", 3, "`why` is empty"),
    ("[{ page = \"House rules\", section = \"Fax\" }]", "[]", 3, "`sources` is empty"),
    ("section = \"Fax\"", "chapter = \"Fax\"", 8, "unknown field `chapter`, expected `page` or `section`"),
    ("packages-absent", "moon-phase", 14, "expected one of `sshd`, `absent`"),
    ("{ packages = ", "{ names = ", 14, "unknown field names, expected packages"),
    ("{ packages = [\"hylafax*\"] }", "{ packages = \"hylafax\" }", 14, "expected a list"),
    ("{ packages-absent = { packages = [\"hylafax*\"] } }", "\"attest\"", 3, "needs `attest`, the statement a person"),
    (
        "{ packages-absent = { packages = [\"hylafax*\"] } }",
        "{ own = \"fax\" }",
        14,
        "unknown word `fax`; `seaworthy guidelines --schema` lists",
    ),
    ("\n\n[[guideline]]", "\n\nfix = \"burn\"\n[[guideline]]", 3, "unknown field `fix`, expected `guideline`"),
    ("danger = \"None.\"", "danger = \"None.\"\nfix = \"burn\"", 13, "expected one of `sshd`, `remove`"),
    ("why = \"because\"", "reason = \"because\"", 13, "unknown field `reason`, expected `id` or `why`"),
    ("\"SSH-01\"", "7", 13, "the id of a guideline"),
];

/// What only the loader can know.
const CONTRADICTORY: [(&str, &str, usize, &str); 4] = [
    ("\"SSH-01\"", "\"SSH-99\"", 3, "`SSH-99` is none"),
    ("\"ACME-1\"", "\"SSH-02\"", 3, "this id is used twice"),
    ("hylafax*", "systemd", 3, "must never be removed"),
    ("id = \"ACME-1\"", "id = = 1", 4, "extra `=`"),
];

fn house_rule(directory: &Path, text: &str) -> String {
    let rules = directory.join("rules");
    fs::create_dir_all(&rules).unwrap();
    fs::write(rules.join("house.toml"), text).unwrap();
    rules.display().to_string()
}

#[test]
fn a_wrong_rule_is_answered_with_file_line_and_what_was_expected() {
    let dir = tempdir().unwrap();
    let good = house_rule(dir.path(), RULE);
    let output = seaworthy(dir.path(), ["guidelines", "ACME-1", "--guidelines", &good]);
    assert!(stdout(&output).contains("No fax machine"), "{}", stderr(&output));
    for (what, by, line, words) in WRONG.into_iter().chain(CONTRADICTORY) {
        assert!(RULE.contains(what), "{what}");
        let rules = house_rule(dir.path(), &RULE.replacen(what, by, 1));
        let output = seaworthy(dir.path(), ["guidelines", "--guidelines", &rules]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(&format!("house.toml:{line}: ")) && message.contains(words), "{by}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    for (text, words) in [("", "it holds no [[guideline]]"), ("# nothing yet\n", "it holds no [[guideline]]")] {
        let rules = house_rule(dir.path(), text);
        let message = stderr(&seaworthy(dir.path(), ["guidelines", "--guidelines", &rules]));
        assert!(message.contains("house.toml: ") && message.contains(words), "{message}");
    }
    let rules = house_rule(dir.path(), "");
    fs::write(dir.path().join("rules/house.toml"), b"id = \"\xff\"").unwrap();
    let message = stderr(&seaworthy(dir.path(), ["guidelines", "--guidelines", &rules]));
    assert!(message.contains("house.toml: ") && message.contains("UTF-8"), "{message}");
}

/// For each of the JSON documents named on the command line whether the schema named first takes it.
const VALIDATE: &str = r"
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for path in sys.argv[2:]:
    errors = sorted(validator.iter_errors(json.load(open(path))), key=str)
    print('no ' + ' '.join(errors[0].message.split())[:200] if errors else 'yes')
";

/// One line for each of `documents`: `yes`, or `no` and why.
pub(crate) fn judged(directory: &Path, schema: &str, documents: &[Value]) -> Vec<String> {
    let path = directory.join("schema.json");
    fs::write(&path, schema).unwrap();
    let mut arguments = vec!["-c".to_owned(), VALIDATE.to_owned(), path.display().to_string()];
    for (number, value) in documents.iter().enumerate() {
        let path = directory.join(format!("{number}.json"));
        fs::write(&path, value.to_string()).unwrap();
        arguments.push(path.display().to_string());
    }
    let has_it = |python: &&str| {
        let run = Command::new(python).args(["-c", "import jsonschema"]).output();
        run.is_ok_and(|output| output.status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_it).expect("python3 with jsonschema");
    let output = Command::new(python).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().map(str::to_owned).collect()
}

/// One line for each of `texts`, TOML: `yes`, or `no` and why.
fn validated(directory: &Path, texts: &[String]) -> Vec<String> {
    let schema = stdout(&seaworthy(directory, ["guidelines", "--schema"]));
    let documents: Vec<Value> = texts.iter().map(|text| toml::from_str(text).unwrap()).collect();
    judged(directory, &schema, &documents)
}

#[test]
#[ignore = "needs python3-jsonschema; run by .ci/run"]
fn every_built_in_file_fits_the_schema_and_every_wrong_rule_does_not() {
    let dir = tempdir().unwrap();
    let mut names = Vec::new();
    let mut texts = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "toml") && text.contains("[[guideline]]") {
            names.push(path);
            texts.push(text);
        }
    }
    assert!(texts.len() >= 13, "{names:?}");
    texts.push(RULE.to_owned());
    names.push("a house rule".into());
    for (name, answer) in names.iter().zip(validated(dir.path(), &texts)) {
        assert_eq!(answer, "yes", "{}", name.display());
    }
    let wrong: Vec<_> = WRONG.iter().map(|(what, by, ..)| RULE.replacen(what, by, 1)).collect();
    for ((.., words), answer) in WRONG.iter().zip(validated(dir.path(), &wrong)) {
        assert!(answer.starts_with("no "), "the schema takes a rule that the loader refuses with {words}");
    }
}
