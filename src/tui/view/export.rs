//! The way of the report: its trail, its rows, its text, and the QR code of its digest.

use super::super::draw::Sheet;
use super::dialog;
use crate::report::handover::qr::{Code, QUIET};
use crate::wizard::layout::{self, Area, Size};
use crate::wizard::page::{Role, export};
use crate::wizard::{Model, Step, words};

/// The light border that is left where there is no room for a whole one; readers make do with it.
const NARROW: usize = 2;

/// Draws the step that is shown.
pub(super) fn draw(model: &Model, size: Size, ascii: bool, sheet: &mut Sheet<'_>) {
    sheet.line(1, 1, size.width.saturating_sub(1), &export::trail(model));
    let area = export::area(model, size);
    let step = export::sheet(model, usize::from(area.width));
    let (rows, text) = step.areas(area);
    sheet.page(text, &step.page, model.walk.top);
    sheet.cursor = Some((text.x, text.y));
    dialog::rows(&step.rows, rows, sheet);
    if model.walk.step == Step::Digest
        && let (_, Some(place)) = layout::digest(size)
        && let Some(exported) = model.walk.exported()
    {
        code(&exported.sha256, place, ascii, sheet);
    }
}

/// Draws the code of `digest` into `place`, or says how large a screen it needs.
fn code(digest: &str, place: Area, ascii: bool, sheet: &mut Sheet<'_>) {
    let fits = |code: &Code| {
        let side = u16::try_from(code.side()).unwrap_or(u16::MAX);
        let (columns, rows) = if ascii { (side.saturating_mul(2), side) } else { (side, side.div_ceil(2)) };
        columns <= place.width && rows <= place.height
    };
    let mut codes = [QUIET, NARROW].into_iter().filter_map(|quiet| Code::of(digest, quiet));
    match codes.find(fits) {
        Some(code) if ascii => modules(&code, place, sheet),
        Some(code) => {
            for (line, y) in code.half_blocks().iter().zip(super::rows(place)) {
                sheet.text(place.x, y, place.width, Role::Paper, line);
            }
        }
        None => {
            let needed = if ascii { "112×37" } else { "80×24" };
            let said = format!("A screen of {needed} shows a QR code.");
            sheet.text(place.x, place.y, place.width, Role::Dim, &words::fit(&said, usize::from(place.width)));
        }
    }
}

/// Two blanks for each module, light or dark by their ground alone.
fn modules(code: &Code, place: Area, sheet: &mut Sheet<'_>) {
    for (row, y) in code.rows().iter().zip(super::rows(place)) {
        let mut x = place.x;
        for dark in row {
            x = sheet.text(x, y, 2, if *dark { Role::Ink } else { Role::Paper }, "  ");
        }
    }
}
