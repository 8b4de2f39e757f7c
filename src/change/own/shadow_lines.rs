//! Edits of fields in the colon-separated account files: every byte that is not meant stays.

use std::path::Path;

use crate::change::Change;
use crate::image::{Error, Image};

/// The change of the account file `path` where `edit` is called with each line's number (from 1) and its fields and
/// says whether it changed them. `None` when nothing is to be changed. The change is secret.
pub(super) fn edit(
    image: &Image,
    path: &str,
    mut edit: impl FnMut(u32, &mut Vec<Vec<u8>>) -> bool,
) -> Result<Option<Change>, Error> {
    let path = image.real_path(Path::new(path))?;
    let Some(before) = image.node(&path)? else { return Ok(None) };
    let Some(bytes) = before.bytes() else {
        return Err(Error::malformed("edit", path, "it is no regular file, or too large to be edited"));
    };
    let mut edited = Vec::with_capacity(bytes.len());
    let mut changed = false;
    for (number, line) in (1u32..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let (text, end) = match line.strip_suffix(b"\n") {
            Some(text) => (text, b"\n".as_slice()),
            None => (line, b"".as_slice()),
        };
        let mut fields: Vec<Vec<u8>> = text.split(|&byte| byte == b':').map(<[u8]>::to_vec).collect();
        changed |= edit(number, &mut fields);
        edited.extend(fields.join(&b':'));
        edited.extend(end);
    }
    let after = before.with_bytes(edited);
    Ok(changed.then_some(Change::Path { path, before: Some(before), after: Some(after), secret: true }))
}
