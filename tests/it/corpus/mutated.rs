//! Mutated files in every form that the sweep takes apart: rules, UTF-16, keys, key stores, archives. None of them breaks it.
//!
//! `SEAWORTHY_FUZZ_EXECS` says how many inputs each target gets, and `SEAWORTHY_FUZZ_SEED` which.

use std::fs;
use std::path::{Path, PathBuf};

use seaworthy::image::Image;

use super::form::{Form, lines, program};
use super::plant::Corpus;
use super::{Cases, packed, rules};
use crate::fuzz::{Chance, EXECS, number};

/// How many files are swept at once: a sweep begins with starting its threads.
const BATCH: usize = 64;

/// What is mutated, and the names it is given in turn: what a file is depends on where it lies.
struct Target {
    name: &'static str,
    paths: Vec<&'static str>,
    corpus: Vec<Vec<u8>>,
}

const TEXTS: [&str; 6] =
    ["/srv/NUMBER.conf", "/srv/NUMBER.py", "/srv/NUMBER.md", "/usr/lib/NUMBER", "/etc/NUMBER/.env", "/srv/NUMBER.xml"];

/// Every text that is planted: the rules' examples, and what was thought of by hand.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for rule in rules::all() {
        texts.extend(rule.yes.iter().chain(&rule.no).map(|text| format!("{text}\n").replace('¦', "")));
    }
    for table in [include_str!("hard.toml"), include_str!("decoys.toml")] {
        let cases: Cases = toml::from_str(table).unwrap();
        texts.extend(cases.file.into_iter().map(|case| case.text.replace('¦', "")));
    }
    texts
}

/// What the stores of private keys are made of, in miniature: magic numbers, lengths, what stands in the first entries.
fn stores() -> Vec<Vec<u8>> {
    let der = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let key = der(0x30, &[der(2, &[0]), der(0x30, &der(6, &[0x2b, 0x65, 0x70])), der(4, &[7; 34])].concat());
    let java = |magic: [u8; 4], tag: u8| {
        let entry = [&[0, 0, 0, tag, 0, 5][..], b"alias", &[0; 8], &[0, 0, 0, 40], &[7; 40], &[0; 4]].concat();
        [&magic[..], &[0, 0, 0, 2, 0, 0, 0, 1], &entry, &[9; 20]].concat()
    };
    let openssh =
        [b"openssh-key-v1\0".as_slice(), &[0, 0, 0, 4], b"none", &[0, 0, 0, 4], b"none", &[0; 7], &[1], &[7; 90]]
            .concat();
    vec![
        der(0x30, &[der(2, &[3]), key.clone()].concat()),
        key,
        java([0xfe, 0xed, 0xfe, 0xed], 1),
        java([0xfe, 0xed, 0xfe, 0xed], 2),
        java([0xce, 0xce, 0xce, 0xce], 1),
        [&[0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5][..], &[0; 80]].concat(),
        [&[0x05, 0x02][..], &[0, 0, 0, 40, 0, 1, 0, 4], b"ACME", &[0, 4], b"host", &[7; 30]].concat(),
        [&[0x95, 0x01, 0x10, 0x04][..], &[7; 90]].concat(),
        openssh,
    ]
}

fn targets(place: &Corpus) -> Vec<Target> {
    let texts = texts();
    let written = |form: Form| texts.iter().map(|text| form.write(text)).collect::<Vec<_>>();
    let keys: Vec<Vec<u8>> =
        texts.iter().filter(|text| text.contains("KEY")).map(|text| text.clone().into_bytes()).collect();
    let wide = [Form::Utf16Le, Form::Utf16Be, Form::Utf16LeBom, Form::Utf16BeBom].map(written).concat();
    let files = [
        ("etc/app/app.conf", [&lines(2_000)[..], b"\npassword = hunter22kept\n"].concat()),
        ("usr/lib/app.so", program(2_000)),
    ];
    let archives = packed::pack_all(place, &files);
    let archives = archives.iter().map(|name| fs::read(place.at(format!("/srv/packed/{name}"))).unwrap()).collect();
    fs::remove_dir_all(place.at("/srv/packed")).unwrap();
    let stored = ["/srv/NUMBER.p12", "/srv/NUMBER.jks", "/srv/NUMBER.keytab", "/srv/NUMBER.kdbx", "/srv/NUMBER"];
    vec![
        Target { name: "rules", paths: TEXTS.to_vec(), corpus: written(Form::Plain) },
        Target { name: "utf-16", paths: TEXTS.to_vec(), corpus: wide },
        Target { name: "keys", paths: vec!["/srv/NUMBER.pem", "/srv/NUMBER.json", "/usr/lib/NUMBER"], corpus: keys },
        Target { name: "stores", paths: stored.to_vec(), corpus: stores() },
        Target {
            name: "archives",
            paths: vec!["/srv/NUMBER.tar.gz", "/srv/NUMBER.zip", "/srv/NUMBER"],
            corpus: archives,
        },
    ]
}

/// Sweeps `inputs`, each under one of the target's names; those that break it, each named by where it was put aside.
fn sweep(place: &Corpus, target: &Target, inputs: &[Vec<u8>]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (number, bytes) in inputs.iter().enumerate() {
        let path = target.paths[number % target.paths.len()].replace("NUMBER", &number.to_string());
        paths.push(place.write(path, bytes));
    }
    let image = Image::open(place.root()).unwrap();
    let swept = super::sweep_of(&image);
    let whole = !swept.unread.iter().any(|error| error.to_string().contains("ended before its end"));
    for path in paths {
        fs::remove_file(path).unwrap();
    }
    match inputs {
        _ if whole => Vec::new(),
        [only] => {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-sweep-{}", target.name));
            fs::write(&kept, only).unwrap();
            vec![kept]
        }
        // Each by itself, under the name that it had.
        _ => {
            let one = |at: usize| {
                let name = at % target.paths.len();
                let alone = Target { name: target.name, paths: vec![target.paths[name]], corpus: Vec::new() };
                sweep(place, &alone, &inputs[at..=at])
            };
            (0..inputs.len()).flat_map(one).collect()
        }
    }
}

#[test]
#[ignore = "takes minutes, needs python3, cpio, zstd, lz4, dpkg-deb and rpmbuild; run by .ci/run"]
fn mutated_files_break_no_sweep() {
    let place = Corpus::new();
    let (execs, seed) = (number("SEAWORTHY_FUZZ_EXECS", EXECS), number("SEAWORTHY_FUZZ_SEED", 1));
    let mut broken = Vec::new();
    for target in targets(&place) {
        let mut chance = Chance::new(seed, target.name);
        let mut left = execs;
        for batch in target.corpus.chunks(BATCH) {
            broken.extend(sweep(&place, &target, batch));
        }
        while left > 0 && broken.is_empty() {
            let inputs: Vec<Vec<u8>> = (0..BATCH.min(left)).map(|_| chance.mutated(&target.corpus)).collect();
            left -= inputs.len();
            broken.extend(sweep(&place, &target, &inputs));
        }
    }
    assert!(broken.is_empty(), "these break the sweep: {broken:#?}");
}
