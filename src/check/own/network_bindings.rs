//! IDN-06: no network configuration is tied to the build machine's card or network.

use super::network_at_boot::not_understood;
use crate::check::{Finding, Observation, Status};
use crate::image::network::{Bound, Network, Source};
use crate::image::text::visible;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let network = image.network()?;
    let tied = tied(network);
    let clean = not_understood(&network.broken).unwrap_or_else(|| {
        Finding::new(Status::Pass, "No network configuration is tied to one machine's card or address.")
    });
    if tied.is_empty() {
        return Ok(clean);
    }
    let seen = tied.iter().map(|(_, bound)| Observation::at(&bound.path).line(bound.line).text(visible(&bound.text)));
    let fail = "Network configuration is tied to the machine or the network the image was built on.";
    Ok(Finding::new(Status::Fail, fail).seen(seen).otherwise(clean))
}

/// Every line that ties a wired card's configuration, with the configuration it belongs to.
pub(crate) fn tied(network: &Network) -> Vec<(&Source, &Bound)> {
    let wired = network.sources.iter().filter(|source| source.profile.is_wired());
    wired.flat_map(|source| source.profile.bound.iter().map(move |bound| (source, bound))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Remedy;
    use crate::change::trial::{mended, remedy_of};
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    const NETPLAN: &str = "/etc/netplan/50-cloud-init.yaml";

    fn ubuntu() -> Fixture {
        let fixture = Fixture::debian();
        fixture.cloud_init("ubuntu").file("/usr/sbin/netplan", "x").file(
            NETPLAN,
            "network:\n  version: 2\n  ethernets:\n    ens5:\n      match:\n        macaddress: \"02:00:00:00:00:01\"\n      dhcp4: true\n      set-name: \"ens5\"\n",
        );
        fixture
    }

    #[test]
    fn what_cloud_init_wrote_goes_where_it_writes_it_again() {
        let fixture = ubuntu();
        let finding = judged(&fixture.image(), "IDN-06");
        assert_eq!(finding.status, Status::Fail);
        assert_eq!(finding.observations[0], Observation::at(NETPLAN).line(6).text("macaddress: 02:00:00:00:00:01"));
        let after = mended(&fixture.image(), "IDN-06");
        assert!(after.lstat(NETPLAN.as_ref()).unwrap().is_none());
        fixture.file("/etc/cloud/cloud.cfg.d/99-x.cfg", "network: {config: disabled}\n");
        let by_hand = remedy_of(&fixture.image(), "IDN-06");
        assert!(matches!(by_hand, Some(Remedy::ByHand(why)) if why.contains(NETPLAN)), "nobody would write it again");
    }

    #[test]
    fn lines_with_the_build_cards_mac_go_from_ifcfg_files() {
        let fixture = Fixture::debian();
        let path = "/etc/sysconfig/network-scripts/ifcfg-eth0";
        fixture.file(path, "DEVICE=eth0\nBOOTPROTO=dhcp\nHWADDR=02:00:00:00:00:01\nUUID=5fb06bd0-0bb0\nONBOOT=yes\n");
        let after = mended(&fixture.image(), "IDN-06");
        assert_eq!(after.read_text(path.as_ref()).unwrap().unwrap(), "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n");
    }

    #[test]
    fn a_fixed_address_is_for_a_person() {
        let fixture = Fixture::debian();
        fixture.file("/etc/network/interfaces", "auto ens5\niface ens5 inet static\n  address 10.0.0.9/24\n");
        assert_eq!(judged(&fixture.image(), "IDN-06").observations[0].line, Some(3));
        assert!(matches!(remedy_of(&fixture.image(), "IDN-06"), Some(Remedy::ByHand(_))));
    }

    #[test]
    fn bridges_and_loopback_are_no_cards_and_nonsense_is_unknown() {
        let fixture = Fixture::debian();
        fixture
            .file(
                "/etc/network/interfaces",
                "auto lo\niface lo inet loopback\niface br0 inet static\n address 10.0.0.1/24\n",
            )
            .file("/etc/systemd/network/50-br.network", "[Match]\nName=br0\n[Network]\nAddress=172.18.0.1/16\n")
            .file(
                "/usr/lib/systemd/network/80-container-ve.network",
                "[Match]\nKind=veth\nName=ve-*\n[Network]\nAddress=0.0.0.0/28\n",
            );
        assert_eq!(judged(&fixture.image(), "IDN-06").status, Status::Pass);
        fixture.file("/etc/netplan/a.yaml", "network: [\n");
        let finding = judged(&fixture.image(), "IDN-06");
        assert_eq!(
            (finding.status, finding.observations[0].path.clone()),
            (Status::Unknown, Some("/etc/netplan/a.yaml".into()))
        );
    }
}
