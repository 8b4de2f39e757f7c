//! How the next user comes in: after a first boot, with what the image brings and the launch gives.

use super::{By, Root, Way, Ways, others};
use crate::check::own::{buyer_key, host_keys_at_first_boot, key_login, sshd_at_boot, sudo_rights};
use crate::check::{Finding, Status};
use crate::image::{Error, Image};

/// What the next user can count on in `image`.
pub(super) fn ways(image: &Image) -> Ways {
    let mut ways = Ways::default();
    let judged: Vec<Finding> =
        [buyer_key::check, key_login::check, host_keys_at_first_boot::check, sshd_at_boot::check]
            .into_iter()
            .map(|check| judge(check(image)))
            .collect();
    let is_in = judged.iter().all(|finding| matches!(finding.status, Status::Pass | Status::NotApplicable));
    let user = image.cloud_init().ok().and_then(|cloud_init| cloud_init.default_user().map(str::to_owned));
    if let Some(user) = user {
        let rights = judge(sudo_rights::check(image));
        let root = match rights.status {
            _ if user == "root" => Root::Is,
            Status::Pass => Root::Sudo,
            Status::Fail => Root::No,
            _ => Root::Unknown,
        };
        if rights.status == Status::Fail {
            ways.unclear.push(rights.summary);
        }
        if !judged.iter().any(|finding| finding.status == Status::Fail) {
            ways.list.push(Way { user, by: By::LaunchKey, root, is_sure: is_in });
        }
    }
    ways.unclear.extend(
        judged
            .into_iter()
            .filter(|finding| matches!(finding.status, Status::Fail | Status::Unknown))
            .map(|finding| finding.summary),
    );
    others::add(image, &mut ways);
    ways.list.retain(|way| way.by != By::Console);
    ways
}

/// A check that could not look is one that does not know.
fn judge(outcome: Result<Finding, Error>) -> Finding {
    outcome.unwrap_or_else(Finding::from)
}
