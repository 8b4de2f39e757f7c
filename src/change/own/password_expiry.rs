//! ACC-08: clears forced expiry.

use crate::change::Remedy;
use crate::check::Finding;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image, finding: &Finding, context: &crate::check::Context) -> Result<Remedy, Error> {
    let _ = (image, finding, context);
    todo!()
}
