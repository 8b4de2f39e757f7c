//! Which files a configuration names: a key that a server is told to use is in use, whoever brought it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::layers;
use crate::image::{Image, Kind};

/// Where configurations of servers are.
const PLACES: [&str; 4] = ["etc", "usr/local/etc", "usr/lib/systemd/system", "lib/systemd/system"];

/// Limits of what is looked through: directories deep, files, bytes of each.
const DEEPEST: usize = 12;
const MOST_FILES: usize = 50_000;
const LONGEST: u64 = 1 << 20;

/// A file asked for: its path in the image, and in the system that it belongs to.
type Asked<'a> = (&'a Path, &'a Path);

/// Those of `paths` that a configuration of their own system names, or to which a link there leads.
pub(super) fn by_configuration<'a>(image: &Image, paths: impl Iterator<Item = &'a Path>) -> BTreeSet<PathBuf> {
    let mut systems: BTreeMap<Vec<PathBuf>, BTreeSet<Asked<'_>>> = BTreeMap::new();
    for path in paths {
        let layer = layers::root_of(image, path);
        let roots = layer.as_ref().map_or_else(|| vec!["/".into()], |layer| layers::beside(image, layer));
        let inner = layer.as_ref().map_or(path, |layer| layer.inner);
        systems.entry(roots).or_default().insert((path, inner));
    }
    let mut named = BTreeSet::new();
    for (roots, asked) in systems {
        let asked: Vec<Asked<'_>> = asked.into_iter().collect();
        match Search::new(&asked) {
            Some(search) => {
                let mut left = MOST_FILES;
                for place in roots.iter().flat_map(|root| PLACES.map(|place| root.join(place))) {
                    each(image, &place, DEEPEST, &mut left, &mut |path, kind| {
                        search.look(image, path, kind, &mut named);
                    });
                }
            }
            // What cannot be ruled out counts.
            None => named.extend(asked.iter().map(|(path, _)| path.to_path_buf())),
        }
    }
    named
}

/// The search for the paths of files, each in both forms that the merge of `/lib` into `/usr` gives it.
struct Search<'a> {
    asked: &'a [Asked<'a>],
    forms: AhoCorasick,
}

impl<'a> Search<'a> {
    /// `None` when there are too many.
    fn new(asked: &'a [Asked<'a>]) -> Option<Self> {
        let forms = asked.iter().flat_map(|(_, inner)| {
            let inner = inner.as_os_str().as_bytes();
            let other = inner.strip_prefix(b"/usr").map_or_else(|| [b"/usr", inner].concat(), <[u8]>::to_vec);
            [inner.to_vec(), other]
        });
        let forms = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms).ok()?;
        Some(Self { asked, forms })
    }

    /// Notes what the file or link at `path` names.
    fn look(&self, image: &Image, path: &Path, kind: Kind, named: &mut BTreeSet<PathBuf>) {
        if kind == Kind::Symlink {
            let target = image.real_path(path).unwrap_or_default();
            let there = self.asked.iter().filter(|(whole, inner)| target == *whole || target == *inner);
            named.extend(there.map(|(whole, _)| whole.to_path_buf()));
            return;
        }
        let text = image.read_start(path, LONGEST).ok().flatten().unwrap_or_default();
        let found = self.forms.find_iter(&text).filter(|found| is_named(&text, found.start(), found.end()));
        let asked = found.filter_map(|found| self.asked.get(found.pattern().as_usize() / 2));
        named.extend(asked.map(|(whole, _)| whole.to_path_buf()));
    }
}

/// Whether `text[start..end]` is a whole path, on a line that is no comment.
fn is_named(text: &[u8], start: usize, end: usize) -> bool {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    let before = text.get(..start).unwrap_or_default();
    let line = before.get(memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1)..).unwrap_or_default();
    let is_comment = matches!(line.trim_ascii_start().first(), Some(b'#' | b';'));
    !is_comment && !before.last().is_some_and(goes_on) && !text.get(end).is_some_and(goes_on)
}

/// Every regular file and link below `directory`, while `left` lasts.
fn each(image: &Image, directory: &Path, deep: usize, left: &mut usize, visit: &mut dyn FnMut(&Path, Kind)) {
    for entry in image.list(directory).unwrap_or_default() {
        let path = directory.join(&entry.name);
        match entry.kind {
            Kind::Directory if deep > 0 => each(image, &path, deep - 1, left, visit),
            Kind::File | Kind::Symlink if *left > 0 => {
                *left -= 1;
                visit(&path, entry.kind);
            }
            _ => {}
        }
    }
}
