//! Where tools keep what they log in with, in the roots of other systems: the places that guidelines name for the image
//! itself, in each layer.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use super::super::Kind;
use super::super::scan::Secret;
use super::layer;
use crate::catalogue::{Catalogue, Check};
use crate::image::PathPattern;

/// The id of the rule.
pub(in super::super) const RULE: &str = "kept-credentials";

/// The guidelines whose places count: credentials of tools, of container engines, of Kubernetes.
const GUIDELINES: [&str; 3] = ["SEC-02", "SEC-06", "SEC-07"];

/// Patterns by what they begin with, so that few are tried for any path.
#[derive(Default)]
struct Places {
    /// By their first names; homes all begin with `~`.
    by_start: HashMap<PathBuf, Vec<(PathPattern, &'static str)>>,
    /// Those that begin with a wildcard.
    wild: Vec<(PathPattern, &'static str)>,
}

static PLACES: OnceLock<Places> = OnceLock::new();

/// What the file at `path` is by its place in a layer: where a tool keeps what it logs in with.
pub(in super::super) fn credentials(path: &Path) -> Option<Secret> {
    let inner = layer(path)?.inner;
    let place = in_home(inner).or_else(|| {
        let top = inner.strip_prefix("/").ok()?.components().next()?;
        [Component::Normal(OsStr::new("etc")), Component::Normal(OsStr::new("var"))]
            .contains(&top)
            .then(|| inner.into())
    })?;
    let id = PLACES.get_or_init(Places::of_the_catalogue).guideline(&place)?;
    let text = format!("a place where a tool keeps what it logs in with ({id})");
    Some(Secret { kind: Kind::Secret, rule: RULE, line: None, text })
}

/// `path` as `/~/REST` when it lies in a home and is hidden there, as all that tools keep is.
fn in_home(path: &Path) -> Option<PathBuf> {
    let mut names = path.strip_prefix("/").ok()?.components();
    match names.next()?.as_os_str().as_bytes() {
        b"root" => {}
        b"home" => {
            names.next()?;
        }
        _ => return None,
    }
    let rest = names.as_path();
    rest.as_os_str().as_bytes().starts_with(b".").then(|| Path::new("/~").join(rest))
}

impl Places {
    fn of_the_catalogue() -> Self {
        let mut places = Self::default();
        let Ok(catalogue) = Catalogue::built_in() else { return places };
        for id in GUIDELINES {
            let Some(Check::Absent(absent)) = catalogue.get(id).map(|guideline| &guideline.check) else { continue };
            for pattern in &absent.paths {
                let pattern = if pattern.starts_with('~') { format!("/{pattern}") } else { pattern.clone() };
                let compiled = (PathPattern::new(&pattern), id);
                let start = start(Path::new(&pattern));
                if start.as_os_str().as_bytes().iter().any(|byte| b"*?[{\\".contains(byte)) {
                    places.wild.push(compiled);
                } else {
                    places.by_start.entry(start).or_default().push(compiled);
                }
            }
        }
        places
    }

    /// The guideline that names `place`, or a directory that it lies in.
    fn guideline(&self, place: &Path) -> Option<&'static str> {
        let near = self.by_start.get(&start(place)).map(Vec::as_slice).unwrap_or_default();
        let mut fitting = near.iter().chain(&self.wild).filter(|(pattern, _)| {
            place.ancestors().filter(|above| above.components().count() > 2).any(|above| pattern.fits(above))
        });
        fitting.next().map(|(_, id)| *id)
    }
}

/// The first two names of an absolute path.
fn start(path: &Path) -> PathBuf {
    path.components().take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_tools_are_known_by_their_place_in_a_layer() {
        let base = "/var/lib/docker/overlay2/X/diff";
        let known = |path: &str| credentials(Path::new(&format!("{base}{path}"))).map(|found| found.text);
        for (path, id) in [
            ("/root/.netrc", "SEC-02"),
            ("/home/app/.config/gcloud/credentials.db", "SEC-02"),
            ("/home/app/.config/gcloud/legacy_credentials/a/adc.json", "SEC-02"),
            ("/root/.vault_pass.txt", "SEC-02"),
            ("/etc/postfix/sasl_passwd", "SEC-02"),
            ("/etc/docker/key.json", "SEC-06"),
            ("/root/.kube/config", "SEC-07"),
            ("/var/lib/kubelet/pki/kubelet.key", "SEC-07"),
        ] {
            assert!(known(path).expect(path).contains(id), "{path}");
        }
        for path in
            ["/root/.bashrc", "/root/netrc", "/usr/share/x/.netrc", "/etc/docker/daemon.json", "/srv/root/.netrc"]
        {
            assert_eq!(known(path), None, "{path}");
        }
        assert_eq!(credentials(Path::new("/root/.netrc")), None, "the image's own are the guideline's");
    }
}
