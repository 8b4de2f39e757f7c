//! When a plan cuts a way in that must not go.

use super::{Access, Own, Way, Ways};
use crate::image::text::visible;

/// Why the plan that `access` is of must not be carried out on a running machine: nobody would get in, or become root, or
/// the publisher would not. One or two sentences with a way out.
///
/// What cannot be told from files counts as somebody who may well get in: it is never cut for nothing, and it is no proof
/// that somebody is left.
pub(super) fn cut(access: &Access) -> Option<String> {
    let Access { own, now, then, .. } = access;
    if let Some(own) = own
        && let Some(reason) = own_cut(own, now, then)
    {
        return Some(reason);
    }
    let last = now.sure().next().or_else(|| now.list.first());
    let of = last.map_or_else(String::new, |way| format!(" It takes away {way}, and no way in is left that is sure."));
    let why = then.shut.as_ref().filter(|_| then.shut != now.shut).map_or_else(String::new, |why| format!(" {why}"));
    let standing = |ways: &Ways| (ways.sure().next().is_some(), !ways.list.is_empty() || !ways.unclear.is_empty());
    match (standing(now), standing(then)) {
        ((true, _), (false, _)) | ((false, true), (false, false)) => {
            return Some(format!(
                "Nobody could log in any more.{of}{why} Put a key in first, for an account that may use it."
            ));
        }
        _ => {}
    }
    let rooted = |ways: &Ways| ways.sure().any(|way| way.root.is_sure());
    (rooted(now) && !rooted(then)).then(|| {
        let left = then.sure().next().map_or_else(String::new, |way| format!(" {way}."));
        format!("Nobody who logs in could become root any more.{left} Let sudo ask for no password first (ACC-07).")
    })
}

/// Why the publisher would not come back.
fn own_cut(own: &Own, now: &Ways, then: &Ways) -> Option<String> {
    let user = visible(&own.way.user);
    if let Some(barred) = &own.barred {
        return Some(format!(
            "{user}, as whom you came in, could not log in any more: {barred}. Let {user} in there first."
        ));
    }
    // Whoever came in through a door is proof that it works.
    let is_own = |way: &&Way| {
        let is_same_door = way.by.is_ssh() == own.way.by.is_ssh() && (way.by.is_ssh() || way.by == own.way.by);
        let is_same_key = own.way.by.fingerprint().is_some_and(|key| way.by.fingerprint() == Some(key));
        (way.user == own.way.user && is_same_door) || is_same_key
    };
    let known: Vec<&Way> = now.list.iter().filter(is_own).collect();
    let left: Vec<&Way> = then.list.iter().filter(is_own).collect();
    if known.is_empty() {
        return None;
    }
    if left.is_empty() {
        let other = then.sure().find(|way| way.root.is_sure()).map_or_else(
            || "Put a key in for it first.".to_owned(),
            |way| format!("Log in as {} first ({}), and apply it from there.", visible(&way.user), way.by),
        );
        return Some(format!("{user}, as whom you came in, could not log in any more by {}. {other}", own.way.by));
    }
    let is_rooted = |ways: &[&Way]| ways.iter().any(|way| way.root.is_sure());
    let root = left.first().map(|way| way.root)?;
    (is_rooted(&known) && !is_rooted(&left)).then(|| {
        format!("{user}, as whom you came in, {root}. Let sudo ask {user} for no password first (ACC-07), or log in as root.")
    })
}
