//! SSH-02: sets the option that decides in the image's OpenSSH.

use crate::change::Remedy;
use crate::change::fix::sshd::or_by_hand;
use crate::change::sshd_edit::set;
use crate::check::own::keyboard_interactive::keyword;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    or_by_hand(set(image, keyword(image)?, "no"))
}
