//! SysV scripts that no native unit replaces: enabled when a run level starts them (systemd-sysv-generator(8)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{State, Unit};
use crate::image::{Error, Image, Kind};

/// Every script of `/etc/init.d` as `name.service`. Enabled is what `S??name` starts in run level 2 to 5 or at boot.
pub(super) fn scripts(image: &Image) -> Result<Vec<Unit>, Error> {
    let directory = Path::new("/etc/init.d");
    if image.stat(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
        return Ok(Vec::new());
    }
    let mut links = Vec::new();
    // Each is a link of its own on Red Hat's systems, which a wildcard would not follow.
    for level in ["2", "3", "4", "5", "S"] {
        links.extend(image.glob(&format!("/etc/rc{level}.d/S[0-9][0-9]*"))?);
    }
    let mut started = started_by(&links);
    let mut units = Vec::new();
    for entry in image.list(directory)? {
        let Some(script) = entry.name.to_str() else { continue };
        let path = directory.join(script);
        let meta = image.stat(&path)?;
        if meta.is_none_or(|meta| meta.kind != Kind::File || meta.mode & 0o111 == 0) {
            continue;
        }
        let enabled_by = started.remove(script).unwrap_or_default();
        let state = if enabled_by.is_empty() { State::Disabled } else { State::Enabled };
        let name = format!("{}.service", script.strip_suffix(".sh").unwrap_or(script));
        units.push(Unit { name, path, state, enabled_by, aliases: Vec::new() });
    }
    Ok(units)
}

/// The start links of each script, by the script's name: what follows `S` and two digits.
fn started_by(links: &[PathBuf]) -> BTreeMap<String, Vec<PathBuf>> {
    let mut started: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for link in links {
        if let Some(script) = link.file_name().and_then(|name| name.to_str()).and_then(|name| name.get(3..)) {
            started.entry(script.to_owned()).or_default().push(link.clone());
        }
    }
    started
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_directories_may_be_links() {
        let fixture = Fixture::bare();
        fixture.file("/etc/rc.d/init.d/network", "#!/bin/sh\n").mode("/etc/rc.d/init.d/network", 0o755);
        fixture.link("/etc/init.d", "rc.d/init.d").link("/etc/rc3.d", "rc.d/rc3.d");
        fixture.link("/etc/rc.d/rc3.d/S10network", "../init.d/network");
        let units = scripts(&fixture.image()).unwrap();
        assert_eq!((units[0].name.as_str(), units[0].state), ("network.service", State::Enabled));
    }

    #[test]
    fn links_are_sorted_by_script() {
        let links = ["/etc/rc2.d/S01ssh", "/etc/rc3.d/S02ssh", "/etc/rcS.d/S10x.sh"].map(PathBuf::from);
        let started = started_by(&links);
        assert_eq!(started.get("ssh").map(Vec::len), Some(2));
        assert!(started.contains_key("x.sh"));
    }
}
