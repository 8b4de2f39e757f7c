//! IDN-07: no rule gives the build machine's cards and drives their names again.

use crate::check::{Finding, Observation, Status};
use crate::image::network::tied_links;
use crate::image::text::visible;
use crate::image::{Error, Image, Kind};

/// What older systems wrote for every card and drive they met (udev's `write_net_rules`, `write_cd_rules`).
const RULES: &str = "/etc/udev/rules.d/{70,75}-persistent-{net,ipoib,cd,storage}.rules";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut seen = Vec::new();
    for path in image.glob(RULES)? {
        // A directory or a link to /dev/null in a rule file's place was a way to keep it from being written.
        if image.lstat(&path)?.is_none_or(|meta| !matches!(meta.kind, Kind::File | Kind::Fifo | Kind::Socket)) {
            continue;
        }
        let text = image.read_text(&path)?.unwrap_or_default();
        let rule = |(_, line): &(u32, &str)| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if let Some((line, _)) = (1u32..).zip(text.lines()).find(rule) {
            seen.push(Observation::at(&path).line(line).text("names the devices of the machine it was written on"));
        }
    }
    for bound in tied_links(image)? {
        seen.push(Observation::at(&bound.path).line(bound.line).text(visible(&bound.text)));
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "No rule names devices after the build machine's hardware.")
    } else {
        Finding::new(Status::Fail, "Rules name network cards or drives after the build machine's hardware.").seen(seen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const NET: &str = "/etc/udev/rules.d/70-persistent-net.rules";

    #[test]
    fn written_rules_and_links_with_a_mac_go() {
        let fixture = Fixture::debian();
        fixture
            .file(NET, "# written by\nSUBSYSTEM==\"net\", ATTR{address}==\"02:00:00:00:00:01\", NAME=\"eth0\"\n")
            .file("/etc/systemd/network/10-eth0.link", "[Match]\nMACAddress=02:00:00:00:00:01\n[Link]\nName=eth0\n");
        let finding = judged(&fixture.image(), "IDN-07");
        assert_eq!(finding.observations.iter().map(|seen| seen.line).collect::<Vec<_>>(), [Some(2), Some(2)]);
        let after = mended(&fixture.image(), "IDN-07");
        assert!(after.lstat(NET.as_ref()).unwrap().is_none());
    }

    #[test]
    fn comments_masks_and_rules_without_hardware_pass() {
        let fixture = Fixture::debian();
        fixture
            .file("/etc/udev/rules.d/70-persistent-ipoib.rules", "# This is a sample\n#ACTION==\"add\"\n")
            .link(NET, "/dev/null")
            .link("/etc/systemd/network/99-default.link", "/dev/null")
            .file("/etc/systemd/network/10-mtu.link", "[Match]\nDriver=ena\n[Link]\nMTUBytes=9001\n");
        assert_eq!(judged(&fixture.image(), "IDN-07").status, Status::Pass);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let fixture = Fixture::debian();
        fixture.fifo(NET);
        assert_eq!(judged(&fixture.image(), "IDN-07").status, Status::Unknown);
    }
}
