//! What a check saw: grouped by file, each with what would be done about it where much was seen.

use std::collections::HashMap;
use std::path::Path;

use super::{Page, Role};
use crate::catalogue::Guideline;
use crate::change::Left;
use crate::change::diff::FileDiff;
use crate::check::{Allowed, Observation, needs_sweep};
use crate::image::text;
use crate::wizard::model::{Model, Preview};
use crate::wizard::words;

/// The most places that are listed; the reports list more.
pub(super) const PLACES: usize = 100;

/// The most instructions that are said of one file.
const INSTRUCTIONS: usize = 3;

/// What would be done about a file.
#[derive(Default)]
pub(super) struct Remedy<'m> {
    change: Option<&'m FileDiff>,
    left: Vec<&'m Left>,
}

/// What would be done, by path.
pub(super) type Remedies<'m> = HashMap<&'m Path, Remedy<'m>>;

/// What would be done about each file that the sweep found; of other guidelines, the list of changes says it.
pub(super) fn remedies<'m>(model: &'m Model, guideline: &Guideline) -> Remedies<'m> {
    let mut remedies = Remedies::new();
    let (files, left) = match model.previews.get(&guideline.id).filter(|_| needs_sweep(guideline)) {
        Some(Preview::Changes(files)) => (files.as_slice(), [].as_slice()),
        Some(Preview::Part(files, left)) => (files.as_slice(), left.as_slice()),
        _ => return remedies,
    };
    for file in files {
        remedies.entry(&file.path).or_default().change = Some(file);
    }
    for left in left {
        remedies.entry(&left.path).or_default().left.push(left);
    }
    remedies
}

/// The first of `places` observations, those of one file together.
pub(super) fn seen(page: &mut Page, observations: &[Observation], places: usize, remedies: &Remedies<'_>) {
    let mut files: Vec<(Option<&Path>, Vec<&Observation>)> = Vec::new();
    let mut place_of: HashMap<&Path, usize> = HashMap::new();
    for observation in observations.iter().take(PLACES) {
        let path = observation.path.as_deref();
        let known = path.and_then(|path| place_of.get(path));
        if let Some((_, seen)) = known.and_then(|place| files.get_mut(*place)) {
            seen.push(observation);
        } else {
            place_of.extend(path.map(|path| (path, files.len())));
            files.push((path, vec![observation]));
        }
    }
    for (path, seen) in files {
        let Some(path) = path else {
            for fact in seen {
                page.point(Role::Text, 2, fact.text.as_deref().unwrap_or_default());
            }
            continue;
        };
        file(page, path, &seen);
        if let Some(remedy) = remedies.get(path) {
            done(page, path, remedy);
        }
    }
    if let Some(more) = places.checked_sub(PLACES + 1) {
        let more = words::plural(more + 1, "place");
        page.prose(Role::Dim, 2, &format!("… and {more} more; `seaworthy check --verbose` lists them."));
    }
}

/// What was seen in one file.
fn file(page: &mut Page, path: &Path, seen: &[&Observation]) {
    let columns = page.width().saturating_sub(2);
    page.prose(Role::Accent, 2, &words::middle(&text::path(path), columns * 2));
    for observation in seen {
        let line = observation.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let rule = observation.rule.as_deref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
        match &observation.text {
            Some(text) => {
                let text = text::visible(text.trim());
                page.prose(Role::Text, 4, &words::middle(&format!("{line}{text}{rule}"), columns * 4));
            }
            None if observation.line.is_some() => page.prose(Role::Text, 4, line.trim_end_matches(": ")),
            None => {}
        }
        if let Some(Allowed { reason, until, .. }) = &observation.allowed {
            page.prose(Role::Waived, 4, &format!("→ allowed until {until}: {reason}"));
        }
    }
}

/// What would be done about one file.
fn done(page: &mut Page, path: &Path, remedy: &Remedy<'_>) {
    if let Some(change) = remedy.change {
        page.prose(Role::Chosen, 4, &format!("→ {}", in_words(change)));
    }
    let place = text::path(path);
    for left in remedy.left.iter().take(INSTRUCTIONS) {
        // The file is named above.
        let what = left.what.strip_prefix(&place).unwrap_or(&left.what).trim_start_matches([',', ':', ' ']);
        page.prose(Role::Warning, 4, &format!("→ by hand: {what}"));
    }
    if let Some(more) = remedy.left.len().checked_sub(INSTRUCTIONS + 1) {
        page.prose(Role::Warning, 4, &format!("→ by hand: {} more in this file", more + 1));
    }
}

fn in_words(change: &FileDiff) -> String {
    match (change.added, change.removed) {
        _ if change.headline.starts_with("removed") => "the file is removed".to_owned(),
        (0, 1) => "the line is cut".to_owned(),
        (0, removed) if removed > 1 => format!("{removed} lines are cut"),
        (added, removed) if added + removed > 0 => format!("the file is edited: +{added} -{removed}"),
        _ => change.headline.clone(),
    }
}
