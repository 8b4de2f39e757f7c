//! Waivers of an older report that the newer one does not have: offered one by one, never taken over.

use jiff::civil::Date;

use super::Waiver;
use super::judge::waiver;
use crate::check::{Finding, Findings, Status};
use crate::image::text::visible;
use crate::playbook::{Decision, Playbook};
use crate::report::verdict::counting;
use crate::report::{Earlier, GuidelineRecord};

/// A waiver of an older report, where what it waived is still there and nothing else was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewable {
    /// The guideline.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it stands now, in a sentence.
    pub summary: String,
    /// The waiver as it was.
    pub waiver: Waiver,
}

/// The waivers of `old` that could be renewed on `today`, in its order. A decision of `playbook` other than a waiver that
/// has ended was made since, and stands.
pub fn renewable(old: &Earlier, playbook: &Playbook, findings: &Findings, today: Date) -> Vec<Renewable> {
    let offer = |record: &GuidelineRecord| {
        let waiver = waiver(record)?;
        let finding = findings.iter().find(|(id, _)| *id == record.id).map(|(_, finding)| finding)?;
        let decision = counting(playbook.decisions.get(&record.id), Some(finding));
        let stands = match decision {
            None => false,
            Some(Decision::Waive { until, .. }) => until >= today,
            Some(_) => true,
        };
        let Finding { status, summary, .. } = finding;
        let is_open = matches!(status, Status::Fail | Status::Unknown | Status::Attest);
        (is_open && !stands).then(|| Renewable {
            id: visible(&record.id),
            title: visible(&record.title),
            summary: visible(summary),
            waiver,
        })
    };
    old.report.guidelines.iter().filter_map(offer).collect()
}
