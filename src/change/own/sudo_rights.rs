//! ACC-07: gives the default user sudo through cloud-init, which writes the rule at first boot.

use crate::change::Remedy;
use crate::change::fix::cloud_init::drop_in;
use crate::check::own::sudo_rights::has_sudo;
use crate::image::{Error, Image};

/// Mappings of several files are merged, so that the rest of `default_user` stays.
const RULE: &str = "system_info:\n  default_user:\n    sudo: [\"ALL=(ALL) NOPASSWD:ALL\"]\n";

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    if !has_sudo(image)? {
        return Ok(Remedy::ByHand("sudo is not installed; install its package.".to_owned()));
    }
    Ok(Remedy::Changes(drop_in(image, RULE)?))
}
