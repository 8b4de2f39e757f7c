//! SSH-07: makes the links `systemctl enable` would make for the server's unit; takes away what forbids it.

use std::path::{Path, PathBuf};

use crate::change::Remedy;
use crate::change::fix::put;
use crate::check::own::sshd_at_boot::{NOT_TO_BE_RUN, UNITS};
use crate::image::units::State;
use crate::image::{Error, Image, Node};

/// Where units lie that are not the administrator's.
const SHIPPED: [&str; 3] = ["/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system"];

pub(super) fn remedy(image: &Image) -> Result<Remedy, Error> {
    let mut changes = Vec::new();
    put(image, Path::new(NOT_TO_BE_RUN), None, &mut changes)?;
    let enabled = |unit: &str| matches!(image.units().map(|units| units.state(unit)), Ok(State::Enabled));
    if UNITS.iter().any(|unit| enabled(unit)) {
        return Ok(Remedy::Changes(changes));
    }
    let Some((name, path, text)) = shipped(image)? else {
        return Ok(Remedy::ByHand("The SSH server's unit is not on the image; install the package.".to_owned()));
    };
    let mask = format!("/etc/systemd/system/{name}");
    if image.read_link(Path::new(&mask))? == Some(PathBuf::from("/dev/null")) {
        put(image, Path::new(&mask), None, &mut changes)?;
    }
    for (key, value) in install(&text) {
        let link = match key {
            "WantedBy" => format!("/etc/systemd/system/{value}.wants/{name}"),
            "RequiredBy" => format!("/etc/systemd/system/{value}.requires/{name}"),
            _ => format!("/etc/systemd/system/{value}"),
        };
        put(image, Path::new(&link), Some(Node::new_link(&path)), &mut changes)?;
    }
    Ok(Remedy::Changes(changes))
}

/// The first of the server's service units a package shipped: name, path and text.
fn shipped(image: &Image) -> Result<Option<(&'static str, PathBuf, String)>, Error> {
    for name in UNITS {
        for directory in SHIPPED {
            let path = Path::new(directory).join(name);
            if image.read_link(&path)?.is_some() {
                continue;
            }
            if let Some(text) = image.read_text(&path)? {
                return Ok(Some((name, path, text)));
            }
        }
    }
    Ok(None)
}

/// The `[Install]` section's `WantedBy`, `RequiredBy` and `Alias` words (systemd.unit(5)).
fn install(text: &str) -> Vec<(&'static str, &str)> {
    let mut within = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            within = line == "[Install]";
        }
        let Some((key, value)) = line.split_once('=').filter(|_| within) else { continue };
        let Some(key) = ["WantedBy", "RequiredBy", "Alias"].into_iter().find(|known| *known == key.trim()) else {
            continue;
        };
        found.extend(value.split_whitespace().filter(|word| !word.contains('/')).map(|word| (key, word)));
    }
    found
}
