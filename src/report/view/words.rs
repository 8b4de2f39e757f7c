//! The report's values in words.

use super::super::record::{Choice, NodeKind, NodeRecord, Withheld};
use super::super::{Attestation, ChangeRecord, DecisionRecord, Kind, Outcome, Report, Verdict};
use super::outline::Outline;
use crate::catalogue::Severity;
use crate::check::Status;

/// What the page is called.
pub(super) fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Build => "Image preparation report",
        Kind::ImageAudit => "Audit report of a finished image",
        Kind::Practice => "Practice report",
    }
}

/// Said first of a report about a practice image.
pub(super) const PRACTICE: &str = "PRACTICE: this report is about a practice image. It vouches for nothing.";

/// The verdict in a sentence.
pub(super) fn verdict_sentence(report: &Report) -> &'static str {
    match report.summary.verdict {
        Verdict::Seaworthy => "Every required guideline passes, is attested, or does not apply.",
        Verdict::SeaworthyWithWaivers => {
            "Every required guideline passes, is attested, or does not apply, but for those that were waived."
        }
        Verdict::Undecided => "No required guideline is known to fail, but some are not decided yet.",
        Verdict::NotSeaworthy => "At least one required guideline fails.",
    }
}

/// A sign for the verdict.
pub(super) fn verdict_glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Seaworthy => "✓",
        Verdict::SeaworthyWithWaivers => "◇",
        Verdict::Undecided => "?",
        Verdict::NotSeaworthy => "✗",
    }
}

/// How the required guidelines stand, in a sentence.
pub(super) fn tally(outline: &Outline<'_>) -> String {
    let of = |outcomes: &[Outcome]| outline.count(Severity::Required, outcomes);
    let parts = [
        (of(&[Outcome::Fail]), "failing"),
        (of(&[Outcome::Unknown, Outcome::NotAttested]), "not decided"),
        (of(&[Outcome::Deferred]), "left for the seal"),
        (of(&[Outcome::Waived]), "waived"),
        (of(&[Outcome::Pass, Outcome::Fixed, Outcome::ByHand, Outcome::Attested]), "in order"),
        (of(&[Outcome::NotApplicable]), "not applicable"),
    ];
    let all: usize = parts.iter().map(|(count, _)| count).sum();
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}: {}.", counted(all, "required guideline"), said.join(", "))
}

/// `3 changes`, `1 change`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A sign for an outcome, so that colour is never the only mark.
pub(super) fn glyph(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Fixed => "✚",
        Outcome::ByHand | Outcome::Attested => "✎",
        Outcome::Waived => "◇",
        Outcome::Deferred => "…",
        Outcome::NotAttested | Outcome::Unknown => "?",
        Outcome::Fail => "✗",
        Outcome::NotApplicable => "–",
    }
}

/// An outcome in words.
pub(super) fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passes",
        Outcome::Fixed => "fixed",
        Outcome::ByHand => "done by hand",
        Outcome::Attested => "attested",
        Outcome::Waived => "waived",
        Outcome::Deferred => "left for the seal",
        Outcome::NotAttested => "not attested",
        Outcome::Unknown => "unknown",
        Outcome::Fail => "fails",
        Outcome::NotApplicable => "not applicable",
    }
}

/// A status with its sign.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "✓ pass",
        Status::Fail => "✗ fail",
        Status::Unknown => "? unknown",
        Status::NotApplicable => "– not applicable",
        Status::Attest => "✎ for a person",
    }
}

/// What was decided, without a waiver's reason.
pub(super) fn decision(decision: &DecisionRecord) -> String {
    let by = decision.by.as_deref().unwrap_or("nobody named");
    let line = decision.journal_seq.map_or_else(String::new, |seq| format!(" (journal line {seq})"));
    let at = decision.at.map_or_else(String::new, |at| format!(" on {}", moment(at))) + &line;
    match decision.choice {
        Choice::Apply => format!("To carry out Seaworthy's remedy{at}."),
        Choice::ByHand => format!("To be done by hand{at}."),
        Choice::Later => format!("Put off{at}."),
        Choice::Attest => format!("Confirmed by {by}{at}."),
        Choice::Waive => format!("Waived by {by}{at}, {}.", until(decision)),
    }
}

/// What was decided, with a waiver's reason.
pub(super) fn decision_words(decided: &DecisionRecord) -> String {
    match (decided.choice, decided.reason.as_deref()) {
        (Choice::Waive, reason) => format!("{} {}", decision(decided), reason.unwrap_or("No reason given.")),
        _ => decision(decided),
    }
}

/// How long a waiver holds.
pub(super) fn until(decision: &DecisionRecord) -> String {
    decision.until.map_or_else(|| "without an end".to_owned(), |until| format!("until {until}"))
}

/// Who confirmed, and when.
pub(super) fn confirmed(said: &Attestation) -> String {
    said.at.map_or_else(|| said.by.clone(), |at| format!("{}, {}", said.by, moment(at)))
}

/// What was done to a path.
pub(super) fn done(change: &ChangeRecord) -> String {
    let for_good = if change.reversible { "" } else { "; it cannot be taken back" };
    format!("{}{for_good}", change.headline)
}

/// A file, link or directory in words, but for its digest.
pub(super) fn node(node: &NodeRecord) -> String {
    let what = match node.kind {
        NodeKind::File => "file",
        NodeKind::Link => "link",
        NodeKind::Directory => "directory",
    };
    let mut parts = vec![what.to_owned()];
    parts.extend(node.target.iter().map(|target| format!("to {target}")));
    parts.extend(node.size.map(|size| format!("{size} bytes")));
    parts.extend(node.mode.iter().map(|mode| format!("mode {mode}")));
    parts.push(format!("owner {}:{}", node.uid, node.gid));
    parts.extend(node.withheld.map(|why| match why {
        Withheld::Secret => "no digest kept, since it may hold secrets".to_owned(),
        Withheld::TooLarge => "no digest, since it was too large".to_owned(),
    }));
    parts.join(", ")
}

/// `sha256` in groups of eight, for people to compare.
pub fn grouped(sha256: &str) -> String {
    let groups: Vec<&str> = sha256.as_bytes().chunks(8).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// A moment for people.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
