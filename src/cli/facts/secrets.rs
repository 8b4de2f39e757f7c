//! `seaworthy facts secrets`: every secret that the search found, with the rule that found it, for allow entries and for
//! programs.

use std::fmt::Write;

use serde::Serialize;

use super::super::args::Common;
use super::super::engine;
use super::super::environment::Environment;
use super::super::output::Failure;
use crate::catalogue::SweptKind;
use crate::check::sweep::{Hit, Sweep};
use crate::image::{Error, Image, text};

#[derive(Serialize)]
struct Document<'a> {
    hits: Vec<Row<'a>>,
    /// Hits that were too many to keep.
    more: u64,
    files: u64,
    bytes: u64,
    /// What could not be looked at.
    unread: Vec<Unread>,
    /// File systems that are mounted inside the image and were left out.
    skipped: Vec<String>,
    /// What was not looked at in full although nothing went wrong.
    left: Vec<Unread>,
}

#[derive(Serialize)]
struct Row<'a> {
    path: String,
    inside: Option<&'a str>,
    line: Option<u32>,
    rule: &'a str,
    kind: SweptKind,
    text: String,
}

#[derive(Serialize)]
struct Unread {
    path: String,
    why: String,
}

impl<'a> Row<'a> {
    fn of(hit: &'a Hit) -> Self {
        Self {
            path: text::path(&hit.path),
            inside: hit.inside.as_deref(),
            line: hit.line,
            rule: hit.rule,
            kind: hit.kind,
            text: text::visible(&hit.text),
        }
    }
}

/// Whether a hit is a secret; the search also looks for other things, which are judged by guidelines of their own.
fn is_secret(hit: &Hit) -> bool {
    matches!(hit.kind, SweptKind::PrivateKey | SweptKind::AwsKey | SweptKind::Secret)
}

pub(super) fn secrets(
    image: &Image,
    common: &Common,
    environment: &Environment,
) -> Result<(String, serde_json::Value), Failure> {
    let sweep = engine::sweep(image, common, environment);
    let unread = |error: &Error| Unread { path: text::path(&error.path), why: text::visible(&error.to_string()) };
    let Sweep { more, files, bytes, .. } = sweep;
    let document = Document {
        hits: sweep.hits.iter().filter(|hit| is_secret(hit)).map(Row::of).collect(),
        more,
        files,
        bytes,
        unread: sweep.unread.iter().map(unread).collect(),
        skipped: sweep.skipped.iter().map(|path| text::path(path)).collect(),
        left: sweep.left().map(|(path, why)| Unread { path: text::path(path), why }).collect(),
    };
    Ok((lines(&document), serde_json::to_value(&document).map_err(Failure::failed)?))
}

/// One hit a line: where, by which rule, what; then what was not looked at.
fn lines(document: &Document<'_>) -> String {
    let mut out = String::new();
    for Row { path, inside, line, rule, text, .. } in &document.hits {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let inside = inside.map(|member| format!(" in {}", text::visible(member))).unwrap_or_default();
        let _ = writeln!(out, "{path}{line}{inside}\t{rule}\t{text}");
    }
    let hits = document.hits.len();
    let _ = writeln!(out, "# {hits} found in {} files, {} bytes", document.files, document.bytes);
    if document.more > 0 {
        let _ = writeln!(out, "# {} more were found and not kept", document.more);
    }
    for Unread { why, .. } in &document.unread {
        let _ = writeln!(out, "# not looked at: {why}");
    }
    for path in &document.skipped {
        let _ = writeln!(out, "# not gone into: {path}");
    }
    for Unread { path, why } in &document.left {
        let _ = writeln!(out, "# {path}: {why}");
    }
    out
}
