//! FIN-01: nothing of this program stays on the image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::kinds::swept::swept;
use crate::check::sweep::is_put_aside;
use crate::check::{Context, Finding, Status, places};
use crate::image::{Error, Image, Kind};

/// Where the program, its reports and its unfinished files may lie. `/run` is none of the image while it is live.
const TRACES: [&str; 11] = [
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
    "/{etc,run,usr/lib,usr/local/lib}/systemd/{system,user}/seaworthy*",
];

/// Where somebody puts a program that is in no package, under whatever name.
const PROGRAMS: [&str; 5] =
    ["/usr/local/{bin,sbin}/*", "/opt/{*,*/bin/*}", "~/*", "~/{bin,.local/bin}/*", "/{tmp,var/tmp,srv}/*"];

/// What a file called `.NAME.RUN.N~` is.
const ASIDE: &str = "the old or the new content of the file whose name it bears, put aside by a run that did not end";

/// What is said where a run left its files.
const INTERRUPTED: &str = "A run of Seaworthy was interrupted on this image and has left files beside those it was changing. \
                           Where it ran, `seaworthy undo --list` tells how far it came: finish it with `seaworthy apply \
                           --resume` or take it back with `seaworthy undo`. Elsewhere compare each with the file whose name it \
                           bears, keep the right one in place, and remove the other.";

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let patterns = TRACES.map(str::to_owned);
    let (mut seen, mut interrupted) = (Vec::new(), false);
    let mut paths: BTreeSet<_> = places::matching(image, &patterns, &[])?.into_iter().collect();
    if let Some(sweep) = &context.sweep {
        let within = |path: &Path| path.ancestors().skip(1).any(|above| paths.contains(above));
        let more: Vec<_> = sweep.own.iter().filter(|path| !within(path)).cloned().collect();
        paths.extend(more);
    }
    add_created(image, context, &mut paths)?;
    let mut unread = None;
    if let Some(audit) = &context.audit {
        for path in places::matching(image, &PROGRAMS.map(str::to_owned), &[])? {
            match audit.is_program(image, &path) {
                Ok(true) => _ = paths.insert(path),
                Ok(false) => {}
                Err(error) => _ = unread.get_or_insert(error),
            }
        }
    }
    for path in paths {
        if image.live().is_some() && path.starts_with(Path::new("/run")) {
            continue;
        }
        let is_aside = path.file_name().is_some_and(|name| is_put_aside(name.as_encoded_bytes()));
        let is_manifest =
            path == Path::new("/var/lib/seaworthy") && image.list(&path).is_ok_and(|list| !list.is_empty());
        interrupted |= is_aside || is_manifest;
        let observed = places::observed(image, &path)?;
        seen.extend(observed.map(|seen| if is_aside { seen.text(ASIDE) } else { seen }));
    }
    let clean = match (unread, swept(image, context)) {
        (Some(error), _) => error.into(),
        (None, Err(finding)) => finding,
        (None, Ok(_)) => Finding::new(Status::Pass, "Nothing of Seaworthy is on the image."),
    };
    let what = if interrupted {
        INTERRUPTED
    } else if seen.is_empty() {
        return Ok(clean);
    } else {
        "The program or files of it are on the image."
    };
    Ok(Finding::new(Status::Fail, what).seen(seen).otherwise(clean))
}

/// Adds what is known to be ours by name. A directory counts when nothing of anybody else is in it.
fn add_created(image: &Image, context: &Context, paths: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let mut created: Vec<&PathBuf> = context.created.iter().collect();
    // What lies in a directory comes before it.
    created.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
    for path in created {
        let is_ours = match image.lstat(path)?.map(|meta| meta.kind) {
            None => false,
            Some(Kind::Directory) => image.list(path)?.iter().all(|entry| paths.contains(&path.join(&entry.name))),
            Some(_) => true,
        };
        if is_ours {
            paths.insert(path.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::trial::{context, guideline, judged};
    use crate::check::{judge, sweep};
    use crate::image::fixture::Fixture;
    use crate::image::walk::Control;

    #[test]
    fn what_the_program_made_is_found_whatever_its_name() {
        let fixture = Fixture::debian();
        fixture.file("/data/report/report.json", "x").file("/data/mine", "x").file("/opt/harden", "x");
        let image = fixture.image();
        let sweep = std::sync::Arc::new(sweep::sweep(&image, &Control::new(), &|_| {}, &|_| {}));
        let created = ["/opt/harden", "/data", "/data/report", "/data/report/report.json", "/data/report/report.md"];
        let created: Vec<PathBuf> = created.iter().map(PathBuf::from).collect();
        let context = Context { created: created.into(), sweep: Some(sweep), ..context() };
        let finding = judge(&image, &guideline("FIN-01"), &context);
        let seen: Vec<_> = finding.observations.iter().filter_map(|seen| seen.path.as_deref()?.to_str()).collect();
        assert_eq!(seen, ["/data/report", "/data/report/report.json", "/opt/harden"]);
    }

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
            "/etc/ssh/.sshd_config.20261122T154139Z-12.3bs~",
            "/etc/ssh/.sshd_config.20261122T154139Z-12.3o~",
        ] {
            let fixture = Fixture::debian();
            fixture.file(path, "x").mode(path, 0o755);
            let finding = judged(&fixture.image(), "FIN-01");
            assert_eq!(finding.status, Status::Fail, "{path}");
            assert_eq!(finding.summary.contains("--resume"), path.ends_with('~'), "{path}");
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
