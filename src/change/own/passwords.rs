//! ACC-01 to ACC-03: replaces password fields by locks. Nothing else in the files is touched.
//!
//! The lock is `!*`, but `*` where sshd runs without PAM: it then refuses key logins to accounts whose field begins
//! with `!` (sshd(8), "account is locked").

use std::collections::BTreeSet;

use super::shadow_lines::edit;
use crate::change::Remedy;
use crate::check::Finding;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let seen: BTreeSet<(&str, u32)> =
        finding.observations.iter().filter_map(|seen| Some((seen.path.as_deref()?.to_str()?, seen.line?))).collect();
    let lock = user_lock(image);
    let shadowed: BTreeSet<&str> =
        image.accounts()?.users.iter().filter(|user| user.shadow.is_some()).map(|user| user.name.as_str()).collect();
    let mut changes = Vec::new();
    changes.extend(edit(image, "/etc/shadow", |line, fields| {
        seen.contains(&("/etc/shadow", line)) && replace(fields, lock)
    })?);
    changes.extend(edit(image, "/etc/passwd", |line, fields| {
        // `x` sends the reader to shadow; without a line there, a lock must stand here.
        let is_shadowed = fields.first().is_some_and(|name| shadowed.contains(&*String::from_utf8_lossy(name)));
        seen.contains(&("/etc/passwd", line)) && replace(fields, if is_shadowed { "x" } else { lock })
    })?);
    // A group's hash may stand in either file; the finding names one of them.
    let mut groups = BTreeSet::new();
    changes.extend(edit(image, "/etc/gshadow", |line, fields| {
        let meant = seen.contains(&("/etc/gshadow", line));
        groups.extend(meant.then(|| fields.first().cloned()).flatten());
        meant && replace(fields, "!")
    })?);
    changes.extend(edit(image, "/etc/group", |line, fields| {
        let in_gshadow = fields.first().is_some_and(|name| groups.contains(name));
        let meant = in_gshadow || seen.contains(&("/etc/group", line));
        meant && replace(fields, if in_gshadow { "x" } else { "!" })
    })?);
    Ok(Remedy::Changes(changes))
}

/// Puts `lock` into the second field, unless a lock or a reference to the other file is there already.
fn replace(fields: &mut [Vec<u8>], lock: &str) -> bool {
    let Some(field) = fields.get_mut(1) else { return false };
    let is_lock = !field.is_empty() && field.iter().all(|byte| matches!(byte, b'*' | b'!'));
    if is_lock || (lock == "x" && field == b"x") {
        return false;
    }
    *field = lock.as_bytes().to_vec();
    true
}

fn user_lock(image: &Image) -> &'static str {
    match image.sshd() {
        Ok(sshd) if sshd.main.is_none() || sshd.effective(None).value("usepam") == "yes" => "!*",
        // Without PAM, or when it is not known: the lock that never keeps a key out.
        _ => "*",
    }
}
