//! IDN-04: empties the machine's name, gives mail a name that says nothing, takes out the lines of other files.

use crate::change::fix::{drop_lines, truncate};
use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::check::own::hostname::{HOSTNAME, MAILNAME};
use crate::image::{Error, Image, Node};

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let mut lines = finding.clone();
    lines.observations.clear();
    let mut changes = Vec::new();
    for seen in &finding.observations {
        let Some(path) = seen.path.as_deref() else { continue };
        let empty: fn(&Node) -> Option<Node> = match path.to_str() {
            Some(HOSTNAME) => truncate::emptied,
            // A mail server that is told to take its name from an empty file does not start.
            Some(MAILNAME) => |node| Some(node.with_bytes(*b"localhost\n")),
            _ => {
                lines.observations.push(seen.clone());
                continue;
            }
        };
        let path = image.real_path(path)?;
        let before = image.node(&path)?;
        let after = before.as_ref().and_then(empty);
        changes.push(Change::Path { path, before, after, secret: false });
    }
    if !lines.observations.is_empty() {
        match drop_lines::remedy(image, &lines)? {
            Remedy::Changes(more) => changes.extend(more),
            by_hand @ Remedy::ByHand(_) => return Ok(by_hand),
        }
    }
    Ok(Remedy::Changes(changes))
}
