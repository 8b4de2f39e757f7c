//! The rules of the sweep as their files say them, and their examples: what the corpus is generated from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::plant::Corpus;

/// One rule with what it must find and what it must not.
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Looked for in every byte of every file, not in settings alone.
    pub(crate) anywhere: bool,
    pub(crate) yes: Vec<String>,
    pub(crate) no: Vec<String>,
    /// The file of rules it stands in, without its extension.
    pub(crate) table: String,
}

/// Every TOML file below `folder`, parsed, with its name.
fn tables(folder: &Path, into: &mut Vec<(String, Table)>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            tables(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            into.push((name, text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))));
        }
    }
}

fn texts(table: &Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Every rule. Examples may stand in a table of the rule's id or of its name.
pub(crate) fn all() -> Vec<Rule> {
    let mut files = Vec::new();
    tables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/sweep"), &mut files);
    let mut examples = BTreeMap::new();
    for (_, file) in &files {
        for (key, value) in file {
            if let Some(table) = value.as_table().filter(|table| table.contains_key("yes")) {
                examples.insert(key.clone(), (texts(table, "yes"), texts(table, "no")));
            }
        }
    }
    let mut rules = Vec::new();
    for (table, file) in &files {
        for rule in file.get("rule").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let id = text("id");
            let found = examples.get(&id).or_else(|| examples.get(&text("name")));
            let (yes, no) = found.unwrap_or_else(|| panic!("{id} has no examples")).clone();
            rules.push(Rule { anywhere: text("scope") == "anywhere", id, yes, no, table: table.clone() });
        }
    }
    rules
}

/// The first thing that the rule must find.
pub(crate) fn example(corpus: &mut Corpus, id: &str) -> String {
    let rule = all().into_iter().find(|rule| rule.id == id).unwrap_or_else(|| panic!("no rule {id}"));
    corpus.joined(&rule.yes[0])
}
