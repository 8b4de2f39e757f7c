//! SSH-05.

use crate::check::Finding;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let _ = (image);
    todo!()
}
