//! The ways in: how the publisher came, who gets in now and afterwards, and how the next user will.

use super::{Page, Role};
use crate::change::ways_in::{Access, Own, Way, Ways};
use crate::image::Mode;

/// Columns of the labels.
const LABEL: usize = 11;
/// How many ways are named under one label.
const NAMED: usize = 4;
/// How much of a fingerprint is shown, `SHA256:` included: enough to tell one's own keys apart.
const FINGERPRINT: usize = 19;

/// Who gets in, and what becomes of it with a plan carried out.
pub(super) fn ways_in(page: &mut Page, access: &Access, mode: Mode) {
    page.heading("Ways in");
    match &access.own {
        Some(own) => yours(page, access, own),
        None if mode == Mode::Live => page.labelled("You", LABEL, Role::Unknown, "how you came in could not be told"),
        None => {}
    }
    let is_own = |way: &&Way| access.own.as_ref().is_some_and(|own| is_same(&own.way, way));
    let lost: Vec<&Way> = access.lost().filter(|way| !is_own(way)).collect();
    let is_new = |way: &&Way| !access.now.list.iter().any(|other| is_same(other, way));
    let (new, stays): (Vec<&Way>, Vec<&Way>) = access.then.list.iter().filter(|way| !is_own(way)).partition(is_new);
    let no_more = access.now.list.is_empty() && access.then.list.is_empty();
    if no_more && access.own.is_none() {
        page.labelled("Now", LABEL, Role::Unknown, "none that could be found");
    }
    list(page, "Stays", Role::Text, &stays);
    list(page, "Goes", Role::Removed, &lost);
    list(page, "New", Role::Added, &new);
    doubts(page, &access.then);
    let next: Vec<&Way> = access.next.list.iter().collect();
    if next.is_empty() {
        page.labelled("Next user", LABEL, Role::Warning, "no way in that could be found");
    }
    list(page, "Next user", Role::Text, &next);
    doubts(page, &access.next);
}

/// The publisher's own way, and whether it stays.
fn yours(page: &mut Page, access: &Access, own: &Own) {
    let goes = access.lost().any(|way| is_same(way, &own.way));
    let (role, fate) = match &own.barred {
        Some(why) => (Role::Error, format!("is cut: {why}")),
        None if goes => (Role::Removed, "goes".to_owned()),
        None => (Role::Pass, "stays".to_owned()),
    };
    page.labelled("You", LABEL, role, &format!("{}; {fate}", short(&own.way)));
}

fn list(page: &mut Page, label: &str, role: Role, ways: &[&Way]) {
    for (place, way) in ways.iter().take(NAMED).enumerate() {
        page.labelled(if place == 0 { label } else { "" }, LABEL, role, &short(way));
    }
    if let Some(more) = ways.len().checked_sub(NAMED + 1) {
        page.labelled("", LABEL, Role::Dim, &format!("and {} more; `seaworthy facts access` lists them", more + 1));
    }
}

/// What shuts everybody out, or could not be found out.
fn doubts(page: &mut Page, ways: &Ways) {
    if let Some(sentence) = &ways.shut {
        page.labelled("", LABEL, Role::Warning, sentence);
    }
    for sentence in ways.unclear.iter().take(NAMED) {
        page.labelled("", LABEL, Role::Dim, sentence);
    }
}

fn is_same(one: &Way, other: &Way) -> bool {
    one.user == other.user && one.by == other.by
}

/// A way in a line, the fingerprint cut.
fn short(way: &Way) -> String {
    let whole = way.to_string();
    match way.by.fingerprint() {
        Some(fingerprint) if fingerprint.chars().count() > FINGERPRINT => {
            let cut: String = fingerprint.chars().take(FINGERPRINT).collect();
            whole.replace(fingerprint, &format!("{cut}…"))
        }
        _ => whole,
    }
}
