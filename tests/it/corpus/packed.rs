//! Secrets in archives that the real programs made, and archives made to exhaust whoever opens them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::form::{lines, program};
use super::plant::{Corpus, Planted};
use super::{races, rules, score, swept};
use crate::packages::run;

/// Runs `pack.py`; what it printed, a line each.
fn pack<'a>(args: impl IntoIterator<Item = &'a Path>) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/corpus/pack.py");
    let said = run(Command::new("/usr/bin/python3").arg(script).args(args));
    said.lines().map(str::to_owned).collect()
}

/// The same files in every format, in `/srv/packed`; the names of the archives.
pub(super) fn pack_all(corpus: &Corpus, files: &[(&str, Vec<u8>)]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = place.path().join("content").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(place.path().join("early"), "microcode").unwrap();
    let into = corpus.at("/srv/packed");
    fs::create_dir_all(&into).unwrap();
    pack([place.path().join("content").as_path(), &into])
}

#[test]
#[ignore = "needs python3, cpio, zstd, lz4, dpkg-deb and rpmbuild; run by .ci/run"]
fn what_is_packed_is_found() {
    let mut corpus = Corpus::new();
    let token = rules::example(&mut corpus, "github-token");
    let id = corpus.joined("AKIA¦QX7RT2ZLM4WB6KDP");
    let files = [
        ("etc/app/app.conf", [&lines(300_000)[..], b"\npassword = hunter22kept\n"].concat()),
        ("etc/app/other.conf", b"password = ${PASSWORD}\n".to_vec()),
        ("opt/app/.env", format!("{token}\n").into_bytes()),
        ("usr/lib/app.so", [&program(300_000), &b"\0"[..], id.as_bytes(), &program(9)].concat()),
    ];
    let line = 1 + memchr::memchr_iter(b'\n', &files[0].1).count() as u64 - 1;
    let archives = pack_all(&corpus, &files);
    assert!(archives.len() > 30, "{archives:?}");
    for archive in archives {
        let path = format!("/srv/packed/{archive}");
        let all = [
            ("etc/app/app.conf", Some(line), "password"),
            ("opt/app/.env", Some(1), "github-token"),
            ("usr/lib/app.so", None, "aws-access-key-id"),
        ];
        let single = [("app.conf", Some(line), "password")];
        for (member, line, rule) in if archive.starts_with("app.conf") { &single[..] } else { &all } {
            corpus.planted.push(Planted {
                path: path.clone(),
                inside: Some((*member).to_owned()),
                line: *line,
                rule: (*rule).to_owned(),
                table: archive.clone(),
            });
        }
    }
    let score = score(&corpus, &swept(corpus.root()));
    let told = score.tell("Packed corpus");
    assert!(score.missed.is_empty() && score.false_alarms.is_empty(), "{told}");
}

#[test]
#[ignore = "needs python3, zstd and lz4; run by .ci/run"]
fn what_unpacks_without_end_is_left_with_a_note() {
    let mut corpus = Corpus::new();
    let id = corpus.joined("AKIA¦QX7RT2ZLM4WB6KDP");
    corpus.write("/srv/kept", id.as_bytes());
    let into = corpus.at("/srv/bombs");
    fs::create_dir_all(&into).unwrap();
    pack([Path::new("--bombs"), &into]);
    let findings = races::judged(corpus.root(), "SEC-01,SEC-03,SEC-04");
    let kept = races::observed(&findings, "SEC-01");
    assert!(kept.iter().any(|(path, text)| path == "/srv/kept" && text.contains("AKIA")), "{kept:#?}");
    // Nothing was found in them, and not all was seen: that is no pass.
    let finding = findings.iter().find(|finding| finding["id"] == "SEC-04").unwrap();
    assert_eq!(finding["status"], "unknown", "{finding:#}");
    let noted: Vec<String> = races::observed(&findings, "SEC-04").into_iter().map(|(path, _)| path).collect();
    for bomb in fs::read_dir(&into).unwrap() {
        let name = bomb.unwrap().file_name().into_string().unwrap();
        if name.starts_with("zeros") {
            assert!(noted.contains(&format!("/srv/bombs/{name}")), "nothing is said of {name}: {noted:#?}");
        }
    }
}
