//! What can happen, and what is to be done about it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Key;
use super::model::{Preview, Quit};
use crate::change::diff::FileDiff;
use crate::change::seal::watch::Line;
use crate::change::seal::{self, Sealing};
use crate::change::state::RunSummary;
use crate::change::{Applied, ApplyStep, Plan, Shredding, Undone, What};
use crate::check::Progress;
use crate::playbook::Playbook;
use crate::report::Verdict;
use crate::report::handover::Here;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size.
    Resize(u16, u16),
    /// What system the image holds, and for which CPU.
    Described {
        /// The system's name, or why it is not known.
        os: String,
        /// The CPU.
        arch: Option<String>,
    },
    /// The session of last time, as saved; `None` when there is none.
    Loaded(Result<Option<String>, String>),
    /// Every run on this image.
    Runs(Result<Vec<RunSummary>, String>),
    /// The checks have come this far.
    Progress(Progress),
    /// The checks are through.
    Surveyed,
    /// What would be done about a guideline.
    Previewed(String, Preview),
    /// The plan is drafted.
    Planned(Arc<Planned>),
    /// A run has come this far.
    Step(ApplyStep),
    /// A run has ended.
    Applied(Result<Applied, Failure>),
    /// Taking back has ended.
    Undone(Result<Undone, Failure>),
    /// Which run waits for a second login, if one does, and what time it is.
    Pending(Option<Waiting>, Timestamp),
    /// A run is kept because a second login works: its id; or why that could not be noted.
    Confirmed(Result<String, String>),
    /// What happened while nobody was here: sentences, at least one.
    News(Vec<String>),
    /// What the seal would do.
    SealDrafted(Arc<SealDraft>),
    /// A seal that was begun in an earlier session is under way.
    SealUnderWay,
    /// The seal of the running machine has come this far.
    SealLine(Line),
    /// The seal has ended: the run it made, or none where nothing was to be changed.
    Sealed(Result<Option<String>, Failure>),
    /// What the agent holds, or why it cannot be asked.
    AgentKeys(Result<Vec<AgentKey>, String>),
    /// The report is made, or why not.
    Exported(Result<Box<Exported>, String>),
    /// The evidence is written into a directory, or why not.
    Delivered(Result<Delivered, String>),
    /// Something that was started has failed: what it was, and why.
    Failed(String),
    /// A signal came: its number.
    Signal(i32),
    /// The terminal is gone.
    Gone,
}

/// Something to be done outside the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Find out what system it is, load the session, list the runs.
    Start,
    /// Judge every guideline.
    Survey,
    /// Hold the sweep up, or let it go on.
    Pause(bool),
    /// List the runs.
    Runs,
    /// Work out what would be done about one guideline.
    Preview(String),
    /// Draft the plan for these guidelines.
    Plan(Vec<String>),
    /// Carry it out.
    Apply(Arc<Planned>),
    /// Take back.
    Undo(What),
    /// Finish an interrupted run.
    Finish(String),
    /// Follow the run that waits for a second login until it waits no more.
    Watch,
    /// Keep it: a second login works.
    ConfirmLogin,
    /// Work out what the seal would do with these decisions.
    SealDraft(Box<Playbook>),
    /// Seal.
    Seal(Arc<SealDraft>),
    /// Follow the seal that is under way.
    FollowSeal,
    /// Keep the session.
    Save(String),
    /// Ask the agent for its keys.
    AgentKeys,
    /// Make the report, and keep it.
    Export(Box<ExportRequest>),
    /// Write the evidence of the report that is kept into this directory; one that is there is replaced, when this wizard
    /// wrote it.
    Deliver(PathBuf, bool),
    /// Send text to the terminal's clipboard.
    Copy(String),
    /// Draw everything anew.
    Redraw,
    /// Go between the terminal's look and a plain one.
    Plain,
    /// Stop, as a shell's job.
    Suspend,
    /// End.
    Quit(Quit),
}

/// A plan with its diffs, made from the very bytes that will be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// For each step of the plan, its changes as they are shown.
    pub steps: Vec<Vec<FileDiff>>,
    /// What overwriting the files that go would come to; empty when none goes.
    pub shredding: Shredding,
}

/// A run that is taken back by itself unless somebody confirms that a second login works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: String,
    /// When it is taken back.
    pub until: Timestamp,
    /// The session of this wizard began over the network after the run: it is a second login itself.
    pub is_second: bool,
}

impl Waiting {
    /// How much time is left at `now`; nothing when it is over.
    pub fn left(&self, now: Timestamp) -> SignedDuration {
        self.until.duration_since(now).max(SignedDuration::ZERO)
    }
}

/// What the seal would do, with its diffs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SealDraft {
    /// Its steps, what keeps it from beginning, and what stays.
    pub sealing: Sealing,
    /// For each step of its plan, the changes as they are shown.
    pub steps: Vec<Vec<FileDiff>>,
    /// What overwriting the files that go would come to; empty when none goes.
    pub shredding: Shredding,
    /// The decisions it was worked out from.
    pub playbook: Playbook,
    /// On a running machine, the report that was written last, or why none counts.
    pub report: Option<Result<seal::Exported, String>>,
    /// The instance this is, where the metadata service says so.
    pub instance: Option<Instance>,
}

impl SealDraft {
    /// It is the running machine that would be sealed.
    pub fn is_live(&self) -> bool {
        self.report.is_some()
    }
}

/// A running instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// `i-0123456789abcdef0`.
    pub id: String,
    /// `eu-west-1`.
    pub region: Option<String>,
}

/// Why a run stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In one line: what, which path, why, what to do.
    pub text: String,
    /// A file was not what the preview was made from: there is a new diff to look at.
    pub changed: bool,
}

/// A key an agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    /// `SHA256:…`.
    pub fingerprint: String,
    /// What its owner calls it.
    pub comment: String,
    /// `ssh-ed25519` and the like.
    pub kind: String,
}

/// Who signs the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Nobody yet: it is signed later, on another machine.
    Later,
    /// The agent, with the key of this fingerprint.
    Agent(String),
    /// `ssh-keygen`, with this key file; it may ask for the passphrase.
    KeyFile(PathBuf),
}

/// A report to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequest {
    /// The name the publisher typed.
    pub publisher: String,
    /// A word the reviewer asked for.
    pub challenge: Option<String>,
    /// Who signs.
    pub signer: Signer,
    /// What was decided.
    pub playbook: Playbook,
}

/// A report that was made and is kept, off the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Size of `report.json` in bytes.
    pub size: u64,
    /// SHA-256 of `report.json`, lower-case hexadecimal.
    pub sha256: String,
    /// The verdict it holds.
    pub verdict: Verdict,
    /// The fingerprint of the key that signed it.
    pub signed_by: Option<String>,
    /// The line of `allowed_signers` for the key that signed it.
    pub signers_line: Option<String>,
    /// Why it is not signed though a signer was chosen.
    pub not_signed: Option<String>,
    /// The name by which the reviewer's trust file knows the publisher.
    pub signer_name: String,
    /// On a running machine, what is known of it for the lines to paste.
    pub here: Option<Here>,
}

/// The evidence as it was written into a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it is.
    pub directory: PathBuf,
    /// The files in it.
    pub files: Vec<String>,
}

impl Effect {
    /// What is said when carrying it out met a defect of this program: the answer somebody waits for, as a failure.
    pub fn broken(&self) -> impl FnOnce(&str) -> Vec<Message> + use<> {
        let effect = self.clone();
        move |said| {
            let text = format!("A defect in Seaworthy stopped this: {said}. Please report it.");
            let failure = Failure { text: text.clone(), changed: false };
            match effect {
                Self::Survey => vec![Message::Surveyed, Message::Failed(text)],
                Self::Preview(id) => vec![Message::Previewed(id, Preview::Failed(text))],
                Self::Plan(_) => vec![Message::Planned(Arc::default()), Message::Failed(text)],
                Self::Apply(_) | Self::Finish(_) => vec![Message::Applied(Err(failure))],
                Self::Undo(_) => vec![Message::Undone(Err(failure))],
                Self::ConfirmLogin => vec![Message::Confirmed(Err(text))],
                Self::SealDraft(_) => vec![Message::SealDrafted(Arc::default()), Message::Failed(text)],
                Self::Seal(_) | Self::FollowSeal => vec![Message::Sealed(Err(failure))],
                Self::AgentKeys => vec![Message::AgentKeys(Err(text))],
                Self::Export(_) => vec![Message::Exported(Err(text))],
                Self::Deliver(..) => vec![Message::Delivered(Err(text))],
                _ => vec![Message::Failed(text)],
            }
        }
    }
}
