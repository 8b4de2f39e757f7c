//! SSH-10: removes lists of trusted hosts, and switches off logins that need no key of one's own.

use crate::change::sshd_edit::set_everywhere;
use crate::change::{Remedy, fix};
use crate::check::Finding;
use crate::check::own::host_trust::switched_on;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let mut lists = finding.clone();
    // A line is sshd's; a whole file is a list.
    lists.observations.retain(|seen| seen.line.is_none());
    let removed = match fix::remove::remedy(image, &lists)? {
        Remedy::Changes(changes) => changes,
        by_hand => return Ok(by_hand),
    };
    let keywords = switched_on(image)?.into_iter().map(|(keyword, _)| keyword);
    Ok(
        match fix::sshd::one_after_another(image, keywords, |drafted, keyword| set_everywhere(drafted, keyword, "no"))?
        {
            Remedy::Changes(edited) => Remedy::Changes(removed.into_iter().chain(edited).collect()),
            by_hand => by_hand,
        },
    )
}
