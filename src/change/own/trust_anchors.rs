//! SSH-14: takes the lines out of sshd's files that let somebody else decide who gets in.

use crate::change::{Change, Remedy, fix};
use crate::check::own::trust_anchors;
use crate::check::{Finding, Observation};
use crate::image::{Error, Image};

/// A line that goes may leave another of its keyword to decide; more rounds than this are not worth it.
const ROUNDS: usize = 20;

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let sshd = image.sshd()?;
    let is_sshds = |seen: &Observation| seen.path.as_deref().is_some_and(|path| sshd.files().any(|file| file == path));
    if let Some(other) = finding.observations.iter().find(|seen| !is_sshds(seen)) {
        let place = other.path.as_deref().map_or_else(|| "a default".to_owned(), crate::image::text::path);
        let why =
            format!("It is not only sshd's own files that say so but {place}, where a mistake locks everybody out.");
        return Ok(Remedy::ByHand(why));
    }
    let mut overlay = image.overlay().clone();
    let mut finding = finding.clone();
    let mut whole: Vec<Change> = Vec::new();
    for _ in 0..ROUNDS {
        let drafted = image.drafted(overlay.clone());
        let changes = match fix::drop_lines::remedy(&drafted, &finding)? {
            Remedy::Changes(changes) => changes,
            by_hand => return Ok(by_hand),
        };
        for change in changes {
            let Change::Path { path, after: now, .. } = &change else { continue };
            overlay.put(path, now.clone());
            let known = whole.iter_mut().find(|known| matches!(known, Change::Path { path: of, .. } if of == path));
            match known {
                Some(Change::Path { after, .. }) => after.clone_from(now),
                _ => whole.push(change),
            }
        }
        finding = trust_anchors::check(&image.drafted(overlay.clone()))?;
        if finding.observations.is_empty() {
            break;
        }
    }
    Ok(Remedy::Changes(whole))
}
