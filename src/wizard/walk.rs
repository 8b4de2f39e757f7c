//! The way of the report out of the machine, step by step. What was entered stays when a step is gone back, and when the way
//! is left and taken again.

use super::input::Input;
use super::message::{AgentKey, Delivered, ExportRequest, Exported};

/// One step of the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Who vouches.
    #[default]
    Name,
    /// For what.
    Vouched,
    /// With which key.
    Signer,
    /// The report is made: its digest, to be compared.
    Digest,
    /// How it leaves the machine, and what is done with it there.
    Where,
    /// What remains to be sealed.
    Seal,
}

/// Every step, in order.
pub const STEPS: [Step; 6] = [Step::Name, Step::Vouched, Step::Signer, Step::Digest, Step::Where, Step::Seal];

impl Step {
    /// In a word or two, for the trail.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Vouched => "Vouched for",
            Self::Signer => "Signer",
            Self::Digest => "Digest",
            Self::Where => "Where to",
            Self::Seal => "Seal",
        }
    }

    /// The one after it.
    pub(super) fn next(self) -> Option<Self> {
        STEPS.into_iter().find(|step| *step > self)
    }

    /// The one before it.
    pub(super) fn previous(self) -> Option<Self> {
        STEPS.into_iter().rev().find(|step| *step < self)
    }
}

/// Where the publisher is on the way, and what was entered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Walk {
    /// The step that is shown.
    pub step: Step,
    /// The publisher's name.
    pub publisher: Input,
    /// A word the reviewer asked to find in the report.
    pub challenge: Input,
    /// The key file, when that signs.
    pub key_file: Input,
    /// The directory, off the image.
    pub directory: Input,
    /// Which row of the step has the keys.
    pub focus: usize,
    /// Which signer is chosen: 0 later, then the agent's keys, then a key file.
    pub signer: usize,
    /// Which way is chosen on a running machine: those of [`WAYS`](crate::report::handover::WAYS), then a directory. `None`
    /// until one was: then it is that of this session.
    pub way: Option<usize>,
    /// First line of the text shown.
    pub top: usize,
    /// What the agent holds; `None` while it is asked.
    pub keys: Option<Result<Vec<AgentKey>, String>>,
    /// What is wrong with what was typed.
    pub error: Option<String>,
    /// The report is being made or written.
    pub busy: bool,
    /// What the report that is being made is made from.
    pub asked: Option<Box<ExportRequest>>,
    /// The report, and what it was made from; `None` until it is made, and again when the image was judged anew.
    pub report: Option<(ExportRequest, Box<Exported>)>,
    /// Where its evidence was written.
    pub delivered: Option<Delivered>,
}

impl Walk {
    /// The report, once it is made.
    pub fn exported(&self) -> Option<&Exported> {
        self.report.as_ref().map(|(_, exported)| exported.as_ref())
    }

    /// The keys the agent has answered with.
    pub(super) fn agent_keys(&self) -> &[AgentKey] {
        match &self.keys {
            Some(Ok(keys)) => keys,
            _ => &[],
        }
    }

    /// Whether a key file is the chosen signer: the last row, after "later" and the agent's keys.
    pub(super) fn is_key_file(&self) -> bool {
        self.signer == self.agent_keys().len() + 1
    }
}
