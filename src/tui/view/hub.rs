//! The hub: the list on the left, what is said of the selected guideline on the right.
//!
//! ```text
//!  Harden                      3 of 12 │  SSH-04 · required · Harden
//! ▸ [!] fail     SSH-04 Root may not…  │  Root may not log in with a password
//!   [~] chosen   ACC-01 No empty pas…  │  …
//! ```

use super::super::draw::Sheet;
use crate::wizard::layout::{self, Area, Size};
use crate::wizard::page::{self, Role};
use crate::wizard::{Model, Row, Screen, words};

/// Draws both panes, or the one that has the keys.
pub(super) fn draw(model: &Model, size: Size, sheet: &mut Sheet<'_>) {
    let panes = layout::hub(size, model.in_details);
    if let Some(area) = panes.details {
        sheet.page(area, &page::details::page(model, usize::from(area.width)), model.details_top);
    }
    if let Some(area) = panes.list {
        list(model, area, sheet);
        if panes.details.is_some() {
            sheet.column(area.x + area.width, area.y, area.height);
        }
    }
    if model.in_details
        && let Some(area) = panes.details
    {
        sheet.cursor = Some((area.x, area.y));
    }
}

/// Whether the overview is in sight, which says how far the checks are.
pub(super) fn shows_overview(model: &Model, size: Size) -> bool {
    let has_room = layout::hub(size, model.in_details).details.is_some();
    matches!(model.screen(), Screen::Hub) && model.selected.is_none() && has_room
}

/// Joins the rules of the header and the foot with the one between the panes.
pub(super) fn junctions(model: &Model, size: Size, sheet: &mut Sheet<'_>) {
    let panes = layout::hub(size, model.in_details);
    if let (Some(list), Some(_)) = (panes.list, panes.details) {
        let x = list.x + list.width;
        sheet.text(x, list.y - 1, 1, Role::Border, "┬");
        sheet.text(x, list.y + list.height, 1, Role::Border, "┴");
    }
    if !model.filter.is_empty() {
        let text = format!(" filter: {} ", words::fit(&crate::image::text::visible(&model.filter), 20));
        sheet.text(1, 1, size.width / 3, Role::Match, &text);
    }
}

fn list(model: &Model, area: Area, sheet: &mut Sheet<'_>) {
    let rows = model.rows();
    if rows.is_empty() {
        sheet.text(area.x + 1, area.y, area.width - 1, Role::Dim, "Nothing matches the filter.");
        return;
    }
    let selected = rows.iter().position(|row| model.is_selected(*row)).unwrap_or(0);
    let height = usize::from(area.height);
    let first = layout::first_row(selected, rows.len(), height);
    for (row, y) in rows.iter().skip(first).zip(super::rows(area)) {
        draw_row(model, *row, area, y, sheet);
        if model.is_selected(*row) {
            let role = if model.in_details { Role::SelectedDim } else { Role::Selected };
            sheet.text(area.x, y, 1, Role::Accent, "▸");
            sheet.tint(area, y, role);
            sheet.cursor = Some((area.x, y));
        }
    }
}

fn draw_row(model: &Model, row: Row, area: Area, y: u16, sheet: &mut Sheet<'_>) {
    let (x, right) = (area.x + 1, area.x + area.width - 1);
    match row {
        Row::Overview => {
            sheet.text(x, y, area.width - 1, Role::Heading, "Overview");
        }
        Row::Phase { phase, settled, of } => {
            let count = if model.survey.running { format!("{of}") } else { format!("{settled} of {of}") };
            let start = sheet.right(right, y, Role::Dim, &count);
            sheet.text(x, y, start.saturating_sub(x + 1), Role::Heading, phase.title());
        }
        Row::Guideline(place) => {
            let Some(guideline) = model.catalogue.guidelines.get(place) else { return };
            let standing = model.standing(&guideline.id);
            let sign = words::pad(&format!("{} {}", standing.glyph(), standing.word()), 13);
            let at = sheet.text(x + 1, y, area.width - 2, standing.role(), &sign);
            let id = words::pad(&crate::image::text::visible(&guideline.id), 7);
            let at = sheet.text(at, y, right.saturating_sub(at), Role::Dim, &id);
            let room = right.saturating_sub(at);
            let title = words::fit(&crate::image::text::visible(&guideline.title), usize::from(room));
            sheet.text(at, y, room, Role::Text, &title);
        }
    }
}
