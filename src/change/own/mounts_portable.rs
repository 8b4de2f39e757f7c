//! BOT-01: adds `nofail` to the lines of fstab a copy would wait for, but for those of the system itself.

use std::collections::BTreeSet;
use std::path::Path;

use crate::change::{Change, Remedy};
use crate::check::Finding;
use crate::check::own::mounts_portable::{FSTAB, SYSTEM, trouble};
use crate::image::mounts::{Mount, fstab};
use crate::image::{Error, Image};

/// Below these, services keep their programs and data.
const DATA: [&str; 5] = ["/usr", "/var", "/boot", "/srv", "/opt"];

pub(super) fn remedy(image: &Image, finding: &Finding) -> Result<Remedy, Error> {
    let by_hand = |why: &str| Ok(Remedy::ByHand(why.to_owned()));
    if finding.observations.iter().any(|seen| seen.path.as_deref() != Some(Path::new(FSTAB))) {
        return by_hand("Not all of it stands in /etc/fstab; edit it by hand.");
    }
    let path = image.real_path(Path::new(FSTAB))?;
    let Some(before) = image.node(&path)? else { return by_hand("/etc/fstab is gone.") };
    let Some(text) = before.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return by_hand("/etc/fstab is no text of a size that can be edited.");
    };
    let table = fstab(text).0;
    let bad: Vec<_> = table.iter().filter(|mount| trouble(mount).is_some()).collect();
    if let Some(system) = bad.iter().find(|mount| SYSTEM.contains(&mount.place.as_str())) {
        return Ok(Remedy::ByHand(format!(
            "{} is part of the system and must be mounted; name its device by UUID=.",
            crate::image::text::visible(&system.place)
        )));
    }
    // What is mounted with nofail is not waited for (systemd.mount(5)): a service would write to the empty directory.
    let is_used = |mount: &&&Mount| DATA.iter().any(|above| Path::new(&mount.place).starts_with(above));
    if let Some(data) = bad.iter().find(is_used) {
        return Ok(Remedy::ByHand(format!(
            "Services may keep their data in {}, and with nofail they would not wait for it; name its device by UUID=.",
            crate::image::text::visible(&data.place)
        )));
    }
    let lines: BTreeSet<u32> = bad.iter().map(|mount| mount.line).collect();
    let numbered = (1u32..).zip(text.split_inclusive('\n'));
    let edited: String = numbered
        .map(|(number, line)| if lines.contains(&number) { with_nofail(line) } else { line.to_owned() })
        .collect();
    let after = before.with_bytes(edited.into_bytes());
    Ok(Remedy::Changes(vec![Change::Path { path, before: Some(before), after: Some(after), secret: false }]))
}

/// The line with `nofail` at the end of its fourth field, or with a fourth field where it has three.
fn with_nofail(line: &str) -> String {
    let mut fields = 0;
    let mut within = false;
    for (at, letter) in line.char_indices() {
        let is_blank = matches!(letter, ' ' | '\t' | '\n' | '\r');
        if !is_blank && !within {
            fields += 1;
        }
        if is_blank && within && fields == 4 {
            return inserted(line, at, ",nofail");
        }
        within = !is_blank;
    }
    let body = line.trim_end();
    inserted(line, body.len(), if fields < 4 { " defaults,nofail" } else { ",nofail" })
}

fn inserted(line: &str, at: usize, text: &str) -> String {
    let (head, tail) = line.split_at_checked(at).unwrap_or((line, ""));
    [head, text, tail].concat()
}
