//! Dialogs, in a frame over the screen or as a screen of their own.

use super::super::draw::Sheet;
use crate::wizard::layout::{self, Area, Size};
use crate::wizard::page::Role;
use crate::wizard::page::dialog::{Dialog, Foot, dialog};
use crate::wizard::{Model, words};

/// Columns of the labels of fields.
const LABEL: u16 = 11;

/// Draws the topmost dialog, if there is one.
pub(super) fn draw(model: &Model, size: Size, sheet: &mut Sheet<'_>) {
    let Some(dialog) = dialog(model) else { return };
    let area = layout::dialog(size, dialog.rows());
    sheet.frame(area, &dialog.title);
    open(&dialog, area.inset(3, 1), sheet);
}

/// Draws a dialog without a frame: the text, scrolled, and its rows under it.
fn open(dialog: &Dialog, area: Area, sheet: &mut Sheet<'_>) {
    let foot = u16::try_from(dialog.foot.len()).unwrap_or(u16::MAX).min(area.height);
    let text = Area { height: area.height - foot, ..area };
    let height = text.height.min(u16::try_from(dialog.body.len()).unwrap_or(u16::MAX));
    let text = Area { height, ..text };
    sheet.page(text, &dialog.body, dialog.top);
    sheet.cursor = Some((area.x, area.y));
    // Where not even these fit, the row that has the keys stays in sight.
    let excess = dialog.foot.len().saturating_sub(usize::from(foot));
    let active = dialog.foot.iter().position(is_active).unwrap_or(0);
    for (row, y) in dialog.foot.iter().skip(excess.min(active)).zip(text.y + height..area.y + area.height) {
        draw_foot(row, area, y, sheet);
    }
}

/// Draws rows into `area`; where they do not all fit, the one that has the keys stays in sight.
pub(super) fn rows(rows: &[Foot], area: Area, sheet: &mut Sheet<'_>) {
    let excess = rows.len().saturating_sub(usize::from(area.height));
    let active = rows.iter().rposition(is_active).unwrap_or(0);
    let first = excess.min(active.saturating_sub(usize::from(area.height) / 2));
    for (row, y) in rows.iter().skip(first).zip(super::rows(area)) {
        draw_foot(row, area, y, sheet);
    }
}

fn is_active(row: &Foot) -> bool {
    matches!(row, Foot::Choice(_, true) | Foot::Field(_, _, true) | Foot::Buttons(..))
}

fn draw_foot(row: &Foot, area: Area, y: u16, sheet: &mut Sheet<'_>) {
    let Area { x, width, .. } = area;
    match row {
        Foot::Line(line) => {
            sheet.line(x, y, width, line);
        }
        Foot::Choice(line, selected) => {
            sheet.line(x + 2, y, width.saturating_sub(2), line);
            if *selected {
                sheet.text(x, y, 1, Role::Accent, "▸");
                sheet.tint(area, y, Role::Selected);
                sheet.cursor = Some((x, y));
            }
        }
        Foot::Field(label, input, active) => {
            let role = if *active { Role::Accent } else { Role::Dim };
            let at = if label.is_empty() {
                x
            } else {
                sheet.text(x, y, LABEL, role, &words::pad(label, usize::from(LABEL)))
            };
            sheet.field(at, y, (x + width).saturating_sub(at), input, *active);
        }
        Foot::Buttons(no, yes, on_yes) => {
            let mut at = x;
            for (text, chosen) in [(no, !on_yes), (yes, *on_yes)] {
                let button = if chosen { format!("▸[ {text} ]") } else { format!(" [ {text} ]") };
                let role = if chosen { Role::Selected } else { Role::Text };
                if chosen {
                    sheet.cursor = Some((at, y));
                }
                at = sheet.text(at, y, (x + width).saturating_sub(at), role, &button) + 2;
            }
            sheet.text(at, y, (x + width).saturating_sub(at), Role::Dim, "y answers yes");
        }
    }
}
