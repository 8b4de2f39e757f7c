//! IDN-11: removes storage's names for the machine. Debian's iSCSI wants its file, with the word that has a name made.

use std::path::{Path, PathBuf};

use crate::change::Remedy;
use crate::change::fix::{put, remove};
use crate::check::Finding;
use crate::check::own::storage_ids::ISCSI;
use crate::image::{Error, Image, Node};

/// As Debian's open-iscsi delivers it.
const MADE_AT_START: &str = "# The name of this initiator is made at the first start of iscsid.\nGenerateName=yes\n";

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let mut paths: Vec<PathBuf> = finding.observations.iter().filter_map(|seen| seen.path.clone()).collect();
    let is_debian = image.os().is_ok_and(|os| os.is_like("debian") || os.is_like("ubuntu"));
    let keeps = is_debian && paths.iter().any(|path| path == Path::new(ISCSI));
    paths.retain(|path| !(keeps && path == Path::new(ISCSI)));
    let mut remedy = remove::all(image, &paths)?;
    if let (true, Remedy::Changes(changes)) = (keeps, &mut remedy) {
        let before = image.node(&image.real_place(Path::new(ISCSI))?)?;
        let after = before.as_ref().map_or_else(
            || Node::new_file(MADE_AT_START.as_bytes(), 0o600),
            |node| node.with_bytes(MADE_AT_START.as_bytes()),
        );
        put(image, Path::new(ISCSI), Some(after), changes)?;
    }
    Ok(remedy)
}
