//! A run at work: how far it is, and what it has done, the newest last.

use super::super::draw::Sheet;
use crate::image::text;
use crate::wizard::layout::Area;
use crate::wizard::page::{Page, Role};
use crate::wizard::{Task, Working, words};

/// Draws the progress and the end of the log.
pub(super) fn draw(working: &Working, area: Area, sheet: &mut Sheet<'_>) {
    let width = usize::from(area.width);
    let mut page = Page::new(width);
    page.line(&[(
        Role::Title,
        match working.task {
            Task::Apply => "Carrying out the plan",
            Task::Undo => "Taking back",
            Task::Finish => "Finishing the interrupted run",
        },
    )]);
    page.gap();
    page.bar(working.number.saturating_sub(1), working.of.max(1));
    let now = if working.number == 0 {
        "Writing the journal first, so that everything can be taken back …".to_owned()
    } else {
        format!("{} of {}: {}", working.number, working.of, working.id)
    };
    page.prose(Role::Text, 0, &now);
    page.prose(Role::Dim, 0, "If the connection is lost now, the next start offers to finish or to take back.");
    page.gap();
    let room = usize::from(area.height).saturating_sub(page.len() + 1);
    sheet.page(area, &page, 0);
    let top = area.y + u16::try_from(page.len()).unwrap_or(0);
    let skip = working.log.len().saturating_sub(room);
    for (line, y) in working.log.iter().skip(skip).zip(top..area.y + area.height) {
        sheet.text(area.x, y, area.width, Role::Dim, &words::fit(&text::visible(line), width));
    }
    sheet.cursor = Some((area.x, area.y));
}
