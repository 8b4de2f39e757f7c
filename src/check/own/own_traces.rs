//! FIN-01: nothing of this program stays on the image.

use std::path::Path;

use crate::check::{Finding, Status, places};
use crate::image::{Error, Image};

/// Where the program, its reports and its unfinished files may lie. `/run` is none of the image while it is live.
const TRACES: [&str; 12] = [
    "/usr/{bin,sbin,local/bin,local/sbin}/seaworthy",
    "/opt/seaworthy*",
    "/{tmp,var/tmp}/seaworthy*",
    "/var/lib/seaworthy",
    "/var/cache/seaworthy",
    "/etc/seaworthy",
    "~/seaworthy*",
    "~/{bin,.local/bin,.cargo/bin}/seaworthy",
    "~/{.config,.cache,.local/state,.local/share}/seaworthy",
    "/.seaworthy*",
    "/{etc,root,home,usr,var,boot,opt,srv}/**/.seaworthy-*~",
    "/run/seaworthy",
];

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let patterns = TRACES.map(str::to_owned);
    let mut seen = Vec::new();
    for path in places::matching(image, &patterns, &[])? {
        if image.live().is_some() && path.starts_with(Path::new("/run")) {
            continue;
        }
        seen.extend(places::observed(image, &path)?);
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "Nothing of Seaworthy is on the image.")
    } else {
        Finding::new(Status::Fail, "The program or files of it are on the image.").seen(seen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_program_and_its_files_are_found() {
        let fixture = Fixture::debian();
        assert_eq!(check(&fixture.image()).unwrap().status, Status::Pass);
        for path in ["/usr/local/bin/seaworthy", "/home/admin/seaworthy-report.json", "/root/.local/state/seaworthy/x"]
        {
            let fixture = Fixture::debian();
            fixture.file(path, "x");
            assert_eq!(check(&fixture.image()).unwrap().status, Status::Fail, "{path}");
        }
    }
}
