//! How far the search for secrets is, in a line.

use unicode_width::UnicodeWidthStr;

use super::Role;
use crate::wizard::model::{Model, Survey};
use crate::wizard::words;

/// What is said of the search while it runs, in `width` columns; `None` before its first file and after its last.
pub(crate) fn line(model: &Model, width: usize) -> Option<(Role, String)> {
    let survey = &model.survey;
    let read = read(survey);
    let (role, long, short, rest, key) = match (survey.running, survey.paused) {
        (true, true) => (Role::Warning, "Search for secrets paused", "Search paused", String::new(), "p goes on"),
        (true, false) if survey.files > 0 => {
            let left = survey.left.map(|left| format!(", {} left", words::about(left))).unwrap_or_default();
            (Role::Accent, "Searching for secrets", "Searching", left, "p pauses")
        }
        _ => return None,
    };
    let whole = format!("{long}: {read}{rest} ({key})");
    Some((role, if whole.width() > width { words::fit(&format!("{short}: {read}{rest}"), width) } else { whole }))
}

/// `12 345 files, 1.2 GiB`.
pub(crate) fn read(survey: &Survey) -> String {
    let files = words::plural(usize::try_from(survey.files).unwrap_or(usize::MAX), "file");
    format!("{files}, {}", words::bytes(survey.bytes))
}
