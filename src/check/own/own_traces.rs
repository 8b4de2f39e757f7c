//! FIN-01: nothing of this program stays on the image.

use std::collections::BTreeSet;
use std::path::Path;

use crate::check::kinds::swept::swept;
use crate::check::{Context, Finding, Status, places};
use crate::image::{Error, Image};

/// Where the program, its reports and its unfinished files may lie. `/run` is none of the image while it is live.
const TRACES: [&str; 10] = [
    "/usr/{bin,sbin,local/bin,local/sbin}/seaworthy",
    "/opt/seaworthy*",
    "/{tmp,var/tmp}/seaworthy*",
    "/var/lib/seaworthy",
    "/var/cache/seaworthy",
    "/etc/seaworthy",
    "~/seaworthy*",
    "~/{bin,.local/bin,.cargo/bin}/seaworthy",
    "~/{.config,.cache,.local/state,.local/share}/seaworthy",
    "/run/seaworthy",
];

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let patterns = TRACES.map(str::to_owned);
    let mut seen = Vec::new();
    let mut paths: BTreeSet<_> = places::matching(image, &patterns, &[])?.into_iter().collect();
    if let Some(sweep) = &context.sweep {
        let within = |path: &Path| path.ancestors().skip(1).any(|above| paths.contains(above));
        let more: Vec<_> = sweep.own.iter().filter(|path| !within(path)).cloned().collect();
        paths.extend(more);
    }
    for path in paths {
        if image.live().is_some() && path.starts_with(Path::new("/run")) {
            continue;
        }
        seen.extend(places::observed(image, &path)?);
    }
    if !seen.is_empty() {
        return Ok(Finding::new(Status::Fail, "The program or files of it are on the image.").seen(seen));
    }
    Ok(match swept(image, context) {
        Err(finding) => finding,
        Ok(_) => Finding::new(Status::Pass, "Nothing of Seaworthy is on the image."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_program_and_its_files_are_found() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "FIN-01").status, Status::Pass);
        for path in [
            "/usr/local/bin/seaworthy",
            "/home/admin/seaworthy-report.json",
            "/root/.local/state/seaworthy/x",
            "/opt/tools/seaworthy",
            "/etc/ssh/.sshd_config.20261122T154139Z-1.3~",
            "/etc/ssh/.sshd_config.20261122T154139Z-12.3b~",
        ] {
            let fixture = Fixture::debian();
            fixture.file(path, "x").mode(path, 0o755);
            assert_eq!(judged(&fixture.image(), "FIN-01").status, Status::Fail, "{path}");
        }
    }

    #[test]
    fn names_that_only_look_alike_are_none() {
        let fixture = Fixture::debian();
        for path in ["/etc/.x.swp~", "/etc/.a.b.3~", "/etc/x.20261122T154139Z-1.3~", "/srv/seaworthy/readme"] {
            fixture.file(path, "x");
        }
        assert_eq!(judged(&fixture.image(), "FIN-01").status, Status::Pass);
    }
}
