//! What a forger does to a file.

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde_json::Value;

use seaworthy::report::{Report, sha256_hex, to_bytes};

/// One change. Those with a place change the report as data, which is then written as the program writes it; a place is a
/// JSON pointer in which `@X` stands for the element whose `id` or `guideline` is X. The others change bytes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Edit {
    /// Another value at a place.
    Set(String, toml::Value),
    /// The day at a place a day later.
    Later(String),
    /// `null` at a place.
    Null(String),
    /// An element taken out of its list.
    Remove(String),
    /// An element once more, at the end of its list.
    Double(String),
    /// The identity of the machine that looked: a document and the message that signs it, by their names in
    /// `tests/fixtures/identity`. What the report says of it follows the document.
    Identity(String, String),
    /// A text of so many letters at a place.
    Long(String, usize),
    /// The first of these texts replaced by the second, where it occurs first.
    Replace(String, String),
    /// The same in the first line of the journal that holds a text: that text, and what is replaced by what.
    Line(String, String, String),
    /// The first line of the journal that holds a text taken out.
    DropLine(String),
    /// Such a line written twice.
    TwiceLine(String),
    /// Such a line and the next, the other way round.
    SwapLines(String),
    /// The first of these texts replaced by the second in the last line of the journal.
    LastLine(String, String),
    /// The last line of the journal taken out.
    CutTail,
    /// Count and head of the journal made to fit its lines.
    Recount,
    /// The whole chain of the journal made anew.
    Rechain,
    /// Every day in it moved by so many; the chain made anew.
    Days(i64),
    /// Text after its end.
    Append(String),
    /// Text before its start.
    Prepend(String),
    /// So many blanks after its end.
    Pad(usize),
    /// So many opening brackets in place of the text.
    Deep(String, usize),
    /// Only so many bytes kept.
    Cut(usize),
    /// A byte that is no UTF-8 in place of the one at this index.
    NoText(usize),
    /// Windows line ends.
    Crlf,
    /// A byte order mark.
    Bom,
    /// All on one line.
    Minified,
    /// Without its last byte.
    Chopped,
    /// Twice in a row.
    Twice,
    /// Not there at all.
    Missing,
}

impl Edit {
    /// The file after the change; `None`: it is gone.
    pub(super) fn on(&self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Some(match self {
            Self::Set(at, to) => typed(&bytes, |report| *place(report, at) = serde_json::to_value(to).unwrap()),
            Self::Later(at) => typed(&bytes, |report| {
                let day: jiff::civil::Date = place(report, at).as_str().unwrap().parse().unwrap();
                *place(report, at) = day.tomorrow().unwrap().to_string().into();
            }),
            Self::Identity(document, signature) => typed(&bytes, |report| {
                report["identity"] = identity(&fixture(document), &fixture(signature));
            }),
            Self::Null(at) => typed(&bytes, |report| *place(report, at) = Value::Null),
            Self::Long(at, length) => typed(&bytes, |report| *place(report, at) = "x".repeat(*length).into()),
            Self::Remove(at) => typed(&bytes, |report| {
                let (list, index) = element(report, at);
                list.remove(index);
            }),
            Self::Double(at) => typed(&bytes, |report| {
                let (list, index) = element(report, at);
                list.push(list[index].clone());
            }),
            Self::Replace(from, to) => replaced(&text(&bytes), from, to).into_bytes(),
            Self::Line(with, from, to) => lines(&bytes, with, |lines, at| lines[at] = replaced(&lines[at], from, to)),
            Self::DropLine(with) => lines(&bytes, with, |lines, at| drop(lines.remove(at))),
            Self::TwiceLine(with) => lines(&bytes, with, |lines, at| lines.insert(at, lines[at].clone())),
            Self::SwapLines(with) => lines(&bytes, with, |lines, at| lines.swap(at, at + 1)),
            Self::LastLine(from, to) => lines(&bytes, "", |lines, _| {
                let last = lines.last_mut().unwrap();
                *last = replaced(last, from, to);
            }),
            Self::CutTail => lines(&bytes, "", |lines, _| drop(lines.pop())),
            Self::Recount => typed(&bytes, recount),
            Self::Rechain => typed(&bytes, rechain),
            Self::Days(days) => moved(&bytes, *days),
            Self::Append(more) => [bytes, more.as_bytes().to_vec()].concat(),
            Self::Prepend(more) => [more.as_bytes().to_vec(), bytes].concat(),
            Self::Pad(count) => [bytes, vec![b' '; *count]].concat(),
            Self::Deep(open, depth) => open.repeat(*depth).into_bytes(),
            Self::Cut(length) => bytes[..*length].to_vec(),
            Self::NoText(index) => {
                bytes[*index] = 0xff;
                bytes
            }
            Self::Crlf => text(&bytes).replace('\n', "\r\n").into_bytes(),
            Self::Bom => [b"\xef\xbb\xbf".to_vec(), bytes].concat(),
            Self::Minified => serde_json::to_vec(&serde_json::from_slice::<Report>(&bytes).unwrap()).unwrap(),
            Self::Chopped => bytes[..bytes.len() - 1].to_vec(),
            Self::Twice => bytes.repeat(2),
            Self::Missing => return None,
        })
    }
}

/// Where the test keys of the identity documents are, and what they signed.
pub(super) const IDENTITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/identity");

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(IDENTITY).join(name)).unwrap()
}

fn identity(document: &[u8], signature: &[u8]) -> Value {
    let fields: Value = serde_json::from_slice(document).unwrap();
    serde_json::json!({
        "of": "inspector",
        "claims": {
            "instance_id": fields["instanceId"],
            "image_id": fields["imageId"],
            "region": fields["region"],
            "account_id": fields["accountId"],
        },
        "document": Base64::encode_string(document),
        "rsa2048": Base64::encode_string(signature),
        "document_sha256": sha256_hex(document),
        "fetched_at": null,
        "unavailable": null,
    })
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no {from} to replace");
    text.replacen(from, to, 1)
}

/// The report with a change to its data, written as the program writes it.
fn typed(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut value);
    to_bytes(&serde_json::from_value::<Report>(value).unwrap())
}

fn step<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    match value {
        Value::Array(list) => match name.strip_prefix('@') {
            Some(id) => list.iter_mut().find(|one| one["id"] == id || one["guideline"] == id).unwrap(),
            None => &mut list[name.parse::<usize>().unwrap()],
        },
        Value::Object(fields) => fields.get_mut(name).unwrap_or_else(|| panic!("there is no {name}")),
        other => panic!("{name} of {other}"),
    }
}

fn place<'v>(report: &'v mut Value, at: &str) -> &'v mut Value {
    at.split('/').skip(1).fold(report, step)
}

/// A list and where in it the element at `at` is.
fn element<'v>(report: &'v mut Value, at: &str) -> (&'v mut Vec<Value>, usize) {
    let wanted = place(report, at).clone();
    let list = place(report, at.rsplit_once('/').unwrap().0).as_array_mut().unwrap();
    let index = list.iter().position(|one| *one == wanted).unwrap();
    (list, index)
}

fn read_lines(report: &mut Value) -> Vec<String> {
    let lines = place(report, "/journal/lines").as_array().unwrap();
    lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn lines(bytes: &[u8], with: &str, change: impl FnOnce(&mut Vec<String>, usize)) -> Vec<u8> {
    typed(bytes, |report| {
        let mut lines = read_lines(report);
        let at = lines.iter().position(|line| line.contains(with)).unwrap_or_else(|| panic!("no line holds {with}"));
        change(&mut lines, at);
        *place(report, "/journal/lines") = lines.into();
    })
}

fn recount(report: &mut Value) {
    let lines = read_lines(report);
    *place(report, "/journal/count") = lines.len().into();
    *place(report, "/journal/head") = lines.last().map(|line| sha256_hex(line.as_bytes())).into();
}

/// Number and predecessor of each line written anew, its other bytes kept.
fn rechain(report: &mut Value) {
    let mut lines = read_lines(report);
    for number in 1..lines.len() {
        let before = sha256_hex(lines[number - 1].as_bytes());
        let read: Value = serde_json::from_str(&lines[number]).unwrap();
        let (seq, prev) = (read["seq"].as_u64().unwrap(), read["prev"].as_str().unwrap());
        lines[number] = lines[number]
            .replacen(&format!("\"seq\":{seq}"), &format!("\"seq\":{number}"), 1)
            .replacen(prev, &before, 1);
    }
    *place(report, "/journal/lines") = lines.into();
    recount(report);
}

/// As if it had been made on another day.
fn moved(bytes: &[u8], days: i64) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let date = |at: usize| -> Option<jiff::civil::Date> { text.get(at..at + 10)?.parse().ok() };
    let found: std::collections::BTreeSet<_> = text
        .match_indices("20")
        .filter_map(|(at, _)| date(at).map(|date| (text[at..at + 10].to_owned(), date)))
        .collect();
    let mut moved = text.clone();
    for (number, (day, _)) in found.iter().enumerate() {
        moved = moved.replace(day, &format!("@{number:03}@"));
    }
    for (number, (_, date)) in found.iter().enumerate() {
        let other = date.saturating_add(jiff::Span::new().days(days));
        moved = moved.replace(&format!("@{number:03}@"), &other.to_string());
    }
    typed(moved.as_bytes(), rechain)
}
