//! The screens and what lies over them.

use std::sync::Arc;

use super::diff_view::DiffView;
use super::input::Input;
use super::message::{Failure, Planned, SealDraft};
use crate::change::state::RunSummary;
use crate::change::{Applied, Refusal, Undone};

/// One screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Screen {
    /// Phases, guidelines, and what is said of the selected one.
    Hub,
    /// Changes, line by line.
    Diff(DiffView),
    /// The whole plan before it is carried out.
    Review(Review),
    /// A run at work.
    Working(Working),
    /// What a run did.
    Result(Outcome),
    /// The way of the report, step by step: see [`Walk`](super::Walk).
    Export,
    /// Every step of the seal before it begins.
    Seal {
        /// First line shown.
        top: usize,
    },
    /// An earlier run was interrupted.
    Recover(RunSummary),
}

/// The plan, once it is drafted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// The plan and its diffs; `None` while it is worked out.
    pub planned: Option<Arc<Planned>>,
    /// First line shown.
    pub top: usize,
}

/// What sort of run is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Carrying out a plan.
    Apply,
    /// Taking back.
    Undo,
    /// Finishing an interrupted run.
    Finish,
    /// Sealing.
    Seal,
}

/// A run at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Working {
    /// What sort.
    pub task: Task,
    /// Which guideline is being dealt with, from 1; 0 before the first.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Its id.
    pub id: String,
    /// What has been done, line by line.
    pub log: Vec<String>,
}

/// The most lines a log keeps; the oldest go first.
pub(super) const LOG_LIMIT: usize = 5000;

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What it did.
    pub ending: Ending,
    /// What was done, line by line.
    pub log: Vec<String>,
    /// First line shown.
    pub top: usize,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Carried out.
    Applied(Applied),
    /// Taken back.
    Undone(Undone),
    /// Sealed, as far as it goes.
    Sealed {
        /// The run that did it; `None` where nothing was to be changed.
        run: Option<String>,
        /// What keeps the image from being sealed still, with the reason; `None` until everything is judged again.
        left: Option<Vec<Refusal>>,
    },
    /// It stopped.
    Failed(Task, Failure),
}

/// What lies over a screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The keys, and what the signs mean.
    Help {
        /// First line shown.
        top: usize,
    },
    /// Narrowing the list.
    Filter(Input),
    /// Searching the diff.
    Search(Input),
    /// What to do about the selected guideline.
    Choices {
        /// The selected row.
        selected: usize,
        /// First line of the text shown.
        top: usize,
    },
    /// Waiving or attesting.
    Form(Form),
    /// How to do it by hand.
    ByHand {
        /// First line shown.
        top: usize,
    },
    /// Is this really wanted?
    Confirm(Confirm),
    /// Does a second login work?
    SecondLogin {
        /// First line shown.
        top: usize,
    },
    /// Something to read.
    Message {
        /// In a few words.
        title: String,
        /// What happened, why, and what to do.
        text: String,
        /// First line shown.
        top: usize,
    },
}

/// Fields to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What for.
    pub purpose: Purpose,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// Which one has the cursor.
    pub focus: usize,
    /// What is wrong with what was typed.
    pub error: Option<String>,
    /// First line of the text shown.
    pub top: usize,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Waive the selected guideline.
    Waive,
    /// Attest its statement.
    Attest,
}

/// A field with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What goes in.
    pub label: &'static str,
    /// A word of help.
    pub hint: String,
    /// What has been typed.
    pub input: Input,
}

/// A question before something that matters. The safe answer is the default.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done.
    pub what: Intent,
    /// The dangerous button has the keys.
    pub on_yes: bool,
    /// For what cannot be taken back: the word to type, and what has been typed.
    pub word: Option<(&'static str, Input)>,
    /// First line of the text shown.
    pub top: usize,
}

/// What a confirmation leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Carry out the plan.
    Apply(Arc<Planned>),
    /// Take back the last run.
    UndoLast(RunSummary),
    /// Take back one guideline's changes.
    UndoGuideline(String),
    /// Seal.
    Seal(Arc<SealDraft>),
}

impl Intent {
    /// Whether `typed` is as good as the word: the beginning of the report's digest, where the seal asks for that.
    pub(super) fn accepts(&self, typed: &str) -> bool {
        let Self::Seal(draft) = self else { return false };
        matches!(&draft.report, Some(Ok(report)) if report.is(typed))
    }
}
