//! One preparation of an image as its state directory remembers it: how the image stood before the first run, what was
//! carried out since, and the journal of it all.

use std::time::Duration;

use jiff::Timestamp;

use super::compare::{compare, drift};
use super::{
    Clock, Earlier, Identity, ImageInfo, Kind, Operator, OwnTrace, Previous, Report, ReportInput, Tool, decisions,
    new_id, record,
};
use crate::catalogue::Catalogue;
use crate::change::journal::JournalLine;
use crate::change::state::RunSummary;
use crate::change::{Plan, State, decisions::decide, goes_on_from};
use crate::check::{Context, Findings};
use crate::image::{Error, Image};
use crate::playbook::Playbook;

/// One preparation, from its first run to now.
#[derive(Debug)]
pub struct Preparation {
    before: Findings,
    runs: Vec<(String, Plan)>,
    journal: Vec<String>,
    /// What this program left on the image.
    own_traces: Vec<OwnTrace>,
}

/// Who called the program, and how.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The person at the terminal, as the machine tells it.
    pub operator: Operator,
    /// The arguments, without the program's own name, visible.
    pub arguments: Vec<String>,
}

/// What a report says beyond what was found and done.
#[derive(Debug, Clone, Copy)]
pub struct Particulars<'a> {
    /// What was decided.
    pub playbook: &'a Playbook,
    /// The name the publisher typed.
    pub publisher: &'a str,
    /// A word from the reviewer that must appear in the report.
    pub challenge: Option<&'a str>,
    /// What is looked at.
    pub kind: Kind,
    /// The report that this one goes on from.
    pub previous: Option<&'a Previous>,
    /// Who called the program.
    pub caller: &'a Caller,
    /// How long the check took.
    pub duration: Duration,
    /// Now.
    pub now: Timestamp,
}

impl Preparation {
    /// Reads it from `state`, for `image`, on which no run may be half done. Where nothing was changed yet, the image
    /// stands as `now` says. Decisions that the journal does not tell of yet are added to it.
    ///
    /// # Errors
    /// When a run was interrupted, the state cannot be read or written, or another Seaworthy is at work on the image.
    pub fn of(
        state: &State,
        image: &Image,
        catalogue: &Catalogue,
        now: &Findings,
        particulars: &Particulars<'_>,
    ) -> Result<Self, Error> {
        if let Some(told) = state.runs()?.iter().find_map(RunSummary::told) {
            return Err(Error::malformed("report on", image.mount_point(), told));
        }
        let runs = state.plans()?;
        let before = if runs.is_empty() { None } else { state.before()? };
        if let Some(Previous { report_id, sha256, signer, .. }) = particulars.previous {
            goes_on_from(state, report_id, sha256, signer.as_deref())?;
        }
        decide(state, &decisions(catalogue, particulars.playbook, now, particulars.publisher))?;
        Ok(Self {
            before: before.unwrap_or_else(|| now.clone()),
            runs,
            journal: state.journal_lines()?,
            own_traces: OwnTrace::of(image, state)?,
        })
    }

    /// The report of it, for `image` as it stands now (`after`, judged in `context`).
    ///
    /// # Errors
    /// When the system has no random numbers for the report's name.
    pub fn report(
        &self,
        image: &Image,
        catalogue: &Catalogue,
        context: &Context,
        after: &Findings,
        particulars: Particulars<'_>,
    ) -> Result<Report, Error> {
        let first = self.journal.first().and_then(|line| serde_json::from_str::<JournalLine>(line).ok());
        let mut report = record(&ReportInput {
            report_id: new_id()?,
            tool: Tool { arguments: particulars.caller.arguments.clone(), ..Tool::current() },
            image: ImageInfo::of(image),
            catalogue,
            before: &self.before,
            after,
            playbook: particulars.playbook,
            runs: &self.runs,
            journal: &self.journal,
            unread: context.sweep.as_ref().map_or(&[], |sweep| &sweep.unread),
            kind: particulars.kind,
            identity: Identity::of(image),
            operator: particulars.caller.operator.clone(),
            clock: Clock::of_this_machine(image),
            duration_ms: u64::try_from(particulars.duration.as_millis()).unwrap_or(u64::MAX),
            previous: particulars.previous.cloned(),
            own_traces: self.own_traces.clone(),
            started_at: first.and_then(|line| line.at.parse().ok()).unwrap_or(particulars.now),
            now: particulars.now,
            challenge: particulars.challenge,
            publisher: particulars.publisher,
        });
        if report.previous.as_ref().is_some_and(|previous| previous.signer.is_none()) {
            report.limits.push("The signature of the report that this one goes on from was not verified.".to_owned());
        }
        Ok(report)
    }

    /// Notes in `report`, once nothing else of it changes, what is different since `earlier`, which it goes on from.
    pub fn compare(&self, image: &Image, earlier: &Earlier, report: &mut Report) {
        let mut comparison = compare(&earlier.report, report);
        comparison.drift = Some(drift(image, &self.runs, &earlier.report));
        if let Some(previous) = &mut report.previous {
            previous.comparison = Some(comparison);
        }
    }
}
