//! One directory of the search path as it was found: unit files, links, `.wants` and `.requires`, drop-ins.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::install::{Install, has_section};
use super::is_unit_name;
use crate::image::look::text_of;
use crate::image::{Error, Image, Kind, Reason};

/// The largest unit file that is read, in bytes; real ones have a few thousand.
const LARGEST: u64 = 1 << 20;

/// What stands under a unit's name in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    /// A unit file with its `[Install]` section.
    Regular(Install),
    /// Empty, or a link to something empty such as `/dev/null`.
    Masked,
    /// A link to this path inside the image, which holds this `[Install]` section where it is a file.
    Link(PathBuf, Option<Install>),
}

/// A link in a `.wants` or `.requires` directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) path: PathBuf,
    pub(super) name: String,
    /// The last component of where it points.
    pub(super) target: String,
}

/// One directory of the search path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) files: BTreeMap<String, File>,
    pub(super) wants: Vec<Wants>,
    /// The text of drop-ins, empty when they have no `[Install]` section: unit name, then file name.
    pub(super) drop_ins: BTreeMap<String, BTreeMap<String, String>>,
}

impl Directory {
    pub(super) fn read(image: &Image, path: &Path) -> Result<Self, Error> {
        let mut directory = Self { path: path.to_owned(), ..Self::default() };
        if image.stat(path)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            return Ok(directory);
        }
        for entry in image.list(path)? {
            let Some(name) = entry.name.to_str() else { continue };
            let here = path.join(name);
            match entry.kind {
                Kind::File | Kind::Symlink if is_unit_name(name) => {
                    if let Some(file) = file(image, &here, entry.kind)? {
                        directory.files.insert(name.to_owned(), file);
                    }
                }
                Kind::Directory | Kind::Symlink => match name.rsplit_once('.') {
                    Some((unit, "wants" | "requires" | "upholds")) if is_unit_name(unit) => {
                        directory.read_wants(image, &here)?;
                    }
                    Some((unit, "d")) if is_unit_name(unit) => directory.read_drop_ins(image, &here, unit)?,
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(directory)
    }

    fn read_wants(&mut self, image: &Image, path: &Path) -> Result<(), Error> {
        for entry in image.list(path)? {
            let Some(name) = entry.name.to_str().filter(|name| is_unit_name(name)) else { continue };
            let here = path.join(name);
            if let Some(target) = image.read_link(&here)?.as_deref().and_then(Path::file_name) {
                let target = target.to_string_lossy().into_owned();
                self.wants.push(Wants { path: here, name: name.to_owned(), target });
            }
        }
        Ok(())
    }

    fn read_drop_ins(&mut self, image: &Image, path: &Path, unit: &str) -> Result<(), Error> {
        for entry in image.list(path)? {
            let Some(name) =
                entry.name.to_str().filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "conf"))
            else {
                continue;
            };
            let here = path.join(name);
            if image.stat(&here)?.is_some_and(|meta| meta.kind == Kind::File) {
                // One without the section still hides a weaker one of its name.
                let text = Some(text(image, &here)?).filter(|text| has_section(text)).unwrap_or_default();
                self.drop_ins.entry(unit.to_owned()).or_default().insert(name.to_owned(), text);
            }
        }
        Ok(())
    }
}

fn file(image: &Image, path: &Path, kind: Kind) -> Result<Option<File>, Error> {
    if kind == Kind::File {
        let text = text(image, path)?;
        return Ok(Some(if text.is_empty() { File::Masked } else { File::Regular(Install::parse(&text)) }));
    }
    let Some(target) = image.read_link(path)? else { return Ok(None) };
    let target = lexical(&path.parent().unwrap_or(Path::new("/")).join(target));
    if target == Path::new("/dev/null") {
        return Ok(Some(File::Masked));
    }
    let meta = image.stat(path).ok().flatten();
    Ok(Some(match meta.filter(|meta| meta.kind == Kind::File) {
        Some(meta) if meta.size == 0 => File::Masked,
        Some(_) => File::Link(target, Some(Install::parse(&text(image, path)?))),
        None => File::Link(target, None),
    }))
}

/// The text of a unit file or drop-in, which is refused when it is larger than any real one.
fn text(image: &Image, path: &Path) -> Result<String, Error> {
    let bytes = image.read_start(path, LARGEST + 1)?.unwrap_or_default();
    if bytes.len() as u64 > LARGEST {
        return Err(Error { action: "read", path: path.to_owned(), reason: Reason::TooLarge(LARGEST) });
    }
    text_of(path, &bytes)
}

/// `path` with `.` and `..` taken out by their names alone.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_targets_are_made_absolute() {
        let lexical = |path| lexical(Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(lexical("/etc/systemd/system/../../../dev/null"), "/dev/null");
        assert_eq!(lexical("/a/./b/../c"), "/a/c");
        assert_eq!(lexical("/../.."), "/");
    }
}
