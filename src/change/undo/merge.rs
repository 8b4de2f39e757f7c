//! Three-way merge: what we wrote is the base, what is there now and what was there before are the two sides.

use crate::change::run::{Held, HeldBody, Move};
use crate::change::secret::is_secret;
use crate::change::state::State;
use crate::image::{BODY_LIMIT, Error, Node, text};

mod lines;

/// What came of a merge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Somebody removed it since: it stays removed.
    Gone,
    /// This, with these bytes where both sides changed the content.
    To(Box<Held>, Option<Vec<u8>>),
    /// Both sides changed the same place; the text shows it.
    Conflict(String),
}

/// Takes `step` out of what is there `now`, keeping what was edited since.
pub(super) fn merge(state: &State, step: &Move, now: Option<&Held>) -> Result<Merged, Error> {
    let conflict = |why: &str| Ok(Merged::Conflict(why.to_owned()));
    let (base, ours, theirs) = match (&step.to, now, &step.from) {
        (Some(base), Some(ours), Some(theirs)) => (base, ours, theirs),
        (Some(_), None, _) => return Ok(Merged::Gone),
        (Some(base), Some(ours), None) => return made(state, step, base, ours),
        (None, ..) => return conflict("something new is there since it was removed"),
    };
    let owner = three(&(base.uid, base.gid), &(ours.uid, ours.gid), &(theirs.uid, theirs.gid));
    let (Some(mode), Some((uid, gid))) = (three(&base.mode, &ours.mode, &theirs.mode), owner) else {
        return conflict("its mode or owner was changed since");
    };
    let held = |side: &Held| Held {
        mode,
        uid,
        gid,
        body: side.body.clone(),
        times: None,
        xattrs: None,
        links: side.links.clone(),
        is_sparse: side.is_sparse,
        stamp: None,
    };
    if ours.same_content(base) {
        return Ok(Merged::To(Box::new(held(theirs)), None));
    }
    if theirs.same_content(base) || ours.same_content(theirs) {
        return Ok(Merged::To(Box::new(held(ours)), None));
    }
    let is_text = |held: &Held| matches!(held.body, HeldBody::File { size, .. } if size <= BODY_LIMIT);
    if ![base, ours, theirs].iter().all(|held| is_text(held)) {
        return conflict("it was replaced since");
    }
    let bytes = |held: &Held| state.bytes(&held.body);
    let (base_text, ours_text, theirs_text) = (bytes(base)?, bytes(ours)?, bytes(theirs)?);
    if [&base_text, &ours_text, &theirs_text].iter().any(|text| text.contains(&0)) {
        return conflict("it was edited since, and is no text that could be merged");
    }
    match lines::merge(&base_text, &ours_text, &theirs_text) {
        Ok(merged) => Ok(Merged::To(Box::new(held(ours)), Some(merged))),
        // What somebody wrote there since may be a secret where there was none.
        Err(shown) if step.secret || is_a_secret(step, shown.as_bytes()) => conflict("its content is not shown"),
        Err(shown) => Ok(Merged::Conflict(shown.lines().map(|line| text::visible(line) + "\n").collect())),
    }
}

/// What a run made was edited since: what was written is shown.
fn made(state: &State, step: &Move, base: &Held, ours: &Held) -> Result<Merged, Error> {
    let mut conflict = "it did not exist before, and was edited since:".to_owned();
    let is_text = |held: &Held| matches!(held.body, HeldBody::File { size, .. } if size <= BODY_LIMIT);
    if is_text(base) && is_text(ours) && !step.secret {
        let (base, ours) = (state.bytes(&base.body)?, state.bytes(&ours.body)?);
        let is_shown = !base.contains(&0) && !ours.contains(&0) && !is_a_secret(step, &ours);
        if is_shown {
            conflict.push_str(&lines::since(&base, &ours));
        }
    }
    Ok(Merged::Conflict(conflict))
}

/// Whether the text may hold a secret.
fn is_a_secret(step: &Move, shown: &[u8]) -> bool {
    is_secret(&step.path.to_path(), Some(&Node::new_file(shown, 0o600)), None)
}

/// The value that one side changed, or both alike.
fn three<T: PartialEq + Clone>(base: &T, ours: &T, theirs: &T) -> Option<T> {
    if ours == base || ours == theirs {
        Some(theirs.clone())
    } else if theirs == base {
        Some(ours.clone())
    } else {
        None
    }
}
