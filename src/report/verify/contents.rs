//! Whether a report agrees with itself and with the guidelines this program knows. One function for each rule; each
//! looks only at what was signed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;

use super::super::{
    ChangeKind, ChangeRecord, Choice, Counts, NodeKind, NodeRecord, Outcome, Report, Verdict, Withheld, sha256_hex,
    verdict::{outcome, verdict},
};
use super::output::Judgement::{self, Failed, Holds, Warning};
use crate::catalogue::Catalogue;
use crate::image::BODY_LIMIT;
use crate::image::text::visible;
use crate::playbook::{REASON_CHARS, WAIVER_DAYS};

mod diffs;

/// Every guideline is there, once, and they are those of a catalogue this program knows. By one that it does not know
/// nobody here can say that nothing was left out: then no report may claim to be seaworthy.
pub(super) fn catalogue(report: &Report, known: Option<&Catalogue>) -> Judgement {
    let mut ids = BTreeSet::new();
    for record in &report.guidelines {
        if !ids.insert(record.id.as_str()) {
            return Failed(format!("The guideline {} is in it twice.", visible(&record.id)));
        }
    }
    if ids.len() != report.catalogue.guidelines || ids.is_empty() {
        return Failed(format!(
            "It speaks of {} guidelines, but its catalogue has {}: some were left out or added.",
            ids.len(),
            report.catalogue.guidelines
        ));
    }
    let version = visible(&report.catalogue.version);
    let claims = matches!(report.summary.verdict, Verdict::Seaworthy | Verdict::SeaworthyWithWaivers);
    let unknown = |what: String, advice: &str| {
        if claims {
            Failed(format!("{what} Yet it claims to be {} by them: {advice}.", report.summary.verdict.word()))
        } else {
            Warning(what)
        }
    };
    let Some(known) = known.filter(|known| known.version == report.catalogue.version) else {
        return unknown(
            format!(
                "It goes by the guidelines of catalogue {version}, which this program does not have, so they were not compared."
            ),
            "verify it with the version of Seaworthy that made it",
        );
    };
    let same = known.sha256 == report.catalogue.sha256;
    match (same, known.custom, report.catalogue.custom) {
        (false, true, _) => {
            return unknown(
                "It goes by other guidelines than were given with the house rules here, so they were not compared."
                    .to_owned(),
                "get the house rules that it was made with, and read them",
            );
        }
        (false, false, false) => {
            return Failed(format!("It claims to go by catalogue {version}, but the catalogue's digest is another."));
        }
        _ => {}
    }
    for guideline in &known.guidelines {
        let Some(record) = report.guidelines.iter().find(|record| record.id == guideline.id) else {
            return Failed(format!("The guideline {} was left out.", guideline.id));
        };
        if (record.severity, record.phase) != (guideline.severity, guideline.phase)
            || record.title != visible(&guideline.title)
            || record.sources != guideline.sources
        {
            return Failed(format!(
                "The guideline {} is not as in catalogue {version}: its title, severity, phase or source was changed.",
                guideline.id
            ));
        }
    }
    for step in &report.finish_plan {
        if known.get(&step.guideline).is_some_and(|guideline| guideline.by_hand != step.by_hand) {
            return Failed(format!(
                "How {} is done by hand at the seal is not as in catalogue {version}.",
                visible(&step.guideline)
            ));
        }
    }
    match (same, ids.len() - known.guidelines.len()) {
        (true, 0) => Holds(format!("All {} guidelines of catalogue {version} are in it.", ids.len())),
        (true, extra) => Failed(format!("It has {extra} guidelines that are not in catalogue {version}.")),
        (false, extra) => unknown(
            format!(
                "All guidelines of catalogue {version} are in it, and house rules that this program does not know: {extra}."
            ),
            "get these from the publisher, read them, and give them with --guidelines DIR",
        ),
    }
}

/// A waiver has a reason, a name and an end; an attestation has a name and its statement.
pub(super) fn decisions(report: &Report, known: Option<&Catalogue>) -> Judgement {
    let known = known.filter(|known| known.sha256 == report.catalogue.sha256);
    let day = date(report);
    for record in &report.guidelines {
        let id = visible(&record.id);
        let Some(decision) = &record.decision else { continue };
        if decision.choice == Choice::Waive {
            let reason = decision.reason.as_deref().map_or(0, |reason| reason.trim().chars().count());
            let (Some(until), true, true) = (decision.until, named(decision.by.as_ref()), reason >= REASON_CHARS)
            else {
                return Failed(format!("{id} is waived, but a name, an end or a reason is missing."));
            };
            if until > day.checked_add(WAIVER_DAYS.days()).unwrap_or(day) {
                return Failed(format!("{id} is waived until {until}, more than a year after the report."));
            }
            if until < day && record.result == Outcome::Waived {
                return Failed(format!("{id} counts as waived, but its waiver had ended on {until}."));
            }
        }
        if decision.choice == Choice::Attest {
            let found = report.attestations.iter().filter(|attestation| attestation.guideline == record.id);
            match found.collect::<Vec<_>>().as_slice() {
                [one] if named(Some(&one.by)) && decision.by.as_ref() == Some(&one.by) => {}
                _ => return Failed(format!("{id} is attested, but not by one named person.")),
            }
        }
    }
    for attestation in &report.attestations {
        let id = visible(&attestation.guideline);
        let record = report.guidelines.iter().find(|record| record.id == attestation.guideline);
        let chosen = record.and_then(|record| record.decision.as_ref()).map(|decision| decision.choice);
        if chosen != Some(Choice::Attest) {
            return Failed(format!("{id} is confirmed by somebody, but nothing was decided so."));
        }
        let guideline = known.and_then(|known| known.get(&attestation.guideline));
        if guideline.is_some_and(|known| known.attest.as_deref().map(visible).as_ref() != Some(&attestation.statement))
        {
            return Failed(format!("The statement confirmed for {id} is not the one of the catalogue."));
        }
    }
    let waived = report.guidelines.iter().filter(|record| record.result == Outcome::Waived).count();
    Holds(format!("Waivers: {waived}, attestations: {}; each names a person.", report.attestations.len()))
}

fn named(by: Option<&String>) -> bool {
    by.is_some_and(|by| !by.trim().is_empty())
}

fn date(report: &Report) -> jiff::civil::Date {
    report.generated_at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Results, counts and verdict follow from the findings and decisions.
pub(super) fn results(report: &Report) -> Judgement {
    let live = report.leaves_for_seal();
    let day = date(report);
    for record in &report.guidelines {
        let by_hand = record.decision.as_ref().is_some_and(|decision| decision.choice == Choice::ByHand);
        let decided = record.decided(live, day);
        let follows = outcome(record.before.status, record.after.status, decided, by_hand, !record.changes.is_empty());
        if follows != record.result {
            return Failed(format!(
                "{} is called {}, but from what was found, decided and changed follows {}.",
                visible(&record.id),
                record.result.word(),
                follows.word()
            ));
        }
    }
    if Counts::of(report.guidelines.iter().map(|record| record.after.status)) != report.summary.counts {
        return Failed("The counts in its summary are not those of its guidelines.".to_owned());
    }
    let standing =
        report.guidelines.iter().map(|record| (record.severity, record.after.status, record.decided(live, day)));
    let follows = verdict(standing);
    if follows != report.summary.verdict {
        return Failed(format!(
            "Its verdict is {}, but from its guidelines follows {}.",
            report.summary.verdict.word(),
            follows.word()
        ));
    }
    let left: Vec<&str> = report
        .guidelines
        .iter()
        .filter(|record| record.result == Outcome::Deferred)
        .map(|record| record.id.as_str())
        .collect();
    let planned: Vec<&str> = report.finish_plan.iter().map(|step| step.guideline.as_str()).collect();
    if left != planned {
        return Failed("What is left for the seal is not what its plan for the seal lists.".to_owned());
    }
    Holds("Results, counts and verdict follow from what was found and decided.".to_owned())
}

/// Each change belongs to a guideline and back, and its diff and digests fit.
pub(super) fn changes(report: &Report) -> Judgement {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    let listed = report.changes.iter().map(|change| (change.id.as_str(), change.guideline.as_str()));
    let ran = report.commands.iter().map(|command| (command.id.as_str(), command.guideline.as_str()));
    for (id, guideline) in listed.chain(ran) {
        if owner.insert(id, guideline).is_some() {
            return Failed(format!("The change {} is in it twice.", visible(id)));
        }
    }
    for record in &report.guidelines {
        for id in &record.changes {
            if owner.remove(id.as_str()) != Some(record.id.as_str()) {
                return Failed(format!(
                    "{} lists the change {}, which is not its own.",
                    visible(&record.id),
                    visible(id)
                ));
            }
        }
    }
    if let Some((id, guideline)) = owner.first_key_value() {
        return Failed(format!(
            "The change {} says it was for {}, which does not list it.",
            visible(id),
            visible(guideline)
        ));
    }
    let mut last: BTreeMap<(&str, &str), &ChangeRecord> = BTreeMap::new();
    for change in &report.changes {
        if let Some(fault) = fault(change) {
            return Failed(format!("The change {} of {} {fault}.", visible(&change.id), visible(&change.path)));
        }
        // Within a run each change is made from what the one before left.
        let previous = last.insert((&change.run, &change.path), change);
        if previous.is_some_and(|previous| !previous.secret && !change.secret && previous.after != change.before) {
            return Failed(format!(
                "The change {} of {} does not begin where the one before it in the same run ended.",
                visible(&change.id),
                visible(&change.path)
            ));
        }
    }
    Holds(format!(
        "Changes: {}, commands: {}; each belongs to its guideline, and each diff names its file and counts right.",
        report.changes.len(),
        report.commands.len()
    ))
}

fn fault(change: &ChangeRecord) -> Option<&'static str> {
    let sides = [&change.before, &change.after];
    let digest = change.diff.as_ref().map(|diff| sha256_hex(diff.as_bytes()));
    if digest != change.diff_sha256 {
        return Some("has a diff that does not fit its digest");
    }
    if change.diff.as_ref().is_some_and(|diff| !names(diff, change)) {
        return Some("has a diff of another file");
    }
    let reveals = |node: &NodeRecord| node.sha256.is_some() || node.size.is_some();
    if change.secret && sides.into_iter().flatten().any(reveals) {
        return Some("may hold secrets, but gives a size or digest");
    }
    if let Some(fault) = sides.into_iter().flatten().find_map(|node| misshapen(node, change.secret)) {
        return Some(fault);
    }
    let fits = match (change.kind, &change.before, &change.after) {
        (ChangeKind::Create, None, Some(_)) | (ChangeKind::Remove, Some(_), None) | (ChangeKind::Link, _, Some(_)) => {
            true
        }
        (ChangeKind::Edit, Some(before), Some(after)) => {
            change.secret || before.sha256 != after.sha256 || before.kind != after.kind
        }
        (ChangeKind::Attributes, Some(before), Some(after)) => before.sha256 == after.sha256,
        _ => false,
    };
    if !fits {
        return Some("is not of the sort it says");
    }
    diffs::fault(change)
}

/// What a node says that no node of its kind can be, or leaves out.
fn misshapen(node: &NodeRecord, secret: bool) -> Option<&'static str> {
    let is_file = node.kind == NodeKind::File;
    let is_link = node.kind == NodeKind::Link;
    if is_link != node.mode.is_none() || is_link != node.target.is_some() {
        return Some("has permissions or a target that its kind has not, or leaves them out");
    }
    let content = match node.withheld {
        None if is_file => !secret && node.sha256.is_some() && node.size.is_some(),
        None => node.sha256.is_none() && node.size.is_none(),
        Some(Withheld::Secret) => is_file && secret && node.sha256.is_none() && node.size.is_none(),
        Some(Withheld::TooLarge) => {
            is_file && !secret && node.sha256.is_none() && node.size.is_some_and(|size| size > BODY_LIMIT)
        }
    };
    (!content).then_some("withholds a size or digest without a reason, or gives one of what has none")
}

/// Whether the heading of a diff names the change's path.
fn names(diff: &str, change: &ChangeRecord) -> bool {
    let name = |side: &str, node: Option<&NodeRecord>| match node {
        Some(_) => format!("{side}{}", change.path),
        None => "/dev/null".to_owned(),
    };
    let mut lines = diff.lines();
    lines.next() == Some(format!("--- {}", name("a", change.before.as_ref())).as_str())
        && lines.next() == Some(format!("+++ {}", name("b", change.after.as_ref())).as_str())
}
