//! Trying one guideline's remedy on a drafted image, for tests.

use super::{Change, Remedy, remedy};
use crate::catalogue::{Catalogue, Guideline};
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

/// A guideline with nothing in its texts; `more` is further lines of TOML, its check among them.
pub(crate) fn plain(id: &str, phase: &str, more: &str) -> Guideline {
    let text = format!(
        "id = '{id}'\ntitle = 'T'\nseverity = 'required'\nphase = '{phase}'\nasks = 'a'\nwhy = 'w'\nby_hand = 'b'\n\
         danger = 'd'\nsources = []\n{more}\n"
    );
    toml::from_str(&text).unwrap()
}

/// Nothing may be at `path`; what is there is removed.
pub(crate) fn absent(id: &str, phase: &str, path: &str, more: &str) -> Guideline {
    plain(id, phase, &format!("{more}\ncheck = {{ absent = {{ paths = ['{path}'] }} }}\nfix = 'remove'"))
}

/// These and no others.
pub(crate) fn catalogue(guidelines: Vec<Guideline>) -> Catalogue {
    Catalogue { version: "test", sha256: String::new(), custom: false, guidelines }
}
