//! Draws the model. Changes nothing: the same model and size give the same screen.

mod dialog;
mod diff;
mod export;
mod hub;
mod work;

use ratatui::Frame;

use super::draw::{Sheet, to_ascii};
use super::theme::Theme;
use crate::image::text;
use crate::wizard::action::{self, Action};
use crate::wizard::layout::{Area, SMALLEST, Size, page as page_area};
use crate::wizard::page::{self, Role, export::verdict_word};
use crate::wizard::{Model, Overlay, Screen, words};

/// The look of a terminal: its theme, and whether it has only ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Colours and weights.
    pub theme: Theme,
    /// No character beyond ASCII.
    pub ascii: bool,
}

/// Draws `model` on the whole of `frame`.
pub fn view(model: &Model, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    let size = Size { width: area.width, height: area.height };
    let mut sheet = Sheet { buffer: frame.buffer_mut(), theme: &look.theme, cursor: None };
    if size.is_enough() {
        whole(model, size, look.ascii, &mut sheet);
    } else {
        too_small(size, &mut sheet, model.subject.practice);
    }
    let cursor = sheet.cursor;
    if look.ascii {
        to_ascii(frame.buffer_mut());
    }
    if let Some((x, y)) = cursor
        && x < area.width
        && y < area.height
    {
        frame.set_cursor_position((x, y));
    }
}

fn whole(model: &Model, size: Size, ascii: bool, sheet: &mut Sheet<'_>) {
    header(model, size, sheet);
    let area = page_area(size);
    let width = usize::from(area.width);
    match model.screen() {
        Screen::Hub => hub::draw(model, size, sheet),
        Screen::Diff(view) => diff::draw(view, size, sheet),
        Screen::Review(review) => sheet.page(area, &page::review::page(model, width), review.top),
        Screen::Working(working) => work::draw(model, working, area, sheet),
        Screen::Result(outcome) => sheet.page(area, &page::result::page(model, width), outcome.top),
        Screen::Export => export::draw(model, size, ascii, sheet),
        Screen::Seal { top } => sheet.page(area, &page::seal::page(model, width), *top),
        Screen::Recover(run) => sheet.page(area, &page::recover::page(model, run, width), 0),
    }
    foot(model, size, sheet);
    dialog::draw(model, size, sheet);
}

/// The first two rows: the program, the image, PRACTICE; on the right how it stands.
fn header(model: &Model, size: Size, sheet: &mut Sheet<'_>) {
    let right = if model.survey.running {
        let all = model.catalogue.guidelines.len();
        let word = if model.survey.paused { "paused at" } else { "checking" };
        (Role::Accent, format!("{word} {} of {all}", model.survey.judged.min(all)))
    } else {
        let open = model.open();
        let verdict = verdict_word(model.verdict());
        let role = page::overview::verdict_role(model.verdict());
        (role, if open > 0 { format!("{verdict} · {open} to decide") } else { verdict.to_owned() })
    };
    let edge = size.width.saturating_sub(1);
    let right_start = sheet.right(edge, 0, right.0, &right.1);
    let mut x = sheet.text(1, 0, 12, Role::Title, "seaworthy");
    if model.subject.practice {
        x = sheet.text(x + 1, 0, 10, Role::Practice, " PRACTICE ");
    }
    let name = match (&model.subject.os, model.subject.mode) {
        (Some(os), crate::image::Mode::Live) => format!("{os}, this machine"),
        (Some(os), crate::image::Mode::Offline) if model.subject.practice => os.clone(),
        (Some(os), crate::image::Mode::Offline) => format!("{os} at {}", model.subject.mount_point.display()),
        (None, _) => text::path(&model.subject.mount_point),
    };
    let room = right_start.saturating_sub(x + 3);
    sheet.text(x + 2, 0, room, Role::Dim, &words::fit(&text::visible(&name), usize::from(room)));
    sheet.rule(0, 1, size.width);
}

/// The last two rows: a rule, or what has just happened; the keys, or a line to type in.
fn foot(model: &Model, size: Size, sheet: &mut Sheet<'_>) {
    let (above, keys) = (size.height - 2, size.height - 1);
    sheet.rule(0, above, size.width);
    if matches!(model.screen(), Screen::Hub) {
        hub::junctions(model, size, sheet);
    }
    if let Some(notice) = &model.notice {
        let text = words::fit(&text::visible(&notice.text), usize::from(size.width.saturating_sub(6)));
        let role = if notice.bad { Role::Warning } else { Role::Accent };
        sheet.text(1, above, size.width, role, &format!(" {text} "));
    } else if !matches!(model.overlays.last(), Some(Overlay::SecondLogin { .. }))
        && let Some((role, text)) = page::login::line(model, usize::from(size.width.saturating_sub(4)))
    {
        sheet.text(1, above, size.width, role, &format!(" {text} "));
    } else if !hub::shows_overview(model, size)
        && let Some((role, text)) = page::search::line(model, usize::from(size.width.saturating_sub(4)))
    {
        sheet.text(1, above, size.width, role, &format!(" {text} "));
    }
    match model.overlays.last() {
        Some(Overlay::Filter(input)) => prompt(size, keys, sheet, "Filter", input, "Enter keeps it, Esc clears it"),
        Some(Overlay::Search(input)) => prompt(size, keys, sheet, "Search", input, "Enter searches, Esc goes back"),
        _ => {
            sheet.line(1, keys, size.width.saturating_sub(2), &hints(model, size.width.saturating_sub(2)));
        }
    }
}

fn prompt(size: Size, row: u16, sheet: &mut Sheet<'_>, label: &str, input: &crate::wizard::Input, hint: &str) {
    let x = sheet.text(1, row, 20, Role::Key, label) + 1;
    let start = sheet.right(size.width.saturating_sub(1), row, Role::Dim, hint);
    sheet.field(x, row, start.saturating_sub(x + 2), input, true);
}

/// The keys that work here, as many as fit; help and leaving are always among them.
pub(super) fn hints(model: &Model, width: u16) -> page::Line {
    let place = action::place(model);
    let mut first = Vec::new();
    let mut last = Vec::new();
    for binding in action::at(place).filter(|binding| !binding.label.is_empty()) {
        let Some(key) = binding.keys.first() else { continue };
        let possible = action::why_not(model, place, binding.action).is_none();
        let role = if possible { Role::Key } else { Role::Dim };
        let label = match binding.action {
            // Of no interest where there is nothing to pause or to confirm.
            Action::Pause | Action::Login if !possible => continue,
            Action::Pause if model.survey.paused => "resume",
            _ => binding.label,
        };
        let pieces = [(role, key.to_string()), (Role::Dim, format!(" {label}  "))];
        match binding.action {
            Action::Help | Action::Quit | Action::Back => last.push(pieces),
            _ => first.push(pieces),
        }
    }
    let length = |pieces: &[(Role, String); 2]| pieces.iter().map(|(_, text)| text.chars().count()).sum::<usize>();
    let mut left = usize::from(width + 2).saturating_sub(last.iter().map(length).sum());
    let mut line = Vec::new();
    for pieces in first {
        let Some(rest) = left.checked_sub(length(&pieces)) else { break };
        left = rest;
        line.extend(pieces);
    }
    line.extend(last.into_iter().flatten());
    line
}

fn too_small(size: Size, sheet: &mut Sheet<'_>, practice: bool) {
    let practice = if practice { "PRACTICE: " } else { "" };
    let text =
        format!("{practice}needs {}×{}, has {}×{}; q quits", SMALLEST.width, SMALLEST.height, size.width, size.height);
    let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    let text = words::fit(&text, usize::from(size.width));
    sheet.text(size.width.saturating_sub(width) / 2, size.height / 2, size.width, Role::Warning, &text);
}

/// An area of the wizard's arithmetic; here so that every screen spells it the same.
pub(super) fn rows(area: Area) -> std::ops::Range<u16> {
    area.y..area.y + area.height
}
