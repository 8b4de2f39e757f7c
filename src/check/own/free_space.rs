//! SEC-22: what was deleted cannot be read from the free space. No program can tell; what file system it is on says
//! which way is open.

use std::path::Path;

use crate::check::{Finding, Observation, Status};
use crate::image::units::State;
use crate::image::{Error, Image, text};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let path = Path::new(if image.live().is_some() { "/proc/self/mounts" } else { "/etc/fstab" });
    let table = image.read_table(path)?.unwrap_or_default();
    let mut seen: Vec<_> = (1..)
        .zip(table.lines())
        .filter_map(|(number, line)| Some(Observation::at(path).line(number).text(root(line)?)))
        .collect();
    if image.units()?.state("fstrim.timer") == State::Enabled {
        seen.push(Observation::fact("fstrim.timer is enabled: free blocks are given back once a week"));
    }
    let what = "Whether deleted secrets can still be read from the disk, no program can tell.";
    Ok(Finding::new(Status::Attest, what).seen(seen))
}

/// What a line of fstab(5) says of the root file system; `None` when it speaks of another.
fn root(line: &str) -> Option<String> {
    let mut fields = line.split_whitespace();
    let device = fields.next()?;
    let (place, kind, options) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
    if device.starts_with('#') || place != "/" || kind == "rootfs" {
        return None;
    }
    let discards = options.split(',').any(|option| option == "discard" || option.starts_with("discard="));
    let free =
        if discards { "free blocks are given back at once" } else { "free blocks keep their bytes until fstrim" };
    Some(format!("the root file system is {}: {free}", text::visible(kind)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn the_file_system_is_named_and_never_judged() {
        let fixture = Fixture::debian();
        assert_eq!(judged(&fixture.image(), "SEC-22").observations, []);
        fixture.file("/etc/fstab", "# / is x\nUUID=1 /boot vfat defaults 0 1\nUUID=2 / ext4 rw,discard,x 0 1\n");
        let finding = judged(&fixture.image(), "SEC-22");
        let text = "the root file system is ext4: free blocks are given back at once";
        assert_eq!(finding.status, Status::Attest);
        assert_eq!(finding.observations, [Observation::at("/etc/fstab").line(3).text(text)]);
        fixture.remove("/etc/fstab").fifo("/etc/fstab");
        assert_eq!(judged(&fixture.image(), "SEC-22").status, Status::Unknown);
    }

    proptest! {
        #[test]
        fn any_line_is_survived(line in "\\PC{0,60}") {
            prop_assert!(root(&line).is_none_or(|said| said.starts_with("the root file system is ")));
        }
    }
}
