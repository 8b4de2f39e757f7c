//! What a key does.

use super::super::action::{self, Action, Place};
use super::super::input::Input;
use super::super::layout;
use super::super::message::Effect;
use super::super::model::{Model, Preview, Quit, Row};
use super::super::page;
use super::super::screen::{Overlay, Screen};
use super::super::{DiffView, Key, words};
use super::{decide, export, login, not_now, notice, preview_selected, quit, review, run, say, seal, select};
use crate::playbook::Decision;

/// Takes a key.
pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    model.awaited_diff = None;
    let place = action::place(model);
    if model.size.is_enough()
        && let Some(field) = field(model)
        && field.key(key)
    {
        return typed(model);
    }
    let Some(action) = action::action(place, key) else { return Vec::new() };
    if !model.size.is_enough() && !matches!(action, Action::Quit | Action::Redraw | Action::Plain | Action::Suspend) {
        return Vec::new();
    }
    if let Some(reason) = action::why_not(model, place, action) {
        not_now(model, &reason);
        return Vec::new();
    }
    act(model, place, action)
}

/// Takes pasted text: into a field, or nowhere.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match field(model) {
        Some(field) => {
            field.paste(text);
            typed(model)
        }
        None => Vec::new(),
    }
}

/// The field that has the cursor.
fn field(model: &mut Model) -> Option<&mut Input> {
    if model.overlays.is_empty() {
        return if matches!(model.screen(), Screen::Export) { export::field(model) } else { None };
    }
    match model.overlays.last_mut()? {
        Overlay::Filter(input) | Overlay::Search(input) => Some(input),
        Overlay::Form(form) => form.fields.get_mut(form.focus).map(|field| &mut field.input),
        Overlay::Confirm(confirm) => confirm.word.as_mut().map(|(_, input)| input),
        _ => None,
    }
}

/// A field has changed: what depends on it follows.
fn typed(model: &mut Model) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Filter(input)) => {
            model.filter = input.text();
            return keep_selection_in_sight(model);
        }
        Some(Overlay::Form(form)) => form.error = None,
        Some(_) => {}
        None => model.walk.error = None,
    }
    Vec::new()
}

fn act(model: &mut Model, place: Place, action: Action) -> Vec<Effect> {
    match action {
        Action::Up => return move_by(model, -1),
        Action::Down => return move_by(model, 1),
        Action::PageUp => return page_by(model, -1),
        Action::PageDown => return page_by(model, 1),
        Action::First => return move_by(model, isize::MIN / 2),
        Action::Last => return move_by(model, isize::MAX / 2),
        Action::Left => sideways(model, -8),
        Action::Right => sideways(model, 8),
        Action::OtherPane => model.in_details = !model.in_details,
        Action::Decide => decide::open(model),
        Action::Toggle => return decide::toggle(model),
        Action::ChooseAll => return decide::choose_all(model),
        Action::Diff => return diff(model),
        Action::Filter => model.overlays.push(Overlay::Filter(Input::new(&model.filter))),
        Action::NextOpen => {
            let next = model.next_open().map(|guideline| guideline.id.clone());
            return select(model, next);
        }
        Action::Guide => return decide::guide(model),
        Action::Review => return review(model),
        Action::Apply => run::ask(model),
        Action::Shred => run::shred(model),
        Action::Export => return export::open(model),
        Action::Seal => return seal::open(model),
        Action::Login => login::ask(model),
        Action::Works => return login::works(model),
        Action::TakeBackNow => return login::take_back(model),
        Action::UndoLast => run::ask_undo(model),
        Action::UndoThis => run::ask_undo_guideline(model),
        Action::CheckAgain => return run::check_again(model),
        Action::Pause => return run::pause(model),
        Action::Search => {
            if let Screen::Diff(view) = model.screen() {
                let input = Input::new(&view.needle);
                model.overlays.push(Overlay::Search(input));
            }
        }
        Action::NextMatch | Action::PreviousMatch | Action::NextFile | Action::PreviousFile => in_diff(model, action),
        Action::Accept => return accept(model),
        Action::Yes => return run::yes(model),
        Action::NextField => fields(model, true),
        Action::PreviousField => fields(model, false),
        Action::Next => return export::next(model),
        Action::Copy => return copy(model),
        Action::Finish => return run::finish(model),
        Action::TakeBack => return run::take_back(model),
        Action::Back => return back(model, place),
        Action::Help => model.overlays.push(Overlay::Help { top: 0 }),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Plain => return vec![Effect::Plain],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => return quit(model, Quit::Asked),
    }
    Vec::new()
}

fn accept(model: &mut Model) -> Vec<Effect> {
    match model.overlays.last() {
        Some(Overlay::Choices { .. }) => decide::choose(model),
        Some(Overlay::Form(_)) => decide::submit(model),
        Some(Overlay::ByHand { .. }) => decide::decided(model, Decision::ByHand),
        Some(Overlay::Confirm(_)) => run::button(model),
        Some(Overlay::Search(input)) => {
            let (text, height) = (input.text(), usize::from(model.size.body().height));
            model.overlays.pop();
            if let Some(Screen::Diff(view)) = model.screens.last_mut() {
                let found = view.search(&text, height);
                if !text.is_empty() {
                    notice(model, found == 0, format!("{} with “{text}”.", words::plural(found, "line")));
                }
            }
            Vec::new()
        }
        _ => {
            model.overlays.pop();
            Vec::new()
        }
    }
}

/// Closes the topmost thing.
fn back(model: &mut Model, place: Place) -> Vec<Effect> {
    if let Some(overlay) = model.overlays.pop() {
        match overlay {
            Overlay::Filter(_) => {
                model.filter.clear();
            }
            Overlay::Choices { .. } => model.guiding = false,
            _ => {}
        }
    } else if matches!(model.screen(), Screen::Export) {
        export::back(model);
    } else if place != Place::Hub && model.screens.len() > 1 {
        model.screens.pop();
    }
    Vec::new()
}

/// Opens the diff: of the plan, or of the selected guideline as soon as it is worked out.
pub(super) fn diff(model: &mut Model) -> Vec<Effect> {
    if let Screen::Review(review) = model.screen() {
        let files = review.planned.iter().flat_map(|planned| planned.steps.iter().flatten().cloned()).collect();
        model.screens.push(Screen::Diff(DiffView::new("The whole plan", files)));
        return Vec::new();
    }
    if let (Screen::Seal { .. }, Some(draft)) = (model.screen(), &model.sealing) {
        let files = draft.steps.iter().flatten().cloned().collect();
        model.screens.push(Screen::Diff(DiffView::new("Everything the seal changes", files)));
        return Vec::new();
    }
    let Some(guideline) = model.guideline() else { return Vec::new() };
    if let Some(reason) = model.why_not_apply(guideline) {
        not_now(model, &reason);
        return Vec::new();
    }
    if let Some(files) = model.previews.get(&guideline.id).and_then(Preview::changes) {
        let view = DiffView::new(format!("{}  {}", guideline.id, guideline.title), files.to_vec());
        model.overlays.clear();
        model.screens.push(Screen::Diff(view));
        Vec::new()
    } else {
        model.awaited_diff = Some(guideline.id.clone());
        notice(model, false, "The diff is being worked out; it opens when it is ready.");
        preview_selected(model)
    }
}

fn in_diff(model: &mut Model, action: Action) {
    let height = usize::from(model.size.body().height);
    if let Some(Screen::Diff(view)) = model.screens.last_mut() {
        match action {
            Action::NextMatch => view.go_to_found(true, height),
            Action::PreviousMatch => view.go_to_found(false, height),
            Action::NextFile => view.go_to_file(true, height),
            _ => view.go_to_file(false, height),
        }
    }
}

fn fields(model: &mut Model, forward: bool) {
    match model.overlays.last_mut() {
        Some(Overlay::Form(form)) => {
            let last = form.fields.len().saturating_sub(1);
            form.focus = if forward { (form.focus + 1).min(last) } else { form.focus.saturating_sub(1) };
        }
        Some(Overlay::Confirm(confirm)) => confirm.on_yes = !confirm.on_yes,
        Some(_) => {}
        None => {
            export::move_focus(model, forward);
        }
    }
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match (model.overlays.last(), model.screen()) {
        (Some(Overlay::ByHand { .. }), _) => model.guideline().map(|guideline| guideline.by_hand.clone()),
        (None, Screen::Export) => export::to_copy(model),
        _ => None,
    };
    notice(model, false, "Sent to the terminal; whether it reached your clipboard depends on it.");
    text.map(Effect::Copy).into_iter().collect()
}

fn page_height(model: &Model) -> isize {
    isize::try_from(model.size.body().height.saturating_sub(2)).unwrap_or(1)
}

fn moved(from: usize, by: isize, last: usize) -> usize {
    from.saturating_add_signed(by).min(last)
}

/// Moves the selection, or scrolls, whichever the keys are for.
fn move_by(model: &mut Model, by: isize) -> Vec<Effect> {
    let body = usize::from(model.size.body().height);
    let last = overlay_last(model);
    match model.overlays.last_mut() {
        Some(
            Overlay::Help { top }
            | Overlay::ByHand { top }
            | Overlay::SecondLogin { top }
            | Overlay::Message { top, .. },
        ) => {
            *top = moved(*top, by, last);
            return Vec::new();
        }
        Some(Overlay::Choices { selected, .. }) => {
            *selected = moved(*selected, by, decide::CHOICES.len() - 1);
            return Vec::new();
        }
        Some(_) => return Vec::new(),
        None => {}
    }
    if let Screen::Hub = model.screen() {
        return if model.in_details { scroll_details(model, by) } else { move_selection(model, by) };
    }
    if matches!(model.screen(), Screen::Export) && by.abs() == 1 && export::move_focus(model, by > 0) {
        return Vec::new();
    }
    let last = screen_last(model, body);
    match model.screens.last_mut() {
        Some(Screen::Diff(view)) => view.scroll(by, body),
        Some(Screen::Export) => model.walk.top = moved(model.walk.top, by, last),
        Some(Screen::Review(review)) => review.top = moved(review.top, by, last),
        Some(Screen::Result(outcome)) => outcome.top = moved(outcome.top, by, last),
        Some(Screen::Seal { top }) => *top = moved(*top, by, last),
        _ => {}
    }
    Vec::new()
}

/// Scrolls by screens. Where the arrows go between choices or fields, this scrolls the text above them.
fn page_by(model: &mut Model, pages: isize) -> Vec<Effect> {
    let by = pages * page_height(model);
    let last = overlay_last(model);
    match overlay_top(model) {
        Some(top) => {
            *top = moved(*top, by, last);
            Vec::new()
        }
        None => move_by(model, by),
    }
}

/// The first line shown of the topmost dialog.
fn overlay_top(model: &mut Model) -> Option<&mut usize> {
    match model.overlays.last_mut()? {
        Overlay::Help { top }
        | Overlay::ByHand { top }
        | Overlay::SecondLogin { top }
        | Overlay::Message { top, .. }
        | Overlay::Choices { top, .. } => Some(top),
        Overlay::Form(form) => Some(&mut form.top),
        Overlay::Confirm(confirm) => Some(&mut confirm.top),
        Overlay::Filter(_) | Overlay::Search(_) => None,
    }
}

fn sideways(model: &mut Model, by: isize) {
    if let Some(Screen::Diff(view)) = model.screens.last_mut() {
        view.left = moved(view.left, by, 10_000);
    }
}

/// The furthest the topmost overlay can be scrolled.
fn overlay_last(model: &Model) -> usize {
    page::dialog::dialog(model).map_or(0, |dialog| dialog.last_top(model.size))
}

/// The furthest the screen can be scrolled.
fn screen_last(model: &Model, height: usize) -> usize {
    let width = usize::from(layout::page(model.size).width);
    match model.screen() {
        Screen::Review(_) => page::review::page(model, width).last_top(height),
        Screen::Result(_) => page::result::page(model, width).last_top(height),
        Screen::Seal { .. } => page::seal::page(model, width).last_top(height),
        Screen::Export => page::export::last_top(model),
        _ => 0,
    }
}

fn details_last(model: &Model) -> usize {
    layout::hub(model.size, true)
        .details
        .map_or(0, |area| page::details::page(model, usize::from(area.width)).last_top(usize::from(area.height)))
}

fn scroll_details(model: &mut Model, by: isize) -> Vec<Effect> {
    model.details_top = moved(model.details_top, by, details_last(model));
    Vec::new()
}

fn move_selection(model: &mut Model, by: isize) -> Vec<Effect> {
    let rows: Vec<Row> = model.rows().into_iter().filter(|row| !matches!(row, Row::Phase { .. })).collect();
    let here = rows.iter().position(|row| model.is_selected(*row));
    let target = here.map_or(0, |here| moved(here, by, rows.len().saturating_sub(1)));
    match rows.get(target) {
        Some(Row::Guideline(place)) => {
            let id = model.catalogue.guidelines.get(*place).map(|guideline| guideline.id.clone());
            select(model, id)
        }
        Some(Row::Overview) => select(model, None),
        _ => Vec::new(),
    }
}

/// After the filter changed: the selected guideline stays if it is still listed, else the first one is selected.
fn keep_selection_in_sight(model: &mut Model) -> Vec<Effect> {
    let rows = model.rows();
    if rows.iter().any(|row| model.is_selected(*row)) {
        return Vec::new();
    }
    let first = rows.iter().find_map(|row| match row {
        Row::Guideline(place) => model.catalogue.guidelines.get(*place).map(|guideline| guideline.id.clone()),
        _ => None,
    });
    select(model, first)
}

/// After the size or a text changed: nothing stays scrolled past its end.
pub(super) fn clamp(model: &mut Model) {
    let body = usize::from(model.size.body().height);
    model.details_top = model.details_top.min(details_last(model));
    let (overlay, screen) = (overlay_last(model), screen_last(model, body));
    if let Some(top) = overlay_top(model) {
        *top = (*top).min(overlay);
    }
    match model.screens.last_mut() {
        Some(Screen::Diff(view)) => view.scroll(0, body),
        Some(Screen::Review(review)) => review.top = review.top.min(screen),
        Some(Screen::Result(outcome)) => outcome.top = outcome.top.min(screen),
        Some(Screen::Export) => model.walk.top = model.walk.top.min(screen),
        Some(Screen::Seal { top }) => *top = (*top).min(screen),
        _ => {}
    }
}

/// Says that everything is decided, and what comes next.
pub(super) fn all_decided(model: &mut Model) {
    model.guiding = false;
    let text = if model.chosen().is_empty() {
        "Nothing is left to decide. Press e to write the report."
    } else {
        "Nothing is left to decide. Press r to look at the whole plan; nothing is changed before you have seen it."
    };
    say(model, "Everything is decided", text);
}
