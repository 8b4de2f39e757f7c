//! To come.

use crate::change::Remedy;
use crate::check::Finding;
use crate::image::{Error, Image};

pub(in crate::change) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let _ = (image, finding);
    todo!()
}
