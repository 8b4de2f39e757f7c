//! None of these units is enabled.

use crate::check::{Finding, Observation, Status};
use crate::image::units::{State, Unit};
use crate::image::{Error, Image};

pub(in crate::check) fn check(image: &Image, names: &[String]) -> Result<Finding, Error> {
    let known = image.units()?;
    let (mut on, mut odd) = (Vec::new(), Vec::new());
    let is_meant = |unit: &Unit| {
        let named = |name: &String| match name.strip_suffix('*') {
            Some(start) => unit.name.starts_with(start),
            None => known.unit(name).is_some_and(|named| named.name == unit.name),
        };
        names.iter().any(named)
    };
    for unit in known.units.iter().filter(|unit| is_meant(unit)) {
        let seen = |text: String| {
            let paths = if unit.enabled_by.is_empty() { vec![unit.path.clone()] } else { unit.enabled_by.clone() };
            paths.into_iter().map(move |path| Observation::at(path).text(text.clone())).collect::<Vec<_>>()
        };
        match unit.state {
            State::Enabled => on.extend(seen(format!("{} is enabled", unit.name))),
            State::Other => odd.extend(seen(format!("{} may be started by others", unit.name))),
            State::Disabled | State::Masked | State::Static | State::Missing => {}
        }
    }
    Ok(if !on.is_empty() {
        Finding::new(Status::Fail, "Services that should be off start at boot.").seen(on)
    } else if !odd.is_empty() {
        Finding::new(Status::Unknown, "Whether these services start cannot be told from the unit files.").seen(odd)
    } else {
        Finding::new(Status::Pass, "None of these services starts at boot.")
    })
}
