//! One preparation of an image as its state directory remembers it: how the image stood before the first run, what was
//! carried out since, and the journal of it all.

use jiff::Timestamp;

use super::{Clock, Identity, ImageInfo, Kind, Operator, Previous, Report, ReportInput, Tool, new_id, record};
use crate::catalogue::Catalogue;
use crate::change::{Plan, State};
use crate::check::{Context, Findings};
use crate::image::{Error, Image};
use crate::playbook::Playbook;

/// One preparation, from its first run to now.
#[derive(Debug)]
pub struct Preparation {
    before: Findings,
    runs: Vec<(String, Plan)>,
    journal: Vec<String>,
    started_at: Option<Timestamp>,
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
    /// Now.
    pub now: Timestamp,
}

impl Preparation {
    /// Reads it from `state`. Where nothing was changed yet, the image stands as `now` says.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn of(state: &State, now: &Findings) -> Result<Self, Error> {
        let runs = state.plans()?;
        let before = if runs.is_empty() { None } else { state.before()? };
        let started_at = state.runs()?.first().and_then(|run| run.at.parse().ok());
        Ok(Self { before: before.unwrap_or_else(|| now.clone()), runs, journal: state.journal_lines()?, started_at })
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
        Ok(record(&ReportInput {
            report_id: new_id()?,
            tool: Tool::current(),
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
            operator: Operator::default(),
            clock: Clock::default(),
            duration_ms: 0,
            previous: particulars.previous.cloned(),
            own_traces: Vec::new(),
            started_at: self.started_at.unwrap_or(particulars.now),
            now: particulars.now,
            challenge: particulars.challenge,
            publisher: particulars.publisher,
        }))
    }
}
