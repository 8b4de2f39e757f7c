//! Mutated files: every guideline that reads one must come to an end without breaking down.
//!
//! cargo-fuzz needs a nightly compiler, and this project builds with the stable one. So the targets run here: each file
//! of `bad_input.toml` with the guidelines that read it, driven by a seeded mutation engine over valid files of all the
//! fixture trees and what is kept in `tests/fixtures/corpus`. It knows no coverage; in its place it has tokens of the
//! formats and hostile files nobody mutates by chance. `SEAWORTHY_FUZZ_EXECS` says how many inputs each target gets, and
//! `SEAWORTHY_FUZZ_SEED` which. An input that breaks a check is written below `target/tmp` and named; it belongs into
//! the corpus, where it is tried first ever after.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use jiff::civil::date;
use seaworthy::catalogue::{Catalogue, Guideline};
use seaworthy::check::{Context, judge};
use seaworthy::image::Image;

use crate::bad_input::{Case, cases};
use crate::distros::tree;

mod evidence;

/// Inputs for each target when nothing else is asked for.
pub(crate) const EXECS: usize = 2_000;

/// The largest input, but for hostile ones.
const LARGEST: usize = 256 << 10;

/// Words and signs that mean something in one format or another.
const TOKENS: [&[u8]; 40] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\\\n",
    b"\"",
    b"'",
    b"#",
    b":",
    b": ",
    b"=",
    b"+=",
    b"- ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"!",
    b"%",
    b"%%u",
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"|\n",
    b">-\n",
    b"~",
    b"/",
    b"../",
    b"*",
    b"?",
    b"{a,b}",
    b"-1",
    b"4294967296",
    b"99999999999999999999",
    b"yes",
    b"no",
    b"Match all\n",
    b"Include *\n",
    b"@include x\n",
    b"\xc2\x85",
];

pub(crate) fn number(name: &str, default: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A fixed sequence (xorshift), so that what it finds can be found again.
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of `seed` for the target `name`.
    pub(crate) fn new(seed: usize, name: &str) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (seed as u64) << 20 ^ name.len() as u64)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let end = (start + self.below(64) * (1 + self.below(16))).min(length);
        start..end
    }

    /// One of `corpus` with some changes.
    pub(crate) fn mutated(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        self.mutated_with(corpus, &TOKENS)
    }

    /// The same, with these words and signs put in.
    fn mutated_with(&mut self, corpus: &[Vec<u8>], tokens: &[&[u8]]) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            match self.below(9) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                2 => drop(bytes.drain(self.range(bytes.len()))),
                3 => bytes.truncate(at),
                4 => {
                    let part = bytes[self.range(bytes.len())].to_vec();
                    bytes.splice(at..at, part.repeat(1 + self.below(8)));
                }
                5 => {
                    let other = &corpus[self.below(corpus.len())];
                    let part = other[self.range(other.len())].to_vec();
                    bytes.splice(at..at, part);
                }
                6 => {
                    let range = self.range(bytes.len());
                    bytes.splice(range, tokens[self.below(tokens.len())].iter().copied());
                }
                _ => {
                    let token = tokens[self.below(tokens.len())].repeat(1 + self.below(4));
                    bytes.splice(at..at, token);
                }
            }
        }
        bytes.truncate(LARGEST);
        bytes
    }
}

/// What no chance makes: depth, length, circles, doubling.
fn hostile(path: &str) -> Vec<Vec<u8>> {
    let deep = |open: &str| open.repeat(200_000).into_bytes();
    let indented: String = (0..2_000).flat_map(|depth| [" ".repeat(depth), "a:\n".to_owned()]).collect();
    let doubling: String = (1..40)
        .map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1))
        .fold("a0: &a0 x\n".to_owned(), |all, line| all + &line);
    let circle = format!("Include {path}\n@include {path}\nsource {path}\n").repeat(1_000);
    vec![
        Vec::new(),
        vec![0; 1 << 20],
        vec![b'\n'; 1 << 20],
        vec![b'a'; 1 << 20],
        b"\"\\".repeat(1 << 19),
        deep("["),
        deep("{"),
        deep("- "),
        deep("!"),
        deep("{{a,b}"),
        indented.into_bytes(),
        doubling.into_bytes(),
        circle.into_bytes(),
        "*?".repeat(1 << 18).into_bytes(),
        "a=b\n".repeat(200_000).into_bytes(),
        "[a]\n".repeat(200_000).into_bytes(),
        "x:x:0:0:x:/x:/x\n".repeat(50_000).into_bytes(),
        "Match user x\n".repeat(20_000).into_bytes(),
        "Package: x\nStatus: install ok installed\nVersion: 1\n\n".repeat(20_000).into_bytes(),
    ]
}

/// The valid files of this kind: those of every tree at this path or in its directory, and what is kept.
fn corpus(case: &Case, file: &Path) -> Vec<Vec<u8>> {
    let mut found = BTreeSet::from([fs::read(file).unwrap()]);
    let folder = Path::new(&case.path).parent();
    for (_, tree) in tree::all() {
        let files = tree.owned().into_values().flatten();
        found.extend(files.filter(|(path, _)| Path::new(path).parent() == folder).map(|(_, bytes)| bytes));
    }
    let name = case.path.trim_start_matches('/').replace('/', "-");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus").join(name);
    if let Ok(entries) = fs::read_dir(kept) {
        found.extend(entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()));
    }
    found.into_iter().collect()
}

/// Runs one target; what broke down, each a line.
fn run(case: &Case, catalogue: &Catalogue, execs: usize, seed: usize) -> Vec<String> {
    let (root, file) = case.laid_out();
    let context = Context::on(date(2026, 11, 22));
    let guidelines: Vec<&Guideline> = case.readers(catalogue).collect();
    let mut broken = Vec::new();
    let mut attempt = |bytes: &[u8], guidelines: &[&Guideline]| {
        fs::write(&file, bytes).unwrap();
        let image = Image::open(root.path()).unwrap();
        for guideline in guidelines {
            if judge(&image, guideline, &context).summary.contains("defect of Seaworthy") {
                let name = format!("fuzz-{}-{}", guideline.id, broken.len());
                let kept: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
                fs::write(&kept, bytes).unwrap();
                broken.push(format!("{} {}: {} broke down on {}", case.tree, case.path, guideline.id, kept.display()));
            }
        }
    };
    let corpus = corpus(case, &file);
    for bytes in corpus.iter().chain(&hostile(&case.path)) {
        attempt(bytes, &guidelines);
    }
    let mut chance = Chance::new(seed, &case.path);
    // The readers take turns: all of them work on the same parsed file.
    for reader in guidelines.chunks(1).cycle().take(execs) {
        attempt(&chance.mutated(&corpus), reader);
    }
    broken
}

#[test]
#[ignore = "takes minutes; run by .ci/run"]
fn mutated_files_break_no_check() {
    let (execs, seed) = (number("SEAWORTHY_FUZZ_EXECS", EXECS), number("SEAWORTHY_FUZZ_SEED", 1));
    let (catalogue, cases) = (Catalogue::built_in().unwrap(), cases());
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = run(case, &catalogue, execs, seed);
                    broken.lock().unwrap().extend(found);
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
