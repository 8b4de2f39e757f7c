//! What the wizard knows: the image, the findings, the decisions, and where the publisher is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::layout::Size;
use super::message::{SealDraft, Waiting};
use super::screen::{Overlay, Screen};
use super::standing::Standing;
use super::walk::Walk;
use crate::catalogue::{Catalogue, Guideline, Phase};
use crate::change::Left;
use crate::change::diff::FileDiff;
use crate::change::state::RunSummary;
use crate::check::{Finding, Observation, Status, needs_sweep};
use crate::image::Mode;
use crate::playbook::{Decision, Playbook};
use crate::report::verdict::{Counts, Verdict, counting, decided, verdict};

/// Which image is being prepared, as people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Live or mounted.
    pub mode: Mode,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// A throw-away image for training.
    pub practice: bool,
    /// Not every guideline is looked at (`--only`, `--skip`).
    pub partial: bool,
    /// What happened to a practice image before the learner meets it.
    pub story: String,
    /// The system's name, once known.
    pub os: Option<String>,
    /// The CPU it is for, once known.
    pub arch: Option<String>,
}

/// How far the checks have come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// They are at work.
    pub running: bool,
    /// Guidelines judged in this survey.
    pub judged: usize,
    /// Files the sweep has read.
    pub files: u64,
    /// Bytes the sweep has read.
    pub bytes: u64,
    /// How long the rest of the sweep may take, where that can be told.
    pub left: Option<Duration>,
    /// The sweep is held up.
    pub paused: bool,
    /// What the sweep has found so far, by the guideline that is judged by it later.
    pub found: BTreeMap<String, Found>,
    /// The guideline whose check waits for an answer, and for what it waits.
    pub waiting: Option<(String, String)>,
}

/// What the sweep has found so far for one guideline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The first of them, at most [`TOLD_LIMIT`](crate::check::TOLD_LIMIT), in the order they were found.
    pub seen: Vec<Observation>,
    /// How many there are.
    pub places: usize,
}

/// What would be done about one guideline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// Being worked out.
    Working,
    /// These changes.
    Changes(Vec<FileDiff>),
    /// These changes, which leave something for a person.
    Part(Vec<FileDiff>, Vec<Left>),
    /// A person must do it; why no program can.
    ByHand(String),
    /// Nothing is to be done.
    Nothing,
    /// It could not be worked out; why.
    Failed(String),
}

impl Preview {
    /// The changes, as far as there are any.
    pub fn changes(&self) -> Option<&[FileDiff]> {
        match self {
            Self::Changes(files) | Self::Part(files, _) => Some(files),
            _ => None,
        }
    }
}

/// One row of the hub's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The image as a whole.
    Overview,
    /// A phase: how many of its guidelines are settled, and how many there are.
    Phase {
        /// Which.
        phase: Phase,
        /// Nothing is left to decide.
        settled: usize,
        /// All of them.
        of: usize,
    },
    /// A guideline, by its place in the catalogue.
    Guideline(usize),
}

/// Something to say for a moment, in the line above the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// It is about something that went wrong or is not possible.
    pub bad: bool,
}

/// How the wizard ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quit {
    /// The publisher asked to.
    Asked,
    /// A signal said so: its number.
    Signal(i32),
    /// The terminal is gone.
    Gone,
}

/// Everything the wizard knows.
#[derive(Debug, Clone)]
pub struct Model {
    /// The guidelines.
    pub catalogue: Arc<Catalogue>,
    /// Which image.
    pub subject: Subject,
    /// Today; frozen in tests.
    pub today: Date,
    /// The terminal.
    pub size: Size,
    /// What the checks said, by guideline id.
    pub findings: BTreeMap<String, Finding>,
    /// How far they have come.
    pub survey: Survey,
    /// What was decided.
    pub playbook: Playbook,
    /// The publisher's name, as last typed.
    pub publisher: String,
    /// What would be done, by guideline id, as far as it has been asked for.
    pub previews: BTreeMap<String, Preview>,
    /// Every run on this image, oldest first.
    pub runs: Vec<RunSummary>,
    /// The run that waits for a second login.
    pub pending: Option<Waiting>,
    /// The run about which that was answered; the answer is being noted.
    pub answered: Option<String>,
    /// The time, as far as it has been told: while a run waits.
    pub now: Timestamp,
    /// What the seal would do, as far as it has been asked for since the last check.
    pub sealing: Option<Arc<SealDraft>>,
    /// The selected guideline; `None` is the overview.
    pub selected: Option<String>,
    /// What the list is narrowed to.
    pub filter: String,
    /// The details have the keys, not the list.
    pub in_details: bool,
    /// The first line of the details that is shown.
    pub details_top: usize,
    /// Undecided guidelines are being gone through one by one.
    pub guiding: bool,
    /// The screens, the shown one last; never empty.
    pub screens: Vec<Screen>,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// Said until the next key.
    pub notice: Option<Notice>,
    /// The guideline whose diff is opened as soon as it is worked out; the next key forgets it.
    pub awaited_diff: Option<String>,
    /// Where reports go unless the publisher says otherwise.
    pub export_directory: PathBuf,
    /// Where a report has been written to in this session.
    pub exported_to: Option<PathBuf>,
    /// The way of the report: what was entered on it stays when it is left.
    pub walk: Walk,
    /// How it ends, once it does.
    pub quit: Option<Quit>,
}

impl Model {
    /// The wizard as it opens: nothing judged, nothing decided.
    pub fn new(
        catalogue: Arc<Catalogue>,
        subject: Subject,
        today: Date,
        publisher: String,
        export_directory: PathBuf,
    ) -> Self {
        Self {
            catalogue,
            subject,
            today,
            size: Size { width: 80, height: 24 },
            findings: BTreeMap::new(),
            survey: Survey { running: true, ..Survey::default() },
            playbook: Playbook::default(),
            publisher,
            previews: BTreeMap::new(),
            runs: Vec::new(),
            pending: None,
            answered: None,
            now: Timestamp::UNIX_EPOCH,
            sealing: None,
            selected: None,
            filter: String::new(),
            in_details: false,
            details_top: 0,
            guiding: false,
            screens: vec![Screen::Hub],
            overlays: Vec::new(),
            notice: None,
            awaited_diff: None,
            export_directory,
            exported_to: None,
            walk: Walk::default(),
            quit: None,
        }
    }

    /// The screen that is shown.
    pub fn screen(&self) -> &Screen {
        self.screens.last().unwrap_or(&Screen::Hub)
    }

    /// The selected guideline.
    pub fn guideline(&self) -> Option<&Guideline> {
        self.selected.as_deref().and_then(|id| self.catalogue.get(id))
    }

    /// How the guideline called `id` stands.
    pub fn standing(&self, id: &str) -> Standing {
        self.catalogue.get(id).map_or(Standing::Waiting, |guideline| self.standing_of(guideline))
    }

    /// How `guideline` stands.
    pub fn standing_of(&self, guideline: &Guideline) -> Standing {
        let finding = self.findings.get(&guideline.id);
        let decision = counting(self.decision(&guideline.id), finding);
        let standing = Standing::of(finding, decision.as_ref(), self.today);
        match standing {
            Standing::Fail if self.is_for_seal(guideline) => Standing::ForSeal,
            Standing::Waiting if self.survey.paused && needs_sweep(guideline) => Standing::Unknown,
            _ => standing,
        }
    }

    /// Whether only the sweep and what is judged by it are still to come.
    pub fn is_sweeping(&self) -> bool {
        let judged = |guideline: &Guideline| self.findings.contains_key(&guideline.id) || needs_sweep(guideline);
        self.survey.running && self.catalogue.guidelines.iter().all(judged)
    }

    /// Whether `guideline` can only be dealt with by the last steps: on a running machine, what belongs to the seal.
    pub fn is_for_seal(&self, guideline: &Guideline) -> bool {
        self.subject.mode == Mode::Live && guideline.phase == Phase::Seal
    }

    /// How the guidelines stand, in catalogue order.
    pub fn standings(&self) -> impl Iterator<Item = (&Guideline, Standing)> {
        self.catalogue.guidelines.iter().map(|guideline| (guideline, self.standing_of(guideline)))
    }

    /// How many guidelines the publisher still has to decide.
    pub fn open(&self) -> usize {
        self.standings().filter(|(_, standing)| standing.is_open()).count()
    }

    /// How many findings there are of each status.
    pub fn counts(&self) -> Counts {
        Counts::of(self.findings.values().map(|finding| finding.status))
    }

    /// The verdict so far: a guideline that is not judged yet is unknown.
    pub fn verdict(&self) -> Verdict {
        verdict(self.catalogue.guidelines.iter().map(|guideline| {
            let finding = self.findings.get(&guideline.id);
            let status = finding.map_or(Status::Unknown, |finding| finding.status);
            let live = self.subject.mode == Mode::Live;
            let decision = counting(self.decision(&guideline.id), finding);
            let decided = decided(decision.as_ref(), guideline.phase, live, self.today);
            (guideline.severity, status, decided)
        }))
    }

    /// The ids whose remedy is chosen, in catalogue order.
    pub fn chosen(&self) -> Vec<String> {
        self.standings()
            .filter(|(_, standing)| *standing == Standing::Chosen)
            .map(|(guideline, _)| guideline.id.clone())
            .collect()
    }

    /// The open guidelines whose remedy can be chosen together with all others.
    pub fn mendable(&self) -> impl Iterator<Item = &Guideline> {
        self.standings()
            .filter(|(guideline, standing)| *standing == Standing::Fail && self.why_not_apply(guideline).is_none())
            .filter(|(guideline, _)| !guideline.only_by_name)
            .map(|(guideline, _)| guideline)
    }

    /// The last run that has not been taken back.
    pub fn last_run(&self) -> Option<&RunSummary> {
        self.runs.iter().rev().find(|run| run.standing == crate::change::state::Standing::Done)
    }

    /// The last run that dealt with the guideline `id` and has not been taken back.
    pub fn run_of(&self, id: &str) -> Option<&RunSummary> {
        let done = |run: &&RunSummary| run.standing == crate::change::state::Standing::Done;
        self.runs.iter().rev().filter(done).find(|run| run.guidelines.iter().any(|other| other == id))
    }

    /// The rows of the list: those that match the filter under their phases.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = if self.filter.is_empty() { vec![Row::Overview] } else { Vec::new() };
        let standings: Vec<(&Guideline, Standing)> = self.standings().collect();
        let mut phase = None;
        for (place, (guideline, standing)) in standings.iter().enumerate() {
            if !matches(guideline, *standing, &self.filter) {
                continue;
            }
            if phase != Some(guideline.phase) {
                phase = Some(guideline.phase);
                rows.push(phase_row(guideline.phase, &standings));
            }
            rows.push(Row::Guideline(place));
        }
        rows
    }

    /// Whether `row` is the selected one.
    pub fn is_selected(&self, row: Row) -> bool {
        match row {
            Row::Overview => self.selected.is_none(),
            Row::Phase { .. } => false,
            Row::Guideline(place) => {
                self.selected.is_some() && self.catalogue.guidelines.get(place).map(|g| &g.id) == self.selected.as_ref()
            }
        }
    }

    /// The next guideline after the selected one, in a circle, that is still to be decided.
    pub fn next_open(&self) -> Option<&Guideline> {
        let open: Vec<(usize, &Guideline)> = self
            .standings()
            .enumerate()
            .filter(|(_, (_, standing))| standing.is_open())
            .map(|(place, (guideline, _))| (place, guideline))
            .collect();
        let here = self.catalogue.guidelines.iter().position(|g| Some(&g.id) == self.selected.as_ref());
        open.iter()
            .find(|(place, _)| here.is_none_or(|here| *place > here))
            .or_else(|| open.first())
            .map(|(_, guideline)| *guideline)
    }

    /// Why the remedy of `guideline` cannot be chosen; `None` when it can.
    pub fn why_not_apply(&self, guideline: &Guideline) -> Option<String> {
        let status = self.findings.get(&guideline.id).map(|finding| finding.status);
        match status {
            None => return Some("it has not been judged yet".into()),
            Some(Status::Pass) => return Some("it passes already".into()),
            Some(Status::NotApplicable) => return Some("it does not apply here".into()),
            Some(Status::Attest) => return Some("only a person can confirm it".into()),
            Some(Status::Unknown) => return Some("it could not be decided here, so nothing can be worked out".into()),
            Some(Status::Fail) => {}
        }
        if self.is_for_seal(guideline) {
            return Some("on a running machine it comes last, with the seal: S".into());
        }
        if guideline.fix.is_none() {
            return Some("no program can do this; choose by hand".into());
        }
        match self.previews.get(&guideline.id) {
            Some(Preview::ByHand(why) | Preview::Failed(why)) => Some(why.clone()),
            Some(Preview::Nothing) => Some("nothing is to be done".into()),
            _ => None,
        }
    }

    /// What was decided about the guideline `id`.
    pub fn decision(&self, id: &str) -> Option<&Decision> {
        self.playbook.decisions.get(id)
    }
}

fn phase_row(phase: Phase, standings: &[(&Guideline, Standing)]) -> Row {
    let (mut settled, mut of) = (0, 0);
    for (_, standing) in standings.iter().filter(|(guideline, _)| guideline.phase == phase) {
        of += 1;
        settled += usize::from(!standing.is_open() && *standing != Standing::Waiting);
    }
    Row::Phase { phase, settled, of }
}

/// Whether every word of `filter` is found in the guideline's id, title, status, severity or phase.
fn matches(guideline: &Guideline, standing: Standing, filter: &str) -> bool {
    if filter.trim().is_empty() {
        return true;
    }
    let text = format!(
        "{} {} {} {} {}",
        guideline.id,
        guideline.title,
        standing.word(),
        guideline.severity,
        guideline.phase.title()
    )
    .to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
}
