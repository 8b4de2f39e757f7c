//! Judging one guideline of the built-in catalogue, for tests.

use jiff::civil::date;

use super::{Context, Finding, judge};
use crate::catalogue::{Catalogue, Guideline};
use crate::image::Image;

/// The built-in guideline called `id`.
pub(crate) fn guideline(id: &str) -> Guideline {
    Catalogue::built_in().expect("the catalogue loads").get(id).expect("a known id").clone()
}

/// A frozen day and no sweep.
pub(crate) fn context() -> Context {
    Context { today: date(2026, 11, 22), sweep: None }
}

/// What the check of `id` says of `image`.
pub(crate) fn judged(image: &Image, id: &str) -> Finding {
    judge(image, &guideline(id), &context())
}
