//! The plan: the chosen remedies in the order they will run, each made from what the ones before it leave, and each
//! proven by judging its guideline again on the drafted image.

use std::path::Path;
use std::time::Duration;

use super::links::{self, Names};
use super::ways_in::Access;
use super::{Change, Effect, Left, Remedy, remedy, revert, services, sshd};
use crate::catalogue::{Catalogue, Earlier, Guideline, Phase};
use crate::check::{self, Context, Finding, Findings, Status};
use crate::image::{Body, Image, Mode, Node, Overlay, text};

/// One guideline's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// The guideline's id.
    pub guideline: String,
    /// Its changes, in order.
    pub changes: Vec<Change>,
}

/// Why a chosen guideline is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The guideline's id.
    pub guideline: String,
    /// Why, in one sentence with a way out.
    pub reason: String,
}

/// The chosen changes in the order they will run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order; a step's changes are made from what the steps before it leave.
    pub steps: Vec<PlanStep>,
    /// What was chosen but cannot be done here, and why.
    pub refused: Vec<Refusal>,
    /// What the steps leave to a person, so that their guidelines fail still.
    pub left: Vec<Refusal>,
    /// What the steps do beyond their changes.
    pub effects: Vec<Effect>,
    /// What the image would look like afterwards.
    pub overlay: Overlay,
    /// Who gets in now, who would, and how the next user comes in.
    pub access: Access,
    /// How long a second login may take to be confirmed before everything is taken back again; `None`: nobody is asked.
    pub revert: Option<Duration>,
    /// The bytes of files that go are overwritten before their names go.
    pub shred: bool,
}

/// What becomes of the machine once a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs on, and whoever works on it must be able to come back.
    RunsOn,
    /// It is powered off, and only copies of it start.
    Sealed,
}

/// Drafts the plan for the guidelines in `chosen` (in any order; those that already pass are left out silently).
///
/// A step is refused when its guideline has no automatic remedy, when a guideline it `needs` would not pass by then,
/// when the drafted image would still fail it, when it would leave an sshd configuration that does not start, when an
/// earlier step needs what it would break, or, on a live image, when it belongs to the seal or would leave nobody who
/// could log in.
pub fn plan(image: &Image, catalogue: &Catalogue, findings: &Findings, context: &Context, chosen: &[String]) -> Plan {
    plan_for(Fate::RunsOn, image, catalogue, findings, context, chosen)
}

/// As [`plan`]. A running machine that is going to be [`Fate::Sealed`] may lose what only the seal takes, and the last way
/// in; what a guideline `needs` of the next boot must pass all the same.
pub(super) fn plan_for(
    fate: Fate,
    image: &Image,
    catalogue: &Catalogue,
    findings: &Findings,
    context: &Context,
    chosen: &[String],
) -> Plan {
    let mut plan = Plan { access: Access::of(image, context), ..Plan::default() };
    let mut names = Names::default();
    for id in chosen.iter().filter(|id| catalogue.get(id).is_none()) {
        plan.refuse(id, format!("There is no guideline {id}; `seaworthy guidelines` lists them all."));
    }
    let is_chosen = |guideline: &&Guideline| chosen.iter().any(|id| id.eq_ignore_ascii_case(&guideline.id));
    for guideline in catalogue.in_order().into_iter().filter(is_chosen) {
        let found = findings.iter().find(|(id, _)| *id == guideline.id).map(|(_, finding)| finding.status);
        if matches!(found, Some(Status::Pass | Status::NotApplicable)) {
            continue;
        }
        match draft(fate, image, catalogue, context, guideline, &plan, &mut names) {
            Ok(None) => {}
            Ok(Some(Drafted { changes, left, overlay, access })) => {
                plan.steps.push(PlanStep { guideline: guideline.id.clone(), changes });
                plan.overlay = overlay;
                plan.access = access;
                let left = left.into_iter();
                plan.left.extend(left.map(|left| Refusal { guideline: guideline.id.clone(), reason: left.what }));
            }
            Err(reason) => plan.refuse(&guideline.id, reason),
        }
    }
    plan.access.finish(image, &image.drafted(plan.overlay.clone()), context);
    plan.effects = names.effects(image, &plan);
    // The seal stops everything by itself.
    if fate == Fate::RunsOn {
        plan.effects.extend(services::effects(image, &plan));
        plan.revert = revert::limit(image, &plan);
    }
    plan
}

impl Plan {
    fn refuse(&mut self, id: &str, reason: String) {
        self.refused.push(Refusal { guideline: id.to_owned(), reason });
    }
}

/// One guideline's part, worked out.
struct Drafted {
    changes: Vec<Change>,
    left: Vec<Left>,
    /// What the image looks like with the changes.
    overlay: Overlay,
    access: Access,
}

/// The changes of one guideline on the image as `plan` leaves it so far; `None` when it passes already by then.
fn draft(
    fate: Fate,
    image: &Image,
    catalogue: &Catalogue,
    context: &Context,
    guideline: &Guideline,
    plan: &Plan,
    names: &mut Names,
) -> Result<Option<Drafted>, String> {
    let now = image.drafted(plan.overlay.clone());
    let finding = check::judge(&now, guideline, context);
    match finding.status {
        Status::Pass | Status::NotApplicable => return Ok(None),
        Status::Fail => {}
        Status::Unknown => return Err(format!("It could not be judged. {}", finding.summary)),
        Status::Attest => return Err("A person must look and confirm it; no program can.".to_owned()),
    }
    let runs_on = image.mode() == Mode::Live && fate == Fate::RunsOn;
    if runs_on && guideline.phase == Phase::Seal {
        return Err("It belongs to the last steps, which end this machine's own life: `seaworthy seal`.".to_owned());
    }
    for Earlier { id, why } in &guideline.needs {
        if !stands(catalogue, context, &now, id) {
            let why = why.as_deref().unwrap_or("without it nobody may get in any more.");
            return Err(format!("{id} must pass first: {} Choose it as well.", why.trim()));
        }
    }
    let (mut changes, left) = match remedy(&now, guideline, &finding, context).map_err(|error| error.to_string())? {
        Some(Remedy::Changes(changes)) if !changes.is_empty() => (changes, Vec::new()),
        Some(Remedy::Part { changes, left }) if !changes.is_empty() => (changes, left),
        Some(Remedy::ByHand(why)) => return Err(why),
        _ => return Err("There is nothing a program could change; do it by hand.".to_owned()),
    };
    if let Some(reason) = changes.iter().find_map(vital::refused) {
        return Err(reason);
    }
    let (overlay, touches_sshd) = lay(image, &now, &mut changes, &plan.overlay, names)?;
    let then = image.drafted(overlay.clone());
    if touches_sshd && let Some(problem) = sshd::new_problem(&now, &then) {
        return Err(format!("It would leave an sshd that does not start: {problem}"));
    }
    let access = if runs_on { plan.access.with(image, &then, context)? } else { plan.access.clone() };
    if let Some(broken) = guideline.needs.iter().find(|needed| !stands(catalogue, context, &then, &needed.id)) {
        return Err(format!("Its changes would break {}, which it relies on.", broken.id));
    }
    if let Some((step, id)) = undercut(catalogue, context, &then, plan) {
        return Err(format!("{step}, which comes before it, relies on {id}, and that would not pass any more."));
    }
    // What a command does is known only once it has run.
    if changes.iter().all(Change::is_undoable) {
        let after = check::judge(&then, guideline, context);
        match after.status {
            Status::Fail if is_all_left(&after, &left) => {}
            Status::Fail => return Err(format!("Its changes would not be enough. {}", after.summary)),
            Status::Unknown => return Err(format!("With its changes it could not be judged. {}", after.summary)),
            Status::Pass | Status::NotApplicable | Status::Attest => {}
        }
    }
    Ok(Some(Drafted { changes, left, overlay, access }))
}

/// Whether nothing was seen `after` but what may stay and what was left for a person. What lies at the root stands for any
/// place.
fn is_all_left(after: &Finding, left: &[Left]) -> bool {
    let is_left = |path: &Path| left.iter().any(|left| left.path == path || left.path == Path::new("/"));
    let mut seen = after.observations.iter().filter(|seen| seen.allowed.is_none());
    !after.observations.is_empty() && seen.all(|seen| seen.path.as_deref().is_some_and(is_left))
}

/// The first step of `plan` that needs a guideline which does not pass on `then`, and that guideline.
fn undercut<'p>(
    catalogue: &'p Catalogue,
    context: &Context,
    then: &Image,
    plan: &'p Plan,
) -> Option<(&'p str, &'p str)> {
    let steps = plan.steps.iter().filter_map(|step| catalogue.get(&step.guideline));
    let mut needs = steps.flat_map(|step| step.needs.iter().map(|needed| (step.id.as_str(), needed.id.as_str())));
    needs.find(|(_, id)| !stands(catalogue, context, then, id))
}

/// Whether the guideline called `id` passes, or does not apply, on `image`. One that could not be judged does not stand.
pub(super) fn stands(catalogue: &Catalogue, context: &Context, image: &Image, id: &str) -> bool {
    let finding = catalogue.get(id).map(|needed| check::judge(image, needed, context));
    finding.is_some_and(|finding| matches!(finding.status, Status::Pass | Status::NotApplicable))
}

/// Lays `changes` over what there is, and says whether sshd reads any of it.
fn lay(
    image: &Image,
    now: &Image,
    changes: &mut [Change],
    overlay: &Overlay,
    names: &mut Names,
) -> Result<(Overlay, bool), String> {
    let splits = links::split(image, &*changes);
    names.find(image, &splits).map_err(|error| error.to_string())?;
    for split in &splits {
        names.others(split).map_err(|why| {
            let path = text::path(split.path);
            format!("{path} could not be taken back exactly: {why}; change it by hand.")
        })?;
    }
    let mut overlay = overlay.clone();
    let mut touches_sshd = false;
    let read_by_sshd = sshd::Files::of(now);
    for change in changes {
        let (path, before, after) = match change {
            Change::Path { path, before, after, .. } => (path, before, after),
            Change::Command { argv, .. } if image.mode() == Mode::Offline => {
                let command = argv.first().map_or("a program", String::as_str);
                return Err(format!("It needs {command} to run, which is done on a running machine only."));
            }
            Change::Command { .. } => continue,
        };
        touches_sshd |= read_by_sshd.contain(path);
        if after.is_none() && overlay.get(path).is_none() {
            leave_on_disk(image, path, before);
        }
        overlay.put(path.clone(), after.clone());
    }
    Ok((overlay, touches_sshd))
}

/// The largest file that is kept in memory for the preview when it is to be removed: 64 KiB.
const REMOVED_LIMIT: usize = 64 << 10;

/// Lets go of the content of a large file that is to be removed: caches and logs of gigabytes would fill the memory.
fn leave_on_disk(image: &Image, path: &Path, before: &mut Option<Node>) {
    let Some(Node::File(file)) = before else { return };
    let Body::Bytes(bytes) = &file.body else { return };
    if bytes.len() > REMOVED_LIMIT
        && let Ok(Some(meta)) = image.lstat(path)
        && meta.size == bytes.len() as u64
    {
        file.body = Body::OnDisk { size: meta.size, stamp: meta.stamp };
    }
}

mod vital;

#[cfg(test)]
mod tests;
