//! Takes out the lines a finding observed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::image::{Error, Image, Node};

pub(in crate::change) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let mut dropped: BTreeMap<PathBuf, BTreeSet<u32>> = BTreeMap::new();
    for seen in &finding.observations {
        if let (Some(path), Some(line)) = (&seen.path, seen.line) {
            dropped.entry(image.real_path(path)?).or_default().insert(line);
        }
    }
    let mut changes = Vec::new();
    for (path, lines) in dropped {
        let before = image.node(&path)?;
        if let Some(after) = before.as_ref().and_then(|before| without(before, &lines)) {
            changes.push(Change::Path { path, before, after: Some(after), secret: false });
        }
    }
    if changes.is_empty() {
        return Ok(Remedy::ByHand("It stands on no line of its own; edit it by hand.".to_owned()));
    }
    Ok(Remedy::Changes(changes))
}

/// The same file without these lines; `None` for what is no file held in memory.
fn without(node: &Node, lines: &BTreeSet<u32>) -> Option<Node> {
    let mut number = 0;
    let kept = node.bytes()?.split_inclusive(|&byte| byte == b'\n').filter(|_| {
        number += 1;
        !lines.contains(&number)
    });
    Some(node.with_bytes(kept.collect::<Vec<_>>().concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Observation, Status};
    use crate::image::fixture::Fixture;

    #[test]
    fn the_lines_go_and_every_other_byte_stays() {
        let fixture = Fixture::debian();
        fixture.file("/etc/a", b"one\r\ntwo\xff\nthree\nfour").link("/etc/l", "a");
        let seen = [Observation::at("/etc/a").line(1), Observation::at("/etc/l").line(3), Observation::at("/etc/b")];
        let finding = Finding::new(Status::Fail, "x").seen(seen);
        let Remedy::Changes(changes) = remedy(&fixture.image(), &finding).unwrap() else { panic!("changes") };
        let [Change::Path { after: Some(after), .. }] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(after.bytes(), Some(&b"two\xff\nfour"[..]));
        let nothing = Finding::new(Status::Fail, "x").seen([Observation::at("/etc/a")]);
        assert!(matches!(remedy(&fixture.image(), &nothing).unwrap(), Remedy::ByHand(_)));
    }
}
