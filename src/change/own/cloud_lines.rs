//! Edits of cloud-init's YAML files that touch only the lines they mean.

use std::collections::BTreeMap;
use std::path::Path;

use crate::change::{Change, Remedy};
use crate::check::cloud_lines::{KeyLine, keys};
use crate::image::{Error, Image};

/// What becomes of a key's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::change) enum Edit {
    /// It goes, with the block below it.
    Remove,
    /// It gets this value; what followed on the line (a comment) stays.
    Set(&'static str),
}

/// The change of the file `path` where `choose` says of each key what becomes of it; `None` when nothing does.
///
/// # Errors
/// `Ok(Err(remedy))` says why a person must do it.
pub(in crate::change) fn edit(
    image: &Image,
    path: &Path,
    choose: impl Fn(&KeyLine) -> Option<Edit>,
) -> Result<Result<Option<Change>, Remedy>, Error> {
    let path = image.real_path(path)?;
    let Some(before) = image.node(&path)? else { return Ok(Ok(None)) };
    let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return Ok(Err(by_hand(&path, "is no text of a size that can be edited")));
    };
    let mut edits = BTreeMap::new();
    for key in keys(text) {
        let Some(edit) = choose(&key) else { continue };
        if key.opens_item && edit == Edit::Remove {
            return Ok(Err(by_hand(&path, "has the key on the first line of a list's item")));
        }
        edits.insert(key.line, (key, edit));
    }
    if edits.is_empty() {
        return Ok(Ok(None));
    }
    let Some(edited) = rewritten(text, &edits) else {
        return Ok(Err(by_hand(&path, "does not write the value in a way that can be replaced")));
    };
    let after = before.with_bytes(edited.into_bytes());
    Ok(Ok(Some(Change::Path { path, before: Some(before), after: Some(after), secret: true })))
}

fn by_hand(path: &Path, why: &str) -> Remedy {
    Remedy::ByHand(format!("{} {why}.", crate::image::text::path(path)))
}

fn rewritten(text: &str, edits: &BTreeMap<u32, (KeyLine, Edit)>) -> Option<String> {
    let mut edited = String::with_capacity(text.len());
    let mut gone: Option<usize> = None;
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        if let Some(column) = gone {
            let body = line.trim_start_matches(' ');
            let indent = line.len() - body.len();
            let is_item = body.starts_with("- ") && indent == column;
            if body.trim().is_empty() || indent > column || is_item {
                continue;
            }
            gone = None;
        }
        match edits.get(&number) {
            None => edited.push_str(line),
            Some((key, Edit::Remove)) => gone = Some(key.indent),
            Some((key, Edit::Set(value))) => {
                // The value is replaced where it stands, behind the key's colon.
                let (head, rest) = line.split_once(':')?;
                let (space, tail) = rest.split_once(key.value.as_str()).filter(|_| !key.value.is_empty())?;
                edited.extend([head, ":", space, value, tail]);
            }
        }
    }
    Some(edited)
}
