//! A run at work: how far it is, and what it has done, the newest last.

use super::super::draw::Sheet;
use crate::image::{Mode, text};
use crate::wizard::layout::Area;
use crate::wizard::page::{Page, Role, seal};
use crate::wizard::{Model, Task, Working, words};

/// Draws the progress and the end of the log.
pub(super) fn draw(model: &Model, working: &Working, area: Area, sheet: &mut Sheet<'_>) {
    let width = usize::from(area.width);
    let is_last_act = working.task == Task::Seal && model.subject.mode == Mode::Live;
    let mut page = Page::new(width);
    page.line(&[(
        Role::Title,
        match working.task {
            Task::Apply => "Carrying out the plan",
            Task::Undo => "Taking back",
            Task::Finish => "Finishing the interrupted run",
            Task::Seal => "Sealing",
        },
    )]);
    page.gap();
    page.bar(working.number.saturating_sub(1), working.of.max(1));
    let now = match working.number {
        0 if is_last_act => "Handing over to a process that outlives this session …".to_owned(),
        0 => "Writing the journal first, so that everything can be taken back …".to_owned(),
        number => format!("{number} of {}: {}", working.of, working.id),
    };
    page.prose(Role::Text, 0, &now);
    if is_last_act {
        page.prose(Role::Dim, 0, "It goes on by itself, also when the connection is lost.");
        page.gap();
        let instance = model.sealing.as_ref().and_then(|draft| draft.instance.as_ref());
        seal::afterwards(&mut page, model, instance);
    } else {
        page.prose(Role::Dim, 0, "If the connection is lost now, the next start offers to finish or to take back.");
    }
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
