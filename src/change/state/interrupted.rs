//! What is said of a run that was interrupted: what happened, how far it came, and what each way out would mean.

use super::RunSummary;

/// A run, or the undo of one, that did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// What ended it.
    pub how: How,
    /// It was being taken back.
    pub is_undo: bool,
    /// Changes that were made.
    pub done: usize,
    /// Changes that were to be made.
    pub of: usize,
    /// The run can be put in force.
    pub can_finish: bool,
    /// The run can be taken back.
    pub can_take_back: bool,
}

/// What ended a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The program was ended, or the connection was lost.
    Ended,
    /// The machine stopped or was started anew: the journal, which lay in memory, is gone.
    PowerLost,
    /// The journal was removed while the machine ran on.
    JournalLost,
    /// An error, in one sentence.
    Failed(String),
}

impl RunSummary {
    /// What happened to it, how far it came and what can be done, in a few sentences; `None` when it was not interrupted.
    pub fn told(&self) -> Option<String> {
        let interrupted = self.interrupted.as_ref()?;
        let (what, id) = (interrupted.what_happened(), &self.id);
        Some(format!("Run {id}: {what} {} {}", interrupted.finishing(id), interrupted.taking_back(id)))
    }
}

impl Interrupted {
    /// What happened and how far it came, in one or two sentences.
    pub fn what_happened(&self) -> String {
        let doing = if self.is_undo { "taking it back" } else { "carrying it out" };
        let cause = match &self.how {
            How::Ended => format!("the program was ended, or the connection was lost, while {doing}"),
            How::PowerLost => format!("the machine was switched off or started anew while {doing}"),
            How::JournalLost => format!("its journal was removed while {doing}"),
            How::Failed(reason) => format!("{doing} stopped at an error: {}", crate::image::text::visible(reason)),
        };
        let far = match (self.done, self.of) {
            (0, _) => "nothing had been changed yet".to_owned(),
            (done, of) if done >= of => "every change had been made, and only tidying up was left".to_owned(),
            (done, of) => format!("{done} of {of} changes had been made"),
        };
        format!("{cause}; {far}. No file is half written.")
    }

    /// What finishing the run would mean.
    pub fn finishing(&self, run: &str) -> String {
        match (self.can_finish, self.is_undo) {
            (true, false) => "Finish it (`seaworthy apply --resume`): the changes that are left are made.".to_owned(),
            (true, true) => {
                "Finish it (`seaworthy apply --resume`): what was taken back already is made again, and the run is in force.".to_owned()
            }
            (false, _) if self.can_take_back && !self.is_undo => format!(
                "It cannot be finished: what was left to be written is not on the disk. Take it back (`seaworthy undo {run}`) and apply again."
            ),
            (false, _) if self.can_take_back => format!(
                "It cannot be put in force again: what was there is not on the disk any more. Take it back to the end (`seaworthy undo {run}`)."
            ),
            (false, _) => STUCK.to_owned(),
        }
    }

    /// What taking the run back would mean.
    pub fn taking_back(&self, run: &str) -> String {
        match (self.can_take_back, self.is_undo) {
            (true, _) => format!("Take it back (`seaworthy undo {run}`): everything as it was before the run."),
            (false, false) if self.can_finish => {
                "It cannot be taken back: the old contents had been given up, as at the end of every run, and what undo keeps lay in memory. Finish it (`seaworthy apply --resume`).".to_owned()
            }
            (false, true) if self.can_finish => {
                "It cannot be taken back to the end: what it needs for that lay in memory. Put the run in force again (`seaworthy apply --resume`).".to_owned()
            }
            (false, _) => STUCK.to_owned(),
        }
    }
}

/// Neither way is open.
const STUCK: &str = "Somebody changed some of its files since. What was there before and what was to come lie beside them \
                     as .NAME.RUN.N~: put the right one in place by hand, remove the others, and then /var/lib/seaworthy.";
