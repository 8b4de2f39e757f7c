//! IDN-06: removes what cloud-init writes anew at the first boot; takes the MAC address and UUID out of `ifcfg` files.

use crate::change::Remedy;
use crate::change::fix::{drop_lines, put};
use crate::check::own::network_bindings::tied;
use crate::check::{Finding, Observation, Status};
use crate::image::network::{BoundTo, Format};
use crate::image::{Error, Image, text};

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let network = image.network()?;
    let mut changes = Vec::new();
    let mut lines = Vec::new();
    for (source, bound) in tied(network) {
        if network.is_written_anew(source) {
            let is_planned = lines.contains(&Observation::at(&source.path));
            if !is_planned {
                put(image, &source.path, None, &mut changes)?;
                lines.push(Observation::at(&source.path));
            }
        } else if matches!(source.format, Format::Ifcfg | Format::Wicked)
            && matches!(bound.to, BoundTo::Mac | BoundTo::Uuid)
        {
            lines.push(Observation::at(&bound.path).line(bound.line));
        } else {
            let path = text::path(&bound.path);
            return Ok(Remedy::ByHand(format!("Only a person knows what {path} line {} is for.", bound.line)));
        }
    }
    lines.retain(|line| line.line.is_some());
    if !lines.is_empty() {
        match drop_lines::remedy(image, &Finding::new(Status::Fail, "").seen(lines))? {
            Remedy::Changes(more) => changes.extend(more),
            by_hand => return Ok(by_hand),
        }
    }
    Ok(Remedy::Changes(changes))
}
