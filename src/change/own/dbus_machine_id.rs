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
