//! Does a second login work? The question, and the line that keeps it in mind.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::{Page, Role};
use crate::wizard::action::{self, Action};
use crate::wizard::key::Key;
use crate::wizard::message::Waiting;
use crate::wizard::model::Model;
use crate::wizard::words;

/// The text of the dialog.
pub(crate) fn page(model: &Model, waiting: &Waiting, width: usize) -> Page {
    let mut page = Page::new(width);
    page.prose(Role::Text, 0, &format!("Run {} touched a way in.", waiting.run));
    page.gap();
    if waiting.is_second {
        page.prose(Role::Text, 0, "You came in after it: a login works. Try sudo as well; if that works too, press y.");
    } else {
        page.prose(
            Role::Accent,
            0,
            "Open a second login now from your machine, and leave this one open. If it works, and sudo works there, \
             press y.",
        );
    }
    page.gap();
    match left(model, waiting) {
        Some(left) => page.labelled("Time left", 11, Role::Warning, &left),
        None => page.labelled("Time left", 11, Role::Error, "none: it is being taken back"),
    }
    let at = waiting.until.strftime("%H:%M:%S UTC");
    page.labelled(
        "",
        11,
        Role::Dim,
        &format!("At {at} the run is taken back by itself, also when this connection drops."),
    );
    page
}

/// `1 min 47 s`; `None` when the time is over.
fn left(model: &Model, waiting: &Waiting) -> Option<String> {
    let left = waiting.left(model.now);
    (!left.is_zero()).then(|| words::left(Duration::try_from(left).unwrap_or_default()))
}

/// The line that is there until the question is answered, in `width` columns.
pub(crate) fn line(model: &Model, width: usize) -> Option<(Role, String)> {
    let waiting = model.pending.as_ref()?;
    let Some(left) = left(model, waiting) else {
        return Some((
            Role::Error,
            words::fit("Nobody confirmed a second login: the last run is being taken back", width),
        ));
    };
    let key = match action::action(action::place(model), Key::Char('l')) {
        Some(Action::Login) => " (l asks)",
        _ => "",
    };
    let long = format!("Second login not confirmed; the run is taken back in {left}{key}");
    let text = if long.width() > width { format!("Second login: {left} left{key}") } else { long };
    Some((Role::Warning, words::fit(&text, width)))
}
