//! `PerSourcePenalties` (since 9.8): one line of parts, each of which is set by the first that names it.

use super::super::lexer::Args;
use super::super::release::Release;
use super::word::{number, time};
use super::{How, Taken, Write, unsupported};

/// The slot that says whether penalties are on at all.
const ENABLED: &str = "persourcepenalties";

/// A part: its name in the file, its slot, its default, the first version that has it; in the order printed.
const PARTS: &[(&str, &str, &str, (u32, u32))] = &[
    ("crash", "persourcepenalties/crash", "90", (9, 8)),
    ("authfail", "persourcepenalties/authfail", "5", (9, 8)),
    ("noauth", "persourcepenalties/noauth", "1", (9, 8)),
    ("invaliduser", "persourcepenalties/invaliduser", "5", (10, 3)),
    ("grace-exceeded", "persourcepenalties/grace-exceeded", "10", (9, 8)),
    ("refuseconnection", "persourcepenalties/refuseconnection", "10", (9, 9)),
    ("max", "persourcepenalties/max", "600", (9, 8)),
    ("min", "persourcepenalties/min", "15", (9, 8)),
    ("max-sources4", "persourcepenalties/max-sources4", "65536", (9, 8)),
    ("max-sources6", "persourcepenalties/max-sources6", "65536", (9, 8)),
    ("overflow", "persourcepenalties/overflow", "permissive", (9, 8)),
    ("overflow6", "persourcepenalties/overflow6", "permissive", (9, 8)),
];

/// Reads the arguments.
pub(super) fn take(args: &mut Args<'_>, release: Release) -> Taken {
    let mut writes = Vec::new();
    while let Some(word) = args.next() {
        if word.eq_ignore_ascii_case("yes") || word.eq_ignore_ascii_case("no") {
            if args.peek().is_some() {
                return Err(format!("has \"{word}\" among other values"));
            }
            writes.push(Write { slot: ENABLED, how: How::First, values: vec![word.to_ascii_lowercase()] });
            continue;
        }
        let (name, text) = word.split_once(':').ok_or_else(|| unsupported(&word))?;
        let part = PARTS.iter().find(|(part, _, _, since)| *part == name && release.version >= *since);
        let (_, slot, _, _) = part.ok_or_else(|| unsupported(&word))?;
        let value = match name {
            "max-sources4" | "max-sources6" => number(text)?,
            "overflow" | "overflow6" if text == "deny-all" || text == "permissive" => text.to_owned(),
            "overflow" | "overflow6" => return Err(unsupported(&word)),
            _ => time(text)?,
        };
        writes.push(Write { slot, how: How::First, values: vec![value] });
        // Naming any part switches penalties on.
        writes.push(Write { slot: ENABLED, how: How::Last, values: vec!["yes".to_owned()] });
    }
    if writes.is_empty() { Err("has no argument".to_owned()) } else { Ok(writes) }
}

/// The line as `sshd -T` prints it; `get` gives the value of a slot.
pub(in crate::image::sshd) fn print(get: impl Fn(&str) -> Option<String>, release: Release) -> String {
    if get(ENABLED).is_some_and(|enabled| enabled == "no") {
        return "no".to_owned();
    }
    let overflow = get("persourcepenalties/overflow");
    let parts = PARTS.iter().filter(|(_, _, _, since)| release.version >= *since).map(|(name, slot, default, _)| {
        let default = match *name {
            "grace-exceeded" if !release.since(9, 9) => "20",
            "overflow6" => overflow.as_deref().unwrap_or(default),
            _ => default,
        };
        let value = get(slot).unwrap_or_else(|| default.to_owned());
        let is_time = !matches!(*name, "max-sources4" | "max-sources6" | "overflow" | "overflow6");
        if is_time && release.since(10, 3) { format!("{name}:{value}.000000") } else { format!("{name}:{value}") }
    });
    parts.collect::<Vec<_>>().join(" ")
}
