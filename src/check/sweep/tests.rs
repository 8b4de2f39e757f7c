#![expect(clippy::string_slice, clippy::format_collect, reason = "texts made here are ASCII and short")]

use std::path::Path;

use md5::Digest;
use proptest::prelude::*;

use super::files::FileKind;
use super::keys::fixture::{self, pem};
use super::pass::{PER_FILE, Pass};
use super::scan::{OVERLAP, Scanner, Secret};
use super::{HIT_LIMIT, Kind, Sweep, hit, keep_in, under_other_names};
use crate::image::fixture::Fixture;
use crate::image::{Node, Overlay};

/// The size of the walk's pieces.
const PIECE: usize = 256 << 10;

fn openssh() -> String {
    pem("OPENSSH PRIVATE KEY", &fixture::openssh("none"))
}

fn scan(text: impl AsRef<[u8]>) -> Vec<Secret> {
    Scanner::built_in().unwrap().scan(text.as_ref(), None)
}

fn kinds(text: impl AsRef<[u8]>) -> Vec<Kind> {
    scan(text).into_iter().map(|secret| secret.kind).collect()
}

fn id() -> String {
    ["AKIA", "QX7RT2ZLM4WB", "6KDP"].concat()
}

fn secret() -> String {
    ["wJb2rXUtnFEMI/K7MDENG+", "bPxRfiCYzz91TqpLsA"].concat()
}

#[test]
fn aws_ids_stand_alone_and_are_masked() {
    let id = id();
    let found = scan(format!("a\naws_access_key_id = {id}\n"));
    assert_eq!((found[0].kind, found[0].line), (Kind::AwsKey, Some(2)));
    assert!(!found[0].text.contains(&id[8..]), "{}", found[0].text);
    for text in [format!("\"{id}\""), id.clone(), format!("https://{id}/2026"), id.replace("AKIA", "ASIA")] {
        assert_eq!(kinds(&text), [Kind::AwsKey], "{text}");
    }
    for text in [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        format!("x{id}"),
        format!("{id}7"),
        format!("A{id}"),
        id.to_lowercase(),
        id[..19].to_owned(),
        format!("AKIA{}", "X".repeat(16)),
    ] {
        assert!(kinds(&text).is_empty(), "{text}");
    }
}

#[test]
fn aws_secrets_are_seen_in_many_spellings() {
    let secret = secret();
    assert_eq!(secret.len(), 40);
    for text in [
        format!("aws_secret_access_key = {secret}\n"),
        format!("export AWS_SECRET_ACCESS_KEY='{secret}'"),
        format!("\"SecretAccessKey\": \"{secret}\","),
        format!("secret_access_key=>\"{secret}\""),
    ] {
        let found = scan(&text);
        assert_eq!(found.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::AwsKey], "{text}");
        assert!(!found[0].text.contains(&secret[6..]), "{}", found[0].text);
    }
    for text in [
        format!("aws_secret_access_key = {secret}A"),
        format!("aws_secret_access_key = {}", &secret[..39]),
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        "aws_secret_access_key = ${SECRET}".to_owned(),
        format!("an_access_key = {secret}"),
    ] {
        assert!(kinds(&text).is_empty(), "{text}");
    }
}

#[test]
fn a_script_without_tokens_is_seen() {
    let plain = "#!/bin/sh\nid=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)\n";
    assert_eq!(scan(plain)[0].kind, Kind::Metadata);
    assert_eq!(scan(plain)[0].line, Some(2));
    for text in [
        format!("{plain}# X-aws-ec2-metadata-token"),
        format!("{plain}\0"),
        "# curl http://169.254.169.254/latest".to_owned(),
        "server 169.254.169.254".to_owned(),
    ] {
        assert!(kinds(&text).is_empty(), "{text}");
    }
}

#[test]
fn a_flood_of_words_ends() {
    for word in [
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY ",
        "-----BEGIN PRIVATE KEY-----:\n",
        "169.254.169.254",
        "AKIA",
        "PuTTY-User-Key-File-",
    ] {
        assert!(kinds(word.repeat(PIECE / 8 / word.len())).is_empty(), "{word}");
    }
}

#[test]
fn what_is_kept_of_one_file_is_bounded() {
    let text = format!("{}\n", id()).repeat(50_000);
    assert_eq!(stream(text.as_bytes(), PIECE).len(), PER_FILE);
}

/// Hands over `bytes` as the walk does, in pieces of `step` bytes.
fn stream(bytes: &[u8], step: usize) -> Vec<Secret> {
    let mut pass = Pass::new(Scanner::built_in().unwrap(), bytes.len() as u64);
    pass.kind = Some(FileKind::Settings);
    let mut start = 0;
    loop {
        let end = (start + step).min(bytes.len());
        pass.piece(start as u64, &bytes[start..end]);
        if end == bytes.len() {
            return pass.finish();
        }
        start = end - OVERLAP;
    }
}

#[test]
fn what_stands_before_a_hole_is_seen() {
    let scanner = Scanner::built_in().unwrap();
    let mut pass = Pass::new(scanner, 10 << 20);
    let piece = format!("{}\n{}", " ".repeat(1000), openssh());
    pass.piece(0, piece.as_bytes());
    pass.piece(5 << 20, id().as_bytes());
    let found = pass.finish();
    assert_eq!(
        found.iter().map(|found| (found.kind, found.line)).collect::<Vec<_>>(),
        [(Kind::PrivateKey, Some(2)), (Kind::AwsKey, Some(9))]
    );
}

#[test]
fn what_a_package_shipped_is_left_out_until_it_is_changed() {
    let fixture = Fixture::debian();
    let key = pem("PRIVATE KEY", &fixture::pkcs8(256));
    let digest: String = md5::Md5::digest(&key).iter().map(|byte| format!("{byte:02x}")).collect();
    fixture
        .file("/var/lib/dpkg/status", "Package: lib\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n")
        .file("/var/lib/dpkg/info/lib.md5sums", format!("{digest}  usr/share/lib/test.key\n"))
        .file("/usr/share/lib/test.key", &key)
        .file("/srv/own.key", &key)
        .link("/srv/link.key", "own.key")
        .fifo("/srv/pipe");
    let paths = |fixture: &Fixture| {
        super::sweep(&fixture.image(), &crate::image::walk::Control::new(), &|_| (), &|_| ())
            .hits
            .into_iter()
            .map(|hit| hit.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&fixture), [Path::new("/srv/own.key")]);
    fixture.file("/usr/share/lib/test.key", format!("{key}\n"));
    assert_eq!(paths(&fixture), [Path::new("/srv/own.key"), Path::new("/usr/share/lib/test.key")]);
}

#[test]
fn a_draft_takes_hits_away_only_where_it_takes_the_secret_away() {
    let fixture = Fixture::debian();
    for path in ["/srv/gone", "/srv/cleaned", "/srv/kept"] {
        fixture.file(path, id());
    }
    let image = fixture.image();
    let sweep = super::sweep(&image, &crate::image::walk::Control::new(), &|_| (), &|_| ());
    let mut overlay = Overlay::default();
    overlay.put("/srv/gone", None);
    overlay.put("/srv/cleaned", Some(Node::new_file(&b"nothing"[..], 0o644)));
    overlay.put("/srv/kept", Some(Node::new_file(format!("more\n{}", id()).into_bytes(), 0o644)));
    let draft = image.drafted(overlay);
    assert_eq!(sweep.hits(Kind::AwsKey, &image).count(), 3);
    let left: Vec<_> = sweep.hits(Kind::AwsKey, &draft).map(|hit| hit.path.as_path()).collect();
    assert_eq!(left, [Path::new("/srv/kept")]);
}

/// The ways in which a text is written.
const FORMS: [fn(&str) -> Vec<u8>; 8] = [
    |text| text.as_bytes().to_vec(),
    |text| text.replace('\n', "\r\n").into_bytes(),
    |text| text.replace('\n', "\r").into_bytes(),
    |text| format!("\u{feff}{text}").into_bytes(),
    |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    |text| format!("\u{feff}{text}").replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect(),
    |text| format!("\u{feff}{text}").replace('\n', "\r").encode_utf16().flat_map(u16::to_be_bytes).collect(),
];

#[test]
fn what_a_full_list_leaves_out_is_counted() {
    let fixture = Fixture::debian();
    fixture.file("/opt/a", "x");
    std::fs::hard_link(fixture.outside("/opt/a"), fixture.outside("/opt/b")).unwrap();
    let hit = hit(Path::new("/opt/a"), None, Secret { kind: Kind::Secret, rule: "x", line: None, text: "x".into() });
    let mut sweep = Sweep { hits: vec![hit; HIT_LIMIT], ..Sweep::default() };
    under_other_names(&fixture.image(), &mut sweep, &|_| {});
    assert_eq!((sweep.hits.len(), sweep.more), (HIT_LIMIT, HIT_LIMIT as u64));
    let (mut list, mut more) = (vec![0; HIT_LIMIT - 1], 0);
    (0..3).for_each(|one| keep_in(&mut list, &mut more, one));
    assert_eq!((list.len(), more), (HIT_LIMIT, 2));
}

#[test]
fn without_the_table_of_accounts_nothing_passes() {
    let fixture = Fixture::bare();
    fixture.fifo("/etc/passwd").file("/srv/key", id());
    let sweep = super::sweep(&fixture.image(), &crate::image::walk::Control::new(), &|_| (), &|_| ());
    assert_eq!((sweep.unread.len(), sweep.hits.len()), (1, 1), "{:?}", sweep.unread);
    assert_eq!(sweep.unread[0].path, Path::new("/etc/passwd"));
}

#[test]
fn harmless_finds_of_one_rule_hide_no_other() {
    let mut text = "region = us-east-1\n".repeat(100);
    text += &"x = us-east-1 ".repeat(100);
    text += &["\n", &id(), "\nDB_PASSWORD=Tr0ub4dor3x\n"].concat();
    let found = stream(text.as_bytes(), PIECE);
    let count = |rule: &str| found.iter().filter(|found| found.rule == rule).count();
    assert_eq!((count("region"), count("aws-access-key-id"), count("password")), (PER_FILE, 1, 1), "{found:?}");
}

#[test]
fn a_very_long_line_is_one_line() {
    let text = format!(
        "{{\"a\": [{}\"password\": \"Tr0ub4dor3x\", {}\"key\": \"{}\"]}}",
        "0, ".repeat(2 << 20),
        "1, ".repeat(2 << 20),
        openssh().replace('\n', "\\n"),
    );
    let found = stream(text.as_bytes(), PIECE);
    let lines: Vec<_> = found.iter().map(|found| (found.rule, found.line)).collect();
    assert_eq!(lines.len(), 2, "{found:?}");
    assert!(lines.iter().all(|(_, line)| *line == Some(1)), "{found:?}");
}

#[test]
fn pieces_without_overlap_are_judged_to_their_end() {
    let mut pass = Pass::new(Scanner::built_in().unwrap(), u64::MAX);
    let text = format!("one\n{}\n", id());
    pass.piece(0, text.as_bytes());
    pass.piece(text.len() as u64, b"two\n");
    pass.piece(text.len() as u64 + 4, format!("{}\n", id()).as_bytes());
    assert_eq!(pass.finish().iter().map(|found| found.line).collect::<Vec<_>>(), [Some(2), Some(4)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Wherever a secret stands, across the border of two pieces too, and however the text is written, it is seen once, on
    /// the right line.
    #[test]
    fn a_secret_is_seen_wherever_it_stands(
        before in 0..3 * PIECE, line in 1..200_usize, step in prop_oneof![Just(70_001_usize), Just(PIECE), Just(1 << 20)], which in 0..5,
        form in 0..FORMS.len(),
    ) {
        let secret = match which {
            0 => pem("RSA PRIVATE KEY", &fixture::pkcs1(256)),
            1 => openssh(),
            2 => format!("{}\n", id()),
            3 => "DB_PASSWORD=Tr0ub4dor3x\n".to_owned(),
            _ => format!("aws_secret_access_key = {}\n", secret()),
        };
        let mut text: String = (0..before).map(|at| if at % line == line - 1 { '\n' } else { ' ' }).collect();
        text.push('\n');
        let expected = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
        text.push_str(&secret);
        text.push_str(&" ".repeat(before % 70_000));
        let mut found = stream(&FORMS[form](&text), step);
        found.retain(|found| found.kind != Kind::KeyAsked);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].line, Some(u32::try_from(expected).unwrap()));
    }

    /// Nothing in a file makes it panic.
    #[test]
    fn any_bytes_are_survived(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        words in proptest::collection::vec(prop_oneof![
            Just("-----BEGIN "), Just("PRIVATE KEY"), Just("-----"), Just("\n"), Just("-----END"), Just("AKIA"), Just("MIIB"),
            Just("aws_secret_access_key"), Just("="), Just(":"), Just("PuTTY-User-Key-File-"), Just("Private-Lines: 1\n"), Just("169.254.169.254"), Just("http:"),
            Just("password"), Just("\""), Just("://"), Just("@"), Just("eyJ"), Just("curl "), Just("-u "), Just("\u{e9}"),
        ], 0..40),
    ) {
        let mut text = noise;
        for word in words {
            text.extend(word.as_bytes());
        }
        scan(&text);
        for kind in [FileKind::Settings, FileKind::Code, FileKind::Text] {
            Scanner::built_in().unwrap().scan(&text, Some(kind));
        }
    }
}
