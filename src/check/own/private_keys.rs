//! SEC-03.

use crate::check::Finding;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image, context: &crate::check::Context) -> Result<Finding, Error> {
    let _ = (image, context);
    todo!()
}
