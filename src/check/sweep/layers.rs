//! Other systems' roots inside the image: layers of containers, containers of LXC and LXD, chroots, snapshots.
//!
//! What lies in one is judged by its path there: `/var/lib/docker/overlay2/ID/diff/etc/app.conf` is a setting as
//! `/etc/app.conf` is. Whiteouts and opaque directories of the layers are no regular files and need nothing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::files::FileKind;
use super::rules::Rules;
use crate::image::{Image, Kind};

pub(super) mod known;
#[cfg(test)]
mod tests;

/// Where a file lies in another system's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) struct Layer<'p> {
    /// The root.
    pub(in crate::check) root: &'p Path,
    /// The path in it, which begins with `/`.
    pub(in crate::check) inner: &'p Path,
    /// The directory that holds this layer beside those it lies on, and what comes between the layer's name and its root.
    pub(super) store: Option<(&'p Path, &'static str)>,
}

/// What follows a name in a path that roots are known by.
#[derive(Clone, Copy)]
enum Step {
    /// This name.
    Is(&'static str),
    /// Any name.
    Any,
}
use Step::{Any, Is};

/// The ways roots are kept; each begins after the name that is matched, and ends with the root. The stores of layers are
/// those of Docker (`overlay2`, `aufs`, `vfs`, …), containers-storage (Podman, Buildah, CRI-O) and containerd, wherever
/// they were put.
fn kept(before: &[u8], name: &[u8]) -> &'static [&'static [Step]] {
    match name {
        b"overlay2" | b"fuse-overlayfs" => &[&[Any, Is("diff")]],
        b"overlay" => &[&[Any, Is("diff")], &[Any, Is("root")], &[Any, Is("upper")]],
        b"aufs" => &[&[Is("diff"), Any]],
        b"vfs" => &[&[Is("dir"), Any]],
        b"btrfs" => &[&[Is("subvolumes"), Any]],
        b"zfs" => &[&[Is("graph"), Any]],
        b"snapshots" if before == b"io.containerd.snapshotter.v1.native" => &[&[Any]],
        b"snapshots" => &[&[Any, Is("fs")], &[Any, Is("localhost")]],
        b"storage-pools" => &[
            &[Any, Is("containers"), Any, Is("rootfs")],
            &[Any, Is("images"), Any, Is("rootfs")],
            &[Any, Is("containers-snapshots"), Any, Any, Is("rootfs")],
        ],
        b"lxd" | b"incus" => &[&[Is("containers"), Any, Is("rootfs")]],
        b"lxc" => &[&[Any, Is("rootfs")]],
        b"machines" if before == b"lib" => &[&[Any]],
        b"flatpak" => {
            &[&[Is("app"), Any, Any, Any, Any, Is("files")], &[Is("runtime"), Any, Any, Any, Any, Is("files")]]
        }
        b"ostree" => &[&[Is("deploy"), Any, Is("deploy"), Any]],
        b".snapshots" => &[&[Any, Is("snapshot")]],
        _ => &[],
    }
}

/// How deep a root may lie in another one.
const DEEPEST: usize = 4;

/// The innermost root that `path` lies in, as far as paths alone tell.
pub(in crate::check) fn layer(path: &Path) -> Option<Layer<'_>> {
    let bytes = path.as_os_str().as_bytes();
    let (mut found, mut from) = (None, 0);
    for _ in 0..DEEPEST {
        let Some(next) = outermost(bytes, from) else { break };
        from = next.root;
        found = Some(next);
    }
    let Bounds { root, store } = found?;
    let at = |end: usize| bytes.get(..end).map(|bytes| Path::new(OsStr::from_bytes(bytes)));
    let inner = Path::new(OsStr::from_bytes(bytes.get(root..)?));
    let store = match store {
        Some((end, tail)) => at(end).map(|directory| (directory, tail)),
        None => None,
    };
    Some(Layer { root: at(root)?, inner, store })
}

/// Where a root's path ends, and that of the store it is in.
struct Bounds {
    root: usize,
    store: Option<(usize, &'static str)>,
}

/// The first root in `path[from..]`, in which something lies.
fn outermost(path: &[u8], from: usize) -> Option<Bounds> {
    let mut before: &[u8] = b"";
    let mut names = names(path, from);
    while let Some((name, end)) = names.next() {
        for steps in kept(before, name) {
            let mut rest = names.clone();
            let fits = |step: &Step| match (step, rest.next()?) {
                (Is(wanted), (name, end)) => (name == wanted.as_bytes()).then_some(end),
                (Any, (_, end)) => Some(end),
            };
            let ends: Option<Vec<usize>> = steps.iter().map(fits).collect();
            let Some(&root) = ends.as_ref().and_then(|ends| ends.last()) else { continue };
            if rest.next().is_none() {
                continue;
            }
            let store = match (steps, ends.as_deref()) {
                ([Any, Is(tail)], _) => Some((end, *tail)),
                ([Any], _) => Some((end, "")),
                ([Is(_), Any], Some([directory, _])) => Some((*directory, "")),
                _ => None,
            };
            return Some(Bounds { root, store });
        }
        before = name;
    }
    None
}

/// The names in `path[from..]`, each with where it ends.
fn names(path: &[u8], from: usize) -> impl Iterator<Item = (&[u8], usize)> + Clone {
    let mut at = from;
    std::iter::from_fn(move || {
        let start = at + 1;
        let rest = path.get(start..).filter(|rest| !rest.is_empty())?;
        at = start + memchr::memchr(b'/', rest).unwrap_or(rest.len());
        Some((path.get(start..at)?, at))
    })
}

/// What `path` is where it lies: in the innermost root that paths alone tell of.
pub(in crate::check) fn inner(path: &Path) -> &Path {
    layer(path).map_or(path, |layer| layer.inner)
}

/// Whether the file at `path`, which begins with `head`, is what a container engine keeps of a container or its image:
/// JSON with the environment and the commands that were given, as a text or in a database.
fn is_engine_state(path: &Path, head: &[u8]) -> bool {
    let bytes = path.as_os_str().as_bytes();
    let has = |part: &str| memchr::memmem::find(bytes, part.as_bytes()).is_some();
    let is_text = match path.file_name().map(OsStr::as_bytes) {
        Some(b"bolt_state.db" | b"db.sql") if has("/libpod/") => return true,
        Some(b"meta.db") if has("/io.containerd.metadata.v1.bolt/") => return true,
        Some(b"config.v2.json" | b"hostconfig.json") => has("/containers/"),
        Some(b"config.json" | b"buildah.json") => has("-containers/") && has("/userdata/"),
        Some(b"containers.json" | b"volatile-containers.json") => has("-containers/"),
        Some(b"backup.yaml") => has("/containers/") || has("/virtual-machines/"),
        Some([b'=', ..]) => has("-images/"),
        Some(_) => has("/imagedb/content/sha256/") || has("/io.containerd.content.v1.content/blobs/sha256/"),
        None => false,
    };
    is_text && memchr::memchr(0, head).is_none()
}

/// Directories whose name begins a path that counts in another system's root.
const TOP: [&[u8]; 7] = [b"etc", b"home", b"opt", b"root", b"srv", b"usr", b"var"];

/// Finds roots by what lies in them, too: chroots have no place of their own. Remembers the last answers.
#[derive(Debug, Default)]
pub(super) struct Roots {
    known: Vec<(PathBuf, bool)>,
}

/// How many answers are remembered.
const REMEMBERED: usize = 16;

impl Roots {
    /// What sort of text the file at `path` is where it lies, which begins with `head`; `None` when it is not looked
    /// through. `homes` are directories of accounts.
    pub(super) fn kind(&mut self, image: &Image, path: &Path, head: &[u8], homes: &[PathBuf]) -> Option<FileKind> {
        if is_engine_state(path, head) {
            return Some(FileKind::Settings);
        }
        let inner = self.find(image, path).map_or(path, |layer| layer.inner);
        Rules::built_in()?.files.kind(inner, head, homes)
    }

    /// The root that the file at `path` lies in, when that is another than the image's. A chroot is told only for what
    /// lies below a directory that settings are looked for in.
    fn find<'p>(&mut self, image: &Image, path: &'p Path) -> Option<Layer<'p>> {
        if let Some(layer) = layer(path) {
            return Some(layer);
        }
        let bytes = path.as_os_str().as_bytes();
        let mut start = 0;
        for (name, end) in names(bytes, 0) {
            if start > 0 && end < bytes.len() && TOP.contains(&name) {
                let root = Path::new(OsStr::from_bytes(bytes.get(..start)?));
                if self.is_root(image, root) {
                    return Some(Layer { root, inner: Path::new(OsStr::from_bytes(bytes.get(start..)?)), store: None });
                }
            }
            start = end;
        }
        None
    }

    fn is_root(&mut self, image: &Image, path: &Path) -> bool {
        if let Some((_, answer)) = self.known.iter().find(|(known, _)| known == path) {
            return *answer;
        }
        let answer = is_root(image, path);
        if self.known.len() >= REMEMBERED {
            self.known.remove(0);
        }
        self.known.push((path.to_owned(), answer));
        answer
    }
}

/// The root that the file at `path` lies in, whatever its place there, when that is another than the image's.
pub(super) fn root_of<'p>(image: &Image, path: &'p Path) -> Option<Layer<'p>> {
    layer(path).or_else(|| {
        let bytes = path.as_os_str().as_bytes();
        let ends = names(bytes, 0).map(|(_, end)| end).filter(|end| *end < bytes.len());
        let mut layers = ends.filter_map(|end| {
            let (root, inner) = bytes.split_at_checked(end)?;
            let (root, inner) = (Path::new(OsStr::from_bytes(root)), Path::new(OsStr::from_bytes(inner)));
            is_root(image, root).then_some(Layer { root, inner, store: None })
        });
        layers.next()
    })
}

/// Whether a system's root is at `path`: accounts, and programs or packages.
fn is_root(image: &Image, path: &Path) -> bool {
    let is = |name: &str, kind: Kind| {
        image.lstat(&path.join(name)).is_ok_and(|meta| meta.is_some_and(|meta| meta.kind == kind))
    };
    is("etc/passwd", Kind::File) && (is("usr", Kind::Directory) || is("var/lib/dpkg", Kind::Directory))
}

/// The roots of every layer in the store that `layer` is in; its own alone where it needs no others.
pub(super) fn beside(image: &Image, layer: &Layer<'_>) -> Vec<PathBuf> {
    let Some((store, tail)) = layer.store else { return vec![layer.root.to_owned()] };
    let layers = image.list(store).unwrap_or_default();
    layers.into_iter().map(|entry| store.join(entry.name).join(tail)).collect()
}
