//! To come.

use crate::change::Remedy;
use crate::image::{Error, Image};

pub(in crate::change) fn remedy(image: &Image, key: &str, value: &str) -> Result<Remedy, Error> {
    let _ = (image, key, value);
    todo!()
}
