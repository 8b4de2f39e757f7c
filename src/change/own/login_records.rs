//! LOG-02: empties login records, removes their databases.

use crate::change::Remedy;
use crate::check::own::login_records::filled;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    super::logs::changes(image, filled(image)?)
}
