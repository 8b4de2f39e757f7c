//! IDN-02: makes the machine id of D-Bus a link to the one there is.

use std::path::Path;

use crate::change::fix::real;
use crate::change::{Change, Remedy};
use crate::check::own::dbus_machine_id::PATH;
use crate::check::own::machine_id;
use crate::image::{Error, Image, Node};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let path = real(image, Path::new(PATH))?;
    let before = image.node(&path)?;
    let after = Some(Node::new_link(machine_id::PATH));
    Ok(Remedy::Changes(vec![Change::Path { path, before, after, secret: false }]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::own::tests::after;
    use crate::image::fixture::Fixture;

    #[test]
    fn a_copy_becomes_a_link() {
        let fixture = Fixture::debian();
        fixture.file(PATH, "0123456789abcdef0123456789abcdef\n").file(machine_id::PATH, "");
        let draft = after(&fixture.image(), &remedy(&fixture.image()).unwrap());
        assert_eq!(draft.read_link(Path::new(PATH)).unwrap().as_deref(), Some(Path::new(machine_id::PATH)));
    }
}
