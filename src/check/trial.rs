//! Judging one guideline of the built-in catalogue, for tests.

use std::sync::{Arc, LazyLock};

use jiff::civil::date;

use super::{Context, Finding, judge, needs_sweep, sweep};
use crate::catalogue::{Catalogue, Guideline};
use crate::image::Image;
use crate::image::walk::Control;

/// The built-in guideline called `id`.
pub(crate) fn guideline(id: &str) -> Guideline {
    static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().expect("the catalogue loads"));
    BUILT_IN.get(id).expect("a known id").clone()
}

/// A frozen day and no sweep.
pub(crate) fn context() -> Context {
    Context::on(date(2026, 11, 22))
}

/// What the check of `id` says of a small Debian whose AMI is `ami`.
pub(crate) fn judged_ami(ami: crate::image::ami::Ami, id: &str) -> Finding {
    let fixture = crate::image::fixture::Fixture::debian();
    judge(&fixture.image(), &guideline(id), &Context { ami: Some(Arc::new(ami)), ..context() })
}

/// What the check of `id` says of `image`, which is swept when the check needs that.
pub(crate) fn judged(image: &Image, id: &str) -> Finding {
    let guideline = guideline(id);
    let sweep = needs_sweep(&guideline).then(|| Arc::new(sweep::sweep(image, &Control::new(), &|_| (), &|_| ())));
    judge(image, &guideline, &Context { sweep, ..context() })
}
