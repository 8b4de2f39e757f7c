//! SSH-05: closes in every `Match` block what SSH-01 to SSH-04 close for the server.

use crate::change::sshd_edit::set_in_matches;
use crate::change::{Remedy, fix};
use crate::check::own::match_blocks::watched;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    fix::sshd::one_after_another(image, watched(image)?, |drafted, (keyword, accepted, value)| {
        set_in_matches(drafted, keyword, value, accepted)
    })
}
