//! Masks the units a finding observed: a link to `/dev/null` in `/etc/systemd/system` (systemctl(1), `mask`). A unit that
//! was written there is disabled instead, so that its text stays.

use std::collections::BTreeSet;
use std::path::Path;

use super::put;
use crate::change::Remedy;
use crate::check::Finding;
use crate::image::text::visible;
use crate::image::{Error, Image, Kind, Node};

/// Beginnings of names without which an instance does not come up, is not reached, or cannot be administered.
const NEVER: [&str; 26] = [
    "amazon-ssm-agent",
    "basic",
    "cloud-",
    "dbus",
    "default",
    "dhcpcd",
    "dracut",
    "ec2-",
    "getty",
    "graphical",
    "initrd",
    "local-fs",
    "multi-user",
    "NetworkManager",
    "network",
    "policy-routes",
    "refresh-policy-routes",
    "rescue",
    "serial-getty",
    "snap.amazon-ssm-agent",
    "ssh",
    "sysinit",
    "systemd-",
    "udev",
    "wicked",
    "ifup",
];

/// Whether the unit called `name` may be what somebody gets in by, or what brings the machine up.
pub(in crate::change) fn is_needed(name: &str) -> bool {
    NEVER.iter().any(|start| name.starts_with(start))
}

pub(crate) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    if let Some(line) = finding.observations.iter().find(|seen| seen.line.is_some()) {
        let path = line.path.as_deref().map(crate::image::text::path).unwrap_or_default();
        return Ok(Remedy::ByHand(format!("A line in {path} starts the service; take it out there.")));
    }
    let units = image.units()?;
    let mut names = BTreeSet::new();
    for path in finding.observations.iter().filter_map(|seen| seen.path.as_deref()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        // A link may have another name than the unit it starts.
        names.insert(units.unit(name).map_or(name, |unit| unit.name.as_str()));
    }
    if let Some(name) = names.iter().find(|name| is_needed(name)) {
        let name = visible(name);
        return Ok(Remedy::ByHand(format!("{name} may be what brings the machine up; no program should mask it.")));
    }
    let mut changes = Vec::new();
    for name in names {
        let path = Path::new("/etc/systemd/system").join(name);
        // `systemctl mask` refuses to replace what somebody wrote; without its links it does not start either.
        if image.lstat(&path)?.is_some_and(|meta| meta.kind == Kind::File) {
            let links = units.unit(name).map(|unit| unit.enabled_by.as_slice()).unwrap_or_default();
            if links.is_empty() {
                let path = crate::image::text::path(&path);
                return Ok(Remedy::ByHand(format!(
                    "{path} was written on this machine; remove it, or what starts it."
                )));
            }
            for link in links {
                put(image, link, None, &mut changes)?;
            }
            continue;
        }
        put(image, &path, Some(Node::new_link("/dev/null")), &mut changes)?;
    }
    Ok(Remedy::Changes(changes))
}
