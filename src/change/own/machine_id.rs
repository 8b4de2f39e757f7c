//! IDN-01: empties machine-id.

use std::path::Path;

use crate::change::fix::truncate::emptied;
use crate::change::{Change, Remedy};
use crate::check::own::machine_id::PATH;
use crate::image::{Error, Image};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let path = image.real_path(Path::new(PATH))?;
    let before = image.node(&path)?;
    let after = before.as_ref().and_then(emptied);
    Ok(Remedy::Changes(vec![Change::Path { path, before, after, secret: false }]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::own::tests::after;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_id_is_emptied_and_the_mode_stays() {
        let fixture = Fixture::debian();
        fixture.file(PATH, "0123456789abcdef0123456789abcdef\n").mode(PATH, 0o444);
        let draft = after(&fixture.image(), &remedy(&fixture.image()).unwrap());
        let meta = draft.lstat(Path::new(PATH)).unwrap().unwrap();
        assert_eq!((meta.size, meta.mode), (0, 0o444));
    }
}
