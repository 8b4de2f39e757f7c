//! Every check on one image, with progress: what `check` prints and what the wizard shows first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use news::News;
use pace::Pace;

use super::sweep::{self, Sweep};
use super::{Context, Finding, Observation, judge, needs_sweep, own};
use crate::catalogue::{Catalogue, Check, Guideline, OwnCheck};
use crate::image::Image;
use crate::image::walk::{self, Control};

/// How far a survey has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Judging a guideline takes a while.
    Waiting {
        /// Its id; once it is judged, the waiting is over.
        id: String,
        /// What is waited for, as a phrase.
        what: String,
    },
    /// A guideline has been judged.
    Judged {
        /// Its id.
        id: String,
        /// What was found.
        finding: Finding,
    },
    /// The sweep has come upon something that a guideline asks about; it is judged when the sweep is through.
    Found {
        /// The guideline's id.
        id: String,
        /// What is new since this was said last, at most [`TOLD_LIMIT`] in all.
        seen: Vec<Observation>,
        /// How many places there are so far, those that are not told included.
        places: usize,
    },
    /// The sweep has gone through this much.
    Swept {
        /// Regular files so far.
        files: u64,
        /// Bytes so far.
        bytes: u64,
        /// How long the rest may take; `None` where nobody can tell.
        left: Option<Duration>,
    },
}

/// The most places of one guideline that are told while the sweep runs.
pub const TOLD_LIMIT: usize = 100;

/// Judges every guideline, those that need no sweep first, then sweeps, then the rest. What waits for others to answer
/// does so meanwhile. Each finding is handed to
/// `progress` as soon as it is known. `context` holds what the publisher handed in. `control` holds up or ends the sweep. Returns the context with the sweep in it and the findings in catalogue order.
///
/// The sweep is left out when no guideline of `catalogue` needs it.
pub fn survey(
    image: &Image,
    catalogue: &Catalogue,
    mut context: Context,
    control: &Control,
    progress: &(dyn Fn(Progress) + Sync),
) -> (Context, super::Findings) {
    let (last, first): (Vec<_>, Vec<_>) = catalogue.guidelines.iter().partition(|guideline| needs_sweep(guideline));
    let (slow, quick): (Vec<_>, Vec<_>) = first.into_iter().partition(|guideline| waits(image, guideline).is_some());
    // What takes longest begins first, and the sweep does not wait for it.
    let (mut found, sweep) = std::thread::scope(|scope| {
        let slow = scope.spawn(|| judge_each(image, &slow, &context, progress));
        let mut found = judge_each(image, &quick, &context, progress);
        let sweep = (!last.is_empty()).then(|| swept(image, &last, control, progress));
        found.extend(slow.join().unwrap_or_default());
        (found, sweep)
    });
    if let Some(sweep) = sweep {
        context.sweep = Some(Arc::new(sweep));
        found.extend(judge_each(image, &last, &context, progress));
    }
    let in_order = |guideline: &Guideline| found.remove(&guideline.id).map(|finding| (guideline.id.clone(), finding));
    let findings = catalogue.guidelines.iter().filter_map(in_order).collect();
    (context, findings)
}

/// The sweep alone; `progress` gets [`Progress::Swept`] only.
pub fn search(image: &Image, control: &Control, progress: &(dyn Fn(Progress) + Sync)) -> Sweep {
    swept(image, &[], control, progress)
}

/// Sweeps, and tells of `guidelines` what is found on the way.
fn swept(image: &Image, guidelines: &[&Guideline], control: &Control, progress: &(dyn Fn(Progress) + Sync)) -> Sweep {
    let news = News::new(image, guidelines);
    let pace = Mutex::new(Pace::default());
    let told = |walked: walk::Progress| {
        news.tell(progress);
        let walk::Progress { files, bytes, of, at_work } = walked;
        let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
        let left = of.and_then(|of| pace.left(at_work, of.done(files, bytes)));
        progress(Progress::Swept { files, bytes, left });
    };
    sweep::sweep(image, control, &|hit| news.hear(hit), &told)
}

/// What the check of `guideline` waits for, when it asks somebody who may take long to answer.
fn waits(image: &Image, guideline: &Guideline) -> Option<String> {
    (guideline.check == Check::Own(OwnCheck::SecurityUpdates)).then(|| own::security_updates::waits(image))?
}

/// Judges on as many threads as there are processors.
fn judge_each(
    image: &Image,
    guidelines: &[&Guideline],
    context: &Context,
    progress: &(dyn Fn(Progress) + Sync),
) -> BTreeMap<String, Finding> {
    let found = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(guideline) = guidelines.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(what) = waits(image, guideline) {
                progress(Progress::Waiting { id: guideline.id.clone(), what });
            }
            let finding = judge(image, guideline, context);
            progress(Progress::Judged { id: guideline.id.clone(), finding: finding.clone() });
            found.lock().unwrap_or_else(PoisonError::into_inner).insert(guideline.id.clone(), finding);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(guidelines.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

mod news;
mod pace;
#[cfg(test)]
mod tests;
