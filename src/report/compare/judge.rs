//! The comparison itself: pure, and of what the two reports say alone.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Comparison, Entry, Fate, Side, Turn, Waiver, WaiverTurn};
use crate::image::text::visible;
use crate::report::{Choice, GuidelineRecord, Outcome, Report};

/// What is different between `old` and `new`. It has no drift: see [`super::drift()`].
pub fn compare(old: &Report, new: &Report) -> Comparison {
    let mut comparison = Comparison {
        old: Side::of(old),
        new: Side::of(new),
        regression: false,
        regressed: Vec::new(),
        fixed: Vec::new(),
        newly_applicable: Vec::new(),
        otherwise: Vec::new(),
        added: Vec::new(),
        gone: old.guidelines.iter().filter(|record| find(new, &record.id).is_none()).map(entry).collect(),
        waivers: waivers(old, new),
        drift: None,
    };
    for record in &new.guidelines {
        match find(old, &record.id) {
            None => comparison.added.push(entry(record)),
            Some(earlier) if earlier.result == record.result => {}
            Some(earlier) => comparison.place(turn(earlier, record)),
        }
    }
    comparison.regression =
        !comparison.regressed.is_empty() || comparison.verdict_is_worse() || comparison.ended().next().is_some();
    comparison
}

impl Comparison {
    /// The newer verdict is worse than the older.
    pub fn verdict_is_worse(&self) -> bool {
        self.new.verdict > self.old.verdict
    }

    /// Waivers that ended since the older report, where what they waived is still there.
    pub fn ended(&self) -> impl Iterator<Item = &WaiverTurn> {
        let day = self.old.generated_at.to_zoned(TimeZone::UTC).date();
        self.waivers.iter().filter(move |turn| {
            turn.fate == Fate::Ended
                && turn.old.as_ref().and_then(|waiver| waiver.until).is_some_and(|until| until >= day)
                && turn.result.is_some_and(|result| !is_in_order(result))
        })
    }

    fn place(&mut self, turn: Turn) {
        let was_not_applicable = turn.old == Outcome::NotApplicable;
        if was_not_applicable {
            self.newly_applicable.push(turn.clone());
        }
        if is_in_order(turn.old) && is_open(turn.new) {
            self.regressed.push(turn);
        } else if was_not_applicable {
            // It is listed already.
        } else if !is_met(turn.old) && is_met(turn.new) {
            self.fixed.push(turn);
        } else {
            self.otherwise.push(turn);
        }
    }
}

/// The guideline asks for nothing more: it is met, waived, or does not apply.
fn is_in_order(outcome: Outcome) -> bool {
    is_met(outcome) || matches!(outcome, Outcome::Waived | Outcome::NotApplicable)
}

/// What the guideline asks for is so.
fn is_met(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::Fixed | Outcome::ByHand | Outcome::Attested)
}

fn is_open(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Fail | Outcome::Unknown | Outcome::NotAttested)
}

fn find<'a>(report: &'a Report, id: &str) -> Option<&'a GuidelineRecord> {
    report.guidelines.iter().find(|record| record.id == id)
}

fn entry(record: &GuidelineRecord) -> Entry {
    let GuidelineRecord { id, title, severity, result, .. } = record;
    Entry { id: visible(id), title: visible(title), severity: *severity, result: *result }
}

fn turn(old: &GuidelineRecord, new: &GuidelineRecord) -> Turn {
    Turn {
        id: visible(&new.id),
        title: visible(&new.title),
        severity: new.severity,
        old: old.result,
        new: new.result,
        summary: visible(&new.after.summary),
    }
}

/// In the newer report's order, those of guidelines that are gone at the end.
fn waivers(old: &Report, new: &Report) -> Vec<WaiverTurn> {
    let day = new.generated_at.to_zoned(TimeZone::UTC).date();
    let both = new.guidelines.iter().map(|record| (find(old, &record.id), Some(record)));
    let gone = old.guidelines.iter().filter(|record| find(new, &record.id).is_none());
    both.chain(gone.map(|record| (Some(record), None)))
        .filter_map(|(old, new)| {
            let (before, now) = (old.and_then(waiver), new.and_then(waiver));
            Some(WaiverTurn {
                id: visible(&old.or(new)?.id),
                fate: fate(before.as_ref(), now.as_ref(), day)?,
                result: new.map(|record| record.result),
                old: before,
                new: now,
            })
        })
        .collect()
}

/// The waiver of a guideline, whether or not it still held.
pub(super) fn waiver(record: &GuidelineRecord) -> Option<Waiver> {
    let decision = record.decision.as_ref().filter(|decision| decision.choice == Choice::Waive)?;
    let shown = |text: &Option<String>| text.as_deref().map(visible);
    Some(Waiver { by: shown(&decision.by), reason: shown(&decision.reason), until: decision.until })
}

fn fate(old: Option<&Waiver>, new: Option<&Waiver>, day: Date) -> Option<Fate> {
    let ended = |waiver: &Waiver| waiver.until.is_none_or(|until| until < day);
    Some(match (old, new) {
        (None, None) => return None,
        (_, Some(new)) if ended(new) => Fate::Ended,
        (None, Some(_)) => Fate::Granted,
        (Some(old), None) if ended(old) => Fate::Ended,
        (Some(_), None) => Fate::Dropped,
        (Some(old), Some(new)) if (&old.by, &old.reason) != (&new.by, &new.reason) => Fate::Changed,
        (Some(old), Some(new)) if old.until != new.until => Fate::Renewed,
        _ => Fate::Kept,
    })
}
