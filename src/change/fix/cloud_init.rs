//! Sets a top-level cloud-init key: in place where a line of its own decides it, else in a drop-in of our own.

use std::path::Path;

use super::put;
use crate::change::{Change, Remedy};
use crate::check::cloud_lines::keys;
use crate::image::{Error, Image, Node};

/// Read after what distributions and cloud-init itself put in the directory.
pub(in crate::change) const DROP_IN: &str = "/etc/cloud/cloud.cfg.d/99-seaworthy.cfg";

pub(in crate::change) fn remedy(image: &Image, key: &str, value: &str) -> Result<Remedy, Error> {
    Ok(Remedy::Changes(changes(image, key, value)?))
}

/// The change that gives the top-level `key` the YAML `value`; none when a line says so already.
pub(in crate::change) fn changes(image: &Image, key: &str, value: &str) -> Result<Vec<Change>, Error> {
    if let Some(origin) = image.cloud_init()?.origin(key)
        && let Some(change) = in_place(image, &origin.path, key, value)?
    {
        return Ok(vec![change]);
    }
    drop_in(image, &format!("{key}: {value}\n"))
}

/// The change that adds `text` to the drop-in; none when it ends with it already.
pub(in crate::change) fn drop_in(image: &Image, text: &str) -> Result<Vec<Change>, Error> {
    let path = image.real_path(Path::new(DROP_IN))?;
    let before = image.node(&path)?;
    let mut content = before.as_ref().and_then(Node::bytes).unwrap_or_default().to_vec();
    if content.ends_with(text.as_bytes()) {
        return Ok(Vec::new());
    }
    if content.is_empty() {
        content.extend(b"#cloud-config\n");
    } else if !content.ends_with(b"\n") {
        content.push(b'\n');
    }
    content.extend(text.as_bytes());
    let after = match &before {
        Some(node) => node.with_bytes(content),
        None => Node::new_file(content, 0o644),
    };
    let mut changes = Vec::new();
    put(image, &path, Some(after), &mut changes)?;
    Ok(changes)
}

/// The edit of the line that decides, when the value stands on it whole.
fn in_place(image: &Image, path: &Path, key: &str, value: &str) -> Result<Option<Change>, Error> {
    let path = image.real_path(path)?;
    let Some(before) = image.node(&path)? else { return Ok(None) };
    let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return Ok(None) };
    // The last of several lines with the same key is the one a YAML reader keeps.
    let all = keys(text);
    let Some(found) = all.iter().rfind(|found| found.is(&[key])) else { return Ok(None) };
    if found.value.is_empty() || found.value.starts_with(['|', '>', '&', '*', '!', '{', '[']) {
        return Ok(None);
    }
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let Some(index) = usize::try_from(found.line).ok().and_then(|line| line.checked_sub(1)) else { return Ok(None) };
    // A value may go on over lines that are indented further.
    let goes_on = lines.get(index + 1).is_some_and(|next| next.starts_with([' ', '\t']) && !next.trim().is_empty());
    let Some(line) = lines.get_mut(index).filter(|_| !goes_on) else { return Ok(None) };
    let Some((head, rest)) = line.split_once(':') else { return Ok(None) };
    let Some((space, tail)) = rest.split_once(found.value.as_str()) else { return Ok(None) };
    *line = format!("{head}:{space}{value}{tail}");
    let after = before.with_bytes(lines.concat().into_bytes());
    Ok((before != after).then_some(Change::Path { path, before: Some(before), after: Some(after), secret: false }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn after(fixture: &Fixture) -> (String, String) {
        let changes = changes(&fixture.image(), "ssh_deletekeys", "true").unwrap();
        let Some(Change::Path { path, after: Some(node), .. }) = changes.last() else { panic!("a change") };
        (path.display().to_string(), String::from_utf8(node.bytes().unwrap().to_vec()).unwrap())
    }

    #[test]
    fn a_line_of_its_own_is_edited_and_keeps_its_comment() {
        let fixture = Fixture::debian();
        fixture
            .cloud_init("admin")
            .file("/etc/cloud/cloud.cfg.d/10-a.cfg", "a: 1\nssh_deletekeys:   False  # why\nb: 2\n");
        let want = "a: 1\nssh_deletekeys:   true  # why\nb: 2\n";
        assert_eq!(after(&fixture), ("/etc/cloud/cloud.cfg.d/10-a.cfg".to_owned(), want.to_owned()));
    }

    #[test]
    fn what_nobody_sets_or_nobody_could_edit_goes_to_the_drop_in() {
        let fixture = Fixture::debian();
        fixture.cloud_init("admin");
        assert_eq!(after(&fixture), (DROP_IN.to_owned(), "#cloud-config\nssh_deletekeys: true\n".to_owned()));
        fixture.file("/etc/cloud/cloud.cfg.d/10-a.cfg", "{ssh_deletekeys: false}\n").file(DROP_IN, "locale: C");
        assert_eq!(after(&fixture).1, "locale: C\nssh_deletekeys: true\n");
    }
}
