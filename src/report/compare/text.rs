//! A comparison for people to read.

use std::fmt::Write as _;

use super::{Comparison, Drift, DriftState, Entry, Fate, Side, Turn, Waiver, WaiverTurn};
use crate::image::text::visible;
use crate::report::Kind;

/// The comparison as text, line by line. Holds no control character but line breaks and tabs.
pub fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    let Comparison { old, new, .. } = comparison;
    side(&mut out, "Old", old);
    side(&mut out, "New", new);
    changed(&mut out, "Seaworthy", &old.tool, &new.tool);
    changed(&mut out, "Catalogue", &catalogue(old), &catalogue(new));
    let os = |side: &Side| side.os.clone().unwrap_or_else(|| "unknown".to_owned());
    changed(&mut out, "System", &os(old), &os(new));
    turns(&mut out, "Regressed", &comparison.regressed);
    turns(&mut out, "Fixed", &comparison.fixed);
    turns(&mut out, "Newly applicable", &comparison.newly_applicable);
    turns(&mut out, "Changed otherwise", &comparison.otherwise);
    entries(&mut out, "New in the catalogue", &comparison.added);
    entries(&mut out, "Gone from the catalogue", &comparison.gone);
    waivers(&mut out, &comparison.waivers);
    if let Some(drift) = &comparison.drift {
        drifted(&mut out, drift);
    }
    line(&mut out, &format!("\n{}", conclusion(comparison)));
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

fn side(out: &mut String, name: &str, side: &Side) {
    let practice = if side.kind == Kind::Practice { ", practice" } else { "" };
    line(
        out,
        &format!(
            "{name}  {}  {}  {}{practice}",
            visible(&side.report_id),
            side.generated_at.strftime("%Y-%m-%d %H:%M UTC"),
            side.verdict.word()
        ),
    );
}

fn catalogue(side: &Side) -> String {
    format!("{} ({})", side.catalogue, side.catalogue_sha256.get(..8).unwrap_or(&side.catalogue_sha256))
}

fn changed(out: &mut String, what: &str, old: &str, new: &str) {
    if old != new {
        line(out, &format!("{what}: {} -> {}", visible(old), visible(new)));
    }
}

fn turns(out: &mut String, heading: &str, turns: &[Turn]) {
    let rows = turns.iter().map(|turn| {
        let words = format!("{} -> {}", turn.old.word(), turn.new.word());
        (&turn.id, turn.severity.to_string(), words, &turn.title, Some(&turn.summary))
    });
    table(out, heading, &rows.collect::<Vec<_>>());
}

fn entries(out: &mut String, heading: &str, entries: &[Entry]) {
    let rows = entries
        .iter()
        .map(|entry| (&entry.id, entry.severity.to_string(), entry.result.word().to_owned(), &entry.title, None));
    table(out, heading, &rows.collect::<Vec<_>>());
}

/// Id, severity, what came of it, title, and how it stands.
type Row<'a> = (&'a String, String, String, &'a String, Option<&'a String>);

fn table(out: &mut String, heading: &str, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    line(out, &format!("\n{heading} ({})", rows.len()));
    let width = rows.iter().map(|(_, _, words, ..)| words.len()).max().unwrap_or_default();
    for (id, severity, words, title, summary) in rows {
        line(out, &format!("  {:<8} {severity:<11}  {words:<width$}  {}", visible(id), visible(title)));
        if let Some(summary) = summary {
            line(out, &format!("           {}", visible(summary)));
        }
    }
}

fn waivers(out: &mut String, waivers: &[WaiverTurn]) {
    if waivers.is_empty() {
        return;
    }
    line(out, &format!("\nWaivers ({})", waivers.len()));
    for turn in waivers {
        line(out, &format!("  {:<8} {}", visible(&turn.id), told(turn)));
    }
}

/// What became of a waiver, in a sentence.
pub(in crate::report) fn told(turn: &WaiverTurn) -> String {
    let until = |waiver: Option<&Waiver>| {
        waiver.and_then(|waiver| waiver.until).map_or_else(|| "an unknown day".to_owned(), |until| until.to_string())
    };
    let by = |waiver: Option<&Waiver>| {
        let name = waiver.and_then(|waiver| waiver.by.as_deref()).unwrap_or("nobody");
        let reason = waiver.and_then(|waiver| waiver.reason.as_deref()).unwrap_or_default();
        format!("{}: \"{}\"", visible(name), visible(reason))
    };
    let (old, new) = (turn.old.as_ref(), turn.new.as_ref());
    match turn.fate {
        Fate::Granted => format!("granted until {} by {}", until(new), by(new)),
        Fate::Kept => format!("as before, until {}, by {}", until(new), by(new)),
        Fate::Renewed => format!("renewed until {} (was {}) by {}", until(new), until(old), by(new)),
        Fate::Changed => {
            format!("changed: until {} by {}; was until {} by {}", until(new), by(new), until(old), by(old))
        }
        Fate::Ended => format!("ended on {}; was by {}", until(new.or(old)), by(new.or(old))),
        Fate::Dropped => format!("dropped; would have held until {} by {}", until(old), by(old)),
    }
}

fn drifted(out: &mut String, drift: &Drift) {
    line(
        out,
        &format!(
            "\nFiles that the old report changed ({} as it left them, {} not)",
            drift.same,
            drift.files.len().saturating_add(drift.unlisted)
        ),
    );
    for file in &drift.files {
        line(
            out,
            &format!(
                "  {}  {}: {}  ({}, {})",
                visible(&file.path),
                file.state.word(),
                visible(&file.detail),
                visible(&file.guideline),
                visible(&file.change)
            ),
        );
        for text in file.diff.iter().flat_map(|diff| diff.lines()).skip(2) {
            let text: Vec<String> = text.split('\t').map(visible).collect();
            line(out, &format!("    {}", text.join("\t")));
        }
        if file.diff_truncated {
            line(out, "    (the diff is too long and is cut)");
        }
    }
    if drift.unlisted > 0 {
        line(out, &format!("  {} more are not listed", drift.unlisted));
    }
}

impl DriftState {
    /// The word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Reverted => "reverted",
            Self::Attributes => "attributes",
            Self::Gone => "gone",
            Self::Back => "back",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether it regressed, and why, in one sentence.
pub fn conclusion(comparison: &Comparison) -> String {
    let mut reasons = Vec::new();
    if comparison.verdict_is_worse() {
        reasons.push(format!(
            "the verdict got worse ({} -> {})",
            comparison.old.verdict.word(),
            comparison.new.verdict.word()
        ));
    }
    let list = |ids: Vec<&String>| ids.into_iter().map(|id| visible(id)).collect::<Vec<_>>().join(", ");
    if !comparison.regressed.is_empty() {
        reasons.push(format!("guidelines: {}", list(comparison.regressed.iter().map(|turn| &turn.id).collect())));
    }
    let ended: Vec<&String> = comparison.ended().map(|turn| &turn.id).collect();
    if !ended.is_empty() {
        reasons.push(format!("waivers that ended: {}", list(ended)));
    }
    match (comparison.regression, reasons.is_empty()) {
        (false, _) => "Nothing regressed.".to_owned(),
        (true, true) => "It regressed.".to_owned(),
        (true, false) => format!("It regressed: {}.", reasons.join("; ")),
    }
}
