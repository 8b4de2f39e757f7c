//! The help: every key that works here, and what the signs mean.

use super::{Page, Role};
use crate::wizard::action::{self, Action, Binding, Place};
use crate::wizard::model::Model;
use crate::wizard::standing::STANDINGS;
use crate::wizard::words;

/// The help for the place under it.
pub(crate) fn page(model: &Model, place: Place, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(&[(Role::Heading, "Keys")]);
    // Of no interest where no run waits.
    let is_idle = |binding: &&Binding| binding.action == Action::Login && model.pending.is_none();
    for binding in action::at(place).filter(|binding| !is_idle(binding)) {
        let keys = keys(binding);
        page.labelled(&keys, 16, Role::Text, binding.help);
        if let Some(reason) = action::why_not(model, place, binding.action) {
            page.prose(Role::Dim, 16, &format!("Not now: {}.", reason.trim_end_matches('.')));
        }
    }
    if place == Place::Hub {
        page.heading("Signs");
        for standing in STANDINGS {
            page.line(&[
                (standing.role(), &words::pad(&format!("{} {}", standing.glyph(), standing.word()), 16)),
                (Role::Text, standing.meaning()),
            ]);
        }
    }
    page
}

/// The keys of a binding: `↑ k`.
pub(crate) fn keys(binding: &Binding) -> String {
    binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
