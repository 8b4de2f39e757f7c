//! ACC-08: clears forced changes, ages and end days in /etc/shadow of the accounts that were observed.

use std::collections::BTreeSet;
use std::path::Path;

use super::shadow_lines::edit;
use crate::change::Remedy;
use crate::check::own::password_expiry::days;
use crate::check::{Context, Finding};
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding, context: &Context) -> Result<Remedy, Error> {
    let lines: BTreeSet<u32> = finding
        .observations
        .iter()
        .filter(|seen| seen.path.as_deref() == Some(Path::new("/etc/shadow")))
        .filter_map(|seen| seen.line)
        .collect();
    let today = days(context.today).to_string();
    let change = edit(image, "/etc/shadow", |line, fields| {
        lines.contains(&line) && {
            // Fields from 1: 3 last change, 5 maximum age, 7 grace, 8 end of the account (shadow(5)).
            if let Some(changed) = fields.get_mut(2).filter(|field| field.as_slice() == b"0") {
                *changed = today.clone().into_bytes();
            }
            if let Some(max) = fields.get_mut(4) {
                *max = b"99999".to_vec();
            }
            for index in [6, 7] {
                fields.get_mut(index).map(Vec::clear);
            }
            true
        }
    })?;
    Ok(Remedy::Changes(change.into_iter().collect()))
}
