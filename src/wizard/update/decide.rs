//! Deciding about the selected guideline.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::input::Input;
use super::super::message::Effect;
use super::super::model::Model;
use super::super::screen::{Field, Form, Overlay, Purpose};
use super::super::words;
use super::{keys, not_now, notice, save, select};
use crate::check::Status;
use crate::playbook::Decision;

/// The rows of the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Carry out the remedy.
    Apply,
    /// Let it be, with a reason.
    Waive,
    /// Confirm the statement.
    Attest,
    /// Do it oneself.
    ByHand,
    /// Put it off.
    Later,
}

/// The rows, in order.
pub(crate) const CHOICES: [Choice; 5] = [Choice::Apply, Choice::Waive, Choice::Attest, Choice::ByHand, Choice::Later];

/// The shortest reason for a waiver, in characters.
const REASON_LENGTH: usize = 10;

/// How long a waiver holds unless the publisher says otherwise, in days; and at most.
const WAIVER_DAYS: (i64, i64) = (90, 366);

impl Choice {
    /// Its name.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Waive => "Waive",
            Self::Attest => "Attest",
            Self::ByHand => "By hand",
            Self::Later => "Later",
        }
    }

    /// What it does.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Apply => "put its changes into the plan",
            Self::Waive => "leave it, with a reason and an end date",
            Self::Attest => "confirm it with your name",
            Self::ByHand => "do it yourself; shows how",
            Self::Later => "leave it open for now",
        }
    }

    /// Why it cannot be chosen for the selected guideline; `None` when it can.
    pub(crate) fn why_not(self, model: &Model) -> Option<String> {
        let guideline = model.guideline()?;
        let status = model.findings.get(&guideline.id).map(|finding| finding.status);
        match self {
            Self::Apply => model.why_not_apply(guideline),
            Self::Attest if status != Some(Status::Attest) => Some("there is nothing to confirm".into()),
            _ => None,
        }
    }
}

/// Opens the dialog on the first choice that is possible, or on the one that was made.
pub(super) fn open(model: &mut Model) {
    let made = model.selected.as_deref().and_then(|id| model.decision(id)).map(|decision| match decision {
        Decision::Apply => 0,
        Decision::Waive { .. } => 1,
        Decision::Attest { .. } => 2,
        Decision::ByHand => 3,
        Decision::Later => 4,
    });
    let natural = [Choice::Apply, Choice::Attest, Choice::ByHand]
        .into_iter()
        .find(|choice| choice.why_not(model).is_none())
        .and_then(|choice| CHOICES.iter().position(|other| *other == choice));
    let selected = made.or(natural).unwrap_or(0);
    model.overlays.push(Overlay::Choices { selected, top: 0 });
}

/// Starts going through what is undecided.
pub(super) fn guide(model: &mut Model) -> Vec<Effect> {
    model.guiding = true;
    let here = model.guideline().filter(|guideline| model.standing(&guideline.id).is_open());
    let target = here.or_else(|| model.next_open()).map(|guideline| guideline.id.clone());
    let effects = select(model, target);
    open(model);
    effects
}

/// Chooses the remedy of the selected guideline, or takes the choice back.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.selected.clone() else { return Vec::new() };
    if model.decision(&id) == Some(&Decision::Apply) {
        model.playbook.decisions.remove(&id);
        notice(model, false, format!("{id} is open again."));
    } else {
        model.playbook.decisions.insert(id.clone(), Decision::Apply);
        notice(model, false, format!("{id} is in the plan. Press r to look at the whole plan."));
    }
    vec![save(model)]
}

/// Chooses every remedy that can be chosen.
pub(super) fn choose_all(model: &mut Model) -> Vec<Effect> {
    let ids: Vec<String> = model.mendable().map(|guideline| guideline.id.clone()).collect();
    let count = words::plural(ids.len(), "more guideline");
    model.playbook.decisions.extend(ids.into_iter().map(|id| (id, Decision::Apply)));
    notice(model, false, format!("{count} chosen. Press r to look at the whole plan."));
    vec![save(model)]
}

/// Takes the selected row of the dialog.
pub(super) fn choose(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Choices { selected, .. }) = model.overlays.last() else { return Vec::new() };
    let Some(choice) = CHOICES.get(*selected).copied() else { return Vec::new() };
    if let Some(reason) = choice.why_not(model) {
        not_now(model, &reason);
        return Vec::new();
    }
    match choice {
        Choice::Apply => return decided(model, Decision::Apply),
        Choice::Later => return decided(model, Decision::Later),
        Choice::ByHand => model.overlays.push(Overlay::ByHand { top: 0 }),
        Choice::Waive => {
            let (reason, until, by) = match model.selected.as_deref().and_then(|id| model.decision(id)) {
                Some(Decision::Waive { reason, until, by }) => (reason.clone(), *until, by.clone()),
                _ => (String::new(), default_end(model.today), model.publisher.clone()),
            };
            let fields = vec![
                field("Reason", "why it may stay as it is, for the reviewer", &reason),
                field("Until", "the last day it holds, as YYYY-MM-DD; at most a year", &until.to_string()),
                field("By", "your name", &by),
            ];
            model.overlays.push(Overlay::Form(Form { purpose: Purpose::Waive, fields, focus: 0, error: None, top: 0 }));
        }
        Choice::Attest => {
            let (by, note) = match model.selected.as_deref().and_then(|id| model.decision(id)) {
                Some(Decision::Attest { by, note }) => (by.clone(), note.clone()),
                _ => (model.publisher.clone(), String::new()),
            };
            let fields = vec![
                field("Your name", "who confirms it", &by),
                field("Note", "such as a ticket number; may be empty", &note),
            ];
            model.overlays.push(Overlay::Form(Form {
                purpose: Purpose::Attest,
                fields,
                focus: 0,
                error: None,
                top: 0,
            }));
        }
    }
    Vec::new()
}

/// Takes a form that has been filled in, or goes to its next field.
pub(super) fn submit(model: &mut Model) -> Vec<Effect> {
    let today = model.today;
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return Vec::new() };
    if form.focus + 1 < form.fields.len() {
        form.focus += 1;
        return Vec::new();
    }
    match decision(form, today) {
        Ok(decision) => decided(model, decision),
        Err((place, error)) => {
            form.focus = place;
            form.error = Some(error);
            Vec::new()
        }
    }
}

/// The decision a form stands for, or which field is wrong and why.
fn decision(form: &Form, today: Date) -> Result<Decision, (usize, String)> {
    let text = |place: usize| form.fields.get(place).map(|field| field.input.trimmed()).unwrap_or_default();
    let name = |place: usize| {
        let name = text(place);
        if name.is_empty() { Err((place, "a name is needed".to_owned())) } else { Ok(name) }
    };
    match form.purpose {
        Purpose::Attest => Ok(Decision::Attest { by: name(0)?, note: text(1) }),
        Purpose::Waive => {
            let reason = text(0);
            if reason.chars().count() < REASON_LENGTH {
                return Err((0, format!("a reason of at least {REASON_LENGTH} characters is needed")));
            }
            let until: Date =
                text(1).parse().map_err(|_| (1, "write the day as YYYY-MM-DD, such as 2027-01-31".to_owned()))?;
            let last = today.checked_add(WAIVER_DAYS.1.days()).unwrap_or(today);
            if until < today {
                return Err((1, format!("that day is past; today is {today}")));
            }
            if until > last {
                return Err((1, format!("at most a year ahead: {last}")));
            }
            Ok(Decision::Waive { reason, until, by: name(2)? })
        }
    }
}

/// Notes a decision about the selected guideline; goes on to the next one when guiding.
pub(super) fn decided(model: &mut Model, decision: Decision) -> Vec<Effect> {
    model.overlays.clear();
    let Some(id) = model.selected.clone() else { return Vec::new() };
    if let Decision::Waive { by, .. } | Decision::Attest { by, .. } = &decision {
        model.publisher.clone_from(by);
    }
    let word = match &decision {
        Decision::Apply => "its changes are in the plan",
        Decision::Waive { .. } => "waived",
        Decision::Attest { .. } => "attested",
        Decision::ByHand => "to be done by hand",
        Decision::Later => "left open for now",
    };
    notice(model, false, format!("{id}: {word}."));
    model.playbook.decisions.insert(id, decision);
    let mut effects = Vec::new();
    if model.guiding {
        match model.next_open().map(|guideline| guideline.id.clone()) {
            Some(next) => {
                effects = select(model, Some(next));
                open(model);
            }
            None => keys::all_decided(model),
        }
    }
    effects.push(save(model));
    effects
}

fn default_end(today: Date) -> Date {
    today.checked_add(WAIVER_DAYS.0.days()).unwrap_or(today)
}

fn field(label: &'static str, hint: &str, text: &str) -> Field {
    Field { label, hint: hint.into(), input: Input::new(text) }
}
