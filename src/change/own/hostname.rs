//! IDN-04: empties the machine's name, gives mail a name that says nothing, takes out the lines of other files.

use std::collections::BTreeMap;
use std::path::Path;

use crate::change::fix::{drop_lines, truncate};
use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::check::own::hostname::{HOSTNAME, HOSTS, MAILNAME};
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
    changes.extend(hosts(image, &mut lines)?);
    if !lines.observations.is_empty() {
        match drop_lines::remedy(image, &lines)? {
            Remedy::Changes(more) => changes.extend(more),
            by_hand => return Ok(by_hand),
        }
    }
    Ok(Remedy::Changes(changes))
}

/// Takes the machine's names out of the lines of hosts(5) that have others, such as `localhost`, as well; those lines
/// are no longer in `finding` then.
fn hosts(image: &Image, finding: &mut Finding) -> Result<Option<Change>, Error> {
    let path = image.real_path(Path::new(HOSTS))?;
    let Some(before) = image.node(&path)? else { return Ok(None) };
    let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return Ok(None) };
    let stale: BTreeMap<u32, Vec<&str>> = finding
        .observations
        .iter()
        .filter(|seen| seen.path.as_deref() == Some(Path::new(HOSTS)))
        .filter_map(|seen| Some((seen.line?, seen.text.as_deref()?.split_whitespace().collect())))
        .collect();
    let kept = |(number, line): (u32, &str)| match stale.get(&number) {
        None => Some(line.to_owned()),
        Some(names) => without(line, names),
    };
    let lines: Vec<_> = (1..).zip(text.split_inclusive('\n')).map(kept).collect();
    if lines.iter().all(Option::is_some) && stale.is_empty() {
        return Ok(None);
    }
    finding.observations.retain(|seen| seen.path.as_deref() != Some(Path::new(HOSTS)));
    let after = before.with_bytes(lines.into_iter().flatten().collect::<String>().into_bytes());
    Ok((before != after).then_some(Change::Path { path, before: Some(before), after: Some(after), secret: false }))
}

/// The line without `names`; `None` when it has no other.
fn without(line: &str, names: &[&str]) -> Option<String> {
    let (code, comment) = line.find('#').and_then(|at| line.split_at_checked(at)).unwrap_or((line.trim_end(), "\n"));
    let mut words = code.split_whitespace().filter(|word| !names.contains(word));
    let address = words.next()?;
    let left: Vec<&str> = words.collect();
    let gap = if comment.starts_with('#') { " " } else { "" };
    (!left.is_empty()).then(|| format!("{address} {}{gap}{comment}", left.join(" ")))
}
