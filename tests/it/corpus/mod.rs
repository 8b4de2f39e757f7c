//! The planted corpus: secrets of every rule in every form a file can have, and what only looks like one.
//!
//! The rules' own examples are planted in many forms; `hard.toml` and `odd.rs` add what was thought of by hand, and
//! `decoys.toml` what must not be found. The real program sweeps the root; every secret must be found at its path and
//! line by its rule, and nothing else. Recall and precision are printed, also when all is well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use seaworthy::catalogue::SweptKind;
use seaworthy::check::sweep::{self, Sweep};
use seaworthy::image::{Image, text, walk::Control};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{seaworthy, stderr};
use form::Form;
use plant::{Corpus, Planted};

mod form;
mod mutated;
mod odd;
mod packed;
mod plant;
mod races;
mod rules;

/// What the program found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    path: String,
    inside: Option<String>,
    line: Option<u64>,
    rule: String,
    text: String,
}

fn sweep_of(image: &Image) -> Sweep {
    sweep::sweep(image, &Control::new(), &|_| (), &|_| ())
}

/// What the program itself says it found, and what else the search looks for, which the program does not list.
fn swept(root: &Path) -> Vec<Hit> {
    let output = seaworthy(root, ["facts", "secrets", "--format", "json", "--root", root.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let facts = &document["secrets"];
    assert_eq!(facts["more"], 0, "hits were dropped");
    let value = |hit: &Value, key: &str| hit[key].as_str().map(str::to_owned);
    let listed = facts["hits"].as_array().unwrap().iter().map(|hit| Hit {
        path: value(hit, "path").unwrap(),
        inside: value(hit, "inside"),
        line: hit["line"].as_u64(),
        rule: value(hit, "rule").unwrap(),
        text: value(hit, "text").unwrap(),
    });
    let is_listed = |kind| matches!(kind, SweptKind::PrivateKey | SweptKind::AwsKey | SweptKind::Secret);
    let sweep = sweep_of(&Image::open(root).unwrap());
    let others = sweep.hits.into_iter().filter(|hit| !is_listed(hit.kind)).map(|hit| Hit {
        path: text::path(&hit.path),
        inside: hit.inside,
        line: hit.line.map(u64::from),
        rule: hit.rule.to_owned(),
        text: hit.text,
    });
    listed.chain(others).collect()
}

/// A file of `hard.toml` or `decoys.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    path: String,
    text: String,
    #[serde(default)]
    form: Option<Form>,
    /// The lines and the rules: `2 github-token`; `- github-token` where the line is no matter.
    #[serde(default)]
    found: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    file: Vec<Case>,
}

fn cases(corpus: &mut Corpus, table: &str, text: &str) {
    let cases: Cases = toml::from_str(text).unwrap_or_else(|error| panic!("{table}: {error}"));
    for Case { path, text, form, found } in cases.file {
        let text = corpus.joined(&text);
        let bytes = form.unwrap_or(Form::Plain).write(&text);
        if found.is_empty() {
            corpus.decoy(&path, &bytes, None);
        }
        for found in found {
            let (line, rule) = found.split_once(' ').unwrap();
            corpus.plant(table, &path, &bytes, line.parse().ok(), rule);
        }
    }
}

/// The rules' examples in every form.
fn examples(corpus: &mut Corpus) {
    use Form::{Binary, Cr, Crlf, LongLine, LongLineBehind, Plain, Utf8Bom, Utf16Be, Utf16BeBom, Utf16Le, Utf16LeBom};
    for rule in rules::all() {
        for (number, example) in rule.yes.iter().enumerate() {
            let text = corpus.joined(example);
            // In an example of several lines any of them may be the one.
            let single = !text.trim_end().contains('\n');
            let place = |name: &str| format!("/srv/planted/{}/{number}/{name}.conf", rule.id);
            for form in [Plain, Crlf, Cr, Utf8Bom, Utf16Le, Utf16Be, Utf16LeBom, Utf16BeBom] {
                let line = (single && form != Cr).then_some(2);
                let bytes = form.write(&format!("one\n{text}\nthree\n"));
                corpus.plant(&rule.table, &place(&format!("{form:?}")), &bytes, line, &rule.id);
            }
            let line = single.then_some(1);
            corpus.plant(&rule.table, &place("alone"), text.as_bytes(), line, &rule.id);
            // A value with brackets counts where its name begins a line.
            let forms = if text.contains('(') { &[LongLineBehind][..] } else { &[LongLine, LongLineBehind] };
            for form in forms {
                corpus.plant(&rule.table, &place(&format!("{form:?}")), &form.write(&text), line, &rule.id);
            }
            if number == 0 {
                // Across the end of the first thing that is read.
                let before = [form::lines((256 << 10) - 1 - text.len() / 2), b"\n".to_vec()].concat();
                let line = single.then_some(1 + memchr::memchr_iter(b'\n', &before).count() as u64);
                let bytes = [&before, text.as_bytes(), b"\n", &form::lines(300_000)].concat();
                corpus.plant(&rule.table, &place("border"), &bytes, line, &rule.id);
            }
            if rule.anywhere {
                let path = format!("/usr/lib/planted/{}-{number}.so", rule.id);
                corpus.plant(&rule.table, &path, &Binary.write(&text), None, &rule.id);
            }
        }
        for (number, example) in rule.no.iter().enumerate() {
            let text = example.replace('¦', "");
            for form in [Plain, Crlf, Utf16LeBom] {
                let path = format!("/srv/decoys/{}/{number}-{form:?}.conf", rule.id);
                corpus.decoy(&path, &form.write(&format!("one\n{text}\nthree\n")), Some(&rule.id));
            }
        }
    }
}

/// Found and planted, by table.
#[derive(Default)]
struct Score {
    tables: BTreeMap<String, (usize, usize)>,
    planted: usize,
    decoys: usize,
    missed: Vec<Planted>,
    false_alarms: Vec<Hit>,
}

fn score(corpus: &Corpus, hits: &[Hit]) -> Score {
    let mut score = Score { planted: corpus.planted.len(), decoys: corpus.decoys.len(), ..Score::default() };
    let mut by_path: BTreeMap<&str, Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        by_path.entry(&hit.path).or_default().push(hit);
    }
    let mut expected: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for planted in &corpus.planted {
        let found = by_path.get(planted.path.as_str()).is_some_and(|hits| {
            hits.iter().any(|hit| {
                hit.rule == planted.rule
                    && hit.inside == planted.inside
                    && (planted.line.is_none() || planted.line == hit.line)
            })
        });
        let table = score.tables.entry(planted.table.clone()).or_default();
        table.1 += 1;
        if found {
            table.0 += 1;
        } else {
            score.missed.push(planted.clone());
        }
        expected.insert((&planted.path, planted.inside.as_deref()));
    }
    let decoys: BTreeMap<&str, Option<&str>> =
        corpus.decoys.iter().map(|(path, rule)| (path.as_str(), rule.as_deref())).collect();
    for hit in hits {
        let of_decoy = decoys.get(hit.path.as_str());
        let wrong = match of_decoy {
            Some(Some(rule)) => hit.rule == *rule,
            Some(None) => true,
            // Another rule may see the same secret, on its line.
            None => !expected.contains(&(hit.path.as_str(), hit.inside.as_deref())),
        };
        if wrong {
            score.false_alarms.push(hit.clone());
        }
    }
    score
}

impl Score {
    /// One line for the log, and what is wrong.
    fn tell(&self, name: &str) -> String {
        let found = self.planted - self.missed.len();
        let share = |part: usize, whole: usize| {
            let parts = 10_000 * part / whole.max(1);
            format!("{}.{:02}", parts / 100, parts % 100)
        };
        let mut told = format!(
            "{name}: recall {} % ({found} of {} planted secrets), precision {} % ({} false alarms, {} decoys)\n",
            share(found, self.planted),
            self.planted,
            share(found, found + self.false_alarms.len()),
            self.false_alarms.len(),
            self.decoys,
        );
        // Past what the test harness keeps to itself.
        let _ = std::io::stderr().write_all(told.as_bytes());
        for (table, (found, planted)) in &self.tables {
            let _ = writeln!(told, "  {table}: {found} of {planted}");
        }
        for missed in &self.missed {
            let _ = writeln!(told, "missed: {} {:?} {:?}: {}", missed.path, missed.inside, missed.line, missed.rule);
        }
        for Hit { path, inside, line, rule, text } in &self.false_alarms {
            let _ = writeln!(told, "false alarm: {path} {inside:?} {line:?}: {rule}: {text}");
        }
        told
    }
}

#[test]
fn every_planted_secret_is_found_and_nothing_else() {
    let mut corpus = Corpus::new();
    examples(&mut corpus);
    cases(&mut corpus, "hard", include_str!("hard.toml"));
    cases(&mut corpus, "decoys", include_str!("decoys.toml"));
    odd::plant(&mut corpus);
    let mut hits = swept(corpus.root());
    let linked = hits.extract_if(.., |hit| odd::LINKED.contains(&hit.path.as_str())).map(|hit| hit.path.clone());
    assert_eq!(linked.collect::<Vec<_>>(), odd::LINKED, "each of one file's two names");
    let score = score(&corpus, &hits);
    let told = score.tell("Planted corpus");
    let shown: Vec<&Hit> =
        hits.iter().filter(|hit| corpus.hidden.iter().any(|hidden| hit.text.contains(hidden))).collect();
    assert!(score.missed.is_empty() && score.false_alarms.is_empty(), "{told}");
    assert!(shown.is_empty(), "shown in full: {shown:#?}");
}
