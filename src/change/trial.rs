//! Trying one guideline's remedy on a drafted image, for tests.

use super::{Change, Remedy, remedy};
use crate::check::Status;
use crate::check::trial::{context, guideline, judged};
use crate::image::{Image, Overlay};

/// The remedy of `id` for what its check finds; `None` when there is nothing to mend.
pub(crate) fn remedy_of(image: &Image, id: &str) -> Option<Remedy> {
    let finding = judged(image, id);
    remedy(image, &guideline(id), &finding, &context()).expect("a remedy")
}

/// `image` after the remedy of the failing guideline `id`: it fails before, passes after, and has no remedy any more.
/// Every change says truly what was there before.
pub(crate) fn mended(image: &Image, id: &str) -> Image {
    let Some(Remedy::Changes(changes)) = remedy_of(image, id) else {
        panic!("{id} has no automatic remedy: {:?}", judged(image, id));
    };
    assert!(!changes.is_empty(), "{id} would change nothing");
    let mut overlay = Overlay::default();
    for change in changes {
        let Change::Path { path, before, after, .. } = change else { panic!("{id} would run a program") };
        assert_eq!(image.node(&path).expect("a look"), before, "{id}: {}", path.display());
        assert_ne!(before, after, "{id}: {}", path.display());
        overlay.put(path, after);
    }
    let after = image.drafted(overlay);
    let finding = judged(&after, id);
    assert_eq!(finding.status, Status::Pass, "{id} after its remedy: {finding:?}");
    assert_eq!(remedy_of(&after, id), None);
    after
}
