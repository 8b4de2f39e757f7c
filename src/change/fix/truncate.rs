//! Empties the files a finding observed; owner, mode and label stay.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::image::{Body, Error, FileNode, Image, Node};

pub(in crate::change) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let mut paths = BTreeSet::new();
    for path in finding.observations.iter().filter_map(|seen| seen.path.as_deref()) {
        paths.insert(image.real_path(path)?);
    }
    let mut changes = Vec::new();
    for path in paths {
        let before = image.node(&path)?;
        if let Some(after) = before.as_ref().and_then(emptied) {
            changes.push(Change::Path { path, before, after: Some(after), secret: false });
        }
    }
    Ok(Remedy::Changes(changes))
}

/// The same file with nothing in it; `None` for what is no file or empty already.
pub(in crate::change) fn emptied(node: &Node) -> Option<Node> {
    let Node::File(file) = node else { return None };
    let empty = Body::Bytes(Arc::from([]));
    (file.body != empty).then(|| Node::File(FileNode { body: empty, ..file.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Observation, Status};
    use crate::image::fixture::Fixture;

    #[test]
    fn files_are_emptied_and_keep_their_mode_and_nothing_else_is_touched() {
        let fixture = Fixture::debian();
        fixture.file("/var/log/a", "text").mode("/var/log/a", 0o640).file("/var/log/b", "").link("/var/log/c", "a");
        let seen = ["/var/log/a", "/var/log/b", "/var/log/c", "/var/log", "/missing"].map(Observation::at);
        let finding = Finding::new(Status::Fail, "x").seen(seen);
        let Remedy::Changes(changes) = remedy(&fixture.image(), &finding).unwrap() else { panic!("changes") };
        let [Change::Path { path, after: Some(Node::File(file)), .. }] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!((path.to_str().unwrap(), file.mode), ("/var/log/a", 0o640));
        assert_eq!(file.body, Body::Bytes(Arc::from([])));
    }
}
